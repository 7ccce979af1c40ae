"""This project's own recipes: the models that ship, and twins that differ in one thing."""

from typing import Any

from trainer.recipes.recipe import Recipe, Values

COMPACT = {"name": "compact", "options": {"widths": [48, 96, 192]}}
WIDE = {"name": "compact", "options": {"widths": [64, 128, 256]}}
FACES = {"name": "face_resnet"}
DACL = {"name": "dacl", "options": {"backbone": "compact", "compact": True}}

# light, so that short runs learn, and without mixup, which center loss and PAL cannot use
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

# what a camera does to faces, without mixup
SEEN_LIVE = {**LIGHT, "rotation": 10.0, "gamma": 0.3, "noise": 0.02, "blur": 0.1, "erase": 0.2}


def _own(name: str, title: str, values: Values) -> Recipe:
    return Recipe(name=name, title=title, source="this project", published="none", values=values)


def _twin(name: str, title: str, model: dict[str, Any], terms: dict[str, Any]) -> Recipe:
    """One of several runs that differ in their objective alone."""
    return _own(
        f"twin/{name}",
        title,
        {
            "data": {"limit": 8000},
            "model": model,
            "augment": LIGHT,
            "objective": {"label_smoothing": 0.05, **terms},
            "optim": {"epochs": 10},
        },
    )


def _guided(name: str, title: str, terms: dict[str, Any]) -> Recipe:
    """One of three fine-tunings of the model `compact`, for the view of two models at once."""
    return _own(
        f"trio/{name}",
        title,
        {
            "data": {"votes_share": 0.2},
            "model": {**COMPACT, "init": "compact"},
            "augment": {**LIGHT, "erase": 0.15},
            "objective": {"label_smoothing": 0.05, **terms},
            "optim": {"epochs": 7, "learning_rate": 0.03, "warmup": 0.1},
        },
    )


OWN: tuple[Recipe, ...] = (
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
    _guided("ce", "compact fine-tuned by cross-entropy alone, the twin of the others", {}),
    _guided("pal", "compact fine-tuned with PAL", {"pal": {"weight": 1.0}}),
    _guided("au", "compact fine-tuned with AU alignment", {"au": {"weight": 5.0}}),
    _own(
        "faces",
        "A network that knows faces learns expressions; set model.init to dlib's weights",
        {
            "data": {"votes_share": 0.2},
            "model": FACES,
            "augment": SEEN_LIVE,
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 9, "batch_size": 64, "learning_rate": 0.01, "warmup": 0.1},
        },
    ),
    Recipe(
        name="personal",
        title="default learns from about 20 examples a class of one person; it stays where "
        "they do not help",
        source="this project",
        published="none",
        values={
            # the examples are aligned crops already
            "data": {"landmarks": False},
            "model": {**WIDE, "init": "default", "keep_init": True},
            "augment": SEEN_LIVE,
            "objective": {"label_smoothing": 0.05},
            "optim": {
                "layers": "head",
                "epochs": 20,
                "batch_size": 28,
                "learning_rate": 0.01,
                "ema": 0.9,
            },
        },
    ),
    _own(
        "compact",
        "The smaller compact net, first stage",
        {
            "data": {"votes_share": 0.2},
            "model": COMPACT,
            "augment": {"start_side": 32, "start_share": 0.6},
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 28},
        },
    ),
    _own(
        "compact-polish",
        "Second stage, lighter augmentation; set model.init to the first stage's model",
        {
            "data": {"votes_share": 0.2},
            "model": COMPACT,
            "augment": {**LIGHT, "erase": 0.15},
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 14, "learning_rate": 0.05, "warmup": 0.1},
        },
    ),
    _own(
        "default",
        "The net that the app opens with, first stage: twin-ce, widened, goes on learning",
        {
            "data": {"votes_share": 0.3},
            "model": {**WIDE, "init": "twin-ce"},
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 42, "learning_rate": 0.06, "warmup": 0.1},
        },
    ),
    _own(
        "default-polish",
        "Second stage, as cameras see faces; set model.init to the first stage's model",
        {
            "data": {"votes_share": 0.2},
            "model": WIDE,
            "augment": {**SEEN_LIVE, "rotation": 8.0, "noise": 0.06},
            "objective": {"label_smoothing": 0.05, "terms": {"mirror": 2.0}},
            "optim": {"epochs": 6, "learning_rate": 0.025, "warmup": 0.1},
        },
    ),
    _own(
        "default-photographs",
        "Last stage: further photographs (data.also), light augmentation; set model.init, then "
        "average the two",
        {
            "data": {"votes_share": 0.2, "also_limit": 1500},
            "model": WIDE,
            "augment": {**LIGHT, "erase": 0.15, "noise": 0.05, "blur": 0.1},
            "objective": {"label_smoothing": 0.05},
            "optim": {"epochs": 4, "learning_rate": 0.03, "warmup": 0.1},
        },
    ),
    _own(
        "dacl",
        "default fine-tuned with DACL's attention and sparse center loss",
        {
            "data": {"votes_share": 0.2, "also_limit": 1500},
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
    ),
)
