"""Document search: its reader, its subsets and its scores, on files that the tests write."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlbench
from xlbench import Data, DataError, DataMissing, EncodingSession, UsageError
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.data.collections import collection_of
from xlbench_tasks.data.scripts import other_script
from xlbench_tasks.data.source import Home
from xlbench_tasks.protocols.search_items import search_items
from xlbench_tasks.readers import search

BEIR = {
    "corpus": "b/{language}/corpus.jsonl",
    "queries": "b/{language}/queries.jsonl",
    "qrels": "b/{language}/qrels/test.tsv",
}
WORDS = ["river", "bread", "winter", "school", "goat", "lamp", "music", "garden", "letter", "storm"]
HINDI = ["नदी", "रोटी", "सर्दी", "स्कूल", "बकरी", "दीपक", "संगीत", "बगीचा", "पत्र", "तूफान"]


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_beir(root: Path, language: str = "eng", words: list[str] = WORDS) -> Path:
    """A BEIR folder: a document and a query a word, each document with a grade for its query and for the next one."""
    folder = root / "b" / language
    count = len(words)
    corpus = [
        {"_id": f"d{n}", "title": word, "text": f"{word} {words[n - 1]} {words[n - 2]}"} for n, word in enumerate(words)
    ]
    write(folder / "corpus.jsonl", lines(corpus))
    write(folder / "queries.jsonl", lines([{"_id": f"q{n}", "text": f"{word}?"} for n, word in enumerate(words)]))
    judged = [f"q{n}\td{n}\t2\nq{n}\td{(n + 1) % count}\t1\nq{n}\td{(n + 5) % count}\t0\n" for n in range(count)]
    write(folder / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\n" + "".join(judged))
    return folder


def reading(root: Path | None, limit: int | None = None, languages: str = "eng hin", **table: Any) -> search.Search:
    home = Home("t.toml: [data]", "set", "search", tuple(languages.split()), table or BEIR)
    return search.source(home, Data(root, limit))


def card(tmp_path: Path, data: str, options: str = "", languages: str = '"eng", "hin"') -> xlbench.Task:
    text = f"""
