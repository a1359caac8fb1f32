"""The documentation is true: its plugins install and run, its examples and commands work, its tables are complete."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import json
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, get_args

import click
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Cli, environment

import xlbench
from xlbench import Data, UsageError, catalog
from xlbench.cli import COMMANDS, group, main
from xlbench.core import errors
from xlbench.core.record import LONG, Cell, Run, Score
from xlbench.reports.boards import spreadsheet
from xlbench.runs.packs import header as packs
from xlbench.stats import Scorer
from xlbench.testing.models import check_model
from xlbench.testing.tasks import check_task
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.schema import DATA_KEYS, KEYS
from xlbench_tasks.card.task import task
from xlbench_tasks.lookup import module_of
from xlbench_tasks.protocols import PROTOCOLS, multilabel, transfer
from xlbench_tasks.readers import READERS, cldr

DOCS = tuple(sorted((ROOT / "docs").rglob("*.md")))
DOC_NAMES = tuple(page.relative_to(ROOT).as_posix() for page in DOCS)
PAGES = (ROOT / "README.md", *DOCS)
PLUGINS = {"README.md": "## Write a plugin", "docs/plugins.md": "## A whole plugin"}
"""Page -> the heading of its complete plugin."""


def read(page: Path | str) -> str:
    """The text of a page, by its path or its name below the project."""
    path = ROOT / page
    assert path.is_file(), f"there is no {path.relative_to(ROOT)}"
    return path.read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    _, found, rest = read(page).partition(f"\n{heading}\n")
    assert found, f"{page} has no section {heading!r}"
    level = len(heading) - len(heading.lstrip("#"))
    return re.split(rf"^#{{1,{level}}} ", without_blocks_hidden(rest), maxsplit=1, flags=re.MULTILINE)[0].replace(
        "\0", "#"
    )


def without_blocks_hidden(text: str) -> str:
    """The text with every ``#`` inside of a code block in disguise, so that a comment is no heading."""
    return re.sub(r"^```.*?^```", lambda block: block.group().replace("#", "\0"), text, flags=re.MULTILINE | re.DOTALL)


def blocks(text: str, *languages: str) -> list[str]:
    """The code blocks of these languages."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for language, block in found if language in languages]


def whole_plugin(page: str) -> tuple[str, str]:
    """(pyproject.toml, module) of a page's complete plugin."""
    text = section(page, PLUGINS[page])
    projects, modules = blocks(text, "toml"), blocks(text, "python")
    assert projects, f"{page}, {PLUGINS[page]}: no ```toml block with the pyproject.toml"
    assert modules, f"{page}, {PLUGINS[page]}: no ```python block with the module"
    return projects[0], modules[0]


def entry_point(project: str) -> tuple[str, str]:
    """(name, module) of the one entry point of a pyproject.toml."""
    ((name, module),) = tomllib.loads(project)["project"]["entry-points"]["xlbench"].items()
    return name, module


def install(project: str, module: str, folder: Path) -> Path:
    """Write a distribution of two files and install it with pip, without a network; the folder that it is in."""
    source, target = folder / "source", folder / "installed"
    source.mkdir()
    (source / "pyproject.toml").write_text(project, encoding="utf-8")
    (source / f"{entry_point(project)[1]}.py").write_text(module, encoding="utf-8")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.slow
@pytest.mark.parametrize("page", PLUGINS)
def test_the_whole_plugin_installs_and_is_scored(page, tmp_path, xlbench_cli: Cli):
    """The two files of a page, and nothing else, are a distribution whose model a real run puts on a board."""
    project, module = whole_plugin(page)
    path = install(project, module, tmp_path)
    listed = json.loads(xlbench_cli(["plugins", "--json"], [path]).stdout)
    name = tomllib.loads(project)["project"]["name"]
    (plugin,) = [one for one in listed["plugins"] if one["distribution"] == name]
    assert not listed["broken"]
    assert not listed["contested"]
    (model,) = plugin["offers"]["models"]
    done = xlbench_cli(["run", "--model", model, "--task", "lexicon", "-l", "mlt"], [path])
    assert done.returncode == 0, done.stderr
    assert f" {model} " in done.stdout
    scores = (tmp_path / "leaderboards" / "run.scores.csv").read_text(encoding="utf-8")
    assert {line.split(",")[4] for line in scores.splitlines()[1:]} == {"eng-mlt", "mlt-eng"}
    assert all(",ok," in line for line in scores.splitlines()[1:])


