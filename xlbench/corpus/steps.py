"""The steps that a line goes through, and the counts of each."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from xlbench.core.errors import UsageError
from xlbench.core.text import did_you_mean
from xlbench.corpus.duplicates import SeenTexts
from xlbench.corpus.languages import LanguageFilter
from xlbench.corpus.normalizing import normalizer
from xlbench.corpus.rules import Rules, languages_with_rules
from xlbench.corpus.splitting import Splitter

STEPS = {
    "lid": "keep the lines of the language",
    "normalize": "bring spellings to one",
    "dedupe": "keep one of lines that are the same, or nearly",
    "split": "write suffixes as words of their own",
}
"""Step -> what it does."""
OF_RULES = ("normalize", "split")
"""Steps that need rules of the language."""

SAMPLE = "sample"
"""What comes behind the last step, where a part of the lines is wanted."""

Step = Callable[[str], tuple[str, str]]
"""From a text to what becomes of it, and why it is dropped: "" where it is kept."""


@dataclass
class StepCount:
    """What a step has done."""

    step: str
    lines: int = 0
    """Lines that came in."""
    changed: int = 0
    """Lines that are kept, and are other than they were."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Why -> how many lines were left out."""

    @property
    def kept(self) -> int:
        """Lines that go on to the next step."""
        return self.lines - self.dropped.total()


def choose_steps(steps: Sequence[str] | None, language: str, rules: Rules | None) -> tuple[str, ...]:
    """The steps to do, in their order.

    Args:
        steps: Those that are asked for; None: all that there are rules for.
        language: Of the corpus.
        rules: Of the language, where there are some.

    Raises:
        UsageError: A step is unknown, comes twice, or needs rules that there are not.
    """
    able = {name: bool(name not in OF_RULES or (rules and _has_rules(rules, name))) for name in STEPS}
    if steps is None:
        return tuple(name for name in STEPS if able[name])
    for name in steps:
        if name not in STEPS:
            raise UsageError(f"--steps: there is no step {name!r}.{did_you_mean(name, STEPS)} There are: "
                             f"{', '.join(STEPS)}")  # fmt: skip
        if steps.count(name) > 1:
            raise UsageError(f"--steps: {name} is given twice")
        if not able[name]:
            languages = ", ".join(languages_with_rules())
            if rules is not None:
                raise UsageError(f"--steps {name}: {rules.file} has no rules for it")
            raise UsageError(
                f"--steps {name}: there are no rules for {language}, but for {languages}: give some with "
                f"--rules FILE.toml"
            )
    if not steps:
        raise UsageError(f"--steps: name at least one of {', '.join(STEPS)}")
    return tuple(steps)


def _has_rules(rules: Rules, step: str) -> bool:
    return bool(rules.normalize if step == "normalize" else rules.suffixes)


@dataclass
class Chain:
    """Steps in their order, with their counts."""

    steps: Mapping[str, Step]
    counts: dict[str, StepCount]
    seen: SeenTexts | None = None

    def apply(self, text: str) -> tuple[str, str, str]:
        """What becomes of a text; where it is dropped, the step and why, which are "" otherwise."""
        for name, step in self.steps.items():
            count = self.counts[name]
            count.lines += 1
            new, why = step(text)
            if why:
                count.dropped[why] += 1
                return text, name, why
            count.changed += new != text
            text = new
        return text, "", ""


def chain(
    steps: Sequence[str],
    rules: Rules | None,
    filter_: LanguageFilter | None,
    index: sqlite3.Connection,
    near: float | None,
    sample: float = 1,
) -> Chain:
    """The steps, ready for the first line.

    Args:
        steps: Their names, in their order.
        rules: Of the language, where a step needs them.
        filter_: For the step lid.
        index: An empty database for the step dedupe.
        near: The similarity from which on lines are near duplicates; None: only exact ones are left out.
        sample: The share of the lines that is kept behind all steps.
    """
    links: dict[str, Step] = {}
    seen = None
    for name in steps:
        if name == "lid":
            assert filter_ is not None
            links[name] = _language_step(filter_)
        elif name == "dedupe":
            seen = SeenTexts(index, near)
            links[name] = _seen_step(seen)
        else:
            assert rules is not None
            links[name] = _change_step(normalizer(rules) if name == "normalize" else Splitter(rules).split)
    if sample < 1:
        links[SAMPLE] = _sample_step(sample)
    return Chain(links, {name: StepCount(name) for name in links}, seen)


def _language_step(filter_: LanguageFilter) -> Step:
    def step(text: str) -> tuple[str, str]:
        language = filter_.language_of(text)
        return text, "" if language == filter_.language else f"taken for {language}"

    return step


def _seen_step(seen: SeenTexts) -> Step:
    return lambda text: (text, seen.add(text))


def _sample_step(share: float) -> Step:
    """Keep a line by a hash of its text: the same line in whatever corpus, and smaller samples within larger ones."""
    most = int(share * 2**64)

    def step(text: str) -> tuple[str, str]:
        raw = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return text, "" if int.from_bytes(raw, "little") < most else "not in the sample"

    return step


def _change_step(change: Callable[[str], str]) -> Step:
    def step(text: str) -> tuple[str, str]:
        new = change(text)
        return new, "" if new else "nothing is left"

    return step
