"""Configurations from recipes, TOML files, `--set` and runs, each checked as a whole."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainer.config.constraint_text import describe_errors, reasons_by_field
from trainer.config.objective_config import SAVED, translate_terms
from trainer.config.train_config import TrainConfig
from trainer.errors import UsageError

Values = dict[str, Any]  # sections, their fields


def load_config(
    file: Path | None = None, sets: Sequence[str] | Mapping[str, Any] = (), **base: Any
) -> TrainConfig:
    """The configuration of a recipe (`base`), a TOML file and settings, of which later ones win.

    A JSON file is a run's `config.json`, whose whole configuration stands in place of the recipe's.
    Settings are texts `section.field=value`, or `section.field` → value. Another `model.name` than
    the recipe's discards the recipe's other fields of `model`. Raises UsageError that names the
    field and the values that it allows.
    """
    values: Values = {}
    if file is not None and file.suffix == ".json":
        values, base = _values_of_run(file), {}
    elif file is not None:
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: the configuration cannot be read ({error})") from error
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"{file}: not valid TOML ({error})") from error
    try:
        return _build(values, sets, base)
    except ValidationError as error:
        raise UsageError(
            describe_errors(error), "`fertrain recipes default` lists and explains all fields."
        ) from error


def check_config(sets: Sequence[str], **base: Any) -> tuple[TrainConfig | None, dict[str, str]]:
    """The configuration as `load_config` builds it, or what is wrong with it, by dotted field.

    The field of an error that concerns the configuration as a whole is "".
    """
    try:
        return _build({}, sets, base), {}
    except ValidationError as error:
        return None, reasons_by_field(error)
    except UsageError as error:
        return None, {"": str(error)}


def saved_config(values: Any) -> TrainConfig:
    """The configuration in a run's files. Losses whose code is not loaded are kept as they are.

    Raises pydantic.ValidationError.
    """
    return TrainConfig.model_validate(values, context=SAVED)


def _values_of_run(file: Path) -> Values:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))["config"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise UsageError(f"{file}: not a run's configuration ({error})") from error
    if not isinstance(values, dict):
        raise UsageError(f"{file}: not a run's configuration")
    return values


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Values:
    """`second` over `first`, section by section."""
    both = dict(first)
    for key, value in second.items():
        old = both.get(key)
        nested = isinstance(old, Mapping) and isinstance(value, Mapping)
        both[key] = merged(old, value) if nested else value  # type: ignore[arg-type]
    return both


def _build(values: Values, sets: Sequence[str] | Mapping[str, Any], base: Values) -> TrainConfig:
    values, base = _with_loss_sections(values), _with_loss_sections(base)
    for text, name, setting in _settings(sets):
        for path, value in _assignments(text, name, setting):
            _assign(values, path, value, text)
    model, own = values.get("model"), base.get("model", {})
    if isinstance(model, dict) and model.get("name", own.get("name")) != own.get("name"):
        base = {**base, "model": {}}  # options, weights and explanation of another network
    return TrainConfig.model_validate(merged(base, values))


def _with_loss_sections(values: Values) -> Values:
    objective = values.get("objective")
    if not isinstance(objective, Mapping):
        return values
    return {**values, "objective": translate_terms(objective)}


def _settings(sets: Sequence[str] | Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Text, field and value of each setting; a text whose value is not TOML has a text as value."""
    if isinstance(sets, Mapping):
        yield from ((f"{name}={value!r}", name, value) for name, value in sets.items())
        return
    for text in sets:
        name, equals, written = text.partition("=")
        try:
            value = tomllib.loads(f"value = {written}")["value"]
        except tomllib.TOMLDecodeError:
            value = written.strip()
        yield text, name if equals else "", value


def _assignments(text: str, name: str, value: Any) -> Iterator[tuple[list[str], Any]]:
    parts = name.strip().split(".")
    if len(parts) < 2:
        raise UsageError(f"--set {text}: expected section.field=value")
    match parts:
        case ["objective", "terms", name]:  # the older spelling of weights
            yield ["objective", name, "weight"], value
        case ["objective", "terms"] if isinstance(value, dict):
            for name, weight in value.items():
                yield ["objective", name, "weight"], weight
        case _:
            yield parts, value


def _assign(values: Values, path: Sequence[str], value: Any, text: str) -> None:
    for part in path[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            raise UsageError(f"--set {text}: {part} has no fields")
    values[path[-1]] = value
