"""What ``xlbench doctor`` finds of plugins, and which of their models and tasks are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.cli.doctor.machine import Finding
from xlbench.cli.plugins import not_installed
from xlbench.core.errors import DataMissing
from xlbench.core.text import count_text, first_of, one_line, reason_of

if TYPE_CHECKING:
    from xlbench.catalog import Catalog
    from xlbench.runs.fetch import FetchItem

SHOWN = 6
"""Names in a line."""


def plugins(catalog: Catalog) -> Iterator[Finding]:
    """Those that are loaded, and those that are broken, contested, shut out or asked for in vain."""
    loaded = [plugin.label for plugin in catalog.plugins[1:]]
    strangers = [plugin.label for plugin in catalog.plugins[1:] if plugin.distribution != "xlbench"]
    named = f": {', '.join(strangers)}" if strangers else ""
    yield Finding("plugins", "ok", f"{len(loaded)} loaded, {len(strangers)} of them not of xlbench{named}")
    for one in catalog.broken:
        yield Finding("plugins", "problem", one_line(f"{one.label}: {one.why}"), "xlbench plugins check")
    for (kind, name), claimants in catalog.contested.items():
        who = " and ".join(dict.fromkeys(plugin.label for plugin in claimants))
        what = f"{kind.removesuffix('s')} {name} is claimed by {who}"
        yield Finding("plugins", "problem", what, "uninstall all but one")
    for out in catalog.shut_out:
        yield Finding("plugins", "note", f"{out.label} is not loaded: {out.why}", "xlbench config show")
    for line in not_installed():
        yield Finding("plugins", "problem", line, "xlbench config show")


def at_hand(catalog: Catalog, root: str | None) -> Iterator[Finding]:
    """Which models and tasks could be scored now, without a request; and what brings the others."""
    from xlbench.core.task import Data
    from xlbench.runs.fetch import fetch_items

    data = Data(Path(root)) if root and Path(root).is_dir() else Data()
    places: dict[tuple[str, str], list[str]] = {}

    for item in fetch_items([*catalog.models.values()], [*catalog.tasks.values()], data):
        state, why = _state(item)
        if why:
            yield Finding("offers", "problem", f"{item.about.kind} {item.about.name}: {why}", "xlbench plugins check")
        places.setdefault((item.about.kind, state), []).append(item.about.name)
    for kind, option in (("model", "-m"), ("task", "-t")):
        here, away, lost = (places.get((kind, state), []) for state in ("here", "to bring", "by hand"))
        yield Finding("offers", "ok", f"{count_text(len(here), kind)} at hand: {first_of(here, SHOWN) or 'none'}")
        if away:
            bring = f"xlbench fetch {option} NAME brings one"
            yield Finding(
                "offers", "missing", f"{count_text(len(away), kind)} to bring: {first_of(away, SHOWN)}", bring
            )
        if lost:
            what = f"{count_text(len(lost), kind)} whose files have to be brought by hand: {first_of(lost, SHOWN)}"
            yield Finding("offers", "missing", what, f"xlbench fetch {option} NAME -n says from where, and where to")


def _state(item: FetchItem) -> tuple[str, str]:
    """Whether it is here, can be brought, or has to be brought by hand; and why that cannot be told, or ""."""
    if item.download is None:
        return "here", ""
    try:
        return ("here" if item.download.local_path() else "to bring"), ""
    except DataMissing:
        return "by hand", ""
    except Exception as error:  # noqa: BLE001 - downloads are code of plugins
        return "broken", reason_of(error)
