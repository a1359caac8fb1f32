"""The recipe `active`: finds pools, spends labels by every strategy and seed, compares, and writes the report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import Catalog
from xlbench.core.errors import OK, MissingExtraError, require_extra
from xlbench.core.files import write_files
from xlbench.core.ids import digest
from xlbench.core.text import count_text
from xlbench_tasks.protocols.active import cells
from xlbench_tasks.protocols.active.rounds import Point, run_rounds
from xlbench_tasks.protocols.active.strategy import Strategy
from xlbench_tasks.protocols.numbers.one_thread import one_thread
from xlbench_train.active import comparing, estimate, picture, report, study_folder, tables, units
from xlbench_train.active.comparing import Study
from xlbench_train.active.learners import Learners
from xlbench_train.active.places import Place, find_places
from xlbench_train.active.settings import BASELINE, Settings
from xlbench_train.active.tables import Row
from xlbench_train.training import output_folder
from xlbench_train.training.terminal import Terminal

SMALL_POOL = "{place}: the pool has {items:,} items: no more labels are spent there"


@dataclass(frozen=True)
class StudyRequest:
    """A study as it was asked for: its settings, and what else the command was given."""

    settings: Settings
    catalog: Catalog
    data: Path | None
    command: Sequence[str]
    """As it was typed, for the report."""
    resume: bool = False
    dry_run: bool = False


def run_recipe(request: StudyRequest, terminal: Terminal) -> int:
    """Compare strategies, or say what would be done; the exit code.

    Raises:
        UsageError, DataError, DataMissing, EncoderError: The command cannot be carried out, in one line.
        TrainingStopped: A fine-tuning could not go on; what was finished before it is kept.
    """
    settings = request.settings
    if settings.fine_tune:
        require_extra("train", "a fine-tuning", "accelerate", "peft", "torch", "transformers")
    require_extra("train", "a study", "filelock")
    study_folder.check(settings.out, resume=request.resume)
    places = find_places(settings.tasks, request.catalog, request.data)
    learners = Learners.of(settings, request.catalog)
    todo = list(units.units_of(settings, places))
    _say_plan(settings, places, todo, terminal)
    if request.dry_run:
        with _quiet(settings):
            seconds = estimate.seconds_of(settings, places, learners)
        beside = "" if settings.fine_tune else ", beside encoding the texts that are not in the cache"
        terminal.say(f"about {_span(seconds)} on this machine{beside}; nothing was computed (--dry-run)")
        return OK
    with study_folder.begun(settings.out, _record(settings, places, learners), resume=request.resume) as folder:
        left = [unit for unit in todo if not units.is_saved(folder, unit)]
        if request.resume and (settings.out / study_folder.LAST).is_file() and not left:
            terminal.say(f"{settings.out} is finished already")
            return OK
        if len(left) < len(todo):
            terminal.say(f"{len(todo) - len(left):,} of {len(todo):,} are there already")
        _compute(settings, places, learners, left, folder, terminal)
        _report(request, Study(settings, places, learners.model, folder), terminal)
    return OK


def _say_plan(settings: Settings, places: Sequence[Place], todo: Sequence[Any], terminal: Terminal) -> None:
    for place in places:
        left = max(pool.left_out for pool in place.pools)
        terminal.say(
            f"{place.name}: a pool of {place.items:,} texts ({left:,} left out, whose text is a test item's), "
            f"{len(place.parts.test.ids):,} to test on, {count_text(len(place.labels), 'label')}"
        )
        if place.items < settings.budget:
            terminal.say(SMALL_POOL.format(place=place.name, items=place.items))
    strategies = len(settings.strategies)
    terminal.say(
        f"{count_text(strategies, 'strategy', 'strategies')} with {count_text(settings.seeds, 'seed')} at "
        f"{count_text(len(places), 'place')}: {len(todo):,} curves of {settings.budget:,} labels in "
        f"{count_text(settings.rounds, 'round')}"
    )


def _record(settings: Settings, places: Sequence[Place], learners: Learners) -> Mapping[str, Any]:
    content = digest(*(part for place in places for part in (place.name, place.subset.fingerprint)))
    return output_folder.record_of(settings, content_of_the_base=learners.model.identity(), texts_and_labels=content)


def _compute(
    settings: Settings,
    places: Sequence[Place],
    learners: Learners,
    left: Sequence[units.Unit],
    folder: Path,
    terminal: Terminal,
) -> None:
    """Compute and save what is not there yet."""
    if not left:
        return
    learners.prepare(places, terminal.say)
    by_name = {one.name: one for one in settings.strategies}
    began = time.monotonic()
    with one_thread(), _quiet(settings):
        for number, unit in enumerate(left):
            strategy = by_name.get(unit.strategy)
            found = [_spend(settings, learners, unit, fold, strategy) for fold in range(len(unit.place.folds))]
            units.save(folder, unit, found)
            seconds = (time.monotonic() - began) / (number + 1) * (len(left) - number - 1)
            terminal.slow(f"{number + 1:,} of {len(left):,}, about {_span(seconds)} left ({unit.place.name})")


def _quiet(settings: Settings) -> contextlib.AbstractContextManager[None]:
    """Keep back what the libraries of a fine-tuning print."""
    if not settings.fine_tune:
        return contextlib.nullcontext()
    from xlbench_train.training.libraries import quiet_libraries

    return quiet_libraries()


def _spend(
    settings: Settings, learners: Learners, unit: units.Unit, fold: int, strategy: Strategy | None
) -> list[Point]:
    """The points of one strategy and seed on one pool; without a strategy, that of all labels."""
    place, pool = unit.place, unit.place.pools[fold]
    learner = learners.learner(place, fold, unit.seed)
    if strategy is None:
        started = time.perf_counter()
        codes = cells.learned_from_all(pool, learner, unit.seed)
        return [Point(len(pool.texts), len(pool.texts), codes, time.perf_counter() - started, 0)]
    seed = cells.seed_of(place.folds[fold].parts, unit.seed)
    plan = cells.plan_of(settings.options(place.labels), strategy, pool, seed)
    return run_rounds(plan, pool.ledger(plan.budget), learner, learners.grouped_on(place, fold))


def _span(seconds: float) -> str:
    """A time in words."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _report(request: StudyRequest, study: Study, terminal: Terminal) -> None:
    """Compare the strategies, print the table, and write everything down."""
    out = request.settings.out
    terminal.say("comparing")
    results = comparing.score(study, out)
    compared = tables.Comparisons(results)
    by_place = {place.name: tables.at_place(study, place, results, compared) for place in study.places}
    overall = tables.overall(study, by_place, compared)
    found = report.Report(
        out.resolve().name, study, request.command, overall, by_place, tables.components(study, compared),
        has_picture=False, notes=_notes(study),
    )  # fmt: skip
    files: dict[str, str | bytes] = {
        "strategies.csv": report.as_csv([*_strategy_rows(by_place, overall)]),
        "curves.csv": report.as_csv([*_curve_rows(study)]),
    }
    drawn = _draw(study, by_place, terminal)
    if drawn is not None:
        files[report.CURVE] = drawn
        found = report.Report(**{**found.__dict__, "has_picture": True})
    write_files(out, files, "the tables", "--out")
    write_files(out, {study_folder.LAST: report.text(found)}, "the report", "--out")
    shown = overall or next(iter(by_place.values()))
    from xlbench.core.tables import table

    for one in table(report.HEADINGS, [report.line(row) for row in shown], report.ALIGN).splitlines():
        terminal.out(one)
    terminal.say(f"wrote {out / study_folder.LAST}")


