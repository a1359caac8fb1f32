"""What a checkpoint is made of: its kind, and which of its files shape vectors.

A function of a list of file names and of a few small files, so that a repository on the hub is looked at in the same
way as a folder, before any weights are downloaded. Nothing is loaded or hashed here, and nothing is permitted.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from xlbench import DataError, UsageError

Kind = Literal["hf", "st", "siamese", "static"]

SMALL = (
    "modules.json", "config.json", "*/config.json", "*tokenizer_config.json", "siamese.json", "*.index.json",
    "*sentence_*_config.json", "*processor_config.json",
)  # fmt: skip
"""Patterns of the files that `lay_out` reads."""

_TOKENIZERS = (
    "tokenizer.json", "vocab.txt", "vocab.json", "entity_vocab.json", "bpe.codes", "*.model", "*.spm", "*.bpe",
    "*.tiktoken",
)  # fmt: skip
_BESIDE = (
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "merges.txt", "tokenizer.*.json",
    "processor_config.json", "preprocessor_config.json", "chat_template.*",
)  # fmt: skip
_CHAIN = "sentence_*_config.json"
_SETTINGS = ("config.json", _CHAIN)
_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_PAIRS = "model*.safetensors"
"""What the encoder and the head of a siamese checkpoint are looked for in."""
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_UNREAD = ("*.safetensors", "*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt", "*.h5", "*.msgpack", "*.onnx", "*.gguf")

MODULES = re.compile(
    r"sentence_transformers\.(models|base\.modules(\.\w+)?|sentence_transformer\.modules(\.\w+)?)\."
    r"(Transformer|Pooling|Dense|Normalize|LayerNorm|Dropout|WeightedLayerPooling|StaticEmbedding)"
)
"""Types of modules of a sentence-transformers folder that load nothing but numbers. Others run code that the folder
chooses: classes of its own, or such as import a class by a name in their settings (WordEmbeddings, Router)."""

_ARGUMENTS = ("model_args", "model_kwargs", "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs")
_PLAIN = (
    "add_pooling_layer", "attn_implementation", "do_lower_case", "dtype", "max_length", "model_max_length",
    "padding_side", "torch_dtype", "truncation_side", "use_fast",
)  # fmt: skip
"""Arguments that a checkpoint may have a loading function called with. Others decide what is unpickled or imported
(``weights_only``, ``use_safetensors``, ``quantization_config`` ...)."""
_ACTIVATIONS = re.compile(r"torch\.nn(\.modules\.\w+)?(\.\w+)")
_WEIGHTED = ("Transformer", "StaticEmbedding", "Dense", "LayerNorm", "WeightedLayerPooling")
_READS_TEXT = ("Transformer", "StaticEmbedding")
_SETTLED = ("Transformer", "Pooling", "Dense", "LayerNorm", "WeightedLayerPooling")
"""Modules whose config.json shapes vectors."""
_WITH_CODE = ("config.json", "tokenizer_config.json", "processor_config.json", "preprocessor_config.json")
_WRAPPED = re.compile(r"(encoder|([\w.]+\.)?auto_model)\.embeddings\.")
"""Names of tensors of an encoder that was saved within a module of training code; no class of transformers alone has
such names, but those with a decoder."""
_METHODS = re.compile(r"forward|get_\w+_(features|embeddings)")
"""Of a model, which a sentence-transformers folder may name to be called with tokens."""


@dataclass(frozen=True)
class Layout:
    """What of a checkpoint counts. Paths are relative, with ``/``."""

    kind: Kind
    files: tuple[str, ...]
    """All that shapes vectors, sorted: weights, settings, tokenizer, and code where it takes code."""
    weights: tuple[str, ...]
    pickles: tuple[str, ...] = ()
    """Those weights that are there as pickles alone."""
    foreign: tuple[str, ...] = ()
    """What would have to be imported by a name that the checkpoint gives: code that is no library's."""
    code: tuple[str, ...] = ()
    """The checkpoint's ``.py`` files, where something is foreign."""


