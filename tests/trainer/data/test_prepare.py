"""FER2013's CSV, votes, prepared folders: good rows come back, bad ones are named."""

import csv
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from filelock import FileLock

from tests.support import ROOT
from tests.support.trainer.drawn import drawn_data, fer2013_row, write_fer2013
from trainer.card import Preprocessing
from trainer.data import face_data
from trainer.data.crops import align_all
from trainer.data.prepare import cache_folder, open_data, prepare
from trainer.data.readers import fer2013
from trainer.errors import DataError, UsageError


def rows(count: int) -> list[tuple[str, str, str]]:
    draw = np.random.default_rng(0)
    usages = ("Training", "Training", "PublicTest", "PrivateTest")
    return [fer2013_row(i % 7, usages[i % 4], draw) for i in range(count)]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    written = rows(12)
    data = fer2013.read(write_fer2013(tmp_path / "faces.csv", written))
    assert data.label.tolist() == [int(row[0]) for row in written]
    assert data.images[5].ravel().tolist() == [int(v) for v in written[5][1].split()]
    assert data.split.tolist()[:4] == ["train", "train", "val", "test"]
    assert data.class_counts()["val"] == {"fear": 1, "happy": 1, "neutral": 1}
    assert not data.has_landmarks.any()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (("9", "0 " * 2304, "Training"), "label '9'"),
        (("x", "0 " * 2304, "Training"), "label 'x'"),
        (("1", "0 " * 2000, "Training"), "2000 pixels instead of 2304"),
        (("1", "0 " * 2303 + "300", "Training"), "outside 0 to 255"),
        (("1", "0 " * 2303 + "a", "Training"), "no whole numbers"),
        (("1", "0 " * 2304, "Holiday"), "usage 'Holiday'"),
    ],
)
def test_a_bad_row_is_named_with_its_file_and_reason(
    tmp_path: Path, bad: tuple[str, str, str], words: str
) -> None:
    file = write_fer2013(tmp_path / "faces.csv", [*rows(7), bad])
    with pytest.raises(DataError, match="row 7.*" + words) as caught:
        fer2013.read(file)
    assert str(file) in str(caught.value)


def test_one_bad_row_in_two_hundred_is_skipped_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = rows(200)
    file = write_fer2013(tmp_path / "faces.csv", [*good[:50], ("9", "0", "Training"), *good[50:]])
    with caplog.at_level(logging.WARNING):
        data = fer2013.read(file)
    assert len(data) == 200
    assert data.source_index[50] == 51  # rows keep the numbers of the file
    assert "skipped 1 of 201" in caplog.text
    assert "row 50" in caplog.text


def test_other_files_are_refused_with_the_known_layouts(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="emotion,pixels,Usage"):
        open_data(other)
    with pytest.raises(DataError, match="no such file"):
        open_data(tmp_path / "gone.csv")


