"""``xlbench fetch`` and ``--offline``: what is brought, what is at hand, what is said, and that no more is asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import checkpoints
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Cli, environment
from fake_hub import Hub, serving
from no_network import no_network
from unix import NO_TERMINAL

from xlbench import Data, DataError, DataMissing, Download, Model, Task, UsageError, api, catalog
from xlbench.runs.fetch import fetch_items
from xlbench_tasks.card import fetch as fetch_card
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.data.hub_data import Repository

COMMIT = "5" * 40
CODES = ("eng_Latn", "hin_Deva", "npi_Deva")
SPLITS = {"train": 20, "validation": 10, "test": 10}

CARD = f"""
name = "fetched-topics"
area = "news"
protocol = "classification"
description = "Topic of a made-up text"
license = "CC0-1.0"
languages = ["eng", "hin", "nep"]
splits = {{ train = "train", dev = "dev", test = "test" }}

[data]
reader = "hub"
repo = "org/topics"
revision = "{COMMIT}"
config = "{{language}}"
split = "{{split}}"
splits = {{ dev = "validation" }}
fields = {{ text = "text", label = "label" }}
aliases = {{ npi_Deva = "nep" }}

[options]
labels = ["a", "b"]
transfer = ["within", "zero-shot"]
from = ["eng"]
c = "dev"
"""

IN_FILES = CARD.replace('config = "{language}"\n', "").replace(
    'split = "{split}"\n', 'files = "{language}/{split}.parquet"\n'
)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders that are repositories: a data set with a configuration a language, and two checkpoints."""
    folder = tmp_path_factory.mktemp("stock")
    card = ["---", "configs:"]
    for code in CODES:
        (folder / "topics" / code).mkdir(parents=True)
        card += [f"- config_name: {code}", "  data_files:"]
        for split, n in SPLITS.items():
            texts = [f"{code} {split} {number} {'good' if number % 2 else 'bad'}" for number in range(n)]
            table = pa.table({"text": texts, "label": ["ab"[number % 2] for number in range(n)]})
            pq.write_table(table, folder / "topics" / code / f"{split}.parquet")
            card += [f"  - split: {split}", f"    path: {code}/{split}.parquet"]
    (folder / "topics" / "README.md").write_text("\n".join([*card, "---", "# Topics"]), encoding="utf-8")
    checkpoints.bert(folder / "bert")
    checkpoints.static(folder / "static")
    return folder


@pytest.fixture
def hub(stock: Path) -> Iterator[Hub]:
    with serving() as running:
        running.add("datasets/org/topics", stock / "topics", COMMIT)
        for name in ("bert", "static"):
            running.add(f"org/{name}", stock / name, COMMIT)
        yield running


@pytest.fixture
def xlbench(hub: Hub, xlbench_cli: Cli, tmp_path: Path) -> Callable[..., Any]:
    """A function: arguments -> what a process did, which has this hub, caches of its own and the card ./card.toml."""
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    env = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": None}

    def run(*arguments: str, pythonpath: tuple[Path, ...] = (), **more: str | None) -> Any:
        return xlbench_cli(arguments, pythonpath, env | more, timeout=120)

    return run


def items_of(done: Any) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in json.loads(done.stdout)["items"]}


def served(hub: Hub, ending: str) -> list[str]:
    return [name for name in hub.files_served() if name.endswith(ending)]


@pytest.mark.slow
def test_what_was_fetched_is_scored_without_a_request(xlbench, hub, tmp_path):
    """A card's data and a checkpoint are brought once, at their pinned revision; then a run offline scores them with
    every socket blocked, and tries none."""
    wanted = ["-t", "card.toml", "-m", f"hf:org/bert?revision={COMMIT}", "-m", "static:org/static", "-m", "ngram"]
    done = xlbench("fetch", *wanted, "--json")
    assert done.returncode == 0, done.stderr
    data, bert, static, ngram = items_of(done).values()
    assert (data["status"], bert["status"], static["status"]) == ("brought",) * 3
    assert ngram["status"] == "nothing to bring"
    assert {data["revision"], bert["revision"], static["revision"]} == {COMMIT}
    assert data["origin"] == "https://huggingface.co/datasets/org/topics"
    assert bert["origin"] == "https://huggingface.co/org/bert"
    assert Path(data["place"]).is_relative_to(tmp_path / "hf")
    files = [path for path in Path(bert["place"]).rglob("*") if path.is_file()]
    assert bert["size"] == sum(path.stat().st_size for path in files)
    assert len(served(hub, ".parquet")) == len(set(served(hub, ".parquet"))) == len(CODES) * len(SPLITS)

    hub.requests.clear()
    again = items_of(xlbench("fetch", "-t", "card.toml", "-m", f"hf:org/bert?revision={COMMIT}", "--json"))
    assert [item["status"] for item in again.values()] == ["at hand", "at hand"]
    assert hub.requests == []

    blocked = no_network(tmp_path)
    done = xlbench("run", *wanted, "--offline", "--no-cache", "--json", pythonpath=(blocked.site,))
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert {cell["status"] for cell in cells} == {"ok"}
    assert len(cells) == 3 * 5
    assert blocked.attempts() == []
    assert hub.requests == []


