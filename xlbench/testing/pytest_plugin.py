"""The pytest plugin: ``pytest --xlbench PACKAGE`` makes a test of every check of a plugin; and fixtures for its tests.

pytest imports this file at every start, in projects that never heard of a benchmark: it imports the rest of xlbench
only where ``--xlbench`` is given, or a fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xlbench.api import Results
    from xlbench.catalog import Catalog
    from xlbench.core.task import Data
    from xlbench.reports.boards.board import Board
    from xlbench.testing.checks import Check, Examination


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--xlbench``, which plugins are checked, and ``--xlbench-data``, with which data."""
    group = parser.getgroup("xlbench", "checks of xlbench plugins")
    group.addoption(
        "--xlbench",
        action="append",
        default=[],
        metavar="PACKAGE",
        help="make a test of every check of this plugin: its package, its distribution or its name (repeatable)",
    )
    group.addoption("--xlbench-data", metavar="DIR", help="data root of its tasks; without it, those without data skip")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the checks before the tests that were collected, so that -k and the like choose among both."""
    packages: list[str] = config.getoption("--xlbench")
    if packages:
        items[:0] = [item for package in dict.fromkeys(packages) for item in _items(session, config, package)]


def _items(session: pytest.Session, config: pytest.Config, package: str) -> Iterator[pytest.Item]:
    from xlbench.catalog.entry_points import entry_points_of
    from xlbench.core.errors import UsageError
    from xlbench.testing.plugins import examine_plugin

    data, stated = _data(config)
    try:
        found = entry_points_of(package)
    except UsageError as error:
        raise pytest.UsageError(f"--xlbench {package}: {error}") from None
    if not found:
        raise pytest.UsageError(f"--xlbench {package}: no plugin, distribution or module is called so")
    for entry_point in found:
        for examination in examine_plugin(entry_point, data, stated=stated):
            for check in examination.checks:
                name = f"{examination.subject}: {check.rule}"
                yield CheckItem.from_parent(
                    session, name=name, nodeid=f"{package}::{name}", examination=examination, check=check
                )


def _data(config: pytest.Config) -> tuple[Data, bool]:
    from xlbench.core.task import Data
    from xlbench.testing.plugins import LIMIT, data_root

    root = config.getoption("--xlbench-data")
    if root and not Path(root).is_dir():
        raise pytest.UsageError(f"--xlbench-data {root}: there is no such folder")
    return Data(Path(root) if root else data_root(), limit=LIMIT), bool(root)


class CheckItem(pytest.Item):
    """A check as a test."""

    def __init__(self, *, examination: Examination, check: Check, **given: Any) -> None:
        super().__init__(**given)
        self._examination, self._check = examination, check

    def runtest(self) -> None:
        """Make the check."""
        finding = self._examination.make(self._check)
        if finding.status == "skipped":
            pytest.skip(finding.what)
        if finding.status == "failed":
            raise CheckFailed("\n".join(line.strip() for line in finding.lines()[1:]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *given: Any) -> Any:
        """What, why and how to mend it; of anything else, the traceback."""
        return str(excinfo.value) if isinstance(excinfo.value, CheckFailed) else super().repr_failure(excinfo, *given)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """The headline of a failure."""
        return self.path, None, self.name


class CheckFailed(Exception):  # noqa: N818 - it is shown as a failed test
    """A check has failed: what, why and how to mend it, a line each."""


@pytest.fixture(scope="session")
def xlbench_catalog() -> Catalog:
    """Everything that the installed plugins offer: ``xlbench_catalog.models["vowels"]``."""
    from xlbench.catalog import load

    return load()


@pytest.fixture
def xlbench_run(tmp_path: Path) -> Callable[..., Results]:
    """A function that scores models on tasks as `xlbench.run` does, in a folder of the test, and keeps no vectors."""

    def run(*models: Any, **given: Any) -> Results:
        import xlbench

        settings: dict[str, Any] = {"results": tmp_path / "results", "cache": False, **given}
        return xlbench.run(*models, **settings)

    return run


@pytest.fixture(scope="session")
def xlbench_board() -> Board:
    """A small board with gaps, and with names that a format has to escape."""
    from xlbench.testing.sample_boards import sample_boards

    return sample_boards()["hostile"]
