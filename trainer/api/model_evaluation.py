"""`trainer.load_model` and `trainer.evaluate`: a model from its file, and how good it is."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trainer.device import resolve_device
from trainer.errors import UsageError
from trainer.evaluation.evaluate import (
    TTA,
    Evaluation,
    evaluate_with_predictions,
    match_classes,
)
from trainer.evaluation.evaluation_document import condition_text
from trainer.evaluation.metrics import softmax
from trainer.model_index import find_model
from trainer.models import model_file
from trainer.models.registry import FerModel
from trainer.prior import TRAINED
from trainer.reports.data_as_trained import aligned_as_trained, open_as_trained
from trainer.reports.run_records import data_config_of


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """How good a model is on a split of a data set.

    `metrics` are accuracy, mean_class_accuracy, macro_f1, ece (all as shares), their 95 %
    `intervals`, n, per_class, confusion (rows are true classes, columns predicted ones) and what
    they are of: split, epoch, temperature; those of `fertrain evaluate --json`.
    `predictions` has a row for each picture: sample_id, source_index (its row in the source file,
    from 0), split, label, predicted, confidence, and a probability p_<class> each.
    """

    model: str
    data: str
    split: str
    metrics: dict[str, Any]
    predictions: pd.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        measured = self.metrics
        return (
            f"<EvaluationResult of {self.model} on {self.data}, {condition_text(measured)}: "
            f"accuracy {measured['accuracy']:.2%}, "
            f"mean class {measured['mean_class_accuracy']:.2%}, "
            f"macro F1 {measured['macro_f1']:.3f}, ECE {measured['ece']:.3f}>"
        )


def load_model(model: str | os.PathLike[str], device: str = "cpu") -> FerModel:
    """The network of a model file, of a run's directory or of a bundled model's name.

    A torch module in evaluation mode without weight gradients (`requires_grad_(True)` gives them
    back), with its card as `.card` and its file as `.file`. It takes (B, 1, s, s) float32 faces, as
    `trainer.data.crops.to_input(crops, model.card.preprocessing)` makes them of aligned grey crops
    (B, S, S), and returns logits (B, K). `device` is "auto", "cpu", "cuda", "cuda:N" or "mps".
    Raises ModelFileError where the file is missing, damaged, or unlike its card.
    """
    return model_file.load_model(find_model(os.fsdecode(model)), resolve_device(device))[0]


def evaluate(
    model: FerModel | str | os.PathLike[str],
    data: str | os.PathLike[str],
    split: str = "val",
    *,
    tta: str = "none",
    prior: str | Mapping[str, float] = TRAINED,
) -> EvaluationResult:
    """Measure a model on a split of a data set, as `fertrain evaluate` does.

    `model` comes from `load_model` and stays on its device, or is what `load_model` takes and runs
    on the best one. `split` is train, val or test; where the data have no val it is drawn as the
    model's own training drew it. `tta` averages several views of each picture: none, flip,
    tencrop. `prior` are the class shares that predictions assume: trained, balanced, a JSON file,
    or class → share. Writes nothing.
    Raises UsageError, ModelFileError or DataError with the reason.
    """
    if tta not in TTA:
        raise UsageError(f"tta={tta!r}: known are {', '.join(TTA)}")
    if not isinstance(model, FerModel):
        model = load_model(model, "auto")
    if not hasattr(model, "card"):
        raise UsageError("this model has no card", "Load one with trainer.load_model.")
    path = Path(data).expanduser()
    landmarks = data_config_of(model.file, path).landmarks
    faces = open_as_trained(path, [model.file], landmarks).of_split(split)
    faces = aligned_as_trained(model.file, faces)
    faces = match_classes(str(model.file), model.card, faces)
    device = next(model.parameters()).device
    evaluation = evaluate_with_predictions(model, model.card, faces, device, tta=tta, prior=prior)
    predictions = _table(evaluation, model.card.classes, model.card.temperature)
    return EvaluationResult(model.card.name, faces.name, split, evaluation.metrics, predictions)


def _table(evaluation: Evaluation, classes: tuple[str, ...], temperature: float) -> pd.DataFrame:
    data, names = evaluation.data, np.array(classes)
    probabilities = softmax(evaluation.predictions.logits, temperature)
    return pd.DataFrame(
        {
            "sample_id": data.sample_id,
            "source_index": data.source_index,
            "split": data.split,
            "label": names[data.label],
            "predicted": names[probabilities.argmax(axis=1)],
            "confidence": probabilities.max(axis=1),
            **{f"p_{name}": probabilities[:, index] for index, name in enumerate(classes)},
        }
    )
