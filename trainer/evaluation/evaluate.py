"""Predict a split with a model, and measure the predictions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.attribution import AuCosines, landmark_correlation
from trainer.card import ModelCard
from trainer.data.corruptions import CORRUPTIONS, corrupted
from trainer.data.crops import Crops, LazyCrops, align_all, normalise, to_input
from trainer.data.face_data import FaceData
from trainer.device import memory_format
from trainer.errors import UsageError
from trainer.evaluation.metrics import classification_metrics, majority_accuracy
from trainer.files import write_atomic, write_json, write_text
from trainer.models.registry import FerModel
from trainer.prior import TRAINED, ClassPrior

BATCH_SIZE = 256
TTA = ("none", "flip", "tencrop")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Predictions:
    """`logits` (N, K) and `features` (N, d) float32, in the order of the data."""

    logits: NDArray[np.float32]
    features: NDArray[np.float32]


def check_classes(model: str, card: ModelCard, data: FaceData) -> None:
    """Raise UsageError if the named model and the data have different classes."""
    if data.classes != card.classes:
        raise UsageError(
            f"{model}: its classes {', '.join(card.classes)} are not those of {data.name}",
            f"The data set has {', '.join(data.classes)}.",
        )


@torch.inference_mode()
def predict(
    model: FerModel,
    card: ModelCard,
    pixels: Tensor | LazyCrops,
    device: torch.device,
    tta: str = "none",
    progress: Progress = lambda done, total: None,
) -> Predictions:
    """Logits and features of aligned crops (N, S, S) uint8; with several views, their means.

    `tta` flip: the crop and its mirror image; tencrop: the four corners and the centre of the
    crop, and their mirror images. `progress(done, total)` is called before every batch; an
    exception that it raises ends the prediction.
    """
    model.eval()
    logits, features = [], []
    layout = memory_format(model, device)
    for start in range(0, len(pixels), BATCH_SIZE):
        progress(start, len(pixels))
        inputs = _views(pixels[start : start + BATCH_SIZE], card, tta)
        embeddings = [model.embed(x.to(device, memory_format=layout)) for x in inputs]
        features.append(torch.stack(embeddings).mean(0).float().cpu())
        logits.append(torch.stack([model.classify(e).float() for e in embeddings]).mean(0).cpu())
    return Predictions(torch.cat(logits).numpy(), torch.cat(features).numpy())


def _views(crops: Tensor, card: ModelCard, tta: str) -> list[Tensor]:
    views = [to_input(crops, card.preprocessing)]
    if tta == "none":
        return views
    if tta == "tencrop":
        side = card.preprocessing.input_size
        end = crops.shape[-1] - side
        for y, x in ((0, 0), (0, end), (end, 0), (end, end)):
            corner = crops[:, None, y : y + side, x : x + side].float().div(255)
            views.append(normalise(corner, card.preprocessing))
    return views + [view.flip(-1) for view in views]


def evaluate(
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
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Metrics of the model on `data`; with `out`, the evaluation's files are written there.

    `prior` are the class shares that predictions and probabilities assume, see `ClassPrior.of`.
    `explain` adds how far attributions lie on landmarks and action units, by `method` (the
    card's unless named). `corruptions` adds the accuracy under simulated poor cameras. `origin`
    (`model_file` and `data_path`) is noted in metrics.json. `progress` is that of `predict`, for
    the uncorrupted pictures.
    """
    crops = align_all(data, card.preprocessing)
    assumed = ClassPrior.of(card, prior)
    predictions = predict(model, card, crops.pixels, device, tta, progress)
    predictions = replace(predictions, logits=assumed.adjust(predictions.logits))
    result = classification_metrics(predictions.logits, data.label, card.classes, card.temperature)
    votes = majority_accuracy(predictions.logits, data.votes)
    if votes:
        result["votes"] = votes
    if explain:
        method = method or card.explanation
        predicted = torch.from_numpy(predictions.logits.argmax(axis=1))
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
    return result


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
    model: FerModel, card: ModelCard, crops: Crops, predicted: Tensor, device: torch.device
) -> dict[str, float | int]:
    """Mean Pearson r of Grad*Input of the `predicted` classes (N,) with the landmark heatmap.

    Empty if no picture has landmarks.
    """
    sizes = card.preprocessing
    margin = (sizes.crop_size - sizes.input_size) // 2
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
    sizes = card.preprocessing
    margin = (sizes.crop_size - sizes.input_size) // 2
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
        ),
    )
    how = f"views: {conditions['tta']}, temperature {card.temperature:.3g}, prior: {prior}"
    write_text(out / "report.md", _markdown_report(card, data.name, result, how))


def _markdown_report(card: ModelCard, data_name: str, result: dict[str, Any], how: str) -> str:
    lines = [
        f"# {card.name} on {data_name}",
        "",
        f"{result['n']} samples, {how}.",
        "",
        f"Accuracy {result['accuracy']:.2%}, mean class accuracy "
        f"{result['mean_class_accuracy']:.2%}, macro F1 {result['macro_f1']:.3f}, "
        f"ECE {result['ece']:.3f}.",
        "",
        "| class | n | accuracy | precision | F1 |",
        "|---|---|---|---|---|",
    ]
    for name, row in result["per_class"].items():
        lines.append(
            f"| {name} | {row['n']} | {row['accuracy']:.2%} | {row['precision']:.2%} "
            f"| {row['f1']:.3f} |"
        )
    lines += ["", "Rows: true class; columns: predicted class.", ""]
    lines.append("| | " + " | ".join(card.classes) + " |")
    lines.append("|---" * (len(card.classes) + 1) + "|")
    for name, row in zip(card.classes, result["confusion"], strict=True):
        lines.append(f"| **{name}** | " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines) + "\n"
