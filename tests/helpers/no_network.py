"""A process without a network: every attempt to reach one is written down, and fails."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

_SITE = """
import socket

def _refuse(name):
    def refuse(*arguments, **_):
        with open(REPORT, "a") as file:
            print(name, *(one for one in arguments if not isinstance(one, socket.socket)), file=file)
        raise OSError("no network: " + name)
    return refuse

for _name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, _name, _refuse(_name))
for _name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, _name, _refuse(_name))
"""


@dataclass(frozen=True)
class NoNetwork:
    """``site`` is a folder to put first on PYTHONPATH."""

    site: Path
    report: Path

    def attempts(self) -> list[str]:
        """What was tried, in order, by all processes that had it."""
        return self.report.read_text().splitlines() if self.report.exists() else []


def no_network(folder: Path) -> NoNetwork:
    """Write what blocks and counts, below a folder."""
    site, report = folder / "no-network", folder / "attempts.txt"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"REPORT = {str(report)!r}\n" + textwrap.dedent(_SITE), encoding="utf-8")
    return NoNetwork(site, report)
