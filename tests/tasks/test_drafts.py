"""Drafts of cards: what is guessed of small files of every kind, and that each draft is a card that reads them."""

from __future__ import annotations

import json
import math
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workbook_files import workbook

from xlbench import Data, XlbenchError
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.draft.drafting import draft_card

WORDS = ("the", "river", "runs", "past", "old", "mills", "and", "quiet", "gardens", "where", "tired", "farmers", "rest")


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files with their content; the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="")
    return folder


def sentence(number: int) -> str:
    """A sentence of its own for every number."""
    return f"{WORDS[number % 13]} {WORDS[number * 5 % 13]}, said {number} {WORDS[number * 7 % 13]}"


def drafted(folder: Path, *names: str, name: str = "mine") -> dict:
    """The card that is drafted from files of a folder (none: from all of it), read back; its comments as "comments".

    It has been read as a card, and gives a subset that can be scored.
    """
    text = draft_card([folder / one for one in names] or [folder], folder, name, beside=False)
    path = folder.parent / "draft.toml"
    path.write_text(text, encoding="utf-8")
    assert any(not one.missing and not one.damaged for one in task(read_card(path)).subsets(Data(root=folder))), text
    comments = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
    return tomllib.loads(text) | {"comments": comments}


@pytest.fixture
def data(tmp_path):
    """A function that writes files to a folder of data."""
    return lambda files: write(tmp_path / "data", files)


def reviews(delimiter: str, header: bool = True, rows: int = 24) -> str:
    """A table of an id, a text and one of three labels."""
    lines = [["id", "text", "label"]] * header
    lines += [[f"r{n}", f'"{sentence(n)}"' if delimiter == "," else sentence(n), ("good", "bad", "so-so")[n % 3]]
              for n in range(rows)]  # fmt: skip
    return "".join(f"{delimiter.join(line)}\n" for line in lines)


@pytest.mark.parametrize(("name", "delimiter", "said"), [
    ("eng.csv", ",", None), ("eng.csv", ";", ";"), ("eng.tsv", "\t", None), ("eng.txt", "\t", "\t"),
    ("eng.txt", "|", "|"),
])  # fmt: skip
def test_a_table_with_a_header_is_read_by_the_names_of_its_columns(data, name, delimiter, said):
    """Delimiter, text and label are found; the delimiter is said only where a reader would take another."""
    card = drafted(data({name: reviews(delimiter)}), name)
    assert card["protocol"] == "classification"
    assert card["data"]["fields"] == {"text": "text", "label": "label"}
    assert card["data"].get("delimiter") == said
    assert "header" not in card["data"]
    assert (card["languages"], card["folds"]) == (["eng"], 5)
    assert card["options"]["labels"] == ["bad", "good", "so-so"]


def test_a_table_without_a_header_is_read_by_numbers(data):
    """What its first line looks like is told, and which columns were taken for what."""
    card = drafted(data({"deu.csv": reviews(",", header=False)}))
    assert card["data"]["header"] is False
    assert card["data"]["fields"] == {"text": 2, "label": 3}
    assert "column 3 has 3 different values in 24 rows" in card["comments"]


def test_languages_and_splits_are_found_in_names_of_files(data):
    """Words for splits become splits, words for languages codes, and others are asked for."""
    names = {f"{language}/{split}.csv": reviews(",") for language in ("en", "German", "hau", "klingonish")
             for split in ("train", "valid", "test")}  # fmt: skip
    card = drafted(data(names))
    assert card["splits"] == {"train": "train", "dev": "valid", "test": "test"}
    assert card["languages"] == ["deu", "eng", "hau"]
    assert card["data"]["files"] == "{language}/{split}.csv"
    assert card["data"]["aliases"] == {"German": "deu", "en": "eng"}
    assert card["data"]["id"] == "id"
    assert "Which language is klingonish?" in card["comments"]


def test_ids_with_other_labels_are_no_translations(data):
    """An id is named only where all languages have the same labels for it."""
    other = reviews(",").replace(",good", ",?").replace(",bad", ",good").replace(",?", ",bad")
    assert "id" not in drafted(data({"eng.csv": reviews(","), "deu.csv": other}))["data"]


def test_quotes_that_are_no_csv_are_characters(data):
    """A file that CSV's quoting would break is read without it."""
    rows = "".join(f'"{sentence(n)} and "more\t{"ab"[n % 2]}\n' for n in range(20))
    assert drafted(data({"eng.tsv": f"text\tlabel\n{rows}"}))["data"]["quoting"] == "none"


