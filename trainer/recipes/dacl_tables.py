"""The tables of DACL's paper and of report 001, which trains it on FER2013."""

from typing import Any

from trainer.recipes import pipelines
from trainer.recipes.recipe import Recipe, published_recipe

REPORT_001 = "report 001 (DACL on FER2013)"
DACL_PAPER = "Farzaneh and Qi, WACV 2021"
NOT_STATED = "none stated"

CENTER = {"center": {"weight": 0.01, "alpha": 0.5}}
PLAIN_NET = {"name": "resnet18"}


def _sgd(every: int, factor: float) -> dict[str, Any]:
    """The reference's optimiser, which decays norms and biases, too."""
    return {
        "optimizer": "sgd",
        "learning_rate": 0.01,
        "schedule": "step",
        "step_epochs": every,
        "step_factor": factor,
        "weight_decay": 5e-4,
        "decay_norms": True,
    }


REFERENCE = _sgd(every=20, factor=0.1)
GREY_AND_ALIGNED = "Pictures are grey and aligned by their landmarks."
ON_VAL = "The best epoch is that on val."


def _report_row(
    name: str,
    title: str,
    published: str,
    *,
    side: int,
    batch: int,
    epochs: int,
    model: dict[str, Any] | None = None,
    losses: dict[str, Any] | None = None,
    optim: dict[str, Any] | None = None,
) -> Recipe:
    weights = "The initial weights are random."
    if name == "exp4":
        weights = "The initial weights, of a face recognition net, have to be given."
    return published_recipe(
        f"report-001/{name}",
        title,
        REPORT_001,
        published,
        differences=f"{weights} {GREY_AND_ALIGNED} {ON_VAL}",
        pipeline=pipelines.dacl(side),
        model=model or {"name": "dacl"},
        optim={**(optim or REFERENCE), "batch_size": batch, "epochs": epochs},
        losses=CENTER if losses is None else losses,
    )


def _report_001() -> list[Recipe]:
    """Its section 4.1 trains the successive experiments, from exp2 on, for 30 epochs."""
    row = _report_row
    best: dict[str, Any] = {"side": 200, "batch": 64, "epochs": 30}
    return [
        row("exp0", "DACL, batch 128, crop 224", NOT_STATED, side=224, batch=128, epochs=60),
        row("exp1", "DACL, batch 128, crop 200", NOT_STATED, side=200, batch=128, epochs=30),
        row("exp2", "DACL, batch 64, crop 224", NOT_STATED, side=224, batch=64, epochs=30),
        row("exp3", "DACL, batch 64, crop 200, the best", "67.4, mean class 61", **best),
        row("exp4", "exp3 from a face recognition net: set model.init=FILE", NOT_STATED, **best),
        row("center", "exp3's twin with center loss", "mean class 60", **best, model=PLAIN_NET),
        row(
            "softmax",
            "exp3's twin with cross-entropy",
            "mean class 59",
            **best,
            model=PLAIN_NET,
            losses={},
        ),
        row(
            "lr5",
            "exp3, learning rate ÷ 5 every 5 epochs",
            NOT_STATED,
            **best,
            optim=_sgd(every=5, factor=0.2),
        ),
    ]


def _paper() -> list[Recipe]:
    numbers = {
        "raf-db": {"dacl": "87.78", "center": "87.06", "softmax": "86.54"},
        "affectnet": {"dacl": "65.20", "center": "64.09", "softmax": "63.86"},
    }
    return [
        published_recipe(
            f"dacl/{data}-{loss}",
            f"{loss} on {data}, random initial weights (paper: MS-Celeb)",
            DACL_PAPER,
            published,
            differences="The initial weights are random: the paper's, learned from MS-Celeb, are "
            f"not ours to give; set model.init=FILE if you have them. {GREY_AND_ALIGNED} {ON_VAL} "
            "The reference's is that on the test pictures.",
            pipeline=pipelines.dacl(),
            model={"name": "dacl"} if loss == "dacl" else PLAIN_NET,
            optim={**REFERENCE, "batch_size": 128, "epochs": 60},
            losses={} if loss == "softmax" else CENTER,
        )
        for data, rows in numbers.items()
        for loss, published in rows.items()
    ]


DACL_TABLES: tuple[Recipe, ...] = (*_report_001(), *_paper())
