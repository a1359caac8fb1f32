"""Encoder classes of one's own, by file or by module: found, called, identified, and refused in one line."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import xlbench
import xlbench_classes
from xlbench.testing.models import check_model
from xlbench_classes.model import model_of
from xlbench_classes.target import is_target

ENCODER = '''
import numpy as np
from helper import letters


class Letters:
    """Counts of letters."""

    def __init__(self, dim: int = 26, scale: "float" = 1.0, upper: bool = False, label=None, shift=0):
        self.dim, self.scale, self.upper, self.label, self.shift = dim, scale, upper, label, shift

    def encode(self, texts, role=None):
        known = letters()[: self.dim]
        return np.array([[1 + self.scale * text.count(letter) for letter in known] for text in texts])


def small(dim: int | None = None):
    return Letters(dim or 5)


class NoEncode:
    pass


class NoRole:
    def encode(self, texts):
        return np.ones((len(texts), 2))


class Needy:
    def __init__(self, path: str):
        if path == "bad":
            raise ValueError("no such\\nthing")

    def encode(self, texts, role=None):
        return np.ones((len(texts), 2))


class Named(Letters):
    @classmethod
    def fingerprint(cls, dim=26, **more):
        return f"named {dim}"


class Constant(Letters):
    fingerprint = "one and the same"


class Wrong(Letters):
    fingerprint = 7


class Child(Letters):
    pass


VALUE = 3
'''
HELPER = "import string\nimport other_helper\n\ndef letters():\n    return string.ascii_lowercase\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, with an encoder's file in it and the files that this imports."""
    (tmp_path / "mine.py").write_text(ENCODER)
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "other_helper.py").write_text("X = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("helper", "other_helper"):
        sys.modules.pop(name, None)


def package(folder: Path, name: str) -> Path:
    """An importable package with the encoder in a module of its own."""
    home = folder / "site" / name
    (home / "inner").mkdir(parents=True)
    (home / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (home / "inner" / "__init__.py").write_text("")
    (home / "inner" / "mine.py").write_text(ENCODER.replace("from helper", "from ..helper").replace("VALUE = 3", ""))
    (home / "helper.py").write_text(HELPER.replace("import other_helper\n", "from . import other_helper\n"))
    (home / "other_helper.py").write_text("X = 1\n")
    return home


def test_a_description_holds_no_path(folder: Path) -> None:
    """What is told of a class names its file, not where that lies: boards made on two machines are equal."""
    absolute, relative = model_of(f"{folder}/mine.py:Letters"), model_of("./mine.py:Letters")
    assert absolute.description == relative.description == "The class Letters of mine.py."
    assert str(folder) not in str(dict(absolute.details))


def test_the_scheme_is_offered() -> None:
    """The plugin offers one scheme for models, and nothing else."""
    (scheme,) = xlbench_classes.xlbench_schemes()
    assert (scheme.name, scheme.tasks, bool(scheme.description)) == ("class", None, True)


@pytest.mark.parametrize(
    "spec", ["mine.py:Letters", "./mine.py:Letters", "mine.py:small?dim=3", "{folder}/mine.py:Letters"]
)
def test_a_class_in_a_file(folder: Path, spec: str) -> None:
    """A class, or a function that makes an encoder, is a model that the conformance kit accepts, but for its name."""
    model = model_of(spec.format(folder=folder))
    assert model.name == spec.format(folder=folder)
    encoder = model.load()
    vectors = encoder.encode(["a cat", "a dog"])
    assert vectors.shape == (2, {"mine.py:small?dim=3": 3}.get(spec, 26))


def test_the_conformance_kit_accepts_it(folder: Path) -> None:
    """With a plain name the model passes the kit: stable vectors, stable identity."""
    model = model_of("mine.py:Letters?dim=4")
    check_model(xlbench.Model("letters", model.load, model.fingerprint))


def test_arguments_are_typed(folder: Path) -> None:
    """Arguments come as the annotation says, else as the default's type, else as text; values are percent-decoded."""
    encoder = model_of("mine.py:Letters?dim=3&scale=2&upper=yes&label=a%26b&shift=-2").load()
    assert (encoder.dim, encoder.scale, encoder.upper, encoder.label, encoder.shift) == (3, 2.0, True, "a&b", -2)
    assert type(encoder.scale) is float
    assert model_of("mine.py:Letters?upper").load().upper is True
    assert model_of("mine.py:small?dim=7").load().dim == 7
    assert model_of("mine.py:Child?dim=7").load().dim == 7


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nowhere.py:Letters", "there is no file nowhere.py"),
        ("mine.py", "names a file and no class: write mine.py:CLASS"),
        ("mime.py:Letters", "there is no file mime.py. Did you mean 'mine.py'?"),
        ("mine.py:Leters", "has no class or function 'Leters'. Did you mean 'Letters'"),
        ("mine.py:Letters?dimm=3", "Letters has no parameter 'dimm'. Did you mean 'dim'.* There are: dim, scale"),
        ("mine.py:Letters?dim=three", "dim=three: Letters wants int"),
        ("mine.py:Letters?scale=much", "scale=much: Letters wants float"),
        ("mine.py:Letters?upper=perhaps", "upper=perhaps: Letters wants true or false"),
        ("mine.py:Letters?dim=3&dim=4", "gives 'dim' twice"),
        ("mine.py:Needy", r"Needy needs path: add \?path=VALUE"),
        ("mine.py:NoEncode?x=1", "NoEncode has no parameter 'x'. There are: none"),
        ("broken.py:Letters", "broken.py, line 2: "),
    ],
)
def test_what_reading_shows(folder: Path, spec: str, message: str) -> None:
    """What can be seen to be wrong without running the file is refused at once, in one line."""
    (folder / "broken.py").write_text("import os\ndef (:\n")
    assert is_target(spec)
    with pytest.raises(xlbench.UsageError, match=message) as caught:
        model_of(spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mine.py:NoEncode", r"is not an encoder: NoEncode has no method encode\(texts, role=None\)"),
        ("mine.py:NoRole", "encode must take .*role"),
        ("mine.py:Needy?path=bad", r"Needy\(path='bad'\) raised ValueError: no such thing"),
        ("mine.py:VALUE", "VALUE is neither a class nor a function"),
        ("failing.py:Letters", "importing .*failing.py raised RuntimeError: not today"),
        ("open.py:Leters", "has no 'Leters'. Did you mean 'Letters'"),
    ],
)
def test_what_running_shows(folder: Path, spec: str, message: str) -> None:
    """What shows only when the file is run fails the model's loading, in one line."""
    (folder / "failing.py").write_text("class Letters: pass\nraise RuntimeError('not today')\n")
    (folder / "open.py").write_text("from mine import *\n")
    model = model_of(spec)
    with pytest.raises(xlbench.EncoderError, match=message) as caught:
        model.load()
    assert "\n" not in str(caught.value)
    sys.modules.pop("mine", None)


