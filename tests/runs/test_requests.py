"""Requests: one name or several, settings that are refused, and how often a run reads what it has saved."""

import errno
from collections import Counter
from pathlib import Path

import pytest
from tiny_task import tiny

import xlbench
from xlbench import Task, UsageError, metrics
from xlbench.cli import main
from xlbench.core import files as files_room
from xlbench.core.errors import DataMissing
from xlbench.core.one_or_more import as_list
from xlbench.core.task import Data, Subset
from xlbench.core.text import byte_count
from xlbench.reports.boards import standings as standings_room
from xlbench.runs import items as items_room
from xlbench.runs import store as store_room
from xlbench.runs.request import Request, prepare
from xlbench.runs.request_checks import check_languages, sizes_of
from xlbench.runs.slices import slices_of


def test_a_text_is_one_name(tmp_path, monkeypatch):
    """A name alone is one model, task, language or folder, and not as many as it has letters."""
    monkeypatch.chdir(tmp_path)
    results = xlbench.run("random", "lexicon", languages="mlt")
    assert [(run.model, len(run.cells)) for run in results] == [("random", 2)]
    assert xlbench.board("results") == xlbench.board(["results"])
    assert xlbench.board(tmp_path / "results") == xlbench.board("results")
    assert sizes_of("50,100,all") == sizes_of([50, 100, "all"]) == (50, 100, None)
    assert as_list(("a", "b")) == as_list(iter(["a", "b"])) == ("a", "b")


def test_no_cache_may_be_none(tmp_path):
    """``cache=None`` keeps vectors nowhere, as False does."""
    xlbench.run("random", "lexicon", languages="mlt", results=tmp_path / "r", cache=None)
    assert prepare(Request("random", "lexicon", languages="mlt", cache=None)).settings.cache is None


def test_the_size_of_the_cache_is_in_the_unit_that_is_shown(tmp_path):
    """The size that a request gives is the cap that the cache shows, to the byte, and by default the cache's own."""
    from xlbench.encoding.cache import MAX_BYTES
    from xlbench.runs.plan import Settings

    settings = prepare(Request("random", "lexicon", languages="mlt", cache=tmp_path, cache_size=1.5)).settings
    assert byte_count(settings.cache_bytes) == "1.5 GiB"
    by_default = prepare(Request("random", "lexicon", languages="mlt")).settings
    assert by_default.cache_bytes == Settings().cache_bytes == MAX_BYTES


def test_a_task_is_told_the_languages_that_are_wanted():
    """A task that has much to load may leave out the subsets of other languages: it is told those of the request."""
    told = []

    def subsets(data):
        told.append(data.languages)
        return [Subset(code, (code,), 1, code, lambda: None) for code in data.languages or ("eng", "hin", "nep")]

    made = Task("made", "news", (metrics.share("accuracy", "hit"),), subsets, lambda subset, session: None,
                languages=("eng", "hin", "nep"))  # fmt: skip
    wanted = [item.subset.name for item in prepare(Request("random", made, languages=["nep", "hin"])).planned]
    assert (told, wanted) == ([("nep", "hin")], ["nep", "hin"])
    assert len(prepare(Request("random", made)).planned) == 3


@pytest.mark.slow
def test_several_suites_are_planned_together():
    """Two suites from Python: the tasks of both, each once, and a plan for each."""
    prepared = prepare(Request("random", suite=("mini", "mini")))
    assert list(prepared.suites) == ["mini"]
    prepared = prepare(Request("random", suite=["parallel", "mini"], data="."))
    assert set(prepared.suites) == {"parallel", "mini"}
    assert {task.name for task in prepared.tasks} == {*prepared.suites["parallel"], *prepared.suites["mini"]}
    assert prepared.boards == ("parallel", "mini")
    narrowed = prepare(Request("random", suite=["parallel", "mini"], languages="eng", data="."))
    assert narrowed.boards == ("run",)


def subsets_of(*subsets):
    def evaluate(subset, session):
        raise AssertionError("nothing is scored here")

    return Task("t", "news", (metrics.share("accuracy", "hit"),), lambda data: subsets, evaluate)


def test_a_language_without_its_script_gets_a_guess():
    """``zho`` is answered with the scripts that there are."""
    task = Task("t", "news", (metrics.share("a", "hit"),), lambda data: (), None, languages=("zho_Hans", "zho_Hant"))
    with pytest.raises(UsageError, match=r"has the language 'zho'\. Did you mean 'zho_Hans' or 'zho_Hant'\?"):
        check_languages(["zho"], [task])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"languages": "tow"}, r"has the language 'tow'\. Did you mean 'two'"),
        ({"engine": "serial", "workers": 2}, "takes no number of workers"),
        ({"engine": "seriel"}, "Did you mean 'serial'"),
    ],
)
def test_what_a_request_cannot_have_is_told_before_data_is_read(tmp_path, changes, said):
    """An unknown language or engine, and workers that an engine cannot have, are refused while no subset is listed."""

    def subsets(data):
        raise AssertionError("no data is read")

    task = Task("t", "news", (metrics.share("a", "hit"),), subsets, lambda subset, session: None, languages=("two",))
    with pytest.raises(UsageError, match=said):
        prepare(Request("random", [task], results=tmp_path / "results", **changes))


