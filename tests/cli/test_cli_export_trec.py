"""`xlbench export trec` as a process: files that pytrec_eval reads, and what is refused."""

import json
from pathlib import Path

import pytest
from tiny_task import one_line, tiny

from xlbench.runs.store import Reader, find_runs

pytestmark = pytest.mark.slow

MODELS = ("ngram", "bm25", "hybrid:bm25+ngram")


@pytest.fixture(scope="module")
def results(tmp_path_factory, cli_in):
    """Runs of vectors, of lists and of both, over Hindi and what is crossed with it."""
    folder = tmp_path_factory.mktemp("searches")
    models = [option for model in MODELS for option in ("-m", model)]
    done = cli_in(folder)(["run", *models, "-t", "mini-search", "-l", "hin", "-q"])
    assert done.returncode == 0, done.stderr
    return folder / "results"


def columns(path):
    return [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("model", MODELS)
def test_pytrec_eval_reads_the_files_and_gets_the_scores(model, results, xlbench_cli, tmp_path):
    """From the files alone pytrec_eval makes every query's nDCG@10 as the run has saved it."""
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="it has no wheel for Linux on ARM")
    done = xlbench_cli(["export", "trec", results, "-m", model, "--json"])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["left_out"] == []
    assert done.stderr == ""
    (run,) = (run for run in find_runs(results) if run.model == model)
    assert len(json.loads((tmp_path / "trec/trec.json").read_text())["cells"]) == len(run.cells) == 19
    for cell in run.cells:
        own, qrels = (tmp_path / f"trec/mini-search.{cell.subset}.{kind}.txt" for kind in ("run", "qrels"))
        with own.open() as found, qrels.open() as judged:
            evaluator = pytrec_eval.RelevanceEvaluator(pytrec_eval.parse_qrel(judged), {"ndcg_cut.10"})
            theirs = evaluator.evaluate(pytrec_eval.parse_run(found))
        items = Reader().load_items(cell, Path(run.folder))
        saved = dict(zip(items.item_ids, items.columns["ndcg_at_10"].tolist(), strict=True))
        assert len(theirs) == cell.main.n == 60
        assert {f"mini-search:{query}": one["ndcg_cut_10"] for query, one in theirs.items()} == pytest.approx(saved)


def test_how_deep_lists_are_and_which_files_are_replaced(results, xlbench_cli, tmp_path):
    """A list has --depth documents, once each, by descending scores; a model's files are replaced, and another model's
    are not."""
    for depth in (20, 7):
        done = xlbench_cli(["export", "trec", results, "-m", "ngram", "--depth", depth])
        assert done.returncode == 0, done.stderr
        rows = columns(tmp_path / "trec/mini-search.hin.run.txt")
        assert [int(row[3]) for row in rows] == [*range(1, depth + 1)] * 60
        assert len({(query, document) for query, _, document, *_ in rows}) == 60 * depth
        scores = [float(row[4]) for row in rows[:depth]]
        assert scores == sorted(set(scores), reverse=True)
    assert "mini-search hin: the lists are shorter than ten" in done.stderr
    line = one_line(xlbench_cli(["export", "trec", results, "-m", "bm25", "-q"]), 2)
    assert "was not written by this command" in line


def test_what_cannot_be_exported_is_one_line(results, xlbench_cli, tmp_path):
    """Several runs, a run without searches, and a depth that no run has: a line each, and nothing is written."""
    assert "holds several runs" in one_line(xlbench_cli(["export", "trec", results]), 2)
    assert xlbench_cli(["run", "-m", "ngram", *tiny(tmp_path), "-q"]).returncode == 0
    assert "has no score of a document search" in one_line(xlbench_cli(["export", "trec", "results"]), 2)
    sample = ["run", "-m", "ngram", "-t", "mini-search", "-l", "hin", "--limit", "20", "--results", "few", "-q"]
    assert xlbench_cli(sample).returncode == 0
    line = one_line(xlbench_cli(["export", "trec", "few"]), 2)
    assert "no search of ngram can be made again: 19 cells left out: a sample (--limit)" in line
    assert "1<=x<=1000" in xlbench_cli(["export", "trec", results, "--depth", "1001"]).stderr
    assert not list((tmp_path / "trec").glob("*"))


def test_data_that_has_changed_is_not_searched(xlbench_cli, tmp_path):
    """A search is made over what the run scored: edited documents leave a cell out, with a line; without any other cell
    that is an error."""
    card = (
        'name = "find"\narea = "retrieval"\nprotocol = "search"\ndescription = "Find it"\nlicense = "CC0-1.0"\n'
        'languages = ["eng", "deu"]\n[data]\nname = "set"\nreader = "search"\ncorpus = "{language}.corpus.jsonl"\n'
        'queries = "{language}.queries.jsonl"\nqrels = "{language}.tsv"\n'
    )
    (tmp_path / "find.toml").write_text(card)
    data = tmp_path / "data"
    data.mkdir()
    for language, words in {"eng": ["river", "bread", "winter"], "deu": ["fluss", "brot", "winter"]}.items():
        rows = [json.dumps({"_id": f"{n}", "text": word}) + "\n" for n, word in enumerate(words)]
        (data / f"{language}.corpus.jsonl").write_text("".join(rows))
        (data / f"{language}.queries.jsonl").write_text("".join(rows))
        (data / f"{language}.tsv").write_text("query-id\tcorpus-id\tscore\n0\t0\t1\n1\t1\t1\n2\t2\t1\n")
    options = ["--data", "data"]
    assert xlbench_cli(["run", "-m", "ngram", "-t", "./find.toml", *options, "-q"]).returncode == 0
    (data / "eng.tsv").write_text("query-id\tcorpus-id\tscore\n0\t0\t1\n1\t1\t1\n2\t1\t1\n")
    assert "(a card of your own is given with --task)" in one_line(xlbench_cli(["export", "trec", *options]), 2)
    options += ["-t", "./find.toml"]
    done = xlbench_cli(["export", "trec", "results", *options])
    assert done.returncode == 0, done.stderr
    assert "eng left out: its data is not what the run scored" in done.stderr
    assert [path.name for path in (tmp_path / "trec").glob("*.run.txt")] == ["find.deu.run.txt"]
    (data / "deu.corpus.jsonl").unlink()
    line = one_line(xlbench_cli(["export", "trec", "results", *options, "--out", "again"]), 2)
    assert "no search of ngram can be made again" in line
