"""Class folders and zips of them: labels and splits by name, pictures of one side, bad ones."""

import logging
import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.trainer.drawn import drawn_face
from trainer.data import face_data
from trainer.data.prepare import open_data, prepare
from trainer.data.readers import class_folders
from trainer.data.reading.read_options import ReadOptions, parse_class_map, read_options
from trainer.errors import DataError, UsageError
from trainer.labels import EXPRESSIONS


def picture(value: int, height: int = 48, width: int = 48, suffix: str = ".png") -> bytes:
    """A flat grey picture as the bytes of its file."""
    good, content = cv2.imencode(suffix, np.full((height, width), value, np.uint8))
    assert good
    return content.tobytes()


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def many(folder: str, count: int, first: int = 0) -> dict[str, bytes]:
    return {f"{folder}/{i:04d}.png": picture(i % 250) for i in range(first, first + count)}


SPLIT_TREE = {
    "Training/happiness/a.png": picture(10),
    "Training/Anger/b.JPG": picture(20, suffix=".jpg"),
    "validation/happy/c.bmp": picture(30, suffix=".bmp"),
    "test/fearful/d.webp": picture(40, suffix=".webp"),
    "test/neutral/e.tif": picture(50, suffix=".tif"),
    "test/neutral/.hidden.png": b"",
    "test/neutral/notes.txt": b"not a picture",
    "__MACOSX/test/neutral/._e.png": b"",
}


