"""PAL: each network with cross-entropy, and with each attribution and choice of channels."""

from typing import Any

from trainer.recipes import pipelines
from trainer.recipes.recipe import Recipe, published_recipe

PAL_PAPER = "Bonnard et al. 2022, arXiv 2203.12905"
DIFFERENCES = (
    "Batch, epochs and the pictures' size are ours; the initial weights are random. The target is "
    "Σ|logits|, as in the paper's prose: the sum of probabilities has no gradient. The heatmap is "
    "the maximum of the landmarks' Gaussians; objective.pal.heatmap='sum' blurs all points at once."
)

NETWORKS: dict[str, dict[str, Any]] = {
    "vgg16": {"name": "vgg16"},
    "resnet50": {"name": "resnet50", "options": {"head": "mlp"}},
    "resnet18": {"name": "resnet18", "options": {"head": "mlp"}},
}
# name → setting, and what the title says
METHODS = {
    "grad": ("grad", "|∂S/∂F|"),
    "gradinput": ("grad_x_input", "(∂S/∂F)·F, signed"),
    "absgradinput": ("abs_grad_x_input", "|∂S/∂F|·F, eq. 3 as printed"),
}
ADAM = {
    "optimizer": "adam",
    "learning_rate": 1e-4,
    "weight_decay": 0.0,
    "schedule": "constant",
    "batch_size": 64,
    "epochs": 30,
}


def _row(name: str, title: str, model: dict[str, Any], losses: dict[str, Any]) -> Recipe:
    return published_recipe(
        f"pal/{name}",
        title,
        PAL_PAPER,
        "none verified",
        differences=DIFFERENCES,
        pipeline=pipelines.dacl(),
        model=dict(model),
        optim=dict(ADAM),
        losses=losses,
    )


def _rows() -> list[Recipe]:
    rows = []
    for net, model in NETWORKS.items():
        rows.append(_row(f"{net}-ce", f"{net}, cross-entropy, the twin of the others", model, {}))
        for short, (method, formula) in METHODS.items():
            for channels in ("all", "mean", "half"):
                pal = {"weight": 1.0, "method": method, "target": "sum_abs", "channels": channels}
                if method == "grad" and net != "vgg16":
                    # right before the pooling Grad is constant over space
                    pal["layer"] = "trunk.layer3"
                title = f"{net}, PAL with {formula}, channels: {channels}"
                rows.append(_row(f"{net}-{short}-{channels}", title, model, {"pal": pal}))
    return rows


PAL_TABLE: tuple[Recipe, ...] = tuple(_rows())