name = "find"
area = "retrieval"
protocol = "search"
description = "Find the document"
license = "CC0-1.0"
languages = [{languages}]
[data]
name = "set"
reader = "search"
{data}
[options]
{options}
"""
    return task(read_card(write(tmp_path / "find.toml", text)))


IN_BEIR = "\n".join(f'{key} = "{name}"' for key, name in BEIR.items())


def ngrams() -> EncodingSession:
    from xlbench_baselines import ngrams

    return EncodingSession(ngrams.plain())


# The reader


def test_a_beir_folder_is_a_collection(tmp_path):
    """Queries, documents with their titles, and grades by query."""
    write_beir(tmp_path)
    found = collection_of(reading(tmp_path).read("eng"), "x")
    assert found.queries["set:q1"] == "bread?"
    assert found.documents["set:document d1"] == "bread bread river storm"
    assert found.grades["set:q1"] == {"set:document d1": 2, "set:document d2": 1, "set:document d6": 0}


def test_packed_files_and_trec_judgments_are_the_same_data(tmp_path):
    """Files in gzip, and judgments of four columns, give equal records; grades below 0 are 0."""
    folder = write_beir(tmp_path)
    plain = reading(tmp_path).read("eng")
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress((folder / "corpus.jsonl").read_bytes()))
    (folder / "corpus.jsonl").unlink()
    rows = [line.split("\t") for line in (folder / "qrels/test.tsv").read_text(encoding="utf-8").split("\n")[1:-1]]
    trec = "".join(f"{query} Q0  {document} {grade if grade != '0' else '-1'}\n" for query, document, grade in rows)
    write(folder / "qrels" / "test.tsv", trec)
    assert reading(tmp_path).read("eng").fingerprint() == plain.fingerprint()


def test_queries_in_many_languages_and_a_corpus_in_one(tmp_path):
    """Files whose names hold no language are of the one that the card names; others may have queries alone."""
    folder = write_beir(tmp_path)
    write(tmp_path / "q" / "eng.tsv", "q0\triver?\n")
    write(tmp_path / "q" / "hin.tsv", "q0\tनदी?\nq1\tरोटी?\n")
    table = {"corpus": "b/eng/corpus.jsonl", "queries": "q/{language}.tsv", "qrels": "b/eng/qrels/test.tsv"}
    source = reading(tmp_path, **table, language="eng")
    assert folder.is_dir()
    assert source.languages() == ("eng", "hin")
    assert collection_of(source.read("hin"), "x").documents == {}
    eng = source.read("eng")
    assert eng.facts == {"judged_queries_unknown": 9}
    assert eng.notes == (search.UNKNOWN_QUERIES,)


def test_clusters_are_what_queries_were_written_from(tmp_path):
    """The key that the card names, of a line or of its metadata."""
    folder = write_beir(tmp_path)
    rows = [{"_id": "q0", "text": "river?", "page": "p1"}, {"_id": "q1", "text": "bread?", "metadata": {"page": 2}}]
    write(folder / "queries.jsonl", lines(rows))
    records = reading(tmp_path, **BEIR, cluster="page").read("eng")
    assert records.clusters[:2] == ("set:p1", "set:2")
    write(folder / "queries.jsonl", lines([*rows, {"_id": "q2", "text": "winter?"}]))
    with pytest.raises(DataError, match=r"queries\.jsonl, line 3: no 'page', which the card's cluster names"):
        reading(tmp_path, **BEIR, cluster="page").read("eng")


def test_a_sample_keeps_what_its_queries_ask_for(tmp_path):
    """With a limit there are as many queries, the documents judged for them, and the first of the others."""
    write_beir(tmp_path)
    found = collection_of(reading(tmp_path, limit=2).read("eng"), "x")
    assert list(found.queries) == ["set:q0", "set:q1"]
    assert [item.partition(" ")[2] for item in found.documents] == ["d0", "d1", "d2", "d5", "d6"]
    assert set(found.grades) == {"set:q0", "set:q1"}


def test_documents_without_a_text_can_be_left_out(tmp_path):
    """They are an error that says how; left out, they are counted, and so are judgments of them no error."""
    folder = write_beir(tmp_path)
    with (folder / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write(lines([{"_id": "empty", "title": "", "text": " "}]))
    with pytest.raises(DataError, match=r"corpus\.jsonl, line 11: the document 'empty' is empty.*drop_empty = true"):
        reading(tmp_path).read("eng")
    records = reading(tmp_path, **BEIR, drop_empty=True).read("eng")
    assert records.facts == {"documents_without_text": 1}
    found = collection_of(records, "x")
    assert search_items("eng", found, {"eng": found}, "x").facts == {"documents_without_text": 1}
    crossed = search_items("hin", replace(found, facts={}), {"eng": found}, "x")
    assert (crossed.facts, crossed.notes) == ({"documents_without_text (eng)": 1}, records.notes)
    assert len(collection_of(records, "x").documents) == 10


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", '{"_id": "d0", "text": "x"}\n{"_id": "d0", "text": "y"}\n',
         r"corpus\.jsonl, line 2: the document id 'd0' was on line 1 already; remove one of them"),
        ("corpus.jsonl", '{"_id": "d0"}\n', r"corpus\.jsonl, line 1: a document needs an id \(_id or id\) and a text"),
        ("corpus.jsonl", '["d0", "x"]\n', r"corpus\.jsonl, line 1: list in place of a JSON object"),
        ("corpus.jsonl", "d0 x\n", r"corpus\.jsonl, line 1: no JSON .*; every line must be one JSON object"),
        ("queries.jsonl", '{"_id": "q0", "text": "river?"}\n{"_id": "q1", "text": "\u200b"}\n',
         r"queries\.jsonl, line 2: the query 'q1' is empty but for characters that nobody sees.*; remove it$"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq0\td0\t1\nq0\td99\t1\nq1\td98\t0\n",
         r"test\.tsv, line 3: the document 'd99' and 1 more is not in .*corpus\.jsonl: get both anew"),
        ("qrels/test.tsv", "q0\td0\t1\n",
         r"test\.tsv, line 1: 3 columns, and not a TREC line's query.*begins with the line query-id"),
        *[("qrels/test.tsv", f"q0 0 d0 {grade}\n", rf"test\.tsv, line 1: the grade '{grade}' is no whole number")
          for grade in ("nan", "inf", "0.5", "99999999999999999999")],
        ("qrels/test.tsv", "q0 0 d0 high\n", r"test\.tsv, line 1: the grade 'high' is no whole number"),
        ("qrels/test.tsv", "q0 0 d0 1\nq0 0 d0 2\n",
         r"test\.tsv, line 2: query 'q0' and document 'd0' were judged on line 1 already"),
    ],
)  # fmt: skip
def test_broken_files_are_told_by_file_and_line(tmp_path, name, content, message):
    """One line each: duplicate ids, what is no document, empty queries, judgments of unknown documents."""
    folder = write_beir(tmp_path)
    write(folder / name, content)
    with pytest.raises(DataError, match=message) as caught:
        reading(tmp_path).read("eng")
    assert "\n" not in str(caught.value)


def test_missing_files_are_missing_data(tmp_path):
    """Where there are no judgments at all, the data is not at hand; the line names what was looked for."""
    folder = write_beir(tmp_path)
    (folder / "qrels" / "test.tsv").unlink()
    with pytest.raises(DataMissing, match=r"set is not at hand: no file b/\{language\}/qrels/test\.tsv"):
        reading(tmp_path).languages()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"corpus": "c", "queries": "q", "qrels": "r"}, r"say language = '...' where a file's name does not hold"),
        ({"corpus": "{language}", "queries": "{language}q"}, "lacks 'qrels': give corpus, queries and qrels"),
        ({"files": "{language}.json"}, "files and shape go together: shape = one of belebele, squad"),
        ({"files": "{language}.json", "shape": "squad", "qrels": "r"}, "qrels: does not go with files"),
        ({"files": "{language}.json", "shape": "squad", "cluster": "x"}, "cluster = 'question' takes each alone"),
        ({**BEIR, "language": "eng"}, "language: is that of files without {language} in their names, and there are"),
        ({**BEIR, "corpus": "c.jsonl", "language": "enq"}, "'enq' is none of the card's languages. Did you mean 'eng'"),
        ({**BEIR, "corpus": "{language}.jsonl.gz"}, "corpus: without .gz at the end; packed files are found, too"),
    ],
)
def test_wrong_tables_are_told(tmp_path, table, message):
    """What a card may not say of a search is a mistake in the card."""
    with pytest.raises(UsageError) as caught:
        reading(tmp_path, **table)
    assert message in str(caught.value)


def belebele(words: list[str]) -> str:
    return lines(
        [
            {"link": f"page/{n // 2}", "question_number": 1 + n % 2, "question": f"{word}?",
             "flores_passage": f"{words[n - n % 2]} {words[n - n % 2 + 1]}"}
            for n, word in enumerate(words)
        ]
    )  # fmt: skip


def squad(words: list[str]) -> str:
    paragraphs = [
        {
            "context": f"{words[n]} {words[n + 1]}",
            "qas": [{"id": f"i{m}", "question": f"{words[m]}?"} for m in (n, n + 1)],
        }
        for n in range(0, len(words), 2)
    ]
    return json.dumps({"data": [{"title": "A", "paragraphs": paragraphs[:2]}, {"paragraphs": paragraphs[2:]}]})


@pytest.mark.parametrize(
    ("shape", "content", "name", "ids", "clusters"),
    [
        ("belebele", belebele, "{language}.jsonl", "page/0 1|page/0 2|page/1 1", "page/0|page/0|page/1"),
        ("squad", squad, "test-{language}-{language}.json", "i0|i1|i2", "A|A|A"),
    ],
)
def test_questions_with_passages_are_collections(tmp_path, shape, content, name, ids, clusters):
    """In the shapes of Belebele and of SQuAD, a passage is one document, relevant to all of its questions."""
    for language, words in {"eng": WORDS, "hin": HINDI}.items():
        write(tmp_path / name.replace("{language}", language), content(words))
    source = reading(tmp_path, files=name, shape=shape)
    records = source.read("hin")
    assert [item.removeprefix("set:") for item in records.ids[:3]] == ids.split("|")
    assert [item.removeprefix("set:") for item in records.clusters[:3]] == clusters.split("|")
    found = collection_of(records, "x")
    assert len(found.queries) == 10
    assert list(found.documents.values()) == [f"{a} {b}" for a, b in zip(HINDI[::2], HINDI[1::2], strict=True)]
    assert found.grades[records.ids[1]] == {f"{records.ids[0]} passage": 1}
    alone = reading(tmp_path, files=name, shape=shape, cluster="question").read("hin")
    assert alone.clusters == alone.ids


@pytest.mark.parametrize(
    ("shape", "content", "message"),
    [
        ("belebele", belebele(WORDS[:2]) * 2, r"line 3: the id 'page/0 1' was at .*line 1 already"),
        ("belebele", '{"link": "a", "question_number": 1, "question": "x"}\n', "line 1: the flores_passage is None"),
        ("squad", '{"data": [\n{]}', "line 2: no JSON"),
        ("squad", '{"data": [{}]}', r"is not in SQuAD's form \(data, paragraphs, qas\): 'paragraphs'"),
    ],
)
def test_broken_question_files_are_told(tmp_path, shape, content, message):
    """By file, and by line where there are lines."""
    write(tmp_path / "eng.json", content)
    with pytest.raises(DataError, match=message):
        reading(tmp_path, files="{language}.json", shape=shape).read("eng")


# The protocol


def outcome_of(made: xlbench.Task, root: Path, name: str, session: EncodingSession | None = None) -> xlbench.Outcome:
    subset = next(one for one in made.subsets(Data(root)) if one.name == name)
    assert not subset.damaged
    return made.evaluate(subset, session or ngrams())


def test_scores_are_those_of_pytrec_eval_on_a_beir_folder(tmp_path):
    """The whole way, from files to scores, against a run that is sorted here and scored there."""
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="it has no wheel for Linux on ARM")
    from xlbench_baselines.ngrams import plain

    folder = write_beir(tmp_path)
    outcome = outcome_of(card(tmp_path, IN_BEIR), tmp_path, "eng")
    documents = {f"d{n}": f"{w} {w} {WORDS[n - 1]} {WORDS[n - 2]}" for n, w in enumerate(WORDS)}
    unit = {text: row / np.linalg.norm(row) for text in (*documents.values(), *(f"{w}?" for w in WORDS))
            for row in [plain().encode([text])[0].astype(np.float64)]}  # fmt: skip
    rows = [line.split("\t") for line in (folder / "qrels/test.tsv").read_text(encoding="utf-8").split("\n")[1:-1]]
    qrels: dict[str, dict[str, int]] = {}
    for query, document, grade in rows:
        qrels.setdefault(query, {})[document] = int(grade)
    run = {
        f"q{n}": {item: float(unit[f"{word}?"] @ unit[text]) for item, text in documents.items()}
        for n, word in enumerate(WORDS)
    }
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "map", "P.10"}).evaluate(run)
    queries = [item.removeprefix("set:") for item in outcome.item_ids]
    for ours, other in {"ndcg_at_10": "ndcg_cut_10", "map": "map", "precision_at_10": "P_10"}.items():
        assert outcome.columns[ours].tolist() == pytest.approx([theirs[q][other] for q in queries], abs=1e-6)
    assert outcome.facts["candidates"] == 10
    assert outcome.facts["judged"] == 30


class Roles:
    """Notes the role of every text; vectors count letters."""

    def __init__(self) -> None:
        self.seen: dict[str, set[Any]] = {}

    def encode(self, texts, role=None):
        for text in texts:
            self.seen.setdefault(role, set()).add(text)
        return np.array([[1 + text.count(letter) for letter in "abcdefghijklm"] for text in texts], np.float32)


def test_queries_and_documents_are_encoded_in_their_roles(tmp_path):
    """An encoder with prompts is told which is which."""
    write_beir(tmp_path)
    encoder = Roles()
    outcome_of(card(tmp_path, IN_BEIR), tmp_path, "eng", EncodingSession(encoder))
    assert set(encoder.seen) == {"query", "document"}
    assert encoder.seen["query"] == {f"{word}?" for word in WORDS}


def test_pairs_say_whose_queries_are_put_to_whose_documents(tmp_path):
    """Within each language, from and to one, or every other; an absent language is said to be missing."""
    for language, words in {"eng": WORDS, "hin": HINDI}.items():
        write_beir(tmp_path, language, words)
    languages = '"eng", "hin", "tel"'

    def names(options: str) -> dict[str, bool]:
        made = card(tmp_path, IN_BEIR, options, languages)
        return {subset.name: bool(subset.missing) for subset in made.subsets(Data(tmp_path))}

    assert names("") == {"eng": False, "hin": False, "tel": True}
    assert names('pairs = ["eng"]') == {"eng-hin": False, "hin-eng": False, "eng-tel": True, "tel-eng": True}
    crossed = {"eng-hin": False, "hin-eng": False, **dict.fromkeys(("eng-tel", "hin-tel", "tel-eng", "tel-hin"), True)}
    assert names('pairs = ["all"]') == crossed
    assert names('pairs = ["within", "all"]') == {"eng": False, "hin": False, "tel": True, **crossed}


def test_across_languages_the_corpus_has_the_judgments(tmp_path):
    """Queries of one language find documents of the other by the ids that both share; others are left out, counted."""
    write_beir(tmp_path, "eng", WORDS)
    folder = write_beir(tmp_path, "hin", HINDI)
    rows = (folder / "qrels/test.tsv").read_text(encoding="utf-8")
    write(folder / "qrels/test.tsv", rows.replace("q3\t", "q33\t"))
    made = card(tmp_path, IN_BEIR, 'pairs = ["eng"]')
    outcome = outcome_of(made, tmp_path, "eng-hin")
    assert len(outcome.item_ids) == 9
    assert outcome.facts["queries_without_answer"] == 1
    assert "queries without a relevant document in the corpus are left out" in " ".join(outcome.notes)
    texts = made.texts(next(one for one in made.subsets(Data(tmp_path)) if one.name == "eng-hin"))
    assert {one.language for one in texts} == {"eng", "hin"}
    assert len(texts) == 19


def test_documents_of_all_languages_can_be_one_corpus(tmp_path):
    """Translations are all relevant; how much an encoder prefers its query's language stands beside nDCG."""
    for language, words in {"eng": WORDS, "hin": HINDI}.items():
        write(tmp_path / f"{language}.jsonl", belebele(words))
    made = card(tmp_path, 'files = "{language}.jsonl"\nshape = "belebele"', "pooled = true")
    assert [metric.name for metric in made.metrics][-2:] == ["own_language_at_10", "language_bias"]

    class OneLanguage:
        def encode(self, texts, role=None):
            return np.array([[1.0, 0.01] if text.isascii() else [0.01, 1.0] for text in texts], np.float32)

    class NoLanguage:
        def encode(self, texts, role=None):
            known = {word: n for words in (WORDS, HINDI) for n, word in enumerate(words)}
            rows = np.full((len(texts), 10), 0.01, np.float32)
            for row, text in enumerate(texts):
                rows[row, [known[word.rstrip("?")] for word in text.split()]] = 1
            return rows

    biased = outcome_of(made, tmp_path, "eng", EncodingSession(OneLanguage()))
    fair = outcome_of(made, tmp_path, "eng", EncodingSession(NoLanguage()))
    assert biased.facts["candidates"] == 10
    assert biased.facts["share_at_10:eng"] == biased.facts["share_at_10:hin"] == 0.5  # ten documents are all there are
    assert fair.columns["ndcg_at_10"].tolist() == pytest.approx([1.0] * 10)
    assert biased.columns["ndcg_at_10"].max() < 1
    assert fair.chance["own_language_at_10"] == 0.5
    more = [f"{word}{n}" for n in range(6) for word in WORDS]
    write(tmp_path / "eng.jsonl", belebele(WORDS + more))
    with pytest.raises(UsageError, match="pooled puts every language's queries to all documents: leave pairs out"):
        card(tmp_path, 'files = "{language}.jsonl"\nshape = "belebele"', 'pooled = true\npairs = ["eng"]')
    outcome = outcome_of(made, tmp_path, "eng", EncodingSession(OneLanguage()))
    assert outcome.columns["own_at_10"].tolist() == [1.0] * 70
    bias = outcome.columns["own_at_10"] - outcome.columns["own_share"]
    assert bias == pytest.approx(1 - 35 / 40)


