"""Writes the golden boards in ``tests/reports/golden/`` anew: ``python tests/helpers/renew_golden.py``."""

from __future__ import annotations

from pathlib import Path

from board_world import golden_world, render_all

GOLDEN = Path(__file__).parents[1] / "reports" / "golden"
VARYING = (".costs.md", ".costs.csv", ".json", ".html")
"""Suffixes of files that vary from run to run, or in the last digits from machine to machine: none is golden."""


def golden_files() -> dict[str, str]:
    """The golden files as they are rendered now, by name."""
    return {
        f"mini{suffix}": text for suffix, text in render_all(golden_world().board()).items() if suffix not in VARYING
    }


def main() -> None:
    """Write them, and remove those that are not rendered any more."""
    files = golden_files()
    for path in GOLDEN.iterdir():
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (GOLDEN / name).write_bytes(text.encode())


if __name__ == "__main__":
    main()
