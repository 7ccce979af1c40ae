"""Named configurations, each with its source and the number it is known for."""

from trainer.errors import UsageError, did_you_mean
from trainer.recipes.au_guided import AU, AU_FAST
from trainer.recipes.published import PUBLISHED
from trainer.recipes.recipe import FAST, Recipe, fast
from trainer.recipes.shipped import OWN

__all__ = ["FAST", "RECIPES", "Recipe", "recipe", "tables"]

RECIPES: dict[str, Recipe] = {
    each.name: each
    for each in (*OWN, *PUBLISHED, *(fast(published) for published in PUBLISHED), *AU, *AU_FAST)
}


def recipe(name: str) -> Recipe:
    """Raises UsageError that names those like it."""
    if name not in RECIPES:
        raise UsageError(
            f"there is no recipe {name!r}", did_you_mean(name, RECIPES, "fertrain recipes")
        )
    return RECIPES[name]


def fast_tables() -> list[str]:
    """Tables whose recipes have a fast form."""
    return list(dict.fromkeys(name.split("/")[0] for name in RECIPES if name.endswith(FAST)))


def tables() -> list[str]:
    """What stands before the slash in recipes' names: what can be reproduced as a whole."""
    return list(dict.fromkeys(name.split("/")[0] for name in RECIPES if "/" in name))
