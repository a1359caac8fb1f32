"""The house's rules: who may import whom, and what the start-up path may not import."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import xlbench

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

WINGS: dict[str, set[str]] = {
    "core": set(),
    "catalog": {"core"},
    "encoding": {"core"},
    "stats": {"core"},
    "corpus": {"core", "catalog"},
    "hub": {"core"},
    "runs": {"core", "catalog", "encoding", "stats"},
    "reports": {"core", "stats", "runs.store", "runs.run_folder", "runs.items"},
    "vector_space": {"core", "catalog", "runs", "reports.figures"},
    "builtin": {"catalog", "runs", "reports"},
    "templates": {"core"},
    "testing": {"core", "catalog", "encoding", "runs", "reports", "stats"},
    "libraries": {"core", "catalog", "encoding", "runs"},
    "api": {"core", "catalog", "runs", "reports"},
    "cli": {"core", "catalog", "corpus", "encoding", "hub", "runs", "reports", "templates", "testing", "vector_space"},
}
"""Wing -> the wings (or the rooms of a wing) that it may import at run time."""

PUBLIC = {
    "xlbench",
    "xlbench.core",
    "xlbench.corpus",
    "xlbench.encoding.cache",
    "xlbench.hub",
    "xlbench.libraries",
    "xlbench.runs.scheduling",
    "xlbench.stats.metrics",
    "xlbench.testing",
}
"""What plugins may import: the public names, the nouns, and the rooms that are written for them."""


PUBLIC_OF_TASKS = {"xlbench_tasks", "xlbench_tasks.data", "xlbench_tasks.protocols"}
"""What plugins that bring data of their own may import of the tasks: records and sources, and the protocols."""


def modules(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


@functools.cache
def tree_of(path):
    """The parsed text of a file: most rules look at all files."""
    return ast.parse(path.read_text(encoding="utf-8"))


def for_types_only(tree):
    """Nodes below ``if TYPE_CHECKING:``."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return {inner for block in blocks for inner in ast.walk(block)}


def imports(path, top_level_only=False):
    """Dotted names that a file imports at run time."""
    tree = tree_of(path)
    skipped = for_types_only(tree)
    for node in tree.body if top_level_only else ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_of(path):
    """The dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(path):
    """A module's name without the package's: ``runs.store``; ``runs`` for the package itself."""
    return module_of(path).removeprefix("xlbench").removeprefix(".")


ROOMS = {module_of(path) for path in modules("xlbench")}


def rooms_imported(path):
    """The modules of xlbench that a file imports at run time: a package counts where only its names are taken."""
    names = {name for name in imports(path) if name.split(".")[0] == "xlbench"}
    return {name for name in names if name in ROOMS} - {"xlbench"}


@pytest.mark.parametrize("path", modules("xlbench"), ids=lambda path: str(path.relative_to(ROOT)))
def test_arrows(path):
    """Every wing imports only the wings that its arrows allow."""
    own = room(path)
    wing = own.split(".")[0]
    if wing in ("", "__main__"):
        return
    for name in rooms_imported(path):
        other = name.removeprefix("xlbench.")
        allowed = other.split(".")[0] == wing or any(
            other == one or other.startswith(f"{one}.") or (one.startswith(f"{other}.") and "." in one)
            for one in WINGS[wing]
        )
        assert allowed, f"{own} imports {other}"


def test_every_wing_is_drawn():
    """The map of wings names every folder and file of the package, and no other."""
    there = {room(path).split(".")[0] for path in modules("xlbench")} - {"", "__main__"}
    assert there == set(WINGS)


def test_every_arrow_is_used():
    """No wing may import what it does not."""
    used = {
        (room(path).split(".")[0], name.removeprefix("xlbench."))
        for path in modules("xlbench")
        for name in rooms_imported(path)
    }
    for wing, allowed in WINGS.items():
        taken = {other for own, other in used if own == wing}
        assert not [one for one in allowed if not any(other == one or other.startswith(f"{one}.") for other in taken)]


@pytest.mark.parametrize("folder", ["xlbench", "tasks", "plugins"])
def test_no_circle(folder):
    """No module imports, by way of others, itself, neither at the top of files nor inside functions."""
    graph = {}
    for path in modules(folder):
        name = module_of(path).removeprefix(f"{folder}.") if folder != "xlbench" else module_of(path)
        graph[name] = set(imports(path)) - {name}
    for name in graph:
        graph[name] = {other for other in graph[name] if other in graph and not name.startswith(f"{other}.")}
    done, path = set(), []

    def walk(name):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            path.append(name)
            for other in sorted(graph[name]):
                walk(other)
            path.pop()
            done.add(name)

    for name in sorted(graph):
        walk(name)


def test_comparisons_and_gates_know_no_board():
    """What boards, comparisons and gates share is no board's; a gate may compare, and a comparison knows no gate."""
    for own, others in {"compare": ("boards", "gate"), "gate": ("boards",), "boards": ("compare", "gate")}.items():
        for path in modules(f"xlbench/reports/{own}"):
            for other in others:
                assert not [name for name in rooms_imported(path) if name.startswith(f"xlbench.reports.{other}")], path


