"""The mean of several models' weights: a model soup (Wortsman et al., ICML 2022).

Fine-tunings of one model lie in one valley of the loss: their mean is often better than each, and
costs no more than one. Of models that have no common start the mean is worth nothing.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.card import ModelCard
from trainer.data.crops import align_all
from trainer.data.face_data import FaceData
from trainer.errors import UsageError
from trainer.evaluation.evaluate import check_classes, fit_temperature, metrics, predict
from trainer.models.registry import FerModel

MEAN = re.compile(r"^mean of the weights of \d+ models: ")


def average(models: Sequence[tuple[FerModel, ModelCard]]) -> dict[str, Tensor]:
    """The mean of the weights. Raises UsageError where the networks are not the same."""
    _, first = models[0]
    for _, card in models[1:]:
        for part in ("architecture", "arguments", "classes", "preprocessing"):
            ours, theirs = getattr(first, part), getattr(card, part)
            if ours != theirs:
                raise UsageError(
                    f"{first.name} and {card.name} have no mean: {part} {ours} and {theirs}",
                    "Only fine-tunings of one model can be averaged.",
                )
    states = [model.state_dict() for model, _ in models]
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }


def averaged(
    models: Sequence[tuple[FerModel, ModelCard]], validation: FaceData, device: torch.device
) -> tuple[FerModel, ModelCard]:
    """The first model with the mean of the weights; its card has what it reaches on `validation`,
    and of the data sets that the models learned from the largest.

    The temperature is fitted to `validation`, too. Raises UsageError where the networks are not the
    same, or have other classes than the data.
    """
    network, card = models[0]
    check_classes(card.name, card, validation)
    network.load_state_dict(average(models))
    crops = align_all(validation, card.preprocessing)
    logits = predict(network, card, crops.pixels, device).logits
    found = metrics(logits, validation.label, card.classes)
    kept = {key: found[key] for key in ("accuracy", "mean_class_accuracy", "macro_f1")}
    # each once, in their order; those of a mean are its models'
    names = dict.fromkeys(
        name for _, card in models for name in MEAN.sub("", card.objective).split("; ")
    )
    changes = {
        "data": max((card.data for _, card in models), key=lambda d: d.get("train_samples", 0)),
        "objective": f"mean of the weights of {len(models)} models: " + "; ".join(names),
        "temperature": fit_temperature(logits, validation.label),
        "metrics": {"split": "val", **kept},
        "about": "",
    }
    return network, card.model_copy(update=changes)
