"""The layout of a checkpoint: its kind, its weights, and the files whose content is its identity.

It follows from file names and a few small files, so that a repository on the hub is understood before any of its
weights are downloaded.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from xlbench import DataError, UsageError
from xlbench_transformers import st_modules, weights
from xlbench_transformers.checkpoint_code import foreign_names
from xlbench_transformers.layout_checks import check_no_adapter, check_tokenizer, check_whole
from xlbench_transformers.listing import Listing, check_regular, list_folder
from xlbench_transformers.st_modules import Module

Kind = Literal["hf", "st", "siamese", "static"]

SMALL = (
    "modules.json", "config.json", "*/config.json", "*tokenizer_config.json", "siamese.json", "*.index.json",
    "*sentence_*_config.json", "*processor_config.json", "config_sentence_transformers.json", "*router_config.json",
)  # fmt: skip
"""Patterns of the files that `lay_out` reads."""

_TEMPLATES = "additional_chat_templates"
"""A folder beside a tokenizer, with more of its templates."""
_SAFETENSORS = ("model.safetensors", "model.safetensors.index.json")
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_PAIRS = "model*.safetensors"
"""What the encoder and the head of a siamese checkpoint are looked for in."""

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.pickle", "*.ckpt", "*.joblib")
_OTHER_WEIGHTS = (
    *_PICKLES, "*.safetensors", "*.h5", "*.msgpack", "*.onnx", "*.gguf", "*.ot", "*.tflite", "*.npz",
    *(f"*.{kind}.index.json" for kind in ("safetensors", "bin", "h5", "msgpack")),
)  # fmt: skip
"""Weights that no module reads, where they lie beside those that it does read."""
_NO_CONTENT = (
    ".*", "*.md", "LICENSE*", "LICENCE*", "NOTICE*", "*.py", "*.ipynb", "*.pdf", "*.png", "*.jpg", "*.jpeg", "*.gif",
    "*.svg", "*.npy", "xlbench.toml", "trainer_state.json", "*_results.json", "events.out.tfevents.*",
)  # fmt: skip
"""Files that no library reads to make vectors: cards, licenses, pictures, and what training leaves."""


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
    encoders: tuple[str, ...] = ()
    """The folders in it whose ``config.json`` is that of a transformers model."""


def lay_out(listing: Listing, kind: Kind | None) -> Layout:
    """The layout of a checkpoint.

    Every file of its folders counts but those that no library reads (`_NO_CONTENT`, `_OTHER_WEIGHTS`), so that no
    weights can change unseen; where it brings code of its own, which may read anything, every file counts.

    Args:
        listing: Its files.
        kind: What it is to be read as; None: what it looks like. An encoder with a siamese head looks like ``hf`` until
            its weights are there: see `with_weights_checked`.

    Raises:
        UsageError: It is no checkpoint of that kind, or parts of it lie where they are not looked for.
        DataError: A file of it is damaged.
    """
    check_no_adapter(listing, "")
    st_modules.check_model_type(listing)
    kind = kind or _looks_like(listing)
    chain = st_modules.modules_of(listing) if kind != "hf" else []
    _check_kind(listing, kind, chain)
    parts = chain or [_only_module(listing, kind)]
    sites = sorted({"", *(module.site for module in parts)})
    for site in sites:
        check_whole(listing, site)
    for module in chain:
        st_modules.check_settings(listing, module)
    found = {module.site: _weights_of(listing, module) for module in parts}
    for module in parts:
        check_tokenizer(listing, module)
    foreign = foreign_names(listing, sites, chain)
    kept = {name for names in found.values() for name in names}
    kept |= set(listing.matching("", (_PAIRS,))) if kind == "siamese" else set()
    return Layout(
        kind=kind,
        files=_all_files(listing) if foreign else tuple(sorted(kept | _identity_files(listing, sites))),
        weights=tuple(sorted(name for names in found.values() for name in names)),
        pickles=tuple(sorted({name for name in kept if _is_pickle(name)} | _foreign_pickles(listing, parts))),
        foreign=foreign,
        code=tuple(sorted(name for name in listing.names if name.endswith(".py"))) if foreign else (),
        encoders=tuple(sorted({module.site for module in parts if module.kind == "Transformer"})),
    )


def _check_kind(listing: Listing, kind: Kind, chain: Sequence[Module]) -> None:
    if kind == "st" and not chain:
        raise UsageError(f"{listing.label} has no modules.json, so it is no sentence-transformers checkpoint: try hf:")
    if kind in ("hf", "siamese") and not chain and not listing.model_type():
        other = " It has a modules.json: try st:" if st_modules.LIST in listing.names else ""
        raise UsageError(f"{listing.label} has no config.json with a model_type, which {kind}: reads.{other}")


def _looks_like(listing: Listing) -> Kind:
    """The kind of a checkpoint by its files; `UsageError` says what was looked for."""
    chain = st_modules.modules_of(listing)
    if chain:
        return "static" if chain[0].kind == "StaticEmbedding" else "st"
    if "siamese.json" in listing.names:
        return "siamese"
    model_type = listing.model_type()
    if model_type and model_type != "model2vec":
        return "hf"
    if _model2vec(listing) is not None:
        return "static"
    raise UsageError(
        f"{listing.label} is no checkpoint that is known here: it has no modules.json (sentence-transformers), no "
        f"config.json with a model_type (Hugging Face), no siamese.json, and not config.json, tokenizer.json and "
        f"model.safetensors with nothing else said (model2vec)"
    )


def _model2vec(listing: Listing) -> str | None:
    """The folder in which model2vec's table lies, "" being the checkpoint itself; None: there is none."""
    for site in ("", "0_StaticEmbedding"):
        table = {posixpath.join(site, name) for name in ("model.safetensors", "tokenizer.json")}
        if table <= listing.names and {"config.json", st_modules.SETTINGS} & listing.names:
            return site
    return None


