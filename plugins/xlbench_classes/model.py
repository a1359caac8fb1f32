"""Makes a model of an encoder class: checks its source, hashes it as identity, and runs it on loading."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import xlbench
from xlbench.core.ids import digest
from xlbench.core.specs import parse_bool
from xlbench.core.text import did_you_mean, error_text
from xlbench_classes import source_code
from xlbench_classes.source_code import Parameter
from xlbench_classes.target import Target, target_of


def model_of(spec: str) -> xlbench.Model:
    """The model that a spec means. `UsageError` for what reading its file shows to be wrong; nothing is run."""
    target = target_of(spec)
    names = source_code.names_of(source_code.tree_of(target.file))
    if target.name not in names and not source_code.is_open(names):
        guess = did_you_mean(target.name, names)
        raise xlbench.UsageError(f"{spec!r}: {_source(target)} has no class or function {target.name!r}.{guess}")
    known = source_code.parameters_of(names.get(target.name))
    if known is not None:
        _typed_arguments(target, known)
    own = source_code.defines(names.get(target.name), "fingerprint")
    return xlbench.Model(
        spec,
        load=partial(load, target),
        fingerprint=partial(_own_fingerprint if own else _source_fingerprint, target),
        description=f"The class {target.name} of {target.module or target.file.name}.",
        spec=spec,
        details={"class": target.name, "source": target.module or target.file.name, **target.arguments},
    )


def load(target: Target) -> xlbench.Encoder:
    """Run the file, call the class with the spec's arguments, and return the encoder. `EncoderError` in one line."""
    factory = _factory(target)
    arguments = _typed_arguments(target, _parameters(factory))
    called = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    try:
        encoder = factory(**arguments)
    except Exception as error:
        raise xlbench.EncoderError(f"{target.text!r}: {target.name}({called}) raised {error_text(error)}") from error
    _check(target, encoder)
    loaded: xlbench.Encoder = encoder
    return loaded


def _check(target: Target, encoder: object) -> None:
    """`EncoderError` where it is none: without ``encode(texts, role=None)``."""
    encode = getattr(encoder, "encode", None)
    if not callable(encode):
        raise xlbench.EncoderError(
            f"{target.text!r} is not an encoder: {type(encoder).__name__} has no method encode(texts, role=None)"
        )
    try:
        inspect.signature(encode).bind([], role=None)
    except TypeError as error:
        raise xlbench.EncoderError(f"{target.text!r}: encode must take (texts, role=None): {error}") from None
    except ValueError:  # a builtin without a signature
        return


def _factory(target: Target) -> Any:
    """What the spec names, from its module, which is run where it is a file."""
    try:
        module = importlib.import_module(target.module) if target.module else _run(target)
    except Exception as error:
        raise xlbench.EncoderError(
            f"{target.text!r}: importing {_source(target)} raised {error_text(error)}"
        ) from error
    try:
        factory = getattr(module, target.name)
    except AttributeError:
        guess = did_you_mean(target.name, vars(module))
        raise xlbench.EncoderError(f"{target.text!r}: {_source(target)} has no {target.name!r}.{guess}") from None
    if not callable(factory):
        raise xlbench.EncoderError(f"{target.text!r}: {target.name} is neither a class nor a function")
    return factory


