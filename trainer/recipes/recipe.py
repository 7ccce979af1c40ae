"""Recipes and their fast forms."""

from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Values = dict[str, dict[str, Any]]
RecipeGroup = Literal["Quick", "Fine-tune", "From scratch", "Papers"]
GROUPS: tuple[RecipeGroup, ...] = get_args(RecipeGroup)

FAST = "-fast"
FAST_SIDE = 64
FAST_EPOCHS = 10
FAST_OPTIONS: dict[str, dict[str, Any]] = {
    "transfer_comparison": {"width": 256, "depth": 4},
    "vgg16": {"hidden": 512},
    "vgg": {"hidden": 512},
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named configuration; `values` are the settings that differ from the defaults, by section.

    `published` is the accuracy that the source states, in percent, or why there is none.
    `differences` says, in sentences, what the source does not state or does in another way.
    `group` is where a person looks for it.
    """

    name: str
    title: str
    source: str
    published: str
    values: Values
    differences: str = ""
    group: RecipeGroup = "Papers"


def published_recipe(
    name: str,
    title: str,
    source: str,
    published: str,
    *,
    differences: str,
    pipeline: Values,
    model: dict[str, Any],
    optim: dict[str, Any],
    losses: dict[str, Any] | None = None,
) -> Recipe:
    """A row of a published table: plain momentum, and no smoothing, average or clipping."""
    values = {
        **pipeline,
        "model": model,
        "objective": {"label_smoothing": 0.0, **(losses or {})},
        "optim": {"ema": 0.0, "clip": 0.0, "nesterov": False, **optim},
    }
    return Recipe(name, title, source, published, values, differences)


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
