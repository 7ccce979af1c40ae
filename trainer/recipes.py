"""Named configurations, each with its source and the number it is known for."""

from dataclasses import dataclass
from typing import Any

from trainer.errors import UsageError


@dataclass(frozen=True, slots=True)
class Recipe:
    """`values` are sections of the configuration that differ from its defaults."""

    name: str
    title: str
    source: str
    published: str
    values: dict[str, dict[str, Any]]


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="default",
            title="The compact net that the app opens with",
            source="this project",
            published="none",
            values={
                "data": {"votes_share": 0.2},
                "model": {"name": "compact", "options": {"widths": [48, 96, 192]}},
                "augment": {"start_side": 32, "start_share": 0.6},
                "objective": {"label_smoothing": 0.05},
                "optim": {"epochs": 28},
            },
        ),
    )
}


def recipe(name: str) -> Recipe:
    """Raises UsageError that lists the known names."""
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}", f"Known: {', '.join(RECIPES)}.")
    return RECIPES[name]
