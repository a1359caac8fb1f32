"""`xlbench.as_mteb`: a model in mteb's `evaluate`, whose cache cannot take one checkpoint for another."""

import subprocess
import sys

import checkpoints
import numpy as np
import pytest
from conftest import environment
from own_mteb import mteb_in

import xlbench
from xlbench import UsageError
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb, whose cache lies in a folder of the tests."""
    with mteb_in(tmp_path_factory.mktemp("mteb")) as its:
        yield its


@pytest.fixture
def score(mteb):
    """A function: model, task and cache -> the scores of mteb by subset."""

    def scored(model, task, cache=None):
        done = mteb.evaluate(model, [task], cache=cache, co2_tracker=False, show_progress_bar=False)
        return {one["hf_subset"]: one["main_score"] for one in done.task_results[0].scores["test"]}

    return scored


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two checkpoints of sentence-transformers whose weights differ."""
    home = tmp_path_factory.mktemp("checkpoints")
    return [checkpoints.sentence_transformer(home / f"model-{seed}", seed=seed) for seed in (0, 1)]


def test_it_is_an_encoder_of_mteb(mteb):
    """mteb takes it for one of its encoders; name and revision follow from the content."""
    from mteb import EncoderProtocol

    model = xlbench.as_mteb("ngram", cache=False)
    (plain,) = load().select_models(["ngram"])
    assert isinstance(model, EncoderProtocol)
    assert model.mteb_model_meta.revision == plain.identity()
    assert model.mteb_model_meta.name.startswith("xlbench/ngram-")


def test_a_weight_free_encoder_scores_as_mtebs_own(mteb, score):
    """`random` is mteb's random encoder: every task of mteb gives both the same score."""
    from mteb_tasks import Bitext, Classification, Clustering

    for task in (Bitext, Classification, Clustering):
        ours = score(xlbench.as_mteb("random", cache=False), task())
        theirs = score(mteb.get_model("mteb/baseline-random-encoder"), task())
        assert ours == pytest.approx(theirs, abs=1e-6), task


def test_mteb_mixes_two_checkpoints_and_ours_not(mteb, score, folders, tmp_path):
    """Two folders loaded by sentence-transformers share one cache entry of mteb, so that the second is told the score
    of the first; through `as_mteb` each has its own."""
    from mteb.cache import ResultCache
    from mteb_tasks import Bitext
    from sentence_transformers import SentenceTransformer

    true = [score(SentenceTransformer(str(folder), device="cpu"), Bitext()) for folder in folders]
    assert true[0] != true[1]
    cache = ResultCache(tmp_path / "theirs")
    mixed = [score(SentenceTransformer(str(folder), device="cpu"), Bitext(), cache) for folder in folders]
    assert mixed == [pytest.approx(true[0], abs=1e-6)] * 2
    cache = ResultCache(tmp_path / "ours")
    for _ in range(2):  # the second time from the cache
        own = [score(xlbench.as_mteb(f"st:{folder}", cache=False), Bitext(), cache) for folder in folders]
        assert own == [pytest.approx(one, abs=1e-6) for one in true]


def test_roles_reach_the_encoder_and_the_task_does_not():
    """Queries and documents are encoded as such, texts without a kind as none; another kind is an error."""

    class Told:
        def encode(self, texts, role=None):
            return np.full((len(texts), 2), {"query": 1.0, "document": 2.0, None: 3.0}[role], np.float32)

    model = xlbench.as_mteb(xlbench.Model("told", Told, fingerprint=lambda: "told"), cache=False)
    batches = [{"text": ["a", "bb"]}, {"text": ["ccc"]}]
    for kind, value in (("query", 1), ("document", 2), (None, 3)):
        found = model.encode(batches, task_metadata=None, hf_split="test", hf_subset="x", prompt_type=kind)
        assert found.tolist() == [[value] * 2] * 3
    with pytest.raises(UsageError, match="texts of the kind 'image'"):
        model.encode(batches, prompt_type="image")


def test_what_cannot_be_handed_to_mteb_is_a_line():
    """Several models at once, no model, and a transform that is fitted to a cell are refused."""
    with pytest.raises(UsageError, match=r"is 2 models: name one|there is no model"):
        xlbench.as_mteb("ngram*")
    with pytest.raises(UsageError, match="Did you mean 'ngram'"):
        xlbench.as_mteb("ngrm")
    fitted = xlbench.Transform(fit=lambda vectors: lambda more: more, fit_on=None)
    model = xlbench.Model("fitted", object, fingerprint=lambda: "x", transform=lambda: fitted)
    with pytest.raises(UsageError, match="mteb has no cells"):
        xlbench.as_mteb(model)


def test_importing_xlbench_imports_no_mteb():
    """Neither `import xlbench` nor looking the two names up imports mteb or sentence-transformers."""
    code = (
        "import sys, xlbench; xlbench.as_mteb, xlbench.SentenceEvaluator; "
        "print(*({'mteb', 'sentence_transformers', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment([], {}))
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


def test_importing_mteb_writes_nothing(tmp_path):
    """Our import of mteb leaves home and environment as they are; mteb's cache then lies where it always does."""
    code = (
        "import os, xlbench; xlbench.as_mteb('random', cache=False); import mteb, inspect; "
        "print(inspect.signature(mteb.evaluate).parameters['cache'].default.cache_path, os.environ.get('MTEB_CACHE'))"
    )
    changes = {"HOME": str(tmp_path), "MTEB_CACHE": None, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment([], changes))
    assert done.stdout.split() == [str(tmp_path / ".cache" / "mteb"), "None"], done.stderr
    assert not (tmp_path / ".cache" / "mteb").exists()
