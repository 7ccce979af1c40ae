"""Tracks, the analysis of frames, and `ferapp analyze`."""

import csv
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.analyze import analyze_source
from ferapp.sources.frame import Frame
from ferapp.vision.analyzer import Analyzer
from ferapp.vision.classifier import Classifier
from ferapp.vision.options import Options
from ferapp.vision.tracks import Tracks
from trainer.faces.landmarker import FaceLandmarker
from trainer.labels import EXPRESSIONS

HEADER = (
    "frame,time_s,face_id,box_x,box_y,box_w,box_h,label,confidence,"
    "p_angry,p_disgust,p_fear,p_happy,p_sad,p_surprise,p_neutral"
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_face_keeps_its_id_and_a_new_one_gets_another() -> None:
    tracks = Tracks()
    assert tracks.assign([(10, 10, 50, 50), (200, 10, 40, 40)], 0.0) == [0, 1]
    assert tracks.assign([(205, 12, 40, 40), (14, 10, 50, 50)], 0.04) == [1, 0]
    assert tracks.assign([(14, 10, 50, 50)], 0.08) == [0]
    assert tracks.assign([(14, 10, 50, 50), (400, 300, 40, 40)], 0.12) == [0, 2]
    assert tracks.assign([(14, 10, 50, 50)], 3.0) == [3]  # gone for too long


def test_smoothing_follows_its_time_constant() -> None:
    tracks = Tracks()
    low, high = np.zeros(7, np.float32), np.ones(7, np.float32)
    tracks.assign([(0, 0, 10, 10)], 0.0)
    tracks.smooth(0, low, 0.0, 0.3)
    after = tracks.smooth(0, high, 0.3, 0.3)
    assert after == pytest.approx(np.full(7, 1 - np.exp(-1)), rel=1e-5)
    assert tracks.smooth(0, high, 0.4, 0.0) == pytest.approx(high)  # 0 switches it off


def test_a_real_face_is_found_aligned_and_explained(demo_frame: np.ndarray) -> None:
    classifier = Classifier("default", "cpu")
    with FaceLandmarker(video=True) as landmarker:
        analysis = Analyzer(landmarker).analyze(
            Frame(demo_frame, 0, 0.0, 0.0), classifier, Options(), paint=True
        )
    (face,) = analysis.faces
    assert analysis.classes == EXPRESSIONS
    assert face.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert face.crop.shape == (classifier.card.preprocessing.input_size,) * 2
    assert face.attribution is not None
    assert face.attribution.shape == face.crop.shape
    assert face.attributed_class == face.probabilities.argmax()
    # to_crop takes the frame to the crop: the crop's pixels are the frame's at that place
    x, y = face.landmarks[[36, 45]].mean(axis=0)
    u, v = face.to_crop[:, :2] @ (x, y) + face.to_crop[:, 2]
    assert (u, v) == pytest.approx((21.5, 16.2), abs=2)  # between the eyes, by the template
    assert np.array_equal(analysis.picture[..., :3], demo_frame)


def test_without_a_model_landmarks_are_there_and_labels_are_not(demo_frame: np.ndarray) -> None:
    with FaceLandmarker(video=True) as landmarker:
        frame = Frame(demo_frame, 0, 0.0, 0.0)
        analysis = Analyzer(landmarker).analyze(frame, None, Options(), paint=False)
    assert analysis.classes == ()
    assert analysis.faces[0].probabilities.size == 0
    assert analysis.faces[0].landmarks.shape == (68, 2)


@pytest.mark.slow
def test_the_demo_clip_reads_as_a_person_would(tmp_path: Path) -> None:
    """She cries at first and laughs at the end; values in the CSV are of single frames."""
    file = tmp_path / "demo.csv"
    summary = analyze_source("demo", file, every=4)
    rows = rows_of(file)
    assert file.read_text().splitlines()[0] == HEADER
    assert summary.frames == len(rows) == 118
    crying = [row["label"] for row in rows if float(row["time_s"]) < 4]
    laughing = [row["label"] for row in rows if float(row["time_s"]) > 10]
    assert crying.count("sad") > 0.8 * len(crying)
    assert laughing.count("happy") > 0.9 * len(laughing)
    assert {row["face_id"] for row in rows if row["face_id"]} == {"0"}
    assert [row["frame"] for row in rows[:3]] == ["0", "4", "8"]


def test_rows_of_frames_without_a_face_have_no_id(tmp_path: Path) -> None:
    clip = tmp_path / "wall.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    draw = np.random.default_rng(0)
    for _ in range(6):
        writer.write(draw.integers(80, 120, (240, 320, 3), np.uint8))
    writer.release()
    summary = analyze_source(str(clip), tmp_path / "wall.csv", max_frames=5)
    rows = rows_of(tmp_path / "wall.csv")
    assert len(rows) == summary.frames == 5
    assert all(row["face_id"] == "" and row["label"] == "" for row in rows)
    assert [row["time_s"] for row in rows[:2]] == ["0.000", "0.100"]


def test_a_picture_gives_one_row(tmp_path: Path, demo_frame: np.ndarray) -> None:
    picture = tmp_path / "face.png"
    cv2.imwrite(str(picture), demo_frame)
    analyze_source(str(picture), tmp_path / "face.csv")
    (row,) = rows_of(tmp_path / "face.csv")
    total = sum(float(row[f"p_{name}"]) for name in EXPRESSIONS)
    assert total == pytest.approx(1, abs=1e-3)
    assert float(row[f"p_{row['label']}"]) == float(row["confidence"])
    assert 250 < float(row["box_x"]) + float(row["box_w"]) / 2 < 500


class TestBadInput:
    """One message with the file and the reason, exit 1 or 2, no traceback."""

    def refused(
        self, done: "subprocess.CompletedProcess[str]", *words: str, code: tuple[int, ...] = (1, 2)
    ) -> None:
        assert done.returncode in code, done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("Error:") == 1
        for word in words:
            assert word in done.stderr

    def test_sources(self, command, tmp_path: Path, demo_frame: np.ndarray) -> None:
        self.refused(command("ferapp", "analyze", "gone.mp4"), "gone.mp4", "no such file")
        (tmp_path / "text.mp4").write_text("no video at all")
        self.refused(command("ferapp", "analyze", "text.mp4"), "text.mp4", "no video")
        (tmp_path / "text.png").write_text("no picture at all")
        self.refused(command("ferapp", "analyze", "text.png"), "text.png", "no image")

    def test_a_truncated_video(self, command, tmp_path: Path) -> None:
        from trainer.files import asset

        whole = asset("demo/demo.mp4").read_bytes()
        (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])
        self.refused(command("ferapp", "analyze", "half.mp4", "--every", 20), "half.mp4")

    def test_models(self, command, tmp_path: Path, demo_frame: np.ndarray) -> None:
        cv2.imwrite(str(tmp_path / "face.png"), demo_frame)
        (tmp_path / "bad.safetensors").write_bytes(b"\x80\x04K\x01.")
        ask = ("ferapp", "analyze", "face.png", "--model")
        self.refused(command(*ask, "bad.safetensors"), "bad.safetensors", "no model file")
        self.refused(command(*ask, "nobody"), "nobody", "default")

    def test_usage(self, command) -> None:
        done = command("ferapp", "analyze", "demo", "--every", "0")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        self.refused(command("ferapp", "--page", "kitchen"), "kitchen", "live", code=(2,))
        self.refused(command("ferapp", "analyze", "demo", "--device", "abacus"), "abacus")
