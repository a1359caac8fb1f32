"""`Settings`: what a corpus is asked to be, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.corpus.inputs import Input, inputs_of
from xlbench.corpus.languages import LanguageFilter, check_language
from xlbench.corpus.rules import Rules, load_rules
from xlbench.corpus.steps import OF_RULES, choose_steps

NEAR = 0.8
"""The similarity from which on lines are near duplicates, where nobody says another."""


@dataclass(frozen=True)
class Settings:
    """What is made of which files."""

    inputs: tuple[Input, ...]
    language: str
    steps: tuple[str, ...]
    rules: Rules | None
    near: float | None
    """The similarity from which on lines are near duplicates; None: only exact ones are left out."""
    among: tuple[str, ...]
    """The only languages that lines may be taken for; none: all."""
    against: tuple[str, ...]
    """The languages that the filter is measured on, beside the one that is kept."""
    skip_damaged: bool
    sample: float = 1
    """The share of the lines that is kept behind all steps."""

    def language_filter(self) -> LanguageFilter | None:
        """The filter, where a step needs it; loads it."""
        return LanguageFilter(self.language, self.against, self.among) if "lid" in self.steps else None


def settings_of(
    files: Sequence[str],
    language: str,
    steps: Sequence[str] | None,
    *,
    rules: Path | None,
    near: float,
    among: Sequence[str],
    against: Sequence[str] | None,
    skip_damaged: bool,
    sample: float,
) -> Settings:
    """Check what was asked for.

    Args:
        files: Specs of files and cards.
        language: ISO 639-3.
        steps: Their names; None: all that there are rules for.
        rules: A file of rules of one's own.
        near: From which similarity on lines are near duplicates: at least .5; 1 for exact ones alone.
        among: The only languages that lines may be taken for; none: all.
        against: What the filter is measured on beside the language; None: what the rules say.
        skip_damaged: Pass over damaged lines.
        sample: The share of the lines that is kept behind all steps: above 0, at most 1.

    Raises:
        UsageError: Something of it is wrong.
        DataError: The rules are damaged.
    """
    check_language(language)
    for code in (*among, *(against or ())):
        check_language(code)
    if not 0.5 <= near <= 1:
        raise UsageError(f"--near {near}: give a similarity from 0.5 to 1; 1 leaves exact duplicates out alone")
    if not 0 < sample <= 1:
        raise UsageError(f"--sample {sample}: give a share above 0, and at most 1")
    spelling = load_rules(language, rules)
    chosen = choose_steps(steps, language, spelling)
    if among and language not in among:
        raise UsageError(f"--among: {language}, which is kept, is not among them: name it, too")
    if "lid" not in chosen and (among or against):
        raise UsageError("--among and --against are for the step lid: name it in --steps")
    if "dedupe" not in chosen and near != NEAR:
        raise UsageError(f"--near {near}: it is for the step dedupe: name it in --steps, or leave --near out")
    others = tuple(against if against is not None else spelling.confusable if spelling else ())
    inputs = tuple(inputs_of(files))
    if rules is not None and not set(chosen) & set(OF_RULES) and not any(source["attach"] for source in inputs):
        raise UsageError(f"--rules {rules}: no step needs rules: name normalize or split in --steps")
    for source in inputs:
        if source["attach"] and not (spelling and spelling.suffixes):
            raise UsageError(
                f"{source.spec.text!r}: attach: there are no suffixes for {language}: give --rules FILE.toml"
            )
    return Settings(
        inputs, language, chosen, spelling, near if near < 1 else None, tuple(among),
        tuple(dict.fromkeys(code for code in others if code != language)), skip_damaged, sample,
    )  # fmt: skip
