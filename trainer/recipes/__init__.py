"""Recipes: named configurations, each with its source and published accuracy."""

from trainer.config.loading import merged
from trainer.errors import UsageError, did_you_mean
from trainer.recipes.affect import AFFECT
from trainer.recipes.attention import ATTENTION, ATTENTION_FAST
from trainer.recipes.au_guided import AU_GUIDED, AU_GUIDED_FAST
from trainer.recipes.comparison_table import COMPARISON_TABLE
from trainer.recipes.dacl_tables import DACL_TABLES
from trainer.recipes.noise import NOISE, NOISE_FAST
from trainer.recipes.pal_table import PAL_TABLE
from trainer.recipes.pipelines import PIPELINES
from trainer.recipes.recipe import FAST, GROUPS, Recipe, RecipeGroup, Values, fast_form
from trainer.recipes.shipped import SHIPPED
from trainer.recipes.video_recipes import VIDEO

__all__ = [
    "FAST",
    "GROUPS",
    "RECIPES",
    "Recipe",
    "RecipeGroup",
    "fast_tables",
    "recipe",
    "recipe_values",
    "tables",
]

_PUBLISHED = (*DACL_TABLES, *COMPARISON_TABLE, *PAL_TABLE)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        *SHIPPED,
        *_PUBLISHED,
        *(fast_form(published) for published in _PUBLISHED),
        *AU_GUIDED,
        *AU_GUIDED_FAST,
        *ATTENTION,
        *ATTENTION_FAST,
        *AFFECT,
        *VIDEO,
        *NOISE,
        *NOISE_FAST,
    )
}


def recipe(name: str) -> Recipe:
    """Raises UsageError that suggests similar names."""
    if name not in RECIPES:
        raise UsageError(
            f"there is no recipe {name!r}", did_you_mean(name, RECIPES, "fertrain recipes")
        )
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
    """The tables whose recipes have a fast form."""
    return list(dict.fromkeys(name.split("/")[0] for name in RECIPES if name.endswith(FAST)))


def tables() -> list[str]:
    """The names before the slash of recipes' names: what `fertrain reproduce` takes."""
    return list(dict.fromkeys(name.split("/")[0] for name in RECIPES if "/" in name))