def lay_out(names: Collection[str], read: Callable[[str], str], kind: Kind | None, label: str) -> Layout:
    """The layout of a checkpoint with these file names; ``read`` gives the text of the small ones.

    ``kind`` is what it is to be read as, None: what it looks like. ``label`` says in messages whose files they are.
    Raises `UsageError` where it is no checkpoint of that kind, `DataError` where a file of it is damaged. An encoder
    with a siamese head looks like ``hf`` until its weights are there: see `told_by_weights`.
    """
    known = _Names(frozenset(names), read, label)
    kind = kind or _looks_like(known)
    modules = known.modules() if kind != "hf" else []
    if kind == "st" and not modules:
        raise UsageError(f"{label} has no modules.json, so it is no sentence-transformers checkpoint: try hf:")
    if kind in ("hf", "siamese") and not modules and not known.model_type():
        other = " It has a modules.json: try st:" if "modules.json" in known.names else ""
        raise UsageError(f"{label} has no config.json with a model_type, which {kind}: reads.{other}")
    sites = [(site, kind_of) for kind_of, site in modules] or _sites(known, kind)
    for site in sorted({"", *(site for site, _ in sites)}):
        known.check_whole(site)
    for site, kind_of in sites if modules else ():
        known.check_settings(site, kind_of)
    weights = {site: known.weights(site, needed=kind_of in _WEIGHTED) for site, kind_of in sites}
    for site, kind_of in sites:
        known.check_tokenizer(site, needed=kind_of in _READS_TEXT)
    foreign = known.foreign(sorted({"", *weights}), modules)
    code = tuple(sorted(name for name in known.names if name.endswith(".py"))) if foreign else ()
    files = {name for name in ("modules.json", "config_sentence_transformers.json") if modules} & known.names
    files |= {"siamese.json"} & known.names if kind == "siamese" else set()
    files |= set(known.below("", (_PAIRS,))) if kind == "siamese" else set()
    files |= {name for site in weights for name in known.below(site, (*_SETTINGS, *_TOKENIZERS, *_BESIDE))}
    kept = [name for found in weights.values() for name in found]
    return Layout(
        kind=kind,
        files=tuple(sorted({*files, *kept, *code})),
        weights=tuple(sorted(set(kept))),
        pickles=tuple(
            sorted({name for name in kept if not name.endswith((".safetensors", ".safetensors.index.json"))})
        ),
        foreign=foreign,
        code=code,
    )


def _looks_like(known: _Names) -> Kind:
    """The kind of a checkpoint by its files; `UsageError` says what was looked for."""
    modules = known.modules()
    if modules:
        return "static" if modules[0][0] == "StaticEmbedding" else "st"
    if "siamese.json" in known.names:
        return "siamese"
    model_type = known.model_type()
    if model_type and model_type != "model2vec":
        return "hf"
    if _model2vec(known):
        return "static"
    raise UsageError(
        f"{known.label} is no checkpoint that is known here: it has no modules.json (sentence-transformers), no "
        f"config.json with a model_type (Hugging Face), no siamese.json, and not config.json, tokenizer.json and "
        f"model.safetensors with nothing else said (model2vec)"
    )


def _model2vec(known: _Names) -> str | None:
    """The folder in which model2vec's table lies, "" being the checkpoint itself; None: there is none."""
    for site in ("", "0_StaticEmbedding"):
        table = {posixpath.join(site, name) for name in ("model.safetensors", "tokenizer.json")}
        if table <= known.names and {"config.json", "config_sentence_transformers.json"} & known.names:
            return site
    return None


def _sites(known: _Names, kind: Kind) -> list[tuple[str, str]]:
    """(folder, type of module) of a checkpoint that has no modules.json."""
    if kind != "static":
        return [("", "Transformer")]
    site = _model2vec(known)
    if site is None:
        raise UsageError(f"{known.label} holds no static vectors: no model.safetensors beside a tokenizer.json")
    if known.model_type() not in ("", "model2vec"):
        raise UsageError(f"{known.label} holds no static vectors, but a {known.model_type()} encoder: try hf:")
    return [(site, "StaticEmbedding")]


