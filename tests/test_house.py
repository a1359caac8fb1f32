"""The house's rules: who may import whom, and what the start-up path may not import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import xlbench

ROOT = Path(__file__).parent.parent
LIGHT = ("errors", "names", "model", "task", "record", "hooks", "metrics")
HEAVY = {
    "numpy",
    "pandas",
    "torch",
    "transformers",
    "sentence_transformers",
    "mteb",
    "datasets",
    "sklearn",
    "ray",
    "matplotlib",
}
LIGHT_LIBRARIES = {"pluggy", "click"}

ALLOWED = {
    "errors": set(),
    "names": {"errors"},
    "model": {"errors", "names"},
    "task": {"names"},
    "metrics": {"errors", "task"},
    "record": {"errors"},
    "specs": {"errors", "names"},
    "permissions": set(),
    "cache": {"errors", "names"},
    "published": {"errors", "names", "record"},
    "hooks": {"model", "task"},
    "encoding": {"errors", "cache"},
    "stats": {"errors", "names", "task", "metrics", "record"},
    "catalog": {"errors", "names", "model", "task", "hooks", "specs", "runner", "boards"},
    "store": {"errors", "names", "record"},
    "boards": {"record", "task", "hooks", "stats", "store"},
    "curves": {"errors", "record", "boards"},
    "plots": {"curves"},
    "provenance": set(),
    "planning": {"errors", "names", "model", "task", "record", "store"},
    "fetching": {"errors", "model", "task", "planning"},
    "runner": {
        "errors",
        "names",
        "model",
        "task",
        "record",
        "hooks",
        "stats",
        "cache",
        "encoding",
        "store",
        "planning",
    },
    "testing": {"errors", "names", "model", "task", "encoding", "planning", "runner"},
    "api": {
        "cache",
        "permissions",
        "errors",
        "names",
        "model",
        "task",
        "record",
        "hooks",
        "catalog",
        "fetching",
        "provenance",
        "planning",
        "runner",
        "store",
        "boards",
        "curves",
        "plots",
    },
}
"""Room -> the rooms of the core that it may import at run time (an import for type checkers alone does not count)."""


def modules(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def for_types_only(tree):
    """Nodes below ``if TYPE_CHECKING:``."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return {inner for block in blocks for inner in ast.walk(block)}


def imports(path, top_level_only=False):
    """Dotted names that a file imports at run time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = for_types_only(tree)
    for node in tree.body if top_level_only else ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path):
    return path.relative_to(ROOT / "xlbench").parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", modules("xlbench"), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows(path):
    """Every room imports only the rooms that its arrows allow."""
    own = room(path)
    if own in ("cli", "__init__", "__main__"):
        return
    names = {name.split(".")[1] for name in imports(path) if name.startswith("xlbench.")}
    rooms = {name for name in names if (ROOT / "xlbench" / name).is_dir() or (ROOT / f"xlbench/{name}.py").exists()}
    assert rooms - {own} <= ALLOWED[own]


def test_the_core_knows_no_plugin():
    """Nothing in xlbench/ imports a first-party plugin: they come in by the same door as strangers."""
    for path in modules("xlbench"):
        assert not [name for name in imports(path) if name.startswith("xlbench_")], path


def test_plugins_use_public_names():
    """Plugins import xlbench's public names and never each other."""
    public = {
        "xlbench",
        "xlbench.cache",
        "xlbench.errors",
        "xlbench.metrics",
        "xlbench.names",
        "xlbench.permissions",
        "xlbench.specs",
        "xlbench.testing",
    }
    for path in [*modules("plugins"), *modules("tasks")]:
        own = path.relative_to(ROOT).parts[1]
        for name in imports(path):
            if name.split(".")[0] == "xlbench":
                home = ".".join(name.split(".")[:2])
                assert home in public or name.removeprefix("xlbench.") in xlbench.__all__, (path, name)
            elif name.startswith("xlbench_"):
                assert name.split(".")[0] == own, (path, name)


def test_pluggy_and_importlib_metadata_have_one_home_each():
    """pluggy is known to hooks and catalog, entry points to catalog alone (versions are looked up by model and
    provenance)."""
    users = {room(path) for path in modules("xlbench") if any(name == "pluggy" for name in imports(path))}
    assert users == {"hooks", "catalog"}
    metadata = {room(path) for path in modules("xlbench") if "importlib.metadata" in set(imports(path))}
    assert metadata <= {"catalog", "model", "provenance"}


def test_only_the_command_line_prints():
    """print and click.echo occur in cli/ alone (testing asks a fresh process to print)."""
    for path in modules("xlbench"):
        if room(path) != "cli":
            tree = ast.parse(path.read_text(encoding="utf-8"))
            calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
            assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"], path
            assert "click" not in {name.split(".")[0] for name in imports(path)}, path


@pytest.mark.parametrize("name", LIGHT)
def test_the_nouns_are_light(name):
    """The nouns import no heavy library at the top of their files."""
    tops = {imported.split(".")[0] for imported in imports(ROOT / f"xlbench/{name}.py", top_level_only=True)}
    assert not tops & HEAVY
    assert tops - set(sys.stdlib_module_names) - {"xlbench"} <= LIGHT_LIBRARIES


@pytest.mark.parametrize("path", [p for f in ("xlbench", "plugins", "tasks") for p in modules(f)], ids=str)
def test_every_module_has_a_charter(path):
    """A module's docstring says what lives in it."""
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list", "models"],
        ["list", "tasks"],
        ["run", "--help"],
        ["curve", "--help"],
        ["fetch", "--help"],
        ["plugins"],
        ["cache", "info"],
    ],
)
def test_start_up_imports_nothing_heavy(arguments, tmp_path):
    """Help, lists and plugins import neither numpy nor anything above it."""
    code = (
        "import sys\nfrom xlbench.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"print('heavy:', *({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr.splitlines()[-1] == "heavy:"
    assert done.stdout


def test_public_names_are_listed_once():
    """__all__ and the homes from which names are imported late agree, and every name is there."""
    assert sorted(xlbench.__all__) == sorted(xlbench._HOME_OF)
    for name in xlbench.__all__:
        assert getattr(xlbench, name) is not None


def test_documented_exit_codes():
    """The command line's help names every exit code that errors.py documents."""
    from xlbench import errors
    from xlbench.cli.run import command

    for code in (errors.OK, errors.CELL_FAILED, errors.USAGE, errors.INVALID, errors.INTERRUPTED):
        assert f"| {code} |" in errors.__doc__
        assert f"{code} " in command.epilog
