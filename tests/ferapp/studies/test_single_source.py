"""`ferapp analyze` of one source: its table, and the number of frames to expect."""

import csv
import json
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.live.engine import open_source
from ferapp.sources.images import ImageFolder
from ferapp.sources.video import VideoFile
from ferapp.studies import single_source
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_note import OutputNote
from ferapp.studies.single_source import analyze_source, one_core_for_landmarks
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_table import table_rows
from ferapp.vision.pipeline import Analyzer
from tests.support.app.analyze_parts import (
    CLIP_FRAMES,
    HEADER,
    QUALITY,
    ScriptedStream,
    meanings_of,
    rows_of,
)
from tests.support.sources.encoded import (
    GREYS,
    Coding,
    grey,
    trim_without_encoding,
    write_encoded,
)
from trainer.faces.face_finder import FaceFinder
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model, read_card


class TestTable:
    @pytest.mark.slow
    def test_the_demo_clip_reads_as_a_person_would(self, tmp_path: Path) -> None:
        """She cries at first and laughs at the end; values in the CSV are of single frames."""
        file = tmp_path / "demo.csv"
        summary = analyze_source("demo", file, AnalysisSettings(every=4))
        rows = rows_of(file)
        assert file.read_text().splitlines()[0] == HEADER + QUALITY
        assert summary.frames == len(rows) == 118
        crying = [row["label"] for row in rows if float(row["time_s"]) < 4]
        laughing = [row["label"] for row in rows if float(row["time_s"]) > 10]
        assert crying.count("sad") > 0.8 * len(crying)
        assert laughing.count("happy") > 0.9 * len(laughing)
        smiles = [float(row["au12"]) for row in rows if float(row["time_s"]) > 10]
        assert np.median(smiles) > 0.5
        assert {row["face_id"] for row in rows if row["face_id"]} == {"0"}
        assert [row["frame"] for row in rows[:3]] == ["0", "4", "8"]

    def test_a_trimmed_anamorphic_clip_is_finished_and_its_note_says_so(
        self, tmp_path: Path
    ) -> None:
        coding = Coding(aspect=Fraction(4, 3), options={"g": "48"})
        whole = write_encoded(tmp_path / "whole.mp4", map(grey, GREYS), coding)
        clip = trim_without_encoding(whole, tmp_path / "trim.mp4", 0.7)
        table = tmp_path / "trim.csv"
        summary = analyze_source(str(clip), table)
        rows = rows_of(table)
        assert len(rows) == summary.frames == 31
        assert [float(row["time_s"]) for row in rows] == pytest.approx(
            [number / 24 for number in range(31)], abs=0.001
        )
        note = OutputNote(table).read()
        assert note["finished"]
        assert note["notes"] == ["pixels of 4:3, 64 × 48 stretched to 85 × 48"]

    def test_rows_of_frames_without_a_face_have_no_id(self, tmp_path: Path) -> None:
        clip = tmp_path / "wall.avi"
        writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
        draw = np.random.default_rng(0)
        for _ in range(6):
            writer.write(draw.integers(80, 120, (240, 320, 3), np.uint8))
        writer.release()
        summary = analyze_source(str(clip), tmp_path / "wall.csv", AnalysisSettings(max_frames=5))
        rows = rows_of(tmp_path / "wall.csv")
        assert len(rows) == summary.frames == 5
        assert summary.frames_with_face == 0
        assert not summary.labels
        assert all(row["face_id"] == "" and row["label"] == "" for row in rows)
        assert all(row["yaw_deg"] == "" and row["au45"] == "" for row in rows)
        assert [row["time_s"] for row in rows[:2]] == ["0.000", "0.100"]

    def test_a_picture_gives_one_row(self, tmp_path: Path, demo_frame: np.ndarray) -> None:
        picture = tmp_path / "face.png"
        cv2.imwrite(str(picture), demo_frame)
        analyze_source(str(picture), tmp_path / "face.csv")
        (row,) = rows_of(tmp_path / "face.csv")
        total = sum(float(row[f"p_{name}"]) for name in EXPRESSIONS)
        assert total == pytest.approx(1, abs=1e-3)
        assert float(row[f"p_{row['label']}"]) == float(row["confidence"])
        assert 250 < float(row["box_x"]) + float(row["box_w"]) / 2 < 500
        assert "file" not in row
        assert meanings_of(tmp_path / "face.csv").keys() == row.keys()

    def test_the_prior_changes_the_probabilities_and_is_noted(
        self, tmp_path: Path, demo_frame: np.ndarray
    ) -> None:
        """p of a class ∝ p as trained · (p_target / p_train)^(1 / T)."""
        picture, audience = tmp_path / "face.png", tmp_path / "audience.json"
        cv2.imwrite(str(picture), demo_frame)
        audience.write_text(json.dumps(dict.fromkeys(EXPRESSIONS, 1) | {"sad": 4}))
        card, found, notes = read_card(find_model("default")), {}, {}
        for prior in ("trained", "balanced", str(audience)):
            table = tmp_path / f"{len(found)}.csv"
            analyze_source(str(picture), table, AnalysisSettings(prior=prior))
            (row,) = rows_of(table)
            found[prior] = np.array([float(row[f"p_{name}"]) for name in EXPRESSIONS])
            assert row["label"] == EXPRESSIONS[found[prior].argmax()]
            notes[prior] = json.loads(table.with_name(f"{table.name}.json").read_text())
        shares = {
            "balanced": np.full(7, 1 / 7),
            str(audience): np.array([1, 1, 1, 1, 4, 1, 1]) / 10,
        }
        trained = np.array([card.prior[name] for name in EXPRESSIONS])
        for prior, target in shares.items():
            expected = found["trained"] * (target / trained) ** (1 / card.temperature)
            np.testing.assert_allclose(found[prior], expected / expected.sum(), atol=2e-3)
        assert notes["trained"]["prior"] == "trained"
        assert notes["balanced"]["prior"] == "balanced"
        assert notes[str(audience)]["prior"]["sad"] == pytest.approx(0.4)
        assert "Class shares assumed: balanced." in notes["balanced"]["columns"]["p_sad"]
        assert "sad 40 %" in notes[str(audience)]["columns"]["p_sad"]
        assert "assumed" not in notes["trained"]["columns"]["p_sad"]

    def test_every_column_has_a_meaning(self, tmp_path: Path, demo_frame: np.ndarray) -> None:
        folder, table = tmp_path / "pictures", tmp_path / "faces.csv"
        folder.mkdir()
        cv2.imwrite(str(folder / "face.png"), demo_frame)
        analyze_source(str(folder), table, AnalysisSettings(model="twin-ce"))
        meanings = meanings_of(table)
        (row,) = rows_of(table)
        assert list(meanings) == list(row)
        assert all(text.endswith(".") for text in meanings.values())
        assert "Invented: 1 second a picture" in meanings["time_s"]
        temperature = read_card(find_model("twin-ce")).temperature
        assert f"softmax(logits / {temperature:g}), calibrated" in meanings["p_happy"]
        assert "unsmoothed" in meanings["p_happy"]
        assert "never shared by two pictures of a folder" in meanings["face_id"]
        assert "pixels" in meanings["box_x"]
        assert "negative" in meanings["box_y"]
        assert "degrees" in meanings["yaw_deg"]
        assert "MediaPipe" in meanings["au12"]
        assert "not the intensity (A to E)" in meanings["au12"]


