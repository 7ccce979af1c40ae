"""Predict a split with a model, and measure the predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainer.attribution import AuCosines, available_methods, landmark_correlation
from trainer.attribution_methods import DEFAULT_METHOD
from trainer.card import ModelCard
from trainer.data.clips import clip_rows, one_a_clip
from trainer.data.corruptions import CORRUPTIONS, corrupted
from trainer.data.crops import Crops, align_all, to_input
from trainer.data.face_data import SPLITS, FaceData
from trainer.errors import UsageError
from trainer.evaluation.clip_features import predict_clips
from trainer.evaluation.evaluation_document import write_evaluation_report
from trainer.evaluation.intervals import add_intervals
from trainer.evaluation.metrics import (
    classification_metrics,
    majority_accuracy,
    valence_arousal_metrics,
)
from trainer.evaluation.predictions import BATCH_SIZE, Predictions, Progress, no_progress, predict
from trainer.files import write_atomic, write_json
from trainer.models.registry import FerModel
from trainer.prior import TRAINED, ClassPrior

TTA = ("none", "flip", "tencrop")


def check_classes(model: str, card: ModelCard, classes: Sequence[str], data: str) -> None:
    """Raise UsageError if the named model lacks some of the `classes` of the named data set."""
    if not set(classes) <= set(card.classes):
        kept = ",".join(name for name in classes if name in card.classes)
        raise UsageError(
            f"{model}: its classes {', '.join(card.classes)} are not those of {data}",
            f"The data set has {', '.join(classes)}."
            + (f" To leave the others out: --classes {kept}" if kept else ""),
        )


def match_classes(model: str, card: ModelCard, data: FaceData) -> FaceData:
    """The data in the classes of the named model, which may have more, in another order.

    Raises UsageError if there are samples of classes that it does not know.
    """
    present = np.unique(data.label[data.label >= 0]).tolist()
    check_classes(model, card, [data.classes[number] for number in present], data.name)
    return data.in_classes(card.classes)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`metrics` of `predictions`, whose logits assume the prior; `data` has one row for each."""

    metrics: dict[str, Any]
    predictions: Predictions
    data: FaceData


def evaluate(
    model: FerModel, card: ModelCard, data: FaceData, device: torch.device, **options: Any
) -> dict[str, Any]:
    """The metrics of `evaluate_with_predictions`, with its options."""
    return evaluate_with_predictions(model, card, data, device, **options).metrics


def evaluate_with_predictions(
    model: FerModel,
    card: ModelCard,
    data: FaceData,
    device: torch.device,
    *,
    tta: str = "none",
    prior: str | Mapping[str, float] = TRAINED,
    explain: bool = False,
    method: str = "",
    corruptions: bool = False,
    out: Path | None = None,
    origin: dict[str, str] | None = None,
    progress: Progress = no_progress,
) -> Evaluation:
    """Metrics of the model on `data`; with `out`, the evaluation's files are written there.

    They have 95 % `intervals`, and name the `split`, the `epoch` of the model, if its card does,
    and the `temperature` with which its probabilities, and so the ECE, are calibrated.
    `prior` are the class shares that predictions and probabilities assume, see `ClassPrior.of`.
    `explain` adds how far attributions lie on landmarks and action units, by `method` (the
    card's unless named). `corruptions` adds the accuracy under simulated poor cameras. `origin`
    (`model_file` and `data_path`) is noted in metrics.json. `progress` is that of `predict`, for
    the uncorrupted pictures. Of data with clips each clip is one sample, see `predict_clips`.
    """
    assumed = ClassPrior.of(card, prior)
    if data.clip is None:
        crops = align_all(data, card.preprocessing)
        predictions = predict(model, card, crops.pixels, device, tta, progress)
    elif explain or corruptions:
        raise UsageError(f"{data.name}: clips are neither explained nor corrupted")
    else:
        predictions = predict_clips(model, card, data, device, tta, progress)
        data = one_a_clip(data, clip_rows(data))
    predictions = replace(predictions, logits=assumed.adjust(predictions.logits))
    result = classification_metrics(predictions.logits, data.label, card.classes, card.temperature)
    result = add_intervals(result, predictions.logits, data.label, card.temperature)
    result |= {"split": split_name(data), "epoch": card.metrics.get("epoch")}
    result |= {"temperature": card.temperature, **_further_metrics(data, predictions)}
    if explain:
        method = method or card.explanation
        predicted = torch.from_numpy(predictions.logits.argmax(axis=1))
        if DEFAULT_METHOD in available_methods(model):  # other people's may have no gradient
            on_landmarks = landmark_agreement(model, card, crops, predicted, device)
            if on_landmarks:
                result["landmark_r"] = on_landmarks
        result["explanation"] = method
        result["au"] = au_agreement(model, card, crops, device, method)
    if corruptions:
        result["corruptions"] = corruption_accuracy(model, card, crops, device, tta, assumed)
    if out is not None:
        conditions = {"tta": tta, "prior": assumed.as_json(), **(origin or {})}
        _write_evaluation(out, card, data, predictions, assumed, result, conditions)
    return Evaluation(result, predictions, data)