@pytest.mark.parametrize("argument", ["dim=three", "dimm=3"])
def test_inherited_parameters_are_checked_when_loaded(folder: Path, argument: str) -> None:
    """Parameters that are not written in the class itself are known once the file is run."""
    model = model_of(f"mine.py:Child?{argument}")
    with pytest.raises(xlbench.UsageError, match=r"Child wants int|no parameter 'dimm'\. Did you mean 'dim'"):
        model.load()


@pytest.mark.parametrize(
    "spec", ["ngram", "hf:org/name", "hf:./folder", "st:org/name?x=1", "mteb:STSBenchmark", "numpy", "./card.toml",
             "a:b", "mine.py:", "mine.py:3", "hf:mine2.py:Letters", "json:NoSuchThing"],
)  # fmt: skip
def test_other_specs_are_left_alone(folder: Path, spec: str) -> None:
    """Names, specs of other schemes and modules that do not have such a name are not claimed."""
    assert not is_target(spec)


def test_matching_imports_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module is found, read and identified without being imported, nor the packages that it lies in."""
    package(folder, "xl_unimported")
    monkeypatch.syspath_prepend(str(folder / "site"))
    spec = "xl_unimported.inner.mine:Letters"
    assert is_target(spec)
    assert not is_target("xl_unimported.inner.yours:Letters")
    model_of(spec).identity()
    assert "xl_unimported" not in sys.modules


def test_a_class_in_a_module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module's class is loaded by importing the module; identity covers what it imports from its package."""
    home = package(folder, "xl_imported")
    (home / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(folder / "site"))
    model = model_of("xl_imported.inner.mine:Letters?dim=3")
    assert model.load().encode(["a"]).shape == (1, 3)
    before = model.identity()
    (home / "other_helper.py").write_text("X = 2\n")
    assert model.identity() != before


