"""Named configurations, each with its source and the number it is known for."""

from trainer.config.loading import merged
from trainer.errors import UsageError, meant
from trainer.recipes.au_guided import AU, AU_FAST
from trainer.recipes.pipelines import PIPELINES
from trainer.recipes.published import PUBLISHED
from trainer.recipes.recipe import FAST, Recipe, Values, fast
from trainer.recipes.shipped import OWN

__all__ = ["FAST", "RECIPES", "Recipe", "fast_tables", "recipe", "recipe_values", "tables"]

RECIPES: dict[str, Recipe] = {
    each.name: each
    for each in (*OWN, *PUBLISHED, *(fast(published) for published in PUBLISHED), *AU, *AU_FAST)
}


def recipe(name: str) -> Recipe:
    """Raises UsageError that names those like it."""
    if name not in RECIPES:
        raise UsageError(f"there is no recipe {name!r}", meant(name, RECIPES, "fertrain recipes"))
    return RECIPES[name]


def recipe_values(name: str, pipeline: str = "") -> Values:
    """The settings of a recipe, with its pictures prepared by another pipeline if one is named.

    Raises UsageError that names the known ones.
    """
    values = recipe(name).values
    if not pipeline:
        return values
    if pipeline not in PIPELINES:
        raise UsageError(f"--pipeline {pipeline}: known are {', '.join(PIPELINES)}")
    return merged(values, PIPELINES[pipeline])


def fast_tables() -> list[str]:
    """Tables whose recipes have a fast form."""
    return list(dict.fromkeys(name.split("/")[0] for name in RECIPES if name.endswith(FAST)))


def tables() -> list[str]:
    """What stands before the slash in recipes' names: what can be reproduced as a whole."""
    return list(dict.fromkeys(name.split("/")[0] for name in RECIPES if "/" in name))
