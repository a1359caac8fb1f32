"""The schemes of checkpoints (``hf:``, ``st:``, ``siamese:``, ``static:``): make models from specs.

Making a model reads the small files of a local folder, so that a mistake in a command is told at once. Downloading,
hashing and loading wait until they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from xlbench import Download, Encoder, Model, Option, Scheme, Spec, UsageError
from xlbench.core.ids import check_name, digest
from xlbench.core.specs import parse
from xlbench.core.text import did_you_mean
from xlbench_transformers import encoders, transforms
from xlbench_transformers.checkpoint import Checkpoint, LocatedCheckpoint, is_hub_name, is_path
from xlbench_transformers.encoders.prompts import Prompts
from xlbench_transformers.named import NamedCheckpoint, entries
from xlbench_transformers.options import DEVICE, LABELS, MACHINE, OPTIONS, PRESETS, TRANSFORM
from xlbench_transformers.trained_on import data_sets_of, texts_of

if TYPE_CHECKING:
    from xlbench_transformers.layout import Kind

VECTORS_VERSION = 1
"""Part of every fingerprint: to be raised when the same checkpoint and options would give other vectors."""

Detail = str | int | float | bool

ANY: tuple[Option, ...] = OPTIONS["hf"]
"""The options of a spec whose checkpoint says what it is: all that there are."""

_WHAT: Mapping[Kind, str] = {
    "hf": "Any Hugging Face encoder, pooled here: hf:org/name?pooling=cls, hf:./folder",
    "st": "A sentence-transformers checkpoint as it is: st:org/name, st:./folder",
    "siamese": "The encoder of a pair that was trained with a classifier over (u, v, |u - v|): siamese:./folder",
    "static": "Vectors of pieces from a table, averaged (model2vec, StaticEmbedding): static:org/name",
}


def schemes() -> Iterator[Scheme]:
    """The four kinds of checkpoint, one that looks what it is, and the named models with options."""
    for kind, what in _WHAT.items():
        yield Scheme(
            kind, partial(_has_prefix, f"{kind}:"), partial(_of_kind, kind), description=what, options=OPTIONS[kind]
        )
    yield Scheme(
        "checkpoint", _is_bare, partial(_of_kind, None), options=ANY,
        description="org/name or a path (./folder, ~/x, /x): hf, st, siamese or static, by the files that lie there",
    )  # fmt: skip
    yield Scheme(
        "named", _is_named, _of_name, options=ANY,
        description="A named model with other options: mbert?pooling=cls (those of its own scheme)",
    )  # fmt: skip


def named_models() -> Iterator[Model]:
    """The models of ``named.toml``."""
    for name in entries():
        yield from _of_name(name)


def _has_prefix(prefix: str, spec: str) -> bool:
    return spec.startswith(prefix)


def _is_bare(spec: str) -> bool:
    target = spec.partition("?")[0]
    return is_hub_name(target) or (is_path(target) and not target.endswith((".toml", ".py")) and ".py:" not in target)


def _is_named(spec: str) -> bool:
    name, mark, _ = spec.partition("?")
    return bool(mark) and name in entries()


def _of_kind(kind: Kind | None, text: str) -> list[Model]:
    spec = parse(text, OPTIONS[kind] if kind else ANY, kind or "")
    return list(_models(kind, text, spec, NamedCheckpoint()))


def _of_name(text: str) -> list[Model]:
    """A named model; what follows a ``?`` takes the place of what its entry says."""
    name, _, _ = text.partition("?")
    entry = entries()[name]
    asked = parse(text, OPTIONS[entry.kind])
    own = parse(entry.spec, OPTIONS[entry.kind], entry.kind)
    given = {**own.given, "revision": entry.revision, **asked.given}
    spec = Spec(text, own.target, given, {**own.values, **given})
    return list(_models(entry.kind, text, spec, entry))


def _models(kind: Kind | None, text: str, spec: Spec, entry: NamedCheckpoint) -> Iterator[Model]:
    return (model for _, model in recipes(kind, text, spec, entry))


def recipes(kind: Kind | None, text: str, spec: Spec, entry: NamedCheckpoint) -> Iterator[tuple[Recipe, Model]]:
    """One model, with how it is made, for each value of ``dimensions``."""
    if spec.values.get("layers"):
        if "layer" in spec.given:
            raise UsageError(f"{text!r} gives both layer and layers: choose one of them")
        spec = replace(spec, values={**spec.values, "layer": PRESETS[spec["layers"]]})
    _check_values(spec)
    revision = spec["revision"]
    checkpoint = Checkpoint(spec.target, revision, kind, text)
    folder = None
    if checkpoint.local:
        located = checkpoint.located()
        _check_options(located.layout.kind, spec)
        folder = located.folder
    seen = tuple(dict.fromkeys((*entry.trained_on, *data_sets_of(spec, folder))))
    for dimensions in spec["dimensions"] or (None,):
        one = replace(spec, values={**spec.values, "dimensions": (dimensions,) if dimensions else None})
        recipe = Recipe(checkpoint, one)
        name, again = _names(text, one, dimensions if len(spec["dimensions"] or ()) > 1 else None)
        yield (
            recipe,
            Model(
                name,
                load=recipe.load,
                fingerprint=recipe.fingerprint,
                description=entry.description,
                license=entry.license,
                trained_on=seen,
                trained_on_texts=texts_of(folder),
                spec=again if again != name else "",
                details=Details(recipe),
                transform=transforms.transform_of(one),
                vectors=recipe.vectors,
                cached=kind != "static",
                download=Download(
                    recipe.fetch,
                    recipe.at_hand,
                    origin=checkpoint.target if checkpoint.local else f"https://huggingface.co/{checkpoint.target}",
                    revision="" if checkpoint.local else revision or "",
                ),
            ),
        )


def _check_values(spec: Spec) -> None:
    """`UsageError` for what can be seen to be wrong before a model is loaded, which may be long after, or never."""
    if not DEVICE.fullmatch(spec["device"]):
        guess = did_you_mean(spec["device"], ("auto", "cpu", "cuda", "cuda:0", "mps"))
        raise UsageError(f"{spec.text!r}: device={spec['device']}: choose one of auto, cpu, cuda, cuda:N, mps.{guess}")
    for role in ("prompt", "prompt_query", "prompt_document"):
        for field in re.findall(r"\{ *(\w+) *\}", spec[role] or ""):
            if field != "text" and did_you_mean(field, ("text",)):
                raise UsageError(f"{spec.text!r}: {role} has {{{field}}}: the place of the text is written {{text}}")


def _names(text: str, spec: Spec, dimensions: int | None) -> tuple[str, str]:
    """What the model is called, and the spec that gives it again."""
    target, mark, query = text.partition("?")
    parts = [part for part in query.split("&") if part]
    if dimensions:
        parts = [f"dimensions={dimensions}" if part.partition("=")[0] == "dimensions" else part for part in parts]
    again = target + mark * bool(parts) + "&".join(parts)
    if spec["name"] is not None:
        label = check_name("model", spec["name"])
        return (f"{label}-{dimensions}" if dimensions else label), again
    return again, again


def _check_options(kind: Kind, spec: Spec) -> None:
    """`UsageError` for an option that this kind of checkpoint does not have."""
    able = [option.name for option in OPTIONS[kind]]
    for name in spec.given:
        if name not in able:
            raise UsageError(
                f"{spec.text!r}: this is a checkpoint for {kind}:, which has no option {name!r}."
                f"{did_you_mean(name, able)} There are: {', '.join(able)}"
            )


@dataclass(frozen=True)
class Recipe:
    """How one model is made of a checkpoint."""

    checkpoint: Checkpoint
    spec: Spec

    def located(self) -> LocatedCheckpoint:
        """The checkpoint, which must be able to follow the spec's options."""
        located = self.checkpoint.located()
        _check_options(located.layout.kind, self.spec)
        return located

    def load(self) -> Encoder:
        """The loaded encoder. Foreign code is run only where `safety` let the checkpoint pass with it."""
        located = self.located()
        layout = located.layout
        return encoders.load(layout.kind, located.folder, self.spec, trust_remote_code=bool(layout.foreign))

    def vectors(self) -> str:
        """Identity of the vectors before any transform: content of the files, and the settings that shape vectors."""
        located = self.located()
        content = [part for name, hashed in sorted(located.content().items()) for part in (name, hashed)]
        settings = [f"{name}={value!r}" for name, value in sorted(self.shaping(located.layout.kind).items())]
        return digest("xlbench_transformers", str(VECTORS_VERSION), located.layout.kind, *content, *settings)

    def fingerprint(self) -> str:
        """The same with the transform."""
        return digest(self.vectors(), transforms.identity_of(self.spec))

    def fetch(self) -> str:
        """Where the checkpoint lies; it is downloaded first where that is needed."""
        return str(self.located().folder)

    def at_hand(self) -> str:
        """The same without a request; "" where it would have to be downloaded."""
        located = self.checkpoint.at_hand()
        return str(located.folder) if located else ""

    def shaping(self, kind: Kind) -> dict[str, object]:
        """The values of the options that shape vectors, by name."""
        labels = {*LABELS, *MACHINE, *TRANSFORM, "layers"}
        values = {option.name: self.spec[option.name] for option in OPTIONS[kind] if option.name not in labels}
        for role in ("prompt_query", "prompt_document"):
            values[role] = values["prompt"] if values[role] is None else values[role]
        if kind == "siamese":  # its own siamese.json says how it pools, unless the spec does
            values["pooling"] = self.spec.given.get("pooling")
        return values


