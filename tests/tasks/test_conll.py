"""The reader of words and tags in columns: what it repairs, what it refuses, and the real files."""

import pytest
from real_data import DATA, needs

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.data.source import Home
from xlbench_tasks.readers import conll

TYPES = {"NEP": "PER", "NEL": "LOC", "NEU": "O", "nemi": "O"}


def home(**keys):
    table = {"reader": "conll", "files": "{language}.txt", "tags": TYPES, "delimiter": "tab"} | keys
    table = {key: value for key, value in table.items() if value is not None}
    return Home("card.toml: [data]", "made", "conll", ("hin", "eng"), table)


def read(folder, text, **keys):
    (folder / "hin.txt").write_bytes(text.encode())
    return conll.source(home(**keys), Data(folder)).read("hin")


def tags(records):
    return [sentence.split("\t") for sentence in records.fields["tags"]]


def test_words_tags_and_text(tmp_path):
    """Words and tags are joined by tabs, the text by spaces; the types are the card's."""
    records = read(tmp_path, "Asha\tB-NEP\r\nin Goa\tB-NEL\r\n\r\nNo\tO\r\n")
    assert records.fields["tokens"] == ("Asha\tin Goa", "No")
    assert records.fields["tags"] == ("B-PER\tB-LOC", "O")
    assert records.fields["text"] == ("Asha in Goa", "No")
    assert records.ids == records.clusters == ("made:hin:1", "made:hin:2")
    assert records.facts == {"entities_mapped:NEL>LOC": 1, "entities_mapped:NEP>PER": 1}
    assert records.notes == ()


@pytest.mark.parametrize(
    ("damaged", "expected", "fact"),
    [
        ("-NEL", "B-LOC", "tags_without_b"),
        ("-", "O", "tags_of_a_dash"),
        ("B-\u200c\u200cNEL", "B-LOC", "tags_with_hidden_characters"),
        ("b-nel", "B-LOC", "tags_in_other_case"),
        ("B-NEMI", "O", "tags_in_other_case"),
        ("o", "O", "tags_in_other_case"),
        ("-''", "O", "tags_without_type"),
        ("B-'", "O", "tags_without_type"),
        ("I-NEL", "B-LOC", "tags_i_that_began"),
    ],
)
def test_damaged_tags_are_repaired_and_counted(tmp_path, damaged, expected, fact):
    """Each known kind of damage becomes what was meant; its count is a fact, and a note says so."""
    records = read(tmp_path, f"a\tB-NEP\nb\t{damaged}\nc\tO\n")
    assert tags(records) == [["B-PER", expected, "O"]]
    assert records.facts[fact] == 1
    assert sum("damaged" in note for note in records.notes) == 1


def test_an_inside_tag_goes_with_what_stands_before_it(tmp_path):
    """An I- continues its own type alone: after another type, O or a sentence's end it begins an entity."""
    records = read(tmp_path, "a\t-NEP\nb\tI-NEP\nc\tI-NEL\nd\tI-NEL\n\ne\tI-NEL\nf\tO\ng\tI-NEP\n")
    assert tags(records) == [["B-PER", "I-PER", "B-LOC", "I-LOC"], ["B-LOC", "O", "B-PER"]]
    assert records.facts["tags_i_that_began"] == 3
    assert records.facts["entities_mapped:NEL>LOC"] == 2


def test_rows_without_a_word_are_left_out(tmp_path):
    """A tag alone on its line, or after an invisible word, is no word; both are counted."""
    records = read(tmp_path, "a\tO\nO\n\u200c\tB-NEL\nb\tO\n")
    assert records.fields["tokens"] == ("a\tb",)
    assert records.facts["rows_without_word"] == 2


def test_dropped_types_are_counted_with_all_their_words(tmp_path):
    """Entities of a type that is mapped to O become O, the words inside too; how many there were is a fact."""
    records = read(tmp_path, "a\tB-NEU\nb\tI-NEU\nc\tB-NEP\n")
    assert tags(records) == [["O", "O", "B-PER"]]
    assert records.facts == {"entities_dropped:NEU": 1, "entities_mapped:NEP>PER": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\tO\nb\tB-NEX\n", r"'B-NEX' \(1 time, first at line 2\)\. Did you mean"),
        ("a\tO\nb\tx\n", r"'x' \(1 time, first at line 2\)"),
        ("a\tO\nb\tO\tO\n", "line 2: 3 columns where those before have 2"),
        ("a\tO\nb\n", "line 2: 1 columns where those before have 2"),
        ("a O\n", "line 1: 1 columns; the card asks for more"),
        ("\n\n", "holds no sentence"),
    ],
)
def test_other_damage_is_an_error_with_its_line(tmp_path, text, reason):
    """What cannot be plainly meant is refused."""
    with pytest.raises(DataError, match=reason):
        read(tmp_path, text)


