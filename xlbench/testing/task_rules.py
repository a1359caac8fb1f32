"""The rules that a task is checked by: what each looks at, why it matters and how to mend it."""

from __future__ import annotations

from dataclasses import replace

from xlbench.testing.checked_task import CheckedTask
from xlbench.testing.checks import Check, NotAsked
from xlbench.testing.process import ConformanceError, require_light
from xlbench.testing.task_items import (
    HashEncoder,
    check_texts,
    evaluate,
    ids_of,
    is_same,
    session_of,
    undefined_metrics,
)
from xlbench.testing.task_lists import (
    check_description,
    check_limit,
    check_listing,
    check_train_size,
    list_subsets,
    summary_of,
)


def _describes_itself(one: CheckedTask) -> None:
    check_description(one.task)


def _lists_subsets(one: CheckedTask) -> None:
    check_listing(one.task, one.subsets)


def _heeds_limit(one: CheckedTask) -> None:
    check_limit(one.task, one.data, one.subsets)


def _heeds_train_size(one: CheckedTask) -> None:
    check_train_size(one.task, one.data, one.subsets)


def _has_data(one: CheckedTask) -> None:
    _ = one.present


def _heeds_training_draws(one: CheckedTask) -> None:
    """With training draws a subset is of the same data, and its outcome has the same columns and as many others."""
    drawn = {subset.name: subset for subset in list_subsets(one.task, replace(one.data, training_draws=2))}
    for subset in one.present:
        again = drawn.get(subset.name)
        if again is None or (again.n, again.fingerprint) != (subset.n, subset.fingerprint):
            raise ConformanceError(
                f"subset {subset.name} is another one with Data(training_draws=2): only learn more often"
            )
    first = next((subset for subset in one.present if drawn[subset.name].training_draws), None)
    if first is not None and not is_same(one.outcome(first), evaluate(one.task, drawn[first.name], one.session)):
        raise ConformanceError(f"subset {first.name}: evaluate() gives other items with Data(training_draws=2)")


def _evaluates_what_it_says(one: CheckedTask) -> None:
    for subset in one.present:
        n = len(one.outcome(subset).item_ids)
        if n != subset.n:
            raise ConformanceError(
                f"subset {subset.name} says n={subset.n} and evaluates {n} items: say how many there are"
            )


def _is_repeatable(one: CheckedTask) -> None:
    for subset in one.present:
        kept = one.kept(subset)
        if not is_same(evaluate(one.task, subset, one.session), kept):
            raise ConformanceError(
                f"subset {subset.name}: evaluate() gives other rows for the same vectors the second time: "
                "seed what is random, from the content, and leave the data as it is"
            )


def _takes_ids_from_data(one: CheckedTask) -> None:
    for subset in one.present:
        ids = ids_of(one.outcome(subset))
        if ids_of(evaluate(one.task, subset, one.other)) != ids:
            raise ConformanceError(
                f"subset {subset.name}: item or cluster ids depend on the encoder: take them from the data alone"
            )


def _has_metrics(one: CheckedTask) -> None:
    # A class may be missing from a sample, and from some subsets: only the main metric of a sample must have a value.
    whole = one.only is None and one.data.limit is None and not one.few
    undefined = {metric.name for metric in (one.task.metrics if whole else one.task.metrics[:1])}
    for subset in one.present:
        undefined &= undefined_metrics(one.task, subset, one.outcome(subset))
    if undefined:
        raise ConformanceError(
            f"metric {', '.join(sorted(undefined))} is not a finite number on any subset: mend value(), or give "
            "more data"
        )


def _leaves_columns_alone(one: CheckedTask) -> None:
    for subset in one.present:
        undefined_metrics(one.task, subset, one.outcome(subset))
        if not is_same(one.outcome(subset), one.kept(subset)):
            raise ConformanceError(
                f"subset {subset.name}: a metric changes the columns that it is given: let it work on a copy"
            )


def _tells_texts(one: CheckedTask) -> None:
    for subset in one.present:
        check_texts(one.task, subset)


def _keeps_its_list(one: CheckedTask) -> None:
    summary = summary_of(one.subsets)
    for subset in one.present:
        one.outcome(subset)
    if summary_of(list_subsets(one.task, one.data)) != summary:
        raise ConformanceError(
            "subsets() gives other names, sizes, languages or fingerprints after evaluate() than before: "
            "make them of the data alone, and leave the data as it is"
        )


def _imports_late(one: CheckedTask) -> None:
    require_light(one.elsewhere["heavy"])


def _lists_the_same_everywhere(one: CheckedTask) -> None:
    if one.elsewhere["summary"] not in (None, summary_of(one.subsets)):
        raise ConformanceError(
            "subsets() gives other names, sizes, languages or fingerprints in another process: "
            "leave out hash() and the order of sets"
        )


