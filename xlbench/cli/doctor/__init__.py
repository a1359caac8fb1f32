"""``xlbench doctor``: what is installed, at hand, broken or missing on this machine, and what to do about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from xlbench.cli.doctor import machine
from xlbench.cli.doctor.machine import Finding
from xlbench.cli.options.begin import CACHE, Begun, begun, defaults_of
from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.text import count_text

SCHEMA = 1


@click.command(
    epilog="\b\nExamples:\n"
    "  xlbench doctor                       everything; makes no request\n"
    "  xlbench doctor --online              and whether the hub answers\n"
    "  xlbench doctor --json | jq '.findings[] | select(.state == \"problem\")'\n\n"
    "\b\nExit codes: 0 nothing is in the way (something may be missing); 1 there is a problem; 2 wrong usage.",
)
@click.option("--online", is_flag=True, help="Ask the hub for an answer: the only request that is made.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in the place of text.")
@click.pass_context
def command(ctx: click.Context, online: bool, as_json: bool) -> int:
    """Look at versions, the configuration, plugins, devices, caches, folders and the network; say what is missing, and
    how to get it. Changes nothing.

    torch is asked for its devices in a process of its own, where it is installed.
    """
    with plugins_print_elsewhere():
        found = list(_look(ctx.find_root(), online=online))
    code = CELL_FAILED if any(one.state == "problem" for one in found) else OK
    if as_json:
        echo_json({"schema": SCHEMA, "exit_code": code, "findings": [asdict(one) for one in found]})
    else:
        _print(found)
    return code


def _look(root: click.Context, *, online: bool) -> Iterator[Finding]:
    from xlbench import catalog
    from xlbench.cli.doctor import plugins

    held = begun(root)
    yield from machine.versions()
    yield from _configuration(held)
    values = defaults_of(root, "run").get("run", {}) if held.file and not held.wrong else {}
    data = os.environ.get("XLBENCH_DATA") or values.get("data")
    loaded = catalog.load()
    yield from plugins.plugins(loaded)
    yield from machine.devices()
    yield from machine.caches()
    yield from machine.results(Path(values.get("results", "results")))
    yield from machine.data(data)
    yield from machine.network(online=online)
    yield from plugins.at_hand(loaded, data)


def _configuration(held: Begun) -> Iterator[Finding]:
    if held.wrong:
        yield Finding("configuration", "problem", held.wrong, "mend it, or name another file with --config")
    elif held.not_used:
        yield Finding("configuration", "problem", held.not_used)
    else:
        file, more = (str(held.file.path), "xlbench config show says what it sets") if held.file else ("none", "")
        yield Finding("configuration", "ok", f"file: {file}", more)
    if held.cache_from != "default":
        yield Finding("configuration", "ok", f"{CACHE}: {held.cache_from}")


def _print(found: Sequence[Finding]) -> None:
    """A heading a part, a line a finding, and what to do; the problems are counted at the end."""
    part = ""
    for one in found:
        if one.part != part:
            echo(f"{one.part}:" if not part else f"\n{one.part}:")
            part = one.part
        echo(f"  {one.state:<8} {one.what}" + (f"; {one.remedy}" if one.remedy else ""))
    problems = sum(one.state == "problem" for one in found)
    echo(f"\n{count_text(problems, 'problem') if problems else 'nothing is in the way'}")