@pytest.mark.parametrize(
    ("language", "texts", "found"),
    [
        ("hin", ["The goat"], "Latin"),
        ("eng", ["नदी के पास"], "Devanagari"),
        ("hin", ["नदी Google नदी"], ""),
        ("hin_Latn", ["nadi ke paas"], ""),
        ("srp_Latn", ["reka"], ""),
        ("jpn", ["東京"], ""),
        ("eng", ["12 34"], ""),
    ],
)
def test_another_script_is_seen(language, texts, found):
    """Where nearly all letters are in a script that the language is not written in, and nowhere else."""
    assert other_script(texts, language) == found


def damages(made: xlbench.Task, root: Path) -> dict[str, str]:
    return {subset.name: subset.damaged for subset in made.subsets(Data(root)) if subset.damaged}


def test_a_corpus_in_another_language_is_an_error(tmp_path):
    """By its script, or where it is a copy of another language's; what is not concerned goes on."""
    write_beir(tmp_path, "eng", WORDS)
    write_beir(tmp_path, "hin", WORDS)
    made = card(tmp_path, IN_BEIR, 'pairs = ["within", "all"]', '"eng", "hin", "slk"')
    found = damages(made, tmp_path)
    assert set(found) == {"hin", "eng-hin", "hin-eng"}
    assert "the documents are written in Latin letters, and so in another language than the card" in found["hin"]
    write_beir(tmp_path, "slk", WORDS)
    found = damages(made, tmp_path)
    assert "10 of the 10 documents of slk are those of eng: one file is a copy of the other" in found["eng-slk"]
    assert "slk" not in found