def test_columns_comments_ids_and_documents(tmp_path):
    """Word and tag by number of column; ids and documents from comments, which are no words."""
    text = (
        "# newdoc id = d\n# sent_id = x\n# text = a\n1\ta\tB-NEP\t-\n\n# newdoc id = e\n# sent_id = y\n1\t# b\tO\t-\n"
    )
    keys = {"token": 2, "tag": 3, "comment": "# ", "id": "# sent_id = ", "documents": "# newdoc"}
    records = read(tmp_path, text, **keys)
    assert records.fields["tokens"] == ("a", "# b")
    assert records.ids == ("made:x", "made:y")
    assert records.clusters == ("made:document-1", "made:document-2")
    own = read(tmp_path, text, **keys, own_ids=["hin"])
    assert own.ids == ("made:hin:x", "made:hin:y")
    with pytest.raises(DataError, match="line 8: the sentence of line 4 has the same id"):
        read(tmp_path, text.replace("= y", "= x"), **keys)
    with pytest.raises(DataError, match="line 4: no id"):
        read(tmp_path, text.replace("# sent_id = x\n", "# also\n"), **keys)


def test_documents_of_the_conll_files(tmp_path):
    """-DOCSTART- lines are no words, and what follows each is a cluster."""
    text = "-DOCSTART- -X- O\n\na x O\n\nb x O\n\n-DOCSTART- -X- O\n\nc x O\n"
    records = read(tmp_path, text, delimiter=None, documents="-DOCSTART-")
    assert records.fields["tokens"] == ("a", "b", "c")
    assert records.clusters == ("made:hin:document-1", "made:hin:document-1", "made:hin:document-2")


def test_blocks_of_running_text(tmp_path):
    """Without documents, so many sentences in a row are a cluster, the last one being what is left; marked documents
    stay the clusters. A block of one sentence, or beside documents, is a wrong card."""
    text = "".join(f"{word}\tO\n\n" for word in "abcde")
    records = read(tmp_path, text, block=2)
    assert records.clusters == tuple(f"made:hin:block-{block}" for block in (0, 0, 1, 1, 2))
    assert records.ids == tuple(f"made:hin:{row}" for row in range(1, 6))
    marked = read(tmp_path, "-DOCSTART-\tO\n\n" + text, block=2)
    assert set(marked.clusters) == {"made:hin:document-1"}
    for keys in ({"block": 1}, {"block": 5, "documents": "# newdoc"}):
        with pytest.raises(UsageError, match="block"):
            read(tmp_path, text, **keys)


def test_prefixes_limits_and_pairs(tmp_path):
    """Prefixes are cut off words, a limit takes sentences from the start, and pairs name the files of languages."""
    records = read(tmp_path, "hi:a\tO\n\nb\tO\n\nc\tB-NEX\n", token_prefix=["hi:"], max_rows=2)
    assert records.fields["tokens"] == ("a", "b")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "one").write_text("z\tO\n", encoding="utf-8")
    source = conll.source(home(files=None, files_of=[["eng", "x/one"], ["hin", "x/two"]]), Data(tmp_path))
    assert source.languages() == ("eng",)
    assert source.read("eng").fields["tokens"] == ("z",)
    with pytest.raises(DataMissing, match="none in x/one or x/two"):
        source.read("hin")


@pytest.mark.parametrize(
    "keys",
    [
        {"files": "a.txt"},
        {"files": None},
        {"language": "hin"},
        {"files": "a.txt", "language": "hun"},
        {"files": None, "files_of": [["hun", "a"]]},
        {"files": None, "files_of": [["hin", "a"], ["hin", "b"]]},
        {"files": None, "files_of": [["hin", "../a"]]},
        {"files_of": [["hin", "a"]]},
        {"tag": 0},
        {"own_ids": ["hin"]},
    ],
)
def test_a_wrong_table_is_a_usage_error(keys):
    """What the types of the keys cannot say is checked before any file is touched."""
    with pytest.raises(UsageError, match=r"card\.toml"):
        conll.source(home(**keys), Data())


