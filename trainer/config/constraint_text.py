"""The values that a setting takes, and why a value was refused, in words."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from trainer.config.sections import Section
from trainer.config.train_config import TrainConfig, all_fields, section_members

_BOUND_TEXT = {"ge": "at least", "gt": "greater than", "le": "at most", "lt": "less than"}


def bounds(info: FieldInfo) -> str:
    """`at least 1, at most 10000`; "" without any."""
    return ", ".join(f"{text} {value}" for text, value in _bounds(info).items())


def _bounds(info: FieldInfo) -> dict[str, str]:
    limits = {}
    for constraint in info.metadata:
        for name, text in _BOUND_TEXT.items():
            value = getattr(constraint, name, None)
            if value is not None:
                limits[text] = f"{value:g}" if isinstance(value, float) else str(value)
    return limits


def allowed_values(info: FieldInfo) -> str:
    """`a whole number from 1 to 64`; "" where there is no short description."""
    kind = info.annotation
    if get_origin(kind) is Literal:
        *first, last = map(str, get_args(kind))
        return f"{', '.join(first)} or {last}" if first else last
    if kind is bool:
        return "true or false"
    if kind in (int, float):
        return _allowed_numbers("a whole number" if kind is int else "a number", _bounds(info))
    if kind is str:
        has_pattern = any(getattr(constraint, "pattern", None) for constraint in info.metadata)
        return (info.description or "").rstrip(".") if has_pattern else "text"
    if get_origin(kind) is list:
        return 'a list such as ["first", "second"]'
    return "a table such as {name = value}" if get_origin(kind) is dict else ""


def _allowed_numbers(noun: str, limits: Mapping[str, str]) -> str:
    if limits.keys() == {"at least", "at most"}:
        return f"{noun} from {limits['at least']} to {limits['at most']}"
    text = " and ".join(map(" ".join, limits.items()))
    return f"{noun} of {text}" if text.startswith("at") else f"{noun} {text}".rstrip()


def describe_errors(error: ValidationError) -> str:
    """One line for each error of a configuration, with the field and the value."""
    fields = all_fields()
    lines = []
    for issue in error.errors():
        name, why = _name(issue), _reason(issue, fields)
        if issue["type"] == "extra_forbidden":
            known = ", ".join(section_members(_section(issue["loc"][:-1])))
            lines.append(f"{name}: there is no such field (known: {known})")
        elif issue["type"] == "value_error" and name not in fields:  # of a section, or of all
            lines.append(why)
        else:
            lines.append(f"{name} = {issue['input']!r}: {why}")
    return "Invalid configuration:\n" + "\n".join(f"  {line}" for line in lines)


def reasons_by_field(error: ValidationError) -> dict[str, str]:
    """The first error of each field, by its dotted name."""
    fields = all_fields()
    reasons: dict[str, str] = {}
    for issue in error.errors():
        reasons.setdefault(_name(issue), _reason(issue, fields))
    return reasons


def _reason(issue: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> str:
    message = str(issue["msg"]).removeprefix("Value error, ")
    if issue["type"] == "value_error":  # raised by a validator of this project
        return message
    if issue["type"] == "extra_forbidden":
        return "there is no such field"
    if issue["type"] == "model_type":
        return "must be a section with fields"
    info = fields.get(_name(issue))
    if info is not None and allowed_values(info):
        return f"must be {allowed_values(info)}"
    # inside a list or a table
    kind = str(issue["type"]).partition("_")[0]
    text = {"int": "a whole number", "float": "a number", "string": "text"}.get(kind)
    return f"must be {text}" if text else message


def _name(issue: Mapping[str, Any]) -> str:
    return ".".join(map(str, issue["loc"]))


def _section(location: Sequence[int | str]) -> type[Section]:
    """The section at a location in the configuration."""
    section: type[Section] = TrainConfig
    for part in location:
        member = section_members(section)[str(part)]
        assert isinstance(member, type)
        section = member
    return section
