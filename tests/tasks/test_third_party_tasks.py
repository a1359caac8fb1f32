"""Tasks from other people's packages: cards alone, a protocol and a reader of their own, and a whole task."""

from __future__ import annotations

import csv
import importlib
import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import DISTS, ROOT, environment

import xlbench
from xlbench import Data, DataMissing, UsageError
from xlbench_tasks import tasks_of
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task

VERSE = DISTS / "own_protocol/xl_own_protocol/cards/verse.toml"
CARD = """
name = "mine"
area = "retrieval"
protocol = "{protocol}"
description = "Mine"
license = "CC0-1.0"
languages = ["eng", "mlt"]
[data]
reader = "{reader}"
files = "mine/{{language}}.txt"
"""
WHOLE = """
VERSION = 1
OPTIONS = {}
KEYS = {"files": str}
REQUIRED = ()
def metrics(options): return ()
def subsets(data_set, options, data, languages): return ()
def evaluate(subset, session, options): return None
def source(home, data): return None
"""
"""A module that could be either."""


@pytest.fixture
def scored(xlbench_cli, installed_dists, tmp_path):
    """A function: run a task with the model ``letters``, with a distribution -> subset -> value of a metric."""

    def run(dist: str, name: str, metric: str, *options: str | Path) -> dict[str, float]:
        path = [installed_dists("good", dist)]
        task = () if "--task" in options else ("--task", name)
        done = xlbench_cli(["run", "--model", "letters", *task, *options], path)
        assert done.returncode == 0, done.stderr
        with (tmp_path / "leaderboards" / "run.scores.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["metric"] == metric]
        assert {(row["model"], row["task"], row["status"]) for row in rows} == {("letters", name, "ok")}
        return {row["subset"]: float(row["value"]) for row in rows}

    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dist", "names"),
    [("card_alone", {"anagrams", "anagrams-at-hand"}), ("own_protocol", {"verse"}), ("good", {"kinds"})],
)
def test_their_tasks_are_listed(dist, names, installed_dists, xlbench_cli):
    """Each kind of package has its tasks in ``xlbench list tasks``, and no trouble in ``xlbench plugins``."""
    path = [installed_dists("good", dist)]
    listed = json.loads(xlbench_cli(["list", "tasks", "--json"], path).stdout)
    assert names <= {one["name"] for one in listed["tasks"]}
    plugins = json.loads(xlbench_cli(["plugins", "--json"], path).stdout)
    assert (plugins["broken"], plugins["contested"]) == ([], [])
    (plugin,) = [one for one in plugins["plugins"] if one["distribution"] == f"xl-{dist.replace('_', '-')}"]
    assert set(plugin["offers"]["tasks"]) == names


@pytest.mark.slow
def test_a_card_alone_is_scored_with_the_data_beside_it(scored):
    """Two words of three find their anagram by the letters; ``twenty`` and ``xx`` share none, others are nearer."""
    assert scored("card_alone", "anagrams", "accuracy") == pytest.approx({"eng-zxx": 2 / 3, "zxx-eng": 2 / 3})


@pytest.mark.slow
def test_a_card_alone_is_scored_with_the_users_data(scored, tmp_path):
    """A card that is not embedded looks under the data root, also where the card that it extends does not."""
    for language, words in {"eng": "listen night", "zxx": "silent thing"}.items():
        (tmp_path / "anagrams").mkdir(exist_ok=True)
        (tmp_path / "anagrams" / f"{language}.txt").write_text(words.replace(" ", "\n"), encoding="utf-8")
    found = scored("card_alone", "anagrams-at-hand", "accuracy", "--data", tmp_path)
    assert found == {"eng-zxx": 1.0, "zxx-eng": 1.0}


