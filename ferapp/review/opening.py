"""Opens what the Inspect page shows: a run, a folder with an evaluation, or pictures.

Slow, because a model may have to classify the pictures first: run it in a task queue.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from ferapp.review import evaluation
from ferapp.review.classify_pictures import ReadPicture, classify
from ferapp.review.decisions import REVIEW_FILE
from ferapp.review.evaluation import Evaluation, read_evaluation
from ferapp.runs.checks.data_check import stage_progress
from ferapp.runs.task_queue import ReportProgress
from ferapp.sources.heavy_imports import load_opencv, load_torch
from trainer.config.sections import DataConfig
from trainer.data.face_data import SPLITS, FaceData
from trainer.data.training_samples import learned_samples
from trainer.errors import DataError, FerError, ModelFileError, UsageError
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model, read_card
from trainer.prior import TRAINED
from trainer.reports.run_records import read_run_header
from trainer.training.run_dir import RunDir

EXAMPLE = "example"  # the bundled evaluation
EXAMPLE_NAME = "Example: drawn faces and the demo clip"
ALL_SPLITS_NOTE = (
    "All splits are shown, including the training pictures. A model that was trained on them "
    "looks better here than it is."
)
FIRST_SPLITS = ("val", "train", "test")  # a run is opened at the first that was evaluated
MAX_SKIPPED = 5  # unreadable files that are named; more are counted


@dataclass(frozen=True, slots=True)
class OpenedEvaluation:
    """An evaluation, with its pictures and its model where they still exist.

    `source` opens it again, `read_picture` reads the grey picture (h, w) of a row from the disk,
    `note` says what is missing, and why. `classified_by` is the model's name, "" if unknown.
    `data` has the samples in the order of the evaluation, `run` is the run that they are an
    evaluation of. `splits` are those that `open_split` can show; "" is all of them together.
    `learned` are the ids of the training samples that the run learns from, or that a run by the
    default recipe would: without leaks, and up to its limit. None where that is not known.
    """

    source: str
    evaluation: Evaluation
    read_picture: Callable[[int], NDArray[np.uint8] | None]
    model: Path | None
    review: Path
    note: str = ""
    classified_by: str = ""
    data: FaceData | None = None
    run: Path | None = None
    splits: tuple[str, ...] = ()
    learned: frozenset[str] | None = None

    @property
    def split(self) -> str:
        """The split that is shown; "" for several."""
        shown = np.unique(self.evaluation.split)
        return str(shown[0]) if len(shown) == 1 else ""


def example() -> Path:
    return asset(EXAMPLE)


def open_evaluation(
    source: str, model: str = "default", report: ReportProgress = lambda _: None
) -> OpenedEvaluation:
    """Open a run, an evaluation, or pictures, which `model` classifies.

    A run without an evaluation is evaluated on val. Raises DataError with the reason, and the
    sample where one does not fit.
    """
    path = Path(source).expanduser()
    if path.name == evaluation.PREDICTIONS_FILE:
        path = path.parent
    if RunDir(path).config.is_file():
        return _open_run(RunDir(path), report)
    if (path / evaluation.PREDICTIONS_FILE).is_file():
        return _open_folder(path, EXAMPLE_NAME if _is_example(path) else path.name, source)
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    return _open_pictures(path, model, report)


def open_split(
    opened: OpenedEvaluation, split: str, report: ReportProgress = lambda _: None
) -> OpenedEvaluation:
    """One of the `splits` of what is open, evaluated now where it was not. Raises DataError."""
    if opened.run is not None:
        return _open_run(RunDir(opened.run), report, split)
    assert opened.model is not None
    return _open_pictures(Path(opened.source), str(opened.model), report, split)


def classify_with(
    opened: OpenedEvaluation, model: str, report: ReportProgress = lambda _: None
) -> Evaluation:
    """The same samples classified by another model, whose name the evaluation gets.

    Raises DataError where pictures are missing, or the model has other classes.
    """
    samples, file = opened.evaluation, find_model(model)
    card = read_card(file)
    report(f"Loading the model {card.name}…")
    logits, feature = classify(
        file, samples.name, samples.classes, opened.read_picture, samples.landmarks, report
    )
    return replace(
        samples,
        name=card.name,
        logits=logits,
        temperature=card.temperature,
        epoch=_epoch_of(card.metrics),
        options="",
        feature=feature,
    )


def _open_run(run: RunDir, report: ReportProgress, split: str = "") -> OpenedEvaluation:
    if not split:
        evaluated = (each for each in FIRST_SPLITS if _predictions(run, each).is_file())
        split = next(evaluated, "val")
    note = ""
    if not _predictions(run, split).is_file():
        evaluate_run(run, split, report)
    elif _is_outdated(run, split):
        try:
            evaluate_run(run, split, report)
        except FerError as error:
            note = f"The run has a newer model than this evaluation: {error}"
    name = f"{run.path.name} · {split}"
    opened = _open_folder(run.eval(split), name, str(run.path))
    review = run.path / REVIEW_FILE
    if run.review.is_file() and not review.exists():
        with suppress(OSError):  # a run that cannot be written to is reviewed from the beginning
            shutil.copy(run.review, review)  # what it was trained with; the review goes on there
    splits = opened.splits or tuple(s for s in SPLITS if _predictions(run, s).is_file())
    notes = "\n".join(filter(None, (note, opened.note)))
    return replace(opened, review=review, run=run.path, splits=splits, note=notes)


def _is_outdated(run: RunDir, split: str) -> bool:
    """Whether the run's best model is of another epoch since it was evaluated in the usual way."""
    metrics = _read_metrics(run.eval(split))
    evaluated = _epoch_of(metrics)
    if evaluated is None or _options_of(metrics):
        return False
    try:
        return _epoch_of(read_card(run.best).metrics) not in (None, evaluated)
    except ModelFileError:
        return False