def test_cells_with_line_feeds_are_csv(data):
    """A file whose cells hold line feeds in quotes is read with CSV's quoting, which is a reader's own."""
    rows = "".join(f'"{sentence(n)}\nand ""more"""\t{"ab"[n % 2]}\n' for n in range(20))
    card = drafted(data({"eng.tsv": f"text\tlabel\n{rows}"}))
    assert "quoting" not in card["data"]


def test_words_of_many_classes_are_clustered(data):
    """Single words with labels that are no sentiment are grouped."""
    rows = "".join(f"{WORDS[n % 13]}{n}\t{('tool', 'animal', 'fruit')[n % 3]}\n" for n in range(30))
    card = drafted(data({"eng.tsv": f"word\tcategory\n{rows}"}))
    assert (card["protocol"], card["area"]) == ("clustering", "clustering")


def test_numbers_as_labels_are_asked_about(data):
    """0 and 1 are labels; nobody knows what they mean."""
    rows = "".join(f"{n % 2},{sentence(n).replace(',', '')}\n" for n in range(20))
    card = drafted(data({"reviews.eng.csv": rows}))
    assert card["options"]["labels"] == ["0", "1"]
    assert (card["area"], card["data"]["fields"]) == ("sentiment", {"text": 2, "label": 1})
    assert "What do the labels 0 and 1 mean?" in card["comments"] or "What do the labels 0, 1 mean?" in card["comments"]


def test_two_texts_and_a_number_are_similarity(data):
    """Pairs with a score are a task of similarity; with two labels, one of pairs."""
    scored = "".join(f"{sentence(n)}\t{sentence(n + 3)}\t{n % 9}.5\n" for n in range(30))
    card = drafted(data({"eng.tsv": f"sentence1\tsentence2\tscore\n{scored}"}))
    assert card["protocol"] == "similarity"
    assert card["data"]["fields"] == {"text": "sentence1", "second": "sentence2", "score": "score"}
    told = "".join(f"{sentence(n)}\t{sentence(n + 3)}\t{'yes' if n % 3 else 'no'}\n" for n in range(30))
    card = drafted(data({"eng.tsv": f"sentence1\tsentence2\tlabel\n{told}"}))
    assert (card["protocol"], card["options"]["positive"]) == ("pairs", "yes")


def test_columns_of_languages_are_translations(data):
    """Columns that are called as languages are read one a language; those with gaps are left out."""
    rows = "".join(f"{n},{sentence(n).replace(',', '')},{sentence(n + 1).replace(',', '')},{'x' * (n % 3)}\n"
                   for n in range(20))  # fmt: skip
    card = drafted(data({"phrases.csv": f",english,hausa,german\n{rows}"}))
    assert card["protocol"] == "retrieval"
    assert (card["languages"], card["data"]["fields"]) == (["eng", "hau"], {"text": "{language}"})
    assert "Columns with many empty cells are left out: german" in card["comments"]


def test_files_of_equally_many_lines_are_parallel(data):
    """A file a language; a file with as many lines and few different ones says what hangs together."""
    files = {f"talk.{language}.txt": "".join(f"{language} {sentence(n)}\r\n" for n in range(30))
             for language in ("en", "mt", "zh-CN")}  # fmt: skip
    card = drafted(data(files | {"speakers.txt": "".join(f"s{n // 10}\n" for n in range(30)), "notes.txt": "one\n"}))
    assert card["data"]["reader"] == "parallel"
    assert card["languages"] == ["eng", "mlt", "zho_Hans"]
    assert card["data"]["clusters"] == "speakers.txt"
    assert card["options"] == {"pairs": "eng"}
    assert "notes.txt" in card["comments"]


def tagged(rows: int, tab: str = "\t", extra: str = "") -> str:
    """Sentences of words with tags."""
    made = []
    for n in range(rows):
        words = [("Ann", "B-PER"), ("Lee", "I-PER"), ("saw", "O"), ("Rome", "B-LOC"), (f"again{n}", "O")]
        made.append("".join(f"{extra}{word}{tab}{tag}\n" for word, tag in words))
    return "\n".join(made)


