"""Errors, and the exit code that each kind ends with.

| code | meaning |
|---|---|
| 0 | everything asked for was done |
| 1 | a cell failed (with ``--strict``: or was skipped), nothing was scored, or something was not fetched |
| 2 | the command cannot be carried out as given: a wrong name, a missing folder, a broken card or model |
| 3 | something that was read or written is damaged, or xlbench itself failed |
| 130 | stopped by Ctrl-C; the same command resumes |
"""

from __future__ import annotations

from collections.abc import Sequence

OK, CELL_FAILED, USAGE, INVALID, INTERRUPTED = 0, 1, 2, 3, 130


class XlbenchError(Exception):
    """Trouble that has a one-line explanation; the line says what to do about it."""

    exit_code = INVALID


class UsageError(XlbenchError):
    """The command (or the call) cannot be carried out as given."""

    exit_code = USAGE


class DataError(XlbenchError):
    """A data file is broken: the message names the file, the line where there is one, and the remedy."""


class DataMissing(XlbenchError):  # noqa: N818 - an absence, not a fault
    """Data is not at hand: the cells that need it are skipped, not failed."""


class EncoderError(XlbenchError):
    """An encoder returned something that cannot be scored: wrong shape or count, NaN, zero vectors."""


class InconsistentEncoder(EncoderError):  # noqa: N818 - what the encoder is
    """An encoder gives a text another vector among other texts: no vector, and no score, of the model can be kept."""

    def __init__(self, why: str, forget: str = "") -> None:
        """``why`` it is inconsistent; where an earlier run has found that, how to ``forget`` it."""
        super().__init__(f"{why} (found in an earlier run: {forget})" if forget else why)
        self.why = why


class ResultsError(XlbenchError):
    """A saved result is damaged, or cannot be written. Never read as "not there"."""


class MissingExtraError(UsageError):
    """An optional library is not installed; the message names the extra of xlbench that installs it."""


EXTRAS = {
    "corpus": ("rensa",),
    "hf": ("model2vec", "sentence_transformers", "sentencepiece", "tokenizers", "torch", "transformers"),
    "hub": ("datasets", "huggingface_hub"),
    "langid": ("py3langid",),
    "mteb": ("mteb",),
    "plots": ("matplotlib",),
    "ray": ("ray",),
    "train": ("accelerate", "filelock", "peft"),
}
"""Extra of xlbench -> the libraries that it installs, as they are imported."""


def require_extra(extra: str, what: str, *libraries: str) -> None:
    """Check that optional libraries are installed, without importing them.

    Args:
        extra: The one that installs them, as in `EXTRAS`.
        what: What needs them; begins the message.
        libraries: Names as they are imported.

    Raises:
        MissingExtraError: With the command that installs what is missing.
    """
    missing = [name for name in libraries if not _is_installed(name)]
    if missing:
        raise MissingExtraError(_how_to_install(extra, what, missing))


def explain_import(error: ImportError) -> str | None:
    """The command that installs what could not be imported; None where that is no optional library of xlbench."""
    library = (error.name or "").partition(".")[0]
    extra = next((extra for extra, libraries in EXTRAS.items() if library in libraries), None)
    return _how_to_install(extra, "this", [library]) if extra and not _is_installed(library) else None


def _how_to_install(extra: str, what: str, libraries: Sequence[str]) -> str:
    return f"{what} needs {' and '.join(libraries)}: pip install 'xlbench[{extra}]'"


def _is_installed(library: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):  # of an import hook, and of a module without a spec
        return False


_OUT_OF_MEMORY = ("out of memory", "allocate memory", "not enough memory", "bad_alloc", "alloc_failed")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on this machine or on its accelerator, so that smaller pieces may succeed."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in _OUT_OF_MEMORY)
