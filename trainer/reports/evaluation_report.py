"""The figures of one evaluation, drawn from the predictions it wrote."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.card import ModelCard
from trainer.data.face_data import FaceData
from trainer.evaluation.attention_weights import attention_weights
from trainer.evaluation.evaluation_document import write_evaluation_report
from trainer.evaluation.metrics import ConfusionScores, confusion_matrix, softmax
from trainer.models import FerModel
from trainer.reports.attention_figures import attention_strips
from trainer.reports.figures import SHEET_COLUMNS, confusion_figure, percent_text, sample_sheet

WRONG_ROWS = 7  # rows of the sheet of wrong predictions
CAPTIONS = {
    "confusion": "Confusion matrix. The colour is the share of a true class",
    "right": "Correct predictions, the most confident of each class",
    "wrong": "Wrong predictions, the most confident first: true → predicted",
    "attention": "Where the network looks, by true class",
}


def write_evaluation_figures(
    out: Path, model: FerModel, card: ModelCard, data: FaceData, device: torch.device
) -> list[Path]:
    """Draw beside `out`'s predictions.npz of `data`, and into its reports; returns the files.

    confusion.png, right.png and wrong.png, and attention.png where the network has attention.
    """
    with np.load(out / "predictions.npz", allow_pickle=False) as predictions:
        logits = predictions["logits"]
    files = write_prediction_figures(out, data, logits, card.temperature)
    weights = attention_weights(model, card, data, device)
    if weights is not None:
        files.append(out / "attention.png")
        attention_strips(weights, data.label, card.classes, files[-1])
    write_evaluation_report(out, [(file, CAPTIONS[file.stem]) for file in files])
    return files


def write_prediction_figures(
    out: Path, data: FaceData, logits: NDArray[np.float32], temperature: float = 1.0
) -> list[Path]:
    """Write confusion.png, right.png and wrong.png of logits (N, K) in the order of `data`."""
    classes, labels, predicted = data.classes, data.label, logits.argmax(axis=1)
    confidence = softmax(logits, temperature).max(axis=1)
    scores = ConfusionScores(confusion_matrix(labels, predicted, len(classes)))
    files = [out / name for name in ("confusion.png", "right.png", "wrong.png")]
    title = f"{data.name}: {100 * scores.accuracy:.2f} % of {scores.n:,} correct"
    confusion_figure(scores.confusion, classes, files[0], title)

    order = np.argsort(-confidence, kind="stable")
    cells: list[int | None] = []
    for label in range(len(classes)):
        hits = [int(i) for i in order if labels[i] == label == predicted[i]][:SHEET_COLUMNS]
        cells += [*hits, *[None] * (SHEET_COLUMNS - len(hits))]
    sample_sheet(
        [None if i is None else np.asarray(data.images[i]) for i in cells],
        ["" if i is None else percent_text(confidence[i]) for i in cells],
        files[1],
        rows=classes,
        title=CAPTIONS["right"],
    )

    errors = [int(i) for i in order if labels[i] != predicted[i]][: SHEET_COLUMNS * WRONG_ROWS]
    sample_sheet(
        [np.asarray(data.images[i]) for i in errors],
        [
            f"{classes[labels[i]]} → {classes[predicted[i]]} {percent_text(confidence[i])}"
            for i in errors
        ],
        files[2],
        title=CAPTIONS["wrong"],
    )
    return files