@pytest.mark.parametrize(("mark", "delimiter"), [("\t", "tab"), (" ", "space"), ("  ", "whitespace")])
def test_words_with_tags_are_tagging(data, mark, delimiter):
    """Columns, types and the delimiter are found."""
    card = drafted(data({"eng.train.txt": tagged(30, mark), "eng.test.txt": tagged(20, mark)}))
    assert (card["protocol"], card["data"]["reader"]) == ("tagging", "conll")
    assert card["data"]["delimiter"] == delimiter
    assert card["data"]["tags"] == {"PER": "PER", "LOC": "LOC"}
    assert card["splits"] == {"train": "train", "test": "test"}
    assert "column 2 holds tags of entities, in the scheme iob2" in card["comments"]


def test_comments_numbers_and_marks_of_tagged_files_are_found(data):
    """Comments, documents, a column of numbers and a language's mark before each word are told to the reader."""
    rows = tagged(20, extra="en:").replace("en:", "1\ten:").replace("\n\n", "\n\n# sent_id = 7\n")
    card = drafted(data({"eng.iob2": f"# newdoc id = a\n# text = Ann Lee\n{rows}"}))
    assert card["data"] | {"token": 2, "tag": 3, "comment": "# ", "documents": "# newdoc id = ",
                           "token_prefix": ["en:"]} == card["data"]  # fmt: skip


def test_files_of_no_one_pattern_are_listed(data):
    """Tagged files whose names follow no pattern are pairs of a language and a file."""
    card = drafted(data({f"{name}/{name}-test.txt": tagged(20) for name in ("Hindi", "Odia")}))
    assert card["data"]["files_of"] == [["hin", "Hindi/Hindi-test.txt"], ["ory", "Odia/Odia-test.txt"]]


def test_the_language_follows_from_the_script_where_no_name_says_it(data):
    """A script that one language has tells it; Chinese is told apart by its characters; others are asked for."""
    georgian = "".join(f"ქართული წინადადება ნომერი {n} არის აქ\t{'ab'[n % 2]}\n" for n in range(20))
    assert drafted(data({"x.tsv": f"text\tlabel\n{georgian}"}))["languages"] == ["kat"]
    chinese = "".join(f"這個國家來說會過{n}學\t{'ab'[n % 2]}\n" for n in range(20))
    assert drafted(data({"x.tsv": f"text\tlabel\n{chinese}"}))["languages"] == ["zho_Hant"]


def test_columns_of_one_name_are_numbered(data):
    """Of two columns with one name, the card gives the numbers, and the header stays one."""
    rows = "".join(f"{sentence(n)}\t{n % 3}\t{'ab'[n % 2]}\n" for n in range(24))
    card = drafted(data({"eng.tsv": f"text\tlabel\tlabel\n{rows}"}))
    assert card["data"]["fields"] in ({"text": "text", "label": 2}, {"text": "text", "label": 3})


def test_several_labels_of_a_text_are_found(data):
    """Labels with a separator in a cell, and columns of 0 and 1, are a task of several labels."""
    kinds = ("econ", "econ;pol", "spo", "", "pol;spo")
    rows = "".join(f"{sentence(n)}\t{kinds[n % 5]}\n" for n in range(40))
    card = drafted(data({"eng.tsv": f"text\tlabels\n{rows}"}))
    assert (card["protocol"], card["data"]["label_separator"]) == ("multilabel", ";")
    assert card["options"]["labels"] == ["econ", "pol", "spo"]
    assert "drop_empty" not in card["data"]
    rows = "".join(f"{sentence(n)}\t{n % 2}\t{int(n % 3 == 0)}\n" for n in range(40))
    card = drafted(data({"eng.tsv": f"comment\ttoxic\tinsult\n{rows}"}))
    assert (card["protocol"], card["data"]["fields"]["label"]) == ("multilabel", ["toxic", "insult"])


def test_labels_in_a_second_file_are_found(data):
    """A text a line and a label a line of a file beside it, in each split and language."""
    texts, labels = "".join(f"{sentence(n)}\n" for n in range(24)), "good\nbad\nbad\n" * 8
    card = drafted(data({"reviews.txt": texts, "reviews.labels": labels}))
    assert (card["data"]["reader"], card["data"]["files"]) == ("files", "reviews.txt")
    assert card["data"]["fields"] == {"label": "reviews.labels"}
    files = {f"{split}.{language}.{kind}": content for split in ("train", "test") for language in ("en", "de")
             for kind, content in (("txt", texts), ("label", labels))}  # fmt: skip
    card = drafted(data({f"more/{name}": content for name, content in files.items()}), "more")
    assert card["data"]["files"] == "more/{split}.{language}.txt"
    assert card["data"]["fields"] == {"label": "more/{split}.{language}.label"}
    assert (card["languages"], card["options"]["labels"]) == (["deu", "eng"], ["bad", "good"])


