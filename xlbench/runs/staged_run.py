"""`staged_run`: a run's folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from xlbench.core.errors import ResultsError
from xlbench.core.files import staging_folder


@contextlib.contextmanager
def staged_run(folder: Path) -> Iterator[Path]:
    """A results folder in which ``folder`` is written, to appear in its place once it is whole.

    Raises:
        ResultsError: The disk is full, or the place cannot be written to; nothing of the run is there then.
    """
    staged = staging_folder(folder)
    try:
        yield staged
        os.replace(staged / folder.name, folder)
    except OSError as error:
        raise _not_written(folder, error) from None
    except ResultsError as error:
        if isinstance(error.__cause__, OSError):  # of the store, which says that cells are kept: here none are
            raise _not_written(folder, error.__cause__) from None
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _not_written(folder: Path, error: OSError) -> ResultsError:
    return ResultsError(f"cannot write {folder}: {error.strerror or error}; nothing of it is there")