@pytest.mark.parametrize(
    ("documents", "judged", "message"),
    [
        (1, "q0 0 d0 1", "1 documents: what is looked for is always found, or never"),
        (3, "q0 0 d0 0", "none of the 1 queries has a relevant document among the 3"),
        (2, "q0 0 d0 1\nq0 0 d1 1", "every document is relevant to every query"),
    ],
)
def test_what_every_encoder_would_score_alike_is_an_error(tmp_path, documents, judged, message):
    """A score that could not have been other than it is, is none."""
    folder = write_beir(tmp_path)
    write(folder / "corpus.jsonl", lines([{"_id": f"d{n}", "text": WORDS[n]} for n in range(documents)]))
    write(folder / "queries.jsonl", lines([{"_id": "q0", "text": "river?"}]))
    write(folder / "qrels/test.tsv", judged + "\n")
    assert message in damages(card(tmp_path, IN_BEIR), tmp_path)["eng"]


def test_data_without_documents_is_told(tmp_path):
    """A table of texts alone cannot be searched; the line says what a card needs. With a column of passages it can."""
    write(tmp_path / "eng.tsv", "text\tpage\nriver?\tA river\nbread?\tBread\n")
    table = 'files = "{language}.tsv"\nfields = { text = "text" }'
    text = (tmp_path / "find.toml") if card(tmp_path, IN_BEIR) else None
    assert text is not None
    plain = text.read_text(encoding="utf-8").replace('"search"\n' + IN_BEIR, f'"delimited"\n{table}')
    write(text, plain)
    made = task(read_card(text))
    assert "needs documents: read the data with reader = 'search', or" in damages(made, tmp_path)["eng"]
    write(text, plain.replace('text = "text"', 'text = "text", passage = "page"'))
    assert outcome_of(task(read_card(text)), tmp_path, "eng").facts["candidates"] == 2


