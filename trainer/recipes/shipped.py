"""Recipes of this project: the bundled models, and twins that differ in one loss."""

from typing import Any

from trainer.recipes.recipe import Recipe, RecipeGroup, Values

COMPACT = {"name": "compact", "options": {"widths": [48, 96, 192]}}
DEFAULT = {"name": "compact", "options": {"widths": [64, 128, 256], "symmetric": True}}
ACCURATE = {
    "name": "compact",
    "options": {"widths": [96, 192, 384], "blocks": [3, 3, 2], "symmetric": True},
}
# sizes for which a symmetric network can be built
DEFAULT_SIZE = {"crop_size": 46, "input_size": 42}
ACCURATE_SIZE = {"crop_size": 54, "input_size": 50}
FACES = {"name": "face_resnet"}
DACL = {"name": "dacl", "options": {"backbone": "compact", "compact": True}}

# light, so that short runs learn, and without mixup, which center loss and PAL do not allow
LIGHT = {
    "mixup": 0.0,
    "erase": 0.1,
    "rotation": 8.0,
    "scale": 0.1,
    "stretch": 0.05,
    "shift": 0.04,
    "gamma": 0.2,
    "noise": 0.01,
    "blur": 0.05,
}

# for long runs; with the variation that cameras bring
STRONG = {"mixup": 0.4, "brightness": 0.3, "contrast": 0.2, "noise": 0.05, "blur": 0.15}
LESS_STRONG = {**STRONG, "mixup": 0.2, "brightness": 0.2, "contrast": 0.1}
WITH_PHOTOGRAPHS = {"votes_share": 0.3, "also_limit": 1500}

# for the last epochs, on inputs close to the pictures themselves
POLISH = {**LIGHT, "erase": 0.15, "noise": 0.05, "blur": 0.1, "brightness": 0.2}

# the variation that cameras bring, without mixup
CAMERA = {**LIGHT, "rotation": 10.0, "gamma": 0.3, "noise": 0.02, "blur": 0.1, "erase": 0.2}


def _shipped(name: str, title: str, values: Values, group: RecipeGroup = "From scratch") -> Recipe:
    return Recipe(name, title, "this project", "none", values, group=group)


def _twin(name: str, title: str, model: dict[str, Any], losses: dict[str, Any]) -> Recipe:
    """One of several runs that differ only in their objective."""
    return _shipped(
        f"twin/{name}",
        title,
        {
            "data": {"limit": 8000},
            "model": model,
            "augment": LIGHT,
            "objective": {"label_smoothing": 0.05, **losses},
            "optim": {"epochs": 10},
        },
    )


def _guided(name: str, title: str, losses: dict[str, Any]) -> Recipe:
    """One of three fine-tunings of the model `default`, to compare two models live."""
    return _shipped(
        f"trio/{name}",
        title,
        {
            "data": {"votes_share": 0.2, "also_limit": 1500, **DEFAULT_SIZE},
            "model": {**DEFAULT, "init": "default"},
            "augment": CAMERA,
            "objective": {"label_smoothing": 0.05, **losses},
            "optim": {"epochs": 4, "learning_rate": 0.02, "warmup": 0.1},
        },
        "Fine-tune",
    )


