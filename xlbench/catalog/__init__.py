"""The plugin host: finds and loads plugins, checks what they offer, and looks up names and specs in it."""

from xlbench.catalog.catalog import GROUP, Broken, Catalog, Plugin, ShutOut
from xlbench.catalog.loading import load

__all__ = ["GROUP", "Broken", "Catalog", "Plugin", "ShutOut", "load"]