def _epoch_of(metrics: dict[str, Any]) -> int | None:
    """The model's epoch, in the metrics of its card or of an evaluation."""
    epoch = metrics.get("epoch")
    return epoch if isinstance(epoch, int) else None


def evaluate_run(run: RunDir, split: str, report: ReportProgress) -> None:
    """Evaluate the run's best model on a split, into its folder there.

    Raises DataError where it has no model yet, or its data is missing.
    """
    if not run.best.is_file():
        raise DataError(f"{run.path}: this run has no model yet", "Train at least one epoch.")
    load_torch()
    from trainer.device import resolve_device
    from trainer.evaluation.evaluate import evaluate
    from trainer.models.model_file import load_model
    from trainer.reports.data_as_trained import aligned_as_trained

    data = _data_path_of(run)
    report(f"Reading {data.name}…")
    faces = _open_as_trained(data, run).of_split(split)
    device = resolve_device("auto")
    network, card = load_model(run.best, device)
    evaluate(
        network,
        card,
        aligned_as_trained(run.best, faces),
        device,
        out=run.eval(split),
        origin={"model_file": str(run.best.resolve()), "data_path": str(data)},
        progress=lambda done, total: report(f"Classifying picture {done + 1:,} of {total:,}…"),
    )


def _predictions(run: RunDir, split: str) -> Path:
    return run.eval(split) / evaluation.PREDICTIONS_FILE


def _open_folder(folder: Path, name: str, source: str) -> OpenedEvaluation:
    metrics = _read_metrics(folder)
    run = RunDir(folder.parent.parent)
    model, note = _find_evaluated_model(folder, metrics, run if run.config.is_file() else None)
    card = read_card(model) if model else None
    classes = card.classes if card else EXPRESSIONS
    epoch = _epoch_of(metrics)
    if epoch is None and card is not None:
        epoch = _epoch_of(card.metrics)
    predictions = read_evaluation(
        folder / evaluation.PREDICTIONS_FILE, name, classes, epoch, _options_of(metrics)
    )
    data: FaceData | None = None
    splits: tuple[str, ...] = ()
    learned: frozenset[str] | None = None
    try:
        recorded = metrics.get("data_path")
        data_path = folder / recorded if recorded is not None else _data_path_of(run)
        load_opencv()
        whole = _open_as_trained(data_path, run)
        whole = whole.in_classes(predictions.classes)
        data = _matching_data(data_path, whole, predictions)
        if run.config.is_file():
            splits = _splits_of(whole)
            learned = _learned(whole, read_run_header(run)[2].data, predictions)
    except FerError as error:
        note = f"{note}\nThe pictures are missing: {error}".strip()
    return OpenedEvaluation(
        source,
        predictions,
        _picture_reader(data),
        model,
        _review_path(folder),
        note,
        card.name if card else "",
        data,
        splits=splits,
        learned=learned,
    )


def _learned(data: FaceData, settings: DataConfig, shown: Evaluation) -> frozenset[str] | None:
    """See `OpenedEvaluation.learned`; None while no training samples are shown."""
    if "train" not in shown.split:
        return None
    with suppress(UsageError):  # all of them also appear in another split
        return frozenset(learned_samples(settings, data).sample_id.tolist())
    return frozenset()


def _splits_of(data: FaceData) -> tuple[str, ...]:
    return tuple(split for split in SPLITS if split in data.split)


def _read_metrics(folder: Path) -> dict[str, Any]:
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metrics if isinstance(metrics, dict) else {}


def _options_of(metrics: dict[str, Any]) -> str:
    """How the evaluation predicted, where it was not one view with the trained prior."""
    views, prior = metrics.get("tta", "none"), metrics.get("prior", TRAINED)
    parts = (
        "" if views == "none" else f"{views} views",
        "" if prior == TRAINED else f"{prior if isinstance(prior, str) else 'given'} prior",
    )
    return ", ".join(filter(None, parts))


