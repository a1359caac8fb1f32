"""Types of tasks of mteb beside bitext mining, classification and clustering: its own protocol, against mteb itself."""

import json

import numpy as np
import pytest
import sklearn.metrics
from own_mteb import mteb_in

import xlbench
from xlbench import Data
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")

MADE = ("Sts", "PairClassification", "Retrieval", "OwnDocument", "LeftOut", "Reranking", "Multilabel")
OF_RESULTS = {"main_score", "hf_subset", "languages", "mteb_version", "scores_per_experiment"}
"""What results of mteb say beside metrics of a whole subset."""


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb with tasks of our own in its registry, which hold their data themselves."""
    with mteb_in(tmp_path_factory.mktemp("mteb"), MADE) as its:
        yield its


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Encoders that always say the same: two without weights, and a transformer of two layers, made here."""
    pytest.importorskip("sentence_transformers")
    import checkpoints

    return "random", "ngram", f"st:{checkpoints.sentence_transformer(tmp_path_factory.mktemp('made') / 'two-layers')}"


def run(spec, models, tmp_path, **more):
    """The cells of a task, by model and subset; all of them have scores."""
    found = xlbench.run(models, spec, results=tmp_path, cache=False, **more)
    cells = {(run.model, cell.subset): cell for run in found for cell in run.cells}
    assert not [cell.reason for cell in cells.values() if cell.status != "ok"]
    return cells


@pytest.mark.parametrize("name", MADE)
def test_mtebs_protocol_gives_all_of_mtebs_scores(mteb, encoders, name, tmp_path, scale):
    """With `protocol=mteb` the metrics of every subset are those of `mteb.evaluate`, to 1e-6, none left out, and each
    has an interval or says why not; by the n-grams, in a campaign by all encoders."""
    import mteb_tasks

    for model in encoders if scale > 1 and name not in ("OwnDocument", "LeftOut") else encoders[1:2]:
        cells = run(f"mteb:Made{name}?protocol=mteb", model, tmp_path)
        done = mteb.evaluate(
            xlbench.as_mteb(model, cache=False), [getattr(mteb_tasks, name)()], cache=None, co2_tracker=False,
            show_progress_bar=False,
        )  # fmt: skip
        theirs = {one["hf_subset"]: one for one in done.task_results[0].scores["test"]}
        assert {cell.facts["mteb_subset"] for cell in cells.values()} == set(theirs)
        for cell in cells.values():
            expected = theirs[cell.facts["mteb_subset"]]
            assert cell.main.value == pytest.approx(expected["main_score"], abs=1e-6)
            ours = {score.metric: score.value for score in cell.scores}
            assert set(ours) == set(expected) - OF_RESULTS
            known = {metric: expected[metric] for metric in ours if not np.isnan(expected[metric])}
            assert {metric for metric, value in ours.items() if value is not None} == set(known)
            assert {metric: ours[metric] for metric in known} == pytest.approx(known, abs=1e-6)
            assert cell.main.has_interval
            assert all(score.has_interval or score.note for score in cell.scores)


@pytest.fixture
def prompted(mteb, monkeypatch):
    """A model in mteb's registry whose vectors hang on the prompt that mteb's own rules choose, compared by dots."""
    from mteb.models.abs_encoder import AbsEncoder
    from mteb.models.model_implementations import MODEL_REGISTRY
    from mteb.models.model_meta import ModelMeta, ScoringFunction

    class Prompted(AbsEncoder):
        model_prompts = {"STS": "s ", "MadeSts": "of one task ", "Retrieval-query": "q ", "document": "d "}  # noqa: RUF012

        def __init__(self, *given, **more):
            self.mteb_model_meta = meta

        def encode(self, inputs, *, task_metadata, hf_split, hf_subset, prompt_type=None, **more):
            prompt = self.model_prompts.get(self.get_prompt_name(task_metadata, prompt_type) or "", "")
            texts = [prompt + text for batch in inputs for text in batch["text"]]
            return np.stack([np.bincount([ord(sign) % 31 for sign in text], minlength=31) for text in texts]).astype(
                np.float32
            )

    known = {
        "name": "mteb/baseline-prompted", "revision": "1", "loader": Prompted, "loader_kwargs": {},
        "modalities": ["text"], "model_type": ["dense"], "similarity_fn_name": ScoringFunction.DOT_PRODUCT,
    }  # fmt: skip
    meta = ModelMeta.create_empty(overwrites=known)
    monkeypatch.setitem(MODEL_REGISTRY, meta.name, meta)
    return Prompted()


