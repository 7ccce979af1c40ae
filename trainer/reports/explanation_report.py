"""The report of how a model explains itself: on a split, and on one picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.attribution import explain, methods_of
from trainer.attribution.core import PIXELS
from trainer.attribution.on_demand import explain_on_demand, maps_by, slow_methods_of
from trainer.card import ModelCard
from trainer.data.crops import align_all, centre, to_input
from trainer.data.face_data import FaceData
from trainer.errors import DataError
from trainer.evaluation.evaluate import au_agreement, predict
from trainer.evaluation.explanation_quality import KINDS, MEASURES, Samples, measure, samples_of
from trainer.evaluation.metrics import classification_metrics, softmax
from trainer.faces.action_units import au_heatmap, au_valid, expressions_of
from trainer.faces.align import align_face, transform
from trainer.faces.landmarker import FaceLandmarker, landmarks_of_crop
from trainer.files import write_json
from trainer.models.registry import FerModel
from trainer.reports.attention_figures import weights_of
from trainer.reports.document import Part, table, write_document
from trainer.reports.figures import attention_strips
from trainer.reports.map_figures import NAMES, faithfulness_picture, map_sheet, sanity_picture

SHOWN = 8  # samples in a sheet of the best or the worst
SHEET = 112  # px: faces are enlarged to this for the pictures
NOTES = (
    "Every measure stands beside three maps that know nothing of the model: noise, the picture's "
    "edges, and the mean action unit map, the same for every face. Brackets hold the 95 % "
    "bootstrap interval of the mean. Maps explain the predicted class, where places of action "
    "units are measured the true one."
)


def write_explanation(
    model: FerModel,
    card: ModelCard,
    data: FaceData,
    device: torch.device,
    out: Path,
    *,
    method: str = "",
    limit: int = 200,
    report: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Write report.html, report.md, metrics.json and pictures; returns what metrics.json holds.

    `method` is the card's own unless named; `limit` samples are drawn (0 is all).
    """
    method = method or card.explanation
    crops = align_all(data, card.preprocessing)
    samples = samples_of(crops, card, device, limit)
    logits = predict(model, card, crops.pixels, device).logits
    result: dict[str, Any] = {
        "model": card.name,
        "data": data.name,
        "n": len(data),
        "accuracy": classification_metrics(logits, data.label, card.classes)["accuracy"],
        "au": au_agreement(model, card, crops, device, method),
        **measure(model, card, samples, method, lambda done, n: report("measuring", done, n)),
    }
    write_json(out / "metrics.json", result)
    parts = [_measures(result)]
    if result["au"]:
        parts.append(_au_table(result["au"], card.classes))
    parts.append(_curves(result, out))
    parts.append(_sheets(model, card, samples, method, out))
    weights = weights_of(model, card, data, device)
    if weights is not None:
        attention_strips(weights, data.label, card.classes, out / "attention.png")
        caption = "A row a picture, a column a feature; the mean is taken off"
        parts.append(Part("Attention weights", pictures=((out / "attention.png", caption),)))
    title = f"How {card.name} explains itself: {method} on {data.name}"
    write_document(title, f"{len(samples)} of {len(data)} samples. {NOTES}", parts, out)
    return result


def _measures(result: dict[str, Any]) -> Part:
    rows = []
    for name, meaning in MEASURES.items():
        cells = [result["maps"][kind].get(name) for kind in KINDS]
        rows.append([name, *map(_cell, cells), meaning])
    sanity = result["randomised"][-1]["spearman"]
    rows.append(
        ["randomised", f"{sanity:+.3f}", "", "", "", "Spearman r with an untrained network's maps"]
    )
    return table("Measures", ["measure", *(NAMES[kind] for kind in KINDS), "meaning"], rows)


