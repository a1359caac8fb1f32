"""Tasks of mteb that hold their data themselves, made of short texts of our own. Importing this imports mteb."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from datasets import Dataset, DatasetDict
from mteb.abstasks.classification import AbsTaskClassification
from mteb.abstasks.clustering import AbsTaskClustering
from mteb.abstasks.clustering_legacy import AbsTaskClusteringLegacy
from mteb.abstasks.multilabel_classification import AbsTaskMultilabelClassification
from mteb.abstasks.pair_classification import AbsTaskPairClassification
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.sts import AbsTaskSTS
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.abstasks.text.bitext_mining import AbsTaskBitextMining

WORDS = {
    "weather": ["rain", "snow", "wind", "cloud", "storm", "sun", "frost", "hail"],
    "food": ["bread", "milk", "rice", "salt", "honey", "egg", "bean", "soup"],
    "sport": ["ball", "goal", "race", "team", "jump", "swim", "match", "score"],
}  # fmt: skip
COMMON = ("the", "a", "of", "and", "one", "more", "new", "old", "very", "then", "here", "there")


def texts(n: int, seed: int = 0) -> list[tuple[str, str]]:
    """(text, label): words of a topic among common ones; some words of other topics, and two texts that are equal."""
    source = random.Random(seed)
    rows = []
    for number in range(n):
        label = sorted(WORDS)[number % 3]
        words = source.choices(WORDS[label], k=2) + source.choices(COMMON, k=5)
        words += source.choices(WORDS[source.choice(sorted(WORDS))], k=1)
        source.shuffle(words)
        rows.append((" ".join(words), label))
    rows[n // 2] = rows[0]
    return rows


def metadata(
    name: str, kind: str, languages: Any, main_score: str, splits: tuple[str, ...] = ("test",)
) -> TaskMetadata:
    """What mteb wants to know of a task."""
    return TaskMetadata(
        name=name, description="Made for a test.", type=kind, category="t2t", modalities=["text"],
        reference="https://example.org", eval_splits=list(splits), eval_langs=languages, main_score=main_score,
        dataset={"path": "made/for-a-test", "revision": "1"}, license="cc0-1.0", domains=["Written"],
        date=("2020-01-01", "2020-01-02"), dialect=[], task_subtypes=[], annotations_creators="derived",
        sample_creation="created", bibtex_citation="",
    )  # fmt: skip


def translated(text: str, language: str) -> str:
    """A text in a made-up language: two letters of every third word are other ones."""
    words = text.split()
    return " ".join(f"{word[:-1]}{language[0]}" if place % 3 == 0 else word for place, word in enumerate(words))


class Bitext(AbsTaskBitextMining):
    """Pairs of lines, a configuration a pair."""

    metadata = metadata(
        "MadeBitext", "BitextMining",
        {"eng-hin": ["eng-Latn", "hin-Deva"], "deu-eng": ["deu-Latn", "eng-Latn"]}, "f1",
    )  # fmt: skip

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        self.dataset = {}
        for pair in self.hf_subsets:
            one, other = pair.split("-")
            rows = [text for text, _ in texts(60, 1)]
            sides = {"sentence1": [translated(row, one) for row in rows],
                     "sentence2": [translated(row, other) for row in rows]}  # fmt: skip
            self.dataset[pair] = DatasetDict(test=Dataset.from_dict(sides))
        self.data_loaded = True


class Parallel(AbsTaskBitextMining):
    """Lines in several languages, a column each."""

    parallel_subsets = True
    metadata = metadata(
        "MadeParallel", "BitextMining",
        {
            f"{one}-{other}": [one.replace("_", "-"), other.replace("_", "-")]
            for one in ("eng_Latn", "hin_Deva", "deu_Latn") for other in ("eng_Latn", "hin_Deva", "deu_Latn")
            if one != other
        }, "f1",
    )  # fmt: skip

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        rows = [text for text, _ in texts(60, 2)]
        columns = {code: [translated(row, code) for row in rows] for code in ("eng_Latn", "hin_Deva", "deu_Latn")}
        self.dataset = DatasetDict(test=Dataset.from_dict(columns))
        self.data_loaded = True


class Classification(AbsTaskClassification):
    """Topics of texts in two languages."""

    metadata = metadata("MadeClassification", "Classification", {"en": ["eng-Latn"], "hi": ["hin-Deva"]}, "accuracy")

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        self.dataset = {}
        for subset, language in {"en": "eng", "hi": "hin"}.items():
            if subset in self.hf_subsets:
                self.dataset[subset] = DatasetDict(train=_labeled(120, 3, language), test=_labeled(90, 4, language))
        self.data_loaded = True


def _labeled(n: int, seed: int, language: str) -> Dataset:
    rows = texts(n, seed)
    return Dataset.from_dict(
        {
            "text": [translated(text, language) for text, _ in rows],
            "label": [sorted(WORDS).index(one) for _, one in rows],
        }
    )


class Clustering(AbsTaskClustering):
    """Topics as groups."""

    max_fraction_of_documents_to_embed = None
    max_document_to_embed = 90
    metadata = metadata("MadeClustering", "Clustering", ["eng-Latn"], "v_measure")

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        rows = texts(90, 5)
        made = {"sentences": [text for text, _ in rows], "labels": [label for _, label in rows]}
        self.dataset = DatasetDict(test=Dataset.from_dict(made))
        self.data_loaded = True


class LegacyClustering(AbsTaskClusteringLegacy):
    """Groups of the first generation: every row is a set of texts with labels."""

    metadata = metadata("MadeLegacyClustering", "Clustering", ["eng-Latn"], "v_measure")

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        sets = [texts(60, seed) for seed in (6, 7)]
        made = {
            "sentences": [[text for text, _ in one] for one in sets],
            "labels": [[label for _, label in one] for one in sets],
        }
        self.dataset = DatasetDict(test=Dataset.from_dict(made))
        self.data_loaded = True


def pairs(n: int, seed: int, one: str, other: str) -> tuple[list[str], list[str], list[float]]:
    """Texts, others that share some of their words, and which share of them; some values and pairs are equal."""
    source = random.Random(seed)
    first, second, shares = [], [], []
    for text, _ in texts(n, seed):
        words, kept = text.split(), source.randint(0, 8)
        new = source.choices([word for topic in sorted(WORDS) for word in WORDS[topic]], k=8 - kept)
        first.append(translated(text, one))
        second.append(translated(" ".join(words[:kept] + new), other))
        shares.append(kept / 8 * 5)
    first[3], second[3], shares[3] = first[4], second[4], shares[4]
    return first, second, shares


LANGUAGES_OF_PAIRS = {"en": ["eng-Latn"], "en-hi": ["eng-Latn", "hin-Deva"]}


class Sts(AbsTaskSTS):
    """Pairs with scores, within a language and across two."""

    metadata = metadata("MadeSts", "STS", LANGUAGES_OF_PAIRS, "cosine_spearman")

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        self.dataset = {}
        for subset in self.hf_subsets:
            first, second, shares = pairs(70, 8, "eng", "hin" if "-" in subset else "eng")
            self.dataset[subset] = DatasetDict(
                test=Dataset.from_dict({"sentence1": first, "sentence2": second, "score": shares})
            )
        self.data_loaded = True


class PairClassification(AbsTaskPairClassification):
    """Pairs with labels; of the older form, in which one row holds them all, in one of the subsets."""

    metadata = metadata("MadePairClassification", "PairClassification", LANGUAGES_OF_PAIRS, "max_ap")

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        self.dataset = {}
        for subset in self.hf_subsets:
            first, second, shares = pairs(70, 9, "eng", "hin" if "-" in subset else "eng")
            made = {"sentence1": first, "sentence2": second, "labels": [int(share > 2.5) for share in shares]}
            rows = {name: [column] for name, column in made.items()} if "-" in subset else made
            self.dataset[subset] = DatasetDict(test=Dataset.from_dict(rows))
        self.data_loaded = True


def collection(n: int, seed: int, one: str, other: str) -> dict[str, Any]:
    """Questions made of the words of documents, judged in grades; some documents are equal, and some have titles."""
    source = random.Random(seed)
    documents = [text for text, _ in texts(n, seed)]
    queries, judged = [], {}
    for number in range(n // 2):
        first, second = source.sample(range(n), 2)
        words = documents[first].split()[:4] + documents[second].split()[:1]
        queries.append({"id": f"q{number}", "text": translated(" ".join(words), one)})
        judged[f"q{number}"] = {f"d{first}": 2, f"d{second}": 1, f"d{(first + 1) % n}": 0}
    corpus = [
        {"id": f"d{number}", "title": "a title" if number % 3 == 0 else "", "text": translated(text, other)}
        for number, text in enumerate(documents)
    ]
    ranked = {
        query: list(dict.fromkeys([*its, *(f"d{source.randrange(n)}" for _ in range(9))]))
        for query, its in judged.items()
    }
    return {
        "corpus": Dataset.from_list(corpus), "queries": Dataset.from_list(queries), "relevant_docs": judged,
        "top_ranked": ranked,
    }  # fmt: skip


class Retrieval(AbsTaskRetrieval):
    """Questions put to documents, within a language and across two."""

    metadata = metadata("MadeRetrieval", "Retrieval", LANGUAGES_OF_PAIRS, "ndcg_at_10")
    is_reranking = False

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        self.dataset = {}
        for subset in self.hf_subsets:
            made = collection(60, 10, "eng", "hin" if "-" in subset else "eng")
            self.dataset[subset] = {"test": made if self.is_reranking else {**made, "top_ranked": None}}
        self.data_loaded = True


class OwnDocument(Retrieval):
    """The same, where a question may be a document, too: by its id, or as what is found first."""

    metadata = metadata("MadeOwnDocument", "Retrieval", ["eng-Latn"], "recall_at_3")
    ignore_identical_ids = skip_first_result = True
    k_values = (1, 3, 25)
    unknown: Mapping[str, int] = {"d-lost": 1}

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        made = collection(60, 11, "eng", "eng")
        names = {one["id"]: one["id"].replace("q", "d") for one in made["queries"]}
        queries = [{**one, "id": names[one["id"]]} for one in made["queries"]]
        judged = {names[query]: {**its, **self.unknown} for query, its in made["relevant_docs"].items()}
        one = {**made, "queries": Dataset.from_list(queries), "relevant_docs": judged, "top_ranked": None}
        self.dataset = {"default": {"test": one}}
        self.data_loaded = True


class LeftOut(OwnDocument):
    """The same, where it is a document by its id alone."""

    metadata = metadata("MadeLeftOut", "Retrieval", ["eng-Latn"], "ndcg_at_10")
    skip_first_result = False
    k_values = (1, 3, 10)
    unknown: Mapping[str, int] = {}


class Reranking(Retrieval):
    """The same with a list of documents for each question."""

    metadata = metadata("MadeReranking", "Reranking", ["eng-Latn"], "map_at_1000")
    is_reranking = True


class Multilabel(AbsTaskMultilabelClassification):
    """The topics whose words a text has: one, two, or none."""

    max_eval_samples = 80
    metadata = metadata("MadeMultilabel", "MultilabelClassification", ["eng-Latn"], "accuracy")

    def load_data(self, num_proc: int | None = None, **more: Any) -> None:
        made = {}
        for split, (n, seed) in {"train": (120, 12), "test": (90, 13)}.items():
            rows = [text for text, _ in texts(n, seed)]
            labels = [
                [number for number, topic in enumerate(sorted(WORDS)) if {*WORDS[topic][:5]} & {*text.split()}]
                for text in rows
            ]
            made[split] = Dataset.from_dict({"text": rows, "label": labels})
        self.dataset = DatasetDict(made)
        self.data_loaded = True