def _only_module(listing: Listing, kind: Kind) -> Module:
    """What a checkpoint without ``modules.json`` consists of, as a module."""
    if kind != "static":
        return Module("sentence_transformers.models.Transformer", "")
    site = _model2vec(listing)
    if site is None:
        raise UsageError(f"{listing.label} holds no static vectors: no model.safetensors beside a tokenizer.json")
    if listing.model_type() not in ("", "model2vec"):
        raise UsageError(f"{listing.label} holds no static vectors, but a {listing.model_type()} encoder: try hf:")
    return Module("sentence_transformers.models.StaticEmbedding", site)


# ---- which files count


def _all_files(listing: Listing) -> tuple[str, ...]:
    """Every file, for a checkpoint that runs code of its own. `UsageError` where some of them are not seen."""
    if listing.unseen:
        raise UsageError(
            f"{listing.label} runs code of its own and has a folder that is not looked into ({listing.unseen[0]}: "
            f"hidden, deep, or a link), so that a change there would not be seen: move it, or take it away"
        )
    return tuple(sorted(listing.names))


def _identity_files(listing: Listing, sites: Sequence[str]) -> set[str]:
    """The files of these folders, and of the templates beside a tokenizer, but for those that no library reads."""
    folders = {*sites, *(posixpath.join(site, _TEMPLATES) for site in sites)}
    there = {name for name in listing.names if posixpath.dirname(name) in folders}
    return {name for name in there if not _matches(name, (*_NO_CONTENT, *_OTHER_WEIGHTS))}


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(posixpath.basename(name), pattern) for pattern in patterns)


def _is_pickle(name: str) -> bool:
    """Whether a file of weights is none of safetensors, whatever it is called."""
    return not name.endswith((".safetensors", ".safetensors.index.json"))


def _foreign_pickles(listing: Listing, parts: Sequence[Module]) -> set[str]:
    """Pickles in the folders of modules that are not known, and below them: what these read is not known either."""
    own = {module.site for module in parts if module.kind}
    sites = [module.site for module in parts if not module.kind and module.site not in own]
    return {
        name
        for name in listing.names
        if _matches(name, _PICKLES) and any(name.startswith(f"{site}/" if site else "") for site in sites)
    }


def _weights_of(listing: Listing, module: Module) -> tuple[str, ...]:
    """The files of a module's weights: safetensors, else pickles; each whole or in parts."""
    site = module.site
    for name in (posixpath.join(site, name) for name in (*_SAFETENSORS, *_PICKLED)):
        if name in listing.names:
            return (name, *_parts(listing, site, name)) if name.endswith(".index.json") else (name,)
    if not module.needs_weights:
        return ()
    others = sorted(listing.matching(site, _OTHER_WEIGHTS))
    there = f" ({', '.join(others[:3])} is not read: save it as model.safetensors)" if others else ""
    label = f"{listing.label}, {site}" if site else listing.label
    raise UsageError(f"{label}: no weights, neither model.safetensors nor pytorch_model.bin{there}")


def _parts(listing: Listing, site: str, index: str) -> list[str]:
    parts = listing.table(index).get("weight_map")
    if not isinstance(parts, dict) or not parts:
        raise DataError(f"{listing.label}: {index} names no parts: download or save it anew")
    names = sorted({str(part) for part in parts.values()})
    lost = [name for name in names if posixpath.join(site, name) not in listing.names]
    if lost:
        raise DataError(f"{listing.label}: the weights lack {lost[0]}, which {index} names: download it")
    return [posixpath.join(site, name) for name in names]


# ---- the weights


def with_weights_checked(layout: Layout, folder: Path) -> Layout:
    """The layout of a checkpoint that is there, its files and its safetensors checked.

    What looked like ``hf`` is ``siamese`` where `weights.is_wrapped_pair` says so. Raises `DataError` for damaged
    files, `UsageError` for weights of another kind, or that no model of such a size can have.
    """
    check_regular(folder, layout.files)
    by_site: dict[str, dict[str, tuple[int, ...]]] = {}
    for name in layout.weights:
        if name.endswith(".safetensors"):
            by_site.setdefault(posixpath.dirname(name), {}).update(weights.tensor_shapes(folder / name))
    listing = list_folder(folder, str(folder))
    for site in layout.encoders:
        if site in by_site:
            config = listing.table(posixpath.join(site, "config.json"))
            weights.check_sizes(config, by_site[site], listing.label_of(site))
    shapes = {name: shape for found in by_site.values() for name, shape in found.items()}
    if layout.kind == "static" and shapes and not {"embeddings", "embedding.weight"} & set(shapes):
        raise UsageError(f"{folder} holds no static vectors: its weights have no table called embeddings")
    if layout.kind != "hf" or not shapes or not weights.is_wrapped_pair(listing.table("config.json"), shapes):
        return layout
    pairs = {path.name for path in folder.glob(_PAIRS)}
    return replace(layout, kind="siamese", files=tuple(sorted({*layout.files, *pairs})))