HOPS = ("execute", "request", "plan", "engine", "job_runners", "worker", "store")
"""The rooms of a run: the one that drives it, then the hops in their order. What several of them pass on (cells, jobs,
slices) lies in other rooms."""


def test_hops_of_a_run_import_only_later_ones():
    """No room of a run imports an earlier hop, not even by way of other rooms, and each hop is reached by the first."""
    graph = {
        room(path): {name.removeprefix("xlbench.") for name in rooms_imported(path)} for path in modules("xlbench/runs")
    }

    def reached(name):
        seen, todo = set(), [name]
        while todo:
            new = {other for other in graph[todo.pop()] if other.startswith("runs.")} - seen
            seen |= new
            todo += new
        return seen

    for number, hop in enumerate(HOPS):
        earlier = {f"runs.{name}" for name in HOPS[: number + 1]}
        assert not reached(f"runs.{hop}") & earlier, hop
    assert reached("runs.execute") >= {f"runs.{hop}" for hop in HOPS[1:]}


def test_the_core_knows_no_plugin():
    """Nothing in xlbench/ imports a first-party plugin: they come in by the same door as strangers."""
    for path in modules("xlbench"):
        assert not [name for name in imports(path) if name.startswith("xlbench_")], path


def test_plugins_use_public_names():
    """Plugins import xlbench's public names and never each other; and, where they bring data, records and protocols."""
    for path in [*modules("plugins"), *modules("tasks")]:
        own = path.relative_to(ROOT).parts[1]
        for name in imports(path):
            if name.split(".")[0] == "xlbench":
                public = name in PUBLIC or any(name.startswith(f"{one}.") for one in PUBLIC - {"xlbench"})
                assert public or name.removeprefix("xlbench.") in xlbench.__all__, (path, name)
            elif name.startswith("xlbench_") and name.split(".")[0] != own:
                assert any(name == one or name.startswith(f"{one}.") for one in PUBLIC_OF_TASKS), (path, name)


def test_pluggy_and_importlib_metadata_have_one_home_each():
    """pluggy and entry points are known to the catalog alone (versions are also what models, runs and doctor ask)."""
    users = {room(path) for path in modules("xlbench") if any(name == "pluggy" for name in imports(path))}
    assert {user.split(".")[0] for user in users} == {"catalog"}
    metadata = {room(path) for path in modules("xlbench") if "importlib.metadata" in set(imports(path))}
    assert metadata <= {
        "catalog.entry_points",
        "catalog.loading",
        "cli.doctor.machine",
        "core.model",
        "runs.provenance",
    }


def test_only_the_command_line_prints():
    """print and click.echo occur in cli/ alone (testing asks a fresh process to print)."""
    for path in modules("xlbench"):
        if not room(path).startswith("cli"):
            tree = tree_of(path)
            calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
            assert not [call for call in calls if isinstance(call, ast.Name) and call.id == "print"], path
            assert "click" not in {name.split(".")[0] for name in imports(path)}, path


@pytest.mark.parametrize("path", [*modules("xlbench/core"), *modules("xlbench/catalog")], ids=lambda path: path.stem)
def test_the_nouns_are_light(path):
    """The nouns and the plugin host import no heavy library at the top of their files."""
    tops = {imported.split(".")[0] for imported in imports(path, top_level_only=True)}
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
        ["new", "model", "my-vowels"],
        ["cache", "info"],
        ["corpus", "--help"],
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
    from xlbench.cli.run import command
    from xlbench.core import errors

    for code in (errors.OK, errors.CELL_FAILED, errors.USAGE, errors.INVALID, errors.INTERRUPTED):
        assert f"| {code} |" in errors.__doc__
        assert f"{code} " in command.epilog


def test_the_kit_calls_heavy_what_the_house_calls_heavy():
    """A plugin is told of every library that the start-up of xlbench itself does without."""
    from xlbench.testing.process import HEAVY as OF_THE_KIT

    assert set(OF_THE_KIT) >= HEAVY


OF_UNIX = {"curses", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}


@pytest.mark.parametrize("folder", ["xlbench", "plugins", "tasks", "tests"])
def test_every_module_imports_on_windows(folder):
    """No file imports at its top, unguarded, a module of the standard library that Unix alone has."""
    suspect = re.compile(rf"^(?:import|from) (?:{'|'.join(sorted(OF_UNIX))})\b", re.MULTILINE)
    for path in modules(folder):
        if suspect.search(path.read_text(encoding="utf-8")):  # or a text in it does, which is code of another process
            assert not OF_UNIX & set(imports(path, top_level_only=True)), path


CODE = [path for folder in ("xlbench", "plugins", "tasks") for path in modules(folder)]

BY_POSITION = {"get", "getattr", "set_visible", "where"}
"""Functions of other libraries that are called with a bare True or False by their readers, too."""


