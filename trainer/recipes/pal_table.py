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

OF_METHODS = {
    "grad": "",
    "gradinput": "The attribution keeps its sign; the paper prints |∂S/∂F|·F.",
    "absgradinput": "",
}
EARLIER = "Grad is taken at stage 3: right before the pooling it is the same at every place."


def _row(
    net: str, name: str, title: str, losses: dict[str, Any], differences: tuple[str, ...] = ()
) -> Recipe:
    network = "ResNet18 is ours: the paper has VGG16 and ResNet50." if net == "resnet18" else ""
    return published_recipe(
        f"pal/{net}-{name}",
        f"{net}, {title}",
        PAL_PAPER,
        "none verified",
        differences=" ".join(filter(None, (network, *differences, DIFFERENCES))),
        pipeline=pipelines.dacl(),
        model=dict(NETWORKS[net]),
        optim=dict(ADAM),
        losses=losses,
    )


def _rows() -> list[Recipe]:
    rows = []
    for net in NETWORKS:
        rows.append(_row(net, "ce", "cross-entropy, the twin of the others", {}))
        for short, (method, formula) in METHODS.items():
            earlier = method == "grad" and net != "vgg16"
            at = ", at stage 3" if earlier else ""
            said = (OF_METHODS[short], EARLIER if earlier else "")
            for channels in ("all", "mean", "half"):
                pal = {"weight": 1.0, "method": method, "target": "sum_abs", "channels": channels}
                if earlier:
                    pal["layer"] = "trunk.layer3"
                title = f"PAL with {formula}{at}, channels: {channels}"
                rows.append(_row(net, f"{short}-{channels}", title, {"pal": pal}, said))
    return rows


PAL_TABLE: tuple[Recipe, ...] = tuple(_rows())
