"""Files of a board to the byte, whatever the order of its runs."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from board_world import (
    golden_world,
    render_all,
)
from renew_golden import GOLDEN, golden_files

from xlbench.core.text import one_line


class TestDeterminism:
    """Equal results give equal bytes."""

    def test_the_order_of_runs_and_cells_does_not_matter(self):
        """Any order of cells and runs: the same board, the same files."""
        world = golden_world()
        expected = render_all(world.board())
        for seed in range(5):
            random = np.random.RandomState(seed)
            board = world.board(order=lambda found, r=random: [found[i] for i in r.permutation(len(found))])
            assert render_all(board) == expected

    def test_the_files_are_those_that_were_looked_at(self):
        """Every file but the costs and the page is the golden one to the byte (``python
        tests/helpers/renew_golden.py`` writes them anew)."""
        expected = {path.name: path.read_bytes().decode() for path in GOLDEN.iterdir()}
        assert golden_files() == expected

    def test_listing_the_formats_imports_nothing_heavy(self):
        """numpy, pandas and tabulate wait until a board is rendered."""
        code = (
            "import sys, xlbench.builtin as b; list(b.xlbench_boards()); "
            "print([m for m in ('numpy', 'pandas', 'tabulate') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_one_line(self):
        """Breaks become spaces, invisible characters go, and letters of every script stay."""
        assert one_line(" हिन्दी \t 中文\u2029x\u2066y ") == "हिन्दी 中文 xy"
