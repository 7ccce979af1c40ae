"""What a setting may be, and why a value does not fit, in words for a person."""

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

_SIGNS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def bounds(info: FieldInfo) -> str:
    """`at least 1, at most 10000`; "" without any."""
    return ", ".join(f"{words} {value}" for words, value in _bounds(info).items())


def _bounds(info: FieldInfo) -> dict[str, str]:
    found = {}
    for each in info.metadata:
        for name, words in _SIGNS.items():
            value = getattr(each, name, None)
            if value is not None:
                found[words] = f"{value:g}" if isinstance(value, float) else str(value)
    return found


def allowed(info: FieldInfo) -> str:
    """`a whole number from 1 to 64`: what the field takes; "" where nothing short says it."""
    kind = info.annotation
    if get_origin(kind) is Literal:
        *first, last = map(str, get_args(kind))
        return f"{', '.join(first)} or {last}" if first else last
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        number, ends = "a whole number" if kind is int else "a number", _bounds(info)
        if ends.keys() == {"at least", "at most"}:
            return f"{number} from {ends['at least']} to {ends['at most']}"
        return " ".join(filter(None, (number, " and ".join(map(" ".join, ends.items())))))
    if kind is str:
        has_pattern = any(getattr(each, "pattern", None) for each in info.metadata)
        return (info.description or "").rstrip(".") if has_pattern else "text"
    if get_origin(kind) is list:
        return 'a list such as ["first", "second"]'
    return "a table such as {name = value}" if get_origin(kind) is dict else ""


def reason(issue: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> str:
    """Why pydantic refused a value. `fields` are those of the whole, by dotted name."""
    own = str(issue["msg"]).removeprefix("Value error, ")
    if issue["type"] == "value_error":  # of our own validators
        return own
    if issue["type"] == "extra_forbidden":
        return "there is no such field"
    if issue["type"] == "model_type":
        return "must be a section with fields"
    name = ".".join(map(str, issue["loc"]))
    info = fields.get(name)
    if info is not None and allowed(info):
        return f"must be {allowed(info)}"
    # inside a list or a table
    kind = str(issue["type"]).partition("_")[0]
    words = {"int": "a whole number", "float": "a number", "string": "text"}.get(kind)
    return f"must be {words}" if words else own
