"""The command line in processes that are forked from one that has the libraries loaded.

Loading them takes longer than most commands of the tests run. A fork of a process that has them is a process like any
other: an environment, a folder, standard streams and an exit code of its own, and it ends as an interpreter does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LIBRARIES = (
    "pandas", "pyarrow.parquet", "scipy.stats", "scipy.sparse.csgraph", "sklearn.linear_model", "sklearn.cluster",
    "sklearn.metrics", "sklearn.preprocessing", "tabulate", "rich.progress", "msgspec.toml", "xlbench.api",
    "xlbench.builtin", "xlbench.cli.board", "xlbench.cli.cache", "xlbench.cli.curve", "xlbench.cli.list",
    "xlbench.cli.plugins", "xlbench.cli.progress", "xlbench.cli.results", "xlbench.cli.run", "xlbench.encoding",
    "xlbench.reports.boards.markdown", "xlbench.reports.boards.spreadsheet", "xlbench.reports.boards.standings",
    "xlbench.runs.execute", "xlbench.stats.intervals", "xlbench.stats.scorer", "xlbench_baselines", "xlbench_classes",
    "xlbench_tasks.card.task", "xlbench_tasks.protocols.alignment", "xlbench_tasks.protocols.classification",
    "xlbench_tasks.protocols.clustering", "xlbench_tasks.protocols.numbers.grouping",
    "xlbench_tasks.protocols.numbers.ranking", "xlbench_tasks.protocols.retrieval", "xlbench_tasks.protocols.tagging",
    "xlbench_tasks.readers.cldr", "xlbench_tasks.readers.conll", "xlbench_tasks.readers.delimited",
    "xlbench_tasks.readers.hub", "xlbench_tasks.readers.parallel", "xlbench_transformers",
)  # fmt: skip
"""What commands import while they run; what of it is not installed is left out."""


class Server:
    """A process with the libraries loaded, and the commands that are forked from it, one at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._one_at_a_time = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=dict(environment), text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(
        self, args: Sequence[str], environment: Mapping[str, str], cwd: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """What ``python -m xlbench`` with ``args`` does in a folder.

        Raises:
            subprocess.TimeoutExpired: It took longer than ``timeout`` seconds, and was killed.
        """
        assert self._process.stdin
        assert self._process.stdout
        with self._one_at_a_time, tempfile.TemporaryDirectory() as room:
            streams = [Path(room, name) for name in ("out", "err")]
            job = Job(list(args), dict(environment), str(cwd), timeout, [str(stream) for stream in streams])
            self._process.stdin.write(json.dumps(asdict(job)) + "\n")
            self._process.stdin.flush()
            code = json.loads(self._process.stdout.readline())
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
    """One command: its arguments, environment, folder, limit in seconds, and the files for what it prints."""

    args: list[str]
    environment: dict[str, str]
    cwd: str
    timeout: float
    streams: list[str]


def _serve() -> Job:
    """Fork a process for every job that comes in, and return in it; the server itself ends when no more can come."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # what is loaded stays: a collection in a fork has nothing to look for there
    answers = os.dup(1)
    for line in sys.stdin:
        job = Job(**json.loads(line))
        child = os.fork()
        if not child:
            os.close(answers)
            return job
        os.write(answers, f"{json.dumps(_wait(child, job.timeout))}\n".encode())
    os._exit(0)


def _wait(child: int, timeout: float) -> int | None:
    """The exit code as `subprocess` gives it; None where the process had to be killed."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


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


if __name__ == "__main__":
    _job = _serve()
    import xlbench.cli

    _become(_job)
    xlbench.cli.main()