def _notes(study: Study) -> list[str]:
    small = [place for place in study.places if place.items < study.settings.budget]
    notes = [SMALL_POOL.format(place=place.name, items=place.items) + ", and the curve is flat." for place in small]
    if any(len(place.labels) == 2 for place in study.places):
        notes.append(f"{cells.TWO_LABELS[0].upper()}{cells.TWO_LABELS[1:]}.")
    return notes


def _strategy_rows(by_place: Mapping[str, Sequence[Row]], overall: Sequence[Row]) -> list[dict[str, Any]]:
    named = [*by_place.items(), *[("all", overall)] * bool(overall)]
    return [{"place": place, "strategy": row.strategy, **row.plain()} for place, rows in named for row in rows]


def _curve_rows(study: Study) -> list[dict[str, Any]]:
    rows = []
    for place in study.places:
        for strategy in study.strategies:
            labels, scores = cells.read_curve(
                study.outcome(place, strategy).columns, study.settings.seeds, study.settings.rounds
            )  # fmt: skip
            for seed, of_seed in enumerate(study.points(place, strategy)):
                for number, point in enumerate(of_seed[0]):
                    rows.append(
                        {
                            "place": place.name, "strategy": strategy, "seed": study.settings.seed + seed,
                            "round": number + 1, "labels": labels[seed, number], "learned_from": point.learned_from,
                            "macro_f1": scores[seed, number], "seconds": round(point.seconds, 4),
                            "peak_bytes": point.peak_bytes,
                        }
                    )  # fmt: skip
    return rows


def _draw(study: Study, by_place: Mapping[str, Sequence[Row]], terminal: Terminal) -> bytes | None:
    """The curves of the baseline and of the strategies with the highest mean over places."""
    mean: dict[str, float] = {}
    for rows in by_place.values():
        for row in rows:
            mean[row.strategy] = mean.get(row.strategy, 0.0) + row.area
    best = sorted((name for name in mean if name != BASELINE.name), key=lambda name: -mean[name])
    panels: dict[str, dict[str, picture.Line]] = {}
    for place in study.places:
        panels[place.name] = {}
        for name in [BASELINE.name, *best[: picture.MOST - 1]]:
            columns = study.outcome(place, name).columns
            curve = cells.read_curve(columns, study.settings.seeds, study.settings.rounds)
            panels[place.name][name] = cells.mean_curve(*curve)
    full = {name: rows[0].full for name, rows in by_place.items() if rows[0].full is not None}
    try:
        return picture.draw(panels, full)
    except MissingExtraError as missing:
        terminal.say(f"no picture of the curves: {missing}")
        return None