@pytest.mark.parametrize("name", ["Sts", "Retrieval"])
def test_a_model_of_mteb_has_the_prompts_of_the_task(mteb, prompted, name, tmp_path):
    """By name and type of task, and by query and document, as `mteb.evaluate` has it; so are its similarities."""
    import mteb_tasks

    def evaluated():
        done = mteb.evaluate(prompted, [getattr(mteb_tasks, name)()], cache=None, co2_tracker=False,
                             show_progress_bar=False)  # fmt: skip
        return {one["hf_subset"]: one for one in done.task_results[0].scores["test"]}

    theirs = evaluated()
    cells = run(f"mteb:Made{name}?protocol=mteb", "mteb:mteb/baseline-prompted", tmp_path)
    for cell in cells.values():
        expected = theirs[cell.facts["mteb_subset"]]
        ours = {score.metric: score.value for score in cell.scores if score.value is not None}
        assert ours == pytest.approx({metric: expected[metric] for metric in ours}, abs=1e-6)
        assert cell.encoded > 0
    prompted.model_prompts.clear()  # of the class
    assert evaluated() != theirs


def test_our_protocols_score_the_data(mteb, tmp_path):
    """Without a protocol the tasks have our metrics, languages as subsets, and intervals."""
    mains = {"Sts": "spearman", "PairClassification": "average_precision", "Retrieval": "ndcg_at_10",
             "Reranking": "map", "Multilabel": "macro_f1"}  # fmt: skip
    for name, main in mains.items():
        cells = run(f"mteb:Made{name}", "ngram", tmp_path)
        assert {cell.main.metric for cell in cells.values()} == {main}
        second = {"Retrieval": {"en-hi"}, "Reranking": set(), "Multilabel": set()}.get(name, {"eng-hin"})
        assert {subset for _, subset in cells} == {"eng", *second}
        assert all(cell.main.has_interval for cell in cells.values())


def test_both_protocols_agree_where_they_ask_the_same(mteb, tmp_path):
    """Spearman's correlation and average precision by the cosine are the same numbers in ours and in mteb's."""
    asked = {"Sts": ("spearman", "cosine_spearman"), "PairClassification": ("average_precision", "cosine_ap")}
    for name, (own, of_mteb) in asked.items():
        ours = run(f"mteb:Made{name}", "random", tmp_path)
        theirs = run(f"mteb:Made{name}?protocol=mteb", "random", tmp_path)
        for place, cell in ours.items():
            (value,) = [score.value for score in theirs[place].scores if score.metric == of_mteb]
            assert {score.metric: score.value for score in cell.scores}[own] == pytest.approx(value, abs=1e-5)


def test_a_task_that_mteb_alone_can_score_says_so(mteb, tmp_path):
    """A search that leaves out what is found first has no protocol of ours: its cell says that."""
    for query in ("", "?protocol=mteb"):
        every = [task.name for task in load().select_tasks([f"mteb:Made*{query}"])]
        assert {f"mteb:Made{name}{query}" for name in MADE} <= set(every)
    found = xlbench.run("random", "mteb:MadeOwnDocument", results=tmp_path, cache=False)
    assert "mteb leaves out of each list what is found first" in found.runs[0].cells[0].reason


def test_several_labels_have_the_spread_of_mtebs_experiments(mteb, tmp_path):
    """mteb draws training items ten times: the cell has ten seeds, and says that this is not determined."""
    ((_, cell),) = run("mteb:MadeMultilabel?protocol=mteb", "ngram", tmp_path).items()
    assert len(cell.seeds) == 10
    assert cell.main.seed_se > 0
    assert cell.main.n < 90  # mteb scores a sample of so many
    assert any("mteb draws training items anew" in note for note in cell.notes)


