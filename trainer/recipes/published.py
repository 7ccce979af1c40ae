"""The result tables of the sources, row by row.

The title of a recipe says which of its settings the source does not state.
"""

from typing import Any

from trainer.recipes import pipelines
from trainer.recipes.recipe import Recipe, Values

REPORT_001 = "report 001 (DACL on FER2013)"
REPORT_003 = "report 003 (comparison on FER2013)"
DACL_PAPER = "Farzaneh and Qi, WACV 2021"
PAL_PAPER = "Bonnard et al. 2022, arXiv 2203.12905"


def _recipe(
    name: str,
    title: str,
    source: str,
    published: str,
    pipeline: Values,
    model: dict[str, Any],
    optim: dict[str, Any],
    losses: dict[str, Any] | None = None,
) -> Recipe:
    values = {
        **pipeline,
        "model": model,
        "objective": {"label_smoothing": 0.0, **(losses or {})},
        "optim": {"ema": 0.0, "clip": 0.0, **optim},
    }
    return Recipe(name, title, source, published, values)


def _sgd(rate: float, every: int, factor: float) -> dict[str, Any]:
    return {
        "optimizer": "sgd",
        "learning_rate": rate,
        "schedule": "step",
        "step_epochs": every,
        "step_factor": factor,
        "weight_decay": 5e-4,
    }


_DACL_SGD = _sgd(0.01, every=20, factor=0.1)
_CENTER = {"center": {"weight": 0.01, "alpha": 0.5}}


def _report_001() -> list[Recipe]:
    def row(
        name: str,
        title: str,
        published: str,
        side: int,
        batch: int,
        epochs: int,
        model: dict[str, Any] | None = None,
        losses: dict[str, Any] | None = None,
        optim: dict[str, Any] | None = None,
    ) -> Recipe:
        return _recipe(
            f"report-001/{name}",
            title,
            REPORT_001,
            published,
            pipelines.dacl(side),
            model or {"name": "dacl"},
            {**(optim or _DACL_SGD), "batch_size": batch, "epochs": epochs},
            _CENTER if losses is None else losses,
        )

    net, none = {"name": "resnet18"}, "none stated"
    return [
        row("exp0", "DACL, batch 128, crop 224", none, 224, 128, 60),
        row("exp1", "DACL, batch 128, crop 200", none, 200, 128, 30),
        row("exp2", "DACL, batch 64, crop 224 (epochs: ours)", none, 224, 64, 60),
        row(
            "exp3",
            "DACL, batch 64, crop 200, the best (epochs: ours)",
            "67.4, mean class 61",
            200,
            64,
            60,
        ),
        row("exp4", "exp3 from a face recognition net: set model.init=FILE", none, 200, 64, 60),
        row("center", "exp3's twin with center loss", "mean class 60", 200, 64, 60, net),
        row("softmax", "exp3's twin with cross-entropy", "mean class 59", 200, 64, 60, net, {}),
        row(
            "lr5",
            "exp3, learning rate ÷ 5 every 5 epochs",
            none,
            200,
            64,
            60,
            optim=_sgd(0.01, every=5, factor=0.2),
        ),
    ]


