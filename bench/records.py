"""Frozen dataclasses to JSON and back, and the JSON Schema that they mean.

A field `some_name` is `someName` in JSON, unless its metadata names it otherwise under "json". A field with a default may be missing;
one whose default is None is left out where it is None. Anything else that does not fit is an error that says where.
"""

import dataclasses
import re
import types
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Record = TypeVar("Record")

PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean"}


def encode(value: object) -> Any:  # noqa: ANN401 - JSON is of any type
    """What json.dumps takes."""
    if dataclasses.is_dataclass(value):
        pairs = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name_of(field): encode(part) for field, part in pairs if part is not None or is_required(field)}
    if isinstance(value, list):
        return [encode(part) for part in value]
    if isinstance(value, dict):
        return {name: encode(part) for name, part in value.items()}
    return value


def decode(kind: type[Record], value: object, where: str) -> Record:
    """The dataclass of that type. `where` begins the place that errors name.

    Raises ValueError where the value is of another shape.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object, got {shown(value)}")
    hints = get_type_hints(kind)
    fields = {name_of(field): field for field in fields_of(kind)}
    if unknown := [name for name in value if name not in fields]:
        raise ValueError(f"{where}: expected {', '.join(fields)}, got {unknown[0]!r} too")
    if missing := [name for name, field in fields.items() if is_required(field) and name not in value]:
        raise ValueError(f"{where}: expected a field {missing[0]!r}, got none")
    return kind(
        **{
            fields[name].name: decode_part(hints[fields[name].name], part, f"{where}.{name}")
            for name, part in value.items()
        }
    )


def decode_part(hint: Any, value: object, where: str) -> Any:  # noqa: ANN401 - a type hint, and what it says
    """A value of a field with that type hint."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return None if value is None else decode_part(arguments[0], value, where)
    if origin is list and isinstance(value, list):
        return [decode_part(arguments[0], part, f"{where}[{i}]") for i, part in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {name: decode_part(arguments[1], part, f"{where}.{name}") for name, part in value.items()}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return decode(hint, value, where)
    # JSON has one kind of number, and True is an int to Python alone.
    fits = type(value) is hint or (hint is float and type(value) is int)
    if hint not in PRIMITIVES or not fits:
        raise ValueError(f"{where}: expected {getattr(hint, '__name__', hint)}, got {shown(value)}")
    return value


def schema_of(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of the dataclass; those of the dataclasses that it holds are added to `definitions`."""
    hints = get_type_hints(kind)
    fields = fields_of(kind)
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {name_of(field): schema_of_part(hints[field.name], definitions) for field in fields},
        "required": [name_of(field) for field in fields if is_required(field)],
        "additionalProperties": False,
    }


def schema_of_part(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a type hint
    """The schema of a field with that type hint."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return {"anyOf": [schema_of_part(arguments[0], definitions), {"type": "null"}]}
    if origin is list:
        return {"type": "array", "items": schema_of_part(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of_part(arguments[1], definitions)}
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        definitions[hint.__name__] = schema_of(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return {"type": PRIMITIVES[hint]}


def fields_of(kind: type) -> tuple[dataclasses.Field[Any], ...]:
    """Those of a dataclass, in their order."""
    if not dataclasses.is_dataclass(kind):
        raise TypeError(f"expected a dataclass, got {kind}")
    return dataclasses.fields(kind)


def name_of(field: "dataclasses.Field[Any]") -> str:
    """In JSON."""
    named: str | None = field.metadata.get("json")
    return named or re.sub(r"_(.)", lambda found: found[1].upper(), field.name)


def is_required(field: "dataclasses.Field[Any]") -> bool:
    """Whether it has no default."""
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def shown(value: object) -> str:
    """The beginning of it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