def test_texts_with_numbers_are_cut_into_classes(data):
    """A column of many numbers becomes three classes, about which the draft is not sure."""
    rows = "".join(f"{sentence(n)}\t{n / 8}\n" for n in range(40))
    card = drafted(data({"eng.tsv": f"text\tprice\n{rows}"}))
    assert card["data"]["fields"] == {"text": "text", "label": "price"}
    assert card["data"]["bins"] == [-math.inf, 1.625, 3.25, math.inf]
    assert "Where do the classes of 'price' begin and end?" in card["comments"]


def test_another_quote_is_found(data):
    """Texts that stand in other quotes throughout are read without these."""
    rows = "".join(f"'{sentence(n).replace(',', '')}',{'ab'[n % 2]}\n" for n in range(20))
    assert drafted(data({"eng.csv": f"text,label\n{rows}"}))["data"]["quote"] == "'"


def test_tags_under_a_key_are_found(data):
    """In CoNLL-U, tags stand under a key of the last column."""
    rows = "1\tAnn\tNOUN\tname=B-PER\n2\truns\tVERB\tSpaceAfter=No\n\n" * 20
    card = drafted(data({"eng.conllu": rows}))
    assert (card["data"]["tag_key"], card["data"]["token"]) == ("name", 2)
    assert card["data"]["tags"] == {"PER": "PER"}


def test_a_workbook_is_read_by_its_largest_sheet(data, tmp_path):
    """Of several sheets, the one with the most rows is named; its first row is a header where it looks like one."""
    cells = [("text", "label"), *((sentence(n), ("good", "bad")[n % 2]) for n in range(20))]
    rows = "".join(
        f'<row r="{n}">' + "".join(f'<c r="{column}{n}" t="inlineStr"><is><t>{cell}</t></is></c>'
                                   for column, cell in zip("AB", row, strict=True)) + "</row>"
        for n, row in enumerate(cells, 1)
    )  # fmt: skip
    folder = data({"notes.txt": "one\n"})
    (folder / "reviews.eng.xlsx").write_bytes(workbook({"info": rows[: rows.index("</row>") + 6], "data": rows}))
    card = drafted(folder, "reviews.eng.xlsx")
    assert (card["data"]["reader"], card["data"]["sheet"]) == ("xlsx", "data")
    assert card["data"]["fields"] == {"text": "text", "label": "label"}


def test_a_translation_memory_tells_its_languages(data):
    """Languages that most units have are those of the card."""
    unit = '<tu><tuv xml:lang="en-GB"><seg>{0}</seg></tuv><tuv xml:lang="mt"><seg>mt {0}</seg></tuv></tu>'
    units = "".join(unit.format(sentence(n)) for n in range(20))
    lone = '<tu><tuv xml:lang="fr"><seg>x</seg></tuv></tu>'
    memory = f'<?xml version="1.0"?>\n<tmx version="1.4"><header/><body>{units}{lone}</body></tmx>\n'
    card = drafted(data({"memory.tmx": memory}))
    assert (card["data"]["reader"], card["data"]["files"]) == ("tmx", "memory.tmx")
    assert sorted(card["languages"]) == ["eng_GB", "mlt"]
    assert "Languages that most units lack are left out: fr" in card["comments"]


def test_a_folder_a_class_is_a_classification(data):
    """Files in folders called after classes are texts; folders above them may be splits."""
    files = {f"{split}/{label}/{n}.txt": f"{sentence(n)} ({split})"
             for split in ("train", "test") for label in ("pos", "neg") for n in range(6)}  # fmt: skip
    card = drafted(data(files))
    assert (card["data"]["reader"], card["data"]["files"]) == ("folders", "{split}/{label}/*.txt")
    assert card["splits"] == {"train": "train", "test": "test"}
    assert (card["options"]["labels"], card["area"]) == (["neg", "pos"], "sentiment")
    flat = drafted(data({name.replace("train/", "x/"): content for name, content in files.items()}), "train")
    assert flat["data"]["files"] == "train/{label}/*.txt"


