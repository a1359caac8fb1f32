"""Writes the golden boards in ``tests/reports/golden/`` anew: ``python tests/helpers/renew_golden.py``."""

from __future__ import annotations

from pathlib import Path

from board_world import golden_world, render_all

GOLDEN = Path(__file__).parents[1] / "reports" / "golden"
VARYING = ".costs"
"""What the suffixes of files hold that vary from run to run: no golden file can be held to them."""


def golden_files() -> dict[str, str]:
    """The golden files as they are rendered now, by name."""
    return {
        f"mini{suffix}": text for suffix, text in render_all(golden_world().board()).items() if VARYING not in suffix
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
