"""DFEW's and FERV39k's layouts: which frames, labels and splits are read, and what is refused."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from trainer.data.clips import FRAMES, in_order, spread
from trainer.data.face_data import load
from trainer.data.prepare import prepare
from trainer.data.readers import clip_folders
from trainer.data.readers.reader_registry import find_reader
from trainer.data.reading.read_options import ReadOptions
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS

DFEW = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")


def frames(folder: Path, count: int, level: int, name: str = "{:d}.jpg") -> None:
    """Frames whose grey level tells clip and time."""
    folder.mkdir(parents=True)
    for number in range(count):
        picture = np.full((20, 20), level + number, np.uint8)
        picture[0, 0] = 0
        cv2.imwrite(str(folder / name.format(number + 1)), picture)


def dfew(folder: Path, lists: str = "EmoLabel_DataSplit/{split}(single-labeled)/set_{fold}.csv",
         column: str = "video_name") -> Path:  # fmt: skip
    """14 training and 7 test clips of fold 1; fold 2 swaps train and test of some."""
    for clip in range(1, 22):
        name = f"{clip:05d}_{{:05d}}.jpg" if "single_" in lists else "{:d}.jpg"
        frames(folder / "Clip" / "clip_224x224" / f"{clip:05d}", 12, 5 * clip, name)
        frames(folder / "Clip" / "clip_224x224_16f" / f"{clip:05d}", 3, 200)
    for fold in (1, 2):
        for split, clips in (("train", range(1, 15)), ("test", range(15, 22))):
            file = folder / lists.format(split=split, fold=fold)
            file.parent.mkdir(parents=True, exist_ok=True)
            shifted = [(clip + 6) % 21 + 1 if fold > 1 else clip for clip in clips]
            rows = [f"{clip},{(clip - 1) % 7 + 1}" for clip in shifted]
            file.write_text("\n".join([f"{column},label", *rows]) + "\n")
    return folder


def ferv39k(folder: Path) -> Path:
    lines: dict[str, list[str]] = {"train": [], "test": []}
    names = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
    for number in range(21):
        split, label = "train" if number < 14 else "test", names[number % 7]
        clip = f"Weak-Speech/{label}/{number:04d}"
        lines[split].append(f"{clip} {label}")
        frames(folder / "2_ClipsforFaceCrop" / clip, 20, 10 + number)
    for split, rows in lines.items():
        file = folder / "4_setups" / "All_scenes" / f"{split}_All.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(rows) + "\n")
    return folder


class TestDfew:
    @pytest.mark.parametrize(
        "lists",
        [
            "EmoLabel_DataSplit/{split}(single-labeled)/set_{fold}.csv",
            "label/single_{split}set_{fold}.csv",
        ],
    )
    def test_frames_labels_and_splits(self, tmp_path: Path, lists: str) -> None:
        source = dfew(tmp_path / "set", lists)
        assert find_reader(source).name == "dfew"
        data = prepare(source, tmp_path / "out", landmarks=False)
        stored = load(tmp_path / "out")
        assert np.array_equal(stored.clip, data.clip)
        assert len(np.unique(data.clip)) == 21
        for clip in np.unique(data.clip):
            rows = np.flatnonzero(data.clip == clip)
            number = int(data.sample_id[rows[0]].split("/")[-2])
            assert EXPRESSIONS[data.label[rows[0]]] == DFEW[(number - 1) % 7]
            assert len(set(data.label[rows])) == len(set(data.split[rows])) == 1
            assert (data.split[rows[0]] == "test") == (number >= 15)
            levels = [int(np.median(data.images[int(row)])) for row in rows]
            assert len(rows) == 12  # of the folder with most frames
            assert levels == pytest.approx(
                5 * number + np.arange(12), abs=1
            )  # in time: 2 before 10
        assert set(data.split) == {"train", "val", "test"}

    def test_another_fold_by_its_name(self, tmp_path: Path) -> None:
        source = dfew(tmp_path)
        clips = {}
        for name in ("dfew", "dfew-2"):
            data = find_reader(source, name).read(source).load()
            tests = data.sample_id[data.split == "test"]
            clips[name] = {int(sample.split("/")[-2]) for sample in tests}
        assert clips["dfew"] == set(range(15, 22))
        assert clips["dfew-2"] == set(range(1, 8))
        with pytest.raises(DataError, match=r"the list train\(single-labeled\)/set_3.csv"):
            find_reader(source, "dfew-3").read(source)

    def test_clips_without_frames_are_listed(self, tmp_path: Path) -> None:
        source = dfew(tmp_path)
        file = source / "EmoLabel_DataSplit" / "train(single-labeled)" / "set_1.csv"
        file.write_text(file.read_text() + "99,1\n")
        with pytest.raises(DataError, match="00099 has no folder of frames"):
            clip_folders.list_dfew(source)

    def test_a_missing_list_and_missing_columns_are_named(self, tmp_path: Path) -> None:
        source = dfew(tmp_path)
        lists = source / "EmoLabel_DataSplit"
        (lists / "test(single-labeled)" / "set_1.csv").rename(tmp_path / "elsewhere.txt")
        with pytest.raises(DataError, match=r"test\(single-labeled\)/set_1.csv is missing"):
            clip_folders.list_dfew(source)
        other = dfew(tmp_path / "other", column="order")
        with pytest.raises(DataError, match="it has no video_name"):
            clip_folders.list_dfew(other)


class TestFerv39k:
    def test_frames_labels_and_splits(self, tmp_path: Path) -> None:
        source = ferv39k(tmp_path)
        assert find_reader(source).name == "ferv39k"
        data = clip_folders.list_ferv39k(source, ReadOptions(val_share=0)).load()
        assert len(data) == 21 * FRAMES
        for clip in range(21):
            rows = np.flatnonzero(data.clip == clip)
            _, label, number = data.sample_id[rows[0]].split("/")[-4:-1]
            assert EXPRESSIONS[data.label[rows[0]]] == label.lower()
            assert data.split[rows[0]] == ("train" if int(number) < 14 else "test")
            levels = [int(np.median(data.images[int(row)])) for row in rows]
            assert levels == pytest.approx(10 + int(number) + spread(20), abs=1)

    def test_a_line_that_names_no_clip(self, tmp_path: Path) -> None:
        source = ferv39k(tmp_path)
        file = source / "4_setups" / "All_scenes" / "train_All.csv"
        file.write_text(file.read_text() + "0001 Happy\n")
        with pytest.raises(DataError, match="is not `Scene/Class/Clip Label`"):
            clip_folders.list_ferv39k(source)


def test_frames_are_spread_from_the_first_to_the_last() -> None:
    assert spread(31).tolist() == list(range(0, 31, 2))
    assert spread(1).tolist() == [0] * FRAMES
    assert spread(4).tolist() == sorted(spread(4).tolist())
    assert set(spread(4).tolist()) == {0, 1, 2, 3}
    assert in_order(["a/10.png", "a/9.png", "a/1.png"]) == ["a/1.png", "a/9.png", "a/10.png"]
