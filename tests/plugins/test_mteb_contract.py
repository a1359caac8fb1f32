"""The private parts of mteb that are used: an upgrade of mteb that changes one fails here by name."""

import inspect

import pytest

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")


def test_the_cache_that_is_made_on_import():
    """`mteb.evaluate` has a `ResultCache` for a default, whose folder can be set, and the class says the usual one."""
    import mteb
    from mteb.cache import ResultCache

    default = inspect.signature(mteb.evaluate).parameters["cache"].default
    assert isinstance(default, ResultCache)
    assert isinstance(ResultCache.default_cache_path, property)
    assert "cache_path" in vars(default)


def test_the_registry_of_models():
    """Models are known by name, and say what the plugin asks: revision, settings, loader, kind, modalities."""
    from mteb.models.model_implementations import MODEL_REGISTRY

    meta = MODEL_REGISTRY["sentence-transformers/LaBSE"]
    assert isinstance(meta.loader_kwargs, dict)
    assert (meta.name, list(meta.model_type), list(meta.modalities)) == (
        "sentence-transformers/LaBSE", ["dense"], ["text"]
    )  # fmt: skip
    assert callable(meta.loader)


def test_texts_as_mteb_hands_them_to_an_encoder():
    """`_create_dataloader_from_texts` gives batches with a list `text`, in order."""
    from mteb._create_dataloaders import _create_dataloader_from_texts

    batches = list(_create_dataloader_from_texts([str(number) for number in range(40)]))
    assert [text for batch in batches for text in batch["text"]] == [str(number) for number in range(40)]


def test_the_registry_of_tasks_and_their_types():
    """Tasks are classes by name, with metadata and an instruction of their type; types are a Literal."""
    from typing import get_args

    from mteb.abstasks.task_metadata import TaskType
    from mteb.get_tasks import _TASKS_REGISTRY

    assert {"BitextMining", "Classification", "Clustering", "STS"} <= set(get_args(TaskType))
    task = _TASKS_REGISTRY["NTREXBitextMining"]
    assert task.metadata.type == "BitextMining"
    assert isinstance(task.abstask_prompt, str)
