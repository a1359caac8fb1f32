"""What is wrong with a training is found before its folder is made: by a dry run, too."""

from __future__ import annotations

import shutil
from pathlib import Path

import checkpoints
import pytest
import trainings
from trainings import asked, run_recipe

from xlbench.core.errors import XlbenchError
from xlbench_train.training.failures import TrainingStopped

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread")]
one_thread = trainings.one_thread


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer of 32 dimensions and 64 tokens; one with a damaged tokenizer; a smaller one; and a base that is no
    transformer, and pools nothing."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    folder = tmp_path_factory.mktemp("bases")
    good = checkpoints.sentence_transformer(folder / "good")
    checkpoints.sentence_transformer(folder / "narrow", hidden=16)
    shutil.copytree(good, folder / "damaged")
    (folder / "damaged" / "tokenizer.json").write_text('{"version": "1.0"}', encoding="utf-8")
    static = StaticEmbedding(checkpoints.wordpiece(), embedding_dim=16)
    SentenceTransformer(modules=[static], device="cpu").save_pretrained(str(folder / "static"))
    return folder


@pytest.mark.parametrize(
    ("base", "more", "said"),
    [
        ("good", {"max_length": 999}, "--max-length 999: .*good reads 64 tokens at most"),
        ("good", {"objective": "distill", "teacher": "narrow"}, "it has 16 dimensions, the base 32: take a smaller"),
        ("ngrams:1024x4096", {"objective": "distill", "teacher": "good"}, "it has 32 dimensions, the base 4096"),
        ("static", {"lora": 4}, "--lora 4: .*static does not begin with a transformer"),
        ("static", {"pooling": "cls"}, "--pooling cls: .*static has no module that pools"),
        ("damaged", {}, "--base .*damaged cannot be loaded"),
        ("good", {"device": "cuda"}, "--device cuda: there is no such device here"),
        ("ngrams:1024x16", {"device": "cuda"}, "--device cuda: there is no such device here"),
    ],
)
def test_what_the_base_does_not_have_is_said_before_a_folder_is_made(base, more, said, bases, tmp_path):
    """By the command and by its dry run, so that the folder is free for the one that is right."""
    import torch

    if more.get("device") == "cuda" and torch.cuda.is_available():
        pytest.skip("there is such a device here")
    more = dict(more)
    if "teacher" in more:
        more["teacher"] = f"st:{bases / more['teacher']}?device=cpu"
    spec = base if base.startswith("ngrams:") else f"st:{bases / base}"
    for dry_run in (True, False):
        with pytest.raises(XlbenchError, match=said):
            run_recipe(asked(spec, tmp_path / "out", **more), dry_run=dry_run)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("resume", [pytest.param(False, marks=pytest.mark.campaign), True])
def test_a_training_that_kept_nothing_leaves_the_folder_to_the_next(resume, bases, tmp_path):
    """One that diverged before its first checkpoint, and the corrected command in the same folder."""
    with pytest.raises(TrainingStopped, match=r"so that nothing is kept: try a lower --learning-rate than 1e\+30$"):
        run_recipe(asked(bases / "good", tmp_path / "out", learning_rate=1e30, epochs=3))
    assert run_recipe(asked(bases / "good", tmp_path / "out", learning_rate=1e-3), resume=resume) == 0
    assert "learning rate 0.001" in (tmp_path / "out/README.md").read_text("utf-8")
