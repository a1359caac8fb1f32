"""A model of mteb's registry as a model: loaded by mteb, identified by its name, its revision and its settings."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from xlbench import DataMissing, Download, EncoderError, Model, Option, Role, UsageError, hub
from xlbench.core.ids import digest
from xlbench.core.permissions import permissions
from xlbench.core.specs import parse
from xlbench.core.text import did_you_mean, reason_of
from xlbench_mteb import registry

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

WEIGHT_FREE = "mteb/baseline-"
"""How the names of mteb's models begin that have no checkpoint: their code is all there is."""


def model_of(text: str, options: Sequence[Option]) -> Model:
    """The model that a spec ``mteb:org/name?task_type=...`` means.

    Raises:
        UsageError: mteb is not installed, has no such model or type of task, or the model cannot be scored: it is no
            dense encoder of texts, or its revision is not pinned.
    """
    spec = parse(text, options, "mteb")
    meta = registry.model_meta(text, spec.target)
    if spec["task_type"] not in (types := registry.task_types()):
        raise UsageError(
            f"{text!r}: task_type={spec['task_type']}: mteb has no such type{_hint(spec['task_type'], types)}"
        )
    recipe = Recipe(text, meta, spec["task_type"])
    recipe.check()
    return Model(
        text,
        load=recipe.load,
        fingerprint=recipe.fingerprint,
        description=f"{meta.name} as mteb loads it.",
        license=str(meta.license or ""),
        trained_on=tuple(sorted(meta.training_datasets or ())),
        spec=text,
        details={"revision": str(meta.revision), "task_type": recipe.task_type, "mteb": registry.version()},
        download=None if recipe.is_weight_free else Download(
            recipe.fetch, recipe.at_hand, f"https://huggingface.co/{meta.name}", str(meta.revision)
        ),
    )  # fmt: skip


def _hint(wrong: str, known: Sequence[str]) -> str:
    return f".{did_you_mean(wrong, known)} There are: {', '.join(known)}"


@dataclass(frozen=True)
class Recipe:
    """How a registered model is loaded, and what it is."""

    text: str
    meta: Any
    """mteb's `ModelMeta`."""
    task_type: str

    @property
    def is_weight_free(self) -> bool:
        """Whether it has no checkpoint."""
        return str(self.meta.name).startswith(WEIGHT_FREE)

    def check(self) -> None:
        """Raise `UsageError` for what cannot be scored."""
        kinds, modes = list(self.meta.model_type), list(self.meta.modalities)
        if "dense" not in kinds or "text" not in modes:
            what = f"{', '.join(kinds)}; {', '.join(modes)}"
            raise UsageError(f"{self.text!r} is no encoder that gives a text one vector ({what})")
        if not self.is_weight_free and not hub.is_commit(self.meta.revision):
            raise UsageError(
                f"{self.text!r}: mteb pins no commit of it (revision {self.meta.revision!r}), so that nobody can know "
                f"what was scored"
            )

    def fingerprint(self) -> str:
        """Identity by name, revision, settings and loader; of what has no checkpoint, by mteb's version besides."""
        meta, code = self.meta, registry.version() if self.is_weight_free else ""
        loader = f"{getattr(meta.loader, '__module__', '')}.{getattr(meta.loader, '__qualname__', meta.loader)}"
        settings = [f"{name}={value!r}" for name, value in sorted(meta.loader_kwargs.items())]
        return digest("xlbench_mteb", str(meta.name), str(meta.revision), loader, code, self.task_type, *settings)

    def load(self) -> RegisteredEncoder:
        """The loaded encoder. Code that comes with a checkpoint is run only where that is permitted."""
        if _asks_for_code(self.meta.loader_kwargs) and not permissions().trust_remote_code:
            raise UsageError(
                f"{self.text!r} runs code that comes with its checkpoint: permit that with --trust-remote-code"
            )
        if not self.is_weight_free and not self.at_hand() and (hub.is_offline() or not hub.answers()):
            why = "offline" if hub.is_offline() else f"no connection to {hub.address()}"
            raise DataMissing(
                f"{self.meta.name} at {self.meta.revision} is not on this machine ({why}): 'xlbench fetch --model "
                f"{self.text}' brings it"
            )
        model = self.meta.load_model()
        if not all(callable(getattr(model, name, None)) for name in ("encode", "similarity")):
            raise EncoderError(f"{self.text!r}: what mteb loads is no encoder, but {type(model).__name__}")
        return RegisteredEncoder(model, self.task_type)

    def at_hand(self) -> str:
        """The folder of the checkpoint, found without a request; "" where it is not here."""
        try:
            return str(self._repository.snapshot(["*"], cached=True))
        except hub.NotCachedError:
            return ""

    def fetch(self) -> str:
        """Download the checkpoint, and say where it lies."""
        repository = self._repository
        try:
            files = repository.files()
            has_safe = any(name.endswith(".safetensors") for name in files)
            unused = (*((".bin",) if has_safe else ()), ".onnx", ".h5", ".msgpack", ".ot")
            wanted = [name for name in files if not name.endswith(unused) and not name.startswith("openvino/")]
            return str(repository.files_named(wanted))
        except Exception as error:
            raise DataMissing(str(repository.explain(error) or f"{self.meta.name}: {reason_of(error)}")) from error

    @property
    def _repository(self) -> hub.HubRepository:
        return hub.HubRepository(str(self.meta.name), revision=self.meta.revision)


