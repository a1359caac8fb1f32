"""``xlbench list``: the models, tasks, suites and areas that can be named, as a table or as JSON."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from xlbench.catalog.catalog import Catalog
from xlbench.catalog.loading import load
from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import OK, UsageError
from xlbench.core.tables import table
from xlbench.core.task import AREAS, Task
from xlbench.core.text import did_you_mean

SCHEMA = 1
FOR_PROGRAMS = ("origin", "revision", "trained_on")
"""What of a model only ``--json`` prints: a table of it would be too wide to be read."""


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench list models                what can be measured\n"
    "  xlbench list models --options      what may follow a ? in a spec, by scheme\n"
    "  xlbench list tasks                 what can be asked\n"
    "  xlbench list tasks 'ntrex*'        only these\n"
    "  xlbench list tasks -l hin --area ner   only those of an area that have a language\n"
    "  xlbench list tasks ./my-card.toml  what a card of your own becomes\n"
    "  xlbench list tasks ./my-card.toml --data DIR --show   what is read of its data\n"
    "  xlbench list suites --json         the same for programs\n"
    "  xlbench list areas                 which tasks belong together",
)
@click.argument("noun", metavar="models|tasks|suites|areas")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--options", is_flag=True, help="Of models: the schemes that make them, with the options of their specs.")
@click.option("--area", metavar="AREA", help="Of tasks: only those of this area.")
@click.option("--language", "-l", "languages", multiple=True, metavar="CODE",
              help="Of tasks: only those that have one of these languages.")  # fmt: skip
@click.option("--show", is_flag=True,
              help="Of tasks: what is read of their data: files, items, labels, lengths, copies, samples.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), envvar="XLBENCH_DATA", show_envvar=True,
              help="With --show: the folder of data files.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
def command(
    noun: str,
    names: tuple[str, ...],
    options: bool,
    area: str | None,
    languages: tuple[str, ...],
    show: bool,
    data: Path | None,
    as_json: bool,
) -> int:
    """List what can be named: models, tasks, suites or areas.

    With NAMEs, only these: names, patterns, or anything else that `xlbench run` would take in their place. With
    --options, NAMEs are schemes. With --show, the data of the NAMEd tasks is read; the exit code is 1 where some of it
    is damaged, or none is there.
    """

    def _tasks(catalog: Catalog, names: Sequence[str]) -> list[dict[str, Any]]:
        return _task_rows(catalog, names, area, languages)

    nouns = {"models": _models, "tasks": _tasks, "suites": _suites, "areas": _areas}
    if noun not in nouns:
        raise UsageError(f"{noun!r} cannot be listed.{did_you_mean(noun, nouns)} There are {', '.join(nouns)}.")
    if options and noun != "models":
        raise UsageError(f"only models have options: write 'xlbench list models --options', not 'list {noun}'")
    if (area or languages) and noun != "tasks":
        raise UsageError(f"only tasks have an area and languages: write 'xlbench list tasks', not 'list {noun}'")
    if show:
        return _show(noun, names, languages, data, as_json=as_json)
    with plugins_print_elsewhere():
        catalog = load()
        rows = _schemes(catalog, names) if options else nouns[noun](catalog, names)
    if options:
        noun = "schemes"
    if as_json:
        echo_json({"schema": SCHEMA, noun: rows})
    elif not rows and (area or languages):
        echo("no task has that")
    elif options:
        echo(_option_tables(rows))
    else:
        echo(_table([{name: row[name] for name in row if name not in FOR_PROGRAMS} for row in rows]))
    _warn(catalog)
    return OK


def _show(noun: str, names: Sequence[str], languages: Sequence[str], root: Path | None, *, as_json: bool) -> int:
    """Print what is read of the data of tasks; the exit code."""
    from xlbench.cli.output.data import print_views
    from xlbench.core.task import Data

    if noun != "tasks" or not names:
        raise UsageError("--show reads the data of tasks that are named: write 'xlbench list tasks NAME --show'")
    if root is not None and not root.is_dir():
        raise UsageError(f"there is no data folder {root}; give one with --data or XLBENCH_DATA")
    with plugins_print_elsewhere():
        tasks = load().select_tasks(names)
        data = Data(root, languages=tuple(dict.fromkeys(languages)))
        views = {task.name: task.view(data) if task.view else None for task in tasks}
    return print_views(views, root, as_json=as_json)


def _models(catalog: Catalog, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "name": model.name,
            "license": model.license,
            "plugin": _plugin(catalog, "models", model.name),
            "description": model.description,
            "origin": model.download.origin if model.download else "",
            "revision": model.download.revision if model.download else "",
            "trained_on": list(model.trained_on),
        }
        for model in (catalog.select_models(names) if names else catalog.models.values())
    ]


def _schemes(catalog: Catalog, names: Sequence[str]) -> list[dict[str, Any]]:
    """The schemes that make models, each with the options of its specs."""
    making = {name: scheme for name, scheme in catalog.schemes.items() if scheme.model or scheme.combine}
    for name in names:
        if name not in making:
            able = ", ".join(making) or "none"
            raise UsageError(f"no scheme {name!r} makes models.{did_you_mean(name, making)} There are: {able}")
    return [
        {
            "name": scheme.name,
            "description": scheme.description,
            "options": [
                {
                    "option": option.name,
                    "kind": option.kind,
                    "default": option.default,
                    "choices": list(option.choices),
                    "description": option.description,
                }
                for option in scheme.options
            ],
        }
        for scheme in (making[name] for name in names or making)
    ]


def _option_tables(schemes: Sequence[Mapping[str, Any]]) -> str:
    """A table a scheme, below its name and what it is for."""
    if not schemes:
        return "no plugin has a scheme for models: see 'xlbench plugins'"
    tables = [_table(scheme["options"]) if scheme["options"] else "no options" for scheme in schemes]
    heads = [f"{scheme['name']}: {_cell(scheme['description'])}" for scheme in schemes]
    return "\n\n".join(f"{head}\n\n{table}" for head, table in zip(heads, tables, strict=True))


def _task_rows(
    catalog: Catalog, names: Sequence[str], area: str | None, languages: Sequence[str]
) -> list[dict[str, Any]]:
    return [
        {
            "name": task.name,
            "area": task.area,
            "metric": f"(of {', '.join(task.imports)})" if task.imports else task.metrics[0].name,
            "languages": len(task.languages) or None,
            "license": task.license,
            "description": task.description,
        }
        for task in _select_tasks(catalog, names)
        if (area is None or task.area == area) and (not languages or set(languages) & set(task.languages))
    ]


def _select_tasks(catalog: Catalog, names: Sequence[str]) -> Iterable[Task]:
    return catalog.select_tasks(names) if names else catalog.tasks.values()


def _suites(catalog: Catalog, names: Sequence[str]) -> list[dict[str, Any]]:
    suites = [catalog.select_suite(name) for name in names] or catalog.suites.values()
    return [{"name": suite.name, "tasks": list(suite.tasks), "description": suite.description} for suite in suites]


def _areas(catalog: Catalog, names: Sequence[str]) -> list[dict[str, Any]]:
    """The areas in the order of `AREAS`, then those that plugins add; an area without a task is shown."""
    tasks: dict[str, list[str]] = {area: [] for area in AREAS}
    for task in catalog.tasks.values():
        tasks.setdefault(task.area, []).append(task.name)
    for name in names:
        if name not in tasks:
            raise UsageError(f"there is no area {name!r}.{did_you_mean(name, tasks)} See 'xlbench list areas'.")
    return [{"area": area, "tasks": of_area} for area, of_area in tasks.items() if not names or area in names]


def _plugin(catalog: Catalog, kind: str, name: str) -> str:
    """The plugin that offers it; what a scheme has made of a spec has none of its own."""
    plugin = catalog.origins.get((kind, name))
    return plugin.name if plugin else ""


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Aligned columns. Nothing is cut in a pipe; on a terminal a long last column ends with an ellipsis."""
    if not rows:
        return "none is installed: see 'xlbench plugins'"
    shown = table(list(rows[0]), [[_cell(value) for value in row.values()] for row in rows], "l" * len(rows[0]))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else len(shown)
    return "\n".join(line if len(line) <= width else line[: width - 1] + "…" for line in shown.splitlines())


def _cell(value: Any) -> str:
    """One line of printable text for any value of a row."""
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    text = "" if value is None else str(value)
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable()) or "-"


def _warn(catalog: Catalog) -> None:
    """One line on standard error where the list may not be whole."""
    lost = [f"{len(catalog.broken)} broken"] if catalog.broken else []
    lost += [f"{len(catalog.contested)} contested by two plugins"] if catalog.contested else []
    if lost:
        echo(f"xlbench: this list may lack something ({', '.join(lost)}): see 'xlbench plugins'.", err=True)
