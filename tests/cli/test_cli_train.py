"""`xlbench train`: its recipes, and what `xlbench train siamese` refuses before anything is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from trainings import command

from xlbench_train.siamese import recipe

PAIRS = "card:mini-parallel:eng-hin"
TABLE = ["--base", "ngrams:1024x16"]


def train(cli, *arguments, **more):
    return cli(["train", "siamese", *map(str, arguments)], **more)


def test_recipes_are_listed(xlbench_cli):
    """Without a name the recipes are shown, each with a line of its own."""
    done = xlbench_cli(["train", "--help"])
    assert done.returncode == 0
    assert "Fine-tune an encoder on pairs of texts" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["siamise"], "there is no recipe 'siamise'. Did you mean 'siamese' or 'siamese-mini'? See 'xlbench train'."),
        (["siamese", "--objectiv", "softmax"], "No such option '--objectiv'. Did you mean '--objective'?"),
        (["siamese", "--objective", "contrastiv"], "Did you mean 'contrastive'?"),
        (["siamese", "--pooling", "man"], "Did you mean 'mean' or 'max'?"),
    ],
)
def test_wrong_names_are_told_with_a_guess(arguments, said, xlbench_cli):
    """Names of recipes, options and their values come with what may be meant."""
    done = xlbench_cli(["train", *arguments])
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


MINE = """
class Mine:
    def encode(self, texts, role=None): ...
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--base", "random"],
            "--base random: it cannot be trained: it is no checkpoint, but code of the plugin baselines",
        ),
        (["--base", "./mine.py:Mine"], "it cannot be trained: it is no checkpoint, but code of one's own"),
        (["--base", "ngrams:65536"], "write ngrams:BUCKETSxDIMENSIONS, as ngrams:65536x192"),
        (["--base", "labes"], "Did you mean 'labse'?"),
        (["--base", "st:./x?dimensions=64"], "options of a spec do not shape what is trained"),
        ([*TABLE, "--lora", "4"], "--lora 4 is for transformers: a table of n-grams has nothing of the kind"),
        ([*TABLE, "--objective", "contrastive", "--negatives", "random"], "contrastive takes in-batch or hard"),
        ([*TABLE, "--objective", "softmax", "--negatives", "in-batch"], "softmax takes random or hard"),
        ([*TABLE, "--objective", "softmax", "--teacher", "ngram"], "--teacher is for --objective distill"),
        ([*TABLE, "--objective", "distill"], "--objective distill needs a --teacher"),
        ([*TABLE, "--batch-size", "1"], "give 2 or more"),
        ([*TABLE, "--batch-size", "500"], "270 pairs to train on are fewer than a batch of 500"),
        ([*TABLE, "--eval-pairs", "nothing.tsv"], "nothing.tsv: there is no such file"),
        ([*TABLE, "--pairs", "card:ntrex:eng-hin", "--data", "none", "--offline"], "ntrex is not at hand"),
        (["--base", "hf:org/none", "--offline"], "org/none is not on this machine"),
        ([*TABLE, "--resume"], "there is no training to go on with: leave --resume out"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, said, xlbench_cli, tmp_path):
    """One line and exit code 2, before anything is trained, and nothing is left behind."""
    (tmp_path / "mine.py").write_text(MINE, encoding="utf-8")
    done = train(xlbench_cli, "--pairs", PAIRS, "--batch-size", "16", *arguments, "--out", "out")
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("modules.json", "holds another model (modules.json): nothing is written over it"),
        ("config.json", "holds another model (config.json)"),
        ("notes.txt", "holds other files (notes.txt)"),
    ],
)
def test_another_folder_is_not_written_to(name, said, xlbench_cli, tmp_path):
    """A folder that holds a model, or anything else, stays as it is."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("{}", encoding="utf-8")
    done = train(xlbench_cli, *TABLE, "--pairs", PAIRS, "--out", "out")
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


@pytest.mark.parametrize("name", ["a?b", "a?b/c", "a/../b?name=x"])
def test_a_folder_that_no_spec_can_name_is_refused(name, xlbench_cli, tmp_path):
    """What comes after a question mark is read as options of a spec, wherever it stands in the path: the model could
    not be loaded from there."""
    done = train(xlbench_cli, *TABLE, "--pairs", PAIRS, "--batch-size", "16", "--out", name)
    assert done.returncode == 2
    assert f"--out {name}: what comes after a ? is read as options: choose a folder without one" in done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_dry_run_reads_everything_and_trains_nothing(xlbench_cli, tmp_path):
    """It says what there is, what is held out, and how many steps that would be; several files follow one option."""
    for place, name in enumerate("ab"):
        text = "".join(f"one {place} {number}\tother {place} {number}\n" for number in range(200))
        (tmp_path / f"{name}.tsv").write_text(text, encoding="utf-8")
    done = train(xlbench_cli, *TABLE, "--pairs", "a.tsv", "b.tsv", "--batch-size", "90", "--out", "out", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "200 pairs of a.tsv",
        "200 pairs of b.tsv",
        "40 of 400 pairs are held out to evaluate on, sentence by sentence: no documents are known",
        "360 pairs to train ngrams:1024x16 on with contrastive, 40 to evaluate on; 5 epochs, about 20 steps",
        "nothing was trained (--dry-run)",
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "xlbench: stopped"),
        (MemoryError("Unable to allocate 4 GiB"), 1, "take a smaller --base than ngrams:1024x16 or fewer pairs"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), 1, "xlbench: out of memory beside the batches"),
    ],
)
def test_an_end_from_outside_says_whether_resume_goes_on(ending, code, said, begun, monkeypatch, tmp_path):
    """Ctrl-C, and memory that runs out where no batch can be halved, are one line, which speaks of --resume only where
    a training was begun."""

    def ends(request, terminal):
        if begun:
            (request.settings.out / "training").mkdir(parents=True)
            (request.settings.out / "training/settings.json").write_text("{}", encoding="utf-8")
        raise ending

    monkeypatch.setattr(recipe, "run_recipe", ends)
    done = command([*TABLE, "--pairs", PAIRS, "--out", tmp_path / "out"])
    assert done.returncode == code
    (line,) = done.stderr.strip().splitlines()
    assert said in line
    assert ("the same command with --resume goes on" in line) == begun
    assert "internal error" not in line


def test_defaults_stand_in_the_settings_file(xlbench_cli, tmp_path):
    """[train.siamese] of xlbench.toml gives defaults; a wrong key there is named."""
    (tmp_path / "xlbench.toml").write_text(
        f'[train.siamese]\nbase = "ngrams:1024x16"\npairs = ["{PAIRS}"]\nbatch-size = 16\n', encoding="utf-8"
    )
    done = train(xlbench_cli, "--out", "out", "-n")
    assert done.returncode == 0, done.stderr
    assert "about 85 steps" in done.stderr
    (tmp_path / "xlbench.toml").write_text("[train.siamese]\nepoch = 3\n", encoding="utf-8")
    done = train(xlbench_cli, "--out", "out", "-n")
    assert "xlbench.toml, line 2: [train.siamese] has no option 'epoch'. Did you mean 'epochs'" in done.stderr


def test_a_missing_extra_is_one_line(xlbench_cli, tmp_path):
    """Without the libraries that train, the line says what to install."""
    site = tmp_path / "site"
    site.mkdir()
    blocked = "import sys\nfor name in ('torch', 'accelerate'):\n    sys.modules[name] = None\n"
    (site / "sitecustomize.py").write_text(blocked, encoding="utf-8")
    done = train(xlbench_cli, *TABLE, "--pairs", PAIRS, "--out", "out", pythonpath=[Path(site)])
    assert done.returncode == 2
    assert done.stderr.strip() == "xlbench: a training needs accelerate and torch: pip install 'xlbench[train]'"
