"""What the Inspect page opens: a run, a folder of an evaluation, or pictures, classified now.

Called in the desk's thread: it loads torch where a model has to run.
"""

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import platformdirs

from ferapp.review import decisions, evaluation
from ferapp.review.classify_pictures import Read, Say, classify
from ferapp.review.evaluation import Evaluation, read_evaluation
from ferapp.review.opened import Inspected
from ferapp.sources.heavy_imports import load_opencv, load_torch
from trainer.errors import DataError, FerError
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model, read_card
from trainer.training.run_dir import RunDir

if TYPE_CHECKING:
    from trainer.data.face_data import FaceData

log = logging.getLogger(__name__)

EXAMPLE = "example"  # the evaluation that ships
EXAMPLE_NAME = "Example: drawn faces and the demo clip"
ALL_SPLITS = (
    "All these pictures are shown, also those that a training on them learns from. A model that "
    "was trained on them looks better here than it is."
)
SPLITS = ("val", "train", "test")  # of a run, the first that was evaluated
NAMED = 5  # files that cannot be read; more are counted


def example() -> Path:
    return asset(EXAMPLE)


def open_inspected(source: str, model: str = "default", say: Say = lambda _: None) -> Inspected:
    """Open a run, an evaluation, or pictures, which `model` classifies.

    A run without an evaluation is evaluated on val; `say` tells what takes a while. Raises
    DataError with the reason, and the sample where one does not fit.
    """
    path = Path(source).expanduser()
    if path.name == evaluation.PREDICTIONS_FILE:
        path = path.parent
    if RunDir(path).config.is_file():
        return _of_run(RunDir(path), say)
    if (path / evaluation.PREDICTIONS_FILE).is_file():
        shipped = path.resolve() == example().resolve()
        return _of_folder(path, EXAMPLE_NAME if shipped else path.name, source)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder")
    return _of_pictures(path, model, say)


def _of_run(run: RunDir, say: Say) -> Inspected:
    found = [
        run.eval(split)
        for split in SPLITS
        if (run.eval(split) / evaluation.PREDICTIONS_FILE).is_file()
    ]
    if not found:
        if not run.best.is_file():
            raise DataError(f"{run.path}: this run has no model yet", "Let it train an epoch.")
        _evaluate(run, say)
        found = [run.eval("val")]
    opened = _of_folder(found[0], f"{run.path.name} · {found[0].name}", str(run.path))
    return replace(opened, review=run.path / decisions.FILE)


def _evaluate(run: RunDir, say: Say) -> None:
    load_torch()
    from trainer.data.prepare import open_data
    from trainer.device import resolve_device
    from trainer.evaluation.evaluate import evaluate
    from trainer.models.model_file import load_model
    from trainer.reports.run_records import aligned_as_trained

    data = _data_path_of(run)
    say(f"Reading {data.name} …")
    faces = open_data(data).of_split("val")
    device = resolve_device("auto")
    network, card = load_model(run.best, device)
    origin = {"model_file": str(run.best.resolve()), "data_path": str(data)}
    seen = aligned_as_trained(run.best, faces)
    evaluate(
        *(network, card, seen, device),
        out=run.eval("val"),
        origin=origin,
        progress=lambda done, total: say(f"Classifying picture {done + 1} of {total} …"),
    )


def _of_folder(folder: Path, name: str, source: str) -> Inspected:
    head = _head(folder)
    run = RunDir(folder.parent.parent)
    own = run.config.is_file()
    model, note = _model(folder, head, run if own else None)
    classes = read_card(model).classes if model else EXPRESSIONS
    found = read_evaluation(folder / evaluation.PREDICTIONS_FILE, name, classes)
    data = None
    try:
        place = folder / head["data_path"] if "data_path" in head else _data_path_of(run)
        data = _fitting(place, found)
    except FerError as error:
        note = f"{note}\nThe pictures are not here: {error}".strip()
    by = read_card(model).name if model else ""
    return Inspected(source, found, _pictures(data), model, _review_of(folder), note, by)


def _head(folder: Path) -> dict[str, Any]:
    try:
        head = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return head if isinstance(head, dict) else {}


