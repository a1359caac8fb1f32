"""Where tests find real data: XLBENCH_DATA, else ../shared/data beside the project; they skip where neither is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("XLBENCH_DATA") or ROOT.parent / "shared" / "data")
GOLDEN = DATA.parent / "golden"
"""Published values that are to be reproduced, beside the data."""


def needs(*paths: str) -> pytest.MarkDecorator:
    """Skip where one of these files or folders is missing below the data root or the folder of published values."""
    missing = [path for path in paths if not (DATA / path).exists() and not (GOLDEN / path).exists()]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}: set XLBENCH_DATA to the data root")