def test_the_whole_plugin_is_as_short_as_promised():
    """docs/plugins.md shows a whole distribution in no more than 15 lines."""
    lines = [line for text in whole_plugin("docs/plugins.md") for line in text.splitlines() if line.strip()]
    assert len(lines) <= 15


OF_SECONDS = {"active", "compare", "curves", "plots", "python", "train-mlm"}
"""Pages whose examples score or train models."""


def examples() -> list[Any]:
    """Every python block of every page, with the page's name."""
    return [
        pytest.param(
            page.relative_to(ROOT).as_posix(),
            code,
            id=f"{page.stem}-{number}",
            marks=[pytest.mark.slow] if page.stem in OF_SECONDS else [],
        )
        for page in PAGES
        if page.is_file()
        for number, code in enumerate(blocks(read(page), "python"), 1)
    ]


@pytest.fixture
def as_module(tmp_path, monkeypatch, request) -> Callable[[str, str], Any]:
    """A function: (name, code) -> the module of that code, imported from a fresh folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def make(name: str, code: str) -> Any:
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
        importlib.invalidate_caches()
        request.addfinalizer(lambda: sys.modules.pop(name, None))
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return make


@pytest.mark.parametrize(("page", "code"), examples())
def test_examples_run(page, code, as_module):
    """Every python block runs, beside the page's plugin; its tests pass, and what its hooks offer conforms."""
    if page in PLUGINS:
        project, plugin = whole_plugin(page)
        as_module(entry_point(project)[1], plugin)
    module = as_module("example_of_docs", code)
    for name in [name for name in vars(module) if name.startswith("test_")]:
        getattr(module, name)()
    if "hookimpl" in code:
        found = catalog.load([EntryPoint("example", "example_of_docs", "xlbench")])
        assert not found.warnings()
        assert found.plugins[-1].offers
        for model in found.models.values():
            check_model(model)
        for task in found.tasks.values():
            check_task(task)


def programs() -> list[Any]:
    """The examples that are pasted first, those of the README, and those that start processes, which import the file
    anew. The others are run by `test_examples_run`: as programs they do nothing else."""
    first = [one for one in examples() if one.values[0] == "README.md" or "process" in one.values[1]]
    return [one for one in first if not re.search(r"hookimpl|^def test_", one.values[1], re.MULTILINE)]


