"""Finds the texts that tasks ask an encoder for, by scoring stand-in vectors and noting what is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.core.task import Data, Task
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback
from xlbench.runs.slices import Slice, slices_of

if TYPE_CHECKING:
    import numpy as np

    from xlbench.core.model import Role
    from xlbench.encoding import EncodingSession


@dataclass(frozen=True)
class AskedText:
    """A text that a task asks an encoder for."""

    text: str
    role: str
    """"query" or "document" in an asymmetric search, "" elsewhere."""
    hash: str
    """SHA-256 of its UTF-8: 64 hex digits."""


def text_hash(text: str) -> str:
    """SHA-256 (64 hex digits) of a text's UTF-8, by which vectors made elsewhere are found."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class AskedSubset:
    """A subset whose texts were asked for."""

    task: str
    subset: str
    status: str
    """"ok", "skipped" (its data is not at hand) or "error"."""
    reason: str = ""
    texts: int = 0
    """How many new ones it brought."""


class NotingEncoder:
    """An encoder that hands on every text it is given, each once a role, and makes vectors of hashes."""

    def __init__(self, note: Callable[[Sequence[AskedText]], None]) -> None:
        self.count = 0
        """Texts that were handed on."""
        self.failure: BaseException | None = None
        """Why texts could not be handed on: no failure of the task that asked for them."""
        self._note = note
        self._seen: set[tuple[Role | None, bytes]] = set()

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """Vectors (n, 32) that differ as texts do and mean nothing."""
        import numpy as np

        hashes = [text_hash(text) for text in texts]
        raw = [bytes.fromhex(one) for one in hashes]
        new = [number for number, one in enumerate(raw) if (role, one[:16]) not in self._seen]
        self._seen.update((role, raw[number][:16]) for number in new)
        once = {hashes[number]: texts[number] for number in new}
        try:
            self._note([AskedText(text, role or "", one) for one, text in once.items()])
        except BaseException as error:
            self.failure = error
            raise
        self.count += len(once)
        numbers = np.frombuffer(b"".join(raw), np.uint8).reshape(len(raw), 32)
        return numbers.astype(np.float32) - 127.5


def asked_texts(
    tasks: Sequence[Task], data: Data, note: Callable[[Sequence[AskedText]], None]
) -> Iterator[AskedSubset]:
    """Score the tasks with stand-in vectors, subset by subset, and hand on each text that is asked for.

    A model that has no vectors of words in context is asked for words alone; so is this one.

    Args:
        tasks: The tasks; those with ``data.languages``, where some are given.
        data: Where their data lies, and how much of it is wanted.
        note: Is given texts that were not handed on before, as they are asked for.

    Returns:
        What came of each subset, as soon as its texts are known.
    """
    from xlbench.encoding import EncodingSession

    encoder = NotingEncoder(note)
    session = EncodingSession(encoder)
    for task in tasks:
        for part in slices_of(task, data, data.languages).slices:
            yield _ask(task, part, encoder, session)


def _ask(task: Task, part: Slice, encoder: NotingEncoder, session: EncodingSession) -> AskedSubset:
    """One subset; what a task raises is its own failure, and ends nothing else."""
    name, before = part.subset.name, encoder.count
    if part.failure:
        return AskedSubset(task.name, name, part.failure, part.reason)
    try:
        session.begin_cell()
        task.evaluate(part.subset, session)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - tasks are plugins
        if encoder.failure is not None:
            raise encoder.failure from None
        log_traceback(f"{task.name} {name}")
        return AskedSubset(task.name, name, "error", reason_of(error), encoder.count - before)
    return AskedSubset(task.name, name, "ok", texts=encoder.count - before)
