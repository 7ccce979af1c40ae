"""Recipes and their fast forms."""

from dataclasses import dataclass, replace
from typing import Any

Values = dict[str, dict[str, Any]]

FAST = "-fast"
FAST_SIDE = 64
FAST_EPOCHS = 10
FAST_OPTIONS: dict[str, dict[str, Any]] = {
    "transfer": {"size": "small"},
    "vgg16": {"hidden": 512},
    "vgg": {"hidden": 512},
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named configuration; `values` are the settings that differ from the defaults, by section.

    `published` is the accuracy that the source states, in percent, or why there is none.
    """

    name: str
    title: str
    source: str
    published: str
    values: Values


def fast_form(recipe: Recipe) -> Recipe:
    """The recipe for one CPU: inputs of 64 px, at most ten epochs, random initial weights."""
    values = {section: dict(fields) for section, fields in recipe.values.items()}
    data, optim, model = values["data"], values["optim"], values["model"]
    data["crop_size"] = round(FAST_SIDE * data["crop_size"] / data["input_size"])
    data["input_size"] = FAST_SIDE
    epochs = min(FAST_EPOCHS, optim["epochs"])
    if "step_epochs" in optim:
        optim["step_epochs"] = max(1, optim["step_epochs"] * epochs // optim["epochs"])
    optim["epochs"] = epochs
    model.pop("init", None)
    if model["name"] in FAST_OPTIONS:
        model["options"] = {**model.get("options", {}), **FAST_OPTIONS[model["name"]]}
    return replace(
        recipe,
        name=recipe.name + FAST,
        title=f"{recipe.title}; {FAST_SIDE} px, {epochs} epochs",
        published="none at this size",
        values=values,
    )
