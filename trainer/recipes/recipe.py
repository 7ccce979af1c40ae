"""What a recipe is, and its fast form."""

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
    """`values` are sections of the configuration that differ from its defaults.

    `published` is the accuracy that the source states, in percent, or words that say why not.
    """

    name: str
    title: str
    source: str
    published: str
    values: Values


def fast(recipe: Recipe) -> Recipe:
    """The same at inputs of 64 px, with at most ten epochs, from a random start: for one CPU."""
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
