"""What holds for every kind of checkpoint's folder: each file counts, and no weights are made up."""

from __future__ import annotations

import checkpoints
import pytest
import rare_checkpoints as rare
from safetensors.numpy import load_file, save_file

import xlbench
from xlbench import catalog

pytestmark = pytest.mark.slow

MAKERS = {
    make.__name__: make
    for make in (
        checkpoints.bert, checkpoints.xlm_roberta, checkpoints.sentence_transformer, checkpoints.labse_like,
        checkpoints.siamese, checkpoints.static, checkpoints.model2vec, rare.router, rare.canine, rare.byt5,
        rare.xlm_roberta_of_pieces, rare.mt5_of_pieces, rare.decoder, rare.decoder_chain,
    )
}  # fmt: skip
"""Kind of folder -> what makes one."""


@pytest.fixture(scope="module")
def stocked() -> catalog.Catalog:
    """What is installed."""
    return catalog.load()


@pytest.fixture(params=MAKERS)
def folder(request, tmp_path):
    """A folder of each kind."""
    return MAKERS[request.param](tmp_path / "model")


def identities(stocked: catalog.Catalog, folder) -> set[str]:
    """What a model and its vectors are known by."""
    (model,) = stocked.select_models([f"{folder}?device=cpu"])
    return {model.identity(), model.vectors_identity()}


def test_every_file_of_a_folder_counts(stocked, folder):
    """Whichever file is changed, weights and tokenizers too, it is another model, and no vector of the first is its."""
    before = identities(stocked, folder)
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix not in (".md", "")]
    assert {".json", ".safetensors"} <= {file.suffix for file in files}
    for file in files:
        content = file.read_bytes()
        weights = file.suffix == ".safetensors"
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if weights else content + b"\n")
        assert not before & identities(stocked, folder), file
        file.write_bytes(content)
    assert identities(stocked, folder) == before


def test_a_folder_that_lacks_half_of_its_tensors_is_refused(stocked, folder):
    """Whichever file of weights it is, one line names the folder, and no weights are made up; whole, it is loaded."""
    files = list(folder.rglob("*.safetensors"))
    assert files
    for file in files:
        content, weights = file.read_bytes(), load_file(file)
        save_file({name: weights[name] for name in sorted(weights)[1::2]}, file, {"format": "pt"})
        with pytest.raises(xlbench.XlbenchError) as caught:
            stocked.select_models([f"{folder}?device=cpu"])[0].load()
        assert str(folder) in str(caught.value), file
        assert "\n" not in str(caught.value)
        file.write_bytes(content)
    stocked.select_models([f"{folder}?device=cpu"])[0].load()