_UNSAID = (None, "", "none", "cosine", False)
"""Values that every model has unless its spec says otherwise."""


class Details(Mapping[str, Detail]):
    """What shapes a model's vectors, for a reader of its results. What the checkpoint itself says is looked up when it
    is read, since a model is made before its checkpoint is at hand; it is left out where the checkpoint is not."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def __getitem__(self, name: str) -> Detail:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"Details({self._recipe.spec.text!r})"

    def _all(self) -> dict[str, Detail]:
        checkpoint, spec = self._recipe.checkpoint, self._recipe.spec
        found: dict[str, Detail] = {"checkpoint": checkpoint.target}
        located = checkpoint.at_hand()
        kind = located.layout.kind if located else checkpoint.kind
        if located:
            found |= _details_of(checkpoint, located)
        if kind:
            settings = self._recipe.shaping(kind) | {name: spec[name] for name in TRANSFORM}
            settings |= dict.fromkeys(("prompt", "prompt_query", "prompt_document")) | Prompts(spec).details()
            found |= {name: _plain(value) for name, value in settings.items() if value not in _UNSAID}
        return found


def _details_of(checkpoint: Checkpoint, located: LocatedCheckpoint) -> dict[str, Detail]:
    """What is known of a checkpoint that is at hand."""
    found: dict[str, Detail] = {"scheme": located.layout.kind, "weights": _weights(located)}
    if located.commit:
        found["revision"] = located.commit
        if checkpoint.revision != located.commit:
            found["note"] = f"not pinned: {checkpoint.revision or 'main'} of the hub was {located.commit[:12]}"
    if located.layout.foreign:
        found["runs_code"] = ", ".join(located.layout.foreign)
    return found


def _weights(located: LocatedCheckpoint) -> str:
    return "pickle" if located.layout.pickles else "safetensors"


def _plain(value: object) -> Detail:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, str | int | float | bool) else str(value)
