"""Bad input to the command line, as real processes: one clear line, the documented code, and nothing lost."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from tiny_task import CARD, one_line, texts, tiny, write_texts

pytestmark = pytest.mark.slow

RUN = ["run", "--model", "good-letters"]

FULL_DISK = '''
"""A disk that is full after so many writes: the environment variable FULL_AFTER."""
import errno
import os

left = int(os.environ.get("FULL_AFTER", "-1"))
really = os.fsync


def fsync(descriptor):
    global left
    if left == 0:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    left -= 1
    return really(descriptor)


os.fsync = fsync
'''


@pytest.fixture
def go(xlbench_cli, installed_dists, tmp_path_factory):
    """A function that runs ``xlbench`` with the distribution bad_encoders, on a disk that FULL_AFTER can fill."""
    disk = tmp_path_factory.mktemp("disk")
    (disk / "sitecustomize.py").write_text(FULL_DISK, encoding="utf-8")

    def run(*args, **options):
        full = "FULL_AFTER" in (options.get("env") or {})
        return xlbench_cli(args, [installed_dists("bad_encoders"), *([disk] if full else [])], **options)

    return run


def trouble(done, code=1):
    """The lines on standard error that say what went wrong with cells; checks that there is no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return [line for line in done.stderr.splitlines() if line.startswith(("error: ", "skipped: "))]


def statuses(folder):
    """(model, subset) -> status, from the board of the last run."""
    with (folder / "leaderboards" / "run.scores.csv").open(encoding="utf-8", newline="") as file:
        return {(row["model"], row["subset"]): row["status"] for row in csv.DictReader(file)}


def states(done):
    assert done.returncode == 0, done.stderr
    return {cell["subset"]: cell["state"] for cell in json.loads(done.stdout)["cells"]}


def saved(folder, subset, ending):
    """The file of a cell, or of its items."""
    (path,) = (folder / "results").glob(f"good-letters-*/cells/tiny-*/{subset}-*.{ending}")
    return path


# ---- data


def test_a_data_folder_that_is_not_there(go, tmp_path):
    """--data and XLBENCH_DATA must name a folder: code 2, and the line says which."""
    card = tiny(tmp_path)[:2]
    assert "there is no data folder nowhere; give one with --data" in one_line(go(*RUN, *card, "--data", "nowhere"), 2)
    assert "there is no data folder gone" in one_line(go(*RUN, *card, env={"XLBENCH_DATA": "gone"}), 2)
    assert "there is no data folder tiny.toml" in one_line(go(*RUN, *card, "--data", "tiny.toml"), 2)
    assert not (tmp_path / "results").exists()


def test_no_data_at_hand_is_skipped_with_a_reason(go, tmp_path):
    """Without a data root, or with one that lacks the files, the task is skipped, and so nothing was scored."""
    card = tiny(tmp_path)[:2]
    (line,) = trouble(go(*RUN, *card), 1)
    assert line == (
        "skipped: tiny (good-letters): tiny is not at hand: no file tiny.{language}.txt "
        "because no data root is set (--data DIR or XLBENCH_DATA)"
    )
    (tmp_path / "empty").mkdir()
    (line,) = trouble(go(*RUN, *card, "--data", "empty"), 1)
    assert "no file tiny.{language}.txt under empty" in line


HELD_OUT = """
name = "held"
area = "news"
protocol = "classification"
description = "Label of a made-up text"
license = "CC0-1.0"
languages = ["eng"]
holdout = { train = 0.5, test = 0.5 }

[data]
reader = "delimited"
files = "{language}.tsv"
fields = { text = "text", label = "label" }

[options]
labels = ["x", "y"]
"""


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "one good day\tx\ntwo bad days\ty\n",
            "error: held eng (good-letters): all 1 test items are 'y'; with one label there is nothing to score",
        ),
        (
            "one good day\tx\n",
            "skipped: held (good-letters): nothing to test on: held has no items in 'eng' in this split",
        ),
    ],
    ids=["one item", "none"],
)
def test_a_hold_out_that_leaves_one_item_or_none_says_so(rows, said, go, tmp_path):
    """The reason is printed and the exit code is 1: nothing was scored."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "eng.tsv").write_text(f"text\tlabel\n{rows}", encoding="utf-8")
    (tmp_path / "held.toml").write_text(HELD_OUT, encoding="utf-8")
    assert trouble(go(*RUN, "-t", "held.toml", "--data", "data"), 1) == [said]


NAMES = """
name = "names"
area = "ner"
protocol = "tagging"
description = "Names in made-up sentences"
license = "CC0-1.0"
languages = ["eng"]
splits = { train = "train", test = "test" }