@pytest.mark.parametrize("prefix", ["", "archive/images/"])
@pytest.mark.parametrize("packed", [False, True])
def test_labels_and_splits_come_from_the_folders(
    tmp_path: Path, packed: bool, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    files = {
        name if name.startswith("__MACOSX") else prefix + name: content
        for name, content in SPLIT_TREE.items()
    }
    source = (
        write_zip(tmp_path / "set.zip", files) if packed else write_tree(tmp_path / "set", files)
    )
    assert class_folders.recognises(source)
    with caplog.at_level(logging.INFO):
        data = class_folders.read(source)
    assert data.name == "set"
    found = {
        name.rsplit("/", 1)[1]: (split, EXPRESSIONS[label])
        for name, split, label in zip(data.sample_id, data.split, data.label, strict=True)
    }
    assert found == {
        "a.png": ("train", "happy"),
        "b.JPG": ("train", "angry"),
        "c.bmp": ("val", "happy"),
        "d.webp": ("test", "fear"),
        "e.tif": ("test", "neutral"),
    }
    # each picture stayed with its own label: the values tell them apart
    values = dict(zip(data.sample_id, data.images[:, 24, 24].tolist(), strict=True))
    assert values[prefix + "Training/happiness/a.png"] == 10
    assert values[prefix + "test/fearful/d.webp"] == pytest.approx(40, abs=3)
    assert "Anger → angry" in caplog.text
    assert "happiness → happy" in caplog.text
    assert "no pictures of disgust, sad, surprise" in caplog.text


def test_a_folder_and_its_zip_are_the_same_data(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    files = {
        f"{name}/{i}.png": cv2.imencode(".png", drawn_face(label, draw))[1].tobytes()
        for label, name in enumerate(EXPRESSIONS)
        for i in range(12)
    }
    loose = class_folders.read(write_tree(tmp_path / "faces", files))
    packed = class_folders.read(write_zip(tmp_path / "faces.zip", files))
    assert np.array_equal(loose.images, packed.images)
    assert loose.sample_id.tolist() == packed.sample_id.tolist() == sorted(files)
    assert loose.split.tolist() == packed.split.tolist()


def test_an_unknown_class_folder_is_named_with_the_known(tmp_path: Path) -> None:
    files = many("happy", 3) | many("hapy", 3) | many("zzz", 3)
    source = write_tree(tmp_path / "set", files)
    with pytest.raises(
        DataError, match=r"unknown labels: 'hapy', 'zzz'\n(.|\n)*happiness"
    ) as error:
        class_folders.read(source)
    assert "Did you mean happy? `--class-map hapy=happy`" in str(error.value)
    options = read_options(class_map={"hapy": "happy", "ZZZ": "sad"})
    data = class_folders.read(source, options)
    assert np.bincount(data.label, minlength=7).tolist() == [0, 0, 0, 6, 3, 0, 0]


def test_labels_beyond_the_seven_are_left_out_or_kept_by_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = many("happy", 30) | many("Contempt", 3) | many("none", 2) | many("Unknown", 1)
    source = write_tree(tmp_path / "set", files)
    with caplog.at_level(logging.INFO):
        data = class_folders.read(source)
    assert len(data) == 30
    assert "left out: 3 of contempt, 1 of unknown, 2 of none" in caplog.text
    kept = class_folders.read(source, read_options(classes=("happiness", "contempt")))
    assert kept.classes == ("happy", "contempt")
    assert np.bincount(kept.label).tolist() == [30, 3]


@pytest.mark.parametrize(
    ("layout", "first", "expected"),
    [("raf-db-folders", 1, "surprise"), ("affectnet-folders", 0, "neutral")],
)
def test_numbered_folders_are_read_by_their_format_and_never_guessed(
    tmp_path: Path, layout: str, first: int, expected: str
) -> None:
    codes = range(first, first + 7)
    files = {f"set/train/{i}/a{k}.png": picture(9) for i in codes for k in range(2)}
    source = write_tree(tmp_path / "set", files)
    with pytest.raises(DataError, match=r"raf-db-folders.*affectnet-folders.*--class-map"):
        open_data(source, landmarks=False)
    data = open_data(source, layout=layout, landmarks=False)
    assert len(data) == 14
    row = data.sample_id.tolist().index(f"set/train/{first}/a0.png")
    assert data.classes[data.label[row]] == expected
    options = read_options(class_map=parse_class_map(f"{first}=sad," + ",".join(
        f"{i}=happy" for i in range(first + 1, first + 7)
    )))  # fmt: skip
    mapped = open_data(source, options=options, landmarks=False)
    assert mapped.classes[mapped.label[row]] == "sad"


def test_the_validation_draw_follows_seed_and_share(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", many("happy", 200) | many("sad", 100))

    def drawn(**options: float) -> set[str]:
        data = class_folders.read(source, ReadOptions(**options))  # type: ignore[arg-type]
        return set(data.sample_id[data.split == "val"].tolist())

    assert drawn() == drawn()
    assert drawn() != drawn(val_seed=1)
    quarter = drawn(val_share=0.25)
    assert drawn() < quarter
    assert 35 <= sum(name.startswith("happy") for name in quarter) <= 65
    assert 15 <= sum(name.startswith("sad") for name in quarter) <= 35
    assert not drawn(val_share=0)


def test_all_pictures_of_a_subject_are_drawn_together(tmp_path: Path) -> None:
    files = {
        f"{name}/S{subject:03d}_{k:03d}_00000011.png": picture(subject)
        for name in ("happy", "sad")
        for subject in range(40)
        for k in range(3)
    }
    data = class_folders.read(write_tree(tmp_path / "set", files))
    split_of = {}
    for name, split in zip(data.sample_id, data.split, strict=True):
        split_of.setdefault(name.split("/")[1][:4], set()).add(str(split))
    assert all(len(splits) == 1 for splits in split_of.values())
    assert {"val"} in split_of.values()


def test_files_that_are_no_pictures_are_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = many("happy", 3) | {
        "happy/face.raw": b"1",
        "happy/list.txt": b"1",
        "happy/Thumbs.db": b"1",
        "happy/.DS_Store": b"1",
    }
    with caplog.at_level(logging.INFO):
        class_folders.read(write_tree(tmp_path / "set", files))
    assert "left out 2 files that are no pictures: happy/face.raw, happy/list.txt" in caplog.text
    assert "Thumbs" not in caplog.text


def test_without_a_validation_folder_a_tenth_is_held_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = many("happy", 300) | many("sad", 200) | many("fear", 4)
    with caplog.at_level(logging.INFO):
        data = class_folders.read(write_zip(tmp_path / "a.zip", files))
    counts = data.class_counts()
    assert set(counts) == {"train", "val"}
    assert 20 <= counts["val"]["happy"] <= 40
    assert 12 <= counts["val"]["sad"] <= 28
    assert counts["val"]["fear"] >= 1  # a rare class is measured, too
    assert f"{sum(counts['val'].values())} of 504 training pictures are held out" in caplog.text


def test_the_held_out_pictures_stay_when_others_are_added(tmp_path: Path) -> None:
    files = many("happy", 200) | many("sad", 200)
    more = files | many("happy", 100, first=200) | many("angry", 50)
    before = class_folders.read(write_zip(tmp_path / "a.zip", files))
    after = class_folders.read(write_zip(tmp_path / "b.zip", more))
    split_after = dict(zip(after.sample_id, after.split, strict=True))
    assert all(
        split_after[name] == split
        for name, split in zip(before.sample_id, before.split, strict=True)
    )


def test_test_pictures_are_not_held_out(tmp_path: Path) -> None:
    files = many("train/happy", 100) | many("test/happy", 100)
    counts = class_folders.read(write_zip(tmp_path / "a.zip", files)).class_counts()
    assert counts["test"]["happy"] == 100
    assert counts["train"]["happy"] + counts["val"]["happy"] == 100


def test_class_folders_beside_split_folders_are_refused(tmp_path: Path) -> None:
    files = many("train/happy", 3) | many("sad", 3)
    with pytest.raises(DataError, match="'sad' lies beside split folders"):
        class_folders.read(write_tree(tmp_path / "set", files))


def test_pictures_get_the_most_common_side(tmp_path: Path) -> None:
    files = many("happy", 3) | {
        "sad/big.png": picture(77, 96, 96),
        "sad/low.png": picture(88, 9, 9),
    }
    data = class_folders.read(write_tree(tmp_path / "set", files))
    assert data.images.shape == (5, 48, 48)
    assert data.images.dtype == np.uint8
    assert [int(image.mean()) for image in data.images[3:]] == [77, 88]


def test_large_pictures_are_capped_and_keep_their_shape(tmp_path: Path) -> None:
    tall = np.zeros((600, 300), np.uint8)
    cv2.circle(tall, (150, 300), 100, 255, -1)
    files = {"happy/a.png": cv2.imencode(".png", tall)[1].tobytes()}
    data = class_folders.read(write_tree(tmp_path / "set", files))
    assert data.images.shape == (1, 224, 224)
    rows, columns = np.nonzero(data.images[0] > 127)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=1)  # the circle is still round
    assert (rows.mean(), columns.mean()) == pytest.approx((111.5, 111.5), abs=1)


def test_colour_becomes_grey(tmp_path: Path) -> None:
    green = np.zeros((48, 48, 3), np.uint8)
    green[..., 1] = 200
    files = {"happy/a.png": cv2.imencode(".png", green)[1].tobytes()}
    data = class_folders.read(write_tree(tmp_path / "set", files))
    assert int(data.images[0, 5, 5]) == pytest.approx(0.587 * 200, abs=2)


NOISE = np.random.default_rng(0).integers(0, 255, (48, 48), dtype=np.uint8)
WHOLE_JPEG = cv2.imencode(".jpg", NOISE)[1].tobytes()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("sad/bad.png", b"", "could not be read as a picture"),
        ("sad/bad.png", b"<html>not found</html>", "could not be read as a picture"),
        ("sad/bad.jpg", WHOLE_JPEG[: len(WHOLE_JPEG) // 2], "truncated"),
        ("bad.png", picture(1), "lies in no class folder"),
        ("sad/deeper/bad.png", picture(1), "lies in no class folder"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_pictures_are_skipped_up_to_one_in_a_hundred(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    packed: bool,
    name: str,
    content: bytes,
    reason: str,
) -> None:
    def write(files: dict[str, bytes], stem: str) -> Path:
        if packed:
            return write_zip(tmp_path / f"{stem}.zip", files)
        return write_tree(tmp_path / stem, files)

    few = write(many("happy", 50) | {name: content}, "few")
    with pytest.raises(DataError, match=f"1 of 51(.|\n)*{name} .*{reason}"):
        class_folders.read(few)
    with caplog.at_level(logging.WARNING):
        data = class_folders.read(write(many("happy", 120) | {name: content}, "many"))
    assert len(data) == 120
    assert name not in data.sample_id
    assert f"{name} {reason}" in caplog.text.replace("is ", "")


def test_a_damaged_member_of_a_zip_is_one_bad_picture(tmp_path: Path) -> None:
    source = tmp_path / "set.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_STORED) as archive:
        for name, content in many("happy", 3).items():
            archive.writestr(name, content)
        archive.writestr("sad/noise.bmp", cv2.imencode(".bmp", NOISE)[1].tobytes())
    content = bytearray(source.read_bytes())
    content[content.index(NOISE[:1].tobytes())] ^= 255
    source.write_bytes(content)
    with pytest.raises(DataError, match=r"1 of 4(.|\n)*sad/noise.bmp cannot be read .*CRC"):
        class_folders.read(source)


@pytest.mark.parametrize("name", ["../happy/a.png", "/happy/a.png", "happy/../../a.png"])
def test_a_zip_whose_names_leave_it_is_refused(tmp_path: Path, name: str) -> None:
    source = write_zip(tmp_path / "set.zip", many("happy", 3) | {name: picture(1)})
    with pytest.raises(DataError, match="points out of the zip"):
        class_folders.read(source)
    assert os.listdir(tmp_path) == ["set.zip"]


def test_circles_of_links_end(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "set", many("happy", 3))
    (source / "happy" / "again").symlink_to(source, target_is_directory=True)
    with pytest.raises(DataError, match="lies in no class folder"):
        class_folders.read(source)


def test_class_folders_are_prepared(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "set.zip", many("happy", 30) | many("sad", 30))
    data = prepare(source, tmp_path / "out", landmarks=False)
    again = face_data.load(tmp_path / "out")
    assert np.array_equal(again.images, data.images)
    assert again.split.tolist() == data.split.tolist()


def test_a_picture_added_to_a_folder_is_seen(tmp_path: Path) -> None:
    """The cache knows a folder by all files in it, not only by its own time."""
    source = write_tree(tmp_path / "set", many("happy", 3))
    assert len(open_data(source, landmarks=False)) == 3
    write_tree(source, many("happy", 1, first=3))
    assert len(open_data(source, landmarks=False)) == 4


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"cats/a.png": picture(1), "readme.txt": b"x"}, "a folder with cats/, readme.txt"),
        ({f"{i}/a.png": b"" for i in range(12)}, "0/, 1/, 10/, 11/, 2/, 3/, 4/, 5/ and 4 more"),
        ({}, "nothing in it"),
    ],
)
def test_an_unknown_layout_says_what_was_looked_for_and_found(
    tmp_path: Path, files: dict[str, bytes], found: str
) -> None:
    (tmp_path / "set").mkdir()
    with pytest.raises(DataError) as caught:
        open_data(write_tree(tmp_path / "set", files))
    message = str(caught.value)
    assert f"Found: {found}" in message or found in message
    assert "emotion,pixels,Usage" in message
    assert "angry, disgust, fear" in message


def test_unknown_files_are_described(tmp_path: Path) -> None:
    cats = write_zip(tmp_path / "cats.zip", {"cats/tom/a.png": picture(1)})
    with pytest.raises(DataError, match="Found: a zip with cats/tom"):
        open_data(cats)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(cats.read_bytes()[:-30])
    with pytest.raises(DataError, match="Found: a binary file"):
        open_data(cut)


def test_a_named_format_is_the_only_one_tried(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "set", many("happy", 3))
    assert len(prepare(source, tmp_path / "out", layout="folders", landmarks=False)) == 3
    with pytest.raises(DataError, match=r"Looked for: FER2013's CSV [^;]*\n"):
        prepare(source, tmp_path / "other", layout="fer2013", landmarks=False)
    with pytest.raises(UsageError, match=r"known are auto, .*fer2013, raf-db.*folders"):
        prepare(source, tmp_path / "third", layout="imagenet", landmarks=False)
