"""`prepare`: files become one corpus, line by line, in a folder with a manifest and a datasheet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench.catalog import Catalog, load
from xlbench.core.errors import UsageError
from xlbench.core.permissions import Permissions, granted
from xlbench.core.task import Data
from xlbench.corpus.cards import read_card, texts_of
from xlbench.corpus.counting import DAMAGED, EMPTY, READ, InputCount, Progress, Tally
from xlbench.corpus.datasheet import datasheet
from xlbench.corpus.describing import manifest_of
from xlbench.corpus.inputs import Input
from xlbench.corpus.languages import ConfusionRow, LanguageFilter
from xlbench.corpus.manifest import DATASHEET, DROPPED, MANIFEST, TEXTS, Corpus
from xlbench.corpus.measuring import LabeledTexts, labeled_texts, measure
from xlbench.corpus.output import LineFile, file_facts, staged
from xlbench.corpus.reading import ReadText, Watch, read_texts
from xlbench.corpus.settings import NEAR, Settings, settings_of
from xlbench.corpus.splitting import Splitter
from xlbench.corpus.steps import SAMPLE, Chain, StepCount, chain
from xlbench.corpus.steps import STEPS as KNOWN_STEPS

STEPS = tuple(KNOWN_STEPS)
"""The names of the steps, in their usual order."""
EVERY = 256
"""Lines between two reports of progress."""


@dataclass(frozen=True)
class Prepared:
    """A corpus that was written, and how it came about."""

    corpus: Corpus
    counts: tuple[StepCount, ...]
    """Of reading, then of each step."""
    inputs: tuple[InputCount, ...]
    confusion: tuple[ConfusionRow, ...]
    """What the language filter takes texts of known languages for; none where there is no step lid."""
    notes: tuple[str, ...] = ()
    """What a reader should know, each a sentence."""


def prepare(
    files: Sequence[str],
    language: str,
    out: str | Path,
    *,
    steps: Sequence[str] | None = None,
    rules: str | Path | None = None,
    data: str | Path | None = None,
    near: float = NEAR,
    among: Sequence[str] = (),
    against: Sequence[str] | None = None,
    measure_on: Sequence[str] = (),
    skip_damaged: bool = False,
    sample: float = 1,
    offline: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    command: Sequence[str] = (),
) -> Prepared:
    """Make a corpus of files: filter, normalize and split its lines, and leave duplicates out.

    Lines are read one by one; memory does not grow with the files. The folder appears whole or not at all.

    Args:
        files: Paths of texts (a line a sentence), JSON lines, CSV, TSV or words with tags, gzipped, zstd or plain, or
            ``card:TASK:LANGUAGE``; each perhaps with options, such as ``?register=news``.
        language: What the corpus is in, by ISO 639-3.
        out: The folder, which holds nothing yet.
        steps: Some of `STEPS`, in the order in which they are done; None: all that there are rules for.
        rules: A TOML file of rules in place of those that come with xlbench.
        data: The data root of cards; None: ``XLBENCH_DATA``.
        near: The Jaccard similarity from which on lines are near duplicates, from .5; 1: exact duplicates alone.
        among: The only languages that lines may be taken for; none: all that py3langid knows.
        against: Languages that the filter is measured on, beside the one that is kept; None: what the rules say.
        measure_on: Texts whose language is known, which the filter is measured on, as ``CODE=FILE``; none: those of a
            task.
        skip_damaged: Pass over damaged lines, and count them, where they would be an error.
        sample: The share of the lines that is kept behind all steps, by a hash of each: smaller samples lie within
            larger ones.
        offline: Make no request: data of a card that is not here is an error.
        progress: Is told how far it is.
        command: What was asked, for the datasheet; none: this function.

    Returns:
        The corpus, with the counts of every step.

    Raises:
        UsageError: Something that was asked for is wrong, or the folder holds something.
        DataError: A file is damaged; names it and the line.
        DataMissing: The data of a card is not at hand.
        ResultsError: The disk is full.
    """
    settings = settings_of(
        files, language, steps, rules=Path(rules) if rules else None, near=near, among=among, against=against,
        skip_damaged=skip_damaged, sample=sample,
    )  # fmt: skip
    root = data_root(data)
    catalog = load()
    with granted(Permissions(offline=offline)), staged(Path(out)) as (folder, index):
        filter_ = settings.language_filter()
        confusion = confusion_of(settings, filter_, measure_on, catalog, root)
        links = chain(settings.steps, settings.rules, filter_, index, settings.near, settings.sample)
        tally = Tally()
        _write_lines(folder, settings, links, tally, catalog, root, progress)
        counts = (tally.read, *links.counts.values())
        facts = {name: file_facts(folder / name) for name in (TEXTS, DROPPED)}
        manifest = manifest_of(settings, tally, links, confusion, facts, command or ("xlbench.corpus.prepare",))
        _describe(folder, manifest)
    return Prepared(Corpus(Path(out), manifest), counts, tuple(tally.sources), confusion, tuple(manifest["notes"]))


def _describe(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the datasheet and the manifest of a corpus into its folder."""
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (folder / DATASHEET).write_text(datasheet(manifest), encoding="utf-8", newline="\n")
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8", newline="\n")