@pytest.mark.slow
@pytest.mark.parametrize(("page", "code"), programs())
def test_examples_run_as_scripts(page, code, tmp_path):
    """A python block that is pasted into a file runs as ``python file.py``, too."""
    (tmp_path / "pasted.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "pasted.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment([], {}), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_scheme_of_the_docs_makes_models(as_module):
    """A spec ``hashed:8`` becomes a model of eight dimensions that conforms; a broken one is refused with a line."""
    (code,) = [code for code in blocks(read("docs/plugins.md"), "python") if "xlbench.Scheme(" in code]
    as_module("example_of_docs", code)
    found = catalog.load([EntryPoint("example", "example_of_docs", "xlbench")])
    (model,) = found.select_models(["hashed:8"])
    check_model(dataclasses.replace(model, name="hashed"))
    assert model.load().encode(["a"]).shape == (1, 8)
    with pytest.raises(UsageError, match="needs a number of dimensions"):
        found.select_models(["hashed:many"])


def commands(page: Path | str) -> Iterator[str]:
    """The command lines of a page's shell blocks that run ``xlbench``; continued lines are one."""
    for block in blocks(read(page), "sh", "console", "bash", "shell"):
        for line in block.replace("\\\n", " ").splitlines():
            if match := re.match(r"(?:\$ )?(?:\S*/)?xlbench(?: .*)?$", line.strip()):
                yield match.group().removeprefix("$ ")


def every_command() -> list[Any]:
    return [
        pytest.param(command, id=f"{page.stem}: {command}")
        for page in (*PAGES, ROOT / "CONTRIBUTING.md")
        if page.is_file()
        for command in commands(page)
    ]


@pytest.mark.parametrize("line", every_command())
def test_commands_parse(line, tmp_path, monkeypatch):
    """Every command line of the documentation is one that the command line understands; nothing is run."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)[1:]
    ends = [place for place, word in enumerate(words) if re.fullmatch(r"\||\|\||&&|;|&|\d?>{1,2}(&\d)?", word)]
    words = words[: min(ends, default=len(words))]
    with contextlib.suppress(click.exceptions.Exit):  # --help, --version
        context = group.make_context("xlbench", words, help_option_names=["-h", "--help"])
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        command.make_context(name, rest, parent=context)


def test_every_page_has_commands():
    """README.md and the pages about running things show commands, so that the test above has something to test."""
    for page in ("README.md", "docs/plugins.md", "docs/cards.md", "docs/results.md"):
        assert list(commands(page)), page


def test_every_option_is_documented():
    """Each long option of each command occurs in README.md or docs/."""
    text = "\n".join(read(page) for page in PAGES)
    loaded = [group, *(group.get_command(click.Context(group), name) for name in COMMANDS)]
    options = {max(option.opts, key=len) for one in loaded for option in one.params if isinstance(option, click.Option)}
    assert not {option for option in options if not re.search(rf"(?<![\w-]){option}(?![\w-])", text)}
    for name in COMMANDS:
        assert f"xlbench {name}" in text


def table_rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if re.match(r"\| \d+ \|", line)]


def test_exit_codes_are_those_of_the_code():
    """The table in docs/results.md is that of errors.py, line for line, and has every code."""
    documented = table_rows(section("docs/results.md", "## Exit codes"))
    assert documented == table_rows(errors.__doc__)
    codes = {int(row.split("|")[1]) for row in documented}
    assert codes == {errors.OK, errors.CELL_FAILED, errors.USAGE, errors.INVALID, errors.INTERRUPTED}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(page):
    """Every ``make`` target that a page names is in the Makefile."""
    text = read(page)
    named = re.findall(r"`make ([a-z-]+)", text)
    named += [
        target
        for block in blocks(text, "sh", "console")
        for target in re.findall(r"^(?:\$ )?make ([a-z-]+)", block, re.M)
    ]
    assert named, f"{page} names no target of make"
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert set(named) <= targets


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *DOC_NAMES])
def test_links_lead_somewhere(page):
    """Every relative link of a page is a file, and its anchor a heading there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", read(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", without_blocks_hidden(found.read_text(encoding="utf-8")), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}, (
                target
            )


def test_the_readme_shows_the_published_board():
    """The first table of README.md is the first of leaderboards/mini.md, to the byte."""
    (shown, *_), (published, *_) = (
        re.findall(r"(?:^\|.*\n)+", read(page), re.MULTILINE) for page in ("README.md", "leaderboards/mini.md")
    )
    assert shown == published


@pytest.mark.slow
def test_the_readme_shows_the_published_runs(tmp_path, xlbench_cli: Cli):
    """The command beside the picture of README.md draws it, to the byte where the libraries are those of the lock."""
    pinned = re.search(r"^matplotlib==(\S+)$", read("constraints.txt"), re.MULTILINE)
    assert pinned
    drawing = pytest.importorskip("matplotlib")
    (command,) = re.findall(r"`xlbench (plot [^`]*)`", read("README.md"))
    words = shlex.split(command)
    picture = words[-1]
    assert f"]({picture})" in read("README.md")
    runs = [str(ROOT / word) if (ROOT / word).is_dir() else word for word in words[:-1]]
    done = xlbench_cli([*runs, str(tmp_path / "made.svg")])
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "made.svg").read_bytes()
    assert made.startswith(b"<?xml")
    if drawing.__version__ == pinned[1] and (sys.platform, platform.machine()) == ("linux", "x86_64"):
        assert made == (ROOT / picture).read_bytes(), f"draw it anew: xlbench {command}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", *DOC_NAMES])