SHIPPED: tuple[Recipe, ...] = (
    _shipped(
        "quick",
        "Your own classes in about a minute: only the last layer of default learns",
        {
            "data": {"val_share": 0.25, "faces_only": True, "bad_share": 0.5, **DEFAULT_SIZE},
            "model": {**DEFAULT, "init": "default"},
            "augment": CAMERA,
            # folders seldom hold as many pictures of each class
            "objective": {"label_smoothing": 0.05, "class_weights": "balanced"},
            "optim": {
                "layers": "head",
                "epochs": 20,
                "batch_size": 16,
                "learning_rate": 0.03,
                "ema": 0.9,
            },
        },
        "Quick",
    ),
    _twin("ce", "Cross-entropy alone, the twin of the others", COMPACT, {}),
    _twin("center", "With center loss", COMPACT, {"center": {"weight": 0.01}}),
    _twin("dacl", "With DACL's sparse center loss", DACL, {"center": {"weight": 0.01}}),
    *(
        _twin(
            f"pal-{channels}",
            f"With PAL, Grad*Input of the true logit, channels: {channels}",
            COMPACT,
            {"pal": {"weight": 1.0, "channels": channels}},
        )
        for channels in ("all", "mean", "half")
    ),
    _guided("ce", "default fine-tuned by cross-entropy alone, the twin of the others", {}),
    _guided("pal", "default fine-tuned with PAL", {"pal": {"weight": 1.0}}),
    _guided("au", "default fine-tuned with AU alignment", {"au": {"weight": 5.0}}),
    _shipped(
        "faces",
        "A face recognition network learns expressions; set model.init to dlib's weights",
        {
            "data": {"votes_share": 0.2},
            "model": FACES,
            "augment": CAMERA,
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 9, "batch_size": 64, "learning_rate": 0.01, "warmup": 0.1},
        },
        "Fine-tune",
    ),
    Recipe(
        name="personal",
        title="default fine-tuned on about 20 examples per class of one person; the original is "
        "kept where they do not help",
        source="this project",
        published="none",
        values={
            # the examples are aligned crops already
            "data": {"landmarks": False, **DEFAULT_SIZE},
            "model": {**DEFAULT, "init": "default", "keep_init": True},
            "augment": CAMERA,
            "objective": {"label_smoothing": 0.05},
            "optim": {
                "layers": "head",
                "epochs": 20,
                "batch_size": 28,
                "learning_rate": 0.01,
                "ema": 0.9,
            },
        },
        group="Fine-tune",
    ),
    _shipped(
        "compact",
        "The smaller compact network, first stage",
        {
            "data": {"votes_share": 0.2},
            "model": COMPACT,
            "augment": {"start_side": 32, "start_share": 0.6},
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 28},
        },
    ),
    _shipped(
        "compact-polish",
        "Second stage, lighter augmentation; set model.init to the first stage's model",
        {
            "data": {"votes_share": 0.2},
            "model": COMPACT,
            "augment": {**LIGHT, "erase": 0.15},
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 14, "learning_rate": 0.05, "warmup": 0.1},
        },
        "Fine-tune",
    ),
    _shipped(
        "accurate-teacher",
        "The largest network, first stage; several with different run.seed teach the second",
        {
            "data": {**WITH_PHOTOGRAPHS, **ACCURATE_SIZE},
            "model": ACCURATE,
            "augment": STRONG,
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 34, "batch_size": 256, "learning_rate": 0.15},
        },
    ),
    _shipped(
        "accurate-student",
        "The largest network, second stage; set model.init to a teacher, "
        "objective.distill.teachers to all of them and objective.distill.weight=2",
        {
            "data": {**WITH_PHOTOGRAPHS, **ACCURATE_SIZE},
            "model": ACCURATE,
            "augment": LESS_STRONG,
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 59, "batch_size": 256, "learning_rate": 0.06, "warmup": 0.1},
        },
    ),
    _shipped(
        "default-student",
        "The app's default network, first stage: it learns the predictions of accurate",
        {
            "data": {**WITH_PHOTOGRAPHS, **DEFAULT_SIZE},
            "model": DEFAULT,
            "augment": LESS_STRONG,
            "objective": {
                "label_smoothing": 0.05,
                "distill": {"weight": 2.0, "teachers": ["accurate"]},
            },
            "optim": {"epochs": 62, "batch_size": 256, "learning_rate": 0.08},
        },
    ),
    *(
        _shipped(
            name,
            f"The bundled model {name} trained further, with light augmentation",
            {
                "data": {"votes_share": 0.2, "also_limit": 1500, **size},
                "model": {**model, "init": name},
                "augment": POLISH,
                "objective": {"label_smoothing": 0.05},
                "optim": {"epochs": epochs, "learning_rate": 0.03, "warmup": 0.1},
            },
            "Fine-tune",
        )
        for name, model, size, epochs in (
            ("default", DEFAULT, DEFAULT_SIZE, 7),
            ("accurate", ACCURATE, ACCURATE_SIZE, 5),
        )
    ),
    _shipped(
        "dacl",
        "default fine-tuned with DACL's attention and sparse center loss",
        {
            "data": {"votes_share": 0.2, "also_limit": 1500, **DEFAULT_SIZE},
            "model": {
                "name": "dacl",
                "options": {
                    "backbone": "compact",
                    "compact": True,
                    "widths": [64, 128, 256],
                    "context": [512, 128, 64],
                },
                "init": "default",
            },
            "augment": {**LIGHT, "erase": 0.15},
            "objective": {"label_smoothing": 0.05, "center": {"weight": 0.01}},
            "optim": {"epochs": 5, "learning_rate": 0.03, "warmup": 0.1},
        },
        "Fine-tune",
    ),
)
