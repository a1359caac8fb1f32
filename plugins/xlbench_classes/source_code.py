"""Reads Python source without running it: names, parameters of classes, imported files."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xlbench import UsageError


@dataclass(frozen=True)
class Parameter:
    """A parameter of a class or function."""

    annotation: str | None
    """As it is written; where there is none, the type of its default."""
    required: bool


def tree_of(file: Path) -> ast.Module:
    """The syntax tree of a file; `UsageError` with its line where it cannot be read."""
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        raise UsageError(f"{file}, line {error.lineno}: {error.msg}") from None
    except (ValueError, OSError) as error:
        raise UsageError(f"{file}: cannot be read as Python: {error}") from None


def names_of(tree: ast.Module) -> dict[str, ast.stmt]:
    """Names that a module defines or imports at its top level, also within ``if`` and ``try``."""
    found: dict[str, ast.stmt] = {}
    for node in _statements(tree.body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.update((alias.asname or alias.name.partition(".")[0], node) for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update((target.id, node) for target in targets if isinstance(target, ast.Name))
    return found


def has_name(file: Path, name: str) -> bool:
    """Whether a file has ``name`` at its top level."""
    try:
        return name in names_of(tree_of(file))
    except UsageError:
        return False


def is_open(names: Mapping[str, ast.stmt]) -> bool:
    """Whether a module may have names that are not written in it: ``import *``, or a ``__getattr__``."""
    return "*" in names or "__getattr__" in names


def parameters_of(node: ast.stmt | None) -> dict[str, Parameter] | None:
    """Parameters of a class or function by name; None where they are not written there (inherited, ``**`` ...)."""
    if isinstance(node, ast.FunctionDef):
        return None if node.decorator_list else _of_function(node, 0)
    if not isinstance(node, ast.ClassDef) or node.decorator_list or node.keywords:
        return None
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return None if statement.decorator_list else _of_function(statement, 1)
    return None if node.bases else {}


def defines(node: ast.stmt | None, name: str) -> bool:
    """Whether a class's own body has an attribute or method of that name."""
    return isinstance(node, ast.ClassDef) and name in names_of(ast.Module(node.body, []))


def sources(file: Path, root: Path, package: str) -> list[Path]:
    """``file`` and the source files below ``root`` that it imports, and that these import, in order of their paths.

    ``package``: only what belongs to that top-level package. Imports are read, wherever they stand; what is imported by
    a name that is made at run time is not found.
    """
    found = {file}
    waiting = [file]
    while waiting:
        current = waiting.pop()
        for imported in _imported_files(current, root, package):
            if imported not in found:
                found.add(imported)
                waiting.append(imported)
    return sorted(found)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            for name in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from _statements(handler.body)


def _of_function(node: ast.FunctionDef, skipped: int) -> dict[str, Parameter] | None:
    """Parameters that can be given by name, after the first ``skipped`` ones (``self``)."""
    arguments = node.args
    if arguments.kwarg:
        return None
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(plain) - len(arguments.defaults)), *arguments.defaults]
    pairs = list(zip(plain, defaults, strict=True))[max(skipped, len(arguments.posonlyargs)) :]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: Parameter(_annotation(argument, default), default is None) for argument, default in pairs}


def _annotation(argument: ast.arg, default: ast.expr | None) -> str | None:
    written = argument.annotation
    if isinstance(written, ast.Constant) and isinstance(written.value, str):
        return written.value
    if written is not None:
        return ast.unparse(written)
    if default is None:
        return None
    try:
        return type(ast.literal_eval(default)).__name__
    except ValueError:
        return None


def _imported_files(file: Path, root: Path, package: str) -> Iterator[Path]:
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if not package or alias.name.partition(".")[0] == package:
                    yield from _files(root, alias.name)
        elif isinstance(node, ast.ImportFrom):
            if not node.level and package and (node.module or "").partition(".")[0] != package:
                continue
            base = file.parents[node.level - 1] if node.level else root
            for alias in node.names:
                yield from _files(base, ".".join(filter(None, (node.module, alias.name))))


def _files(base: Path, dotted: str) -> Iterator[Path]:
    """The source files below ``base`` that importing ``dotted`` runs: its own, and those of the packages on its way."""
    if dotted.partition(".")[0] == "xlbench":  # the version of xlbench is recorded, and no part of a model
        return
    folder = base
    for part in dotted.split("."):
        if (folder / f"{part}.py").is_file() and not (folder / part / "__init__.py").is_file():
            yield folder / f"{part}.py"
            return
        folder = folder / part
        if (folder / "__init__.py").is_file():
            yield folder / "__init__.py"
        elif not folder.is_dir():
            return
