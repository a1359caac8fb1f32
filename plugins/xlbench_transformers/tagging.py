"""``tagger:./folder`` and ``tagger:org/name``: a token classifier, which tags words itself where a task looks for
entities; everywhere else it is the encoder under its head, as ``hf:`` reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import xlbench
from xlbench import Model, Option, Spec, UsageError
from xlbench.core.errors import require_extra
from xlbench.core.ids import digest
from xlbench.core.specs import parse
from xlbench_transformers import schemes, type_names
from xlbench_transformers.named import NamedCheckpoint
from xlbench_transformers.options import OPTIONS, TRANSFORM

if TYPE_CHECKING:
    from pathlib import Path

    from xlbench import WordTagger

VERSION = 1
"""Part of every fingerprint: to be raised when the same checkpoint and options would give other tags."""

PREFIX = "tagger:"

OWN = (
    Option("map", description="how its types are read, own=asked with commas: PER=NEP,LOC=NEL; MISC=O leaves one out"),
    Option(
        "decode", "choice", "valid", ("valid", "each"),
        "valid: the best sequence that the scheme of tags allows; each: the best tag of each word, by itself",
    ),
    Option(
        "tags", "choice", "auto", ("auto", "iob2", "iob1", "io", "bioes"), "the scheme of its tags; auto: by its labels"
    ),
)  # fmt: skip
"""Options of the tags. All three are part of the identity."""

SPEC_OPTIONS = (*(option for option in OPTIONS["hf"] if option.name not in TRANSFORM), *OWN)


def scheme() -> xlbench.Scheme:
    """The scheme ``tagger:``."""
    return xlbench.Scheme(
        "tagger",
        lambda spec: spec.startswith(PREFIX),
        models,
        options=SPEC_OPTIONS,
        description="A token classifier, which tags words itself where entities are looked for: tagger:./folder",
    )


@dataclass(frozen=True)
class Tagging:
    """A token classifier, and how its tags are to be read."""

    recipe: schemes.Recipe
    spec: Spec

    def load(self) -> WordTagger:
        """The loaded tagger."""
        require_extra("hf", "a checkpoint for tagger:", "torch", "transformers")
        from xlbench_transformers.encoders import tagger

        located = self.recipe.located()
        check_is_classifier(located.folder, self.spec.text)
        return tagger.load(located.folder, self.spec, trust_remote_code=bool(located.layout.foreign))

    def fingerprint(self) -> str:
        """Identity of the checkpoint's vectors and of its tags."""
        given = sorted(type_names.parse_map(self.spec["map"]).items())
        settings = [part for pair in given for part in pair]
        return digest(
            "tagger", str(VERSION), self.recipe.fingerprint(), self.spec["decode"], self.spec["tags"], *settings
        )


def models(text: str) -> Iterator[Model]:
    """The model of ``tagger:TARGET?options``.

    Raises `UsageError` for a folder that is no token classifier, or a mapping that is none, `DataError` for a damaged
    file.
    """
    spec = parse(text, SPEC_OPTIONS, "tagger")
    type_names.parse_map(spec["map"])
    plain = {option.name: option.default for option in OPTIONS["hf"]}
    own = {option.name for option in OWN}
    inner = replace(
        spec,
        given={name: value for name, value in spec.given.items() if name not in own},
        values={**plain, **{name: value for name, value in spec.values.items() if name not in own}},
    )
    for recipe, model in schemes.recipes("hf", text, inner, NamedCheckpoint()):
        if recipe.checkpoint.local:
            check_is_classifier(recipe.located().folder, text)
        tagging = Tagging(recipe, spec)
        yield replace(
            model,
            tag=tagging.load,
            fingerprint=tagging.fingerprint,
            description=model.description or "a token classifier, by its own tags where entities are looked for",
        )


def check_is_classifier(folder: Path, label: str) -> None:
    """`UsageError` where a folder's ``config.json`` says that it is no token classifier: a head that its weights lack
    would be random."""
    from xlbench_transformers.listing import list_folder

    config = list_folder(folder, label).table("config.json")
    kinds = [str(one) for one in config.get("architectures") or []]
    if not any(one.endswith("ForTokenClassification") for one in kinds):
        said = f"a {kinds[0]}" if kinds else "what names no architecture"
        raise UsageError(
            f"{label!r} is {said} and no token classifier: it has no tags of its own. As an encoder under a probe it "
            f"is hf:{label.removeprefix(PREFIX)}; 'xlbench train tagger' makes a tagger of it"
        )
