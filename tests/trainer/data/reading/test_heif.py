"""Pictures of phones: HEIC, where pillow-heif is installed."""

import io
from pathlib import Path

import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_face
from trainer.data import face_data
from trainer.data.prepare import prepare
from trainer.data.reading.decode_picture import decode_grey
from trainer.files import PICTURE_SUFFIXES

heif = pytest.importorskip("pillow_heif")


def heic(grey: np.ndarray, quality: int = 95) -> bytes:
    stream = io.BytesIO()
    heif.from_bytes(mode="L", size=grey.shape[::-1], data=grey.tobytes()).save(
        stream, quality=quality
    )
    return stream.getvalue()


def test_a_heic_picture_has_its_grey_levels() -> None:
    face = drawn_face(3, np.random.default_rng(0))
    decoded = decode_grey(heic(face))
    assert decoded.shape == face.shape
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - face).mean() < 4


def test_class_folders_of_heic_pictures_are_read(tmp_path: Path) -> None:
    assert {".heic", ".heif"} <= PICTURE_SUFFIXES
    draw = np.random.default_rng(1)
    for split in ("train", "val"):
        for index, name in enumerate(("angry", "happy")):
            folder = tmp_path / "faces" / split / name
            folder.mkdir(parents=True)
            (folder / "IMG_0001.HEIC").write_bytes(heic(drawn_face(index, draw)))
    prepare(tmp_path / "faces", tmp_path / "out", landmarks=False)
    data = face_data.load(tmp_path / "out")
    assert data.class_counts()["val"]["happy"] == 1
    assert len(data) == 4