def is_command(function):
    """Whether click calls a function, by the names of its options."""
    return any("command" in ast.unparse(decorator) for decorator in function.decorator_list) or any(
        ast.unparse(decorator).startswith("click.") for decorator in function.decorator_list
    )


def booleans_by_position(tree):
    """Lines and names of parameters that are boolean and not keyword-only, and of calls with a bare True or False."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and not is_command(node):
            given = [*node.args.posonlyargs, *node.args.args]
            defaults = [None] * (len(given) - len(node.args.defaults)) + node.args.defaults
            for argument, default in zip(given, defaults, strict=True):
                annotated = argument.annotation and ast.unparse(argument.annotation) in ("bool", "bool | None")
                if annotated or (isinstance(default, ast.Constant) and isinstance(default.value, bool)):
                    yield node.lineno, argument.arg
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            bare = [one for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, bool)]
            if bare and name not in BY_POSITION:
                yield node.lineno, name


def test_no_boolean_goes_by_position():
    """A boolean that changes what a function does has its name at every call."""
    found = [(module_of(path), *one) for path in CODE for one in booleans_by_position(tree_of(path))]
    assert not found


def test_a_boolean_by_position_is_seen():
    """The walk sees a parameter by its type and by its default, and a call; it passes what is named."""
    seen = "def one(a, b: bool): ...\ndef two(a=False): ...\nthree(1, True)"
    assert [name for _, name in booleans_by_position(ast.parse(seen))] == ["b", "a", "three"]
    passed = "def one(a, *, b: bool = True): ...\none(1, b=True)\ntable.get('a', False)"
    assert not list(booleans_by_position(ast.parse(passed)))


MOST_LINES = 50
"""Of a function's body, docstring included: what fits on a screen. Parameters stand above it, one a line."""

MOST_LINES_OF_A_FILE = 300


def lines_of(function):
    """How many lines the body of a function has, from its docstring on."""
    return function.end_lineno - function.body[0].lineno + 1


def long_functions(tree):
    """Names and lines of the functions of a file whose body is too long."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {node.name: lines_of(node) for node in functions if lines_of(node) > MOST_LINES}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_and_files_are_short(path):
    """A function fits on a screen, and a file has at most 300 lines."""
    assert not long_functions(tree_of(path))
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_A_FILE


def test_a_long_function_is_seen():
    """The body counts, with its docstring and functions inside; parameters do not."""
    of_lines = 'def long(\n    a,\n    b,\n):\n    """Adds."""\n{}    return a'.format("    a += b\n" * 49)
    assert long_functions(ast.parse(of_lines)) == {"long": MOST_LINES + 1}
    assert not long_functions(ast.parse(of_lines.replace("    a += b\n", "", 1)))


BRITISH = (
    r"analys(?:e|ed|ing)|behaviour\w*|cancell(?:ed|ing)|catalogue\w*|centr(?:e|ed|es)|colour\w*|favour\w*|flavour\w*|"
    r"fulfil|grey|harbour\w*|honour\w*|judgement\w*|labell(?:ed|ing)|learnt|modell(?:ed|er|ing)|neighbour\w*|spelt|"
    r"misspelt|travell(?:ed|er|ing)|unspelt|whilst|"
    r"(?:capital|categor|character|final|general|initial|linear|minim|normal|optim|organ|random|recogn|regular|serial|"
    r"special|standard|summar|token|util|vector|visual)is(?:ation\w*|e|ed|er|es|ing)"
)
"""Spellings that the texts of the project do not use. Data keeps those of its authors."""

TEXTS = (
    "xlbench",
    "plugins",
    "tasks",
    "tests",
    "docs",
    "examples",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Makefile",
)


def test_files_of_tests_have_names_of_their_own():
    """Two files of tests of one name, in whatever folders, cannot be collected in one run."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "__init__.py"]
    assert sorted(set(names)) == sorted(names)


def british(text):
    """The words of a text, and parts of names, that are spelled as in Britain."""
    return re.findall(rf"(?<![a-z])(?:un)?(?:{BRITISH})(?![a-z])", text.lower())


def test_spelling_is_american():
    """Code, cards and documentation are in one spelling, down to the parts of names."""
    for start in TEXTS:
        for path in [ROOT / start] if (ROOT / start).is_file() else (ROOT / start).rglob("*"):
            told = (
                path.suffix in (".py", ".md", ".toml", ".yml", ".yaml", "")
                and path.is_file()
                and "__pycache__" not in path.parts
            )
            if told and path != Path(__file__):
                assert not british(path.read_text(encoding="utf-8", errors="replace")), path


def test_british_spelling_is_seen():
    """A British word is found alone, with a prefix and as a part of a name, and no American one is."""
    assert british("Normalised, un_learnt: unregularised colour_map") == [
        "normalised", "learnt", "unregularised", "colour_map"
    ]  # fmt: skip
    assert not british("normalized color precise likewise promise analyses_ four hours pairwise")