def _cell(found: dict[str, float] | None) -> str:
    if found is None or not found["n"]:
        return "–"
    return f"{found['mean']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def _au_table(au: dict[str, dict[str, Any]], classes: tuple[str, ...]) -> Part:
    kinds = {
        "cam_cos": "CAM-COS",
        "att_cos": "ATT-COS",
        "mean_au": "mean AU map",
        "gaussian": "centred Gaussian",
        "uniform": "uniform map",
    }
    rows = [
        [name, *(_number(au[kind]["per_class"][k]) for kind in kinds)]
        for k, name in enumerate(classes)
    ]
    rows.append(["mean", *(_number(au[kind]["mean"]) for kind in kinds)])
    return table("Action units: cosine with the true class's map", ["", *kinds.values()], rows)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _curves(result: dict[str, Any], out: Path) -> Part:
    faithfulness_picture(result["curves"], result["maps"], out / "faithfulness.png")
    sanity_picture(result["randomised"], out / "sanity.png")
    return Part(
        "Faithfulness",
        pictures=(
            (out / "faithfulness.png", "What the predicted class loses and regains"),
            (out / "sanity.png", "A map that survives random weights shows the picture, no model"),
        ),
    )


def _sheets(model: FerModel, card: ModelCard, samples: Samples, method: str, out: Path) -> Part:
    with torch.no_grad():
        logits = model(samples.x).float().cpu().numpy()
    sure, predicted = softmax(logits, card.temperature), logits.argmax(axis=1)
    truth = samples.labels.cpu().numpy()
    faces = enlarge(centre(samples.crops, card.preprocessing.input_size))
    _class_sheet(model, card, samples, method, faces, out / "classes.png")
    order = np.argsort(-sure.max(axis=1), kind="stable")
    chosen = {
        "best": [int(i) for i in order if predicted[i] == truth[i]][:SHOWN],
        "worst": [int(i) for i in order if predicted[i] != truth[i]][:SHOWN],
    }
    words = {
        "best": "Right, the surest first",
        "worst": "Wrong, the surest first",
    }
    pictures = [(out / "classes.png", "Each class: its mean face and the mean of its maps")]
    for kind, rows in chosen.items():
        if not rows:
            continue
        x, heat = samples.x[rows], samples.heat[rows]
        true = maps_by(model, x, method, samples.labels[rows])
        guess = maps_by(model, x, method, torch.from_numpy(predicted[rows]).to(x.device))
        cells: list[tuple[Any, Any]] = []
        captions = []
        for place, row in enumerate(rows):
            for map_ in (None, true[place], guess[place], heat[place]):
                cells.append((faces[row], None if map_ is None else enlarge(map_[None])[0]))
            captions += [
                "",
                f"{card.classes[truth[row]]} {100 * sure[row, truth[row]]:.0f} %",
                f"{card.classes[predicted[row]]} {100 * sure[row, predicted[row]]:.0f} %",
                "" if samples.guided[row] else "none",
            ]
        map_sheet(
            cells, captions, out / f"{kind}.png", title=words[kind],
            columns=("face", "true class", "predicted class", "action units"),
        )  # fmt: skip
        pictures.append((out / f"{kind}.png", words[kind]))
    return Part("Faces", pictures=tuple(pictures))


def _class_sheet(
    model: FerModel,
    card: ModelCard,
    samples: Samples,
    method: str,
    faces: NDArray[np.float32],
    path: Path,
) -> None:
    cells: list[tuple[Any, Any]] = []
    captions, rows = [], []
    for label, name in enumerate(card.classes):
        own = samples.labels == label
        if not own.any():
            continue
        maps = maps_by(model, samples.x[own], method, samples.labels[own])
        peaks = maps.abs().amax(dim=(1, 2), keepdim=True).clamp_min(1e-12)
        mean_face = faces[own.cpu().numpy()].mean(axis=0)
        for map_ in (None, (maps / peaks).mean(0), samples.heat[own].mean(0)):
            cells.append((mean_face, None if map_ is None else enlarge(map_[None])[0]))
        count = int(own.sum())
        captions += [f"{count} face{'s' if count != 1 else ''}", "", ""]
        rows.append(name)
    columns = ("mean face", "mean of its maps", "mean action units")
    map_sheet(cells, captions, path, columns=columns, rows=rows)


