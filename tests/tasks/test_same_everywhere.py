"""Scores are the same under another BLAS kernel, another number of threads and other vector instructions."""

from __future__ import annotations

import platform
from pathlib import Path

import kernels
import pytest
from real_data import DATA, needs

A_PART = ["-m", "ngram", "-l", "isl",
          *(part for task in ("ner", "parallel", "words-sentiment")
            for part in ("-t", f"mini-{task}"))]  # fmt: skip
SIB = ["-m", "ngram", "-t", "sib200-news", "-t", "sib200-clustering", "--data", str(DATA)]
FIVE = [part for code in ("eng", "hin", "nep", "isl", "swa") for part in ("-l", code)]


@pytest.mark.slow
def test_another_processor_changes_no_score_of_mini_by_a_tenth_of_a_point(tmp_path, scale):
    """Two real runs side by side: probes, k-means, ranks and margins give the same in every metric of every cell.

    A part of the embedded suite; in a campaign the whole of it.
    """
    compare(tmp_path, A_PART if scale == 1 else ["--suite", "mini"])


@pytest.mark.slow
@needs("sib200")
@pytest.mark.campaign
def test_another_processor_changes_no_score_of_sib_200_by_a_tenth_of_a_point(tmp_path):
    """The same on real news and clusters of five languages."""
    compare(tmp_path, [*SIB, *FIVE], at_least=10)


def compare(folder: Path, arguments: list[str], at_least: int = 30) -> None:
    """Score the same under the machine's own kernel and under an old one, and hold the two against each other."""
    folders = {name: folder / name for name in ("own", "nehalem")}
    processes = [kernels.start(name, place, arguments) for name, place in folders.items()]
    assert [process.wait() for process in processes] == [0, 0]
    own, other = (kernels.kernels(place) for place in folders.values())
    if platform.machine() == "x86_64" and {library for library, _ in own} == {"openblas"}:
        assert {kernel for _, kernel in other} == {"Nehalem"}
    one, two = (kernels.scores(place) for place in folders.values())
    assert len(one) >= at_least
    found = kernels.differences(one, two)
    assert not {place: by for place, by in found.items() if by > 0.1}
