"""Cards: what they may hold, what is said of wrong ones, and the tasks that come of them."""

from __future__ import annotations

import dataclasses
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import xlbench_tasks
from xlbench import AREAS, Data, DataMissing, UsageError
from xlbench_tasks.card.homes import open_data, open_source
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.schema import REGISTERS, read_toml
from xlbench_tasks.card.task import task
from xlbench_tasks.data.splits import HeldOut
from xlbench_tasks.lookup import module_of
from xlbench_tasks.protocols import PROTOCOLS, retrieval
from xlbench_tasks.readers import READERS

CARD = """\
name = "talk"
area = "retrieval"
protocol = "retrieval"
description = "Talks"
license = "CC0-1.0"
languages = ["eng", "hin", "zho_Hans"]

[data]
reader = "parallel"
files = "talk/{language}.txt"
aliases = { zh = "zho_Hans" }

[options]
pairs = "eng"
"""


@pytest.fixture
def write(tmp_path):
    """A function: (old, new) replacements in a good card -> the path of the card with these."""

    def _write(*changes: tuple[str, str], name: str = "talk") -> Path:
        text = CARD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def test_a_card_becomes_a_task(write, tmp_path):
    """Everything that it says arrives, and its data is found under the data root."""
    for code, text in (("eng", "a\nb\nc\n"), ("hin", "क\nख\nग\n"), ("zh", "甲\n乙\n丙\n")):
        (tmp_path / "talk").mkdir(exist_ok=True)
        (tmp_path / "talk" / f"{code}.txt").write_text(text, encoding="utf-8")
    made = task(read_card(write()))
    assert (made.name, made.area, made.data, made.version, made.license) == ("talk", "retrieval", "talk", 1, "CC0-1.0")
    assert made.languages == ("eng", "hin", "zho_Hans")
    assert made.metrics == retrieval.metrics({})
    assert made.home == "talk/{language}.txt"
    subsets = {subset.name: subset for subset in made.subsets(Data(tmp_path))}
    assert sorted(subsets) == ["eng-hin", "eng-zho_Hans", "hin-eng", "zho_Hans-eng"]
    assert subsets["eng-zho_Hans"].load().candidates == ("甲", "乙", "丙")
    assert {subset.n for subset in subsets.values()} == {3}
    assert {subset.n for subset in made.subsets(Data(tmp_path, limit=2))} == {2}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("reader = ", "readr = ", "talk.toml: [data] has no key 'readr'. Did you mean 'reader'?"),
        ('"parallel"', '"paralel"', "talk.toml: [data] reader: 'paralel' is not one of 'cldr', 'conll', 'delimited'"),
        ('"parallel"', '"paralel"', "Did you mean 'parallel'?"),
        ('reader = "parallel"\n', "", "talk.toml: [data] lacks 'reader'"),
        ("files = ", "file = ", "talk.toml: [data] has no key 'file'. Did you mean 'files'?"),
        ("files = ", "x = ", "talk.toml: [data] has no key 'x'. It can have 'reader', 'name'"),
        ('files = "talk/{language}.txt"\n', "", "talk.toml: [data] lacks 'files'"),
        ('"talk/{language}.txt"', "1", "talk.toml: [data] files: 1 is not a string (in quotes) or a list"),
        ('"talk/{language}.txt"', '"../{language}"', "talk.toml: [data] files: '../{language}' must be a path below"),
        ("[options]", "max_rows = 0\n[options]", "talk.toml: [data] max_rows: must be 1 or more"),
        ("[options]", "max_rows = true\n[options]", "talk.toml: [data] max_rows: True is not a whole number"),
        ("pairs =", "pair =", "talk.toml: [options] has no key 'pair'. Did you mean 'pairs'?"),
        ('pairs = "eng"', "pairs = 3", "talk.toml: [options] pairs: 3 is not a string"),
        ("license", "licence", "talk.toml has no key 'licence'. Did you mean 'license'?"),
        ('license = "CC0-1.0"\n', "", "talk.toml lacks 'license'"),
        ('area = "retrieval"', 'area = "retreival"', "talk.toml area: 'retreival' is all but 'retrieval'"),
        ('area = "retrieval"', 'area = "retreival"', "Did you mean 'retrieval'?"),
        ('protocol = "retrieval"', 'protocol = "retrival"', "talk.toml protocol: 'retrival' is not one of"),
        ('name = "talk"', 'name = "../talk"', "task name '../talk' is not allowed"),
        ('name = "talk"', "name = 3", "talk.toml name: 3 is not a string"),
        ('"hin", ', "nan, ", "languages: ['eng', nan, 'zho_Hans'] is not a list, each item a string (in quotes)"),
        (
            '"hin", ',
            '"hi", ',
            "where it matters (hin, zho_Hans, por_BR). Did you mean 'hin'?",
        ),
        ('"hin", ', '"hi", ', "Files that say hi: aliases = { hi = 'hin' }"),
        ('"hin", ', '"xq", ', "talk.toml: 'xq' in languages is not an ISO 639-3 code"),
        ('"hin", ', '"hin-Deva", ', "talk.toml: 'hin-Deva' in languages is not an ISO 639-3 code"),
        ('"hin", ', '"eng", ', "talk.toml: languages has 'eng' twice"),
        ('"eng", "hin", "zho_Hans"', "", "talk.toml: languages is empty"),
        ('zh = "zho_Hans"', 'zh = "zho_Hant"', "aliases: 'zh' is 'zho_Hant', which languages does not list."),
        ('name = "talk"', 'name = "talk"\nversion = 0', "talk.toml: version must be 1 or more"),
        ('name = "talk"', 'name = "talk"\nmetrics = ["acuracy"]', "no metric 'acuracy'. Did you mean"),
        (
            'name = "talk"',
            'name = "talk"\nname = "x"',
            "talk.toml is not valid TOML: Cannot overwrite a value (at line 2",
        ),
        ("[options]", "[options", "talk.toml is not valid TOML: "),
        (
            "[options]",
            "[data.hub]\nrepo = 'a/b'\n[options]",
            "talk.toml: [data.hub] lacks 'fields'",
        ),
        ("[options]", "hub = 1\n[options]", "talk.toml: [data.hub] must be a table"),
        (
            'license = "CC0-1.0"',
            'license = "x"\nregister = "unregularizd"',
            "register: 'unregularizd' is not one of 'regularized', 'unregularized'. Did you mean 'unregularized' or",
        ),
        ("[options]", "splits = { tset = 'x' }\n[options]", "[data] splits: the card has no 'tset', only 'test'. Did"),
        ("[options]", "splits = { dev = 'x' }\n[options]", "[data] splits: the card has no 'dev', only 'test'."),
        ("[options]", "splits = { test = 'x' }\n[options]", "[data] splits: nothing in this table holds {split}"),
        (
            'license = "CC0-1.0"',
            'license = "x"\nsplits = { train = "a", test = "b" }',
            "[data]: {split} is nowhere in this table, so 'train', 'test' would be the same data",
        ),
    ],
)
def test_a_wrong_card_is_told_by_file_and_key(write, old, new, message):
    """One line that names the file and the key, and the nearest right one."""
    with pytest.raises(UsageError) as error:
        read_card(write((old, new)))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_card_that_is_not_there_or_not_text(tmp_path):
    """A missing file and a file that is not UTF-8 are mistakes in the command; a byte order mark is none."""
    with pytest.raises(UsageError, match=r"there is no file .*none\.toml"):
        read_card(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(UsageError, match=r"bad\.toml, line 1: byte 8 .* not UTF-8"):
        read_card(tmp_path / "bad.toml")
    (tmp_path / "mark.toml").write_bytes(b"\xef\xbb\xbfname = 'x'")
    assert read_toml(tmp_path / "mark.toml") == {"name": "x"}


def test_a_card_can_extend_another(write):
    """The other's keys come first; [data] and [options] are merged key by key; errors name the extending file."""
    write(("[data]", '[data]\nname = "talks"'))
    extending = write(
        (CARD, 'extends = "talk"\nname = "all"\n[options]\npairs = "all"\n[data]\nmax_rows = 5\n'), name="all"
    )
    base, more = read_card(extending.parent / "talk.toml"), read_card(extending)
    assert (more.name, more.options, more.languages) == ("all", {"pairs": "all"}, base.languages)
    assert more.homes[0].name == "talks"
    assert more.homes[0].table == {**base.homes[0].table, "max_rows": 5}
    wrong = write((CARD, 'extends = "talk"\nname = "all"\nareas = "news"\n'), name="wrong")
    with pytest.raises(UsageError, match=r"wrong\.toml has no key 'areas'"):
        read_card(wrong)


def test_a_card_can_extend_one_of_the_plugins(tmp_path):
    """Where its own folder has none of that name."""
    path = tmp_path / "few.toml"
    path.write_text('extends = "ntrex"\nname = "few"\n[data]\nmax_rows = 100\n')
    assert read_card(path).homes[0].table["max_rows"] == 100
    assert read_card(path).homes[1].reader == "hub"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "x"\nname = "x"\n', "x.toml: extends itself"),
        ('extends = "ntrexx"\nname = "x"\n', "x.toml: extends no card: 'ntrexx'. Did you mean 'ntrex'"),
        ('extends = "../ntrex"\nname = "x"\n', "card name '../ntrex' is not allowed"),
        ('extends = "ntrex"\n', "x.toml: a card that extends another needs a name of its own"),
    ],
)
def test_wrong_extensions_are_told(tmp_path, text, message):
    """Circles, unknown cards, paths, and cards without a name of their own."""
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(UsageError) as error:
        read_card(tmp_path / "x.toml")
    assert message in str(error.value)