def test_what_labels_are_worth_is_scikit_learns():
    """Items' shares have the means of scikit-learn's accuracy, F1 and label ranking, and of mteb's Hamming score."""
    from mteb._evaluators.classification_metrics import hamming_score

    from xlbench_mteb import multilabel

    chance = np.random.default_rng(2)
    true, told = chance.random((40, 5)) < 0.4, chance.random((40, 5)) < 0.5
    true[0], true[1], told[2], told[3] = False, True, False, True
    told[0], true[4], told[4] = False, False, True
    found = {name: values.mean() for name, values in multilabel._of_items(true, told).items()}
    assert found["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(true, told))
    assert found["f1"] == pytest.approx(sklearn.metrics.f1_score(true, told, average="macro"))
    assert found["lrap"] == pytest.approx(
        sklearn.metrics.label_ranking_average_precision_score(true.astype(int), told.astype(int))
    )
    with np.errstate(invalid="ignore"):
        assert found["hamming"] == pytest.approx(hamming_score(true.astype(int), told.astype(int)))


def test_judgments_of_unknown_documents_are_counted(mteb, tmp_path):
    """A relevant document that the corpus lacks cannot be found: it is said how many there are."""
    ((_, cell),) = run("mteb:MadeOwnDocument?protocol=mteb", "random", tmp_path).items()
    assert cell.facts["judgments_of_unknown_documents"] == 30
    assert any("that the corpus lacks" in note for note in cell.notes)


def test_questions_on_one_document_are_one_cluster(mteb):
    """Queries stand or fall together with others that the same document answers, in all subsets that have it."""
    (task,) = load().select_tasks(["mteb:MadeRetrieval"])
    one, other = (subset.load() for subset in task.subsets(Data()))
    assert len(one.items.ids) == 30 > len(set(one.items.clusters))
    assert one.items.documents[0].startswith("a title ")
    told = task.texts(next(iter(task.subsets(Data()))))
    assert (len(told), {text.language for text in told}) == (90, {"eng"})
    assert other.items.ids[0] == "MadeRetrieval:en-hi:q0"


def test_a_search_in_the_hubs_layout_is_read(mteb, tmp_path):
    """A folder with corpus, queries and judgments stands in the place of the hub, as it is at the time."""
    folder = tmp_path / "data" / "mteb" / "arguana"
    folder.mkdir(parents=True)
    parts = {"corpus": "corpus", "queries": "queries", "default": "qrels"}
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: test\n    path: {file}.jsonl\n"
        for name, file in parts.items()
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    words = ("rain", "bread", "ball", "snow", "milk", "goal", "wind", "rice")
    for count in (6, 8):
        rows = {
            "corpus": [{"_id": f"d{row}", "title": "", "text": f"{word} and more"} for row, word in enumerate(words)],
            "queries": [{"_id": f"q{row}", "text": word} for row, word in enumerate(words[:count])],
            "qrels": [{"query-id": f"q{row}", "corpus-id": f"d{row}", "score": 1} for row in range(count)],
        }
        for name, its in rows.items():
            (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in its))
        ((_, cell),) = run("mteb:ArguAna", "ngram", tmp_path / "r", data=tmp_path / "data").items()
        assert (cell.main.metric, cell.main.value, cell.main.n) == ("ndcg_at_10", 1.0, count)


def test_leaving_a_query_out_moves_naucs_as_mteb_says():
    """The area under the abstention curve without each query is mteb's of the others, with ties on both sides."""
    from mteb._evaluators.retrieval_metrics import nauc

    from xlbench_mteb import abstention

    chance = np.random.default_rng(1)
    for n in (4, 11, 30):
        sure, scores = chance.integers(0, n // 2, n).astype(float), chance.integers(0, 4, n) / 3
        value, without = abstention.nauc(sure, scores)
        assert value == nauc(sure, scores)
        theirs = [nauc(np.delete(sure, row), np.delete(scores, row)) for row in range(n)]
        assert without == pytest.approx(theirs, nan_ok=True)


def test_pairs_that_share_a_text_are_one_cluster(mteb):
    """Pairs with one first text stand or fall together, in all languages that have it."""
    (task,) = load().select_tasks(["mteb:MadeSts"])
    one, other = (subset.load().pairs for subset in task.subsets(Data()))
    assert set(one.clusters) == set(other.clusters)
    assert len(one.ids) == 70
    assert len(set(one.clusters)) == len(set(one.first)) < 70
    assert {text.language for text in task.texts(list(task.subsets(Data()))[1])} == {"eng", "hin"}


def test_thresholds_are_those_that_mteb_finds(mteb):
    """Who is told rightly at mteb's thresholds gives scikit-learn's F1, precision and recall, and the highest there
    are of F1 and accuracy, with ties and for distances as for similarities."""
    import mteb_tasks

    from xlbench_mteb import paired

    (task,) = load().select_tasks(["mteb:MadePairClassification?protocol=mteb"])
    chance = np.random.default_rng(0)
    positive = chance.random(40) < 0.4
    near = np.round(positive + chance.normal(size=40), 1)
    given = {name: (sign * near).tolist() for name, sign in paired.SIMILARITIES.values()}
    columns = paired._columns(mteb_tasks.PairClassification(), given, positive)
    values = {one.name: float(one.value(one.rows(columns).sum(axis=0))) for one in task.metrics}
    cuts = [near >= level for level in np.unique(near)[1:]]
    for kind in paired.SIMILARITIES:
        told = columns[f"{kind}_told"]
        for name in ("f1", "precision", "recall"):
            assert values[f"{kind}_{name}"] == pytest.approx(getattr(sklearn.metrics, f"{name}_score")(positive, told))
        assert values[f"{kind}_f1"] == pytest.approx(max(sklearn.metrics.f1_score(positive, cut) for cut in cuts))
        assert values[f"{kind}_accuracy"] == pytest.approx(max(float((cut == positive).mean()) for cut in cuts))
