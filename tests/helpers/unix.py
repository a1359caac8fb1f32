"""What tests need of Unix: forks, kills, limits and pseudo-terminals. Elsewhere those are skipped, and say so."""

from __future__ import annotations

import os

import pytest

ON_UNIX = pytest.mark.skipif(os.name != "posix", reason="forks, kills or limits processes as Unix does")

NO_TERMINAL = "there are no pseudo-terminals here"
