"""The report of a model's explanations: on a split, and on one picture."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.attribution import (
    attribute,
    attribute_with_logits,
    available_methods,
    unavailable_methods,
)
from trainer.attribution.au_cosine import KIND_TITLES
from trainer.attribution_methods import METHODS
from trainer.card import ModelCard, Preprocessing
from trainer.data.crops import align_all, centre, to_input
from trainer.data.face_data import FaceData
from trainer.data.reading.decode_picture import decode_colour_8_bits
from trainer.document import ReportSection, table_section, write_document
from trainer.errors import DataError
from trainer.evaluation.attention_weights import attention_weights
from trainer.evaluation.evaluate import au_agreement
from trainer.evaluation.explanation_quality import (
    KINDS,
    MEASURES,
    ExplanationSamples,
    draw_explanation_samples,
    measure_explanations,
)
from trainer.evaluation.intervals import wilson
from trainer.evaluation.metrics import classification_metrics, softmax
from trainer.evaluation.predictions import predict
from trainer.faces.action_units import au_heatmap, au_valid, expressions_of
from trainer.faces.align import crop_face, transform_points
from trainer.faces.landmarker import FaceLandmarker, face_of_crop
from trainer.files import write_json
from trainer.models.registry import FerModel
from trainer.reports.attention_figures import attention_strips
from trainer.reports.map_figures import KIND_NAMES, faithfulness_figure, map_sheet, sanity_figure

SHEET_SAMPLES = 8  # in the sheet of correct and in that of wrong predictions
SHEET_SIDE = 112  # px: faces and maps are enlarged to this for the figures
SHEET_COLUMNS = 5  # of the maps of one picture
NOTES = (
    "Every measure is shown beside three maps that ignore the model: noise, the edges of the "
    "picture, and the mean action unit map, which is the same for every face. Brackets hold the "
    "95 % bootstrap interval of the mean. Maps explain the predicted class; where they are "
    "compared with action units, the true class."
)

Maps = NDArray[np.float32]
Cell = tuple[Maps, Maps | None]  # a face, and its map


def write_explanation_report(
    model: FerModel,
    card: ModelCard,
    data: FaceData,
    device: torch.device,
    out: Path,
    *,
    method: str = "",
    limit: int = 200,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Write report.html, report.md, metrics.json and figures; returns the content of metrics.json.

    `method` defaults to the card's; `limit` is the number of random samples (0 is all).
    """
    method = method or card.explanation
    crops = align_all(data, card.preprocessing)
    samples = draw_explanation_samples(crops, card, device, limit)
    logits = predict(model, card, crops.pixels, device).logits
    metrics = classification_metrics(logits, data.label, card.classes)
    accuracy, labelled = metrics["accuracy"], metrics["n"]
    result: dict[str, Any] = {
        "model": card.name,
        "data": data.name,
        "n": len(data),
        "accuracy": accuracy,
        "intervals": {"accuracy": wilson(round(accuracy * labelled), labelled)},
        "au": au_agreement(model, card, crops, device, method),
        **measure_explanations(
            model, card, samples, method, lambda done, total: progress("measuring", done, total)
        ),
    }
    write_json(out / "metrics.json", result)
    sections = [_measures_section(result)]
    if result["au"]:
        sections.append(_au_section(result["au"], card.classes))
    sections.append(_faithfulness_section(result, out))
    sections.append(_faces_section(model, card, samples, method, out))
    weights = attention_weights(model, card, data, device)
    if weights is not None:
        attention_strips(weights, data.label, card.classes, out / "attention.png")
        caption = "A row for each picture, a column for each feature, minus the mean"
        figures = ((out / "attention.png", caption),)
        sections.append(ReportSection("Attention weights", figures=figures))
    title = f"How {card.name} explains itself: {method} on {data.name}"
    write_document(title, f"{len(samples)} of {len(data)} samples. {NOTES}", sections, out)
    return result


def _measures_section(result: dict[str, Any]) -> ReportSection:
    rows = []
    for name, meaning in MEASURES.items():
        intervals = [result["maps"][kind].get(name) for kind in KINDS]
        rows.append([name, *map(_interval_text, intervals), meaning])
    if result["randomised"]:
        sanity = result["randomised"][-1]["spearman"]
        meaning = "Spearman r with the maps of an untrained network"
        rows.append(["randomised", f"{sanity:+.3f}", "", "", "", meaning])
    else:
        rows.append(["randomised", "–", "", "", "", "not measured: no weights can be changed"])
    columns = ["measure", *(KIND_NAMES[kind] for kind in KINDS), "meaning"]
    return table_section("Measures", columns, rows)


def _interval_text(interval: dict[str, float] | None) -> str:
    if interval is None or not interval["n"]:
        return "–"
    return f"{interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


