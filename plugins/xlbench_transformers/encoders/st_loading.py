"""Loads a sentence-transformers folder as the library does, with every weight checked."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Router, Transformer

from xlbench import EncoderError, Spec
from xlbench.core.permissions import permissions
from xlbench_transformers.encoders import batching, completeness, hf
from xlbench_transformers.st_modules import OWN_TYPES
from xlbench_transformers.weights import tensor_shapes


def load_sentence_transformer(folder: Path, spec: Spec, *, trust_remote_code: bool = False) -> SentenceTransformer:
    """The folder's chain of modules on the device of ``spec`` and in its dtype, whatever its files are in.

    Weights are safetensors alone, unless pickles are permitted. Raises `EncoderError` where it cannot be loaded.
    """
    device, dtype = batching.device_of(spec), batching.dtype_of(spec)
    safe = None if permissions().allow_pickle else True
    with hf.loading(folder, "model"):
        # given classes are not looked for in the folder, as they would be by their names
        model = SentenceTransformer._load_with_module_classes(
            str(folder),
            _own_classes(folder),
            device=str(device),
            trust_remote_code=trust_remote_code,
            local_files_only=True,
            model_kwargs={"dtype": dtype, "use_safetensors": safe},
        )
    # The dtype above reaches the transformer alone; dense layers and static tables come as they were saved.
    model.to(dtype=dtype).eval()
    for site, module in parts_of(folder, model):
        if isinstance(module, Transformer):
            _check_weights(site, module, dtype, trust_remote_code=trust_remote_code)
            _give_padding(module)
    return model


def _own_classes(folder: Path) -> dict[str, type[torch.nn.Module]]:
    """The classes of this distribution that the folder's modules are of, as they are installed."""
    listed = {str(entry.get("type")) for entry in json.loads((folder / "modules.json").read_text(encoding="utf-8"))}
    found = {}
    for name in listed & set(OWN_TYPES):
        module, _, own = name.rpartition(".")
        found[name] = getattr(importlib.import_module(module), own)
    return found


def parts_of(folder: Path, model: SentenceTransformer) -> Iterator[tuple[Path, torch.nn.Module]]:
    """The modules of a loaded model, those within Routers, too, each with the folder that it was loaded from."""
    listed = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    for entry, module in zip(listed, model.children(), strict=True):
        yield from _with_parts(folder / str(entry.get("path", "")), module)


def _with_parts(site: Path, module: torch.nn.Module) -> Iterator[tuple[Path, torch.nn.Module]]:
    yield site, module
    if not isinstance(module, Router):
        return
    files = (site / name for name in ("router_config.json", "config.json"))
    settings = json.loads(next(file for file in files if file.is_file()).read_text(encoding="utf-8"))
    routes: Any = module.sub_modules
    for route, names in settings["structure"].items():
        for name, part in zip(names, routes[route], strict=True):
            yield from _with_parts(site / name, part)


def _check_weights(site: Path, module: Transformer, dtype: torch.dtype, *, trust_remote_code: bool) -> None:
    """`EncoderError` where weights of a Transformer are missing or left over: the library would say nothing.

    Names are compared first. Where they differ, which may be an older way of writing them, transformers is asked.
    """
    model = module.model
    saved = [name for path in site.glob("model*.safetensors") for name in tensor_shapes(path)]
    prefix = f"{model.base_model_prefix}."
    known = {*saved, *(name.removeprefix(prefix) for name in saved)}
    absent = [name for name, _ in model.named_parameters() if name not in known]
    poolers = [name for name in absent if "pooler" in name.split(".")]
    if poolers and _uses_pooler(module) and saved:
        raise EncoderError(
            f"{site}: its vectors are those of the pooler (pooler_output), whose weights are missing ({poolers[0]}) "
            f"and would be random"
        )
    expected = set(model.state_dict())
    extra = [name for name in saved if name.removeprefix(prefix) not in expected and name not in expected]
    decodes = bool(model.config.is_encoder_decoder)
    if len(absent) > len(poolers) or completeness.unused_of(extra, model, decodes=decodes):
        hf.load_model(site, dtype, trust_remote_code=trust_remote_code)


def _uses_pooler(module: Transformer) -> bool:
    """Whether what a text comes out as is the output of the pooler on top."""
    ways = module.modality_config.values()
    return any("pooler" in str(way.get("method_output_name")) for way in ways if isinstance(way, dict))


def _give_padding(module: Transformer) -> None:
    """Name a padding token where the checkpoint has none that its model knows, as decoders do; what it is makes no
    difference, as it is masked."""
    tokenizer: Any = module.tokenizer
    if tokenizer is None:
        return
    size = hf.vocabulary_of(module.model)
    if tokenizer.pad_token_id is not None and (size is None or tokenizer.pad_token_id < size):
        return
    for token in (tokenizer.eos_token, tokenizer.bos_token, tokenizer.unk_token):
        if token is not None and (size is None or tokenizer.convert_tokens_to_ids(token) < size):
            tokenizer.pad_token = token
            return