def test_a_corpus_with_queries_and_judgments_is_a_search(data):
    """Three files as in BEIR; of several files of judgments, those of the test split."""
    documents = "".join(json.dumps({"_id": f"d{n}", "text": sentence(n)}) + "\n" for n in range(20))
    queries = "".join(json.dumps({"_id": f"q{n}", "text": f"what of {n}?"}) + "\n" for n in range(10))
    judged = "query-id\tcorpus-id\tscore\n" + "".join(f"q{n}\td{n}\t1\n" for n in range(10))
    files = {"eng/corpus.jsonl": documents, "eng/queries.jsonl": queries, "eng/qrels/test.tsv": judged,
             "eng/qrels/train.tsv": judged}  # fmt: skip
    card = drafted(data(files))
    assert card["protocol"] == "search"
    assert card["data"] | {"corpus": "eng/corpus.jsonl", "queries": "eng/queries.jsonl", "language": "eng",
                           "qrels": "eng/qrels/test.tsv"} == card["data"]  # fmt: skip


def test_questions_in_the_shape_of_squad_are_a_search(data):
    """A file a language, whose shape is said."""
    asked = [[{"id": str(n), "question": "what?"}] for n in range(10)]
    articles = [{"title": "t", "paragraphs": [{"context": sentence(n), "qas": one}]} for n, one in enumerate(asked)]
    whole = json.dumps({"data": articles}, indent=1)
    card = drafted(data({"quiz.en.json": whole, "quiz.hi.json": whole}))
    assert (card["data"]["files"], card["data"]["shape"]) == ("quiz.{language}.json", "squad")
    assert card["languages"] == ["eng", "hin"]


def test_texts_tell_the_language_where_a_library_is_installed(data, monkeypatch):
    """py3langid is asked where no name says the language, and is not even imported where one does."""
    folder = data({"reviews.csv": reviews(","), "deu/reviews.csv": reviews(",")})
    monkeypatch.setitem(sys.modules, "py3langid", SimpleNamespace(classify=lambda text: ("is", -9.0)))
    card = drafted(folder, "reviews.csv")
    assert card["languages"] == ["isl"]
    assert "The language, isl, was guessed from texts" in card["comments"]
    monkeypatch.setitem(sys.modules, "py3langid", None)  # an import raises
    assert drafted(folder, "deu/reviews.csv")["languages"] == ["deu"]
    card = drafted(folder, "reviews.csv")
    assert card["languages"] == ["und_Latn"]
    assert "pip install 'xlbench[langid]'" in card["comments"]


@pytest.mark.parametrize(("files", "said"), [
    ({"x.csv": ""}, "is empty"),
    ({"x.csv": "\n\n"}, "holds nothing but blank lines"),
    ({"x.csv": "a,b\n1,2\0\n"}, "line 2: a NUL byte"),
    ({"eng.txt": "one\ntwo\nthree\n"}, "one text a line and no label, in one language"),
    ({"x.txt": "one\ntwo\nthree\n"}, "no language in its name"),
    ({"x.csv": "a,b\n1,2\n3,4\n"}, "no column holds labels or scores"),
    ({"x.csv": "a,b\n1,2,3\n4,5\n6,7,8\n"}, "line 2: 3 columns where line 1 has 2"),
    ({"en.txt": "one\ntwo\n", "de.txt": "eins\n"}, "de.txt has 1 line and en.txt 2"),
    ({"README.md": "hello"}, "holds no file of data"),
])  # fmt: skip
def test_what_nothing_can_be_asked_of_is_said_in_a_line(data, files, said):
    """An empty, binary, one-column or label-less file is an error of one line."""
    with pytest.raises(XlbenchError, match=said) as error:
        drafted(data(files))
    assert "\n" not in str(error.value)


def test_a_file_of_another_encoding_is_left_out_and_named(data):
    """Of several files, one that is no UTF-8 is left out, with its line."""
    folder = data({"eng.csv": reviews(","), "deu.csv": reviews(",")})
    (folder / "fra.csv").write_bytes(reviews(",").replace("the", "thé").encode("latin-1"))
    card = drafted(folder)
    assert card["languages"] == ["deu", "eng"]
    assert "is not UTF-8" in card["comments"]
    assert "fra.csv, line" in card["comments"]


def test_a_draft_that_stops_says_where(data):
    """What would stop a run of the whole data is said at the top of the draft."""
    folder = data({"eng.csv": reviews(",", rows=120) + "r999,good\n"})
    text = " ".join(draft_card([folder], None, "", beside=False).replace("\n#", " ").split())
    assert "It does not run yet" in text
    assert "eng.csv, line 122: 2 columns where line 1 has 3" in text