def test_public_names_exist(page):
    """Whatever a page calls ``xlbench.something`` is there."""
    for name in set(re.findall(r"`@?xlbench\.([A-Za-z]\w*)", read(page))) - {"toml"}:
        assert name in xlbench.__all__ or importlib.util.find_spec(f"xlbench.{name}"), name


# ---- cards


def card_blocks() -> list[str]:
    return blocks(read("docs/cards.md"), "toml")


def whole_card() -> str:
    (text,) = [text for text in card_blocks() if {"protocol", "name"} <= tomllib.loads(text).keys()]
    return text


def short_cards() -> list[str]:
    """The blocks that are cards of a protocol and its data alone."""
    return [text for text in card_blocks() if "protocol" in (keys := tomllib.loads(text)) and "name" not in keys]


@pytest.mark.parametrize("card", short_cards())
def test_short_cards_are_scored(card, tmp_path):
    """Each short card of docs/cards.md is a task by its path, and scores files that are where it says."""
    (tmp_path / "short.toml").write_text(card, encoding="utf-8")
    for path, text in SHORT_DATA.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    made = task(read_card(tmp_path / "short.toml", str(tmp_path / "short.toml")))
    subsets = list(made.subsets(Data(tmp_path)))
    assert [(subset.name, subset.damaged) for subset in subsets] == [("eng", "")]
    model = catalog.load().models["ngram"]
    outcome = made.evaluate(subsets[0], xlbench.EncodingSession(model.load()))
    score, _ = Scorer().score(made.metrics[0], outcome.columns)
    assert score.value > 0.5


TOPICS = {
    "the budget": "econ",
    "the vote on the budget": "econ; pol",
    "the vote": "pol",
    "the match": "spo",
    "hello": "",
}
SHORT_DATA = {
    "reviews/eng.tsv": "text\tlabel\n"
    + "".join(f"a {'good' if i % 2 else 'bad'} day {i}\t{i % 2}\n" for i in range(60)),
    "names/eng.conll": "".join(f"Mr\tO\nBo{i}\tB-PER\nin\tO\n{i}Rome\tB-GPE\non\tB-DATE\n\n" for i in range(60)),
    "topics/eng.tsv": "text\ttopics\n"
    + "".join(f"{text} {i}\t{topics}\n" for i in range(20) for text, topics in TOPICS.items()),
    "topics/eng.jsonl": "".join(
        json.dumps({"text": f"{text} {i}", "topics": [one.strip() for one in topics.split(";") if one]}) + "\n"
        for i in range(20)
        for text, topics in TOPICS.items()
    ),
    "comments/eng.csv": "comment,toxic,insult,threat\n"
    + "".join(
        f"{text} {i},{topics.count('econ')},{topics.count('pol')},{topics.count('spo')}\n"
        for i in range(20)
        for text, topics in TOPICS.items()
    ),
}
"""The files of the short cards."""