def test_a_home_can_call_splits_otherwise_than_the_card(write, tmp_path):
    """The card's names are those of all homes, but for the ones that a home gives itself."""
    card = read_card(write(
        ('license = "CC0-1.0"', 'license = "x"\nsplits = { train = "train", dev = "dev", test = "test" }'),
        ("talk/{language}.txt", "talk/{split}.{language}.txt"),
        ("[options]", f"""[data.hub]
repo = "org/talk"
revision = "{"0" * 40}"
split = "{{split}}"
splits = {{ dev = "validation" }}
fields = {{ text = "{{language}}" }}
aliases = {{ zh = "zho_Hans" }}
[options]"""),
    ))  # fmt: skip
    (tmp_path / "org/talk").mkdir(parents=True)
    for split in ("train", "validation", "test"):
        (tmp_path / f"org/talk/{split}.jsonl").write_text(f'{{"eng": "hub {split}"}}\n')
    read = {split: open_source(card, Data(tmp_path), split).read("eng").fields["text"][0] for split in card.splits}
    assert read == {"train": "hub train", "dev": "hub validation", "test": "hub test"}
    (tmp_path / "talk").mkdir()
    (tmp_path / "talk/dev.eng.txt").write_text("file dev\n")
    assert open_source(card, Data(tmp_path), "dev").read("eng").fields["text"] == ("file dev",)


