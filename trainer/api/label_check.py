"""`trainer.label_errors`: the labels of a data set that are probably wrong."""

import os
from pathlib import Path

from trainer.evaluation.label_errors import LabelReport, find_suspects
from trainer.model_index import find_model
from trainer.reports.data_as_trained import aligned_as_trained, open_for_features


def label_errors(
    data: str | os.PathLike[str],
    split: str = "train",
    *,
    folds: int = 5,
    features: str | os.PathLike[str] = "default",
    device: str = "auto",
) -> LabelReport:
    """Find labels that are probably wrong, as `fertrain labels` does.

    `features` is the model that compares pictures: a bundled model's name, a model file or a run's
    directory; its classes may be others. The report has the `suspects`, most suspect first, and
    the `estimated_error_rate`. Writes nothing. Raises UsageError, ModelFileError or DataError with
    the reason.
    """
    path, model = Path(data).expanduser(), find_model(os.fsdecode(features))
    faces = aligned_as_trained(model, open_for_features(path, model))
    return find_suspects(faces, split=split, folds=folds, features=model, device=device)
