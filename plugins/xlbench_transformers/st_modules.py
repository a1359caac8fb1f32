"""The modules of a sentence-transformers folder: their types, and the folders that their files lie in.

A Router, which sends queries and documents through modules of their own, is read as its modules, too.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xlbench import DataError, UsageError
from xlbench_transformers.listing import Listing

LIST = "modules.json"
SETTINGS = "config_sentence_transformers.json"
CHAIN_SETTINGS = "sentence_*_config.json"
"""Settings of a Transformer: sentence_bert_config.json, and older names."""

OWN_TYPES = ("xlbench_train.training.ngram_module.NgramEmbedding",)
"""Types of modules that come in the same distribution as this plugin, so that no folder can choose what their names
mean; they load nothing but numbers."""

KNOWN_TYPES = re.compile(
    r"sentence_transformers\.(models|base\.modules(\.\w+)?|sentence_transformer\.modules(\.\w+)?)\."
    r"(Transformer|Pooling|Dense|Normalize|LayerNorm|Dropout|WeightedLayerPooling|StaticEmbedding|Router|Asym)"
    + "".join(f"|{re.escape(name)}" for name in OWN_TYPES)
)
"""Types of modules that load nothing but numbers. Others run code that the folder chooses: classes of its own, or such
as import a class by a name in their settings (WordEmbeddings)."""

_ROUTERS = ("Router", "Asym")
_ROUTER_SETTINGS = ("router_config.json", "config.json")
_WITH_WEIGHTS = ("Transformer", "StaticEmbedding", "NgramEmbedding", "Dense", "LayerNorm", "WeightedLayerPooling")
_READ_TEXT = ("Transformer", "StaticEmbedding")
_WITH_SETTINGS = ("Transformer", "NgramEmbedding", "Pooling", "Dense", "LayerNorm", "WeightedLayerPooling")
_MAX_NESTED = 3

_OTHER_MODELS = {
    "CrossEncoder": "it scores pairs of texts, and has no vector of a text",
    "SparseEncoder": "its vectors are sparse, with a dimension a word",
    "MultiVectorEncoder": "it has a vector a token, and none of a text",
}


@dataclass(frozen=True)
class Module:
    """One module."""

    type: str
    """As the folder names it, dotted."""
    site: str
    """Its folder within the checkpoint."""

    @property
    def kind(self) -> str:
        """Name of its class; "" for a class that is not among `KNOWN_TYPES`."""
        return self.type.rpartition(".")[2] if KNOWN_TYPES.fullmatch(self.type) else ""

    @property
    def needs_weights(self) -> bool:
        """Whether it cannot be without weights."""
        return self.kind in _WITH_WEIGHTS

    @property
    def reads_text(self) -> bool:
        """Whether it needs a tokenizer."""
        return self.kind in _READ_TEXT


def modules_of(listing: Listing) -> list[Module]:
    """The modules in order, each Router followed by its own; none where there is no ``modules.json``.

    Raises `DataError` for a list that is none, `UsageError` for modules outside of the checkpoint's folder.
    """
    listed = listing.json(LIST) or []
    well_formed = isinstance(listed, list) and all(
        isinstance(entry, dict) and isinstance(entry.get("path"), str) and entry.get("type") for entry in listed
    )
    if not well_formed:
        raise DataError(f"{listing.label}: {LIST} is no list of modules with a type and a path: save it anew")
    top = [Module(str(entry["type"]), listing.site(entry["path"], LIST)) for entry in listed]
    return [module for entry in top for module in _with_parts(listing, entry, 0)]


def _with_parts(listing: Listing, module: Module, depth: int) -> Iterator[Module]:
    yield module
    if module.kind not in _ROUTERS:
        return
    if depth == _MAX_NESTED:
        raise UsageError(
            f"{listing.label_of(module.site)}: Routers within Routers, more than {depth} deep, are not read"
        )
    file, types = _router_modules(listing, module)
    for name, kind in types.items():
        part = Module(str(kind), posixpath.join(module.site, listing.site(str(name), file)))
        yield from _with_parts(listing, part, depth + 1)


def _router_modules(listing: Listing, router: Module) -> tuple[str, Mapping[str, Any]]:
    """A Router's settings file, and the type of each of its modules by its folder."""
    for file in (posixpath.join(router.site, name) for name in _ROUTER_SETTINGS):
        if listing.table(file):
            types = listing.table(file).get("types")
            if not isinstance(types, dict) or not types:
                raise DataError(f"{listing.label}: {file} names no modules (types): download or save it anew")
            return file, types
    raise UsageError(
        f"{listing.label}: there is no {posixpath.join(router.site, _ROUTER_SETTINGS[0])}, which Router needs (links "
        f"to folders, hidden folders and deep ones are not looked into)"
    )


def check_settings(listing: Listing, module: Module) -> None:
    """`UsageError` where the settings of a module are not in a folder that is looked into."""
    if module.kind in _WITH_SETTINGS and posixpath.join(module.site, "config.json") not in listing.names:
        raise UsageError(
            f"{listing.label}: there is no {posixpath.join(module.site, 'config.json')}, which {module.kind} needs "
            f"(links to folders, hidden folders and deep ones are not looked into)"
        )


def check_model_type(listing: Listing) -> None:
    """`UsageError` where the folder is that of another kind of model, whose scores come from another computation."""
    named = str(listing.table(SETTINGS).get("model_type") or "SentenceTransformer")
    # Before version 5 of the library, a CrossEncoder had no file of its own, but this entry.
    old = listing.table("config.json").get("sentence_transformers")
    if LIST not in listing.names and isinstance(old, dict) and "activation_fn" in old:
        named = "CrossEncoder"
    if named != "SentenceTransformer":
        why = _OTHER_MODELS.get(named, "what its vectors are is not known here")
        raise UsageError(
            f"{listing.label} is a {named} of sentence-transformers: {why}. Give a SentenceTransformer, or save the "
            f"encoder within it as one"
        )