def split_name(data: FaceData) -> str:
    """The split of the samples, or all of them: `val`, `train+val`."""
    return "+".join(split for split in SPLITS if (data.split == split).any())


def _further_metrics(data: FaceData, predictions: Predictions) -> dict[str, Any]:
    """Those for which the data need votes, or valence and arousal."""
    further: dict[str, Any] = {"votes": majority_accuracy(predictions.logits, data.votes)}
    if predictions.valence_arousal is not None and data.valence_arousal is not None:
        further["valence_arousal"] = valence_arousal_metrics(
            predictions.valence_arousal, data.valence_arousal
        )
    return {name: measured for name, measured in further.items() if measured}


def corruption_accuracy(
    model: FerModel,
    card: ModelCard,
    crops: Crops,
    device: torch.device,
    tta: str,
    prior: ClassPrior,
) -> dict[str, dict[str, float]]:
    """Accuracy and mean class accuracy on the crops under each corruption."""
    labels, accuracies = crops.labels.numpy(), {}
    for name in CORRUPTIONS:
        logits = predict(model, card, corrupted(crops.pixels, name), device, tta).logits
        result = classification_metrics(prior.adjust(logits), labels, card.classes)
        accuracies[name] = {key: result[key] for key in ("accuracy", "mean_class_accuracy")}
    return accuracies


def landmark_agreement(
    model: FerModel, card: ModelCard, crops: Crops, predicted: torch.Tensor, device: torch.device
) -> dict[str, float | int]:
    """Mean Pearson r of Grad*Input of the `predicted` classes (N,) with the landmark heatmap.

    Empty if no picture has landmarks.
    """
    sizes, margin = card.preprocessing, card.preprocessing.margin
    correlations = torch.cat(
        [
            landmark_correlation(
                model,
                to_input(crops.pixels[start : start + BATCH_SIZE], sizes).to(device),
                (crops.landmarks[start : start + BATCH_SIZE] - margin).to(device),
                target=predicted[start : start + BATCH_SIZE],
            ).cpu()
            for start in range(0, len(crops), BATCH_SIZE)
        ]
    )
    known = correlations[~correlations.isnan()]
    if not len(known):
        return {}
    std = float(known.std()) if len(known) > 1 else 0.0
    return {"mean": float(known.mean()), "std": std, "n": len(known)}


def au_agreement(
    model: FerModel, card: ModelCard, crops: Crops, device: torch.device, method: str
) -> dict[str, Any]:
    """CAM-COS by `method` and ATT-COS with the true class's action units, and constant floors."""
    sizes, margin = card.preprocessing, card.preprocessing.margin
    cosines = AuCosines(card.classes, method)
    for start in range(0, len(crops), BATCH_SIZE):
        rows = slice(start, start + BATCH_SIZE)
        cosines.add(
            model,
            to_input(crops.pixels[rows], sizes).to(device),
            (crops.landmarks[rows] - margin).to(device),
            crops.labels[rows].to(device),
        )
    return cosines.result()


def _write_evaluation(
    out: Path,
    card: ModelCard,
    data: FaceData,
    predictions: Predictions,
    prior: ClassPrior,
    result: dict[str, Any],
    conditions: dict[str, Any],
) -> None:
    """predictions.npz has the logits as `prior` adjusted them, and its shift."""
    write_json(
        out / "metrics.json", {"model": card.name, "data": data.name, **conditions, **result}
    )
    write_json(
        out / "confusion.json", {"classes": list(card.classes), "counts": result["confusion"]}
    )
    affect: dict[str, Any] = {
        "valence_arousal": predictions.valence_arousal,
        "valence_arousal_label": data.valence_arousal,
    }
    write_atomic(
        out / "predictions.npz",
        lambda stream: np.savez(
            stream,
            sample_id=data.sample_id,
            source_index=data.source_index,
            split=data.split,
            label=data.label,
            logits=predictions.logits,
            feature=predictions.features.astype(np.float16),
            landmarks=data.landmarks,
            votes=data.votes,
            temperature=np.float64(card.temperature),
            prior_shift=prior.shift,
            **{name: values for name, values in affect.items() if values is not None},
        ),
    )
    write_evaluation_report(out)