def data_root(data: str | Path | None) -> Data:
    """Where the data of cards lies: as it is given, or XLBENCH_DATA."""
    import os

    root = data or os.environ.get("XLBENCH_DATA")
    return Data(root=Path(root) if root else None)


def texts_to_measure_on(
    settings: Settings, measure_on: Sequence[str], catalog: Catalog, root: Data
) -> list[LabeledTexts]:
    """Texts whose language is known, for the filter; none without a filter.

    Raises:
        UsageError: Texts are given for no filter, or as they cannot be.
        DataError: A file of them is damaged.
        DataMissing: The data of a card that was named is not at hand.
    """
    if "lid" in settings.steps:
        return labeled_texts((settings.language, *settings.against), measure_on, catalog, root)
    if measure_on:
        raise UsageError("--measure-on is for the step lid: name it in --steps")
    return []


def confusion_of(
    settings: Settings, filter_: LanguageFilter | None, measure_on: Sequence[str], catalog: Catalog, root: Data
) -> tuple[ConfusionRow, ...]:
    """The confusion table of the filter; none without a filter. Raises as `texts_to_measure_on` does."""
    texts = texts_to_measure_on(settings, measure_on, catalog, root)
    return tuple(measure(filter_, texts, (settings.language, *settings.against))) if filter_ is not None else ()


def lines_of(
    source: Input, count: InputCount, settings: Settings, catalog: Catalog, root: Data, watch: Watch
) -> Iterator[ReadText]:
    """The texts of one input; sets its license, register, size and hash."""
    from xlbench.core.ids import digest

    count.license, count.register = source["license"] or "", source["register"] or ""
    if not source.is_card:
        attach = Splitter(settings.rules).attach if source["attach"] and settings.rules else str
        for number, text, document in read_texts(source, watch, skip_damaged=settings.skip_damaged):
            yield number, attach(text), document
        count.bytes, count.sha256 = watch.bytes, watch.sha256
        return
    card = read_card(source, catalog, root)
    count.license = count.license or card.task.license
    count.register = count.register or card.task.register
    count.bytes = sum(len(text.text.encode("utf-8", "surrogatepass")) for text in card.texts)
    count.sha256 = digest(*(text.text for text in card.texts))
    yield from texts_of(card)


def _write_lines(
    folder: Path, settings: Settings, links: Chain, tally: Tally, catalog: Catalog, root: Data,
    progress: Callable[[Progress], None],
) -> None:  # fmt: skip
    """Write the lines that are kept, and those that are not."""
    state = Progress(total=sum(source.bytes for source in settings.inputs))
    progress(state)  # what came before, such as loading the filter, is no part of the pace
    kept, dropped = LineFile(folder / TEXTS), LineFile(folder / DROPPED)
    try:
        for source in settings.inputs:
            count, watch = InputCount(source), Watch()
            tally.sources.append(count)
            state.name, before = source.name, state.done
            for number, text, document in lines_of(source, count, settings, catalog, root, watch):
                outcome = pass_text(text, count, links, tally)
                if isinstance(outcome, str):
                    line = {"text": outcome, "register": count.register, "source": source.name}
                    kept.add(line | ({"document": document} if document else {}))
                elif outcome[2] != EMPTY and outcome[1] != SAMPLE:
                    shown, step, why = outcome
                    dropped.add({"text": shown, "source": source.name, "line": number, "step": step, "why": why})
                if tally.read.lines % EVERY == 0:
                    state.done, state.lines, state.kept = before + watch.bytes, tally.read.lines, kept.lines
                    progress(state)
            tally.read.lines += watch.damaged
            tally.read.dropped[DAMAGED] += watch.damaged
            state.done = before + source.bytes
            _check_text(count, watch)
        state.lines, state.kept = tally.read.lines, kept.lines
        progress(state)
    finally:
        kept.close()
        dropped.close()
    tally.read.dropped = +tally.read.dropped
    if not kept.lines:
        raise UsageError(f"no line is left of {tally.read.lines:,}: {_losses(links, tally)}; nothing is written")


def pass_text(text: str, count: InputCount, links: Chain, tally: Tally) -> str | tuple[str, str, str]:
    """What becomes of a text; where it is dropped, what it was then, the step and why."""
    tally.read.lines += 1
    count.lines += 1
    plain = " ".join(text.split())
    if not plain:
        tally.read.dropped[EMPTY] += 1
        return plain, READ, EMPTY
    tally.read.changed += plain != text
    new, step, why = links.apply(plain)
    if why:
        return new, step, why
    count.kept += 1
    tally.registers[count.register] += 1
    tally.words += len(new.split())
    tally.characters += len(new)
    return new


def _check_text(count: InputCount, watch: Watch) -> None:
    if not count.lines and not watch.damaged:
        raise UsageError(f"{count.source.spec.text}: there is no text in it")


def _losses(links: Chain, tally: Tally) -> str:
    losses = [(number, f"{step.step}: {why} {number:,}") for step in (tally.read, *links.counts.values())
              for why, number in step.dropped.items()]  # fmt: skip
    return "; ".join(text for _, text in sorted(losses, reverse=True)[:3])