def test_prefetching_changes_no_row(clip: Path, whole: Path) -> None:
    rows: list[list[str]] = []
    source = open_source(str(clip))
    with (
        FaceFinder(video=True, max_faces=4) as finder,
        one_core_for_landmarks(),
    ):
        classifier, analyzer = Classifier("default"), Analyzer(finder)
        while (frame := source.read()) is not None:
            options = AnalysisOptions(attribution=False, max_faces=4)
            rows += table_rows(analyzer.analyze(frame, classifier, options, paint=False))
    source.close()
    with whole.open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream))[1:] == rows
    assert len(rows) == CLIP_FRAMES
    assert rows[3][2] == ""


def test_the_total_is_what_will_be_analysed(tmp_path: Path, demo_frame: np.ndarray) -> None:
    clip = VideoFile(asset("demo/demo.mp4"))
    assert single_source._total_frames(clip, every=1, max_frames=0) == clip.frame_count
    assert single_source._total_frames(clip, every=4, max_frames=0) == 118
    assert single_source._total_frames(clip, every=4, max_frames=50) == 50
    assert single_source._total_frames(clip, every=4, max_frames=500) == 118
    clip.close()
    for name in "abc":
        cv2.imwrite(str(tmp_path / f"{name}.png"), demo_frame)
    assert single_source._total_frames(ImageFolder(tmp_path), every=2, max_frames=0) == 2
    live = ScriptedStream(demo_frame, [], lambda: None)
    assert single_source._total_frames(live, every=1, max_frames=0) == 0
    assert single_source._total_frames(live, every=1, max_frames=9) == 9
