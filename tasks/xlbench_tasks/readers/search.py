"""Reader of searches: queries, documents and judgments in files, or questions with the passages that answer them.

Three files, as in BEIR and TREC: ``corpus`` and ``queries`` (JSON lines, or id and text with a tab between them) and
``qrels``. Or one file a language, in the ``shape`` of Belebele (JSON lines) or of SQuAD (one JSON document, as XQuAD
and MLQA have it). Any of them may be packed, with ``.gz`` or ``.zst`` at the end of its name or not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import files, packed, question_files, search_files
from xlbench_tasks.data.collections import Entry, records_of
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import LANGUAGE, Home, Reading

PARTS = ("corpus", "queries", "qrels")

KEYS = {
    "corpus": str,
    "queries": str,
    "qrels": str,
    "files": str,
    "shape": tuple(question_files.SHAPES),
    "language": str,
    "cluster": str,
    "drop_empty": bool,
    "embedded": bool,
}
"""``corpus``, ``queries``, ``qrels``: a file each, for a language or for all; or ``files`` and their ``shape``;
``language``: of files without ``{language}`` in their names; ``cluster``: the key of a query's line that says what it
was written from, or, with ``files``, `ALONE`; ``drop_empty``: documents without a text are left out; ``embedded``: the
files lie beside the card."""
REQUIRED = ()

ALONE = "question"
"""As ``cluster``: every question of a file stands for itself."""

UNKNOWN_QUERIES = "judgments of queries that are in no file are left out (how many is in the facts)"
EMPTY_DOCUMENTS = "documents without a text are left out (how many is in the facts)"


class Search(Reading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._keys = ("files",) if "files" in home.table else PARTS
        self._patterns = {key: files.patterns(home, key, times=2) for key in self._keys}
        self._language: str = home.table.get("language", "")
        self._check()

    def _check(self) -> None:
        """What the types of the keys cannot say."""
        table, where = self.home.table, self.home.where
        if ("files" in table) != ("shape" in table):
            raise UsageError(f"{where}: files and shape go together: shape = one of {', '.join(question_files.SHAPES)}")
        if "files" in table and (other := [key for key in (*PARTS, "drop_empty") if key in table]):
            raise UsageError(f"{where} {other[0]}: does not go with files, which hold questions and their passages")
        if lacking := [key for key in self._keys if key not in table]:
            raise UsageError(f"{where} lacks {lacking[0]!r}: give corpus, queries and qrels, or files and shape")
        if "files" in table and table.get("cluster", ALONE) != ALONE:
            raise UsageError(f"{where} cluster: questions of an article are one; cluster = '{ALONE}' takes each alone")
        for key in self._keys:
            if table[key].endswith(packed.ENDINGS):
                ending = "." + table[key].rpartition(".")[2]
                raise UsageError(f"{where} {key}: without {ending} at the end; packed files are found, too")
        fixed = [key for key in self._keys if key != "qrels" and LANGUAGE not in table[key]]
        if bool(fixed) != bool(self._language):
            raise UsageError(
                f"{where}: say language = '...' where a file's name does not hold {LANGUAGE} ({', '.join(fixed)})"
                if fixed
                else f"{where} language: is that of files without {LANGUAGE} in their names, and there are none"
            )
        if self._language and self._language not in self.home.languages:
            hint = did_you_mean(self._language, self.home.languages)
            raise UsageError(f"{where} language: {self._language!r} is none of the card's languages.{hint}")

    def _listed(self, key: str) -> tuple[str, ...]:
        """The patterns under a key, plain and packed."""
        return files.with_packed(self._patterns[key])

    def _of_key(self, key: str) -> dict[str, Path]:
        """Language -> its file; none where there is no file."""
        listed = self._listed(key)
        if LANGUAGE in listed[0]:
            try:
                return files.by_language(self, listed)
            except DataMissing:
                return {}
        root = files.root_of(self)
        path = next((root / name for name in listed if (root / name).is_file()), None) if root else None
        languages = (self.home.languages or self._of_key("corpus")) if key == "qrels" else (self._language,)
        return {} if path is None else dict.fromkeys(languages, path)

    def _find(self) -> Mapping[str, Mapping[str, Path]]:
        """Language -> its files by key: of a language there may be queries alone, or a corpus alone."""
        by_key = {key: self._of_key(key) for key in self._keys}
        if lacking := [key for key, found in by_key.items() if not found]:
            what = f"{self.name} is not at hand: no file {files.describe_location(self, self._patterns[lacking[0]])}"
            raise DataMissing(self.missing(what + self._undeclared_files()))
        languages = dict.fromkeys(language for key in self._keys if key != "qrels" for language in by_key[key])
        return {
            language: {key: found[language] for key, found in by_key.items() if language in found}
            for language in languages
        }

    def _place(self) -> str:
        return files.describe_location(self, self._patterns[self._keys[0]])

    def _undeclared_files(self) -> str:
        return files.undeclared_files(self, [name for key in self._keys for name in self._listed(key)])

    def _read(self, language: str) -> Records:
        found = self._found[language]
        if "files" in found:
            alone = self.home.table.get("cluster") == ALONE
            return question_files.records(
                self.name, found["files"], self.home.table["shape"], self._rows(), alone=alone
            )
        queries, _ = self._entries(found.get("queries"), "query")
        documents, dropped = self._entries(found.get("corpus"), "document")
        grades, unknown = self._grades(found, queries, documents, dropped, language)
        if (limit := self._rows()) is not None:
            queries, documents, grades = sample(queries, documents, grades, limit)
        facts = {"documents_without_text": len(dropped), "judged_queries_unknown": unknown}
        notes = {"documents_without_text": EMPTY_DOCUMENTS, "judged_queries_unknown": UNKNOWN_QUERIES}
        facts = {name: count for name, count in facts.items() if count}
        return records_of(self.name, queries, documents, grades, tuple(notes[name] for name in facts), facts)

    def _entries(self, path: Path | None, kind: str) -> tuple[list[Entry], set[str]]:
        if path is None:
            return [], set()
        table = self.home.table
        cluster = table.get("cluster", "") if kind == "query" else ""
        drop = kind == "document" and bool(table.get("drop_empty"))
        kept, dropped = search_files.without_empty(search_files.entries(path, kind, cluster), kind, drop=drop)
        if not kept:
            raise DataError(f"{path} holds no {kind} with a text")
        return kept, dropped

    def _grades(
        self,
        files: Mapping[str, Path],
        queries: Sequence[Entry],
        documents: Sequence[Entry],
        dropped: set[str],
        language: str,
    ) -> tuple[dict[str, dict[str, int]], int]:
        """Id of a document -> id of a query -> grade; and how many judged queries are in no file of the language.

        `DataError` for judged documents that are not in the corpus, but for those that were ``dropped``.
        """
        if not documents:
            return {}, 0
        if "qrels" not in files:
            raise DataError(f"{self.name} has a corpus in {language!r} and no judgments: {self._listed('qrels')[0]}")
        known, asked = {document.id for document in documents}, {query.id for query in queries}
        grades: dict[str, dict[str, int]] = {}
        unknown: dict[str, str] = {}
        judged: set[str] = set()
        for query, document, grade, where in search_files.qrels(files["qrels"]):
            judged.add(query)
            if document in known:
                grades.setdefault(document, {})[query] = grade
            elif document not in dropped:
                unknown.setdefault(document, where)
        if unknown:
            document, where = next(iter(unknown.items()))
            more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
            raise DataError(f"{where}: the document {document!r}{more} is not in {files['corpus']}: get both anew")
        return grades, len(judged - asked) if asked else 0


def sample(
    queries: Sequence[Entry], documents: Sequence[Entry], grades: Mapping[str, Mapping[str, int]], limit: int
) -> tuple[list[Entry], list[Entry], dict[str, dict[str, int]]]:
    """The first queries, with the documents that are judged for them and the first of the others."""
    kept = list(queries[:limit])
    asked = {query.id for query in kept} if kept else None
    of_kept = {
        document: {query: grade for query, grade in found.items() if asked is None or query in asked}
        for document, found in grades.items()
    }
    of_kept = {document: found for document, found in of_kept.items() if found}
    wanted = {document.id for document in documents[:limit]} | (set(of_kept) if asked is not None else set())
    chosen = [document for document in documents if document.id in wanted]
    return kept, chosen, {document: found for document, found in of_kept.items() if document in wanted}


def source(home: Home, data: Data) -> Search:
    """A source over the files of a search."""
    return Search(home, data)
