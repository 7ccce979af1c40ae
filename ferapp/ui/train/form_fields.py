"""The form's fields, made of the configuration's own schema: no second list of what there is."""

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from trainer.config.constraint_text import bounds
from trainer.config.train_config import TrainConfig, all_fields

Kind = Literal["switch", "choice", "number", "text", "toml"]

# what most people set; all else is folded
BASICS = (
    "optim.epochs",
    "optim.batch_size",
    "optim.learning_rate",
    "model.name",
    "model.init",
    "data.input_size",
    "objective.center.weight",
    "objective.pal.weight",
    "objective.au.weight",
    "run.seed",
)
_TITLES = {
    "model.init": "Start from model",
    "objective.center.weight": "Center loss",
    "objective.pal.weight": "PAL, landmarks",
    "objective.au.weight": "AU, action units",
}
SECTIONS = {
    "data": "Data",
    "model": "Model",
    "augment": "Augmentation",
    "objective": "Objective",
    "optim": "Optimisation",
    "run": "Run",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One setting. `key` is dotted, as `--set` takes it."""

    key: str
    help: str
    unit: str
    kind: Kind
    choices: tuple[str, ...]
    bounds: str  # in words, "" without any

    @property
    def title(self) -> str:
        """`objective.pal.sigma` → `PAL sigma`; `model.options` → `Model options`."""
        if self.key in _TITLES:
            return _TITLES[self.key]
        parts = self.key.split(".")
        words = " ".join(parts if parts[0] == "model" else parts[1:]).replace("_", " ")
        for short in ("pal", "au"):
            words = words.replace(f"{short} ", f"{short.upper()} ")
        return words[:1].upper() + words[1:]

    @property
    def section(self) -> str:
        return self.key.split(".")[0]

    @property
    def tip(self) -> str:
        return "\n".join(filter(None, (self.help, self.bounds, f"--set {self.key}=…")))


def form_fields() -> tuple[Field, ...]:
    return tuple(_field(key, info) for key, info in all_fields().items())


def _field(key: str, info: FieldInfo) -> Field:
    extra = info.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    annotation = info.annotation
    choices: tuple[str, ...] = ()
    kind: Kind = "toml"
    if annotation is bool:
        kind, choices = "switch", ("true", "false")
    elif get_origin(annotation) is Literal:
        kind, choices = "choice", tuple(map(str, get_args(annotation)))
    elif annotation in (int, float):
        kind = "number"
    elif annotation is str:
        kind = "text"
    return Field(key, info.description or "", unit, kind, choices, _bounds(info))


def _bounds(info: FieldInfo) -> str:
    text = bounds(info)
    return text[:1].upper() + text[1:] + "." if text else ""


def values_of(config: TrainConfig) -> dict[str, str]:
    """What stands in each field, by its key."""
    return {field.key: text_of(_value(config, field.key), field) for field in form_fields()}


def text_of(value: Any, field: Field) -> str:
    """As a person reads and writes it."""
    if field.kind == "toml":
        return toml(value)
    if field.kind == "switch":
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def setting(field: Field, text: str) -> str:
    """What `--set` takes, so that the field gets exactly this."""
    quoted = json.dumps(text, ensure_ascii=False) if field.kind in ("text", "choice") else text
    return f"{field.key}={quoted.strip()}"


def toml(value: Any) -> str:
    """A value of lists, tables, numbers and words in one line of TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(name)} = {toml(each)}" for name, each in value.items())
        return "{" + inner + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _key(name: str) -> str:
    plain = name.replace("_", "a").replace("-", "a").isalnum() and name.isascii()
    return name if plain else json.dumps(name)


def _value(config: TrainConfig, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value
