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


def test_what_tasks_say_of_themselves():
    """Subsets, languages, splits, repository and how the data was made are in the metadata, without the data."""
    from mteb.get_tasks import _TASKS_REGISTRY

    task = _TASKS_REGISTRY["SIB200Classification"]()
    assert task.metadata.hf_subsets_to_langscripts["hin_Deva"] == ["hin-Deva"]
    assert "hin_Deva" in task.hf_subsets
    assert {"path", "revision"} <= set(task.metadata.dataset)
    assert "translated" in task.metadata.sample_creation
    assert (task.train_split, task.input_column_name, task.label_column_name) == ("train", "text", "label")
    assert (task.n_experiments, task.is_cross_validation) == (10, False)
    assert _TASKS_REGISTRY["NTREXBitextMining"]().parallel_subsets is True


def test_the_draws_of_clustering():
    """mteb's clustering takes its documents and its draws from `rng_state`, a `random.Random` of the task alone."""
    import random

    from mteb.abstasks.clustering import AbsTaskClustering
    from mteb.abstasks.clustering_legacy import AbsTaskClusteringLegacy

    for name in (
        "max_document_to_embed",
        "max_fraction_of_documents_to_embed",
        "max_documents_per_cluster",
        "n_clusters",
    ):
        assert hasattr(AbsTaskClustering, name), name
    assert not hasattr(AbsTaskClusteringLegacy, "max_documents_per_cluster")
    source = inspect.getsource(inspect.getmodule(AbsTaskClustering))
    assert "rng_state.choices(range(n_embeddings), k=cluster_size)" in source
    from mteb.get_tasks import _TASKS_REGISTRY

    task = next(one for one in _TASKS_REGISTRY.values() if issubclass(one, AbsTaskClustering))()
    assert isinstance(task.rng_state, random.Random)


def test_how_a_subset_is_evaluated():
    """`AbsTask.evaluate` takes a split, subsets and a folder for predictions, whose file the task names."""
    from mteb.abstasks.abstask import AbsTask

    names = list(inspect.signature(AbsTask.evaluate).parameters)
    assert {"split", "subsets_to_run", "encode_kwargs", "prediction_folder"} <= set(names)
    assert isinstance(AbsTask.prediction_file_name, property)


def test_what_pairs_of_texts_are_called():
    """STS and pair classification say their columns, predictions hold each similarity, and thresholds are functions."""
    from mteb._evaluators.any_sts_evaluator import STSEvaluatorScores
    from mteb._evaluators.pair_classification_evaluator import PairClassificationDistances
    from mteb.abstasks.pair_classification import AbsTaskPairClassification
    from mteb.abstasks.sts import AbsTaskSTS

    assert AbsTaskSTS.column_names == ("sentence1", "sentence2")
    assert (AbsTaskPairClassification.input1_column_name, AbsTaskPairClassification.label_column_name) == (
        "sentence1", "labels"
    )  # fmt: skip
    similarities = {"cosine_scores", "manhattan_distances", "euclidean_distances", "similarity_scores"}
    assert set(STSEvaluatorScores.__annotations__) == similarities
    assert set(PairClassificationDistances.__annotations__) == similarities | {"dot_scores"}
    for name in ("_find_best_acc_and_threshold", "_find_best_f1_and_threshold"):
        given = list(inspect.signature(getattr(AbsTaskPairClassification, name)).parameters)
        assert given == ["self", "scores", "labels", "high_score_more_similar"]


def test_how_searches_are_measured():
    """Texts as encoders get them, measures of each query, and what an encoder is sure of are functions of their own."""
    from datasets import Dataset
    from mteb._create_dataloaders import _retrieval_texts
    from mteb._evaluators import retrieval_metrics as own
    from mteb.abstasks.retrieval import AbsTaskRetrieval
    from mteb.types import PromptType

    document = Dataset.from_list([{"id": "d", "title": "a title", "text": "a text"}])
    assert list(_retrieval_texts(document, PromptType.document)) == ["a title a text"]
    query = Dataset.from_list([{"id": "q", "text": "a question", "instruction": "and how"}])
    assert list(_retrieval_texts(query, PromptType.query)) == ["a question and how"]
    found = own.calculate_retrieval_scores({"q": {"d": 0.5, "e": 0.25}}, {"q": {"e": 1}}, [1, 3])
    assert {"ndcg_cut_3", "map_cut_3", "recall_1", "P_3", "success_3"} <= set(found.all_scores["q"])
    assert own.mrr({"q": {"e": 1}}, {"q": {"d": 0.5, "e": 0.25}}, [1, 3]) == {"MRR@1": [0.0], "MRR@3": [0.5]}
    assert own.confidence_scores([0.5, 0.25]) == {"max": 0.5, "std": 0.125, "diff1": 0.25}
    assert pytest.approx([rate / 10 for rate in range(10)]) == own._DEFAULT_ABSTENTION_RATES
    for name in ("k_values", "ignore_identical_ids", "skip_first_result", "convert_v1_dataset_format_to_v2"):
        assert hasattr(AbsTaskRetrieval, name), name


def test_how_several_labels_are_drawn():
    """Training items come from `np_rng`, in the order of experiments; of many test items a sample is drawn by seed."""
    from mteb.abstasks.abstask import _multilabel_subsampling
    from mteb.abstasks.multilabel_classification import AbsTaskMultilabelClassification as Own

    assert list(inspect.signature(_multilabel_subsampling).parameters) == [
        "dataset_dict", "seed", "splits", "label", "n_samples"
    ]  # fmt: skip
    assert (Own.max_eval_samples, Own.label_column_name) == (3000, "label")
    assert "self.np_rng.shuffle(idxs)" in inspect.getsource(Own._undersample_data_indices)


def test_the_benchmarks():
    """Benchmarks have a name, aliases and tasks with subsets of their own; means of other tasks are told apart."""
    import mteb
    from mteb.abstasks.aggregated_task import AbsTaskAggregate

    indic = next(one for one in mteb.get_benchmarks() if one.name == "MTEB(Indic, v1)")
    assert all(hasattr(task, "hf_subsets") for task in indic.tasks)
    assert inspect.isclass(AbsTaskAggregate)


def test_labels_numbered_by_a_set():
    """These tasks, and no others that are listed by type, number labels in the order of a set of words."""
    from mteb.get_tasks import _TASKS_REGISTRY

    from xlbench_mteb.label_names import BY_A_SET

    found = {
        name
        for name, kind in _TASKS_REGISTRY.items()
        if "dataset_transform" in vars(kind) and "enumerate(set(" in inspect.getsource(kind.dataset_transform)
    }
    assert found == BY_A_SET