[data]
reader = "conll"
files = "{language}.{split}"
tags = { PER = "PER" }

[options]
types = ["PER"]
"""


@pytest.mark.parametrize(
    ("card", "files", "said"),
    [
        (CARD, {"tiny.eng.txt": b"one\ntwo\n"}, "skipped: tiny (good-letters): tiny has no 'deu' here: none in "),
        (
            CARD,
            {"tiny.eng.txt": b"one\ntwo\n", "tiny.deu.txt": b"eins\rzwei\r"},
            "error: tiny eng-deu, deu-eng (good-letters): data/tiny.deu.txt: its lines end in bare carriage returns",
        ),
        (
            HELD_OUT,
            {"eng.tsv": b"text\tlabel\n"},
            "skipped: held (good-letters): nothing to test on: held has no 'eng' ",
        ),
        (
            NAMES,
            {"eng.train": b"a B-PER\nb O\n\n", "eng.test": b"a B-PER\nb O\n" * 300},
            "error: names eng (good-letters): data/eng.test: one sentence of 600 words; put an empty line after each",
        ),
    ],
    ids=["one language of a pair is missing", "bare carriage returns", "a header alone", "no empty lines"],
)
@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_data_of_which_nothing_can_be_scored_says_why(card, files, said, quiet, go, tmp_path):
    """The reason is printed, however quiet the command is, and the exit code is 1."""
    (tmp_path / "data").mkdir()
    for name, content in files.items():
        (tmp_path / "data" / name).write_bytes(content)
    (tmp_path / "card.toml").write_text(card, encoding="utf-8")
    (line,) = trouble(go(*RUN, "-t", "card.toml", "--data", "data", *quiet), 1)
    assert line.startswith(said)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda raw: b"\n".join(raw.split(b"\n")[:-2]) + b"\n", "has 19 lines but"),
        (lambda raw: raw + b"one line more\n", "line 21 of tiny.deu.txt has no partner"),
        (lambda raw: raw.replace(b"deu 4\n", b"deu \xe4\n"), "tiny.deu.txt, line 5: byte"),
        (lambda raw: raw.decode().encode("utf-16"), "tiny.deu.txt is UTF-16 text; save the file as UTF-8"),
        (lambda raw: b"", "tiny.deu.txt is empty"),
        (lambda raw: raw.replace(b"deu 4\n", b"deu 4\n\n", 1), "has no partner"),
        (lambda raw: raw.replace(raw.split(b"\n")[6], b"  "), "tiny.deu.txt, line 7: empty; every line needs a text"),
    ],
    ids=["a line less", "a line more", "latin-1", "utf-16", "empty", "split line", "blank line"],
)
def test_damaged_text_fails_its_cells_and_no_other(spoil, said, go, tmp_path):
    """A damaged file is named with its line; other languages and the other task are scored; mended, all are."""
    task = tiny(tmp_path)
    path = tmp_path / "data" / "tiny.deu.txt"
    good = path.read_bytes()
    path.write_bytes(spoil(good))
    other = ["-t", "other.toml"]
    (tmp_path / "other.toml").write_text(CARD.replace("tiny", "other"), encoding="utf-8")
    for language in ("eng", "fra"):
        shutil.copy(tmp_path / "data" / f"tiny.{language}.txt", tmp_path / "data" / f"other.{language}.txt")
    (line,) = trouble(go(*RUN, *task, *other))
    assert line.startswith("error: tiny eng-deu, deu-eng (good-letters): ")
    assert said in line
    assert set(statuses(tmp_path).items()) == {
        (("good-letters", "eng-deu"), "error"), (("good-letters", "deu-eng"), "error"),
        (("good-letters", "eng-fra"), "ok"), (("good-letters", "fra-eng"), "ok"),
    }  # fmt: skip
    path.write_bytes(good)
    assert trouble(go(*RUN, *task, *other), 0) == []
    assert "error" not in statuses(tmp_path).values()


def test_a_byte_order_mark_is_no_text(go, tmp_path):
    """A file with a byte order mark is the same data as the file without: what was done stays done."""
    task = tiny(tmp_path)
    assert go(*RUN, *task, "--quiet").returncode == 0
    path = tmp_path / "data" / "tiny.deu.txt"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert set(states(go(*RUN, *task, "-n", "--json")).values()) == {"done"}


def test_an_unknown_language_is_one_line(go, tmp_path):
    """A language that no task declares gets the nearest one that is declared."""
    line = one_line(go(*RUN, *tiny(tmp_path), "-l", "end"), 2)
    assert "no task here has the language 'end'. Did you mean 'eng'?" in line


def test_lost_data_takes_no_result_with_it(go, tmp_path):
    """A language whose file has gone away is skipped, and its scores of before are still there when it is back."""
    task = tiny(tmp_path)
    assert go(*RUN, *task, "--quiet").returncode == 0
    path = tmp_path / "data" / "tiny.deu.txt"
    path.rename(tmp_path / "aside.txt")
    assert len(trouble(go(*RUN, *task, "-l", "deu", "-l", "fra"), 0)) == 1
    (tmp_path / "aside.txt").rename(path)
    assert set(states(go(*RUN, *task, "-n", "--json")).values()) == {"done"}


LABELED = """\
name = "words"
area = "{area}"
protocol = "{protocol}"
description = "Words of two kinds"
license = "CC0-1.0"
languages = ["eng", "deu", "fra"]
{splits}
[data]
reader = "delimited"
files = "{file}"
fields = {{ text = "text", label = "label" }}

