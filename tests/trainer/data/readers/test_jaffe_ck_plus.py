"""JAFFE's file names and CK+'s sequences: classes, first and peak frames, subjects."""

import logging
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.data.prepare import open_data
from trainer.data.readers import ck_plus, jaffe
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading.read_options import read_options
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

JAFFE_CODES = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "SA": "sad",
               "SU": "surprise", "NE": "neutral"}  # fmt: skip
CK_CODES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")


def picture(path: Path, value: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((48, 48), value, np.uint8))


def jaffe_set(folder: Path) -> Path:
    number = 0
    for subject in ("KA", "KL", "KM", "KR", "MK"):
        for code in JAFFE_CODES:
            for take in (1, 2):
                number += 1
                picture(folder / f"{subject}.{code}{take}.{number}.tiff")
    (folder / "README").write_text("x")
    return folder


def test_jaffe_has_its_classes_in_the_file_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = jaffe_set(tmp_path / "jaffe")
    assert find_reader(source).name == "jaffe"
    with caplog.at_level(logging.INFO):
        data = open_data(source, landmarks=False)
    assert len(data) == 70
    for name, label in zip(data.sample_id, data.label, strict=True):
        assert EXPRESSIONS[label] == JAFFE_CODES[name.split(".")[1][:2]]
    splits = {name[:2]: set() for name in data.sample_id}
    for name, split in zip(data.sample_id, data.split, strict=True):
        splits[name[:2]].add(str(split))
    assert all(len(kinds) == 1 for kinds in splits.values())  # by subject
    assert set(map(frozenset, splits.values())) == {frozenset({"train"}), frozenset({"val"})}
    assert ", all pictures of " in caplog.text


def test_class_folders_win_over_file_names(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "happy" / "KA.AN1.39.tiff")
    picture(tmp_path / "set" / "sad" / "KA.AN2.40.tiff")
    assert find_reader(tmp_path / "set").name == "folders"


def test_an_odd_name_in_jaffe_is_listed(tmp_path: Path) -> None:
    source = jaffe_set(tmp_path / "jaffe")
    picture(source / "me.png")
    with pytest.raises(DataError, match=r"me\.png is not named like KA\.AN1\.39\.tiff"):
        jaffe.list_pictures(source).load()


def ck_plus_set(folder: Path, frames: int = 6) -> Path:
    for subject in range(8):
        for code in range(8):
            sequence = f"S{subject:03d}/{code:03d}"
            stem = f"S{subject:03d}_{code:03d}"
            for frame in range(1, frames + 1):
                name = f"{stem}_{frame:08d}.png"
                picture(folder / "cohn-kanade-images" / sequence / name, 10 * frame)
            if code and subject != 7:  # not every sequence has a label
                labels = folder / "Emotion" / sequence
                labels.mkdir(parents=True)
                text = f"   {code:.7e}\n"
                (labels / f"{stem}_{frames:08d}_emotion.txt").write_text(text)
    (folder / "Emotion" / "S000" / "000").mkdir()
    return folder


def test_ck_plus_gives_peaks_by_label_and_first_frames_as_neutral(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = ck_plus_set(tmp_path / "ck")
    assert find_reader(source).name == "ck-plus"
    with caplog.at_level(logging.INFO):
        data = ck_plus.list_pictures(source).load()
    assert len(data) == 7 * (7 + 6)
    for name, label, image in zip(data.sample_id, data.label, data.images, strict=True):
        sequence, frame = int(name.split("/")[2]), int(Path(name).stem.split("_")[2])
        assert frame in (1, 6)
        assert EXPRESSIONS[label] == ("neutral" if frame == 1 else CK_CODES[sequence])
        assert int(image.mean()) == 10 * frame
    assert "left out: 7 of contempt" in caplog.text
    splits: dict[str, set[str]] = {}
    for name, split in zip(data.sample_id, data.split, strict=True):
        splits.setdefault(name.split("/")[1], set()).add(str(split))
    assert all(len(kinds) == 1 for kinds in splits.values())
    assert {"val"} in splits.values()
    eight = ck_plus.list_pictures(source, read_options(classes=(*EXPRESSIONS, "contempt"))).load()
    assert np.bincount(eight.label)[7] == 7


def test_an_odd_label_in_ck_plus_is_listed(tmp_path: Path) -> None:
    source = ck_plus_set(tmp_path / "ck")
    file = next((source / "Emotion").rglob("*_emotion.txt"))
    file.write_text("9.0")
    with pytest.raises(DataError, match=r"_emotion\.txt holds '9\.0', known are 0 to 7"):
        ck_plus.list_pictures(source).load()
