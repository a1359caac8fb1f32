"""Blocks as clusters: which items they hold, across languages and homes, and what the cards of the project say."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from real_data import DATA, needs

import xlbench
from xlbench import Data, DataError, UsageError, metrics
from xlbench.core.record import ALIKE
from xlbench.stats import Scorer, combine, part
from xlbench.stats.neighbors import neighbors
from xlbench_tasks.card.homes import open_source
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.data.source import Home
from xlbench_tasks.protocols.numbers import spans
from xlbench_tasks.readers import delimited, hub, parallel

READERS = {"parallel": parallel, "delimited": delimited, "hub": hub}


def source(reader: str, root: Path, languages: str = "eng hin", **table):
    return READERS[reader].source(Home("t.toml: [data]", "set", reader, tuple(languages.split()), table), Data(root))


def blocks(*numbers: int) -> tuple[str, ...]:
    return tuple(f"set:block-{number}" for number in numbers)


def test_lines_in_a_row_are_one_block_in_every_language(tmp_path):
    """Rows of parallel text: 1 to 3 and 4 to 5."""
    for language in ("eng", "hin"):
        (tmp_path / f"{language}.txt").write_text("".join(f"{language} {n}\n" for n in range(5)), encoding="utf-8")
    found = source("parallel", tmp_path, files="{language}.txt", block=3)
    assert found.read("eng").clusters == found.read("hin").clusters == blocks(0, 0, 0, 1, 1)


def test_ids_say_the_block_whatever_the_order_and_the_gaps(tmp_path):
    """The numbers 0 to 9 and 10 to 19 of the column id: a language that lacks some has the same blocks."""
    table = {"files": "{language}.tsv", "fields": {"text": "text"}, "id": "id", "block": 10}
    (tmp_path / "eng.tsv").write_text("id\ttext\n12\ta\n0\tb\n9\tc\n10\td\n", encoding="utf-8")
    (tmp_path / "hin.tsv").write_text("id\ttext\n10\ta\n9\tb\n", encoding="utf-8")
    found = source("delimited", tmp_path, **table)
    assert found.read("eng").clusters == blocks(1, 0, 0, 1)
    assert found.read("hin").clusters == blocks(1, 0)
    (tmp_path / "eng.tsv").write_text("id\ttext\nx7\ta\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"eng\.tsv: the id 'x7' is no whole number.* remove block in t\.toml"):
        source("delimited", tmp_path, **table).read("eng")


def test_blocks_of_rows_are_those_of_one_file(tmp_path):
    """A language's own rows have blocks of its own, and each of several files begins a new one."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text("text\n1\n2\n3\n", encoding="utf-8")
    found = source(
        "delimited", tmp_path, "eng", files=["a.csv", "b.csv"], language="eng", fields={"text": "text"}, block=2
    )
    assert found.read("eng").clusters == tuple(f"set:eng:{file}:block-{n}" for file in "ab" for n in (0, 0, 1))


def test_a_hub_data_set_has_the_same_blocks(tmp_path):
    """Languages in columns share the blocks of their rows; ids are numbers of their own."""
    folder = tmp_path / "org" / "set"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text(
        "".join(f'{{"eng": "e{n}", "hin": "h{n}", "key": {n + 8}}}\n' for n in range(3)), encoding="utf-8"
    )
    keys = {"repo": "org/set", "revision": "0" * 40, "split": "test", "block": 2}
    rows = source("hub", tmp_path, fields={"text": "{language}"}, **keys)
    assert rows.read("eng").clusters == rows.read("hin").clusters == blocks(0, 0, 1)
    named = source("hub", tmp_path, "eng", fields={"text": "eng"}, language="eng", id="key", **keys)
    assert named.read("eng").clusters == blocks(4, 4, 5)