def test_votes_are_shares_of_the_seven(tmp_path: Path) -> None:
    file = write_fer2013(tmp_path / "fer2013.csv", rows(3))
    names = [
        "neutral",
        "happiness",
        "surprise",
        "sadness",
        "anger",
        "disgust",
        "fear",
        "contempt",
        "unknown",
        "NF",
    ]
    votes = [(4, 0, 0, 1, 3, 2, 0, 0, 0, 0), (3, 1, 0, 0, 0, 0, 0, 2, 4, 0), (5,) + (0,) * 9]
    with (tmp_path / "ferplus_votes.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["Usage", "Image name", *names])
        writer.writerows(["Training", f"fer{i}.png", *row] for i, row in enumerate(votes))
    data = fer2013.read(file)
    # angry, disgust, fear, happy, sad, surprise, neutral
    assert data.votes[0] == pytest.approx(np.array([0.3, 0.2, 0, 0, 0.1, 0, 0.4]))
    assert np.isnan(data.votes[1]).all()  # most saw none of the seven
    targets = align_all(data, Preprocessing(), votes_share=0.5).targets.numpy()
    assert targets.sum(axis=1) == pytest.approx(np.ones(3))
    assert targets[0] == pytest.approx(np.array([0.65, 0.1, 0, 0, 0.05, 0, 0.2]))
    assert targets[1] == pytest.approx(np.eye(7)[data.label[1]])


def test_votes_of_another_data_set_are_refused(tmp_path: Path) -> None:
    write_fer2013(tmp_path / "fer2013.csv", rows(3))
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear"
    (tmp_path / "ferplus_votes.csv").write_text(header + "\nTraining,a,1,0,0,0,0,0,0\n")
    with pytest.raises(DataError, match="has 1 rows, the pictures beside it 3"):
        fer2013.read(tmp_path / "fer2013.csv")


def test_a_prepared_folder_travels(tmp_path: Path) -> None:
    data = drawn_data(2)
    face_data.save(data, tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    loaded = face_data.load(tmp_path / "b")
    assert np.array_equal(loaded.images, data.images)
    assert np.array_equal(loaded.landmarks, data.landmarks)
    assert loaded.classes == data.classes
    assert loaded.sample_id.tolist() == data.sample_id.tolist()


@pytest.mark.parametrize("part", ["images.npy", "samples.npz", "dataset.json"])
def test_a_damaged_prepared_folder_is_named(tmp_path: Path, part: str) -> None:
    face_data.save(drawn_data(2), tmp_path / "a")
    broken = tmp_path / "a" / part
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(DataError, match="damaged"):
        face_data.load(tmp_path / "a")


def test_prepare_continues_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks that are done are not done again; the result is the same."""
    module = sys.modules["trainer.data.landmark_detection"]
    monkeypatch.setattr(module, "CHUNK", 4)
    source = write_fer2013(tmp_path / "faces.csv", rows(10))
    chunks: list[int] = []

    def detect(data: face_data.FaceData, starts: list[int], workers: int, report: object):
        for start in starts:
            if start == 8 and not chunks.count(8):
                chunks.append(8)
                raise KeyboardInterrupt
            chunks.append(start)
            count = len(data.images[start : start + 4])
            yield start, np.full((count, 68, 2), start, np.float32)

    monkeypatch.setattr(module, "_detect_chunks", detect)
    with pytest.raises(KeyboardInterrupt):
        prepare(source, tmp_path / "out")
    data = prepare(source, tmp_path / "out")
    assert chunks == [0, 4, 8, 8]
    assert data.landmarks[:, 0, 0].tolist() == [0] * 4 + [4] * 4 + [8] * 2
    assert data.landmark_source == "mediapipe"
    assert face_data.load(tmp_path / "out").has_landmarks.all()
    assert not (tmp_path / "out" / "landmarks").exists()


def test_a_prepared_folder_is_of_one_source(tmp_path: Path) -> None:
    """A folder that was made from another source is refused."""
    first = write_fer2013(tmp_path / "first.csv", rows(8))
    second = write_fer2013(tmp_path / "second.csv", rows(12))
    out = tmp_path / "out"
    assert len(prepare(first, out, landmarks=False)) == 8
    assert len(prepare(first, out, landmarks=False)) == 8  # the same again
    with pytest.raises(UsageError, match=r"first\.csv, asked: .*second\.csv"):
        prepare(second, out, landmarks=False)
    with pytest.raises(DataError, match="no such file"):
        prepare(tmp_path / "gone.csv", out, landmarks=False)
    (tmp_path / "ferplus_votes.csv").write_text("")
    with pytest.raises(UsageError, match=r"votes: none, asked: ferplus_votes\.csv"):
        prepare(first, out, landmarks=False)
    assert sorted(file.name for file in out.iterdir()) == [
        "dataset.json", "images.npy", "origin.json", "samples.npz",
    ]  # fmt: skip


def test_votes_added_later_give_another_cache_folder(tmp_path: Path) -> None:
    source = write_fer2013(tmp_path / "faces.csv", rows(8))
    before = cache_folder(source)
    (tmp_path / "ferplus_votes.csv").write_text("")
    assert cache_folder(source) != before


def test_a_changed_picture_of_a_list_is_read_again(tmp_path: Path) -> None:
    """Two pictures of a list are exchanged for their negatives; the CSV stays."""
    draw = np.random.default_rng(0)
    pictures = draw.integers(0, 256, (2, 48, 48), np.uint8)
    lines = ["file,label,split"]
    for index, picture in enumerate(pictures):
        lines.append(f"{index}.png,happy,train")
        cv2.imwrite(str(tmp_path / f"{index}.png"), picture)
    (tmp_path / "faces.csv").write_text("\n".join(lines))
    assert np.array_equal(open_data(tmp_path / "faces.csv", landmarks=False).images, pictures)
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{index}.png"), 255 - picture)
    assert np.array_equal(open_data(tmp_path / "faces.csv", landmarks=False).images, 255 - pictures)


def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    source, out = write_fer2013(tmp_path / "faces.csv", rows(8)), tmp_path / "out"
    stages: list[str] = []
    out.mkdir()
    lock = FileLock(out / "prepare.lock")
    lock.acquire()

    def report(stage: str, done: int, total: int) -> None:
        stages.append(stage)
        lock.release()

    assert len(prepare(source, out, landmarks=False, progress=report)) == 8
    assert stages[0] == "waiting for another process"


def test_landmarks_are_detected_by_worker_processes(
    tmp_path: Path, demo_frame: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    import cv2

    grey = cv2.cvtColor(demo_frame, cv2.COLOR_BGR2GRAY)
    height = grey.shape[0]
    face = cv2.resize(grey[:, 310 : 310 + height], (48, 48), interpolation=cv2.INTER_AREA)
    empty = np.full((48, 48), 100, np.uint8)
    table = [
        ("3", " ".join(map(str, picture.ravel().tolist())), "Training") for picture in (face, empty)
    ]
    stages: list[tuple[str, int, int]] = []
    data = prepare(
        write_fer2013(tmp_path / "faces.csv", table),
        tmp_path / "out",
        progress=lambda *step: stages.append(step),
    )
    assert data.has_landmarks.tolist() == [True, False]
    assert "Error" not in capfd.readouterr().err  # they end without an error
    assert stages[-1] == ("landmarks", 2, 2)


def test_leaked_training_pictures_are_left_out() -> None:
    data = drawn_data(3)
    images = data.images.copy()
    leaked, twin = 4, 25  # a training picture, and a validation picture
    images[leaked] = images[twin]
    changed = face_data.replace(data, images=images)  # type: ignore[attr-defined]
    kept = changed.without_leaked()
    assert set(changed.sample_id) - set(kept.sample_id) == {data.sample_id[leaked]}


def test_a_missing_split_is_named_with_those_present() -> None:
    with pytest.raises(UsageError, match="train, val"):
        drawn_data(1).of_split("test")


def test_fer2013_itself(fer2013_csv: Path) -> None:
    data = fer2013.read(fer2013_csv)
    counts = data.class_counts()
    assert sum(counts["train"].values()) == 28709
    assert counts["val"]["happy"] == 895
    kept = data.without_leaked()
    assert 0 < len(data) - len(kept) < 600


def test_killed_it_leaves_no_worker_behind(tmp_path: Path) -> None:
    """Workers would wait for their next pictures for ever."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        folder = tmp_path / "faces" / split / "happy"
        folder.mkdir(parents=True)
        for k in range(400):
            cv2.imwrite(str(folder / f"{k}.png"), rng.integers(0, 255, (96, 96), np.uint8))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "trainer", "prepare", str(tmp_path / "faces")),
            *("--out", str(tmp_path / "out"), "--workers", "2"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        chunks = tmp_path / "out"
        pulse = threading.Event()
        while process.poll() is None and not list(chunks.rglob("0*.npy")):
            pulse.wait(0.05)
        workers = psutil.Process(process.pid).children(recursive=True)
        assert len(workers) >= 2
    finally:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