def _run(target: Target) -> ModuleType:
    """The file as a module, which may import its neighbors, now and later. It is run anew at every load."""
    folder = str(target.root)
    sys.path[:] = [folder, *(path for path in sys.path if path != folder)]
    _forget_namesakes(target)
    name = f"xlbench_class_{digest(str(target.file))[:16]}"
    spec = importlib.util.spec_from_file_location(name, target.file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _forget_namesakes(target: Target) -> None:
    """Take modules out of ``sys.modules`` that are called as the file's neighbors and are those of another class."""
    neighbors = {
        source.relative_to(target.root).parts[0].removesuffix(".py")
        for source in source_code.sources(target.file, target.root, "")
    }
    for name, module in list(sys.modules.items()):
        file, top = getattr(module, "__file__", None), name.partition(".")[0]
        if file and top in neighbors - sys.stdlib_module_names:
            own = Path(file).resolve() == target.root / f"{top}.py"
            if not (own or Path(file).resolve().is_relative_to(target.root / top)):
                del sys.modules[name]


def _parameters(factory: Any) -> dict[str, Parameter] | None:
    """Parameters of what the spec names, by name; None where it takes any."""
    try:
        known = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known):
        return None
    named = [
        parameter for parameter in known if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    return {
        parameter.name: Parameter(_annotation(parameter), parameter.default is parameter.empty) for parameter in named
    }


def _annotation(parameter: inspect.Parameter) -> str | None:
    written = parameter.annotation
    if written is parameter.empty:
        return None if parameter.default in (parameter.empty, None) else type(parameter.default).__name__
    return written.__name__ if isinstance(written, type) else str(written)


def _typed_arguments(target: Target, known: Mapping[str, Parameter] | None) -> dict[str, Any]:
    """The spec's arguments in the types of the parameters; `UsageError` for a wrong, a missing or a mistyped one."""
    if known is None:
        return dict(target.arguments)
    for name in target.arguments:
        if name not in known:
            guess = f"{did_you_mean(name, known)} There are: {', '.join(known) or 'none'}"
            raise xlbench.UsageError(f"{target.text!r}: {target.name} has no parameter {name!r}.{guess}")
    for name, parameter in known.items():
        if parameter.required and name not in target.arguments:
            raise xlbench.UsageError(f"{target.text!r}: {target.name} needs {name}: add ?{name}=VALUE")
    return {name: _convert(target, name, text, known[name].annotation) for name, text in target.arguments.items()}


def _convert(target: Target, name: str, text: str, annotation: str | None) -> Any:
    """``text`` as the int, float or bool that ``annotation`` wants (also in ``int | None``), else as it is."""
    wanted = set((annotation or "").replace("Optional[", "").rstrip("]").replace(" ", "").split("|")) - {"None"}
    kind = wanted.pop() if len(wanted) == 1 else ""
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
        if kind == "bool":
            return parse_bool(text)
    except ValueError:
        expected = "true or false" if kind == "bool" else kind
        raise xlbench.UsageError(f"{target.text!r}: {name}={text}: {target.name} wants {expected}") from None
    return text


def _source_fingerprint(target: Target) -> str:
    """Identity by content: name, source files, arguments, and the content of files that arguments name."""
    parts: list[str | bytes] = [target.name]
    for source in source_code.sources(target.file, target.root, target.package):
        parts += [source.relative_to(target.root).as_posix(), source.read_bytes()]
    return digest("class", digest(*parts), *_argument_parts(target))


def _own_fingerprint(target: Target) -> str:
    """Identity by what the class's ``fingerprint`` says: a text, or a method that is called with the arguments."""
    factory = _factory(target)
    declared = factory.fingerprint
    try:
        value = declared(**_typed_arguments(target, _parameters(factory))) if callable(declared) else declared
    except Exception as error:
        raise xlbench.EncoderError(f"{target.text!r}: fingerprint raised {error_text(error)}") from error
    if not isinstance(value, str) or not value:
        raise xlbench.EncoderError(f"{target.text!r}: fingerprint gives {value!r}: it has to be a text")
    return digest("class", target.name, value, *_argument_parts(target))


def _argument_parts(target: Target) -> list[str]:
    parts: list[str] = []
    for name, value in sorted(target.arguments.items()):
        parts += [name, value]
        if value and Path(value).is_file():
            with Path(value).open("rb") as file:
                parts.append(hashlib.file_digest(file, "sha256").hexdigest())
    return parts


def _source(target: Target) -> str:
    return target.module or str(target.file)