@pytest.mark.parametrize(
    ("reader", "table"),
    [
        ("parallel", {"files": "{language}.txt", "block": 1}),
        ("parallel", {"files": "{language}.txt", "block": 5, "clusters": "documents.txt"}),
        ("delimited", {"files": "{language}.tsv", "fields": {"text": "text"}, "block": 5, "cluster": "page"}),
        ("hub", {"repo": "a/b", "revision": "0" * 40, "split": "test", "fields": {"text": "{language}"}, "block": 0}),
    ],
)
def test_a_block_that_means_nothing_is_a_wrong_card(tmp_path, reader, table):
    """Less than two items, or beside the key that names the clusters."""
    with pytest.raises(UsageError, match=r"t\.toml: \[data\] block"):
        source(reader, tmp_path, **table)


def test_averages_count_a_block_that_languages_share_once():
    """Two languages with the same influences over the same blocks: their average knows no more than one of them."""
    psi = np.random.default_rng(1).normal(size=60)
    shared = np.arange(60) // 10
    one = part(0.5, psi, shared)
    together = combine([one, part(0.5, psi, shared)])
    apart = combine([one, part(0.5, psi, shared + 6)])

    def se(of):
        return float(np.sqrt(np.square(of.influence).sum()))

    assert se(together) == pytest.approx(se(one))
    assert se(apart) == pytest.approx(se(one) / np.sqrt(2))


@needs("sib200")
@pytest.mark.parametrize("card", ["sib200-news", "sib200-news-few-shot", "sib200-clustering"])
def test_sib200_has_the_same_blocks_in_every_language(card):
    """204 sentences in blocks of ten numbers of FLORES, which two languages agree on."""
    found = open_source(read_card(CARDS / f"{card}.toml"), Data(DATA))
    english, hindi = found.read("eng"), found.read("hin")
    assert dict(zip(english.ids, english.clusters, strict=True)) == dict(zip(hindi.ids, hindi.clusters, strict=True))
    assert all(
        int(cluster.rpartition("-")[2]) == int(item.rpartition(":")[2]) // 10
        for item, cluster in zip(english.ids, english.clusters, strict=True)
    )
    assert 100 < len(set(english.clusters)) < len(english.ids) == 204


@needs("il_ner")
def test_il_ner_has_blocks_of_twenty_sentences():
    """384 in Telugu: nineteen whole blocks, and four sentences in the last."""
    found = open_source(read_card(CARDS / "il-ner.toml"), Data(DATA))
    clusters = found.read("tel").clusters
    sizes = np.unique(clusters, return_counts=True)[1]
    assert (len(clusters), len(sizes)) == (384, 20)
    assert sorted(sizes) == [4] + 19 * [20]
    assert clusters[0] == "il-ner:tel:block-0"


@needs("nepsa")
def test_nepsa_keeps_the_aspects_of_a_comment_together():
    """1,409 different comments in 1,700 rows."""
    records = open_source(read_card(CARDS / "nepsa.toml"), Data(DATA)).read("nep")
    assert len(records.ids) == 1700
    assert len(set(records.clusters)) == len(set(records.fields["text"])) == 1409
    assert all(text in cluster for text, cluster in zip(records.fields["text"], records.clusters, strict=True))


def test_the_cards_of_running_text_have_blocks_in_both_homes():
    """Hub copies do not have the documents that files may have: they have blocks in their place."""
    wanted = {
        "flores": ("", 10), "iitb-english-hindi": (20, 20), "ntrex": (None, 20), "ntrex-all": (None, 20),
        "sib200-news": (10, 10), "sib200-clustering": (10, 10), "il-ner": (20, ""),
    }  # fmt: skip
    for name, expected in wanted.items():
        card = read_card(CARDS / f"{name}.toml")
        found = {home.reader == "hub": home.table.get("block") for home in card.homes}
        assert (found.get(False, ""), found.get(True, "")) == expected, name