def _report_003() -> list[Recipe]:
    """Fourteen of the seventeen rows; the settings of the others are unknown."""
    rates = {"adam": 1e-3, "sgd": 1e-2}

    def row(
        name: str,
        title: str,
        published: str,
        model: dict[str, Any],
        optimizer: str,
        epochs: int = 40,
        pipeline: Values | None = None,
    ) -> Recipe:
        return _recipe(
            f"report-003/{name}",
            f"{title}, batch 64 (ours)",
            REPORT_003,
            published,
            pipeline or pipelines.comparison(),
            model,
            {
                "optimizer": optimizer,
                "learning_rate": rates[optimizer],
                "schedule": "constant",
                "batch_size": 64,
                "epochs": epochs,
            },
        )

    transfer = {"name": "transfer", "options": {"size": "comparison"}}
    attention = {"name": "self_attention_resnet18", "init": "imagenet"}
    alexnet, vgg, resnet50 = ({"name": name} for name in ("alexnet", "vgg", "resnet50"))
    return [
        row("alexnet-adam", "AlexNet, Adam", "49.77", alexnet, "adam"),
        row("alexnet-sgd", "AlexNet, SGD", "40.71", alexnet, "sgd"),
        row(
            "alexnet-plain",
            "AlexNet, Adam, no augmentation",
            "25.13",
            alexnet,
            "adam",
            pipeline=pipelines.plain_comparison(),
        ),
        row("vgg-adam", "VGG, Adam", "66.10", vgg, "adam"),
        row("vgg-sgd", "VGG, SGD", "66.19", vgg, "sgd"),
        row("resnet50-adam", "ResNet50, Adam", "66.73", resnet50, "adam"),
        row("resnet50-sgd", "ResNet50, SGD", "57.95", resnet50, "sgd"),
        row("transfer-40", "TransFER, SGD, 40 epochs", "67.58", transfer, "sgd"),
        row("transfer-30", "TransFER, SGD, 30 epochs", "67.39", transfer, "sgd", 30),
        row("transfer-10", "TransFER, SGD, 10 epochs", "64.43", transfer, "sgd", 10),
        row("transfer-adam", "TransFER, Adam", "25, did not learn", transfer, "adam"),
        row(
            "cnn-transformer",
            "Own CNN + transformer, Adam",
            "about 25, did not learn",
            {"name": "cnn_transformer"},
            "adam",
        ),
        row(
            "self-attention-adam",
            "ResNet18 from ImageNet + self-attention (there called DACL), Adam",
            "69.08",
            attention,
            "adam",
        ),
        row(
            "self-attention-sgd",
            "ResNet18 from ImageNet + self-attention (there called DACL), SGD",
            "67.96",
            attention,
            "sgd",
        ),
    ]


def _pal() -> list[Recipe]:
    nets: dict[str, dict[str, Any]] = {
        "vgg16": {"name": "vgg16"},
        "resnet50": {"name": "resnet50", "options": {"head": "mlp"}},
        "resnet18": {"name": "resnet18", "options": {"head": "mlp"}},
    }
    methods = {"grad": "grad", "gradinput": "grad_x_input"}
    adam = {
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "schedule": "constant",
        "batch_size": 64,
        "epochs": 30,
    }

    def row(name: str, title: str, model: dict[str, Any], losses: dict[str, Any]) -> Recipe:
        return _recipe(
            f"pal/{name}",
            f"{title}, Adam 1e-4 (batch and epochs: ours)",
            PAL_PAPER,
            "none verified",
            pipelines.dacl(),
            model,
            adam,
            losses,
        )

    rows = []
    for net, model in nets.items():
        rows.append(row(f"{net}-ce", f"{net}, cross-entropy, the twin", model, {}))
        for short, method in methods.items():
            for channels in ("all", "mean", "half"):
                pal = {"weight": 1.0, "method": method, "target": "sum_abs", "channels": channels}
                if method == "grad" and net != "vgg16":
                    # right before the pooling Grad is constant over space
                    pal["layer"] = "trunk.layer3"
                title = f"{net}, PAL with {method}, channels: {channels}"
                rows.append(row(f"{net}-{short}-{channels}", title, model, {"pal": pal}))
    return rows


def _dacl() -> list[Recipe]:
    numbers = {
        "raf-db": {"dacl": "87.78", "center": "87.06", "softmax": "86.54"},
        "affectnet": {"dacl": "65.20", "center": "64.09", "softmax": "63.86"},
    }
    models = {"dacl": "dacl", "center": "resnet18", "softmax": "resnet18"}
    return [
        _recipe(
            f"dacl/{data}-{loss}",
            f"{loss} on {data}, random initial weights (paper: MS-Celeb; selects on the test set)",
            DACL_PAPER,
            published,
            pipelines.dacl(),
            {"name": models[loss]},
            {**_DACL_SGD, "batch_size": 128, "epochs": 60},
            {} if loss == "softmax" else _CENTER,
        )
        for data, rows in numbers.items()
        for loss, published in rows.items()
    ]


PUBLISHED: tuple[Recipe, ...] = (*_report_001(), *_report_003(), *_pal(), *_dacl())
