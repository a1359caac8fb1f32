"""The files of this checkout: what is tracked, without what was built or computed in it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from conftest import ROOT

NOT_SOURCES = {".venv", "out", "build", "dist", "results", "__pycache__"}


def tracked() -> list[str]:
    """What git tracks or would track, as it is on the disk; without git, all that is no build product."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        names = done.stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if not _is_product(path)]
    return [name for name in names if (ROOT / name).is_file()]


def _is_product(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return any(part in NOT_SOURCES or part.startswith(".") or part.endswith(".egg-info") for part in parts)
