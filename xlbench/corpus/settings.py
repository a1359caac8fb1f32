"""`Settings`: what a corpus is asked to be, checked before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.corpus.inputs import Input, inputs_of
from xlbench.corpus.languages import LanguageFilter, check_language
from xlbench.corpus.rules import Rules, load_rules
from xlbench.corpus.steps import choose_steps

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

    Raises:
        UsageError: Something of it is wrong.
        DataError: The rules are damaged.
    """
    check_language(language)
    for code in (*among, *(against or ())):
        check_language(code)
    if not 0.5 <= near <= 1:
        raise UsageError(f"--near {near}: give a similarity from 0.5 to 1; 1 leaves exact duplicates out alone")
    spelling = load_rules(language, rules)
    chosen = choose_steps(steps, language, spelling)
    if rules is not None and not set(chosen) & {"normalize", "split"}:
        raise UsageError(f"--rules {rules}: none of the steps needs rules: name normalize or split in --steps")
    if among and language not in among:
        raise UsageError(f"--among: {language}, which is kept, is not among them: name it, too")
    if "lid" not in chosen and (among or against):
        raise UsageError("--among and --against are for the step lid: name it in --steps")
    others = tuple(against if against is not None else spelling.confusable if spelling else ())
    return Settings(
        tuple(inputs_of(files)), language, chosen, spelling, near if near < 1 else None, tuple(among),
        tuple(dict.fromkeys(code for code in others if code != language)), skip_damaged,
    )  # fmt: skip