def _evaluates_the_same_everywhere(one: CheckedTask) -> None:
    there, subset = one.elsewhere["outcome"], one.smallest
    if not (there is None or is_same(there, evaluate(one.task, subset, session_of(HashEncoder("one"))))):
        raise ConformanceError(
            f"subset {subset.name}: evaluate() gives other items or rows in another process: "
            "leave out hash() and the order of sets"
        )


def _has_all_data(one: CheckedTask) -> None:
    """Of a plugin's task: each subset that it lists is there, where a data root was named for it."""
    missing = [subset for subset in one.subsets if subset.missing] if one.few else []
    if missing:
        counts = f"{len(missing)} of its {len(one.subsets)} subsets have no data here"
        if not one.stated:
            raise NotAsked(f"{counts}, and no data root is named for it: give --data")
        raise ConformanceError(f"{counts}; {missing[0].name}: {missing[0].missing}")


CHECKS = (
    Check(
        "it has names, metrics and languages",
        "names are folders and columns of boards, the first metric is the task's score, languages choose its subsets",
        "give Task(name, area, metrics, ...) names of letters, digits, '.', '_' and '-', a tuple of metrics, each with "
        "a name of its own, and languages as a tuple of ISO 639-3 codes",
        _describes_itself,
        basic=True,
    ),
    Check(
        "its subsets have names, languages and fingerprints",
        "a cell is found again by them: with a wrong fingerprint, changed data keeps its old scores",
        "yield a Subset a language or pair, named after it, with a fingerprint made of its texts and labels",
        _lists_subsets,
        basic=True,
    ),
    Check(
        "with a limit it has no more items than that",
        "`xlbench run --limit 100` is to be quick, and its cells are kept apart from whole ones",
        "take the first data.limit items of every language in subsets()",
        _heeds_limit,
    ),
    Check(
        "with a train size it learns from no more than that",
        "`xlbench curve` would draw a flat line",
        "learn from at most data.train_size items and say how many in Subset(train_items=...); or leave that None",
        _heeds_train_size,
    ),
    Check(
        "data is at hand to evaluate",
        "nothing else can be said of a task than how it evaluates",
        "name the data root (--data DIR), or ship the files with the plugin; `xlbench fetch` brings what is pinned",
        _has_data,
        basic=True,
    ),
    Check(
        "data of all its subsets is at hand",
        "a language that is declared and not there is a gap on every board, and the average over it is not shown",
        "put the files where the card looks for them, or declare only languages that there are",
        _has_all_data,
    ),
    Check(
        "with training draws it scores the same items",
        "`--ci-training` only widens intervals: with other items it would change scores",
        "learn data.training_draws times more, and leave items and columns as they are",
        _heeds_training_draws,
    ),
    Check(
        "it evaluates as many items as it says, and they can be saved",
        "plans, limits and intervals count Subset.n items; an outcome that breaks a rule is an error of the cell",
        "give Subset(n=...) the number of items that evaluate() returns, and Outcome what the message names",
        _evaluates_what_it_says,
        basic=True,
    ),
    Check(
        "the same vectors give the same items and rows",
        "a score could not be reproduced, nor two models be compared item by item",
        "seed what is random from the content, and work on copies of the data",
        _is_repeatable,
        basic=True,
    ),
    Check(
        "item ids come from the data alone",
        "comparisons pair the items of two models by their ids",
        "take item_ids and cluster_ids from the data, never from vectors",
        _takes_ids_from_data,
    ),
    Check(
        "every metric has a value within its bounds, whatever the order and number of items",
        "intervals are made by adding up rows in other numbers and orders: they would be those of another metric",
        "make each row of its own item alone, and divide sums by a count (a column of ones) in value()",
        _has_metrics,
        basic=True,
    ),
    Check(
        "metrics leave columns as they are",
        "the columns are what is saved, and what the next metric is computed from",
        "compute on a copy",
        _leaves_columns_alone,
    ),
    Check(
        "texts of items are in the subset's languages",
        "reports show them beside the items on which models differ",
        "give ItemText(...) of str, with a language of the subset, or leave texts out",
        _tells_texts,
    ),
    Check(
        "it lists the same after evaluating",
        "a run that is continued would compute everything again",
        "make names, sizes and fingerprints of the data alone, and leave the data as it is",
        _keeps_its_list,
    ),
    Check(
        "its module imports nothing heavy",
        "`xlbench list` and every other command import every plugin: each of them would wait for it",
        "import numpy, pandas and the like inside subsets(), evaluate() and the functions of metrics",
        _imports_late,
    ),
    Check(
        "it lists the same in another process",
        "worker processes find their cells by names and fingerprints: none would be found",
        "leave hash() and the order of sets out: they differ from process to process",
        _lists_the_same_everywhere,
    ),
    Check(
        "it evaluates the same in another process",
        "the cells of one run may come from several processes",
        "leave hash() and the order of sets out: they differ from process to process",
        _evaluates_the_same_everywhere,
    ),
)
"""What is asked of a task, in this order."""
