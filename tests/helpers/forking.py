"""The command line in processes that are forked from one that has the libraries loaded.

Loading them takes longer than most commands of the tests run. A fork of a process that has them is a process like any
other: an environment, a folder, standard streams and an exit code of its own. At its end it waits for its threads,
does what was registered for then and flushes, as an interpreter does, but it does not take its modules apart: in a fork
that would copy all of them first, which takes longer than what most commands do.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import itertools
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LIBRARIES = (
    "pandas", "pyarrow.parquet", "pyarrow.pandas_compat", "scipy.stats", "scipy.sparse.csgraph", "sklearn.linear_model",
    "sklearn.cluster", "sklearn.metrics", "sklearn.preprocessing", "sqlite3", "tabulate", "rich.progress",
    "msgspec.toml", "babel.core", "babel.dates", "babel.numbers", "xlbench.api", "xlbench.builtin", "xlbench.cli.board",
    "xlbench.cli.cache", "xlbench.cli.compare", "xlbench.cli.config", "xlbench.cli.curve", "xlbench.cli.gate",
    "xlbench.cli.list", "xlbench.cli.pack", "xlbench.cli.plugins", "xlbench.cli.output.progress", "xlbench.cli.results",
    "xlbench.cli.run", "xlbench.cli.output.standings", "xlbench.encoding", "xlbench.encoding.cache.database",
    "xlbench.encoding.checked_search", "xlbench.encoding.session", "xlbench.encoding.transformed",
    "xlbench.reports.boards.markdown", "xlbench.reports.boards.plain", "xlbench.reports.boards.spreadsheet",
    "xlbench.reports.boards.standings", "xlbench.reports.compare", "xlbench.reports.compare.render",
    "xlbench.reports.gate", "xlbench.reports.gate.report", "xlbench.reports.html.page", "xlbench.runs.execute",
    "xlbench.runs.packs.write", "xlbench.stats.aggregate", "xlbench.stats.all_pairs", "xlbench.stats.intervals",
    "xlbench.stats.multiple_tests", "xlbench.stats.paired", "xlbench.stats.ranking", "xlbench.stats.scorer",
    "xlbench_baselines", "xlbench_baselines.ngrams", "xlbench_baselines.random_vectors", "xlbench_classes",
    "xlbench_mteb", "xlbench_tasks.card.read", "xlbench_tasks.card.task", "xlbench_tasks.protocols.alignment",
    "xlbench_tasks.protocols.classification", "xlbench_tasks.protocols.clustering", "xlbench_tasks.protocols.nearmiss",
    "xlbench_tasks.protocols.numbers.grouping", "xlbench_tasks.protocols.numbers.probes",
    "xlbench_tasks.protocols.numbers.ranking", "xlbench_tasks.protocols.numbers.tagging_probe",
    "xlbench_tasks.protocols.pairs", "xlbench_tasks.protocols.retrieval", "xlbench_tasks.protocols.search",
    "xlbench_tasks.protocols.similarity", "xlbench_tasks.protocols.tagging", "xlbench_tasks.readers.cldr",
    "xlbench_tasks.readers.conll", "xlbench_tasks.readers.delimited", "xlbench_tasks.readers.hub",
    "xlbench_tasks.readers.nearmiss", "xlbench_tasks.readers.parallel", "xlbench_tasks.readers.search", "xlbench_train",
    "xlbench_transformers", "xlbench_vectors.options",
)  # fmt: skip
"""What commands import while they run; what of it is not installed is left out."""

OF_CHECKPOINTS = (
    "torch", "transformers.models.auto.modeling_auto", "transformers.models.bert.modeling_bert",
    "transformers.models.xlm_roberta.modeling_xlm_roberta", "sentence_transformers", "xlbench_transformers.encoders",
)  # fmt: skip
"""What commands with checkpoints import beside it."""


class Server:
    """A process with the libraries loaded (and with ``more``), and the commands that are forked from it: several at
    once, where several threads ask."""

    def __init__(self, environment: Mapping[str, str], more: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, *more], env=dict(environment), text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._numbers = itertools.count()
        self._one_at_a_time = threading.Lock()
        self._asked: dict[int, queue.SimpleQueue[int | None]] = {}
        threading.Thread(target=self._hand_out, daemon=True).start()

    def _hand_out(self) -> None:
        """Give every exit code to who waits for it; when the process has ended, none to whoever still does."""
        assert self._process.stdout
        for line in self._process.stdout:
            number, code = json.loads(line)
            self._asked[number].put(code)
        for waiting in list(self._asked.values()):
            waiting.put(None)

    def run(
        self,
        args: Sequence[str],
        environment: Mapping[str, str],
        cwd: Path,
        timeout: float,
        first: Sequence[str | int] = (),
    ) -> subprocess.CompletedProcess[str]:
        """What ``python -m xlbench`` with ``args`` does in a folder; ``first`` (a module of ``more``, a function of it
        and its arguments) is called in its process before.

        Raises:
            subprocess.TimeoutExpired: It took longer than ``timeout`` seconds, and was killed.
        """
        assert self._process.stdin
        with tempfile.TemporaryDirectory() as room:
            streams = [Path(room, name) for name in ("out", "err")]
            number = next(self._numbers)
            places = [str(stream) for stream in streams]
            job = Job(number, list(args), dict(environment), str(cwd), timeout, places, list(first))
            answer = self._asked[number] = queue.SimpleQueue()
            with self._one_at_a_time:
                self._process.stdin.write(json.dumps(asdict(job)) + "\n")
                self._process.stdin.flush()
            code = answer.get()
            del self._asked[number]
            shown = [stream.read_text(encoding="utf-8") for stream in streams]
        if code is None:
            raise subprocess.TimeoutExpired(job.args, timeout, *shown)
        return subprocess.CompletedProcess(job.args, code, *shown)

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)


@dataclass(frozen=True)
class Job:
    """One command: its number, arguments, environment, folder, limit in seconds, the files for what it prints, and
    what is called first."""

    number: int
    args: list[str]
    environment: dict[str, str]
    cwd: str
    timeout: float
    streams: list[str]
    first: list[str | int]


def _serve(more: Sequence[str]) -> Job:
    """Fork a process for every job that comes in, and return in it; the server itself ends when no more can come.

    Between the two is a process that waits for the job's and tells the exit code, so that the server need not wait.
    """
    for name in (*LIBRARIES, *more):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # what is loaded stays: a collection in a fork has nothing to look for there
    answers = os.dup(1)
    for line in sys.stdin:
        job = Job(**json.loads(line))
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork():
            continue
        child = os.fork()
        if not child:
            os.close(answers)
            return job
        os.write(answers, f"{json.dumps([job.number, _wait(child, job.timeout)])}\n".encode())
        os._exit(0)
    os._exit(0)


def _wait(child: int, timeout: float) -> int | None:
    """The exit code as `subprocess` gives it; None where the process had to be killed."""
    killed = []

    def kill(*_: object) -> None:
        killed.append(child)
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    _, status = os.waitpid(child, 0)
    return None if killed else os.waitstatus_to_exitcode(status)


def _become(job: Job) -> None:
    """Make this process what a new one with the job's environment, folder and streams would be."""
    os.chdir(job.cwd)
    for descriptor, place in enumerate([os.devnull, *job.streams]):
        opened = os.open(place, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    # As Python makes them where PYTHONUTF8 is set; they live to the end of the process.
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(job.environment)
    own = str(Path(__file__).parent)
    theirs = [os.path.abspath(place) for place in job.environment["PYTHONPATH"].split(os.pathsep) if place]
    sys.path[:] = [*theirs, *(place for place in sys.path if place not in (own, *theirs))]
    sys.argv = [str(Path(xlbench.cli.__file__).parent.parent / "__main__.py"), *job.args]


def _end(code: object) -> None:
    """End this process as an interpreter does that is left with a number, but at once; else leave it to that."""
    if isinstance(code, int | None):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


if __name__ == "__main__":
    _job = _serve(sys.argv[1:])
    import xlbench.cli

    _become(_job)
    if _job.first:
        _module, _function, *_given = _job.first
        getattr(sys.modules[str(_module)], str(_function))(*_given)
    try:
        xlbench.cli.main()
    except SystemExit as _left:
        _end(_left.code)
        raise
    _end(0)