def data_set(card):
    return open_data(read_card(CARDS / f"{card}.toml"), Data(DATA))


@pytest.mark.slow
@needs("il_ner")
@pytest.mark.parametrize(
    ("language", "sizes", "without_b", "overlap"),
    [
        ("hin", (11076, 1389, 1388), 85, 235),
        ("urd", (8720, 1094, 1096), 8, 1),
        ("ory", (12109, 1517, 1519), 8, 588),
        ("tel", (2993, 384, 384), 1368, 5),
    ],
)
def test_il_ner(language, sizes, without_b, overlap):
    """Sizes are the paper's; the damage is repaired to the last tag; the overlap of the splits is what was counted."""
    data = data_set("il-ner")
    parts = [source.read(language) for source in (data.train, data.dev, data.test)]
    assert tuple(len(records.ids) for records in parts) == sizes
    assert sum(records.facts.get("tags_without_b", 0) for records in parts) == without_b
    learned = set(parts[0].fields["tokens"])
    assert sum(tokens in learned for tokens in parts[2].fields["tokens"]) == overlap
    kinds = {tag for records in parts for sentence in records.fields["tags"] for tag in sentence.split("\t")}
    assert kinds == {"O", *(f"{p}-{k}" for p in "BI" for k in ("NEP", "NEL", "NEO", "NEN", "NETI", "NEAR"))}


@pytest.mark.slow
@needs("uner")
def test_uner():
    """Slovak has its three splits; English and German PUD are the same items of the same documents."""
    data = data_set("uner")
    assert [len(source.read("slk").ids) for source in (data.train, data.dev, data.test)] == [8483, 1060, 1061]
    english, german, chinese = (data.test.read(language) for language in ("eng", "deu", "zho_Hant"))
    assert (english.ids, english.clusters) == (german.ids, german.clusters)
    assert len(set(english.clusters)) == 397
    assert not set(english.ids) & set(chinese.ids)


@needs("everest_ner", "nepali_ner_dadelani")
def test_nepali_sets():
    """EverestNER has its 1,950 test sentences with the published support; WikiANN's words have no prefix."""
    facts = data_set("everest-ner").test.read("nep").facts
    support = {"Person>PER": 1115, "Location>LOC": 809, "Organization>ORG": 715, "Event>EVT": 59, "Date>DAT": 572}
    assert facts == {f"entities_mapped:{name}": n for name, n in support.items()}
    assert len(data_set("nepali-ner").test.read("nep").ids) == 310
    wikiann = data_set("wikiann-ne-hi").train
    assert [len(wikiann.read(language).ids) for language in ("hin", "nep")] == [5000, 100]
    assert not any("ne:" in tokens for tokens in wikiann.read("nep").fields["tokens"])


def test_a_line_that_nobody_sees_ends_a_sentence(tmp_path):
    """A zero-width space or a byte order mark alone on a line is no word, and stands for a blank line."""
    lines = "Asha B-PER\nK I-PER\n\u200b\nGoa O\n \ufeff \u200b\n\nMay O\n"
    (tmp_path / "eng.txt").write_text(lines, encoding="utf-8")
    table = {"files": "{language}.txt", "tags": {"PER": "PER"}}
    records = conll.source(Home("c.toml: [data]", "names", "conll", ("eng",), table), Data(tmp_path)).read("eng")
    assert records.fields["text"] == ("Asha K", "Goa", "May")


def test_a_delimiter_that_does_not_split_is_told_with_one_that_would(tmp_path):
    """Words and tags with tabs between them, read with spaces."""
    (tmp_path / "eng.txt").write_text("Asha\tB-PER\nK\tI-PER\n", encoding="utf-8")
    table = {"files": "{language}.txt", "tags": {"PER": "PER"}, "delimiter": "space"}
    with pytest.raises(DataError, match=r"eng\.txt, line 1: 1 columns; .*; delimiter = 'tab' would split 'Asha"):
        conll.source(Home("c.toml: [data]", "names", "conll", ("eng",), table), Data(tmp_path)).read("eng")