[options]
labels = ["cold", "warm"]
{options}
"""


def labeled(folder):
    """Two cards over one data set, for clustering and for classification in every transfer: what ``run`` needs."""
    split, kinds = 'splits = { train = "train", test = "test" }\n', 'transfer = ["within", "zero-shot", "all", "rest"]'
    one = LABELED.format(
        area="clustering", protocol="clustering", splits="", file="{language}.test.tsv", options="multilingual = true"
    )
    two = LABELED.format(
        area="sentiment", protocol="classification", splits=split, file="{language}.{split}.tsv", options=kinds
    )
    (folder / "groups.toml").write_text(one.replace('"words"', '"groups"'), encoding="utf-8")
    (folder / "probe.toml").write_text(two.replace('"words"', '"probe"'), encoding="utf-8")
    (folder / "data").mkdir()
    for language in ("eng", "deu", "fra"):
        for part in ("train", "test"):
            rows = [f"{language} {part} {kind} {row}\t{kind}\n" for row in range(12) for kind in ("cold", "warm")]
            (folder / "data" / f"{language}.{part}.tsv").write_text("text\tlabel\n" + "".join(rows), encoding="utf-8")
    return ["-t", "./groups.toml", "-t", "./probe.toml", "--data", "data"]


@pytest.mark.parametrize(
    ("part", "content", "code", "said", "hit"),
    [
        ("test", "one\tcold\n \twarm\n", 1, "deu.test.tsv, line 3: the text is empty",
         {"deu", "all", "eng>deu", "fra>deu", "all>deu", "rest>deu"}),
        ("train", "one\tcold\n \twarm\n", 1, "deu.train.tsv, line 3: the text is empty",
         {"deu", "deu>eng", "deu>fra", "all>deu", "all>eng", "all>fra", "rest>eng", "rest>fra"}),
        ("test", "one\tcold\nb\thot\n", 1, "'hot' (1 time",
         {"deu", "all", "eng>deu", "fra>deu", "all>deu", "rest>deu"}),
        ("test", "", 0, "", set()),
    ],
    ids=["empty text", "empty text to learn from", "unknown label", "no rows"],
)  # fmt: skip
def test_damaged_rows_of_a_language_cost_the_cells_that_need_them(part, content, code, said, hit, go, tmp_path):
    """Of clustering and of every transfer: these are marked and named, all others are scored; mended, all are."""
    run = [*RUN, *labeled(tmp_path)]
    path = tmp_path / "data" / f"deu.{part}.tsv"
    good = path.read_text(encoding="utf-8")
    path.write_text("text\tlabel\n" + content, encoding="utf-8")
    lines = trouble(go(*run), code)
    assert all(said in line for line in lines)
    assert bool(lines) == bool(hit)
    found = statuses(tmp_path)
    assert {subset for (_, subset), status in found.items() if status == "error"} == hit
    assert {"eng", "fra", "eng>fra"} <= {subset for (_, subset), status in found.items() if status == "ok"}
    path.write_text(good, encoding="utf-8")
    assert trouble(go(*run), 0) == []
    assert set(statuses(tmp_path).values()) == {"ok"}


# ---- cards


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "tiny"', 'name = "../../x"', "task name '../../x' is not allowed"),
        ('name = "tiny"', 'name = "con"', "task name 'con' is reserved"),
        ("license =", "licence =", "tiny.toml has no key 'licence'. Did you mean 'license'?"),
        ('"parallel"', '"paralel"', "[data] reader: 'paralel' is not one of"),
        ('"parallel"', '"paralel"', "Did you mean 'parallel'?"),
        ('protocol = "retrieval"', 'protocol = "retreival"', "Did you mean 'retrieval'?"),
        ('area = "retrieval"', 'area = "retreival"', "tiny.toml area: 'retreival' is all but 'retrieval'."),
        ('pairs = "eng"', 'pears = "eng"', "[options] has no key 'pears'. Did you mean 'pairs'?"),
        ("files =", "file =", "[data] has no key 'file'. Did you mean 'files'?"),
        ('"tiny.{language}.txt"', '"../{language}.txt"', "must be a path below the data root"),
        ('"tiny.{language}.txt"', '"tiny.txt"', "needs {language}"),
        ('license = "CC0-1.0"', "license = CC0", "tiny.toml is not valid TOML: Invalid value (at line 5, column 11)"),
        ('protocol = "retrieval"\n', "", "tiny.toml lacks 'protocol'"),
        ('"nep"]', '"english"]', "'english' in languages is not an ISO 639-3 code"),
    ],
)
def test_a_wrong_card_is_one_line(old, new, said, go, tmp_path):
    """An unknown key, reader or protocol, a path for a name, or broken TOML: one line, code 2, nothing written."""
    task = tiny(tmp_path)
    assert CARD.count(old) == 1
    (tmp_path / "tiny.toml").write_text(CARD.replace(old, new), encoding="utf-8")
    assert said in one_line(go(*RUN, *task), 2)
    assert not (tmp_path / "results").exists()


def test_a_card_that_is_not_there(go, tmp_path):
    """A path to no file, or to a folder, is one line with the path."""
    assert "there is no file missing.toml" in one_line(go(*RUN, "-t", "./missing.toml"), 2)
    (tmp_path / "folder.toml").mkdir()
    assert "there is no file folder.toml" in one_line(go(*RUN, "-t", "./folder.toml"), 2)
    assert "there is no task './cards/x'" in one_line(go(*RUN, "-t", "./cards/x"), 2)


def test_a_card_with_the_name_of_another_task(go, tmp_path):
    """Two tasks of one name would share their results: refused before anything is computed."""
    task = tiny(tmp_path)
    (tmp_path / "tiny.toml").write_text(CARD.replace('name = "tiny"', 'name = "lexicon"'), encoding="utf-8")
    assert "two different tasks are called 'lexicon'" in one_line(go(*RUN, *task, "-t", "lexicon"), 2)


# ---- encoders

REASONS = {
    "zeros": "is all zeros",
    "wrong-count": "the encoder returned 19 vectors for 20 texts",
    "wrong-shape": "the encoder returned an array of shape (20, 1, 27); expected (texts, dimensions)",
    "strings": "the encoder returned list, which is no array",
    "never-loads": "the model cannot be loaded: OSError: weights.bin: no such file",
}


def test_encoders_that_cannot_be_scored_fail_alone(go, tmp_path):
    """Zero vectors, a wrong count or shape, no numbers, no model at all: a reason each; a good model is scored."""
    models = [part for name in (*REASONS, "good-letters") for part in ("-m", name)]
    done = go("run", *models, *tiny(tmp_path))
    lines = trouble(done)
    for name, reason in REASONS.items():
        own = [line for line in lines if f"({name})" in line]
        assert own, name
        assert all(reason in line for line in own)
    assert {model for (model, _), status in statuses(tmp_path).items() if status == "ok"} == {"good-letters"}
    assert len([status for status in statuses(tmp_path).values() if status == "error"]) == 4 * len(REASONS)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("nan-for-one", "the vector of 'a cursed line' holds NaN or infinity"),
        ("changes-length", "the encoder returned vectors of 28 after some of 27"),
    ],
)
def test_one_bad_text_fails_only_the_cells_that_have_it(model, said, go, tmp_path):
    """An encoder that stumbles over one text of one language fails there, with the reason; what came before stays."""
    task = tiny(tmp_path)
    write_texts(tmp_path / "data", "fra", ["a cursed line", *texts("fra")[1:]])
    lines = trouble(go("run", "-m", model, *task))
    assert any(said in line for line in lines), lines
    status = {subset: value for (_, subset), value in statuses(tmp_path).items()}
    assert status == {"eng-deu": "ok", "deu-eng": "ok", "eng-fra": "error", "fra-eng": "error"}
    assert set(states(go("run", "-m", model, *task, "-l", "deu", "-n", "--json")).values()) == {"done"}


def test_an_encoder_that_raises_half_way_loses_one_cell(go, tmp_path):
    """A failure at the 700th text costs the cell that was due; the same command then computes that cell alone."""
    task = tiny(tmp_path, lines=400)
    done = go("run", "-m", "fails-at-700", *task)
    (line,) = trouble(done)
    assert line == ("error: tiny eng-deu (fails-at-700): RuntimeError: the accelerator fell off at the 700th text")
    cells = states(go("run", "-m", "fails-at-700", *task, "-n", "--json"))
    assert cells == {"eng-deu": "todo", "deu-eng": "done", "eng-fra": "done", "fra-eng": "done"}


# ---- folders


@pytest.mark.parametrize("option", ["--results", "--boards"])
@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_folder_that_cannot_be_made(option, place, go, tmp_path):
    """A file in the way of results or boards is found before anything is computed: code 2, and the line names it."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    line = one_line(go(*RUN, *tiny(tmp_path), option, place, env={"XL_NO_LOADING": "1"}), 2)
    assert f"cannot write {option[2:]} to {place}" in line.replace("\\", "/")
    assert f"choose another {option}" in line
    assert (tmp_path / "file").read_text(encoding="utf-8") == "in the way"
    assert not list(tmp_path.glob("results/*/cells"))