@dataclass(frozen=True)
class _Names:
    """The files of one checkpoint."""

    names: frozenset[str]
    read: Callable[[str], str]
    label: str

    def json(self, name: str) -> Any:
        """The content of a JSON file; {} where it is not there."""
        if name not in self.names:
            return {}
        try:
            return json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.label}: {name} is not JSON ({error}): download or save it anew") from None

    def table(self, name: str) -> Mapping[str, Any]:
        """The same where it has to be an object."""
        content = self.json(name)
        if not isinstance(content, dict):
            raise DataError(f"{self.label}: {name} holds no settings (an object): download or save it anew")
        return content

    def model_type(self) -> str:
        return str(self.table("config.json").get("model_type") or "")

    def modules(self) -> list[tuple[str, str]]:
        """(name of the class, folder) of the modules of a sentence-transformers checkpoint, in order. The name of a
        class that is not one of `MODULES` is ""."""
        known = ((MODULES.fullmatch(name), site) for name, site in self._modules())
        return [(found.string.rpartition(".")[2] if found else "", site) for found, site in known]

    def _modules(self) -> list[tuple[str, str]]:
        listed = self.json("modules.json") or []
        told = isinstance(listed, list) and all(
            isinstance(module, dict) and isinstance(module.get("path"), str) and module.get("type") for module in listed
        )
        if not told:
            raise DataError(f"{self.label}: modules.json is no list of modules with a type and a path: save it anew")
        return [(str(module["type"]), self._site(module["path"])) for module in listed]

    def _site(self, path: str) -> str:
        """A module's folder below the checkpoint's; a path that leaves it is refused."""
        plain = posixpath.normpath(path.replace("\\", "/")) if path else ""
        if plain.startswith(("/", "..")) or ":" in plain:
            raise UsageError(f"{self.label}: modules.json points out of its own folder ({path!r}): it is not read")
        return "" if plain == "." else plain

    def below(self, site: str, patterns: Sequence[str]) -> list[str]:
        """Names right in the folder ``site`` that match one of the patterns."""
        found = (name for name in self.names if posixpath.dirname(name) == site)
        return [name for name in found if any(fnmatchcase(posixpath.basename(name), pattern) for pattern in patterns)]

    def weights(self, site: str, needed: bool) -> tuple[str, ...]:
        """The files of the weights in ``site``: safetensors, else pickles; each whole or in parts."""
        for name in (posixpath.join(site, name) for name in (*_WEIGHTS, *_PICKLES)):
            if name in self.names:
                return (name, *self._parts(site, name)) if name.endswith(".index.json") else (name,)
        if not needed:
            return ()
        others = sorted(self.below(site, _UNREAD))
        there = f" ({', '.join(others[:3])} is not read: save it as model.safetensors)" if others else ""
        place = f"{self.label}, {site}" if site else self.label
        raise UsageError(f"{place}: no weights, neither model.safetensors nor pytorch_model.bin{there}")

    def _parts(self, site: str, index: str) -> list[str]:
        parts = self.table(index).get("weight_map")
        if not isinstance(parts, dict) or not parts:
            raise DataError(f"{self.label}: {index} names no parts: download or save it anew")
        names = sorted({str(part) for part in parts.values()})
        lost = [name for name in names if posixpath.join(site, name) not in self.names]
        if lost:
            raise DataError(f"{self.label}: the weights lack {lost[0]}, which {index} names: download it")
        return [posixpath.join(site, name) for name in names]

    def check_tokenizer(self, site: str, needed: bool) -> None:
        """`UsageError` where a module that reads text has no tokenizer."""
        if needed and not self.below(site, _TOKENIZERS):
            raise UsageError(
                f"{self.label} has no tokenizer: no tokenizer.json, vocab.txt, vocab.json or *.model beside its "
                f"weights. Save the tokenizer into the same folder"
            )

    def check_whole(self, site: str) -> None:
        """`UsageError` where settings in ``site`` take weights or a tokenizer from where they are not looked for: two
        checkpoints that differ in these would have one identity."""
        place = posixpath.join(self.label, site) if site else self.label
        if posixpath.join(site, "adapter_config.json") in self.names:
            raise UsageError(f"{place} is an adapter to another checkpoint: merge it into that one, and save the whole")
        if weights := self.table(posixpath.join(site, "config.json")).get("transformers_weights"):
            raise UsageError(
                f"{place}: config.json names {weights} as its weights (transformers_weights), and only "
                f"model.safetensors is read: save it under that name"
            )
        versions = self.table(posixpath.join(site, "tokenizer_config.json")).get("fast_tokenizer_files") or []
        versions = versions if isinstance(versions, list) else [versions]
        tokenizers = [name for name in versions if not re.fullmatch(r"tokenizer\.([^/\\]*\.)?json", str(name))]
        for settings in self.below(site, (_CHAIN,)):
            named = self.table(settings).get("tokenizer_name_or_path")
            tokenizers += [named] if named else []
        if tokenizers:
            raise UsageError(
                f"{place}: its settings take the tokenizer from {tokenizers[0]}: save it beside the weights, and leave "
                f"fast_tokenizer_files and tokenizer_name_or_path out"
            )

    def check_settings(self, site: str, kind_of: str) -> None:
        """`UsageError` where a module's folder is not among those that are looked into."""
        if kind_of in _SETTLED and posixpath.join(site, "config.json") not in self.names:
            raise UsageError(
                f"{self.label}: there is no {posixpath.join(site, 'config.json')}, which {kind_of} needs (links to "
                f"folders, hidden folders and deep ones are not looked into)"
            )

    def foreign(self, sites: Sequence[str], modules: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """What of the settings would have something imported or unpickled: classes by name, arguments by name=value."""
        found = [name for name, _ in self._modules() if not MODULES.fullmatch(name)] if modules else []
        for site in sites:
            for settings in _WITH_CODE:
                for own in _tables(self.table(posixpath.join(site, settings))):
                    found += _classes(own.get("auto_map"))
                    found += [
                        f"{key}={own[key]}" for key in own if key.endswith("attn_implementation") and _kernel(own[key])
                    ]
            for settings in sorted(self.below(site, (_CHAIN,))):
                found += _arguments(self.table(settings))
        for kind_of, site in modules:
            activation = self.table(posixpath.join(site, "config.json")).get("activation_function")
            if kind_of == "Dense" and activation and not _ACTIVATIONS.fullmatch(str(activation)):
                found.append(str(activation))
        return tuple(dict.fromkeys(found))


def _tables(content: Any) -> Iterator[Mapping[str, Any]]:
    """Every object within the content of a JSON file, itself first."""
    if isinstance(content, dict):
        yield content
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from _tables(part)


def _kernel(attention: Any) -> bool:
    """Whether the name of a way to compute attention is a repository on the hub, whose code would be run."""
    return "/" in str(attention)


def _arguments(settings: Mapping[str, Any]) -> list[str]:
    """What of a module's settings is handed to a loading function and is not plain, or is called to no such end."""
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
    loads = [f"{name}={value}" for name, key, value in given if key not in _PLAIN or _kernel(value)]
    return loads + [f"{name}={method}" for name, method in called if method and not _METHODS.fullmatch(str(method))]


def _classes(auto_map: Any) -> list[str]:
    """The classes of an ``auto_map``: texts, or lists of a slow and a fast tokenizer."""
    values = list(auto_map.values()) if isinstance(auto_map, dict) else [auto_map]
    flat = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    return [str(item) for item in flat if item]


# ---- what the weights themselves tell


def tensors(path: Path) -> dict[str, tuple[int, ...]]:
    """Name -> shape of the tensors in a safetensors file, whose length is checked. `DataError` for a damaged one.

    Format: eight bytes with the length of the header, the header (JSON), the numbers.
    """
    anew = "it was cut off, or is no safetensors file: download or save it anew"
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            size = path.stat().st_size
            if not 2 <= length <= size - 8:
                raise ValueError
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        if end + length + 8 != size:
            raise ValueError
        return {name: tuple(tensor["shape"]) for name, tensor in header.items()}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise DataError(f"{path} is damaged: {anew}") from None


def told_by_weights(layout: Layout, folder: Path) -> Layout:
    """The layout of a checkpoint that is there, its safetensors checked.

    What looked like ``hf`` is ``siamese`` where its weights have a classifier over (u, v, |u - v|): a matrix of three
    times as many columns as the encoder is wide, beside an encoder whose tensors share a prefix; and where the encoder
    lies within another module, as training code leaves it, which transformers would not find.
    """
    found: dict[str, tuple[int, ...]] = {}
    for name in layout.weights:
        if name.endswith(".safetensors"):
            found |= tensors(folder / name)
    if layout.kind == "static" and found and not {"embeddings", "embedding.weight"} & set(found):
        raise UsageError(f"{folder} holds no static vectors: its weights have no table called embeddings")
    if layout.kind != "hf" or not found:
        return layout
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    width = next((config[key] for key in ("hidden_size", "dim", "d_model", "n_embd") if key in config), None)
    prefix, _ = Counter(name.partition(".")[0] for name in found).most_common(1)[0]
    heads = [shape for name, shape in found.items() if len(shape) == 2 and name.partition(".")[0] != prefix]
    headed = width and any(shape[1] == 3 * width for shape in heads)
    if not headed and (not any(map(_WRAPPED.match, found)) or any(name.startswith("decoder.") for name in found)):
        return layout
    weights = {path.name for path in folder.glob(_PAIRS)}
    return replace(layout, kind="siamese", files=tuple(sorted({*layout.files, *weights})))
