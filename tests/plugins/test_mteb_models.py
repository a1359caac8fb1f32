"""The scheme `mteb:` for models: mteb's registry by name, and what is refused."""

import dataclasses

import numpy as np
import pytest

import xlbench
from xlbench import UsageError
from xlbench.catalog import load
from xlbench.testing import check_model

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")

RANDOM = "mteb:mteb/baseline-random-encoder"


def model(spec):
    (found,) = load().select_models([spec])
    return found


def test_a_weight_free_model_is_scored_as_our_copy_of_it(tmp_path):
    """mteb's random encoder, loaded by mteb, has the scores of `random`, cell by cell."""
    runs = xlbench.run([RANDOM, "random"], "mini-parallel", languages="hin", results=tmp_path, cache=False)
    theirs, ours = ({cell.subset: cell.main.value for cell in run.cells} for run in runs)
    assert theirs == ours


def test_a_registered_model_conforms():
    """What the scheme makes is a model like any other."""
    check_model(dataclasses.replace(model(RANDOM), name="random-of-mteb"))


def test_identity_is_name_revision_and_settings():
    """Another model and another type of task are other models; a registered checkpoint says its pinned revision."""
    labse = model("mteb:sentence-transformers/LaBSE")
    assert labse.details["revision"] == "e34fab64a3011d2176c99545a93d5cbddc9a91b7"
    assert labse.download.revision == labse.details["revision"]
    others = [model(RANDOM), model(f"{RANDOM}?task_type=BitextMining"), labse]
    assert len({one.identity() for one in others}) == 3
    assert model(f"{RANDOM}?task_type=STS").identity() == model(RANDOM).identity()


def test_prompts_are_those_of_the_type_of_task():
    """mteb's wrapper takes the prompt of the spec's type of task, and that of the role."""
    from mteb.models.abs_encoder import get_prompt_name

    from xlbench_mteb.models import RegisteredEncoder

    class Told:
        def encode(self, inputs, *, task_metadata, prompt_type, **more):
            prompts = {"BitextMining": "b", "query": "q", "document": "d"}
            name = get_prompt_name(prompts, task_metadata, prompt_type)
            return np.array([[len(text), ord(prompts.get(name, "-"))] for batch in inputs for text in batch["text"]])

    def prompt(task_type, role):
        ((length, sign),) = RegisteredEncoder(Told(), task_type).encode(["abc"], role)
        assert length == 3
        return chr(sign)

    asked = [("BitextMining", None), ("STS", None), ("STS", "query"), ("STS", "document")]
    assert [prompt(*one) for one in asked] == ["b", "-", "q", "d"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            "mteb:mteb/baseline-random-encodr",
            r"no model 'mteb/baseline-random-encodr'\. Did you mean 'mteb/baseline-ran",
        ),
        ("mteb:labse", r"Did you mean 'sentence-transformers/LaBSE'\?"),
        (f"{RANDOM}?task_type=Bitext", r"mteb has no such type\. Did you mean 'BitextMining'"),
        ("mteb:mteb/baseline-bm25s", "is no encoder that gives a text one vector"),
        ("mteb:openai/text-embedding-3-small", "mteb pins no commit of it"),
        ("mteb:", "names nothing"),
    ],
)
def test_what_cannot_be_a_model_is_a_line(spec, said):
    """An unknown name or type, another kind of model, and one that is not pinned are refused."""
    with pytest.raises(UsageError, match=said):
        load().select_models([spec])


def test_a_checkpoint_that_is_not_here_is_skipped_offline(xlbench_cli):
    """Without a network its cells are skipped, with a line that says how to bring it; none fails with a traceback."""
    done = xlbench_cli(
        ["run", "-m", "mteb:sentence-transformers/LaBSE", "-t", "mini-parallel", "-l", "hin", "--offline"]
    )
    assert done.returncode == 1
    line = next(line for line in done.stderr.splitlines() if line.startswith("skipped: "))
    assert "sentence-transformers/LaBSE at e34fab64" in line
    assert "xlbench fetch --model mteb:sentence-transformers/LaBSE" in line
    assert "Traceback" not in done.stderr


def test_code_of_a_checkpoint_is_run_with_permission_alone():
    """A model whose settings let code of its checkpoint run is refused unless that is permitted."""
    from mteb.models.model_implementations import MODEL_REGISTRY

    from xlbench_mteb.models import Recipe

    name = next(
        meta.name for meta in MODEL_REGISTRY.values()
        if meta.loader_kwargs.get("trust_remote_code") and "dense" in meta.model_type
    )  # fmt: skip
    with pytest.raises(UsageError, match="--trust-remote-code"):
        Recipe(f"mteb:{name}", MODEL_REGISTRY[name], "STS").load()
