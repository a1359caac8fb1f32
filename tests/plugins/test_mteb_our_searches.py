"""Searches and reranking of mteb's data by our protocols, against mteb itself and against pytrec_eval."""

import numpy as np
import pytest
from own_mteb import mteb_in

import xlbench
from xlbench import Data
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")
pytrec_eval = pytest.importorskip("pytrec_eval")


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb with tasks of our own in its registry, which hold their data themselves."""
    with mteb_in(tmp_path_factory.mktemp("mteb"), ("LeftOut", "Reranking")) as its:
        yield its


def judgments(name):
    """Query -> document -> grade, as the data of a task has them."""
    import mteb_tasks

    made = getattr(mteb_tasks, name)()
    made.load_data()
    return made.dataset["default"]["test"]["relevant_docs"]


def test_a_query_is_left_out_of_its_own_list(mteb, tmp_path):
    """Where mteb leaves out documents with a query's id, our search does, and says of how many queries: its lists have
    none of them, and its scores are mteb's and pytrec_eval's."""
    spec, shared = "mteb:MadeLeftOut", {"results": tmp_path, "cache": False}
    (cell,) = xlbench.run("random", spec, **shared).runs[0].cells
    (theirs,) = xlbench.run("random", f"{spec}?protocol=mteb", **shared).runs[0].cells
    assert cell.facts["queries_left_out_of_their_lists"] == 30
    assert any("each is left out of its own list" in note for note in cell.notes)
    (task,) = load().select_tasks([spec])
    (subset,) = task.subsets(Data())
    found = task.find(subset, xlbench.EncodingSession(load().select_models(["random"])[0].load()), 60)
    names = [[found.documents[place] for place in row if place >= 0] for row in found.places.tolist()]
    assert all(len(row) == 59 and query not in row for query, row in zip(found.queries, names, strict=True))
    run = {query: {one: -float(place) for place, one in enumerate(row)}
           for query, row in zip(found.queries, names, strict=True)}  # fmt: skip
    told = pytrec_eval.RelevanceEvaluator(judgments("LeftOut"), {"ndcg_cut.10", "map"}).evaluate(run)
    values, of_mteb = ({score.metric: score.value for score in one.scores} for one in (cell, theirs))
    for name, key in {"ndcg_at_10": "ndcg_cut_10", "map": "map"}.items():
        assert values[name] == pytest.approx(np.mean([told[query][key] for query in run]), abs=1e-6)
    for name in ("ndcg_at_10", "mrr_at_10", "recall_at_10"):
        assert values[name] == pytest.approx(of_mteb[name], abs=1e-5)  # mteb rounds to five places


@pytest.mark.parametrize("model", ["random", "ngram"])
def test_reranking_is_mtebs_where_all_relevant_documents_are_candidates(mteb, model, tmp_path):
    """Of the same lists the mean average precision and nDCG are mteb's, and those of pytrec_eval on every query."""
    shared = {"results": tmp_path, "cache": False}
    (cell,) = xlbench.run(model, "mteb:MadeReranking", **shared).runs[0].cells
    (theirs,) = xlbench.run(model, "mteb:MadeReranking?protocol=mteb", **shared).runs[0].cells
    ours, of_mteb = ({score.metric: score.value for score in one.scores} for one in (cell, theirs))
    assert [score.metric for score in cell.scores] == ["map", "mrr", "ndcg_at_10"]
    assert ours == pytest.approx(
        {"map": of_mteb["map_at_1000"], "mrr": of_mteb["mrr_at_1000"], "ndcg_at_10": of_mteb["ndcg_at_10"]}, abs=1e-5
    )  # mteb rounds to five places
    assert all(score.has_interval for score in cell.scores)
    assert cell.main.low < cell.main.value < cell.main.high
    assert (cell.main.n, cell.facts["judged"], len(cell.notes)) == (30, 90, 0)


def test_a_model_that_searches_by_itself_reranks(mteb, tmp_path):
    """BM25 has each query's candidates as its corpus, and says so."""
    (cell,) = xlbench.run("bm25", "mteb:MadeReranking", results=tmp_path, cache=False).runs[0].cells
    assert cell.main.value > 0.5
    assert any("each query's candidates are a corpus of their own" in note for note in cell.notes)


def test_texts_of_reranking_are_queries_and_candidates(mteb):
    """Every query and every candidate is one text; a sample has the first queries."""
    (task,) = load().select_tasks(["mteb:MadeReranking"])
    (whole,), (part,) = (list(task.subsets(Data(limit=limit))) for limit in (None, 5))
    loaded = whole.load()
    told = task.texts(whole)
    assert len(told) == 30 + len(loaded.documents)
    assert (part.n, part.load().queries) == (5, loaded.queries[:5])
    assert part.fingerprint != whole.fingerprint
