"""`Progress`: the notes and the outcome of a training, kept in a file so that a later process can resume it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xlbench import DataError
from xlbench.core.files import write_whole

FILE = "progress.json"


@dataclass
class Progress:
    """How far a training has come; every change is on the disk before anything else happens."""

    folder: Path
    """The training's own."""
    notes: list[str] = field(default_factory=list)
    """What happened on the way, each a sentence for the card."""
    batch_size: int = 0
    """Of the batches, where memory did not suffice for those that were asked for; else 0."""
    kept_step: int | None = None
    """The step of the checkpoint whose weights are kept; None while there is something to train."""
    why: str = ""
    """Why it ended."""
    failed: bool = False
    """Whether it ended because it could not go on."""
    steps: int = 0
    """In all, where they follow from how long one takes here; else 0."""

    @classmethod
    def read(cls, folder: Path) -> Progress:
        """The progress saved in a folder, or a new one. `DataError` if the file is damaged."""
        path = folder / FILE
        if not path.is_file():
            return cls(folder)
        try:
            return cls(folder, **json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise DataError(f"{path} is damaged: choose another --out") from None

    def note(self, line: str) -> bool:
        """Keep a sentence for the card, and whether it is a new one: an earlier process may have kept it already."""
        is_new = line not in self.notes
        if is_new:
            self.notes.append(line)
            self._write()
        return is_new

    def set_batch_size(self, batch_size: int) -> None:
        """Batches are of this size from here on."""
        self.batch_size = batch_size
        self._write()

    def set_steps(self, steps: int) -> None:
        """It has so many steps in all, however long they take a later process."""
        self.steps = steps
        self._write()

    def end(self, kept_step: int, why: str, *, failed: bool = False) -> None:
        """Nothing is trained from here on."""
        self.kept_step, self.why, self.failed = kept_step, why, failed
        self._write()

    def _write(self) -> None:
        known = {name: value for name, value in asdict(self).items() if name != "folder"}
        content = json.dumps(known, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")
        write_whole(self.folder / FILE, content, durable_name=True)
