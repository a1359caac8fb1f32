"""`xlbench.SentenceEvaluator`: scores with intervals for the trainers of sentence-transformers."""

from dataclasses import replace

import checkpoints
import pytest
from saved_runs import PRINTS

import xlbench
from xlbench import UsageError, XlbenchError
from xlbench.catalog import load
from xlbench.core.record import Cell, Results, Run

pytestmark = pytest.mark.slow
pytest.importorskip("sentence_transformers")

PAIR = {"tasks": "mini-parallel", "languages": ["hin"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint of sentence-transformers."""
    return checkpoints.sentence_transformer(tmp_path_factory.mktemp("checkpoint") / "model")


@pytest.fixture
def model(folder):
    """It, loaded."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu")


def test_scores_are_those_of_a_run(model, folder, tmp_path):
    """Every cell has its value and the ends of its interval, as `xlbench.run` gives them of the saved checkpoint."""
    numbers = xlbench.SentenceEvaluator(**PAIR)(model)
    cells = [cell for run in xlbench.run(f"st:{folder}", **PAIR, results=tmp_path, cache=False) for cell in run.cells]
    assert len(numbers) == 1 + 3 * len(cells)
    for cell in cells:
        name = f"mini-parallel_{cell.subset}_accuracy"
        ends = cell.main.value, cell.main.low, cell.main.high
        assert (numbers[name], numbers[f"{name}_low"], numbers[f"{name}_high"]) == pytest.approx(ends)
    assert numbers["xlbench"] == pytest.approx(sum(cell.main.value for cell in cells) / len(cells))


def test_a_trainer_takes_it(model, tmp_path):
    """The trainer of sentence-transformers evaluates with it, alone and in a list, and keeps the best by its mean."""
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    evaluator = xlbench.SentenceEvaluator(**PAIR, limit=12, results=tmp_path / "runs")
    pairs = Dataset.from_dict({"a": checkpoints.sentences("eng")[:16], "b": checkpoints.sentences("hin")[:16]})
    arguments = SentenceTransformerTrainingArguments(
        str(tmp_path / "out"), max_steps=2, eval_strategy="steps", eval_steps=1, report_to=[], use_cpu=True,
        save_strategy="no", metric_for_best_model="eval_xlbench", per_device_train_batch_size=8, learning_rate=0.1,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model, arguments, train_dataset=pairs, loss=MultipleNegativesRankingLoss(model), evaluator=evaluator
    )
    trainer.train()
    assert trainer.evaluator is evaluator
    seen = [one for one in trainer.state.log_history if "eval_xlbench" in one]
    assert len(seen) == 2
    assert all("eval_mini-parallel_eng-hin_accuracy_low" in one for one in seen)
    runs = list((tmp_path / "runs").glob("training-step-*"))
    assert len(runs) == 2  # two states of the weights are two models


def test_the_state_of_the_model_is_left_as_it_was(model):
    """A model that is training goes on training."""
    model.train()
    xlbench.SentenceEvaluator(**PAIR, limit=12)(model)
    assert model.training


def test_no_bars_of_data_sets_show_amid_those_of_a_trainer(model):
    """While it evaluates, the progress of `datasets` is off; afterwards it is as it was, on or off, errors included."""
    import datasets

    (parallel,) = load().select_tasks(["mini-parallel"])
    seen = []

    def evaluate(subset, session):
        seen.append(datasets.are_progress_bars_disabled())
        return parallel.evaluate(subset, session)

    def fail(subset, session):
        raise ValueError("no")

    evaluator = xlbench.SentenceEvaluator(replace(parallel, name="own", evaluate=evaluate), languages=["hin"], limit=12)
    for switch, off in ((datasets.enable_progress_bars, False), (datasets.disable_progress_bars, True)):
        switch()
        try:
            evaluator(model)
            with pytest.raises(XlbenchError):
                xlbench.SentenceEvaluator(replace(parallel, name="own", evaluate=fail), languages=["hin"])(model)
            assert datasets.are_progress_bars_disabled() is off
        finally:
            datasets.enable_progress_bars()
    assert seen
    assert all(seen)


def test_wrong_names_are_told_before_the_training():
    """A task, a suite or a language that there is not is an error of the constructor."""
    with pytest.raises(UsageError, match=r"there is no task 'mini-paralel'. Did you mean 'mini-parallel'"):
        xlbench.SentenceEvaluator("mini-paralel")
    with pytest.raises(UsageError, match="there is no suite 'minni'"):
        xlbench.SentenceEvaluator(suite="minni")
    with pytest.raises(UsageError, match="no task here has the language 'xxx'"):
        xlbench.SentenceEvaluator("mini-parallel", languages="xxx")


def test_a_cell_without_a_score_is_an_error():
    """A mean over what is left would be another mean: the first cell that lacks a score is named, with its reason."""
    from xlbench.libraries.sentence_evaluator import scores_of

    failed = Cell("m", PRINTS["alpha"], "pairs", "retrieval", "eng-hin", ("eng", "hin"), "error", reason="it broke")
    with pytest.raises(XlbenchError, match="pairs eng-hin has no score: it broke"):
        scores_of(Results((Run("m", PRINTS["alpha"], (failed,)),)))
    with pytest.raises(XlbenchError, match="is the data at hand"):
        scores_of(Results(()))
