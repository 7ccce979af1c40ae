"""`trainer.label_errors`: what `fertrain labels` does, in Python."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import trainer
from tests.support.trainer.varied_faces import varied_faces
from trainer.data.face_data import save
from trainer.errors import UsageError
from trainer.labels import EXPRESSIONS


def test_a_wrong_label_is_among_the_first_suspects(tmp_path: Path) -> None:
    data = varied_faces(20, ("train", "val"))
    label = data.label.copy()
    label[66] = EXPRESSIONS.index("surprise")
    assert data.classes[data.label[66]] == "happy"
    save(replace(data, label=label), tmp_path / "faces")
    report = trainer.label_errors(tmp_path / "faces", folds=3, device="cpu")
    assert isinstance(report, trainer.LabelReport)
    found = next(each for each in report.suspects[:3] if each.sample_id == "drawn-00066")
    assert (found.label, found.suggested, found.source_index) == ("surprise", "happy", 66)
    assert "of 140 labels are wrong" in repr(report)
    assert not np.isin(report.sample_id, data.sample_id[data.split == "val"]).any()


def test_a_missing_split_is_named(tmp_path: Path) -> None:
    save(varied_faces(2), tmp_path / "faces")
    with pytest.raises(UsageError, match="no split 'test'"):
        trainer.label_errors(tmp_path / "faces", "test")
