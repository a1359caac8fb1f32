"""What `xlbench train mlm` refuses, before anything is trained."""

from __future__ import annotations

import pytest

NEW = ["--base", "new:2x16", "--vocabulary", "600", "--max-length", "16", "--batch-size", "8"]
TEXTS = [f"यो वाक्य संख्या {number} हो , र यसमा केही शब्द छन् ।" for number in range(120)]


@pytest.fixture
def train(checkpoint_cli, tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    return lambda *arguments: checkpoint_cli(["train", "mlm", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mask", "whole-wrod"], "Did you mean 'whole-word'?"),
        (["--tokenizer", "base"], "--tokenizer base: a new model has none of its own: give --tokenizer new"),
        (["--tokenizer", "extend"], "--tokenizer extend: a new model has none of its own"),
        (["--lora", "4"], "--lora 4: a new model has nothing to adapt"),
        (["--steps", "5", "--epochs", "2"], "--steps and --epochs each say how long to train: give one of them"),
        (["--epochs", "2", "--evaluations", "3"], "--evaluations is for --steps and --budget-minutes"),
        (["--evaluations", "3"], "--evaluations is for --steps and --budget-minutes"),
        (
            ["--base", "./any", "--vocabulary", "9", "--tokenizer", "extend", "--pieces", "unigram"],
            "--pieces is of a new",
        ),
        (["--base", "new:5x16"], "a width of 16 cannot be shared among 5 heads"),
        (["--base", "new:big"], "write new:HEADSxWIDTH, as new:6x300"),
        (["--base", "new:heads=2,widht=16"], "Did you mean 'width'?"),
        (
            ["--base", "random", "--tokenizer", "new"],
            "it cannot be trained: it is no checkpoint, but code of the plugin baselines",
        ),
        (["--max-length", "999"], "--max-length 999: new:2x16 reads 512 tokens at most"),
        (["--batch-size", "500"], "fewer than a batch of 500: give a larger --corpus, or --batch-size"),
        (["--vocabulary", "20"], "different characters, each of which is a piece"),
        (["--corpus", "none.txt"], "--corpus none.txt: there is no such file or folder"),
        (["--corpus", "empty"], "it holds no corpus.json and no text file (.txt)"),
        (["--corpus", "a.jsonl"], "make a corpus of it with 'xlbench corpus'"),
        (["--resume"], "there is no training to go on with: leave --resume out"),
        (["--out", "a?b"], "what comes after a ? is read as options"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said, train, tmp_path):
    """One line that says what to do, exit code 2, and nothing is left behind."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.jsonl").write_text("{}", encoding="utf-8")
    done = train("--corpus", "a.txt", *NEW, "--out", "out", *arguments)
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ("", 3, "--corpus b.txt: there is no text in it"),
        ("\n \n", 3, "--corpus b.txt: there is no text in it"),
        ("one\ntwo\nthree", 2, "0 texts of 3 can be held out, which tells nothing of what is learned"),
        (b"\xff\xfe", 3, "b.txt, line 1: not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_corpus_of_nothing_is_refused(content, code, said, train, tmp_path):
    """An empty file, too few texts, or other bytes than text."""
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "b.txt").write_bytes(raw)
    done = train("--corpus", "b.txt", *NEW, "--out", "out")
    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1), done.stderr
    assert said in done.stderr


def test_another_model_is_not_written_over(train, tmp_path):
    """A folder that holds a model stays as it is."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("{}", encoding="utf-8")
    done = train("--corpus", "a.txt", *NEW, "--out", "out")
    assert done.returncode == 2
    assert "holds another model (config.json): nothing is written over it" in done.stderr


def test_a_training_of_another_recipe_is_not_gone_on_with(train, tmp_path):
    """Its checkpoints are of another model."""
    (tmp_path / "out/training/checkpoints/checkpoint-4").mkdir(parents=True)
    (tmp_path / "out/training/checkpoints/checkpoint-4/complete").touch()
    (tmp_path / "out/training/settings.json").write_text('{"base": "new:2x16", "pairs": ["a"]}', encoding="utf-8")
    done = train("--corpus", "a.txt", *NEW, "--out", "out", "--resume")
    assert done.returncode == 2
    assert "give what was given, or choose another --out" in done.stderr


@pytest.mark.parametrize("more", [[], ["--resume"]])
@pytest.mark.parametrize("is_finished", [False, True])
def test_a_study_of_labels_is_not_written_over(is_finished, more, train, tmp_path):
    """The folder of `xlbench train active`, finished or not, stays as it is, with --resume and without."""
    (tmp_path / "out/training/finished").mkdir(parents=True)
    (tmp_path / "out/training/settings.json").write_text('{"base": "ngram"}', encoding="utf-8")
    (tmp_path / "out/training/finished/unit.npz").write_bytes(b"scores")
    if is_finished:
        (tmp_path / "out/README.md").write_text("the report", encoding="utf-8")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    done = train("--corpus", "a.txt", *NEW, "--out", "out", *more)
    assert done.returncode == 2, done.stderr
    assert "choose another" in done.stderr
    after = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {path: content for path, content in after.items() if path.name != "lock"} == before


def test_a_finished_model_of_other_settings_is_not_said_to_be_finished(train, tmp_path):
    """--resume names what was given otherwise, as it does of a training that is not finished."""
    (tmp_path / "out/training").mkdir(parents=True)
    (tmp_path / "out/config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "out/training/settings.json").write_text('{"base": "new:4x32"}', encoding="utf-8")
    done = train("--corpus", "a.txt", *NEW, "--out", "out", "--resume")
    assert done.returncode == 2, done.stderr
    assert "--base was 'new:4x32', and is 'new:2x16' now" in done.stderr


def test_documents_and_repeats_are_held_out_whole(tmp_path):
    """No document, and no text in any case or white space, is on both sides; what is held out follows from the seed."""
    from xlbench_train.mlm.corpus import read_corpora
    from xlbench_train.mlm.held_out import hold_out

    documents = [[f"Document {number} line {line}" for line in range(4)] for number in range(40)]
    documents[7].append("DOCUMENT 3  line 2")
    (tmp_path / "a.txt").write_text("\n\n".join("\n".join(lines) for lines in documents), encoding="utf-8")
    corpus = read_corpora([str(tmp_path / "a.txt")])
    for seed in range(30):
        split = hold_out(corpus, seed)
        training, evaluation = split.training, split.evaluation
        assert 12 <= len(evaluation) <= 16
        assert not {one.document for one in training} & {one.document for one in evaluation}
        flat = [{" ".join(one.text.lower().split()) for one in part} for part in (training, evaluation)]
        assert not flat[0] & flat[1]
        lost = 161 - len(training) - len(evaluation)
        assert any("that repeat one that is held out" in note for note in split.notes) == bool(lost)
        assert hold_out(corpus, seed) == split
    assert len({tuple(hold_out(corpus, seed).evaluation) for seed in range(30)}) > 20


def test_sizes_of_new_models():
    """The short form is heads x width, of two layers; the long one names each number."""
    from xlbench_train.mlm.bases import Size, size_of

    assert size_of("new:6x300") == Size(6, 300, 2, 0, 512)
    assert size_of("new:layers=4,heads=2,width=16,inner=20,positions=64") == Size(2, 16, 4, 20, 64)