@pytest.mark.slow
def test_a_language_alone_is_brought_with_what_it_learns_from(xlbench, hub, tmp_path):
    """--language brings that language's configuration and those of the card's options, no other; offline, the language
    that was left is skipped with the very command that brings it."""
    done = xlbench("fetch", "-t", "card.toml", "-l", "hin")
    assert done.returncode == 0, done.stderr
    assert {name.partition("/")[0] for name in served(hub, ".parquet")} == {"hin_Deva", "eng_Latn"}
    done = xlbench("run", "-t", "card.toml", "-m", "ngram", "-l", "hin", "-l", "nep", "--offline", "--json")
    cells = {cell["subset"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert {name: cell["status"] for name, cell in cells.items()} == {
        "hin": "ok", "eng>hin": "ok", "nep": "skipped", "eng>nep": "skipped",
    }  # fmt: skip
    command = "xlbench fetch --task card.toml --language nep"
    assert f"get it with {command}, or put a copy at" in cells["nep"]["reason"]
    hub.requests.clear()
    done = xlbench(*command.split()[1:])
    assert done.returncode == 0, done.stderr
    assert {name.partition("/")[0] for name in served(hub, ".parquet")} == {"npi_Deva"}


@pytest.mark.slow
def test_single_files_of_a_repository_are_brought(xlbench, hub, tmp_path):
    """A card that names files of a repository gets these files alone; they are found again offline."""
    (tmp_path / "card.toml").write_text(IN_FILES, encoding="utf-8")
    done = xlbench("fetch", "-t", "card.toml", "-l", "nep", "--json")
    assert done.returncode == 0, done.stderr
    wanted = {f"{code}/{split}.parquet" for code in ("eng_Latn", "npi_Deva") for split in SPLITS}
    assert set(hub.files_served()) == wanted
    hub.requests.clear()
    (item,) = items_of(xlbench("fetch", "-t", "card.toml", "-l", "nep", "--json")).values()
    assert (item["status"], hub.requests) == ("at hand", [])
    blocked = no_network(tmp_path)
    done = xlbench("run", "-t", "card.toml", "-m", "ngram", "--offline", "--json", pythonpath=(blocked.site,))
    statuses = {cell["subset"]: cell["status"] for cell in json.loads(done.stdout)["cells"]}
    assert statuses == {"eng": "ok", "nep": "ok", "eng>nep": "ok"}
    assert blocked.attempts() == []


@pytest.mark.slow
def test_offline_no_socket_is_tried(xlbench, hub, tmp_path):
    """A suite of the hub's data sets and models: offline, not one attempt is made, all is skipped with how to get it;
    without --offline there are attempts."""
    blocked = no_network(tmp_path)
    wanted = ["-s", "parallel", "-m", "mbert", "-m", "labse", "-m", "ngram"]
    done = xlbench("run", *wanted, "--offline", "--json", pythonpath=(blocked.site,))
    assert (done.returncode, blocked.attempts(), hub.requests) == (1, [], [])
    cells = json.loads(done.stdout)["cells"]
    assert {cell["status"] for cell in cells} == {"skipped"}
    reasons = {(cell["model"], cell["task"]): cell["reason"] for cell in cells}
    for name in ("mbert", "labse"):
        assert f"get it with xlbench fetch --model '{name}'" in reasons[name, "flores"]
    for name in ("ntrex", "flores", "in22-gen", "tatoeba"):
        assert f"(offline); get it with xlbench fetch --task {name}, or put" in reasons["ngram", name]
    strict = xlbench("run", *wanted, "--offline", "--strict", "-q", pythonpath=(blocked.site,))
    assert (strict.returncode, strict.stdout, blocked.attempts()) == (1, "", [])
    xlbench("run", *wanted, pythonpath=(blocked.site,))
    assert blocked.attempts()


@pytest.mark.campaign
@pytest.mark.slow
def test_offline_from_python_after_the_libraries_were_imported(xlbench, hub, tmp_path):
    """The libraries read their variables when they are imported, and a notebook has imported them long ago: offline
    makes no attempt all the same."""
    blocked = no_network(tmp_path)
    assert xlbench("fetch", "-m", "hf:org/bert", "-t", "card.toml", "-l", "eng").returncode == 0
    code = """
import datasets, huggingface_hub, sentence_transformers, transformers
import xlbench
models = ["hf:org/bert", "st:org/none"]
found = xlbench.run(models, ["card.toml", "flores"], languages=["eng"], offline=True, cache=False)
print(sorted({(cell.model, cell.task, cell.status) for run in found for cell in run.cells}))
"""
    env = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": None}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment((blocked.site,), env), cwd=tmp_path, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "('hf:org/bert', 'fetched-topics', 'ok')" in done.stdout
    assert "('hf:org/bert', 'flores', 'skipped')" in done.stdout
    assert "('st:org/none', 'flores', 'skipped')" in done.stdout
    assert blocked.attempts() == []


@pytest.mark.slow
def test_one_that_fails_does_not_stop_the_others(xlbench, hub, tmp_path):
    """A model that does not exist, data that has no home on the hub, and a hub without the data set are told each in a
    line; what can be brought is, and the exit code is 1."""
    (tmp_path / "gone.toml").write_text(CARD.replace("org/topics", "org/gone").replace("fetched", "gone"))
    wanted = ["-t", "nepsa", "-t", "gone.toml", "-t", "card.toml", "-l", "nep", "-m", "org/none", "-m", "hf:org/bert"]
    done = xlbench("fetch", *wanted)
    assert done.returncode == 1
    status = {line.split()[1]: line for line in done.stdout.splitlines()[1:]}
    for name, said in [("nepsa", "not brought"), ("gone-topics", "not brought"), ("fetched-topics", "brought"),
                       ("org/none", "failed"), ("hf:org/bert", "brought")]:  # fmt: skip
        assert f" {said} " in f"{status[name]} ", status[name]
    lines = done.stderr.splitlines()
    assert any(line.startswith("not brought: task nepsa: ") and "github.com/oya163" in line for line in lines)
    assert any(line.startswith("not brought: task gone-topics: org/gone at 555") for line in lines)
    assert "failed: model org/none: there is no model 'org/none' on the hub" in done.stderr
    assert "Traceback" not in done.stderr
    assert "5 of 5: model hf:org/bert ..." in lines


@pytest.mark.slow
@pytest.mark.parametrize("text", [CARD, IN_FILES], ids=["prepared", "files"])
def test_what_the_hub_refuses_is_told_in_the_words_that_models_have(text, xlbench, hub, stock, tmp_path):
    """A data set that does not exist, one without the revision, and one whose terms nobody accepted: each is told by
    its reason, with what to do."""
    hub.add("datasets/org/gated", stock / "topics", COMMIT)
    hub.gated.add("datasets/org/gated")
    cards = {
        "gone": text.replace("org/topics", "org/gone"),
        "old": text.replace(COMMIT, "6" * 40),
        "gated": text.replace("org/topics", "org/gated"),
    }
    for name, card in cards.items():
        (tmp_path / f"{name}.toml").write_text(card.replace("fetched-topics", name), encoding="utf-8")
    done = xlbench("fetch", *(f"--task={name}.toml" for name in cards), "--json")
    assert done.returncode == 1, done.stderr
    found = items_of(done)
    assert {item["status"] for item in found.values()} == {"not brought"}
    assert "there is no data set 'org/gone' on the hub (or it is private: 'hf auth login')" in found["gone"]["reason"]
    assert f"org/topics has no revision '{'6' * 40}' on the hub" in found["old"]["reason"]
    assert "org/gated is given only to those who accept its terms: do so on its page" in found["gated"]["reason"]


@pytest.mark.slow
def test_a_dry_run_asks_nothing(xlbench, hub, tmp_path):
    """--dry-run shows what would be brought, from where and at which revision, with no request: so it goes with
    --offline, too. It is what `make parallel` begins with."""
    blocked = no_network(tmp_path)
    wanted = ["--suite", "parallel", "--model", "mbert", "--model", "labse"]
    done = xlbench("fetch", *wanted, "--dry-run", "--offline", pythonpath=(blocked.site,))
    assert (done.returncode, blocked.attempts(), hub.requests) == (0, [], [])
    (flores,) = [line for line in done.stdout.splitlines() if " flores " in line]
    assert "to bring" in flores
    assert "2144d16cc15e" in flores
    assert flores.endswith("from https://huggingface.co/datasets/mteb/FloresBitextMining")
    assert "from https://huggingface.co/sentence-transformers/LaBSE" in done.stdout
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"xlbench fetch {' '.join(wanted)}\n" in makefile


@pytest.mark.slow
def test_data_at_hand_is_not_brought_again(xlbench_cli, tmp_path):
    """Files below the data root are what a run reads: they stay as they are, and have no revision that is known."""
    (tmp_path / "data" / "nepsa").mkdir(parents=True)
    (tmp_path / "data" / "nepsa" / "ss_ac_at_txt_bal.csv").write_text("a,b\n")
    blocked = no_network(tmp_path)
    wanted = ["-t", "nepsa", "-t", "mini-news", "-t", "lexicon", "--data", "data"]
    done = xlbench_cli(["fetch", *wanted, "--json"], [blocked.site], {"HF_HUB_OFFLINE": None})
    assert done.returncode == 0, done.stderr
    found = items_of(done)
    assert {name: item["status"] for name, item in found.items()} == {
        "nepsa": "at hand", "mini-news": "nothing to bring", "lexicon": "nothing to bring",
    }  # fmt: skip
    assert (found["nepsa"]["place"], found["nepsa"]["size"]) == ("data/nepsa/ss_ac_at_txt_bal.csv", 4)
    assert found["nepsa"]["revision"] == ""
    assert blocked.attempts() == []
    quiet = xlbench_cli(["fetch", *wanted, "--quiet"])
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what to fetch: a suite, a task or a model (--suite, --task, --model)"),
        (["-m", "mbert", "--offline"], "fetching asks the network, and offline (--offline, HF_HUB_OFFLINE and the"),
        (["-m", "mbrt"], "there is no model 'mbrt'. Did you mean 'mbert'"),
        (["-s", "parallel", "-t", "flores"], "give a suite or tasks, not both"),
        (["-t", "flores", "-l", "hni"], "no task here has the language 'hni'"),
        (["-t", "flores", "--data", "nowhere"], "there is no data folder nowhere"),
    ],
)
def test_wrong_usage_is_one_line(xlbench_cli, arguments, said):
    """What cannot be carried out is told in a line, and the exit code is 2."""
    done = xlbench_cli(["fetch", *arguments], env={"HF_HUB_OFFLINE": None})
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["XLBENCH_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_any_variable_that_says_offline_counts(monkeypatch, name):
    """Fetching contradicts every variable by which the libraries are put offline; a dry run contradicts none."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(UsageError, match="offline"):
        api.fetch(["ngram"])
    (found,) = api.fetch(["ngram"], dry_run=True)
    assert found.status == "nothing to bring"


def test_what_comes_of_each_item():
    """Brought, at hand, missing and broken are told apart, and a look calls no fetch."""
    done: list[str] = []

    def fetch(name: str, error: Exception | None = None) -> Callable[[], str]:
        def bring() -> str:
            done.append(name)
            if error:
                raise error
            return __file__

        return bring

    def model(name: str, at_hand: str = "", error: Exception | None = None) -> Model:
        return Model(name, object, download=Download(fetch(name, error), lambda: at_hand), details={"revision": "r1"})  # type: ignore[arg-type, return-value]

    models = [
        model("new"), model("old", __file__), model("gone", error=DataMissing("no\nway")),
        model("broken", error=DataError("line 3")), model("odd", error=ZeroDivisionError("by 0")),
        Model("none", object),  # type: ignore[arg-type]
    ]  # fmt: skip
    items = list(fetch_items(models, [], Data()))
    assert [item.check().status for item in items] == [
        "to bring", "at hand", "to bring", "to bring", "to bring", "nothing to bring",
    ]  # fmt: skip
    assert done == []
    found = [item.fetch() for item in items]
    assert [one.status for one in found] == [
        "brought", "at hand", "not brought", "failed", "failed", "nothing to bring",
    ]  # fmt: skip
    assert [one.ok for one in found] == [True, True, False, False, False, True]
    assert [one.reason for one in found[2:5]] == ["no way", "line 3", "ZeroDivisionError: by 0"]
    assert (found[0].size, found[0].revision) == (Path(__file__).stat().st_size, "r1")


def test_a_task_without_the_languages_asked_for_needs_nothing():
    """Of a suite, --language brings nothing of the tasks that do not have it."""
    seen: list[Data] = []

    def fetch(data: Data) -> str:
        seen.append(data)
        return __file__

    made = Task("a", "news", (), lambda _: (), lambda *_: None, languages=("eng",), download=Download(fetch))  # type: ignore[arg-type, return-value]
    tasks = [made, replace(made, name="b", languages=("hin",))]
    found = [item.fetch() for item in fetch_items([], tasks, Data(languages=("hin",)))]
    assert [one.status for one in found] == ["nothing to bring", "brought"]
    assert [data.languages for data in seen] == [("hin",)]


def test_languages_come_with_those_that_they_are_asked_together_with():
    """A pair needs the language that all are paired with, a transfer the language that it trains on."""
    for name, asked, brought in [
        ("ntrex", ("hin",), {"eng", "hin"}),
        ("sib200-news", ("nep",), {"eng", "nep"}),
        ("nusax-senti", ("ace",), {"ace", "eng", "ind"}),
        ("flores", (), set()),
    ]:
        assert set(fetch_card.wanted_languages(read_card(CARDS / f"{name}.toml"), Data(languages=asked))) == brought, (
            name
        )


@pytest.mark.parametrize("path", sorted(CARDS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_card_says_what_can_be_brought(path):
    """Data that comes with xlbench needs nothing; a home on the hub is named with its commit; all else says where it
    can be had."""
    card = read_card(path)
    made = task(card)
    if card.homes[0].reader == "cldr" or card.homes[0].table.get("embedded"):
        assert made.download is None
        return
    assert made.download is not None
    if any(home.reader == "hub" for home in card.homes):
        assert made.download.origin.startswith("https://huggingface.co/datasets/")
        assert len(made.download.revision) == 40
    else:
        assert (made.download.origin, made.download.revision) == ("", "")
        for question in (made.download.at_hand, made.download.fetch):
            assert question is not None
            with pytest.raises(DataMissing, match="get it from http"):
                question(Data())


@pytest.mark.slow
def test_a_copy_below_the_data_root_counts_as_at_hand(stock, tmp_path):
    """A data set's folder under the data root is what a run reads, so nothing is brought."""
    shutil.copytree(stock / "topics", tmp_path / "org" / "topics")
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    (found,) = api.fetch(tasks=[str(tmp_path / "card.toml")], data=tmp_path)
    assert (found.status, found.place, found.revision) == ("at hand", str(tmp_path / "org" / "topics"), "")


def test_the_default_configuration_is_the_one_that_the_card_names(monkeypatch, tmp_path):
    """What is prepared is not taken for the default configuration because nothing else is there."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    folder = tmp_path / "org___my_name" / "hi" / "0.0.0" / COMMIT
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")
    card = tmp_path / "README.md"
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: str(card) if card.exists() else None)
    repository = Repository("org/myName", COMMIT, Data())
    assert repository.cached_config("hi") == folder
    assert repository.cached_config("en") is None
    assert repository.cached_config("") is None
    card.write_text("---\nconfigs:\n- config_name: en\n- config_name: hi\n---\n")
    assert repository.known_configs() == ["en", "hi"]
    assert repository.cached_config("") is None
    card.write_text("---\nconfigs:\n- config_name: en\n- config_name: hi\n  default: true\n---\n")
    assert repository.cached_config("") == folder
    assert Repository("org/myName", "6" * 40, Data()).cached_config("hi") is None


@pytest.mark.campaign
@pytest.mark.slow
def test_downloads_show_their_progress_on_a_terminal(hub, tmp_path):
    """Where standard error is a terminal, bars of the files and tables are drawn there; --quiet draws none."""
    pty = pytest.importorskip("pty", reason=NO_TERMINAL)
    termios = pytest.importorskip("termios", reason=NO_TERMINAL)
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    shown = {}
    for quiet in ((), ("--quiet",)):
        home = tmp_path / f"hf{len(quiet)}"
        env = environment((), {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_HUB_OFFLINE": None, "TERM": "xterm"})
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (40, 120))
        command = [sys.executable, "-m", "xlbench", "fetch", "-t", "card.toml", "-m", "hf:org/bert", *quiet]
        done = subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        said = b""
        with suppress(OSError):  # the end of a terminal is an error
            while part := os.read(ours, 4096):
                said += part
        os.close(ours)
        assert done.wait(timeout=60) == 0
        shown[quiet] = said.decode()
    assert "1 of 2: task fetched-topics at 555555555555 ..." in shown[()]
    assert "Generating train split" in shown[()]
    assert "100%" in shown[()].partition("2 of 2: model hf:org/bert ...")[2]
    assert shown[("--quiet",)] == ""


def test_named_models_say_where_they_come_from():
    """A named model has a pinned revision and the address of its repository; a folder has neither."""
    (mbert,) = catalog.load().select_models(["mbert"])
    assert mbert.download is not None
    assert mbert.download.origin == "https://huggingface.co/google-bert/bert-base-multilingual-cased"
    assert mbert.download.revision == "3f076fdb1ab68d5b2880cb87a0886f315b8146f8"
