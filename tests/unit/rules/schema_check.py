"""As much of JSON Schema (draft 7) as the schema of definitions uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_KNOWN = {
    *("$schema", "title", "description", "format", "type", "enum", "anyOf", "pattern"),
    *("properties", "required", "additionalProperties", "propertyNames"),
    *("minProperties", "maxProperties", "items", "maxItems"),
    *("minimum", "maximum", "minLength", "maxLength"),
}


def mistakes(value: Any, schema: Any, path: str = "") -> Iterator[str]:
    """Yield where a value is not as a schema says."""
    assert schema.keys() <= _KNOWN, schema.keys() - _KNOWN
    if "anyOf" in schema and all(any(mistakes(value, one, path)) for one in schema["anyOf"]):
        yield f"{path} is none of those allowed"
    types = schema.get("type", list(_TYPES))
    if not any(_is(value, name) for name in ([types] if isinstance(types, str) else types)):
        yield f"{path} is no {types}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is none of {schema['enum']}"
    if isinstance(value, dict):
        yield from _of_mapping(value, schema, path)
    elif isinstance(value, list):
        yield from _of_list(value, schema, path)
    else:
        yield from _of_scalar(value, schema, path)


def _of_list(value: list[Any], schema: Any, path: str) -> Iterator[str]:
    if len(value) > schema.get("maxItems", len(value)):
        yield f"{path} has too many entries"
    for place, each in enumerate(value):
        yield from mistakes(each, schema.get("items", {}), f"{path}/{place}")


def _of_scalar(value: Any, schema: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            yield f"{path} is too small or too large"
        return
    if not re.search(schema.get("pattern", ""), value):
        yield f"{path} is not like {schema['pattern']}"
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**9):
        yield f"{path} is too short or too long"


def _of_mapping(value: dict[str, Any], schema: Any, path: str) -> Iterator[str]:
    for name in set(schema.get("required", ())) - value.keys():
        yield f"{path} is without {name}"
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", 10**9):
        yield f"{path} has too few or too many fields"
    for name, each in value.items():
        yield from mistakes(name, schema.get("propertyNames", {}), f"{path}/{name}")
        other = schema.get("additionalProperties", {})
        known = schema.get("properties", {}).get(name, other)
        if known is False:
            yield f"{path} has no {name}"
        else:
            yield from mistakes(each, known, f"{path}/{name}")


def _is(value: Any, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