@pytest.mark.slow
def test_the_small_card_runs(tmp_path, xlbench_cli: Cli):
    """The card of docs/cards.md, with files where it says that they are, is listed, planned and scored."""
    (tmp_path / "talks.toml").write_text(whole_card(), encoding="utf-8")
    data = tmp_path / "data" / "talks"
    data.mkdir(parents=True)
    for code, lines in {
        "eng": ["Malta", "water", "radio", "the sea"], "mlt": ["Malta", "ilma", "radju", "il-baħar"],
        "zh": ["马耳他", "水", "收音机", "海"], "speakers": ["1", "1", "2", "3"],
    }.items():  # fmt: skip
        (data / f"{code}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    listed = xlbench_cli(["list", "tasks", "./talks.toml", "--json"])
    assert [task["name"] for task in json.loads(listed.stdout)["tasks"]] == ["talks"]
    done = xlbench_cli(["run", "--task", "./talks.toml", "--data", "data", "--model", "ngram", "--json"])
    assert done.returncode == 0, done.stderr
    cells = {cell["subset"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert set(cells) == {"eng-mlt", "mlt-eng", "eng-zho_Hans", "zho_Hans-eng"}
    main = cells["eng-mlt"]["scores"][0]
    assert (main["metric"], main["n"], main["clusters"]) == ("accuracy", 4, 3)
    assert main["value"] >= 0.5  # Malta and radju


def data_blocks() -> list[str]:
    """The blocks with a [data] table, with or without splits, that are no whole card."""
    return [text for text in card_blocks() if "data" in (keys := tomllib.loads(text)) and "protocol" not in keys]


@pytest.mark.parametrize("data", data_blocks())
def test_data_tables_are_valid(data, tmp_path):
    """Every [data] table of docs/cards.md is one that a card may have, and so are the splits before it."""
    head, _, _ = whole_card().partition("[data]")
    codes = 'languages = ["eng", "mlt"]'
    (tmp_path / "some.toml").write_text(re.sub("languages = .*", codes, head) + data, encoding="utf-8")
    made = read_card(tmp_path / "some.toml")
    given = tomllib.loads(data)
    assert made.homes[0].reader == given["data"]["reader"]
    assert (made.splits, made.holdout) == (given.get("splits", {}), given.get("holdout", {}))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_options_of_protocols_are_valid_and_documented(protocol, tmp_path):
    """The section of each protocol names every option that it takes, and its examples are what a card may have."""
    text = section("docs/cards.md", f"### Protocol `{protocol}`")
    module = module_of("protocol", protocol)
    assert not [option for option in module.OPTIONS if f"`{option}`" not in text]
    head, _, _ = whole_card().partition("[options]")
    changed = head.replace('protocol = "retrieval"', f'protocol = "{protocol}"')
    assert protocol == "retrieval" or changed != head
    examples = blocks(text, "toml")
    assert examples
    for example in examples:
        (tmp_path / "some.toml").write_text(changed + example, encoding="utf-8")
        made = read_card(tmp_path / "some.toml")
        assert made.options == tomllib.loads(example)["options"]
        assert task(made).metrics


def test_transfers_are_documented():
    """docs/cards.md has a row for each kind of transfer."""
    kinds = re.findall(r'^\| `"([\w-]+)"` \|', section("docs/cards.md", "### Transfers"), re.MULTILINE)
    assert tuple(kinds) == transfer.KINDS


def test_the_suite_of_the_docs_is_valid(tmp_path):
    """The suite file of docs/cards.md is read as a suite."""
    from xlbench_tasks import read_suite

    (text,) = [text for text in card_blocks() if "tasks" in tomllib.loads(text)]
    (tmp_path / "names.toml").write_text(text, encoding="utf-8")
    assert read_suite(tmp_path / "names.toml").tasks == ("lexicon",)


@pytest.mark.parametrize("reader", READERS)
def test_every_key_of_a_reader_is_documented(reader):
    """The section of each reader names every key that it takes."""
    text = section("docs/cards.md", f"### Reader `{reader}`")
    keys = importlib.import_module(f"xlbench_tasks.readers.{reader}").KEYS
    assert not [key for key in keys if f"`{key}`" not in text]


def test_every_key_of_a_card_is_documented():
    """docs/cards.md names every key of a card, of every [data] table, every option, protocol and category."""
    text = read("docs/cards.md")
    tables = {"data": "[data]", "options": "[options]"}
    words = [tables.get(key, key) for key in (*KEYS, *DATA_KEYS)]
    words += [*READERS, *PROTOCOLS, *cldr.CATEGORIES, *xlbench.AREAS]
    for protocol in PROTOCOLS:
        words += module_of("protocol", protocol).OPTIONS
    assert not [word for word in words if f"`{word}`" not in text]


# ---- results and statistics


def undocumented(page: str, names: Any) -> list[str]:
    text = read(page)
    return [name for name in names if f"`{name}`" not in text]


def test_every_recorded_field_is_documented():
    """docs/results.md names every field of a cell, a score and a manifest."""
    fields = {*Cell.__dataclass_fields__, *Score.__dataclass_fields__, *Run.__dataclass_fields__}
    fields -= {"cells", "folder", "troubles"}  # of a run, but not of its manifest
    assert not undocumented("docs/results.md", fields)


def test_every_field_and_member_of_a_pack_is_documented():
    """docs/results.md names every field of a pack's description, what a baseline says, and every member."""
    fields = {
        *packs.PackHeader.__dataclass_fields__,
        *packs.PackMember.__dataclass_fields__,
        *packs.ACCEPTED,
        "checksum",
    }
    names = {packs.HEAD, packs.MANIFEST, packs.CELLS, packs.ITEMS.format(0), packs.ENDING, *get_args(packs.Kind)}
    assert not undocumented("docs/results.md", fields | names)


def test_the_folder_is_laid_out_as_documented(tmp_path):
    """A run leaves the files that docs/results.md shows, and JSON keys and parquet columns that it names."""
    xlbench.run(["ngram"], ["lexicon"], languages=["mlt"], results=tmp_path)
    tree = section("docs/results.md", "## The folder")
    shown = re.findall(r"^ +(\S+?)/?(?: {2,}.*)?$", blocks(tree, "text")[0], re.MULTILINE)
    found = {path.name for path in tmp_path.rglob("*")}
    patterns = [re.sub(r"[0-9a-f]{8,}", "[0-9a-f]+", re.escape(name)) for name in shown]
    for pattern in patterns:
        assert any(re.fullmatch(pattern, name) for name in found), pattern
    (saved,) = tmp_path.rglob("eng-mlt*.json")
    assert not undocumented("docs/results.md", json.loads(saved.read_text(encoding="utf-8")))
    (items,) = tmp_path.rglob("eng-mlt*.parquet")
    assert not undocumented("docs/results.md", pq.read_schema(items).names)


DAMAGE = {"a cell's JSON": "eng-mlt*.json", "a cell's items": "eng-mlt*.parquet", "a manifest": "run.json"}
"""Row of the table of damages -> the file that is cut off."""


@pytest.fixture(scope="module")
def whole_results(tmp_path_factory) -> Path:
    """A results folder with a run of one model."""
    folder = tmp_path_factory.mktemp("whole")
    xlbench.run(["ngram"], ["lexicon"], languages=["mlt"], results=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_met_as_documented(damage, whole_results, tmp_path, xlbench_cli: Cli):
    """A file that was cut off is named, gives each command the documented code, and its removal mends the folder."""
    text = section("docs/results.md", "## Damaged files")
    (row,) = re.findall(rf"^\| {damage} \|(.*)\|(.*)\|$", text, re.MULTILINE)
    codes = [int(re.findall(r"exit code (\d)", said)[0]) for said in row]
    shutil.copytree(whole_results, tmp_path / "results")
    (path,) = (tmp_path / "results").rglob(DAMAGE[damage])
    path.write_bytes(path.read_bytes()[:100])
    commands = ["run", "-m", "ngram", "-t", "lexicon", "-l", "mlt"], ["board"]
    for command, code in zip(commands, codes, strict=True):
        done = xlbench_cli(command)
        assert done.returncode == code, done.stderr
        assert path.name in done.stderr
    assert path.stat().st_size == 100
    path.unlink()
    path.with_name(path.name.split(".")[0] + ".json").unlink(missing_ok=True)
    assert [xlbench_cli(command).returncode for command in commands] == [0, 0]


@pytest.mark.parametrize("settings", blocks(read("docs/configuration.md"), "toml"))
def test_the_settings_files_of_the_docs_are_read(settings, tmp_path, monkeypatch, capsys):
    """Every file of docs/configuration.md is one that `xlbench config show` reads, with all that it sets."""
    monkeypatch.chdir(tmp_path)
    own = tomllib.loads(settings)
    name = "pyproject.toml" if "tool" in own else "xlbench.toml"
    (tmp_path / name).write_text(settings, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["config", "show", "--json"])
    shown = capsys.readouterr()
    assert stop.value.code == 0, shown.err
    plain = json.loads(shown.out)
    assert plain["file"] == name
    lines = {row["from"] for row in plain["settings"] if row["from"].startswith(name)}
    assert len(lines) == len(re.findall("^[a-z-]+ = ", settings, re.MULTILINE))


def test_every_variable_is_documented():
    """docs/configuration.md names every variable of the environment that the code reads."""
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "xlbench").rglob("*.py"))
    assert not undocumented("docs/configuration.md", set(re.findall(r'"(XLBENCH_[A-Z_]+)"', code)))


def test_every_column_of_a_board_is_documented(tmp_path):
    """docs/results.md names every column of every CSV file."""
    xlbench.run(["ngram", "random"], ["lexicon"], languages=["mlt"], results=tmp_path)
    files = xlbench.board([tmp_path])
    columns = {
        name
        for suffix in ("", ".tasks", ".scores", ".data", ".hubs", ".costs", ".languages")
        for name in files[f"run{suffix}.csv"].split("\n")[0].split(",")
    }
    ends = re.findall(r"`(?:<name>)?(_[a-z_]+)`", read("docs/results.md"))
    columns -= {f"{area}{end}" for area in (*xlbench.AREAS, "overall", "overall_corrected") for end in ("", *ends)}
    assert not undocumented(
        "docs/results.md", [*columns, *LONG, *spreadsheet._COSTS, *spreadsheet._DATA, *spreadsheet._REGISTERS]
    )
    assert {name.removeprefix("run") for name in files} <= {
        name.removeprefix("mini") for name in re.findall(r"`(mini\.[a-z.]+)`", read("docs/results.md"))
    }


def test_every_method_is_documented():
    """docs/statistics.md names every interval method."""
    from xlbench.core.estimate import CI_METHODS
    from xlbench.stats import interval_methods

    assert not undocumented("docs/statistics.md", [*CI_METHODS, *interval_methods.METHODS, "cluster-t"])


SECTIONS = {
    "alignment": "## Alignment",
    "nearmiss": "## Near misses",
    "retrieval": "## Retrieval",
    "search": "## Search",
    "similarity": "## Similarity",
    "pairs": "## Pair classification",
    "clustering": "## Clustering",
    "classification": "## Classification",
    "label-budget": "## Few labels",
    "multilabel": "## Several labels of an item",
    "tagging": "## Named entities",
}
"""Protocol -> its section of docs/statistics.md."""


def _pattern(metric):
    """The name of a metric, or the pattern of those of which there is one a class, a kind or a size."""
    return re.sub("^(f1:|above_|macro_f1_at_).*", r"\1*", metric)


def test_every_metric_is_documented():
    """The section of each protocol has every metric of its cards, and no other; one a class or kind is a pattern."""
    made: dict[str, set[str]] = {protocol: set() for protocol in PROTOCOLS}
    for path in CARDS.glob("*.toml"):
        one = read_card(path)
        made[one.protocol] |= {_pattern(metric.name) for metric in task(one).metrics}
    made["multilabel"] = {metric.name for metric in multilabel.metrics({})}  # no card of the project has it
    assert set(SECTIONS) == set(PROTOCOLS)
    for protocol, heading in SECTIONS.items():
        rows = re.findall(r"^\| ((?:`[\w:*]+`(?:, )?)+) \|", section("docs/statistics.md", heading), re.MULTILINE)
        named = {_pattern(name) for row in rows for name in re.findall(r"`([\w:*]+)`", row)}
        assert named == made[protocol], protocol


def test_chance_levels_are_as_documented():
    """The metrics with a chance level in docs/statistics.md are those that a cell has one for."""
    rows = re.findall(
        r"^\| ((?:`\w+`(?:, )?)+) \|.*\| ([^|]*) \|$", section("docs/statistics.md", "## Retrieval"), re.MULTILINE
    )
    documented = {name for names, chance in rows if chance.strip() for name in re.findall(r"`(\w+)`", names)}
    found = catalog.load()
    task, model = found.tasks["lexicon"], found.models["random"]
    subset = next(one for one in task.subsets(Data(limit=40)) if one.name == "eng-mlt")
    outcome = task.evaluate(subset, xlbench.EncodingSession(model.load()))
    assert documented == set(outcome.chance)
    m = outcome.facts["candidates"]
    assert outcome.chance["mrr"] == pytest.approx(sum(1 / rank for rank in range(1, m + 1)) / m)
    assert outcome.chance["recall_at_5"] == min(5, m) / m


def test_changelog_has_the_form_of_keep_a_changelog():
    """It begins with what is unreleased, and uses no other kind of heading than the form knows."""
    text = read("CHANGELOG.md")
    releases = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert releases[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", release) for release in releases[1:])
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds
    assert xlbench.__version__ in text
