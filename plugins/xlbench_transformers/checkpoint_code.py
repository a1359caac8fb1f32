"""Finds custom code that a checkpoint's settings would run, and arguments that lead to unpickling."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any

from xlbench_transformers.listing import Listing, objects_in
from xlbench_transformers.st_modules import CHAIN_SETTINGS, KNOWN_TYPES, Module

_FILES = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
_ARGUMENTS = ("model_args", "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs")
_PLAIN_ARGUMENTS = (
    "add_pooling_layer", "attn_implementation", "do_lower_case", "dtype", "max_length", "model_max_length",
    "padding_side", "torch_dtype", "truncation_side", "use_fast",
)  # fmt: skip
"""Arguments that a checkpoint may have a loading function called with. Others decide what is unpickled or imported
(``weights_only``, ``use_safetensors``, ``quantization_config`` ...)."""
_ACTIVATIONS = re.compile(r"torch\.nn(\.modules\.\w+)?(\.\w+)")
_METHODS = re.compile(r"forward|get_\w+_(features|embeddings)")
"""Methods of a model which a sentence-transformers folder may name to be called with tokens."""


def foreign_names(listing: Listing, sites: Sequence[str], modules: Sequence[Module]) -> tuple[str, ...]:
    """Classes by name, and arguments as name=value, that would run code which is no library's; none where it is plain.

    Args:
        listing: The checkpoint.
        sites: The folders whose settings are read.
        modules: Its modules, where it is a sentence-transformers folder.
    """
    found = [module.type for module in modules if not KNOWN_TYPES.fullmatch(module.type)]
    for site in sites:
        for settings in _FILES:
            for own in objects_in(listing.table(posixpath.join(site, settings))):
                found += _classes(own.get("auto_map"))
                found += [
                    f"{key}={own[key]}" for key in own if key.endswith("attn_implementation") and _is_kernel(own[key])
                ]
        for settings in sorted(listing.matching(site, (CHAIN_SETTINGS,))):
            found += _arguments(listing.table(settings))
    for module in modules:
        activation = listing.table(posixpath.join(module.site, "config.json")).get("activation_function")
        if module.kind == "Dense" and activation and not _ACTIVATIONS.fullmatch(str(activation)):
            found.append(str(activation))
    return tuple(dict.fromkeys(found))


def _is_kernel(attention: Any) -> bool:
    """Whether the name of a way to compute attention is a repository on the hub, whose code would be run."""
    return "/" in str(attention)


def _arguments(settings: Mapping[str, Any]) -> list[str]:
    """Arguments of loading functions that are not plain, and methods that do not encode."""
    given = [
        (f"{name}.{key}", key, value)
        for name in _ARGUMENTS
        if isinstance(settings.get(name), dict)
        for key, value in settings[name].items()
    ]
    ways = settings.get("modality_config")
    called = [
        (f"modality_config.{name}.method", way.get("method"))
        for name, way in (ways.items() if isinstance(ways, dict) else ())
        if isinstance(way, dict)
    ]
    loads = [f"{name}={value}" for name, key, value in given if key not in _PLAIN_ARGUMENTS or _is_kernel(value)]
    return loads + [f"{name}={method}" for name, method in called if method and not _METHODS.fullmatch(str(method))]


def _classes(auto_map: Any) -> list[str]:
    """The classes of an ``auto_map``: texts, or lists of a slow and a fast tokenizer."""
    values = list(auto_map.values()) if isinstance(auto_map, dict) else [auto_map]
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return [str(item) for item in flat if item]
