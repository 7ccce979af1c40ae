"""Folders of images: order, what is skipped, what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ferapp.sources.base import SourceError
from ferapp.sources.images import ImageFolder
from ferapp.sources.uri import open_source
from trainer.data.readers import class_folders


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


RAMP = np.tile(np.linspace(0, 1, 48), (48, 1))


def test_deep_pictures_share_the_scale_of_their_folder(tmp_path: Path) -> None:
    """As in the trainer: what was dark beside the others stays dark, and nothing is black."""
    folder = tmp_path / "set" / "happy"
    folder.mkdir(parents=True)
    for name, largest in (("a.png", 1000), ("b.tif", 4095), ("c.pgm", 300)):
        cv2.imwrite(str(folder / name), np.rint(RAMP * largest).astype(np.uint16))
    source = open_source(str(folder))
    shown = [frame.image for frame in iter(source.read, None)]
    assert [image.max() for image in shown] == [round(n * 255 / 4095) for n in (1000, 4095, 300)]
    learned = class_folders.read(tmp_path / "set").images
    for image, grey in zip(shown, learned, strict=True):
        assert np.abs(image[..., 0].astype(int) - grey).max() <= 1


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_a_deep_picture_alone_is_scaled_by_its_own_depth(tmp_path: Path, bits: int) -> None:
    file = tmp_path / "a.png"
    cv2.imwrite(str(file), np.rint(RAMP * (2**bits - 1)).astype(np.uint16))
    frame = open_source(str(file)).read()
    assert frame is not None
    assert np.abs(frame.image[..., 1] - 255 * RAMP).max() <= 1


def test_colours_orientation_and_transparency(tmp_path: Path) -> None:
    colour = np.zeros((32, 64, 3), np.uint8)
    colour[:16], colour[16:] = (200, 60, 20), (20, 60, 200)  # RGB
    picture = Image.fromarray(colour)
    picture.convert("CMYK").save(tmp_path / "1.jpg", quality=95)
    picture.convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "2.png")
    picture.convert("RGBA").save(tmp_path / "3.webp", lossless=True)
    picture.save(tmp_path / "4.jfif", "JPEG", quality=95)
    picture.save(tmp_path / "5.avif", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(colour[::-1, ::-1]).save(tmp_path / "6.jpg", quality=95, exif=exif)
    frames = list(iter(open_source(str(tmp_path)).read, None))
    assert len(frames) == 6
    for frame in frames:
        assert np.abs(frame.image.astype(int) - colour[..., ::-1]).mean() < 5, frame.file_name


def test_what_is_left_out_is_counted_and_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "face.png"), np.rint(255 * RAMP).astype(np.uint8))
    write(tmp_path / "flat.png", 90)
    for name in ("notes.txt", "raw.dng", "Thumbs.db", "desktop.ini", ".hidden", "._face.png"):
        (tmp_path / name).write_bytes(b"x")
    source = open_source(str(tmp_path))
    assert source.frame_count == 2
    list(iter(source.read, None))
    assert source.notes == (
        "left out 2 files that are no pictures: notes.txt, raw.dng",
        "1 picture is of nearly one grey level: flat.png",
    )


def test_a_truncated_picture_is_not_filled_with_grey(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    content = cv2.imencode(".jpg", noise)[1].tobytes()
    (tmp_path / "cut.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match="could not be read"):
        open_source(str(tmp_path / "cut.jpg"))
