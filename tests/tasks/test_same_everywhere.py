"""Scores are the same under another BLAS kernel, another number of threads and other vector instructions."""

from __future__ import annotations

import platform

import kernels
import pytest

RUN = ["-m", "ngram", "-m", "ngram-translit", "-l", "tur", "-l", "isl",
       *(part for task in ("ner", "sentiment", "parallel", "words-sentiment")
         for part in ("-t", f"mini-{task}"))]  # fmt: skip


@pytest.mark.slow
def test_another_processor_changes_no_score_by_a_tenth_of_a_point(tmp_path):
    """Two real runs side by side: probes, k-means, ranks and margins give the same in every metric of every cell."""
    folders = {name: tmp_path / name for name in ("own", "nehalem")}
    processes = [kernels.start(name, folder, RUN) for name, folder in folders.items()]
    assert [process.wait() for process in processes] == [0, 0]
    own, other = (kernels.kernels(folder) for folder in folders.values())
    if platform.machine() == "x86_64" and {library for library, _ in own} == {"openblas"}:
        assert {kernel for _, kernel in other} == {"Nehalem"}
    one, two = (kernels.scores(folder) for folder in folders.values())
    assert len(one) > 200
    found = kernels.differences(one, two)
    assert not {place: by for place, by in found.items() if by > 0.1}