def enlarge(maps: Tensor) -> NDArray[np.float32]:
    """(B, h, w) → (B, SHEET, SHEET)."""
    big = torch.nn.functional.interpolate(
        maps[:, None].float().cpu(), (SHEET, SHEET), mode="bilinear", align_corners=False
    )
    return np.asarray(big[:, 0].numpy(), np.float32)


def _read(picture: Path) -> NDArray[np.uint8]:
    """BGR. Decoded from memory: imread prints its own messages."""
    try:
        content = np.frombuffer(picture.read_bytes(), np.uint8)
    except OSError as error:
        raise DataError(f"{picture}: this cannot be read ({error.strerror})") from error
    image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    if image is None:
        raise DataError(f"{picture}: this is no picture")
    return np.asarray(image, np.uint8)


def write_picture_explanation(
    model: FerModel, card: ModelCard, picture: Path, device: torch.device, out: Path
) -> dict[str, Any]:
    """Explain the largest face of one picture by every method that the model can serve.

    Raises DataError when the file is no picture or shows no face.
    """
    pixels = _read(picture)
    with FaceLandmarker() as landmarker:
        faces = landmarker(np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8))
        points = faces[0].landmarks if faces else landmarks_of_crop(landmarker, pixels)
    if points is None:
        raise DataError(f"{picture}: no face was found", "It must be seen from the front.")
    sizes = card.preprocessing
    aligned = align_face(pixels, points, sizes.crop_size)
    crop = torch.from_numpy(aligned.crop)[None]
    x = to_input(crop, sizes).to(device)
    margin = (sizes.crop_size - sizes.input_size) // 2
    placed = torch.from_numpy(transform(aligned.matrix, points).astype(np.float32)) - margin
    model.eval()
    with torch.no_grad():
        logits = model(x).float().cpu().numpy()
    shares = softmax(logits, card.temperature)[0]
    best = int(shares.argmax())
    face = enlarge(centre(crop, sizes.input_size))[0]
    maps: dict[str, Tensor] = {name: explain(model, x, name, best)[1] for name in methods_of(model)}
    for name in ("grad", "grad_x_input"):
        maps[f"{name} of pixels"] = explain(model, x, name, best, PIXELS)[1]
    delta = None
    for name in slow_methods_of(model, x):
        found = explain_on_demand(model, x, name, best)
        maps[name] = found.maps
        delta = float(found.delta[0]) if found.delta is not None else delta
    cells: list[tuple[Any, Any]] = [(face, None)]
    cells += [(face, enlarge(each.float())[0]) for each in maps.values()]
    names = ["the aligned face", *(name.replace("_", " ") for name in maps)]
    shown = expressions_of(card.classes)[best : best + 1]
    if bool(au_valid(shown)):
        heat = au_heatmap(placed[None], sizes.input_size, shown)
        cells.append((face, enlarge(heat)[0]))
        names.append(f"action units of {card.classes[best]}")
    columns = 5
    map_sheet(cells, names, out / "maps.png", columns=("",) * columns)
    order = np.argsort(-shares)
    rows = [[card.classes[k], f"{100 * shares[k]:.1f} %"] for k in order]
    result = {
        "model": card.name,
        "image": str(picture),
        "label": card.classes[best],
        "probabilities": {name: float(p) for name, p in zip(card.classes, shares, strict=True)},
        "methods": list(maps),
        "integrated_gradients_delta": delta,
    }
    write_json(out / "metrics.json", result)
    caption = f"Red speaks for {card.classes[best]}, blue against it; each map has its own scale"
    parts = [
        Part("Maps", pictures=((out / "maps.png", caption),)),
        table("Probabilities", ["expression", "share"], rows),
    ]
    notes = f"{card.name} on {picture.name}: {card.classes[best]} {shares[best]:.0%}. {card.limits}"
    write_document(f"Why {card.classes[best]}?", notes, parts, out)
    return result
