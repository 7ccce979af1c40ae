"""The last act of a run: the temperature of its models, and what the best one gets right."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.card import ModelCard
from trainer.data.crops import Crops
from trainer.errors import ModelFileError
from trainer.evaluation.metrics import calibration, fit_temperature, softmax
from trainer.evaluation.predictions import predict
from trainer.model_index import find_model, read_card
from trainer.models.model_file import load_model, save_model
from trainer.training.run_dir import RunDir

CALIBRATION_MINIMUM = 100  # validation pictures; fewer do not determine a temperature


def calibrate(
    run: RunDir, validation: Crops, init: str, device: torch.device
) -> tuple[dict[str, float], NDArray[np.bool_]]:
    """Write the temperature fitted to `val`, and the ECE with it, into the finished run's cards.

    Too few pictures say nothing about confidence: without a mistake among them it would be
    unbounded. Then the models get the temperature of `init`, or 1. Where the initial weights are
    the best, the prior is that of `init`, too.

    Returns `temperature` and `ece` of the best model, and (N,) which pictures it gets right.
    """
    initial, labels = _card_of(init), validation.labels.numpy()
    measured, right = dict[str, float](), np.zeros(0, bool)
    for path in (run.last, run.best):
        model, card = load_model(path, device)
        logits = predict(model, card, validation.pixels, device).logits
        if len(validation) < CALIBRATION_MINIMUM:
            temperature = initial.temperature if initial is not None else 1.0
        else:
            temperature = fit_temperature(logits, labels)
        ece = calibration(softmax(logits, temperature), labels).error
        changes: dict[str, Any] = {
            "temperature": temperature,
            "metrics": {**card.metrics, "ece": ece},
        }
        if card.metrics.get("epoch") == 0:
            changes["prior"] = initial.prior if initial is not None else {}
        save_model(path, model.state_dict(), card.model_copy(update=changes))
        measured, right = {"temperature": temperature, "ece": ece}, logits.argmax(axis=1) == labels
    return measured, np.asarray(right)


def _card_of(init: str) -> ModelCard | None:
    try:
        return read_card(find_model(init)) if init else None
    except ModelFileError:  # weights without a card, or "imagenet"
        return None