def test_a_boards_folder_that_cannot_be_made_for_board(go, tmp_path):
    """``board --boards`` with a file in the way is one line, code 2."""
    assert go(*RUN, *tiny(tmp_path), "--quiet").returncode == 0
    assert "cannot write boards to tiny.toml" in one_line(go("board", "--boards", "tiny.toml"), 2)


def test_a_file_in_the_place_of_a_tasks_folder(go, tmp_path):
    """Cells that can be neither read nor saved fail with the path, and the other task's are kept."""
    task = tiny(tmp_path)
    assert go(*RUN, *task, "-l", "deu", "--quiet").returncode == 0
    (cells,) = (tmp_path / "results").glob("good-letters-*/cells")
    (tmp_path / "other.toml").write_text(CARD.replace('name = "tiny"', 'name = "other"'), encoding="utf-8")
    assert go(*RUN, *task, "-t", "other.toml", "-l", "deu", "--quiet").returncode == 0
    (other,) = cells.glob("other-*")
    shutil.rmtree(other)
    other.write_text("in the way", encoding="utf-8")
    done = go(*RUN, *task, "-t", "other.toml", "-l", "deu", "--quiet")
    for line in trouble(done):
        assert line.startswith("error: other ")
        assert f"cannot read {other.relative_to(tmp_path)}" in line
    assert list(statuses(tmp_path).values()).count("ok") == 2
    other.unlink()
    assert go(*RUN, *task, "-t", "other.toml", "-l", "deu", "--quiet").returncode == 0


