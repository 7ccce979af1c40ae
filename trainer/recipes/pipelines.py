"""How the published systems prepare their pictures: sections `data` and `augment`, by name.

Sides are those of the sources; recipes' fast forms shrink them in proportion.
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
    """256 px → one of five crops of `side`, flip; evaluated on the centre crop."""
    return {
        "data": {"crop_size": 256, "input_size": side, "normalisation": "fixed"},
        "augment": {**_OFF, "crop": "five"},
    }


def comparison() -> Values:
    """230 px unaligned → rotation ±15°, a crop of 224 px that may reach over the edge, flip.

    The report's test pictures are augmented too; here evaluation sees the centre crop.
    """
    return {
        "data": {
            "crop_size": 230,
            "input_size": 224,
            "normalisation": "fixed",
            "landmarks": False,
        },
        "augment": {**_OFF, "rotation": 15.0, "crop": "random", "shift": 0.03},
    }


def plain_comparison() -> Values:
    """The comparison's pictures without augmentation."""
    return {**comparison(), "augment": {**_OFF, "flip": 0.0}}


def au() -> Values:
    """256 px → RandomResizedCrop to 224 px of 0.8 to 1 of the area, flip, jitter of 0.4."""
    return {
        "data": {"crop_size": 256, "input_size": 224, "normalisation": "fixed"},
        "augment": {**_OFF, "area": 0.8, "brightness": 0.4, "contrast": 0.4},
    }


def small() -> Values:
    """56 px → a crop of 48 px anywhere, flip: for a quick look on one CPU."""
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