def test_a_card_says_what_kind_of_text_it_has(write):
    """The register comes to the task and is no part of its identity; a card need not say it."""
    for register in ("regularized", "unregularized"):
        made = task(read_card(write(('license = "CC0-1.0"', f'license = "CC0-1.0"\nregister = "{register}"'))))
        assert made.register == register
        assert made.identity() == task(read_card(write())).identity()
    assert task(read_card(write())).register == ""


def test_masakhanews_with_all_its_files_learns_from_the_twenty_articles(tmp_path):
    """Of a full copy, the few-shot file of a language comes first, and what has none is read from the other."""
    for path, text in (
        ("few_shot_data/20_samples/amh/train", "few"),
        ("data/amh/train", "all"),
        ("data/amh/test", "t"),
    ):
        file = tmp_path / f"masakhanews/{path}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"category\theadline\ttext\nsports\th\t{text}\n")
    data = open_data(read_card(CARDS / "masakhanews.toml"), Data(tmp_path))
    assert data.train.read("amh").fields["text"] == ("few",)
    assert data.test.read("amh").fields["text"] == ("t",)


def test_facts_of_a_part_that_is_held_out_are_its_own():
    """The entities of the test part and of the training part add up to those of the file."""
    card = read_card(CARDS / "mini-ner.toml")
    whole = open_source(card, Data())
    shares = {"train": 0.5, "test": 0.5}
    parts = [HeldOut(whole, shares, part).read("eng").facts for part in shares]
    assert parts[1]["entities_kept:PER"] > 0
    for name, count in whole.read("eng").facts.items():
        assert sum(facts.get(name, 0) for facts in parts) == count


