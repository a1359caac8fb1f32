"""Finds the checkpoint that a recipe starts from, as `xlbench run` does it, through the catalog; what is trained is its
folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xlbench import Catalog, Model, UsageError
from xlbench.core.errors import XlbenchError
from xlbench.core.ids import digest

HUB = "https://huggingface.co/"
"""How the origin of a model of the hub begins."""
_OF_RUN = ("--allow-pickle", "--trust-remote-code")
"""Options that errors offer which may lift a refusal; a training has none of the kind."""


@dataclass(frozen=True)
class Base:
    """A base, found but not loaded."""

    spec: str
    license: str = ""
    trained_on: tuple[str, ...] = ()
    folder: Path | None = None
    """None: a new model."""
    pooling: str = ""
    """How a checkpoint without modules of its own is pooled where the settings do not say."""
    model: Model | None = None

    @property
    def name_on_the_hub(self) -> str:
        """``org/name``; empty for a folder of this machine, and for a new model."""
        origin = self.model.download.origin if self.model is not None and self.model.download is not None else ""
        return origin.removeprefix(HUB) if origin.startswith(HUB) else ""

    def identity(self, seed: int) -> str:
        """Of its content: a training goes on with the base that it began with, and no other. ``seed``: of a new
        model's weights."""
        return self.model.vectors_identity() if self.model else digest(self.spec, str(seed))

    def trained_on_texts(self) -> Any:
        """Keys (n,) of the texts that it was trained on; None where it does not say."""
        seen = getattr(self.model, "trained_on_texts", None)
        return None if seen is None else seen()


def find_checkpoint(
    spec: str, catalog: Catalog, *, kinds: Sequence[str], readable: str, or_new: str = "", options: str = ""
) -> Base:
    """The base that a spec means, its files on this machine.

    Args:
        spec: A folder, a name on the hub, a named model, ``st:`` or ``hf:``; perhaps with ``?revision=``.
        catalog: Where it is looked up.
        kinds: Schemes of checkpoints that the recipe trains.
        readable: What checkpoints those are, for errors, as ``one of Hugging Face``.
        or_new: What may be given where there is no checkpoint, as ``ngrams:65536x192 for a static one``.
        options: The command's options that shape a model, for whoever writes them into the spec.

    Raises:
        UsageError: Nobody knows it, or it cannot be trained.
        DataMissing: It would have to be downloaded, and cannot be.
    """
    bare = _path_of(spec)
    if "?" in bare and not re.fullmatch(r"[^?]+\?revision=[^&]+", bare):
        give = f"give {options}; " * bool(options)
        raise UsageError(
            f"--base {spec}: options of a spec do not shape what is trained: {give}?revision= alone is read"
        )
    try:
        (model,) = catalog.select_models([bare])[:1]
        if model.download is None:
            raise UsageError(
                f"--base {spec}: it cannot be trained: it is no checkpoint, but code of {_owner(model, catalog)}. Give "
                f"a folder{',' if or_new else ' or'} a name on the hub"
                + f", or {or_new.partition(' ')[0]}"
                * bool(or_new)
            )
        kind = str(dict(model.details).get("scheme", ""))
        folder = Path(model.download.fetch())
    except XlbenchError as error:
        if not any(option in str(error) for option in _OF_RUN):
            raise
        raise UsageError(
            f"--base {spec}: training reads safetensors alone, and runs no code that comes with a checkpoint: save it "
            f"so with the library's save_pretrained, or give another base"
        ) from error
    kind = str(dict(model.details).get("scheme", kind))
    if kind not in kinds:
        raise UsageError(
            f"--base {spec}: a checkpoint for {kind}: cannot be trained: give {readable}"
            + f", or {or_new}" * bool(or_new)
        )
    pooling = str(dict(model.details).get("pooling", "mean"))
    return Base(spec, model.license or _license_in(folder), model.trained_on, folder, pooling, model)


def scheme_of(base: Base) -> str:
    """The scheme that reads a base's checkpoint; empty for a new model."""
    return str(dict(base.model.details).get("scheme", "")) if base.model else ""


def _license_in(folder: Path) -> str:
    """The license that the front matter of a folder's own card names; empty where there is none."""
    try:
        card = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    front = re.match(r"---\n(.*?)\n---", card, re.DOTALL)
    found = re.search(r"^license: *[\"']?([\w.+-]+)", front[1], re.MULTILINE) if front else None
    return found[1] if found else ""


def _path_of(spec: str) -> str:
    """A folder that is given without ``./`` is meant as one."""
    bare = Path(spec).expanduser()
    return f"./{spec}" if bare.is_dir() and re.match(r"[\w-]", spec) and ":" not in spec else spec


def _owner(model: Model, catalog: Catalog) -> str:
    plugin = catalog.origins.get(("models", model.name))
    return f"the plugin {plugin.name}" if plugin else "one's own"


def path_spec(path: Path) -> str:
    """A path as specs have it: a relative one begins with ``./``."""
    return path.as_posix() if path.is_absolute() else f"./{path.as_posix()}"
