"""``rerank:./folder+FIRST``: the documents that a first model finds, put in order by another, which reads query and
document together (a CrossEncoder) or token by token (a MultiVectorEncoder).

Folders alone are read, without pickles and without code of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import xlbench
from xlbench import Catalog, Model, Option, Searcher, Spec, UsageError
from xlbench.core.ids import digest
from xlbench.core.specs import parse
from xlbench_transformers.checkpoint import is_path
from xlbench_transformers.options import OPTIONS

if TYPE_CHECKING:
    from xlbench_transformers.listing import Listing

VERSION = 1
"""Part of every fingerprint: to be raised when the same folder and options would give other scores."""

PREFIX = "rerank:"

SPEC_OPTIONS = (
    Option("depth", "int", 100, description="how many documents of the first model are put in order"),
    *(option for option in OPTIONS["st"] if option.name in ("name", "device", "batch_size")),
)
"""What may follow the folder: ``rerank:./folder?depth=50+bm25``."""

Kind = Literal["CrossEncoder", "MultiVectorEncoder"]

_OWN_MODULES = ("sentence_transformers.multi_vector_encoder.modules.", "sentence_transformers.cross_encoder.modules.")
"""How the types of modules begin that come with the library, beside those of a SentenceTransformer."""

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.pickle", "*.ckpt", "*.joblib")
_NO_CONTENT = (".md", ".py")


@dataclass(frozen=True)
class Reranker:
    """A folder that has been looked at."""

    folder: Path
    kind: Kind
    files: tuple[str, ...]
    spec: Spec

    def content(self) -> str:
        """Identity of its files and its depth."""
        from xlbench.encoding.cache import file_digest

        parts = [part for name in self.files for part in (name, file_digest(self.folder / name))]
        return digest("rerank", str(VERSION), self.kind, str(self.spec["depth"]), *parts)


def scheme() -> xlbench.Scheme:
    """The scheme ``rerank:``."""
    return xlbench.Scheme(
        "rerank",
        lambda spec: spec.startswith(PREFIX),
        combine=models,
        options=SPEC_OPTIONS,
        description="A CrossEncoder or MultiVectorEncoder over what another model finds: rerank:./folder+bm25",
    )


def models(text: str, catalog: Catalog) -> list[Model]:
    """The models of ``rerank:./folder?depth=N+FIRST``, where FIRST is a model by its name or its own spec.

    Raises `UsageError` for what is no reranker, or is refused, `DataError` for a damaged file of it.
    """
    folder, plus, first = text.removeprefix(PREFIX).partition("+")
    if not plus or not folder or not first:
        raise UsageError(
            f"{text!r}: write rerank:./folder+FIRST, a plus sign before the model whose documents it orders"
        )
    spec = parse(folder, SPEC_OPTIONS)
    reranker = _open_reranker(spec)
    found = catalog.select_models([first])
    if spec["name"] and len(found) > 1:
        raise UsageError(f"{text!r}: {first!r} is {len(found)} models, which cannot all be called {spec['name']!r}")
    return [_model(text, reranker, one) for one in found]


def _open_reranker(spec: Spec) -> Reranker:
    """The reranker of a folder; `UsageError` where it is none, or would run code or unpickle."""
    from xlbench_transformers.checkpoint_code import foreign_names
    from xlbench_transformers.listing import check_regular, list_folder
    from xlbench_transformers.st_modules import LIST, modules_of

    if not is_path(spec.target):
        raise UsageError(f"{spec.target!r} is no path: a reranker is a folder, rerank:./folder+bm25")
    folder = Path(spec.target).expanduser()
    if not folder.is_dir():
        raise UsageError(f"there is no folder {spec.target}")
    listing = list_folder(folder, spec.target)
    kind = _kind(listing)
    modules = modules_of(listing) if LIST in listing.names else []
    sites = sorted({"", *(module.site for module in modules)})
    foreign = [name for name in foreign_names(listing, sites, modules) if not name.startswith(_OWN_MODULES)]
    if foreign:
        raise UsageError(f"{spec.target} would run code of its own ({', '.join(foreign)}), which a reranker may not")
    pickles = [name for site in sites for name in listing.matching(site, _PICKLES)]
    if not [name for name in listing.names if name.endswith(".safetensors")] or pickles:
        raise UsageError(f"{spec.target}: a reranker's weights must be in model.safetensors, and in no pickle")
    files = sorted(name for name in listing.names if not name.startswith(".") and not name.endswith(_NO_CONTENT))
    check_regular(folder, files)
    return Reranker(folder, kind, tuple(files), spec)


def _kind(listing: Listing) -> Kind:
    """What a folder is, as it says itself."""
    from xlbench_transformers.st_modules import SETTINGS

    named = str(listing.table(SETTINGS).get("model_type") or "")
    config = listing.table("config.json")
    architectures = config.get("architectures") or []
    if not named and any(str(one).endswith("ForSequenceClassification") for one in architectures):
        named = "CrossEncoder"
    if named == "CrossEncoder":
        labels = config.get("id2label")
        if not isinstance(labels, dict) or len(labels) != 1:
            count = len(labels) if isinstance(labels, dict) else 2
            raise UsageError(f"{listing.label} gives {count} numbers a pair: a reranker gives one, how well they fit")
        return "CrossEncoder"
    if named == "MultiVectorEncoder":
        return "MultiVectorEncoder"
    raise UsageError(
        f"{listing.label} is no CrossEncoder and no MultiVectorEncoder of sentence-transformers"
        + (f", but a {named}" if named else "")
    )


def _model(text: str, reranker: Reranker, first: Model) -> Model:
    spec = reranker.spec
    name = spec["name"] or f"{PREFIX}{spec.text}+{first.name}"
    return replace(
        first,
        name=name,
        fingerprint=partial(_fingerprint, reranker, first),
        description=f"the first {spec['depth']} documents of {first.name}, in the order of a {reranker.kind}",
        in_suites=False,
        spec=text if name != text else "",
        details={**first.details, "reranker": spec.target, "reranker_kind": reranker.kind, "depth": spec["depth"]},
        search=partial(_search, reranker, first),
    )


def _fingerprint(reranker: Reranker, first: Model) -> str:
    return digest(reranker.content(), first.identity())


def _search(reranker: Reranker, first: Model) -> Searcher:
    from xlbench_transformers.encoders import rerankers

    own = first.search() if first.search else None
    return rerankers.load(reranker.kind, reranker.folder, reranker.spec, own)
