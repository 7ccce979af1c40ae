"""RAF-DB, AffectNet, lists and landmark files: drawn sets with the true names and codes."""

import csv
import json
import logging
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.card import Preprocessing
from trainer.data import face_data
from trainer.data.crops import align_all
from trainer.data.face_data import join_data_sets, load
from trainer.data.prepare import prepare
from trainer.data.readers import affectnet, picture_list, raf_db
from trainer.data.readers.landmark_files import with_landmarks
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading import archive
from trainer.data.reading.listing import to_square
from trainer.errors import DataError, UsageError
from trainer.labels import EXPRESSIONS


def picture(path: Path, value: int = 100, width: int = 100, height: int = 100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width), value, np.uint8))


# the authors' codes, as their readme states them
RAF_DB = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


def raf_db_set(folder: Path, train: int = 70, test: int = 14) -> Path:
    lines = []
    for split, count in (("train", train), ("test", test)):
        for number in range(1, count + 1):
            code = (number - 1) % 7 + 1
            lines.append(f"{split}_{number:05d}.jpg {code}")
            picture(folder / "Image" / "aligned" / f"{split}_{number:05d}_aligned.jpg", 10 * code)
            picture(folder / "Image" / "original" / f"{split}_{number:05d}.jpg", 200, 160, 120)
    (folder / "EmoLabel").mkdir()
    (folder / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    return folder


class TestRafDb:
    def test_codes_splits_and_pictures(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = raf_db_set(tmp_path / "raf")
        assert find_reader(source).name == "raf-db"
        with caplog.at_level(logging.INFO):
            data = raf_db.list_pictures(source).load()
        assert data.images.shape == (84, 100, 100)
        for index, sample in enumerate(data.sample_id):
            code = (int(Path(sample).stem.split("_")[1]) - 1) % 7 + 1
            assert EXPRESSIONS[data.label[index]] == RAF_DB[code - 1]
            assert int(data.images[index].mean()) == pytest.approx(10 * code, abs=1)
        counts = {split: sum(row.values()) for split, row in data.class_counts().items()}
        assert counts["test"] == 14
        assert counts["train"] + counts["val"] == 70
        assert min(data.class_counts()["val"].values()) >= 1
        assert "1 → surprise, 2 → fear" in caplog.text
        assert "held out as val" in caplog.text

    def test_originals_keep_their_shape(self, tmp_path: Path) -> None:
        source = raf_db_set(tmp_path / "raf", 14, 7)
        data = prepare(source, tmp_path / "out", layout="raf-db-original", landmarks=False)
        assert data.images.shape == (21, 160, 160)
        assert "Image/original/train_00001.jpg" in data.sample_id

    def test_what_is_missing_is_said(self, tmp_path: Path) -> None:
        source = raf_db_set(tmp_path / "raf", 7, 7)
        for file in (source / "Image" / "aligned").iterdir():
            file.unlink()
        with pytest.raises(DataError, match=r"none of the 14 pictures") as caught:
            raf_db.list_pictures(source)
        assert "Image/aligned/train_00001_aligned.jpg" in str(caught.value.hint)

    def test_a_bad_line_is_listed(self, tmp_path: Path) -> None:
        source = raf_db_set(tmp_path / "raf", 7, 7)
        with (source / "EmoLabel" / "list_patition_label.txt").open("a") as stream:
            stream.write("train_00008.jpg 9\n")
        with pytest.raises(DataError, match=r"1 of 15 pictures(.|\n)*line 15 is 'train_00008.jpg"):
            raf_db.list_pictures(source).load()


# 0 neutral … 7 contempt, 8 none, 9 uncertain, 10 no face
AFFECTNET = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
POINTS = np.stack([np.linspace(90, 150, 68), np.linspace(60, 140, 68)], 1).astype(np.float32)


def affectnet_csv(folder: Path) -> Path:
    head = [
        *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
        *("facial_landmarks", "expression", "valence", "arousal"),
    ]
    points = ";".join(f"{value:g}" for value in POINTS.ravel())
    for name, count in (("training", 22), ("validation", 11)):
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            table = csv.writer(stream)
            table.writerow(head)
            for row in range(count):
                file = f"{row}/{name}{row}.jpg"
                if row % 11 < 8:
                    picture(folder / "Manually_Annotated_Images" / file, 100 + row, 240, 200)
                affect = (-2, -2) if row % 11 > 7 or row == 4 else (-0.1 * (row % 11), 0.2)
                table.writerow([file, 80, 40, 100, 120, points, row % 11, *affect])
    return folder


class TestAffectNet:
    @pytest.mark.parametrize("layout", ["affectnet", "affectnet8"])
    def test_the_csv_form(
        self, tmp_path: Path, layout: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        source = affectnet_csv(tmp_path)
        assert find_reader(source).name == "affectnet"
        eight = layout == "affectnet8"
        with caplog.at_level(logging.INFO):
            data = affectnet.list_pictures(source, contempt=eight).load()
        assert len(data.classes) == (8 if eight else 7)
        assert data.classes[:7] == EXPRESSIONS
        assert np.bincount(data.label).tolist() == [3] * (8 if eight else 7)
        assert sorted(set(data.split.tolist())) == ["train", "val"]
        for sample, label in zip(data.sample_id, data.label, strict=True):
            row = int(sample.split("/")[1])
            assert data.classes[label] == AFFECTNET[row % 11]
        assert "3 of uncertain" in caplog.text
        assert ("3 of contempt" in caplog.text) != eight
        # cut to the box and a quarter of it on each side: x 55..205, y 10..190, then a square
        square = data.images.shape[1]
        assert square == 180
        moved = POINTS - np.array([40, 10])
        assert data.landmarks[0] == pytest.approx(moved * (square / 180), abs=0.6)
        assert data.landmark_source == "data set"
        for sample, affect in zip(data.sample_id, data.valence_arousal, strict=True):
            row = int(sample.split("/")[1])
            unknown = row == 4  # written as −2
            expected = (np.nan, np.nan) if unknown else (-0.1 * (row % 11), 0.2)
            assert affect == pytest.approx(expected, nan_ok=True)

    def test_the_npy_form(self, tmp_path: Path) -> None:
        for folder, count in (("train_set", 16), ("val_set", 8)):
            (tmp_path / folder / "annotations").mkdir(parents=True)
            for number in range(count):
                place = tmp_path / folder / "annotations"
                picture(tmp_path / folder / "images" / f"{number}.jpg", 40 + number, 224, 224)
                np.save(place / f"{number}_exp.npy", np.array(str(number % 8)))
                np.save(place / f"{number}_lnd.npy", POINTS.ravel().astype(np.float64))
                np.save(place / f"{number}_val.npy", np.array(f"-{number / 20}"))
                np.save(place / f"{number}_aro.npy", np.array("-2" if number == 5 else "0.5"))
        data = prepare(tmp_path, tmp_path / "out")  # its own landmarks: none are looked for
        assert len(data) == 21
        assert {split: sum(row.values()) for split, row in data.class_counts().items()} == {
            "train": 14,
            "val": 7,
        }
        first = data.sample_id.tolist().index("train_set/images/3.jpg")
        assert EXPRESSIONS[data.label[first]] == "surprise"
        assert int(np.asarray(data.images[first]).mean()) == 43
        for stored in (data, load(tmp_path / "out")):
            assert stored.valence_arousal[first] == pytest.approx([-0.15, 0.5])
            fifth = stored.sample_id.tolist().index("train_set/images/5.jpg")
            assert stored.valence_arousal[fifth] == pytest.approx([-0.25, np.nan], nan_ok=True)
        assert json.loads((tmp_path / "out/dataset.json").read_text())["with_valence_arousal"] == 21
        assert data.landmarks[first] == pytest.approx(POINTS, abs=1e-3)
        assert align_all(data, Preprocessing()).pixels.shape == (21, 48, 48)

    def test_an_unknown_code_is_listed(self, tmp_path: Path) -> None:
        source = affectnet_csv(tmp_path)
        with (source / "validation.csv").open("a") as stream:
            stream.write("0/training0.jpg,1,1,9,9,,11,0,0\n")
        with pytest.raises(DataError, match="line 13 has the expression 11"):
            affectnet.list_pictures(source).load()


class TestLists:
    def write(self, folder: Path, *lines: str, name: str = "fold1.csv") -> Path:
        (folder / name).write_text("file,label,split\n" + "\n".join(lines) + "\n")
        return folder / name

    def test_files_labels_and_splits(self, tmp_path: Path) -> None:
        for name in ("a", "b", "c"):
            picture(tmp_path / "x" / f"{name}.png", ord(name))
        lines = ("x/b.png,Happiness,test", "x/a.png,anger,train", "x/c.png,neutral,val")
        file = self.write(tmp_path, *lines)
        assert find_reader(file).name == "list"
        data = picture_list.list_pictures(file).load()
        assert [EXPRESSIONS[k] for k in data.label] == ["happy", "angry", "neutral"]
        assert data.split.tolist() == ["test", "train", "val"]
        assert [int(image.mean()) for image in data.images] == [ord("b"), ord("a"), ord("c")]

    def test_a_zip_with_its_labels(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
            archive.writestr(
                "labels.csv", "file,emotion\n1.png,sadness\n2.png,fear\n3.png,contempt\n"
            )
            for name in ("1.png", "2.png"):
                pixels = np.full((20, 20), 50, np.uint8)
                archive.writestr(name, cv2.imencode(".png", pixels)[1].tobytes())
        assert find_reader(tmp_path / "faces.zip").name == "list"
        data = picture_list.list_pictures(tmp_path / "faces.zip").load()
        assert [EXPRESSIONS[k] for k in data.label] == ["sad", "fear"]

    def test_numbers_are_no_labels(self, tmp_path: Path) -> None:
        file = self.write(tmp_path, "a.png,3,train")
        with pytest.raises(DataError, match=r"unknown labels: '3'\n.*numbers differ"):
            picture_list.list_pictures(file)

    def test_valence_and_arousal(self, tmp_path: Path) -> None:
        rows = ["a,happy,train,0.5,-0.25", "b,sad,train,,", "c,sad,val,-2,-2", "d,fear,val,1,-1"]
        for row in rows:
            picture(tmp_path / f"{row[0]}.png")
        file = tmp_path / "list.csv"
        text = "\n".join(
            ["file,label,split,Valence,Arousal", *(r[0] + ".png" + r[1:] for r in rows)]
        )
        file.write_text(text)
        data = picture_list.list_pictures(file).load()
        unknown = [np.nan, np.nan]
        expected = np.array([[0.5, -0.25], unknown, unknown, [1, -1]])
        assert data.valence_arousal == pytest.approx(expected, nan_ok=True)
        assert data.select(np.array([3, 0])).valence_arousal == pytest.approx(expected[[3, 0]])
        joined = join_data_sets(replace(data, valence_arousal=None), [data])
        assert joined.valence_arousal[4:] == pytest.approx(expected[:2], nan_ok=True)
        assert np.isnan(joined.valence_arousal[:4]).all()
        file.write_text(text.replace("0.5", "7"))
        with pytest.raises(DataError, match=r"a\.png has the valence 7, which is not between"):
            picture_list.list_pictures(file).load()

    def test_without_the_columns_there_are_none(self, tmp_path: Path) -> None:
        picture(tmp_path / "a.png")
        data = prepare(self.write(tmp_path, "a.png,happy,train"), tmp_path / "out", landmarks=False)
        assert data.valence_arousal is None
        assert load(tmp_path / "out").valence_arousal is None
        assert "valence_arousal" not in np.load(tmp_path / "out" / "samples.npz").files

    def test_missing_files_and_unknown_splits(self, tmp_path: Path) -> None:
        picture(tmp_path / "a.png")
        file = self.write(tmp_path, "a.png,happy,train", "b.png,sad,train", "a.png,sad,third")
        with pytest.raises(DataError, match=r"2 of 3 pictures(.|\n)*b.png is missing") as caught:
            picture_list.list_pictures(file).load()
        assert "split 'third'" in str(caught.value)


class TestLandmarkFiles:
    def listing(self, folder: Path):
        picture(folder / "happy" / "a.png", 100, 100, 50)
        picture(folder / "sad" / "b.png", 100, 100, 50)
        return find_reader(folder).read(folder)

    @pytest.mark.parametrize("kind", ["npy", "txt", "pts"])
    def test_they_follow_the_picture_into_its_square(self, tmp_path: Path, kind: str) -> None:
        points = np.stack([np.linspace(5, 90, 68), np.linspace(4, 45, 68)], 1)
        place = tmp_path / "marks" / ("happy" if kind != "pts" else "")
        place.mkdir(parents=True)
        rows = "\n".join(f"{x} {y}" for x, y in points)
        if kind == "npy":
            np.save(place / "a.npy", points)
        else:
            head = "version: 1\nn_points: 68\n{\n" if kind == "pts" else ""
            (place / f"a.{kind}").write_text(f"{head}{rows}\n" + ("}\n" if head else ""))
        found = with_landmarks(self.listing(tmp_path / "set"), tmp_path / "marks")
        data = found.load()
        assert data.landmarks[0] == pytest.approx(points + np.array([0, 25]), abs=1e-3)
        assert data.has_landmarks.tolist() == [True, False]
        assert data.landmark_source == "files"

    def test_wrong_folders_and_files_are_named(self, tmp_path: Path) -> None:
        listing = self.listing(tmp_path / "set")
        with pytest.raises(UsageError, match="no such folder of landmarks"):
            with_landmarks(listing, tmp_path / "none")
        (tmp_path / "marks").mkdir()
        with pytest.raises(DataError, match=r"no landmarks of set\n.*happy/a with .npy"):
            with_landmarks(listing, tmp_path / "marks")
        (tmp_path / "marks" / "a.txt").write_text("1 2\n3 4\n")
        with pytest.raises(DataError, match=r"a.txt: its shape is \(2, 2\)"):
            with_landmarks(listing, tmp_path / "marks")


@pytest.mark.parametrize(("width", "height", "side"), [(60, 40, 30), (40, 60, 120), (50, 50, 50)])
def test_a_point_moves_with_its_pixel(width: int, height: int, side: int) -> None:
    canvas = np.zeros((height, width), np.float32)
    x, y = width * 0.3, height * 0.7
    rows, columns = np.mgrid[:height, :width]
    canvas = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)
    square, (scale, shift) = to_square(canvas.round().astype(np.uint8), side)
    rows, columns = np.mgrid[:side, :side]
    weight = square.astype(float)
    seen = np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()
    assert np.array([x, y]) * scale + shift == pytest.approx(seen, abs=0.15)


def test_a_read_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "set" / "happy" / "a.png", 77)
    read, failed = archive.read_file, []

    def flaky(path: Path) -> bytes:
        if path.name == "a.png" and len(failed) < 2:
            failed.append(path)
            raise OSError("the network is away")
        return read(path)

    monkeypatch.setattr(archive, "read_file", flaky)
    data = prepare(tmp_path / "set", tmp_path / "out", landmarks=False)
    assert len(failed) == 2
    assert int(np.asarray(data.images[0]).mean()) == 77


def test_pictures_stay_in_their_file(tmp_path: Path) -> None:
    """Views hold row numbers alone, and read what is asked for."""
    raf_db_set(tmp_path / "raf", 14, 7)
    data = prepare(tmp_path / "raf", tmp_path / "out", landmarks=False)
    part = data.of_split("test").select(np.array([3, 1]))
    assert isinstance(part.images, type(face_data.load(tmp_path / "out").images))
    assert part.images.shape == (2, 100, 100)
    whole = np.asarray(data.images)
    places = [data.sample_id.tolist().index(name) for name in part.sample_id]
    assert np.array_equal(np.asarray(part.images), whole[places])
    assert np.array_equal(np.load(tmp_path / "out" / "images.npy"), whole)


def test_lazy_crops_have_the_same_pixels() -> None:
    import torch

    from tests.support.trainer.drawn import drawn_data

    data = drawn_data(3)
    kept, lazy = align_all(data, Preprocessing()), align_all(data, Preprocessing(), memory=0)
    assert isinstance(kept.pixels, torch.Tensor)
    assert not isinstance(lazy.pixels, torch.Tensor)
    rows = torch.tensor([5, 0, 17])
    assert torch.equal(lazy.pixels[rows], kept.pixels[rows])
    assert torch.equal(lazy.pixels[10:14], kept.pixels[10:14])
    assert torch.equal(lazy.landmarks, kept.landmarks)


def test_majority_votes() -> None:
    from tests.support.trainer.drawn import drawn_data

    data = drawn_data(1)
    votes = data.votes.copy()
    votes[0, :2] = votes[1, :2] = 0
    votes[0], votes[1] = [0.6, 0.4, 0, 0, 0, 0, 0], [0, 0.5, 0.5, 0, 0, 0, 0]
    changed = face_data.replace(data, votes=votes)  # type: ignore[attr-defined]
    targets = align_all(changed, Preprocessing(), 1.0, "majority").targets.numpy()
    assert targets[0].tolist() == [1, 0, 0, 0, 0, 0, 0]
    assert targets[1].tolist() == [0, 0.5, 0.5, 0, 0, 0, 0]  # a tie stays
    assert targets[2].tolist() == np.eye(7)[data.label[2]].tolist()


def test_copies_and_conflicts_are_counted() -> None:
    from tests.support.trainer.drawn import drawn_data

    data = drawn_data(3)
    images = data.images.copy()
    images[4], images[7] = images[25], images[10]  # train = val; train = train, another label
    changed = face_data.replace(data, images=images)  # type: ignore[attr-defined]
    assert changed.leaked().tolist() == [index == 4 for index in range(len(data))]
    conflicts = {(4, 25), (7, 10)}
    expected = sum(data.label[a] != data.label[b] for a, b in conflicts)
    assert len(changed.conflicting()) == expected
