"""Reads the rules of a language, a TOML file: which spellings become one, which suffixes are split off, and sources."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from xlbench.core.errors import DataError, UsageError
from xlbench.core.foreign_files import LARGEST_TOML, check_regular, parse_toml
from xlbench.core.ids import digest, is_language
from xlbench.core.text import did_you_mean

MARKER = "￭"
"""U+FFED: stands before a suffix that was split off."""
_KEYS = {
    "": ("language", "confusable", "normalize", "split"),
    "normalize": ("name", "pattern", "replacement", "example", "source"),
    "split": ("word", "letter", "least", "keep", "suffix", "source"),
    "suffix": ("kind", "forms", "not_after", "source"),
}
"""Table -> the keys that it may have."""


@dataclass(frozen=True)
class Rule:
    """One spelling that becomes another."""

    name: str
    pattern: str
    """A regular expression, in what Python and the library tokenizers have in common."""
    replacement: str
    """What it becomes, to the letter."""
    source: str
    example: tuple[str, str] = ("", "")
    """A text, and what becomes of it."""


@dataclass(frozen=True)
class Suffix:
    """A case marker or a postposition that is written together with its word."""

    text: str
    kind: str
    source: str
    not_after: str = ""
    """A regular expression: at a stem that ends so, it is no suffix."""


@dataclass(frozen=True)
class Rules:
    """What is known of the spelling of a language."""

    language: str
    normalize: tuple[Rule, ...] = ()
    suffixes: tuple[Suffix, ...] = ()
    keep: tuple[str, ...] = ()
    """Words that end in the letters of a suffix, and have none: no word that ends so is split further."""
    word: str = r"\w+"
    """A regular expression: what is one word."""
    letter: str = r"\w"
    """A regular expression: what counts as a letter of a stem."""
    least: int = 2
    """So many letters a stem has at least."""
    confusable: tuple[str, ...] = ()
    """Languages that a filter may take for this one, by ISO 639-3."""
    content: str = ""
    """SHA-256 of the file."""
    file: str = ""
    """The file's name."""


def languages_with_rules() -> tuple[str, ...]:
    """Codes of the languages whose rules come with xlbench."""
    names = (entry.name for entry in files("xlbench.corpus").joinpath("rules").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_rules(language: str, path: Path | None = None) -> Rules | None:
    """The rules of a language.

    Args:
        language: ISO 639-3.
        path: A file of one's own, in the place of what comes with xlbench.

    Returns:
        None where there are none for the language.

    Raises:
        UsageError: There is no such file, or it is of another language.
        DataError: The file is damaged or says something that no rule can; names it and what to do.
    """
    if path is not None:
        check_regular(path, LARGEST_TOML)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--rules {path}: it cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError:
            raise DataError(f"--rules {path}: not UTF-8; save the file as UTF-8") from None
        rules = parse_rules(text, str(path))
        if rules.language != language:
            raise UsageError(f"--rules {path} is for {rules.language}, and the corpus for {language}")
        return rules
    if language not in languages_with_rules():
        return None
    name = f"{language}.toml"
    return parse_rules(files("xlbench.corpus").joinpath("rules", name).read_text(encoding="utf-8"), name)


def parse_rules(text: str, where: str) -> Rules:
    """The rules that a TOML text says; ``where`` names it in errors, which are `DataError`."""
    try:
        table = parse_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where}: no TOML: {error}") from None
    _check_keys(table, "", where)
    language = table.get("language")
    if not isinstance(language, str) or not is_language(language):
        raise DataError(f'{where}: give the language by its ISO 639-3 code, as language = "nep"')
    split = table.get("split", {})
    _check_keys(split, "split", where)
    least = split.get("least", 2)
    if not isinstance(least, int) or isinstance(least, bool) or least < 1:
        raise DataError(f"{where}: split.least: give a whole number of at least 1")
    return Rules(
        language,
        tuple(_rule(each, where) for each in _tables(table, "normalize", where)),
        tuple(suffix for each in _tables(split, "suffix", where) for suffix in _suffixes(each, where)),
        _texts(split, "keep", where),
        _expression(split, "word", where) or Rules.word,
        _expression(split, "letter", where) or Rules.letter,
        least,
        _texts(table, "confusable", where),
        digest(text),
        Path(where).name,
    )


def _rule(table: Mapping[str, Any], where: str) -> Rule:
    _check_keys(table, "normalize", where)
    name = _text(table, "name", where)
    replacement = table.get("replacement")
    if not isinstance(replacement, str):
        raise DataError(f"{where}: the rule {name!r} has no replacement, which is a text (perhaps an empty one)")
    example = _texts(table, "example", where)
    if example and len(example) != 2:
        raise DataError(f"{where}: the rule {name!r}: an example is two texts, before and after")
    pattern = _text(table, "pattern", where)
    _compiled(pattern, f"{where}: the rule {name!r}")
    return Rule(name, pattern, replacement, _text(table, "source", where), (example[0], example[1]) if example else
                ("", ""))  # fmt: skip


def _suffixes(table: Mapping[str, Any], where: str) -> list[Suffix]:
    _check_keys(table, "suffix", where)
    forms = _texts(table, "forms", where)
    if not forms:
        raise DataError(f"{where}: a table of suffixes has no forms: give some, or remove it")
    for form in forms:
        if not form or MARKER in form or form.split() != [form]:
            raise DataError(f"{where}: {form!r} is no suffix: it holds white space, {MARKER} or nothing")
    not_after = _expression(table, "not_after", where)
    return [Suffix(form, _text(table, "kind", where), _text(table, "source", where), not_after) for form in forms]


def _tables(table: Mapping[str, Any], name: str, where: str) -> Sequence[Mapping[str, Any]]:
    tables = table.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise DataError(f"{where}: {name} is written as tables: [[{name}]]")
    return tables


def _texts(table: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    texts = table.get(name, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{where}: {name} is a list of texts")
    return tuple(texts)


def _text(table: Mapping[str, Any], name: str, where: str) -> str:
    text = table.get(name)
    if not isinstance(text, str) or not text.strip():
        raise DataError(f"{where}: a rule lacks its {name}: give a text")
    return text


def _expression(table: Mapping[str, Any], name: str, where: str) -> str:
    if name not in table:
        return ""
    pattern = _text(table, name, where)
    _compiled(pattern, f"{where}: {name}")
    return pattern


def _compiled(pattern: str, where: str) -> None:
    try:
        matches_nothing = re.compile(pattern).match("") is not None
    except (re.error, RecursionError, OverflowError) as error:
        raise DataError(f"{where}: {pattern!r} is no regular expression: {error}") from None
    if matches_nothing:
        raise DataError(f"{where}: {pattern!r} matches the empty text: write what it must hold")


def _check_keys(table: Any, kind: str, where: str) -> None:
    if not isinstance(table, dict):
        raise DataError(f"{where}: {kind} is a table")
    keys = _KEYS[kind]
    for name in table:
        if name not in keys:
            inside = f"{kind}." if kind else ""
            raise DataError(f"{where}: there is no {inside}{name}.{did_you_mean(name, keys)} There are: "
                            f"{', '.join(keys)}")  # fmt: skip
