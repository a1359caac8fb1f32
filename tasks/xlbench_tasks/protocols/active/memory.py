"""The most memory that this process has held since some moment."""

from __future__ import annotations

import contextlib
import re
import sys
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Begin anew, where the system can (Linux): elsewhere, peaks are those since the process began."""
    with contextlib.suppress(OSError):
        _RESET.write_text("5")


def peak_bytes() -> int:
    """The most memory held since `reset_peak`, in bytes; 0 where the system does not say."""
    with contextlib.suppress(OSError):
        if (found := re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)) is not None:
            return int(found.group(1)) << 10
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
