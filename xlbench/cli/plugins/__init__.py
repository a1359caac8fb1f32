"""``xlbench plugins``: which plugins are installed, what each offers, and what is broken and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from xlbench.catalog.catalog import Catalog, Plugin
from xlbench.catalog.entry_points import installed_plugins
from xlbench.catalog.loading import load
from xlbench.cli.output.printing import echo, echo_json, plugins_print_elsewhere
from xlbench.cli.plugins.check import check
from xlbench.core.errors import CELL_FAILED, OK
from xlbench.core.plugin_choice import chosen, normalized
from xlbench.core.text import did_you_mean

SCHEMA = 1


@click.group(
    invoke_without_command=True,
    epilog="\b\nExamples:\n"
    "  xlbench plugins                      every plugin, the names it offers, and what is wrong\n"
    "  xlbench plugins --strict             the same, with exit code 1 where something is wrong\n"
    "  xlbench plugins --json | jq .broken  the same for programs\n"
    "  xlbench --no-plugins plugins         those alone that come with xlbench\n"
    "  xlbench plugins check vowels         check a plugin by all that xlbench relies on",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of text.")
@click.option("--strict", is_flag=True, help="Exit code 1 where a plugin is broken, or a name is claimed by two.")
@click.pass_context
def command(ctx: click.Context, as_json: bool, strict: bool) -> int | None:
    """Show every installed plugin: its distribution and version, its hooks, what each offers, and what is broken.

    A broken plugin takes nothing else down, so the exit code is 0 (but see --strict); a name that two plugins claim
    belongs to neither.
    """
    if ctx.invoked_subcommand is not None:
        return None
    with plugins_print_elsewhere():
        catalog = load()
    if as_json:
        echo_json(_as_json(catalog))
    else:
        echo("\n".join(_as_text(catalog)))
    return CELL_FAILED if strict and (catalog.broken or catalog.contested) else OK


command.add_command(check)


def _as_text(catalog: Catalog) -> Iterator[str]:
    for plugin in catalog.plugins:
        yield " ".join(part for part in (plugin.name, "  ", plugin.distribution, plugin.version) if part)
        offers = {kind.removeprefix("xlbench_"): "nothing" for kind in plugin.hooks}
        offers |= {kind: ", ".join(names) for kind, names in plugin.offers.items()}
        yield from (f"    {f'xlbench_{kind}':<16} {names}" for kind, names in sorted(offers.items()))
    if not catalog.plugins[1:]:
        yield "no plugin could be loaded"
    if catalog.shut_out:
        yield "\nnot loaded:"
        yield from (f"    {one.label}: {one.why}" for one in catalog.shut_out)
    yield from map("\n{}".format, not_installed())
    if catalog.broken:
        yield "\nbroken:"
        yield from (f"    {broken.label}: {broken.why}" for broken in catalog.broken)
    if catalog.contested:
        yield "\ncontested, so usable from none of the claimants (uninstall all but one):"
        for (kind, name), claimants in catalog.contested.items():
            yield f"    {kind.removesuffix('s')} {name}: {', '.join(plugin.label for plugin in claimants)}"


def not_installed() -> Iterator[str]:
    """A line for every name that is wanted or denied and that no installed plugin has: it may be misspelled."""
    choice = chosen()
    known = {name for one in installed_plugins() for name in (one.name, normalized(one.distribution))}
    for what, names in (("wanted", choice.wanted or ()), ("denied", choice.denied)):
        for name in names:
            if name not in known and normalized(name) not in known:
                yield f"{what}, and not installed: {name}.{did_you_mean(name, known)}"


def _as_json(catalog: Catalog) -> dict[str, Any]:
    """Keys are never renamed or removed under one ``schema``; new ones may come."""
    return {
        "schema": SCHEMA,
        "plugins": [
            {**_plugin_title(plugin), "hooks": plugin.hooks, "offers": dict(plugin.offers)}
            for plugin in catalog.plugins
        ],
        "broken": [asdict(one) for one in catalog.broken],
        "not_loaded": [asdict(one) for one in catalog.shut_out],
        "not_installed": list(not_installed()),
        "contested": [
            {"kind": kind, "name": name, "claimed_by": [_plugin_title(plugin) for plugin in claimants]}
            for (kind, name), claimants in catalog.contested.items()
        ],
    }


def _plugin_title(plugin: Plugin) -> dict[str, str]:
    return {"plugin": plugin.name, "distribution": plugin.distribution, "version": plugin.version}