@pytest.mark.slow
def test_a_protocol_and_a_reader_of_their_own_are_scored(scored, tmp_path):
    """What the package's reader reads is asked about by its protocol, from its card and from a user's, by its options.

    The nearest to ``a`` is ``b`` by Euclidean distance (root 2, not 3), and ``aaaa`` by cosine.
    """
    (tmp_path / "verse").mkdir()
    rows = [{"text": text, "label": label} for text, label in {"a": 1, "aaaa": 1, "b": 2, "bbbb": 2}.items()]
    (tmp_path / "verse" / "eng.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert scored("own_protocol", "verse", "accuracy", "--data", tmp_path) == {"eng": 0.5}
    text = VERSE.read_text(encoding="utf-8").replace('"verse"', '"mine"', 1).replace('"euclidean"', '"cosine"')
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert scored("own_protocol", "mine", "accuracy", "--task", tmp_path / "mine.toml", "--data", tmp_path) == {
        "eng": 1
    }


@pytest.mark.slow
def test_a_whole_task_is_scored(scored):
    """A task in code scores what its definition gives by hand."""
    kinds = {"a red cat": 0, "two red cats": 0, "the bank fell": 1, "all banks fell": 1}

    def distance(one: str, other: str) -> int:
        counts = [Counter(filter(str.isalpha, text)) for text in (one, other)]
        return sum((counts[0][letter] - counts[1][letter]) ** 2 for letter in counts[0] | counts[1])

    near = {one: min((other for other in kinds if other != one), key=lambda it: distance(one, it)) for one in kinds}
    expected = sum(kinds[near[text]] == kind for text, kind in kinds.items()) / 4
    assert scored("good", "kinds", "accuracy") == {"eng": expected}


@pytest.mark.slow
def test_listing_them_imports_nothing_heavy(installed_dists):
    """A card, a protocol and a reader of somebody's are listed without numpy."""
    program = (
        "import sys\nfrom xlbench import catalog\nfound = catalog.load()\n"
        "assert {'verse', 'anagrams'} <= set(found.tasks)\n"
        "print(sorted({'numpy', 'scipy', 'pandas', 'datasets', 'sklearn'} & set(sys.modules)))"
    )
    site = installed_dists("card_alone", "own_protocol")
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment([site], {}), capture_output=True, text=True, timeout=300
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_their_tasks_can_be_pickled_and_know_their_version(monkeypatch):
    """A task whose protocol is a module goes to another process, and that module's version is in its identity."""
    monkeypatch.syspath_prepend(DISTS / "own_protocol")
    (made,) = tasks_of(DISTS / "own_protocol/xl_own_protocol/cards")
    settings = json.loads(made.settings)
    assert (settings["protocol"], settings["protocol_version"]) == ("xl_own_protocol.nearest", 1)
    subsets, evaluate = pickle.loads(pickle.dumps((made.subsets, made.evaluate)))
    assert evaluate.args[0].options == {"distance": "euclidean"}
    with pytest.raises(DataMissing, match="verse is not at hand"):
        list(subsets(Data(DISTS)))


def _card(folder: Path, protocol: str = "retrieval", reader: str = "parallel") -> Path:
    path = folder / "mine.toml"
    path.write_text(CARD.format(protocol=protocol, reader=reader), encoding="utf-8")
    return path


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that writes the module ``xl_p.part``."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "xl_p").mkdir()
    (tmp_path / "xl_p" / "__init__.py").touch()

    def write(content: str) -> None:
        for name in ("xl_p", "xl_p.part"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / "xl_p" / "part.py").write_text(content, encoding="utf-8")
        importlib.invalidate_caches()

    yield write
    for name in ("xl_p", "xl_p.part"):
        sys.modules.pop(name, None)


def _told(folder: Path, kind: str, name: str) -> str:
    with pytest.raises(UsageError) as caught:
        read_card(_card(folder, **{kind: name}))
    text = str(caught.value)
    assert text.startswith("mine.toml")
    assert "\n" not in text
    return text.partition(f" {kind}: ")[2]


@pytest.mark.parametrize("kind", ["protocol", "reader"])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "xl_none.part",
            "",
            "'xl_none.part' cannot be imported: ModuleNotFoundError: No module named 'xl_none'; install its "
            "package, or name its folder in PYTHONPATH",
        ),
        (".part", "", "'.part' is no module's name: write package.module"),
        ("xl_p.part", "raise ValueError('two\\n lines')", "'xl_p.part' cannot be imported: ValueError: two lines"),
        ("xl_p.part", "raise SystemExit('a script')", "'xl_p.part' cannot be imported: SystemExit: a script"),
    ],
)
def test_a_module_that_cannot_be_had_is_one_line(kind, name, content, message, tmp_path, module):
    """A protocol or a reader that is not there, or fails as it is imported, is told with the card and the key."""
    module(content)
    assert _told(tmp_path, kind, name) == message


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("protocol", "del VERSION, evaluate", "'xl_p.part' lacks VERSION, evaluate"),
        ("protocol", "VERSION = True", "'xl_p.part': VERSION is not a whole number"),
        ("protocol", "OPTIONS = ['distance']", "'xl_p.part': OPTIONS is not a mapping"),
        ("protocol", "metrics = ()", "'xl_p.part': metrics is not a function"),
        ("reader", "del source", "'xl_p.part' lacks source"),
        ("reader", "KEYS = 'files'", "'xl_p.part': KEYS is not a mapping"),
        ("reader", "REQUIRED = 'files'", "'xl_p.part': REQUIRED is not a tuple"),
    ],
)
def test_a_module_that_lacks_a_part_is_one_line(kind, change, message, tmp_path, module):
    """A module that is no protocol, or no reader, is told with the part that it lacks; one that is whole is taken."""
    module(WHOLE + change)
    assert _told(tmp_path, kind, "xl_p.part") == message
    module(WHOLE)
    assert read_card(_card(tmp_path, protocol="xl_p.part", reader="xl_p.part")).protocol == "xl_p.part"


