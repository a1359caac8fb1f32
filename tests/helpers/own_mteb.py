"""mteb for tests: its cache in a folder of theirs, and tasks of ours in its registry."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest


@contextmanager
def mteb_in(folder: Path, tasks: Sequence[str] = ()) -> Iterator[ModuleType]:
    """mteb, imported after its cache was set to ``folder``; it knows each of ``tasks``, classes of `mteb_tasks` that
    hold their data themselves, by the class's name behind "Made"."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTEB_CACHE", str(folder))
        import mteb

        if tasks:
            import mteb_tasks
            from mteb.get_tasks import _TASKS_REGISTRY

            for name in tasks:
                patch.setitem(_TASKS_REGISTRY, f"Made{name}", getattr(mteb_tasks, name))
        yield mteb
