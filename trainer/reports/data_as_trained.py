"""Data sets as the runs of models read them."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from trainer.config.sections import DataConfig
from trainer.data.face_data import FaceData, is_prepared
from trainer.data.landmark_detection import Progress
from trainer.data.prepare import open_data
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading.read_options import ReadOptions, configured_options
from trainer.errors import ModelFileError, UsageError
from trainer.evaluation.evaluate import check_classes
from trainer.model_index import find_model, read_card
from trainer.reports.run_records import data_config_of, own_data_config, read_run_header
from trainer.training.run_dir import RunDir


def open_as_trained(
    data: Path,
    models: list[Path],
    landmarks: bool = True,
    stated: Mapping[str, Any] | None = None,
    progress: Progress = lambda *_: None,
) -> FaceData:
    """The data set as the runs of `models` read it: the same classes, the same validation draw.

    Fields of the section `data` that are `stated` come first; without `landmarks` none are
    detected. Raises UsageError where the runs read it in different ways.
    """
    layout, options, faces_only = _common_way(data, models, stated or {})
    faces = open_data(data, layout=layout, landmarks=landmarks, options=options, progress=progress)
    if not landmarks:
        return faces.without_landmarks()
    return faces.with_faces() if faces_only else faces


def check_as_trained(data: Path, models: list[Path], stated: Mapping[str, Any]) -> None:
    """Raise UsageError or DataError for what `open_as_trained`, and an evaluation of what it
    returns, would refuse after all pictures were read.
    """
    layout, options, _ = _common_way(data, models, stated)
    if is_prepared(data):
        return
    find_reader(data, layout, options)
    for model in models:
        check_classes(str(model), read_card(model), options.classes, data.name)


def _common_way(
    data: Path, models: list[Path], stated: Mapping[str, Any]
) -> tuple[str, ReadOptions, bool]:
    """Layout, options and whether only pictures with faces are read."""
    configs = [data_config_of(model, data).model_copy(update=stated) for model in models]
    ways = [(config.format, configured_options(config), config.faces_only) for config in configs]
    if any(way != ways[0] for way in ways):
        raise UsageError(
            f"{data}: these models were trained on different classes or validation pictures of it",
            "Evaluate them one by one.",
        )
    return ways[0]


def open_for_features(
    data: Path,
    model: Path,
    landmarks: bool = True,
    stated: Mapping[str, Any] | None = None,
    progress: Progress = lambda *_: None,
) -> FaceData:
    """The data set for a model of any classes: as its run read it, otherwise as it is by default.

    `stated` and `landmarks` are those of `open_as_trained`.
    """
    config = (own_data_config(model, data) or DataConfig()).model_copy(update=stated or {})
    faces = open_data(
        data,
        layout=config.format,
        landmarks=landmarks,
        options=configured_options(config),
        progress=progress,
    )
    return faces if landmarks else faces.without_landmarks()


def aligned_as_trained(model: Path, faces: FaceData) -> FaceData:
    """`faces` without landmarks if the model's run trained on unaligned pictures.

    A run without landmarks that fine-tunes an aligned model has pictures that are aligned already.
    """
    run = RunDir(model.parent.parent)
    if model.parent.name != "checkpoints" or not run.config.is_file():
        return faces
    config = read_run_header(run)[2]
    if config.data.landmarks:
        return faces
    with suppress(ModelFileError):  # the initial model may be gone, and nothing else needs it
        init = read_card(find_model(config.model.init)) if config.model.init else None
        if init is not None and init.data.get("landmarks", "none") != "none":
            return faces
    return faces.without_landmarks()
