"""Makes a model of a service behind HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import xlbench
from xlbench.core.ids import check_name, digest
from xlbench_vectors.served.address import Service, parse_spec
from xlbench_vectors.served.probes import TEXTS, Probe
from xlbench_vectors.served.prompts import Prompts
from xlbench_vectors.transforms import Afterwards

if TYPE_CHECKING:
    import numpy as np

VERSION = 1
"""Part of every fingerprint: to be raised when the same answers would give other vectors."""

_SHOWN = ("dimensions", "prompt", "prompt_query", "prompt_document", "max_chars", "normalize", "similarity")
"""Options that shape vectors, and are shown where they are given."""


def model_of(text: str) -> xlbench.Model:
    """The model that a spec means; nothing is asked of the service. `UsageError` for what is wrong with the spec."""
    service, values = parse_spec(text)
    recipe = Recipe(service, values)
    name = check_name("model", values["name"]) if values["name"] else text
    return xlbench.Model(
        name,
        load=recipe.load,
        fingerprint=recipe.fingerprint,
        vectors=recipe.vectors,
        description=f"The model {service.model} of a service behind HTTP.",
        trained_on=tuple(filter(None, (values["trained_on"] or "").split(","))),
        spec=text if name != text else "",
        details={"scheme": "http", "service": service.url, "model": service.model}
        | {option: values[option] for option in _SHOWN if values[option] not in (None, "", False, "cosine")},
        transform=recipe.after.transform(),
    )


class Recipe:
    """How a model's encoder and identity come about."""

    def __init__(self, service: Service, values: Mapping[str, Any]) -> None:
        """``values``: of all options."""
        self.after = Afterwards(None, values["normalize"], values["similarity"])
        self._service, self._dtype, self._max_chars = service, values["dtype"], values["max_chars"]
        self._prompts = Prompts(values["prompt"], values["prompt_query"], values["prompt_document"])
        declared = [service.url, service.model, service.dimensions, self._max_chars]
        declared += [self._prompts.of(role) for role in (None, "query", "document")]
        self._declared = digest("xlbench_vectors.served", str(VERSION), repr(declared))
        self._probe = Probe(self._declared, self._dtype)

    def load(self) -> xlbench.Encoder:
        """The encoder; nothing is asked of the service before there are texts."""
        from xlbench_vectors.served.encoder import ServedEncoder

        return ServedEncoder(self._service, self._prompts, self._max_chars, self._dtype)

    def vectors(self) -> str:
        """Identity of address, model and settings, and of what the service makes of a few texts now."""
        return digest(self._declared, self._probe.identity(self._ask))

    def fingerprint(self) -> str:
        """The same with what is done to vectors afterwards."""
        return digest(self.vectors(), self.after.identity)

    def _ask(self) -> np.ndarray:
        return self.load().encode(list(TEXTS))