def _data_path_of(run: RunDir) -> Path:
    try:
        return Path(json.loads(run.config.read_text(encoding="utf-8"))["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{run.config}: it does not say which data set was used") from error


def _model(folder: Path, head: dict[str, Any], run: RunDir | None) -> tuple[Path | None, str]:
    """The evaluated model; None, and why, when it is gone or another one since."""
    name = str(head.get("model_file") or (run.best if run else ""))
    try:
        if not name:
            raise DataError(f"{folder}: it does not say which model was evaluated")
        path = find_model(name)
        read_card(path)
    except FerError as error:
        return None, f"There are no attributions: {error}"
    return path, ""


def _fitting(place: Path, found: Evaluation) -> "FaceData":
    """The data set's rows in the evaluation's order. Raises DataError that names the sample."""
    load_opencv()
    from trainer.data.prepare import open_data

    data = open_data(place)
    rows = {sample: row for row, sample in enumerate(data.sample_id.tolist())}
    chosen = np.empty(len(found), np.int64)
    for row, sample in enumerate(found.sample_id.tolist()):
        if sample not in rows:
            raise DataError(f"{place}: it has no sample {sample}, which {found.name} is about")
        chosen[row] = rows[sample]
    unlike = data.label[chosen] != found.label
    if unlike.any():
        row = int(unlike.argmax())
        theirs = data.classes[data.label[chosen[row]]]
        raise DataError(
            f"{place}: sample {found.sample_id[row]} is labelled {theirs} there and "
            f"{found.classes[found.label[row]]} in {found.name}"
        )
    return data.select(chosen)


def _of_pictures(path: Path, model: str, say: Say) -> Inspected:
    """Of a data set its val, of labelled pictures without a test split all, else of no label."""
    load_opencv()
    from trainer.data.face_data import is_prepared
    from trainer.data.prepare import find_reader, open_data

    layout = "auto"
    try:
        if not is_prepared(path):
            find_reader(path)
    except DataError as error:
        try:
            find_reader(path, "unlabelled")
        except DataError:
            raise error from None
        layout = "unlabelled"
    say(f"Reading {path.name} …")
    faces = open_data(
        path,
        layout=layout,
        progress=lambda stage, done, total: say(f"{_STAGES.get(stage, stage)} {done} of {total} …"),
    )
    if "test" in faces.split:
        faces = faces.of_split("val")
    file, read = find_model(model), _pictures(faces)
    card = read_card(file)
    logits = classify(file, str(path), faces.classes, read, faces.landmarks, say)
    # a data set's samples are faces also where no landmarks were found; one's own may be anything
    own = bool((faces.label < 0).all()) and faces.landmark_source != "none"
    found = Evaluation(
        f"{path.name} · {card.name}",
        card.classes,
        faces.sample_id,
        faces.source_index,
        faces.split,
        faces.label,
        logits,
        faces.landmarks,
        faces.votes,
        card.temperature,
        needs_face=own,
    )
    note = _note(faces, found)
    return Inspected(str(path), found, read, file, _review_elsewhere(path), note, card.name)


def _note(faces: "FaceData", found: Evaluation) -> str:
    """What is to be known of these pictures: which are missing, and which count nowhere."""
    parts = [ALL_SPLITS] if len(set(faces.split)) > 1 else []
    without = int(found.faceless.sum())
    if without:
        pictures = "1 picture" if without == 1 else f"{without:,} pictures"
        parts.append(f"No face was found in {pictures}, which the numbers leave out.")
    skipped = faces.skipped
    if skipped:
        more = f"; and {len(skipped) - NAMED:,} more" if len(skipped) > NAMED else ""
        parts.append(f"Left out: {'; '.join(skipped[:NAMED])}{more}.")
    return "\n".join(parts)


def _pictures(data: "FaceData | None") -> Read:
    if data is None:
        return lambda row: None
    images = data.images
    return lambda row: np.asarray(images[row], np.uint8)


_STAGES = {"reading": "Reading picture", "landmarks": "Finding landmarks"}


def _review_of(folder: Path) -> Path:
    """Beside the evaluation; elsewhere for the one that ships, which may not be written to."""
    if folder.resolve() == example().resolve():
        return _review_elsewhere(folder)
    return folder / decisions.FILE


def _review_elsewhere(path: Path) -> Path:
    """One's own pictures are left alone, too."""
    key = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape")).hexdigest()[:12]
    place = Path(platformdirs.user_data_dir("ferapp")) / "reviews" / f"{path.stem}-{key}"
    return place / decisions.FILE