def test_rows_with_gaps_are_left_out(data):
    """Where a text or a label is empty, the card has such rows left out, and says how many there are."""
    card = drafted(data({"eng.csv": reviews(",") + "r99,,good\n"}))
    assert card["data"]["drop_empty"] is True
    assert "empty cells: 'text' in 1 row" in card["comments"]


def test_a_column_of_languages_is_one(data):
    """Codes and names in a column become languages, with aliases."""
    rows = "".join(f"{sentence(n)}\t{'ab'[n % 2]}\t{('en', 'Hausa', 'zul')[n % 3]}\n" for n in range(30))
    card = drafted(data({"tweets.tsv": f"text\tlabel\tlang\n{rows}"}))
    assert card["languages"] == ["eng", "hau", "zul"]
    assert card["data"]["fields"]["language"] == "lang"
    assert card["data"]["aliases"] == {"Hausa": "hau", "en": "eng"}


def test_json_lines_are_read_by_keys(data):
    """Objects a line are rows; keys in objects have dots."""
    rows = [json.dumps({"id": n, "review": {"body": sentence(n)}, "stars": n % 3}) for n in range(24)]
    card = drafted(data({"eng.jsonl": "\n".join(rows)}))
    assert card["data"]["reader"] == "jsonl"
    assert card["data"]["fields"] == {"text": "review.body", "label": "stars"}
    assert {"header", "delimiter", "quoting"}.isdisjoint(card["data"])


def test_a_list_in_an_object_is_found(data):
    """In a file that is one object, the list of rows is named; keys that end in languages are a column each."""
    rows = [{"translation": {"en": sentence(n), "mt": sentence(n + 1)}} for n in range(20)]
    card = drafted(data({"talks.json": json.dumps({"version": 1, "data": {"rows": rows}})}))
    assert (card["data"]["reader"], card["data"]["list"]) == ("jsonl", "data.rows")
    assert card["data"]["fields"] == {"text": "translation.{language}"}
    assert card["languages"] == ["eng", "mlt"]


def test_parquet_is_read_by_names(data, tmp_path):
    """Columns of a Parquet file are found like those of a table."""
    folder = data({})
    folder.mkdir(exist_ok=True)
    columns = {"text": [sentence(n) for n in range(24)], "label": [("yes", "no")[n % 2] for n in range(24)]}
    for split in ("train", "test"):
        pq.write_table(pa.table(columns), folder / f"mlt-{split}.parquet")
    card = drafted(folder)
    assert (card["data"]["reader"], card["data"]["files"]) == ("parquet", "mlt-{split}.parquet")
    assert card["languages"] == ["mlt"]


def test_two_columns_of_texts_are_translations(data):
    """Without a header, the name of the file says the languages of two columns."""
    rows = "".join(f"{sentence(n)}\t{sentence(n + 5)}\n" for n in range(20))
    card = drafted(data({"phrases.en-de.tsv": rows}))
    assert card["data"]["fields"] == {"text": {"eng": 1, "deu": 2}}
    assert card["data"]["header"] is False
    assert "Are the columns 1 (eng) and 2 (deu) translations?" in card["comments"]


def test_files_with_one_language_in_common_have_a_pivot(data):
    """Of files of two columns, the language that all have is the pivot of the others."""
    files = {f"vocab_en_{other}.tsv": "".join(f"{sentence(n)}\t{other} {sentence(n)}\n" for n in range(20))
             for other in ("de", "tr")}  # fmt: skip
    card = drafted(data(files))
    assert card["data"]["pivot"] == {"language": "eng", "text": 1}
    assert (card["data"]["files"], card["data"]["fields"]) == ("vocab_en_{language}.tsv", {"text": 2})
    assert card["languages"] == ["deu", "eng", "tur"]


def test_questions_and_passages_are_a_search(data):
    """A question and its passage a row are a search."""
    rows = "".join(f"what of {n}?\t{sentence(n)} and more\n" for n in range(20))
    card = drafted(data({"eng.tsv": f"question\tpassage\n{rows}"}))
    assert (card["protocol"], card["data"]["fields"]) == ("search", {"text": "question", "passage": "passage"})


def test_comments_and_strings_hold_what_toml_cannot(data):
    """Labels with quotes, and names with odd characters, come back as they are."""
    labels = ['a "b"', "c\\d"]
    rows = "".join(f"{sentence(n)}\t{labels[n % 2]}\n" for n in range(20))
    card = drafted(data({"my ünï (1).eng.tsv": f"text\tlabel\n{rows}"}))
    assert card["options"]["labels"] == labels