def test_a_module_without_a_dot(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A top-level module counts where it has exactly that name: another scheme may be called as a library is."""
    monkeypatch.syspath_prepend(str(folder))
    assert is_target("mine:Letters")
    assert not is_target("mine:Leters")


def test_identity_is_content(folder: Path) -> None:
    """Identity follows the file, what it imports from its folder (and what that imports), and the arguments; it knows
    neither the folder nor the way in which the spec is written."""
    first = model_of("mine.py:Letters").identity()
    assert first == model_of("./mine.py:Letters").identity()
    others = ["mine.py:Letters?dim=3", "mine.py:Letters?dim=4", "mine.py:Child", "mine.py:small"]
    assert len({first, *(model_of(spec).identity() for spec in others)}) == 5
    (folder / "unrelated.py").write_text("X = 1\n")
    assert model_of("mine.py:Letters").identity() == first
    copy = folder / "copy"
    copy.mkdir()
    for path in folder.glob("*.py"):
        (copy / path.name).write_bytes(path.read_bytes())
    assert model_of(f"{copy}/mine.py:Letters").identity() == first
    (folder / "other_helper.py").write_text("X = 2\n")
    assert model_of("mine.py:Letters").identity() != first


def test_a_file_that_an_argument_names_counts(folder: Path) -> None:
    """An argument that names a file stands for its content, too."""
    (folder / "weights.bin").write_bytes(b"1")
    before = model_of("mine.py:Needy?path=weights.bin").identity()
    (folder / "weights.bin").write_bytes(b"2")
    assert model_of("mine.py:Needy?path=weights.bin").identity() != before


def test_a_fingerprint_of_ones_own(folder: Path) -> None:
    """A class's own fingerprint, a text or a class method that gets the arguments, stands for its source."""
    before = {name: model_of(f"mine.py:{name}").identity() for name in ("Named", "Constant", "Letters")}
    (folder / "mine.py").write_text(ENCODER + "\n# a comment\n")
    after = {name: model_of(f"mine.py:{name}").identity() for name in before}
    assert {name for name in before if before[name] == after[name]} == {"Named", "Constant"}
    assert model_of("mine.py:Named?dim=3").identity() != after["Named"]
    with pytest.raises(xlbench.EncoderError, match="fingerprint gives 7: it has to be a text"):
        model_of("mine.py:Wrong").identity()


def test_neighbors_of_the_same_name(folder: Path) -> None:
    """Two files in two folders each import their own neighbor of the same name."""
    other = folder / "other"
    other.mkdir()
    (other / "mine.py").write_text(ENCODER)
    (other / "helper.py").write_text("def letters():\n    return 'ab'\n")
    first = model_of("mine.py:Letters").load()
    second = model_of("other/mine.py:Letters").load()
    assert second.encode(["a"]).shape == (1, 2)
    assert first.encode(["a"]).shape == (1, 26)
    assert model_of("mine.py:Letters").load().encode(["a"]).shape == (1, 26)


def test_models_travel_to_other_processes(folder: Path) -> None:
    """A model can be pickled, and loads from elsewhere."""
    load = pickle.loads(pickle.dumps(model_of("mine.py:Letters?dim=3").load))
    np.testing.assert_array_equal(load().encode(["abc"]), [[2.0, 2.0, 2.0]])


def test_a_run_from_the_command_line(folder: Path, xlbench_cli) -> None:
    """``xlbench run --model file.py:Class?dim=...`` measures it, and two settings are two models on the board."""
    models = ["--model", "mine.py:Letters?dim=20", "--model", "./mine.py:small"]
    done = xlbench_cli(["run", *models, "--task", "lexicon", "--language", "mlt"], cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "mine.py:Letters?dim=20" in done.stdout
    assert "./mine.py:small" in done.stdout


def test_a_wrong_spec_on_the_command_line(folder: Path, xlbench_cli) -> None:
    """A file that is not there ends the command with one line and the exit code for usage."""
    done = xlbench_cli(["run", "--model", "nine.py:Letters", "--task", "lexicon"], cwd=folder)
    assert done.returncode == 2
    assert "there is no file nine.py" in done.stderr
