"""Rerankers over what another model finds: the spec, what is refused, and the order that comes out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import rare_checkpoints as rare
from safetensors.numpy import load_file, save_file
from sentence_transformers import CrossEncoder
from sentence_transformers.multi_vector_encoder import MultiVectorEncoder

import xlbench
from xlbench import EncoderError, UsageError, catalog
from xlbench_transformers.encoders.rerankers import Reranking

pytestmark = pytest.mark.slow

QUERIES = ["where is the goat", "a river", "bread"]
DOCUMENTS = ["the goat eats", "a goat by the river", "bread and water", "a river is long", "the lamp"]


@pytest.fixture(scope="module")
def stocked() -> catalog.Catalog:
    """What is installed."""
    return catalog.load()


@pytest.fixture(scope="module")
def cross(tmp_path_factory) -> Path:
    """A folder with a CrossEncoder."""
    return rare.cross_encoder(tmp_path_factory.mktemp("cross") / "cross")


@pytest.fixture(scope="module")
def multi(tmp_path_factory) -> Path:
    """A folder with a MultiVectorEncoder."""
    return rare.multi_vector_encoder(tmp_path_factory.mktemp("multi") / "multi")


def order_of(model: xlbench.Model, nearest=None):
    session = xlbench.EncodingSession(load=model.load, search=model.search)
    return session.search(QUERIES, DOCUMENTS, 5, nearest)


def test_a_cross_encoder_orders_what_bm25_finds(stocked, cross):
    """Its own scores, descending, over the documents that share a word; the others are not found."""
    (model,) = stocked.select_models([f"rerank:{cross}?device=cpu+bm25"])
    places, scores = order_of(model)
    theirs = CrossEncoder(str(cross), device="cpu")
    (bm25,) = stocked.select_models(["bm25"])
    first = order_of(bm25)[0]
    for row, query in enumerate(QUERIES):
        found = [place for place in first[row].tolist() if place >= 0]
        expected = theirs.predict([(query, DOCUMENTS[place]) for place in found])
        best = np.argsort(-expected, kind="stable")
        assert places[row].tolist() == [found[place] for place in best] + [-1] * (places.shape[1] - len(found))
        assert scores[row, : len(found)].tolist() == pytest.approx(expected[best].tolist(), abs=1e-5)


def test_a_multi_vector_encoder_orders_by_the_best_tokens(stocked, multi):
    """MaxSim, as the library computes it."""
    (model,) = stocked.select_models([f"rerank:{multi}?device=cpu+bm25"])
    places, scores = order_of(model)
    theirs = MultiVectorEncoder(str(multi), device="cpu")
    similar = theirs.similarity(theirs.encode_query(QUERIES), theirs.encode_document(DOCUMENTS)).numpy()
    for row in range(3):
        count = int((places[row] >= 0).sum())
        assert scores[row, :count].tolist() == pytest.approx(similar[row, places[row, :count]].tolist(), abs=1e-4)


def test_behind_the_depth_the_first_order_stays():
    """Documents that are not scored stand below all that are, in their order; a shorter list ends as it did."""
    reranking = Reranking(lambda pairs: np.array([float(len(document)) for _, document in pairs]), None, 2)
    found = np.array([[4, 0, 1, 2], [3, -1, -1, -1]]), np.array([[9.0, 8.0, 7.0, 6.0], [1.0, 0.0, 0.0, 0.0]])
    places, scores = reranking.search(QUERIES[:2], DOCUMENTS, 4, lambda depth: found)
    assert places.tolist() == [[0, 4, 1, 2], [3, -1, -1, -1]]
    assert (np.diff(scores[0]) < 0).all()
    assert scores[0, :2].tolist() == [13.0, 8.0]


def test_equally_good_documents_stay_equal_behind_the_depth_and_across_it():
    """What a first search leaves level is not put in order by where it stands: none of those on both sides of the depth
    is scored, and those behind it have one score."""
    reranking = Reranking(lambda pairs: np.array([float(len(document)) for _, document in pairs]), None, 2)
    places, levels = np.array([[4, 0, 1, 2], [3, 1, 0, 2]]), np.array([[9.0, 8.0, 8.0, 6.0], [5.0, 4.0, 1.0, 1.0]])
    given, scores = reranking.search(QUERIES[:2], DOCUMENTS, 4, lambda depth: (places, levels))
    assert given.tolist() == [[4, 0, 1, 2], [1, 3, 0, 2]]
    assert scores[0, 0] > scores[0, 1] == scores[0, 2] > scores[0, 3]
    assert scores[1, 0] > scores[1, 1] > scores[1, 2] == scores[1, 3]
    alike, level = reranking.search(QUERIES[:1], DOCUMENTS, 4, lambda depth: (places[:1], np.ones((1, 4))))
    assert alike.tolist() == [[4, 0, 1, 2]]
    assert len(set(level[0].tolist())) == 1


def test_a_reranker_is_its_files_its_depth_and_what_is_before_it(stocked, cross, tmp_path):
    """Another weight, another depth or another first model is another model; names come from the spec."""

    def identity(spec: str) -> str:
        (model,) = stocked.select_models([spec])
        return model.identity()

    plain = identity(f"rerank:{cross}+bm25")
    assert plain == identity(f"rerank:{cross}?name=mine+bm25")
    other = tmp_path / "other"
    shutil.copytree(cross, other)
    assert identity(f"rerank:{other}+bm25") == plain
    weights = load_file(other / "model.safetensors")
    save_file({name: value * 1.01 for name, value in weights.items()}, other / "model.safetensors")
    several = {plain, identity(f"rerank:{other}+bm25"), identity(f"rerank:{cross}?depth=5+bm25"),
               identity(f"rerank:{cross}+ngram")}  # fmt: skip
    assert len(several) == 4
    (model,) = stocked.select_models([f"rerank:{cross}?name=mine&depth=5+hybrid:bm25+ngram"])
    assert model.name == "mine"
    assert model.details["depth"] == 5


def test_what_is_no_reranker_is_refused(stocked, cross, tmp_path):
    """One line each: no plus sign, no folder, another kind of model, two labels, pickles, code of its own."""

    def refused(spec: str) -> str:
        with pytest.raises(UsageError) as caught:
            stocked.select_models([spec])
        return str(caught.value)

    assert "write rerank:./folder+FIRST" in refused(f"rerank:{cross}")
    assert "there is no folder ./none" in refused("rerank:./none+bm25")
    assert "is no path: a reranker is a folder" in refused("rerank:org/name+bm25")
    assert "is no CrossEncoder and no MultiVectorEncoder" in refused(f"rerank:{checkpoints.bert(tmp_path / 'b')}+bm25")
    assert "there is no model 'bm52'" in refused(f"rerank:{cross}+bm52")

    def changed(name: str, **settings) -> Path:
        folder = tmp_path / name
        shutil.copytree(cross, folder)
        rare.edited(folder / "config.json", **settings)
        return folder

    two = changed("two", id2label={"0": "a", "1": "b"})
    assert "gives 2 numbers a pair: a reranker gives one" in refused(f"rerank:{two}+bm25")
    code = changed("code", auto_map={"AutoModel": "own.Model"})
    assert "would run code of its own (own.Model)" in refused(f"rerank:{code}+bm25")
    pickled = changed("pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    assert "must be in model.safetensors, and in no pickle" in refused(f"rerank:{pickled}+bm25")


def test_weights_that_are_missing_are_an_error(stocked, cross, tmp_path):
    """The library would make up a head, and say nothing."""
    folder = tmp_path / "headless"
    shutil.copytree(cross, folder)
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: value for name, value in weights.items() if "classifier" not in name}, folder / "model.safetensors"
    )
    (model,) = stocked.select_models([f"rerank:{folder}?device=cpu+bm25"])
    with pytest.raises(EncoderError, match="is in none of its files, and would be random: save it whole"):
        order_of(model)


def test_rerankers_stand_on_a_board(stocked, cross, tmp_path, xlbench_cli):
    """On the command line: a card, three models, all scored; vectors of the first model are those of its own run."""
    words = ["river", "bread", "winter", "school", "goat", "lamp"]
    rows = "".join(f"{n}\t{word}?\tabout a {word}: {word}, {words[n - 1]}\n" for n, word in enumerate(words))
    (tmp_path / "eng.tsv").write_text("id\tq\tp\n" + rows, encoding="utf-8")
    (tmp_path / "few.toml").write_text(
        'name = "few"\narea = "retrieval"\nprotocol = "search"\ndescription = "x"\nlicense = "x"\nlanguages = ["eng"]\n'
        '[data]\nreader = "delimited"\nfiles = "{language}.tsv"\nid = "id"\nfields = { text = "q", passage = "p" }\n',
        encoding="utf-8",
    )
    models = [
        "ngram",
        f"rerank:{cross}?device=cpu&name=cross+ngram",
        f"rerank:{cross}?name=deep&depth=2+hybrid:bm25+ngram",
    ]
    options = [part for model in models for part in ("--model", model)]
    done = xlbench_cli(["run", "--task", str(tmp_path / "few.toml"), "--data", str(tmp_path), "--json", *options])
    assert done.returncode == 0, done.stderr
    cells = {cell["model"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert set(cells) == {"ngram", "cross", "deep"}
    assert all(cell["status"] == "ok" for cell in cells.values())