def test_a_tasks_identity_is_what_shapes_its_scores(write):
    """Protocol options, metrics and version change it; where the data lies and what is said about it do not."""
    base = task(read_card(write()))
    same = [("talk/{language}.txt", "other/{language}.txt"), ("Talks", "Other talks"), ('"hin", ', '"hin", "nep", ')]
    other = [('pairs = "eng"', 'pairs = "all"'), ('license = "CC0-1.0"', 'license = "x"\nversion = 2')]
    other.append(('license = "CC0-1.0"', 'license = "x"\nmetrics = ["mrr", "accuracy"]'))
    for change in same:
        assert task(read_card(write(change))).identity() == base.identity()
    assert len({base.identity(), *(task(read_card(write(change))).identity() for change in other)}) == 4
    assert json.loads(base.settings)["protocol_version"] == retrieval.VERSION


def test_a_card_chooses_metrics_and_their_order(write):
    """The first is the main one."""
    made = task(read_card(write(('name = "talk"', 'name = "talk"\nmetrics = ["mrr", "accuracy"]'))))
    assert [metric.name for metric in made.metrics] == ["mrr", "accuracy"]


def test_cards_and_their_tasks_can_be_pickled(write):
    """So that an engine can send them to other processes."""
    card = read_card(write())
    assert pickle.loads(pickle.dumps(card)) == card
    copy = pickle.loads(pickle.dumps(dataclasses.replace(task(card), metrics=())))
    assert copy.identity() == dataclasses.replace(task(card), metrics=()).identity()


def test_files_come_before_a_local_hub_folder_and_that_before_the_hub(tmp_path):
    """The homes of a card are tried in this order, each for the whole data set."""
    card = read_card(CARDS / "ntrex.toml")
    folder = tmp_path / "mteb/NTREXBitextMining"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text('{"eng_Latn": "from a hub folder", "zho_Hans": "x", "srp_Cyrl": "y"}\n')
    source = open_source(card, Data(tmp_path))
    assert source.languages() == ("eng", "srp_Cyrl", "zho_Hans")
    assert source.read("eng").fields["text"] == ("from a hub folder",)
    files = tmp_path / "ntrex/NTREX-128"
    files.mkdir(parents=True)
    (files / "newstest2019-src.eng.txt").write_text("from a file\n")
    (files / "newstest2019-ref.zho-TW.txt").write_text("x\n")
    (tmp_path / "ntrex/DOCUMENT_IDS.tsv").write_text("doc\n")
    source = open_source(card, Data(tmp_path))
    assert source.languages() == ("eng", "zho_Hant")
    assert source.read("eng").fields["text"] == ("from a file",)
    assert source.read("eng").clusters == ("ntrex:doc",)


# What comes with the plugin


def test_every_card_of_the_plugin_is_right():
    """They read; names are those of their files; all that a user wants to know is said."""
    tasks = list(xlbench_tasks.xlbench_tasks())
    assert [made.name for made in tasks] == [path.stem for path in sorted(CARDS.glob("*.toml"))]
    for made in tasks:
        assert made.area in (*AREAS, "similarity")
        assert all((made.description, made.license, made.home, made.languages, made.data))
        assert made.register in ("", *REGISTERS)
        assert made.citation or made.name.startswith("mini-"), "data that is not our own is cited"
        assert len(set(made.languages)) == len(made.languages)
    assert len({made.identity() for made in tasks}) == len(tasks)


def test_suites_name_tasks_that_there_are():
    """Every suite has a description, and every task of it is a card."""
    names = {made.name for made in xlbench_tasks.xlbench_tasks()}
    suites = {suite.name: suite for suite in xlbench_tasks.xlbench_suites()}
    assert set(suites) >= {"mini", "parallel"}
    assert "ntrex" in suites["parallel"].tasks
    for suite in suites.values():
        assert suite.description
        assert set(suite.tasks) <= names


