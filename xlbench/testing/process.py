"""Shared by the checks: calls of plugin code, questions to a fresh process, and `ConformanceError`."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.ids import check_name

HEAVY = ("numpy", "pandas", "torch", "transformers", "sentence_transformers", "mteb", "datasets", "sklearn", "scipy",
         "tensorflow", "jax", "matplotlib", "ray")  # fmt: skip
"""What no plugin may import before its model is loaded or its task evaluated: `xlbench list` imports every plugin."""


ASKED = "XLBENCH_TESTING_ASKED"
"""Variable of the environment that a process has which was started to answer a question of the kit."""


class ConformanceError(AssertionError):
    """A plugin does not do what xlbench relies on; the message is one line that says what to do."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.split()))


def require_light(imports: Mapping[str, Sequence[str]]) -> None:
    """Modules that offer plugins import nothing heavy."""
    for name, heavy in imports.items():
        if heavy:
            raise ConformanceError(f"importing {name} imports {', '.join(heavy)}: do that inside load() or evaluate()")


def heavy_imports(places: Mapping[str, str]) -> dict[str, list[str]]:
    """In a fresh process: what importing each module imports, of what is heavy."""
    found = {}
    for name, file in places.items():
        before = set(sys.modules)
        _import({name: file})
        found[name] = [heavy for heavy in HEAVY if heavy in sys.modules and heavy not in before]
    return found


def import_paths(functions: Iterable[Callable[..., Any] | None]) -> dict[str, str]:
    """The modules in which functions are written, and their files; without ``__main__``, which cannot be imported."""
    places: dict[str, str] = {}
    for function in functions:
        while isinstance(function, functools.partial):
            function = function.func
        name = getattr(function, "__module__", None)
        if name and name != "__main__":
            places[name] = str(getattr(sys.modules.get(name), "__file__", None) or "")
    return places


def _import(places: Mapping[str, str]) -> None:
    """Import modules by name or, where they have none to be found by (test files, for some runners), by file."""
    for name, file in places.items():
        if name in sys.modules:
            continue
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is not None or not file:
            importlib.import_module(name)
            continue
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None and spec.loader is not None  # noqa: PT018 - it was imported from this file before
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])


def pickle_or_none(item: Any) -> bytes | None:
    """The item for another process, or None where it cannot be sent: a lambda, or something of ``__main__``."""
    try:
        packed = pickle.dumps(item)
    except Exception:  # noqa: BLE001 - pickle raises what it likes
        return None
    return None if b"__main__" in packed else packed


def ask_process(question: Callable[..., Any], *given: Any) -> Any:
    """What a function of the kit returns for ``given``, in a process of its own.

    Such a process imports the plugin's module. Where that itself begins a check, each process would start another one
    without end: so that is refused.
    """
    if ASKED in os.environ:
        raise ConformanceError(
            "the plugin's module begins a check when it is imported: call it in a test, or under "
            "`if __name__ == '__main__':`"
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        asked, answered = Path(folder, "asked"), Path(folder, "answered")
        asked.write_bytes(pickle.dumps(given))
        place = (question.__module__, question.__name__, str(asked), str(answered))
        code = f"from xlbench.testing.process import answer; answer{place!r}"
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
            ASKED: "1",
            "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1",
        }
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=False)
        if not answered.is_file():
            last_line = (done.stderr.decode(errors="replace").strip().splitlines() or ["it printed nothing"])[-1]
            raise ConformanceError(f"in a process of its own the plugin ends with code {done.returncode}: {last_line}")
        answer, failure = pickle.loads(answered.read_bytes())
    if failure:
        raise ConformanceError(f"in a process of its own the plugin does not work: {failure}")
    return answer


def answer(module: str, question: str, asked: str, answered: str) -> None:
    """In a fresh process: write the answer to a question, or why there is none."""
    from xlbench.core.text import reason_of

    try:
        function = getattr(importlib.import_module(module), question)
        reply = pickle.dumps((function(*pickle.loads(Path(asked).read_bytes())), ""))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - plugins may raise anything
        reply = pickle.dumps((None, reason_of(error)))
    Path(answered).write_bytes(reply)


def call(what: str, function: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a plugin's function returns; what it raises, in one line, with the whole as its cause."""
    from xlbench.core.text import reason_of

    try:
        return function(*given, **named)
    except ConformanceError:
        raise
    except (Exception, SystemExit) as error:
        raise ConformanceError(f"{what} fails: {reason_of(error)}") from error


def run_check(where: str, check: Callable[..., Any], *given: Any) -> Any:
    """What one of the checks of a run returns; the sentence that it ends in, with ``where`` ahead of it."""
    try:
        return check(*given)
    except UsageError as error:
        begin = f"{where}: " if where and not where.endswith(" ") else where
        raise ConformanceError(f"{begin}{error}") from error.__cause__


def require_name(kind: str, name: object) -> None:
    """A name; or, of what a scheme has made, a spec."""
    if isinstance(name, str) and ":" in name and name.isprintable() and len(name) <= 500:
        return
    try:
        check_name(kind, name)
    except UsageError as error:
        raise ConformanceError(str(error)) from None