def test_the_kit_accepts_a_search(tmp_path):
    """Subsets, limits, texts, rows and metrics are what the kit for tasks asks for; pooled ones, too."""
    from xlbench.testing.tasks import check_task

    for language, words in {"eng": WORDS, "hin": HINDI}.items():
        write_beir(tmp_path, language, words)
        write(tmp_path / f"{language}.jsonl", belebele(words))
    check_task(card(tmp_path, IN_BEIR, 'pairs = ["within", "all"]'), Data(tmp_path))
    made = card(tmp_path, 'files = "{language}.jsonl"\nshape = "belebele"', "pooled = true")
    check_task(made, Data(tmp_path))


def test_a_damaged_corpus_leaves_the_other_cells_alone(tmp_path, xlbench_cli):
    """On the command line: one line for what is broken, scores for the rest, and the exit code of a failed cell."""
    for language, words in {"eng": WORDS, "hin": HINDI}.items():
        write_beir(tmp_path, language, words)
    with (tmp_path / "b/hin/qrels/test.tsv").open("a", encoding="utf-8") as file:
        file.write("q1\td77\t1\n")
    card(tmp_path, IN_BEIR)
    command = ["run", "--task", str(tmp_path / "find.toml"), "--data", str(tmp_path), "--model", "ngram", "--json"]
    done = xlbench_cli(command)
    assert done.returncode == 1
    cells = {cell["subset"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells["eng"]["status"] == "ok"
    assert cells["eng"]["scores"][0]["metric"] == "ndcg_at_10"
    assert cells["eng"]["scores"][0]["low"] < cells["eng"]["scores"][0]["value"]
    assert cells["hin"]["status"] == "error"
    assert "the document 'd77' is not in" in cells["hin"]["reason"]
    assert "Traceback" not in done.stderr


def test_a_line_names_its_cell_once(tmp_path, xlbench_cli):
    """Reasons that begin with the task and its language do so as such a line does."""
    for language, words in {"eng": HINDI, "hin": WORDS}.items():
        write_beir(tmp_path, language, words)
    card(tmp_path, IN_BEIR)
    file = tmp_path / "find.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('name = "set"', 'name = "find"'), encoding="utf-8")
    command = ["run", "--task", str(file), "--data", str(tmp_path), "--model", "ngram"]
    done = xlbench_cli(command)
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    said = {"eng": "Devanagari", "hin": "Latin"}
    assert lines == [
        f"error: find {language} (ngram): the documents are written in {script} letters, and so in another language "
        f"than the card says ({language}); mend the files, or say the script in its languages ({language}_Xxxx)"
        for language, script in said.items()
    ]
