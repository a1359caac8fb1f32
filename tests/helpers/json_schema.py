"""A validator of JSON by a schema, of the keywords that ours has: an unknown keyword is an error, and no pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
    "null": type(None),
}  # fmt: skip
WORDS = {"title", "description", "$schema", "$defs"}
"""Keywords that say something to a reader alone."""


def errors(value: Any, schema: dict[str, Any], root: dict[str, Any], where: str = "$") -> Iterator[str]:
    """Every way in which a value is not as the schema says: where, and what."""
    unknown = {*schema} - WORDS - {*CHECKS}
    assert not unknown, f"the validator knows no {unknown}"
    for keyword, check in CHECKS.items():
        if keyword in schema:
            yield from check(value, schema, root, where)


def _type(value, schema, root, where):
    names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    is_flag = isinstance(value, bool)
    if not any(isinstance(value, TYPES[name]) and is_flag <= (name == "boolean") for name in names):
        yield f"{where}: {value!r} is no {' or '.join(names)}"


def _ref(value, schema, root, where):
    yield from errors(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, where)


def _any_of(value, schema, root, where):
    tried = [list(errors(value, one, root, where)) for one in schema["anyOf"]]
    if all(tried):
        yield from min(tried, key=len)


def _enum(value, schema, root, where):
    if value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"


def _properties(value, schema, root, where):
    for name, one in schema["properties"].items():
        if isinstance(value, dict) and name in value:
            yield from errors(value[name], one, root, f"{where}.{name}")


def _required(value, schema, root, where):
    if isinstance(value, dict):
        yield from (f"{where}: there is no {name}" for name in schema["required"] if name not in value)


def _additional(value, schema, root, where):
    rule = schema["additionalProperties"]
    for name in {*value} - {*schema.get("properties", ())} if isinstance(value, dict) else ():
        yield from (
            [f"{where}: {name} is unknown"] if rule is False else errors(value[name], rule, root, f"{where}.{name}")
        )


def _items(value, schema, root, where):
    for place, one in enumerate(value if isinstance(value, list) else ()):
        yield from errors(one, schema["items"], root, f"{where}[{place}]")


def _minimum(value, schema, root, where):
    if isinstance(value, int | float) and value < schema["minimum"]:
        yield f"{where}: {value} is below {schema['minimum']}"


def _pattern(value, schema, root, where):
    if isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{where}: {value!r} is not like {schema['pattern']}"


CHECKS = {
    "type": _type, "$ref": _ref, "anyOf": _any_of, "enum": _enum, "properties": _properties, "required": _required,
    "additionalProperties": _additional, "items": _items, "minimum": _minimum, "pattern": _pattern,
}  # fmt: skip
