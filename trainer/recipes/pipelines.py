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


def au(side: int = 224) -> Values:
    """256 px → rotation ±6°, a square RandomResizedCrop (area 0.8 to 1) to 224 px, flip, brightness
    and contrast ±0.4 with probability 0.8, a box of noise with probability 0.5.

    Their hue, saturation and grey pictures change nothing in grey pictures. `side` is the input's.
    """
    return {
        "data": {
            "crop_size": round(side * 256 / 224),
            "input_size": side,
            "normalisation": "fixed",
        },
        "augment": {
            **_OFF,
            "rotation": 6.0,
            "area": 0.8,
            "aspect": 1.0,
            "brightness": 0.4,
            "contrast": 0.4,
            "light": 0.8,
            "erase": 0.5,
            "erase_fill": "noise",
        },
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
