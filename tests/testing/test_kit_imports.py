"""What the conformance kit asks in a fresh process: what a plugin imports, wherever its module was loaded from."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from functools import partial

import pytest
from kit_plugins import HEAVY_PLUGIN, Letters, model, module, rejects

from xlbench.testing.models import check_model

__all__ = ["module"]  # a fixture


LIGHT_PLUGIN = """
    print("a module that talks")

    class Letters:
        def encode(self, texts, role=None):
            import numpy as np
            return np.array([[len(text), 1.0] for text in texts])

    def fingerprint():
        return "letters 1"
"""


@pytest.mark.slow
@pytest.mark.parametrize("on_path", [True, False], ids=["by name", "by file"])
@pytest.mark.parametrize("part", ["load", "fingerprint"])
def test_a_model_whose_module_imports_numpy_is_too_heavy(module, part, on_path):
    """Each module of a model is imported in a fresh process, found by its name or by its file."""
    heavy = module("import numpy\n" + textwrap.dedent(LIGHT_PLUGIN), on_path)
    function = {"load": heavy.Letters, "fingerprint": heavy.fingerprint}[part]
    rejects(lambda: check_model(model(**{part: function})), f"importing {heavy.__name__} imports numpy: do that inside")


@pytest.mark.parametrize("kind", ["partial", "partial of a partial", "object"])
def test_a_partial_of_a_heavy_function_is_heavy(module, kind):
    """What is asked about is the function within a `functools.partial`, and the class of a callable object."""
    heavy = module(HEAVY_PLUGIN)
    loads = {"partial": partial(heavy.call, Letters), "object": heavy.Call(Letters)}
    load = loads.get(kind) or partial(partial(heavy.call, Letters))
    rejects(lambda: check_model(model(load)), f"importing {heavy.__name__} imports numpy")


@pytest.mark.parametrize("on_path", [True, False], ids=["by name", "by file"])
def test_a_light_module_passes(module, on_path):
    """A module that imports late passes, whether or not it talks and can be found by name."""
    light = module(LIGHT_PLUGIN, on_path)
    check_model(model(light.Letters, fingerprint=light.fingerprint))


def test_a_module_that_cannot_be_imported_again_is_told(module, monkeypatch):
    """Why a plugin's module does not work in a process of its own is told: an error in it, or its end."""
    once = "import os\nif os.environ.get('TWICE'): {}\n" + textwrap.dedent(LIGHT_PLUGIN)
    fails, ends = module(once.format("raise RuntimeError('only\\nonce')")), module(once.format("os._exit(7)"))
    monkeypatch.setenv("TWICE", "yes")
    rejects(lambda: check_model(model(fails.Letters)), "does not work: RuntimeError: only once")
    rejects(lambda: check_model(model(ends.Letters)), "ends with code 7")


def test_what_is_written_in_a_script_is_checked_but_for_its_imports(tmp_path):
    """In a script (or a notebook) numpy may be imported at the top: no plugin comes from there. The rest is checked."""
    code = """
        import numpy as np
        from xlbench import Model
        from xlbench.testing import ConformanceError, check_model

        class Lengths:
            def encode(self, texts, role=None):
                return np.array([[len(text), 1.0] for text in texts])

        class Ones(Lengths):
            def encode(self, texts, role=None):
                return super().encode(texts)[:1]

        check_model(Model("lengths", load=Lengths, fingerprint=lambda: "1"))
        try:
            check_model(Model("ones", load=Ones, fingerprint=lambda: "1"))
        except ConformanceError as error:
            print(error)
    """
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(code), encoding="utf-8")
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert "1 vectors for 9 texts" in done.stdout


def test_a_module_that_begins_a_check_when_it_is_imported_is_told(tmp_path):
    """Its processes do not start each other without end: the first one says where the check belongs."""
    code = textwrap.dedent(LIGHT_PLUGIN) + textwrap.dedent(
        """
        import xlbench
        from xlbench.testing import check_model

        check_model(xlbench.Model("letters", load=Letters, fingerprint=fingerprint))
        """
    )
    (tmp_path / "eager.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import eager"], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 1
    assert "begins a check when it is imported: call it in a test, or under `if __name__ == '__main__':`" in done.stderr