@pytest.mark.parametrize("path", sorted(CARDS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_home_of_the_plugins_cards_is_pinned_and_whole(path):
    """Hub homes have the same labels or types as the card asks for, and a split for each of the card's."""
    card = read_card(path)
    for home in card.homes:
        asked = set(card.options.get("labels", ())) | set(card.options.get("types", ()))
        given = set(home.table.get("labels", home.table.get("tags", {})).values()) - {"O"}
        assert not given or given == asked, home.where
        for split in card.splits or ("test",):
            open_source(card, Data(), split)


def test_a_wrong_suite_is_told_by_file_and_key(tmp_path):
    """As cards are."""
    (tmp_path / "s.toml").write_text('name = "s"\ndescription = "x"\ntask = ["lexicon"]\n')
    with pytest.raises(UsageError, match=r"s\.toml has no key 'task'. Did you mean 'tasks'"):
        xlbench_tasks.read_suite(tmp_path / "s.toml")


def test_a_path_to_a_card_is_a_task(write):
    """The scheme matches paths that end in .toml, and a missing file is a mistake in the command."""
    (scheme,) = xlbench_tasks.xlbench_schemes()
    assert scheme.tasks is not None
    path = str(write())
    assert scheme.matches(path)
    assert not scheme.matches("ntrex")
    assert [made.name for made in scheme.tasks(path)] == ["talk"]
    with pytest.raises(UsageError, match="there is no file"):
        scheme.tasks("./none.toml")


def test_no_data_at_all_is_one_line_with_every_way_to_get_it(tmp_path, monkeypatch):
    """Files and hub, in one message; nothing is fetched here, because the hub's part is made to fail."""
    import datasets

    def offline(**options):
        raise ConnectionError("no network")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    with pytest.raises(DataMissing) as missing:
        list(task(read_card(CARDS / "ntrex.toml")).subsets(Data(tmp_path)))
    for part in (
        "ntrex/NTREX-128",
        "github.com/MicrosoftTranslator/NTREX",
        "mteb/NTREXBitextMining at 66b8b27",
        "no network",
    ):
        assert part in str(missing.value)


OWN_FILES = {"files", "folders", "jsonl", "parquet", "tmx", "xlsx"}
"""Readers that no card of the project uses: they are for the files of others, and their own tests read such."""


OWN_PROTOCOLS = {"multilabel"}
"""Protocols that no card of the project uses."""


def test_every_reader_and_protocol_has_what_cards_need():
    """Keys, required keys and a way to open a home; a version, options, metrics, and a card that asks by it."""
    import importlib

    for name in READERS:
        reader = importlib.import_module(f"xlbench_tasks.readers.{name}")
        assert set(reader.REQUIRED) <= set(reader.KEYS)
        assert callable(reader.source)
    modules = {path.stem for path in (CARDS.parent / "readers").glob("[a-z]*")}
    assert set(READERS) == modules
    cards = [read_card(path) for path in CARDS.glob("*.toml")]
    used = {home.reader for card in cards for home in card.homes}
    assert set(READERS) - used == OWN_FILES
    for name in PROTOCOLS:
        protocol = module_of("protocol", name)
        assert isinstance(protocol.VERSION, int)
        asking = [card for card in cards if card.protocol == name]
        assert bool(asking) is (name not in OWN_PROTOCOLS)
        for card in asking:
            assert set(card.options) <= set(protocol.OPTIONS)
            metrics = [metric.name for metric in protocol.metrics(card.options)]
            assert metrics
            assert len(set(metrics)) == len(metrics)
        assert callable(protocol.subsets)
        assert callable(protocol.evaluate)


def test_listing_tasks_imports_nothing_heavy():
    """No numpy, pandas, datasets, scikit-learn or Babel before data is asked for."""
    code = (
        "import sys, xlbench_tasks as t\n"
        "list(t.xlbench_tasks()), list(t.xlbench_suites()), list(t.xlbench_schemes())\n"
        "heavy = {'numpy', 'pandas', 'datasets', 'babel', 'pyarrow', 'torch', 'huggingface_hub', 'sklearn', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=_environment())
    assert done.stdout.strip() == "[]"


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.mark.parametrize(
    ("name", "option", "said"),
    [
        ("mini-parallel", 'pairs = "deu"', "pairs: 'deu' is none of the card's languages; give 'all' or one of them"),
        ("mini-alignment", 'pairs = "hnd"', "Did you mean 'hin'"),
        ("mini-sentiment", 'from = ["eng", "deu"]', "from: 'deu' is none of the card's languages; give one of them"),
        ("mini-ner", 'from = ["deu"]', "from: 'deu' is none of the card's languages; give one of them"),
    ],
)
def test_languages_in_options_are_the_cards(tmp_path, name, option, said):
    """A card whose options name a language that it does not declare is a bad card, whatever lies in the data root."""
    path = tmp_path / "own.toml"
    kinds = '\ntransfer = ["zero-shot"]' if "from" in option else ""
    path.write_text(f'extends = "{name}"\nname = "own"\n[options]\n{option}{kinds}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"^own\.toml: \[options\] ") as caught:
        read_card(path)
    assert said in str(caught.value)
