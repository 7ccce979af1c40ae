"""Data sets as they are read for the features of a model."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_face
from tests.support.trainer.made_runs import made_run
from trainer.data.prepare import open_data
from trainer.data.reading.read_options import read_options
from trainer.labels import EXPRESSIONS
from trainer.reports.data_as_trained import open_for_features


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Class folders of ten pictures each, without a validation split."""
    draw, folder = np.random.default_rng(0), tmp_path / "faces"
    for label, name in enumerate(EXPRESSIONS):
        (folder / name).mkdir(parents=True)
        for number in range(10):
            cv2.imwrite(str(folder / name / f"{number}.png"), drawn_face(label, draw))
    return folder


def test_its_own_run_says_which_pictures_are_for_validation(tmp_path: Path, faces: Path) -> None:
    """So that `train` is what that model has learned."""
    sets = ("data.val_share=0.3", "data.classes=['happy','sad']")
    run = made_run(tmp_path / "runs", "own", sets, data=faces)
    data = open_for_features(faces, run.best, landmarks=False)
    assert data.classes == ("happy", "sad")
    as_trained = read_options(["happy", "sad"], val_share=0.3)
    drawn = open_data(faces, landmarks=False, options=as_trained)
    assert data.split.tolist() == drawn.split.tolist()
    stated = open_for_features(faces, run.best, False, {"classes": ["fear", "sad"]})
    assert stated.classes == ("fear", "sad")


def test_another_model_changes_nothing(tmp_path: Path, faces: Path) -> None:
    """Not even its classes: features fit any."""
    run = made_run(tmp_path / "runs", "other", ("data.classes=['happy','sad']",))
    data = open_for_features(faces, run.best, landmarks=False)
    assert data.classes == EXPRESSIONS
    assert data.split.tolist() == open_data(faces, landmarks=False).split.tolist()
