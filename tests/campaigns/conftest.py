"""Campaigns: tests of chance that grow. A small part runs with all tests; ``make campaign`` runs many times as much."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

import xlbench


@pytest.fixture(scope="session")
def scale() -> int:
    """How many times as much as usual is tried (XLBENCH_CAMPAIGN)."""
    return int(os.environ.get("XLBENCH_CAMPAIGN", "1"))


@pytest.fixture(scope="session")
def chance() -> random.Random:
    """A source of chance with a seed that can be given again (XLBENCH_CAMPAIGN_SEED)."""
    return random.Random(int(os.environ.get("XLBENCH_CAMPAIGN_SEED", "20")))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a finished run with a cell of every area, of two models."""
    folder = tmp_path_factory.mktemp("campaign")
    xlbench.run(
        ["random", "ngram"], ["mini-parallel", "mini-words-relatedness", "mini-news", "mini-sentiment", "mini-ner"],
        languages=["isl"], results=folder / "results", cache=False,
    )  # fmt: skip
    return folder / "results"