def _most_frequent_tags(card, language: str):
    """The columns of entity F1 where each word gets its most frequent tag of the train split, and the clusters."""
    train, test = (open_source(card, Data(DATA), split).read(language) for split in ("train", "test"))
    counts: dict[str, Counter] = {}
    for words, tags in zip(train.fields["tokens"], train.fields["tags"], strict=True):
        for word, tag in zip(words.split("\t"), tags.split(), strict=True):
            counts.setdefault(word, Counter())[tag] += 1
    usual = {word: tags.most_common(1)[0][0] for word, tags in counts.items()}
    words = [sentence.split("\t") for sentence in test.fields["tokens"]]
    lengths, types = np.array([len(sentence) for sentence in words]), card.options["types"]
    gold = spans.encode(" ".join(test.fields["tags"]).split(), types)
    guess = spans.encode([usual.get(word, "O") for sentence in words for word in sentence], types)
    found = spans.compare(*(spans.find(codes, lengths) for codes in (gold, guess)), lengths, len(types))
    return {name: getattr(found, name).sum(axis=1) for name in ("right", "predicted", "gold")}, test.clusters


@pytest.mark.slow
@needs("il_ner")
@pytest.mark.parametrize("language", ["hin", "ory", "tel", "urd"])
def test_neighbors_in_il_ner_are_seen_without_blocks(language):
    """Each word with its most frequent tag: neighbors are alike, and blocks nearly double the standard error."""
    columns, clusters = _most_frequent_tags(read_card(CARDS / "il-ner.toml"), language)
    metric, scorer = metrics.micro_f1("f1", "right", "predicted", "gold"), Scorer(ci="jackknife")
    alone, psi = scorer.score(metric, columns)
    found = neighbors(psi, columns, language)
    assert found is not None
    assert found.alike
    assert found.r > 0.1
    blocked, _ = scorer.score(metric, columns, np.unique(clusters, return_inverse=True)[1])
    assert 1.5 * alone.se < blocked.se < 2.5 * alone.se


@pytest.mark.slow
class TestCells:
    """What a run saves of neighbors."""

    CARD = """
name = "{name}"
area = "retrieval"
protocol = "retrieval"
description = "Lines of which every ten in a row are as hard as each other"
license = "CC0-1.0"
languages = ["eng", "deu"]

[data]
reader = "parallel"
files = "{{language}}.txt"
{block}
"""

    def cells(self, folder: Path, block: str):
        """Of 400 lines, tens are the same in both languages or have nothing in common, in turns by chance."""
        same = np.repeat(np.random.default_rng(2).random(40) < 0.5, 10)
        for language, mark in (("eng", "abcdefg"), ("deu", "tuvwxyz")):
            rng = np.random.default_rng(len(mark) + ord(mark[0]))
            lines = [f"{n * 7919:x} {n}" if one else "".join(rng.choice([*mark], 12)) for n, one in enumerate(same)]
            (folder / f"{language}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        name = "blocks" if block else "alone"
        (folder / f"{name}.toml").write_text(self.CARD.format(name=name, block=block), encoding="utf-8")
        (run,) = xlbench.run("ngram", f"{folder}/{name}.toml", data=str(folder), results=str(folder / "results"))
        return run.cells

    def test_a_cell_without_clusters_says_how_alike_neighbors_are(self, tmp_path):
        """A high correlation is a fact and a footnote; both go where the card has blocks, and the interval widens."""
        alone, blocked = self.cells(tmp_path, ""), self.cells(tmp_path, "block = 10")
        for cell, other in zip(alone, blocked, strict=True):
            assert cell.facts["lag_one"] > 0.5
            assert cell.facts["lag_one_p"] <= 0.01
            assert ALIKE in cell.notes
            assert not {"lag_one", "lag_one_p"} & set(other.facts)
            assert ALIKE not in other.notes
            assert (other.main.n, other.main.clusters) == (400, 40)
            assert other.main.se > 2 * cell.main.se

    def test_an_average_over_directions_counts_a_block_once(self, tmp_path):
        """Both directions of a pair share their blocks: 40 of 800 items, in the overall too."""
        self.cells(tmp_path, "block = 10")
        files = xlbench.board(str(tmp_path / "results"))
        (row,) = csv.DictReader(io.StringIO(files["run.csv"]))
        assert (row["n"], row["clusters"]) == ("800", "40")