def test_options_and_keys_are_checked_against_the_module(tmp_path, monkeypatch):
    """A misspelled option or key of somebody's protocol or reader has its nearest right one."""
    monkeypatch.syspath_prepend(DISTS / "own_protocol")
    card = VERSE.read_text(encoding="utf-8")
    path = tmp_path / "verse.toml"
    for wrong, right in {"distanse": "distance", "foldr": "folder"}.items():
        path.write_text(card.replace(f"{right} =", f"{wrong} ="), encoding="utf-8")
        with pytest.raises(UsageError, match=f"has no key '{wrong}'. Did you mean '{right}'"):
            read_card(path)
    path.write_text(card.replace('"euclidean"', '"euclidian"'), encoding="utf-8")
    with pytest.raises(UsageError, match="Did you mean 'euclidean'"):
        read_card(path)


def test_a_folder_without_cards_is_an_error(tmp_path):
    """Cards that were forgotten in the package's data are told, not passed over."""
    with pytest.raises(UsageError, match=r"there are no cards \(\*\.toml\) in .*package's data"):
        list(tasks_of(tmp_path))


def test_a_card_that_extends_an_embedded_one_reads_its_files(tmp_path):
    """What is embedded lies beside the card that says so, here one of xlbench's own."""
    (tmp_path / "mine.toml").write_text('name = "mine"\nextends = "mini-parallel"\nlanguages = ["eng", "isl"]\n')
    subsets = {subset.name: subset.n for subset in task(read_card(tmp_path / "mine.toml")).subsets(Data())}
    assert subsets == {"eng-isl": 300, "isl-eng": 300}
    assert read_card(CARDS / "mini-parallel.toml").homes[0].table["embedded"] is True


@pytest.mark.parametrize(
    ("base", "metric"),
    [
        ("mini-parallel", "mrr"),
        ("mini-news", "accuracy"),
        ("mini-ner", "entity_f1"),
        ("mini-words-relatedness", "purity"),
    ],
)
def test_a_card_may_take_some_of_its_protocols_metrics(tmp_path, base, metric):
    """The metrics that a card names are scored, and no other, whatever the protocol knows the chance levels of."""
    text = f'name = "mine"\nextends = "{base}"\nlanguages = ["eng", "isl"]\nmetrics = ["{metric}"]\n'
    (tmp_path / "mine.toml").write_text(text)
    results = xlbench.run(["random"], [str(tmp_path / "mine.toml")], results=tmp_path / "results", languages=["isl"])
    cells = [cell for run in results for cell in run.cells]
    assert {cell.status for cell in cells} == {"ok"}, cells[0].reason
    assert {tuple(score.metric for score in cell.scores) for cell in cells} == {(metric,)}


def test_the_docs_show_what_is_installed_here():
    """The files in docs/plugins.md are those of the distributions of these tests."""
    text = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    alone, own = DISTS / "card_alone", DISTS / "own_protocol/xl_own_protocol"
    files = [alone / "pyproject.toml", alone / "xl_card_alone/__init__.py", alone / "xl_card_alone/cards/anagrams.toml"]
    shown = [file.read_text(encoding="utf-8") for file in (*files, own / "nearest.py", own / "jsonl.py")]
    assert [one for one in shown if f"\n{one}```\n" not in text] == []
