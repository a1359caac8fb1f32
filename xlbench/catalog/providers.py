"""Says which plugins a model or a task comes from: distributions, with their versions."""

from __future__ import annotations

from dataclasses import fields
from fnmatch import fnmatchcase

from xlbench.catalog.catalog import Catalog
from xlbench.catalog.checking import attempt
from xlbench.core.model import Model
from xlbench.core.one_or_more import OneOrMore, as_list


def providers(catalog: Catalog, kind: str, name: str, spec: str) -> dict[str, str]:
    """Where a model or task comes from.

    Args:
        catalog: The catalog that it was got from.
        kind: ``models`` or ``tasks``.
        name: Its name.
        spec: What was given to get it: a name, a pattern or a scheme's spec; "" for an object, of which no plugin
            is known.

    Returns:
        Distribution -> version: of its plugin or its scheme's, then of the models that a scheme has put together.
    """
    if not spec:
        return {}
    if (kind, name) in catalog.origins and fnmatchcase(name, spec):
        plugin = catalog.origins[kind, name]
        return {plugin.distribution: plugin.version}
    scheme = catalog.scheme_for(kind, spec)
    if scheme is None:
        return {}
    plugin = catalog.origins["schemes", scheme.name]
    found = {plugin.distribution: plugin.version}
    if kind == "models" and scheme.combine is not None:
        witness = _Witness(**{one.name: getattr(catalog, one.name) for one in fields(Catalog)})
        attempt(scheme.combine, spec, witness)
        found |= witness.seen
    return found


class _Witness(Catalog):
    """A catalog that notes where the models come from that are taken from it."""

    @property
    def seen(self) -> dict[str, str]:
        """Distribution -> version, in the order in which they were asked."""
        seen: dict[str, str] = self.__dict__.setdefault("_seen", {})
        return seen

    def select_models(self, specs: OneOrMore[str]) -> tuple[Model, ...]:
        """`Catalog.select_models`, noted."""
        for spec in as_list(specs):
            for model in super().select_models([spec]):
                self.seen.update(providers(self, "models", model.name, spec))
        return super().select_models(specs)
