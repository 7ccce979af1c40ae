"""The mean of several models' weights: a model soup (Wortsman et al., ICML 2022).

Models fine-tuned from the same weights lie in one valley of the loss: their mean is often better
than each of them, and as fast as one. The mean of models without a common start is useless.
"""

import re
from collections.abc import Sequence

import torch
from torch import Tensor

from trainer.card import ModelCard
from trainer.data.crops import align_all
from trainer.data.face_data import FaceData
from trainer.errors import UsageError
from trainer.evaluation.evaluate import match_classes
from trainer.evaluation.metrics import classification_metrics, fit_temperature
from trainer.evaluation.predictions import predict
from trainer.models.registry import FerModel

AVERAGED_OBJECTIVE = re.compile(r"^mean of the weights of \d+ models: ")


def average_weights(models: Sequence[tuple[FerModel, ModelCard]]) -> dict[str, Tensor]:
    """The mean of the weights by name. Raises UsageError when the networks differ."""
    _, first = models[0]
    for _, card in models[1:]:
        for part in ("architecture", "arguments", "classes", "preprocessing", "valence_arousal"):
            ours, theirs = getattr(first, part), getattr(card, part)
            if ours != theirs:
                raise UsageError(
                    f"{first.name} and {card.name} cannot be averaged: {part} {ours} and {theirs}",
                    "Only models fine-tuned from the same one can be averaged.",
                )
    states = [model.state_dict() for model, _ in models]
    return {
        name: torch.stack([state[name] for state in states]).mean(0)
        if value.is_floating_point()
        else value
        for name, value in states[0].items()
    }


def average_models(
    models: Sequence[tuple[FerModel, ModelCard]], validation: FaceData, device: torch.device
) -> tuple[FerModel, ModelCard]:
    """The network with the mean of the weights, which replace those of the first model; its card.

    The card has the metrics on `validation`, the temperature fitted to it, and data and prior of
    the model with the most training samples. Raises UsageError when the networks differ, or have
    other classes than the data.
    """
    network, card = models[0]
    validation = match_classes(card.name, card, validation)
    network.load_state_dict(average_weights(models))
    crops = align_all(validation, card.preprocessing)
    logits = predict(network, card, crops.pixels, device).logits
    measured = classification_metrics(logits, validation.label, card.classes)
    in_card = {key: measured[key] for key in ("accuracy", "mean_class_accuracy", "macro_f1")}
    # without duplicates, in order; an averaged model counts as the models it was averaged from
    objectives = dict.fromkeys(
        text
        for _, card in models
        for text in AVERAGED_OBJECTIVE.sub("", card.objective).split("; ")
    )
    largest = max((card for _, card in models), key=lambda c: c.data.get("train_samples", 0))
    changes = {
        "data": largest.data,
        "prior": largest.prior,
        "objective": f"mean of the weights of {len(models)} models: " + "; ".join(objectives),
        "temperature": fit_temperature(logits, validation.label),
        "metrics": {"split": "val", **in_card},
        "about": "",
    }
    return network, card.model_copy(update=changes)
