"""Image pipelines of the published systems: sections `data` and `augment`, by name.

Sizes are those of the sources; recipes' fast forms scale them down in proportion.
"""

from trainer.recipes.recipe import Values

_OFF = {
    "flip": 0.5,
    "rotation": 0.0,
    "scale": 0.0,
    "stretch": 0.0,
    "shift": 0.0,
    "gamma": 0.0,
    "blur": 0.0,
    "noise": 0.0,
    "erase": 0.0,
    "mixup": 0.0,
}


def dacl(side: int = 224) -> Values:
    """256 px → one of five crops of `side` px, flip; evaluated on the centre crop."""
    return {
        "data": {"crop_size": 256, "input_size": side, "normalisation": "fixed"},
        "augment": {**_OFF, "crop": "five"},
    }


def comparison() -> Values:
    """230 px unaligned, from 0 to 1 → rotation ±15°, a random crop of 224 px, flip.

    The report augments its test pictures too; here evaluation uses the centre crop.
    """
    return {
        "data": {
            "crop_size": 230,
            "input_size": 224,
            "normalisation": "none",
            "landmarks": False,
        },
        "augment": {**_OFF, "rotation": 15.0, "crop": "random"},
    }


def plain_comparison() -> Values:
    """The same as `comparison`, without augmentation."""
    return {**comparison(), "augment": {**_OFF, "flip": 0.0}}


def au() -> Values:
    """256 px → RandomResizedCrop to 224 px (area 0.8 to 1), flip, brightness and contrast ±0.4."""
    return {
        "data": {"crop_size": 256, "input_size": 224, "normalisation": "fixed"},
        "augment": {**_OFF, "area": 0.8, "brightness": 0.4, "contrast": 0.4},
    }


def small() -> Values:
    """56 px → a random crop of 48 px, flip: for quick runs on one CPU."""
    return {
        "data": {"crop_size": 56, "input_size": 48, "normalisation": "fixed"},
        "augment": {**_OFF, "crop": "random"},
    }


PIPELINES: dict[str, Values] = {
    "dacl": dacl(),
    "comparison": comparison(),
    "au": au(),
    "fast": small(),
}
