"""The plugin host: hooks, what the installed plugins offer by them, and what somebody means by a name or a spec."""

from xlbench.catalog.catalog import GROUP, Broken, Catalog, Plugin
from xlbench.catalog.loading import load

__all__ = ["GROUP", "Broken", "Catalog", "Plugin", "load"]