def _au_section(au: dict[str, dict[str, Any]], classes: tuple[str, ...]) -> ReportSection:
    kinds = [key for key in KIND_TITLES if key in au]
    rows = [
        [name, *(_cosine_text(au[key]["per_class"][k]) for key in kinds)]
        for k, name in enumerate(classes)
    ]
    rows.append(["mean", *(_cosine_text(au[key]["mean"]) for key in kinds)])
    title = "Action units: cosine with the true class's map"
    return table_section(title, ["", *(KIND_TITLES[key] for key in kinds)], rows)


def _cosine_text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _faithfulness_section(result: dict[str, Any], out: Path) -> ReportSection:
    faithfulness_figure(result["curves"], result["maps"], out / "faithfulness.png")
    figures = [(out / "faithfulness.png", "The predicted class's probability, falling and rising")]
    if result["randomised"]:
        sanity_figure(result["randomised"], out / "sanity.png")
        caption = "A map that survives random weights shows the picture, no model"
        figures.append((out / "sanity.png", caption))
    return ReportSection("Faithfulness", figures=tuple(figures))


def _faces_section(
    model: FerModel, card: ModelCard, samples: ExplanationSamples, method: str, out: Path
) -> ReportSection:
    with torch.no_grad():
        logits = model(samples.x).float().cpu().numpy()
    confidence = softmax(logits, card.temperature).max(axis=1)
    correct = logits.argmax(axis=1) == samples.labels.cpu().numpy()
    faces = enlarge_maps(centre(samples.crops, card.preprocessing.input_size))
    _write_class_sheet(model, card, samples, method, faces, out / "classes.png")
    figures = [(out / "classes.png", "For each class, its mean face and the mean of its maps")]
    order = np.argsort(-confidence, kind="stable")
    for name, title, rows in (
        ("best", "Correct predictions, the most confident first", order[correct[order]]),
        ("worst", "Wrong predictions, the most confident first", order[~correct[order]]),
    ):
        if len(rows):
            shown = rows[:SHEET_SAMPLES].tolist()
            figures.append((out / f"{name}.png", title))
            _write_sample_sheet(model, card, samples, method, logits, faces, shown, *figures[-1])
    return ReportSection("Faces", figures=tuple(figures))


def _write_sample_sheet(
    model: FerModel,
    card: ModelCard,
    samples: ExplanationSamples,
    method: str,
    logits: NDArray[np.float32],
    faces: Maps,
    rows: list[int],
    path: Path,
    title: str,
) -> None:
    """A row for each sample: its face, the maps of its true and predicted class, its AU heatmap."""
    predicted, true = logits[rows].argmax(axis=1), samples.labels[rows]
    p = softmax(logits[rows], card.temperature)
    x = samples.x[rows]
    of_true = enlarge_maps(attribute(model, x, method, true))
    of_predicted = enlarge_maps(
        attribute(model, x, method, torch.from_numpy(predicted).to(x.device))
    )
    action_units = enlarge_maps(samples.heat[rows])
    has_action_units = samples.has_action_units[rows].tolist()
    cells: list[Cell] = []
    captions = []
    for i, (row, label, prediction) in enumerate(
        zip(rows, true.tolist(), predicted.tolist(), strict=True)
    ):
        maps = (None, of_true[i], of_predicted[i], action_units[i])
        cells += [(faces[row], map_) for map_ in maps]
        captions += [
            "",
            *(f"{card.classes[k]} {100 * p[i, k]:.0f} %" for k in (label, prediction)),
            "" if has_action_units[i] else "none",
        ]
    columns = ("face", "true class", "predicted class", "action units")
    map_sheet(cells, captions, path, columns=columns, title=title)


def _write_class_sheet(
    model: FerModel,
    card: ModelCard,
    samples: ExplanationSamples,
    method: str,
    faces: Maps,
    path: Path,
) -> None:
    cells: list[Cell] = []
    captions, names = [], []
    for label, name in enumerate(card.classes):
        rows = samples.labels == label
        count = int(rows.sum())
        if not count:
            continue
        maps = attribute(model, samples.x[rows], method, samples.labels[rows])
        peaks = maps.abs().amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
        mean_maps = enlarge_maps(torch.stack([(maps / peaks).mean(0), samples.heat[rows].mean(0)]))
        mean_face = faces[rows.cpu().numpy()].mean(axis=0)
        cells += [(mean_face, map_) for map_ in (None, *mean_maps)]
        captions += [f"{count} face{'s' if count != 1 else ''}", "", ""]
        names.append(name)
    columns = ("mean face", "mean of its maps", "mean action units")
    map_sheet(cells, captions, path, columns=columns, rows=names)


