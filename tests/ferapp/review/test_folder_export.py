"""Samples copied out as folders of pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.review.folder_export import export_class_folders
from trainer.errors import DataError


def picture(row: int) -> np.ndarray:
    return np.full((8, 8), 10 * row, np.uint8)


def test_each_picture_is_in_the_folder_of_its_label(tmp_path: Path) -> None:
    said = list[str]()
    samples = [(1, "a/b.jpg", "happy"), (2, "a_b.jpg", "happy"), (3, "c", "sad"), (4, "d", "")]
    assert export_class_folders(tmp_path / "out", samples, picture, said.append) == 4
    files = {
        path.relative_to(tmp_path / "out").as_posix(): int(cv2.imread(str(path))[0, 0, 0])
        for path in (tmp_path / "out").rglob("*.png")
    }
    assert files == {
        "happy/a_b.jpg.png": 10,
        "happy/a_b.jpg-2.png": 20,
        "sad/c.png": 30,
        "unlabelled/d.png": 40,
    }
    assert said == ["Writing picture 1 of 4…"]


def test_a_folder_with_something_in_it_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="is not empty"):
        export_class_folders(tmp_path, [(1, "a", "happy")], picture, lambda _: None)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mine.txt"]


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sample a is missing"):
        export_class_folders(tmp_path / "out", [(1, "a", "")], lambda _: None, lambda _: None)
