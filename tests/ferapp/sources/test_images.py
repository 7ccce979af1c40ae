"""Folders of images: order, what is skipped, what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.sources.base import SourceError
from ferapp.sources.images import ImageFolder
from ferapp.sources.uri import open_source


def write(file: Path, value: int = 0) -> None:
    assert cv2.imwrite(str(file), np.full((6, 8, 3), value, np.uint8))


def test_images_come_in_natural_order(tmp_path: Path) -> None:
    for number in (10, 9, 100, 1):
        write(tmp_path / f"frame{number}.png", number)
    source = open_source(str(tmp_path))
    frames = list(iter(source.read, None))
    assert [frame.image[0, 0, 0] for frame in frames] == [1, 9, 10, 100]
    assert [frame.file_name for frame in frames] == [
        "frame1.png",
        "frame9.png",
        "frame10.png",
        "frame100.png",
    ]
    assert [frame.segment for frame in frames] == [0, 1, 2, 3]  # each stands for itself
    assert [frame.file_position for frame in frames] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_numbers_and_words_in_the_same_position_can_be_sorted(tmp_path: Path) -> None:
    for name in ("b.png", "2.png", "a10b.png", "a2c.png", "A1.png", "²x.png"):
        write(tmp_path / name)
    source = open_source(str(tmp_path))
    names = [frame.file_name for frame in iter(source.read, None)]
    assert names[:5] == ["2.png", "A1.png", "a2c.png", "a10b.png", "b.png"]


def test_unreadable_files_are_skipped_and_listed(tmp_path: Path) -> None:
    for number in (1, 3, 5):
        write(tmp_path / f"{number}.png", number)
    (tmp_path / "2.jpg").write_bytes(b"no picture")
    (tmp_path / "4.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "6.PNG").write_bytes(b"")
    for ignored in ("notes.txt", "._1.png", "Thumbs.db"):
        (tmp_path / ignored).write_bytes(b"x")
    (tmp_path / "7.png").mkdir()
    source = ImageFolder(tmp_path)
    assert source.frame_count == 6
    for _ in range(2):
        frames = list(iter(source.read, None))
        assert [(frame.index, frame.image[0, 0, 0]) for frame in frames] == [(0, 1), (1, 3), (2, 5)]
        assert source.skipped == ("2.jpg", "4.png", "6.PNG")  # once each, also in later rounds
        source.rewind()


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no image in this folder") as caught:
        open_source(str(tmp_path))
    assert ".jpg" in caught.value.hint
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner" / "1.png")
    with pytest.raises(SourceError, match="there is no image") as caught:
        open_source(str(tmp_path))
    assert "Subfolders are not searched" in caught.value.hint


def test_a_folder_of_damaged_images_is_refused(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"no picture")
    source = open_source(str(tmp_path))
    with pytest.raises(SourceError, match="none of the 3 images could be read"):
        source.read()


def test_a_folder_that_vanishes_while_it_plays(tmp_path: Path) -> None:
    write(tmp_path / "1.png")
    source = open_source(str(tmp_path))
    assert source.read() is not None
    (tmp_path / "1.png").unlink()
    source.rewind()
    with pytest.raises(SourceError, match="none of the 1 images"):
        source.read()


def test_every_picture_is_three_channels_of_eight_bits(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.full((6, 8), 65535, np.uint16))
    cv2.imwrite(str(tmp_path / "2.png"), np.full((6, 8, 4), 255, np.uint8))
    source = open_source(str(tmp_path))
    for frame in iter(source.read, None):
        assert (frame.image.dtype, frame.image.shape) == (np.uint8, (6, 8, 3))
        assert frame.image.min() == 255