def enlarge_maps(maps: Tensor) -> Maps:
    """(B, h, w) → (B, SHEET_SIDE, SHEET_SIDE)."""
    enlarged = torch.nn.functional.interpolate(
        maps[:, None].float().cpu(), (SHEET_SIDE, SHEET_SIDE), mode="bilinear", align_corners=False
    )
    return np.asarray(enlarged[:, 0].numpy(), np.float32)


@dataclass(frozen=True, slots=True)
class _AlignedFace:
    """`crop` (1, S, S) uint8, or (1, S, S, 3) RGB.

    `landmarks` (68, 2) are float32, in pixels of the network's input.
    """

    crop: Tensor
    landmarks: Tensor


def write_picture_explanation(
    model: FerModel, card: ModelCard, picture: Path, device: torch.device, out: Path
) -> dict[str, Any]:
    """Explain the largest face of one picture with every method that the model supports.

    Raises DataError if the file is not a picture or shows no face.
    """
    face = _aligned_face(picture, card.preprocessing)
    x = to_input(face.crop, card.preprocessing).to(device)
    model.eval()
    with torch.no_grad():
        logits = model(x).float().cpu().numpy()
    p = softmax(logits, card.temperature)[0]
    best = int(p.argmax())
    maps, delta = _maps_by_method(model, x, best)
    missing = unavailable_methods(model)
    result = {
        "model": card.name,
        "image": str(picture),
        "label": card.classes[best],
        "probabilities": {name: float(share) for name, share in zip(card.classes, p, strict=True)},
        "methods": list(maps),
        "unavailable": missing,
        "integrated_gradients_delta": delta,
    }
    write_json(out / "metrics.json", result)
    _write_method_sheet(card, face, maps, best, out / "maps.png")
    caption = (
        f"Red: evidence for {card.classes[best]}, blue: against it; each map has its own scale"
    )
    rows = [[card.classes[k], f"{100 * p[k]:.1f} %"] for k in np.argsort(-p)]
    reasons = [[METHODS[name].title, why] for name, why in missing.items()]
    sections = [
        ReportSection("Maps", figures=((out / "maps.png", caption),)),
        table_section("Probabilities", ["expression", "probability"], rows),
        table_section("Not with this model", ["method", "why"], reasons),
    ]
    notes = f"{card.name} on {picture.name}: {card.classes[best]} {p[best]:.0%}. {card.limits}"
    write_document(f"Why {card.classes[best]}?", notes, sections, out)
    return result


def _aligned_face(picture: Path, sizes: Preprocessing) -> _AlignedFace:
    """The largest face. Raises DataError without one."""
    pixels = _read_picture(picture)
    with FaceLandmarker() as landmarker:
        faces = landmarker(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8))
        face = faces[0] if faces else face_of_crop(landmarker, pixels)
    if face is None:
        raise DataError(f"{picture}: no face was found", "The face must be seen from the front.")
    points = face.landmarks
    aligned = crop_face(pixels, points, sizes)
    landmarks = transform_points(aligned.matrix, points).astype(np.float32) - sizes.margin
    return _AlignedFace(torch.from_numpy(aligned.crop)[None], torch.from_numpy(landmarks))


def _read_picture(picture: Path) -> NDArray[np.uint8]:
    """BGR."""
    try:
        return decode_colour_8_bits(picture.read_bytes())
    except OSError as error:
        raise DataError(f"{picture}: could not be read ({error.strerror})") from error
    except ValueError as error:
        raise DataError(f"{picture} {error}") from error


def _maps_by_method(
    model: FerModel, x: Tensor, target: int
) -> tuple[dict[str, Tensor], float | None]:
    """Maps (1, h, w) by method, and the completeness error of integrated gradients."""
    results = {
        name: attribute_with_logits(model, x, name, target) for name in available_methods(model)
    }
    gradients = results.get("integrated_gradients")
    delta = gradients.delta if gradients is not None else None
    maps = {name: result.maps for name, result in results.items()}
    return maps, None if delta is None else float(delta[0])


def _write_method_sheet(
    card: ModelCard, face: _AlignedFace, maps: dict[str, Tensor], label: int, path: Path
) -> None:
    """The face, its map by every method, and the action units of the class."""
    side = card.preprocessing.input_size
    grey = face.crop if face.crop.ndim == 3 else face.crop.float().mean(dim=-1)
    image = enlarge_maps(centre(grey, side))[0]
    cells: list[Cell] = [(image, None)]
    cells += [(image, enlarge_maps(map_.float())[0]) for map_ in maps.values()]
    captions = ["the aligned face", *(METHODS[name].title for name in maps)]
    expression = expressions_of(card.classes)[label : label + 1]
    if bool(au_valid(expression)):
        heat = au_heatmap(face.landmarks[None], side, expression)
        cells.append((image, enlarge_maps(heat)[0]))
        captions.append(f"action units of {card.classes[label]}")
    map_sheet(cells, captions, path, columns=("",) * SHEET_COLUMNS)