def test_absent_subsets_count_where_they_were_asked_for():
    """A pair without data is kept where its absent language, or both of its languages, were asked for."""
    task = subsets_of(
        Subset("eng-hin", ("eng", "hin")), Subset("deu", ("deu",)), Subset("eng-nep", ("eng", "nep"), missing="no nep"),
        Subset("deu-eng", ("deu", "eng"), missing="never paired"),
    )  # fmt: skip

    def kept(*languages):
        return [(one.subset.name, one.failure) for one in slices_of(task, Data(), languages).slices]

    assert kept("eng") == [("eng-hin", None)]
    assert kept("nep") == [("eng-nep", "skipped")]
    assert kept("deu", "eng") == [("eng-hin", None), ("deu", None), ("deu-eng", "skipped")]
    assert slices_of(task, Data(), ()).absent == ("nep",)
    assert slices_of(task, Data(), ()).why_absent
    assert slices_of(task, Data(), ("eng",)).absent == ()


def test_a_task_without_any_data_says_why():
    """Where no subset has data there is one skipped cell with the reason, and never nothing."""
    task = subsets_of(Subset("hin", ("hin",), missing="no hin.tsv"), Subset("nep", ("nep",), missing="no nep.tsv"))
    (whole,) = slices_of(task, Data(), ()).slices
    assert (whole.subset.name, whole.failure) == ("*", "skipped")
    assert whole.reason == "no hin.tsv (and 1 more of this kind)"

    def subsets(data):
        raise DataMissing("get it from x")

    (whole,) = slices_of(Task("t", "news", (), subsets, None), Data(), ()).slices
    assert (whole.failure, whole.reason) == ("skipped", "get it from x")


def test_a_finished_run_reads_each_file_once_and_makes_one_board(tmp_path, monkeypatch):
    """Planning, the files and the table that is printed share what was read: each item file is read and hashed once,
    and there is one board."""
    monkeypatch.chdir(tmp_path)
    args = ["run", "-m", "random", "-m", "ngram", *tiny(tmp_path)]
    reads, boards = Counter(), []
    read, board = items_room._content, standings_room.standings

    def counted(folder, cell):
        reads[cell.model, cell.subset] += 1
        return read(folder, cell)

    def made(*arguments, **options):
        boards.append(arguments)
        return board(*arguments, **options)

    monkeypatch.setattr(items_room, "_content", counted)
    monkeypatch.setattr(standings_room, "standings", made)
    for _ in ("computed", "read"):
        reads.clear()
        boards.clear()
        with pytest.raises(SystemExit) as ended:
            main(args)
        assert ended.value.code == 0
        assert set(reads.values()) == {1}
        assert len(reads) == 8
        assert len(boards) == 1


def test_a_finished_run_is_shown_where_nothing_can_be_written(tmp_path, monkeypatch):
    """Reading needs no writing: on a read-only disk a finished run ends with 0; one with something to compute is
    refused beforehand."""
    monkeypatch.chdir(tmp_path)
    args = ["run", "-m", "random", *tiny(tmp_path), "--quiet"]

    def code(*more):
        with pytest.raises(SystemExit) as ended:
            main([*args, *more])
        return ended.value.code

    assert code() == 0
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}

    def refused(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    for room in (files_room, store_room):
        monkeypatch.setattr(room, "write_whole", refused)
    for method in ("write_bytes", "unlink"):
        monkeypatch.setattr(Path, method, refused)
    assert code() == 0
    assert code("-m", "ngram") == 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("option", ["--results", "--boards"])
def test_folders_are_tried_before_anything_is_computed(option, tmp_path, monkeypatch, capsys):
    """Results or boards that cannot be written end with 2 and the option's name, before a cell is computed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        main(["run", "-m", "random", *tiny(tmp_path), option, "file/below"])
    assert ended.value.code == 2
    assert f"choose another {option}" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.parquet"))


def test_languages_without_data_are_warnings_of_the_api(tmp_path, monkeypatch, caplog):
    """`xlbench.run` warns once a task of languages that have no data here; one that is asked for by name is a cell."""
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path)
    xlbench.run("random", "tiny.toml", data="data", results="r", cache=False)
    (warning,) = [record for record in caplog.records if record.name == "xlbench"]
    assert warning.getMessage().startswith("tiny: no data here for 1 of its languages: nep (nep: ")
    caplog.clear()
    xlbench.run("random", "tiny.toml", data="data", results="r", languages="deu", cache=False)
    assert not [record for record in caplog.records if record.name == "xlbench"]