# ---- saved results


def edit(path):
    text = path.read_text(encoding="utf-8")
    changed = text.replace('"n": 20', '"n": 21', 1)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def empty(path):
    path.write_bytes(b"")


DAMAGE = {
    "edited cell": ("json", edit, "was changed after it was saved"),
    "cut-off cell": ("json", cut, "is cut off or no JSON"),
    "empty cell": ("json", empty, "is cut off or no JSON"),
    "cut-off items": ("parquet", cut, "is not what was saved"),
    "lost items": ("parquet", Path.unlink, "is missing"),
}


@pytest.mark.parametrize(
    "damage", [pytest.param(name, marks=pytest.mark.campaign if "cut" in name else ()) for name in DAMAGE]
)
def test_a_damaged_result_fails_its_cell_alone(damage, go, tmp_path):
    """A saved result that was edited or cut off fails its cell with the file's name, is left as it is, and the others
    go on; a board says so and shows the rest; another interval method changes nothing; deleted, it is made again."""
    ending, spoil, said = DAMAGE[damage]
    task = tiny(tmp_path)
    assert go(*RUN, *task, "-l", "deu", "--quiet").returncode == 0
    path = saved(tmp_path, "eng-deu", ending)
    spoil(path)
    before = path.read_bytes() if path.exists() else None
    name = str(path.relative_to(tmp_path))
    for more in ([], ["--ci", "jackknife"]):
        (line,) = trouble(go(*RUN, *task, *more))
        assert line.startswith("error: tiny eng-deu (good-letters): ")
        assert name in line
        assert said in line
        status = {subset: value for (_, subset), value in statuses(tmp_path).items()}
        assert status == {"eng-deu": "error", "deu-eng": "ok", "eng-fra": "ok", "fra-eng": "ok"}
        assert (path.read_bytes() if path.exists() else None) == before
    assert states(go(*RUN, *task, "-n", "--json"))["eng-deu"] == "damaged"
    board = go("board")
    assert board.returncode == 3
    assert name in board.stderr
    assert said in board.stderr
    saved(tmp_path, "eng-deu", "json").unlink()
    assert trouble(go(*RUN, *task), 0) == []
    assert go("board").returncode == 0