def _asks_for_code(settings: Any) -> bool:
    """Whether settings of a loader, however deep, let code of the checkpoint run."""
    if isinstance(settings, Mapping):
        return bool(settings.get("trust_remote_code")) or any(map(_asks_for_code, settings.values()))
    return False


class RegisteredEncoder:
    """An encoder that mteb has loaded. It is told a role, as mteb's query and document, and the type of task of the
    spec, which its prompts may hang on; of the task that is asking only by `session_of`."""

    details: Mapping[str, str] = {"loaded_by": "mteb"}
    """What it says of itself, by which it is known before it is loaded."""

    def __init__(self, model: Any, task_type: str) -> None:
        self.model = model
        """What mteb has loaded."""
        self._of_task: tuple[str, EncodingSession] | None = None
        self._set_task(_metadata(task_type))

    def _set_task(self, metadata: Any) -> None:
        self._encode = partial(
            self.model.encode, task_metadata=metadata, hf_split="test", hf_subset="default", batch_size=32,
            show_progress_bar=False,
        )  # fmt: skip

    def session_of(self, metadata: Any) -> EncodingSession:
        """A session in which the model is told of a task of mteb what mteb tells it, for mteb's own protocol: prompts
        follow from the task. That of the last task is kept."""
        from xlbench import EncodingSession

        if self._of_task is None or self._of_task[0] != metadata.name:
            told = copy.copy(self)
            told._set_task(metadata)
            self._of_task = (metadata.name, EncodingSession(told))
        return self._of_task[1]

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """Vectors (n, d) of n texts."""
        import numpy as np
        from mteb.types import PromptType

        with contextlib.redirect_stderr(io.StringIO()):  # some of mteb's encoders show a bar whatever they are told
            vectors = self._encode(registry.loader_of_texts(texts), prompt_type=PromptType(role) if role else None)
        if hasattr(vectors, "detach"):
            vectors = vectors.detach().cpu().float().numpy()
        return np.asarray(vectors)


def _metadata(task_type: str) -> Any:
    """What mteb is told of the task: its type, and nothing that is of one task alone."""
    from mteb.abstasks.task_metadata import TaskMetadata

    told: Any = {
        "name": "xlbench", "description": "Texts without a task.", "type": task_type, "eval_langs": ["mul-Zyyy"],
        "main_score": "accuracy", "dataset": {"path": "xlbench/none", "revision": "none"},
        "prompt": registry.prompt_of_type(task_type),
    }  # fmt: skip
    return TaskMetadata(**told)
