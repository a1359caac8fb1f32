"""Topics and groups of SIB-200 and pairs of NTREX in five languages: as files for xlbench, and as tasks of mteb."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LANGUAGES = {"eng": "eng_Latn", "deu": "deu_Latn", "hin": "hin_Deva", "swa": "swh_Latn", "isl": "isl_Latn"}
"""Languages, and what SIB-200 calls them."""
SPLITS = ("train", "dev", "test")
Row = tuple[str, str]


class Texts:
    """The texts of the tasks, cut to so many a split and so many lines, in a data root of their own."""

    def __init__(self, source: Path, root: Path, most: int, lines: int) -> None:
        self.root = root
        self.news: dict[str, dict[str, list[Row]]] = {}
        self.lines: dict[str, list[str]] = {}
        for language, code in LANGUAGES.items():
            self.news[language] = {split: self._split(source, code, split, most) for split in SPLITS}
            kind = "src" if language == "eng" else "ref"
            self.lines[language] = self._head(source, f"NTREX-128/newstest2019-{kind}.{language}.txt", lines)
        self._head(source, "DOCUMENT_IDS.tsv", lines)

    def _split(self, source: Path, code: str, split: str, most: int) -> list[Row]:
        """(text, topic) of a split of SIB-200, copied into the data root."""
        name = f"sib200/data/annotated/{code}/{split}.tsv"
        head, *lines = (source / name).read_text(encoding="utf-8").rstrip("\n").split("\n")
        rows = [head, *lines[:: -(-len(lines) // most)]]  # from all over the file, which is sorted by topic
        self._write(name, rows)
        return [(row["text"], row["category"]) for row in csv.DictReader(io.StringIO("\n".join(rows)), delimiter="\t")]

    def _head(self, source: Path, name: str, lines: int) -> list[str]:
        rows = (source / "ntrex" / name).read_text(encoding="utf-8").split("\n")[:lines]
        self._write(f"ntrex/{name}", rows)
        return rows

    def _write(self, name: str, rows: Sequence[str]) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*rows, ""]), encoding="utf-8")

    def of(self, language: str) -> list[str]:
        """All texts of a language, each once."""
        news = (text for rows in self.news[language].values() for text, _ in rows)
        return list(dict.fromkeys([*news, *self.lines[language]]))

    def all(self) -> list[str]:
        """All texts, each once."""
        return list(dict.fromkeys(text for language in LANGUAGES for text in self.of(language)))


def mteb_suite(texts: Texts) -> dict[str, type]:
    """The same three tasks as mteb's, over the same texts: SIB-200's test split, and pairs with English."""
    import mteb_tasks
    from datasets import Dataset, DatasetDict

    codes = {language: code.replace("_", "-") for language, code in LANGUAGES.items()}
    alone = {code: [code.replace("_", "-")] for code in LANGUAGES.values()}
    topics = sorted({topic for _, topic in texts.news["eng"]["train"]})

    def rows(language: str, split: str, text: str, label: str) -> Any:
        pairs = texts.news[language][split]
        return Dataset.from_dict({text: [one for one, _ in pairs], label: [topics.index(topic) for _, topic in pairs]})

    class Topics(mteb_tasks.AbsTaskClassification):
        metadata = mteb_tasks.metadata("MadeTopics", "Classification", alone, "accuracy")

        def load_data(self, num_proc: int | None = None, **more: Any) -> None:
            self.dataset = {
                code: DatasetDict({split: rows(language, split, "text", "label") for split in ("train", "test")})
                for language, code in LANGUAGES.items()
            }
            self.data_loaded = True

    class Groups(mteb_tasks.AbsTaskClustering):
        max_fraction_of_documents_to_embed = None
        max_document_to_embed = 10_000
        metadata = mteb_tasks.metadata("MadeGroups", "Clustering", alone, "v_measure")

        def load_data(self, num_proc: int | None = None, **more: Any) -> None:
            self.dataset = {
                code: DatasetDict(test=rows(language, "test", "sentences", "labels"))
                for language, code in LANGUAGES.items()
            }
            self.data_loaded = True

    class Twins(mteb_tasks.AbsTaskBitextMining):
        parallel_subsets = True
        metadata = mteb_tasks.metadata(
            "MadeTwins", "BitextMining",
            {f"eng_Latn-{code}": [codes["eng"], codes[language]] for language, code in LANGUAGES.items()
             if language != "eng"}, "f1",
        )  # fmt: skip

        def load_data(self, num_proc: int | None = None, **more: Any) -> None:
            columns = {code: texts.lines[language] for language, code in LANGUAGES.items()}
            self.dataset = DatasetDict(test=Dataset.from_dict(columns))
            self.data_loaded = True

    return {"MadeTopics": Topics, "MadeGroups": Groups, "MadeTwins": Twins}