def test_a_damaged_cell_whose_data_is_gone(go, tmp_path):
    """Damaged and without data: the cell is skipped for its data, the damaged file stays, and the others go on."""
    task = tiny(tmp_path)
    assert go(*RUN, *task, "--quiet").returncode == 0
    path = saved(tmp_path, "eng-deu", "json")
    cut(path)
    (tmp_path / "data" / "tiny.deu.txt").unlink()
    (line,) = trouble(go(*RUN, *task, "-l", "deu", "-l", "fra"), 0)
    assert line.startswith("skipped: tiny eng-deu, deu-eng")
    assert path.stat().st_size == 100


def test_a_damaged_manifest_is_one_line(go, tmp_path):
    """A damaged run.json ends run and board with code 3 and its name; the cells stay, and it can be deleted."""
    task = tiny(tmp_path)
    assert go(*RUN, *task, "--quiet").returncode == 0
    (manifest,) = (tmp_path / "results").glob("*/run.json")
    cut(manifest)
    for command in ([*RUN, *task, "--quiet"], ["board"]):
        assert str(manifest.relative_to(tmp_path)) in one_line(go(*command), 3)
    manifest.unlink()
    assert go(*RUN, *task, env={"XL_NO_LOADING": "1"}).returncode == 0


# ---- a full disk


@pytest.mark.parametrize(
    "after", [0, pytest.param(3, marks=pytest.mark.campaign), 5, pytest.param(8, marks=pytest.mark.campaign)]
)
def test_a_full_disk_keeps_what_was_saved(after, go, tmp_path):
    """A disk that is full ends the run with code 3 and one line; cells saved before stay whole, no half of a file is
    left, and the same command goes on when there is room again, to the same board."""
    args = [*RUN, *tiny(tmp_path), "--quiet"]
    line = one_line(go(*args, env={"FULL_AFTER": str(after)}), 3)
    assert "cannot save " in line
    assert "No space left on device; cells saved before are kept" in line
    assert not list((tmp_path / "results").rglob("*.tmp"))
    before = {path: path.read_bytes() for path in (tmp_path / "results").glob("*/cells/*/*.json")}
    assert bool(before) == (after > 3)
    assert list(states(go(*args, "-n", "--json")).values()).count("done") == len(before)
    assert go(*args).returncode == 0
    assert {path: path.read_bytes() for path in before} == before
    assert go(*args, "--results", "roomy", "--boards", "roomy-boards").returncode == 0
    for name in ("run.md", "run.scores.csv"):
        assert (tmp_path / "leaderboards" / name).read_bytes() == (tmp_path / "roomy-boards" / name).read_bytes()


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe", b""])
def test_a_model_folder_with_a_broken_config_is_wrong_usage(tmp_path, xlbench_cli, content):
    """One line with the file and what to do, and exit code 2, as for other folders that are no model."""
    options = tiny(tmp_path)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_bytes(content)
    line = one_line(xlbench_cli(["run", "-m", "./model", *options]), code=2)
    assert "./model: config.json " in line
    assert line.endswith(": download or save it anew")
    assert not (tmp_path / "results").exists()


def test_a_pivot_that_the_card_does_not_declare_is_wrong_usage(tmp_path, xlbench_cli):
    """The card and its option are named, and nothing is run."""
    options = tiny(tmp_path)
    card = tmp_path / "tiny.toml"
    card.write_text(card.read_text(encoding="utf-8").replace('pairs = "eng"', 'pairs = "enq"'), encoding="utf-8")
    line = one_line(xlbench_cli(["run", "-m", "random", *options]), code=2)
    assert "tiny.toml: [options] pairs: 'enq' is none of the card's languages" in line
    assert "Did you mean 'eng'?" in line
