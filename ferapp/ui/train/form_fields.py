"""The fields of the training form, derived from the configuration's schema."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from trainer.config.constraint_text import bounds
from trainer.config.loading import check_config
from trainer.config.train_config import TrainConfig, all_fields
from trainer.recipes import RECIPES

FieldKind = Literal["switch", "choice", "number", "text", "toml"]

# always shown; all other fields are folded
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
SECTIONS = {
    "data": "Data",
    "model": "Model",
    "augment": "Augmentation",
    "objective": "Loss",
    "optim": "Optimisation",
    "run": "Run",
}


@dataclass(frozen=True, slots=True)
class FormField:
    """One setting. `key` is its dotted name, as `--set` takes it."""

    key: str
    title: str
    help: str
    unit: str
    kind: FieldKind
    choices: tuple[str, ...]
    bounds: str  # a sentence, "" without any

    @property
    def section(self) -> str:
        return self.key.split(".")[0]

    @property
    def tip(self) -> str:
        return "\n".join(filter(None, (self.help, self.bounds, f"--set {self.key}=…")))


def form_fields() -> tuple[FormField, ...]:
    return tuple(_form_field(key, info) for key, info in all_fields().items())


def _form_field(key: str, info: FieldInfo) -> FormField:
    extra = info.json_schema_extra
    annotation = info.annotation
    choices: tuple[str, ...] = ()
    kind: FieldKind = "toml"
    if annotation is bool:
        kind, choices = "switch", ("true", "false")
    elif get_origin(annotation) is Literal:
        kind, choices = "choice", tuple(map(str, get_args(annotation)))
    elif annotation in (int, float):
        kind = "number"
    elif annotation is str:
        kind = "text"
    return FormField(
        key=key,
        title=info.title or _title_from(key),
        help=info.description or "",
        unit=str(extra.get("unit", "")) if isinstance(extra, dict) else "",
        kind=kind,
        choices=choices,
        bounds=_sentence(bounds(info)),
    )


def _title_from(key: str) -> str:
    """`objective.pal.sigma` → `PAL sigma`; `objective.pal.weight` → `PAL loss weight`."""
    section, *names = key.split(".")
    if section == "model":
        names = ["model", *names]
    elif section == "objective" and names[-1] == "weight":
        names = [*names[:-1], "loss weight"]
    title = " ".join(names).replace("_", " ")
    for acronym in ("pal", "au"):
        title = title.replace(f"{acronym} ", f"{acronym.upper()} ")
    return title[:1].upper() + title[1:]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "." if text else ""


def values_of(config: TrainConfig) -> dict[str, str]:
    """The text of every field, by its key."""
    return {field.key: text_of(_value(config, field.key), field) for field in form_fields()}


def recipe_texts(recipe: str) -> dict[str, str]:
    """The text of every field in this recipe, by its key."""
    config, _ = check_config([], **RECIPES[recipe].values)
    assert config is not None
    return values_of(config)


def closest_recipe(config: TrainConfig, recipes: Iterable[str]) -> str:
    """The recipe that gives `config` with the fewest changes.

    Not every recipe can give it: a table, as `model.options`, is merged with the recipe's.
    """
    texts, fields = values_of(config), form_fields()

    def changes(recipe: str) -> list[str]:
        usual = recipe_texts(recipe)
        return [set_argument(f, texts[f.key]) for f in fields if texts[f.key] != usual[f.key]]

    by_distance = sorted(recipes, key=lambda recipe: len(changes(recipe)))
    for recipe in by_distance:
        if check_config(changes(recipe), **RECIPES[recipe].values)[0] == config:
            return recipe
    return by_distance[0]


def text_of(value: Any, field: FormField) -> str:
    """A value as the form shows it; read back, it is exactly the same."""
    if field.kind == "toml":
        return toml(value)
    if field.kind == "switch":
        return "true" if value else "false"
    # repr is the shortest text that gives the same float
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def set_argument(field: FormField, text: str) -> str:
    """The argument of `--set` that gives the field exactly this text."""
    quoted = json.dumps(text, ensure_ascii=False) if field.kind in ("text", "choice") else text
    return f"{field.key}={quoted.strip()}"


def toml(value: Any) -> str:
    """A value of lists, tables, numbers and strings as one line of TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_toml_key(name)} = {toml(item)}" for name, item in value.items())
        return "{" + inner + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _toml_key(name: str) -> str:
    is_bare = name.replace("_", "a").replace("-", "a").isalnum() and name.isascii()
    return name if is_bare else json.dumps(name)


def _value(config: TrainConfig, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def pop_nested(problems: dict[str, str], key: str) -> str:
    """The first problem inside the list or table of this field."""
    inside = [name for name in problems if name.startswith(f"{key}.")]
    return problems.pop(inside[0]) if inside else ""