def _data_path_of(run: RunDir) -> Path:
    try:
        return Path(json.loads(run.config.read_text(encoding="utf-8"))["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{run.config} does not say which data set was used") from error


def _find_evaluated_model(
    folder: Path, metrics: dict[str, Any], run: RunDir | None
) -> tuple[Path | None, str]:
    """The evaluated model; None, and why, when it is gone or was replaced."""
    name = str(metrics.get("model_file") or (run.best if run else ""))
    try:
        if not name:
            raise DataError(f"{folder} does not say which model was evaluated")
        path = find_model(name)
        read_card(path)
    except FerError as error:
        return None, f"There are no attributions: {error}"
    return path, ""


def _open_as_trained(data: Path, run: RunDir) -> FaceData:
    """The data set with the classes and validation pictures of the run, where it is the run's."""
    from trainer.reports.data_as_trained import open_as_trained

    return open_as_trained(data, [run.best])


def _matching_data(path: Path, data: FaceData, predictions: Evaluation) -> FaceData:
    """The data set's samples in the evaluation's order. Raises DataError that names the sample."""
    row_of = {sample: row for row, sample in enumerate(data.sample_id.tolist())}
    rows = np.empty(len(predictions), np.int64)
    for row, sample in enumerate(predictions.sample_id.tolist()):
        if sample not in row_of:
            raise DataError(f"{path} has no sample {sample}, which is in {predictions.name}")
        rows[row] = row_of[sample]
    differs = data.label[rows] != predictions.label
    if differs.any():
        row = int(differs.argmax())
        raise DataError(
            f"{path}: sample {predictions.sample_id[row]} is labelled "
            f"{data.classes[data.label[rows[row]]]} there and "
            f"{predictions.classes[predictions.label[row]]} in {predictions.name}"
        )
    return data.select(rows)


def _open_pictures(
    path: Path, model: str, report: ReportProgress, split: str = ""
) -> OpenedEvaluation:
    """Pictures classified now: those of a split.

    Without one a data set's val split, or all of a folder without test split.
    """
    report(f"Reading {path.name}…")
    faces = _read_pictures(path, report)
    splits = _splits_of(faces)
    if "test" in splits:
        split = split or "val"
    elif len(splits) > 1:
        splits = ("", *splits)
    whole, faces = faces, faces.of_split(split) if split else faces
    file = find_model(model)
    card = read_card(file)
    faces = faces.in_classes(card.classes)
    read_picture = _picture_reader(faces)
    logits, feature = classify(
        file, str(path), faces.classes, read_picture, faces.landmarks, report
    )
    # a data set contains faces only, landmarks or not; the user's own pictures may be anything
    needs_face = bool((faces.label < 0).all()) and faces.landmark_source != "none"
    predictions = Evaluation(
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
        needs_face=needs_face,
        epoch=_epoch_of(card.metrics),
        feature=feature,
    )
    return OpenedEvaluation(
        str(path),
        predictions,
        read_picture,
        file,
        _review_path_elsewhere(path),
        _note_on_pictures(faces, predictions),
        card.name,
        faces,
        splits=splits,
        learned=_learned(whole, DataConfig(), predictions),
    )


def _read_pictures(path: Path, report: ReportProgress) -> FaceData:
    """A data set, or a folder of pictures without labels. Raises DataError."""
    load_opencv()
    from trainer.data.face_data import is_prepared
    from trainer.data.prepare import open_data
    from trainer.data.readers.reader_registry import find_reader

    layout = "auto"
    try:
        if not is_prepared(path):
            find_reader(path)
    except DataError as error:
        layout = "unlabelled"
        try:
            find_reader(path, layout)
        except DataError:
            raise error from None
    return open_data(path, layout=layout, progress=stage_progress(report))


def _note_on_pictures(faces: FaceData, predictions: Evaluation) -> str:
    """What the user should know: splits mixed, pictures without a face, unreadable files."""
    notes = [ALL_SPLITS_NOTE] if len(set(faces.split)) > 1 else []
    faceless = int(predictions.faceless.sum())
    if faceless:
        notes.append(
            "No face was found in 1 picture; it is not counted."
            if faceless == 1
            else f"No face was found in {faceless:,} pictures; they are not counted."
        )
    skipped = faces.skipped
    if skipped:
        rest = len(skipped) - MAX_SKIPPED
        more = f"; and {rest:,} more" if rest > 0 else ""
        notes.append(f"Left out: {'; '.join(skipped[:MAX_SKIPPED])}{more}.")
    return "\n".join(notes)


def _picture_reader(data: FaceData | None) -> ReadPicture:
    if data is None:
        return lambda row: None
    images = data.images
    return lambda row: np.asarray(images[row], np.uint8)


def _is_example(folder: Path) -> bool:
    return folder.resolve() == example().resolve()


def _review_path(folder: Path) -> Path:
    """Beside the evaluation, but for the bundled one, whose folder may be read-only."""
    return _review_path_elsewhere(folder) if _is_example(folder) else folder / REVIEW_FILE


def _review_path_elsewhere(path: Path) -> Path:
    """In the user's data folder: nothing is written beside the user's own pictures."""
    key = hashlib.sha256(str(path.resolve()).encode(errors="surrogateescape")).hexdigest()[:12]
    folder = Path(platformdirs.user_data_dir("ferapp")) / "reviews" / f"{path.stem}-{key}"
    return folder / REVIEW_FILE
