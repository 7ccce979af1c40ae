"""Recordings: their tables and videos, as the engine makes them."""

import hashlib
import json
import threading
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from ferapp.live.status import RecordingPlan
from ferapp.recording.h264 import H264Writer
from ferapp.recording.session import read_session, with_recorded_results
from ferapp.recording.session_files import RecordingSubject
from ferapp.recording.session_writer import SessionWriter
from ferapp.vision.face_table import table_head
from ferapp.vision.hidden_areas import hide_parts
from ferapp.vision.types import Affect, Analysis, AppliedModel
from tests.support.app.engine_parts import until
from tests.support.app.recording_parts import (
    MODEL,
    PLENTY,
    classifier,
    ended,
    face,
    live,
    loaded,
    only,
    pictures,
    recorded_until,
    recording,
    rows,
    shot,
    subject,
    timed_pictures,
)
from tests.support.sources.scripted import FakeCamera, Studio
from trainer.labels import EXPRESSIONS


def test_valence_and_arousal_of_a_model_that_learned_them_come_back(tmp_path: Path) -> None:
    card = classifier().card.model_copy(update={"valence_arousal": True})
    found = classifier()
    found.card = card
    learned = RecordingSubject("camera:One", "One", replace(loaded(), classifier=found), {})
    model = AppliedModel(EXPRESSIONS, valence_arousal=True)
    values = np.array([0.25, -0.5], np.float32)

    def with_affect(number: int, faces: int) -> Analysis:
        plain = shot(number, faces=faces)
        ones = [
            replace(one, predictions=(replace(one.prediction, model=model, affect=affect),))
            for one in plain.faces
        ]
        return replace(plain, faces=tuple(ones), models=(model,))

    affect = Affect(values, -values)  # the smoothed ones are not recorded
    writer = SessionWriter(RecordingPlan(tmp_path), learned, lambda _: PLENTY)
    writer.start()
    writer.add(with_affect(1, 1), learned.loaded)
    writer.add(with_affect(2, 0), learned.loaded)
    writer.end()
    writer.join()
    folder = only(tmp_path)
    first, second = rows(folder / "faces.csv")
    assert list(first) == table_head(model)
    assert list(first)[-8:-6] == ["valence", "arousal"]
    assert (first["valence"], first["arousal"]) == ("0.2500", "-0.5000")
    assert second["arousal"] == ""
    assert "excited" in json.loads((folder / "session.json").read_text())["columns"]["arousal"]
    for number, frame in enumerate(read_session(folder).frames):
        replayed = with_recorded_results(
            replace(shot(7), frame=replace(shot(7).frame, recorded=frame.results))
        )
        assert replayed.model == model
        if number == 0:
            assert replayed.faces[0].prediction.affect.smoothed == pytest.approx(values)


class TestFolder:
    """The content of a recording's folder."""

    def test_tables_and_video_of_what_was_analysed(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path / "new" / "place")) as running:
            sent = [shot(number) for number in (40, 41, 43)]
            for analysis in sent:
                running.add(analysis, loaded())
        status = running.status
        folder = only(tmp_path / "new" / "place")
        assert (status.folder, status.frames, status.over) == (folder, 3, True)
        assert (status.failed, status.reason, status.dropped) == (False, "", 0)

        faces = rows(folder / "faces.csv")
        assert list(faces[0]) == table_head(AppliedModel(EXPRESSIONS))
        assert [row["frame"] for row in faces] == ["0", "1", "3"]  # a gap stays a gap
        first = face(40).prediction
        assert first is not None
        assert [faces[0][f"p_{name}"] for name in EXPRESSIONS] == [
            f"{value:.4f}" for value in first.probabilities
        ]
        assert faces[0]["box_x"] == "50.0"
        frames = rows(folder / "frames.csv")
        assert [row["frame"] for row in frames] == ["0", "1", "3"]
        assert [row["video_frame"] for row in frames] == ["0", "1", "2"]
        assert [row["time_s"] for row in frames] == [row["time_s"] for row in faces]
        times = [float(row["time_s"]) for row in frames]
        apart = np.diff([analysis.frame.captured_at for analysis in sent])
        np.testing.assert_allclose(np.diff(times), apart, atol=0.0011)

        video = timed_pictures(folder / "clean.mkv")
        assert len(video) == 3
        for (picture, ms), time_s, analysis in zip(video, times, sent, strict=True):
            np.testing.assert_allclose(picture, analysis.frame.image, atol=3)
            assert abs(ms / 1000 - time_s) <= 0.0021  # what came within 1 ms stands 1 ms later

        about = json.loads((folder / "session.json").read_text())
        assert about["source"] == "One"
        assert about["counts"] == {
            "frames": 3,
            "not_analysed": 1,
            "left_out_of_video": 0,
            "marks": 0,
        }
        assert about["model"]["name"] == "one"
        assert about["model"]["classes"] == list(EXPRESSIONS)
        assert about["settings"]["smoothing_s"] == 0.3
        lasted = datetime.fromisoformat(about["ended"]) - datetime.fromisoformat(about["started"])
        assert lasted.total_seconds() == pytest.approx(about["seconds"], abs=0.2)
        assert "ferapp" in about["versions"]
        tables = ("faces.csv", "frames.csv", "events.csv")
        heads = [(folder / name).read_text().splitlines()[0].split(",") for name in tables]
        assert about["columns"].keys() == {column for head in heads for column in head}
        assert "the source's picture arrived" in about["columns"]["time_s"]
        assert "landmarks" in about["details"]

    def test_the_hash_is_that_of_the_model_file(self, tmp_path: Path) -> None:
        model = tmp_path / "m.safetensors"
        model.write_bytes(b"weights")
        named = replace(subject(), loaded=replace(loaded(), file=model))
        running = SessionWriter(RecordingPlan(tmp_path / "r"), named, lambda _: 1 << 40)
        running.start()
        running.end()
        running.join()
        about = json.loads((only(tmp_path / "r") / "session.json").read_text())
        assert about["model"]["sha256"] == hashlib.sha256(b"weights").hexdigest()

    def test_no_video_unless_asked_for(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path, clean=False)) as running:
            running.add(shot(0), loaded())
        folder = only(tmp_path)
        assert sorted(file.name for file in folder.iterdir()) == [
            "details.npy.gz",
            "events.csv",
            "faces.csv",
            "frames.csv",
            "session.json",
        ]
        assert rows(folder / "frames.csv")[0]["video_frame"] == ""

    def test_both_videos_have_the_same_frames(self, tmp_path: Path) -> None:
        threads: list[str] = []

        def draw(analysis: Analysis) -> np.ndarray:
            threads.append(threading.current_thread().name)
            return np.dstack([255 - analysis.frame.image, analysis.picture[..., 3]])

        with recording(RecordingPlan(tmp_path, overlaid=True, draw=draw)) as running:
            for number in range(3):
                running.add(shot(number), loaded())
        clean, drawn = (pictures(only(tmp_path) / f"{name}.mkv") for name in ("clean", "overlaid"))
        assert len(clean) == len(drawn) == 3
        for number in range(3):
            pair = clean[number].astype(int) + drawn[number]
            np.testing.assert_allclose(pair, 255, atol=4)
        assert set(threads) == {"recording"}

    def test_a_frame_without_faces_and_one_with_two(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(shot(0, faces=0), loaded())
            running.add(shot(1, faces=2), loaded())
        found = rows(only(tmp_path) / "faces.csv")
        assert [(row["frame"], row["face_id"]) for row in found] == [
            ("0", ""),
            ("1", "1"),
            ("1", "2"),
        ]

    def test_a_model_that_failed_leaves_a_picture_without_results(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(replace(shot(0), models=(), faces=()), None)
            running.add(shot(1), loaded())
        folder = only(tmp_path)
        assert [row["analysed"] for row in rows(folder / "frames.csv")] == ["0", "1"]
        assert [row["frame"] for row in rows(folder / "faces.csv")] == ["1"]

    def test_marks_notes_and_what_was_hidden(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(shot(5), loaded())
            moment = running.mark()
            running.add(replace(shot(6), hidden=hide_parts({"mouth", "eyes"})), loaded())
            running.mark("a laugh, “quoted”\nand more", moment)  # written down somewhat later
            running.add(shot(7), loaded())
        found = rows(only(tmp_path) / "events.csv")
        kinds = [(row["kind"], row["note"]) for row in found]
        assert kinds == [
            ("mark", ""),
            ("hidden", "eyes, mouth"),
            ("note", "a laugh, “quoted”\nand more"),
            ("hidden", ""),
        ]
        assert found[0]["time_s"] == found[2]["time_s"] == f"{moment:.3f}"
        assert [row["frame"] for row in found] == ["0", "1", "0", "2"]
        assert running.status.marks == 1

    def test_another_class_balance_is_an_event(self, tmp_path: Path) -> None:
        balanced = replace(MODEL, prior="balanced")
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(shot(5), loaded())
            running.add(replace(shot(6), models=(balanced,)), loaded())
            running.add(replace(shot(7), models=(balanced,)), loaded())
        found = rows(only(tmp_path) / "events.csv")
        assert [(row["kind"], row["note"], row["frame"]) for row in found] == [
            ("prior", "balanced", "1")
        ]
        about = json.loads((only(tmp_path) / "session.json").read_text())
        assert about["model"]["prior"] == "trained"  # at its beginning
        assert "class shares" in about["columns"]["kind"]

    def test_two_recordings_in_one_second_have_two_folders(self, tmp_path: Path) -> None:
        for _ in range(2):
            with recording(RecordingPlan(tmp_path)):
                pass
        assert len(list(tmp_path.iterdir())) == 2


class TestOneSubject:
    """A recording has one source, one model and one frame size."""

    def test_the_fallback_clip_leaves_a_gap(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(shot(90, segment=1), loaded())
            running.add(shot(3, source="", segment=2), loaded())  # while the camera is gone
            running.add(shot(0, segment=3), loaded())  # the camera is back, counting from 0
            running.add(shot(1, segment=3), loaded())
        found = rows(only(tmp_path) / "frames.csv")
        assert [row["frame"] for row in found] == ["0", "1", "2"]

    def test_numbers_continue_in_a_new_segment_and_count_gaps_within_one(
        self, tmp_path: Path
    ) -> None:
        """A camera that is back may have sent more frames by now than before it was lost."""
        with recording(RecordingPlan(tmp_path)) as running:
            for number, segment in ((4, 1), (5, 1), (9, 2), (11, 2)):
                running.add(shot(number, segment=segment), loaded())
        found = rows(only(tmp_path) / "frames.csv")
        assert [row["frame"] for row in found] == ["0", "1", "2", "4"]

    def test_a_frame_captured_before_the_start_is_not_recorded(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(shot(0, at=time.perf_counter() - 60), loaded())
        assert running.status.frames == 0

    @pytest.mark.parametrize("what", ["source", "model", "size"])
    def test_another_source_model_or_size_ends_it(self, tmp_path: Path, what: str) -> None:
        with recording(RecordingPlan(tmp_path)) as running:
            running.add(shot(0), loaded())
            other = {
                "source": (shot(1, source="demo"), loaded()),
                "model": (shot(1), loaded("two")),
                "size": (shot(1, size=(32, 24)), loaded()),
            }[what]
            running.add(*other)
            until(lambda: running.status.over)
        assert "another" in running.status.reason
        assert what in running.status.reason
        assert not running.status.failed
        assert running.status.frames == 1
        about = json.loads((only(tmp_path) / "session.json").read_text())
        assert about["reason"] == running.status.reason


class TestEngine:
    """Through the live pipeline, with scripted cameras."""

    def test_a_recording_can_be_read_back(self, tmp_path: Path) -> None:
        studio = Studio()
        studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            engine.record(RecordingPlan(tmp_path))
            recorded_until(engine, 20)
            moment = engine.mark()
            engine.note(moment, "here")
            engine.end_recording()
            status = ended(engine)
        session = read_session(status.folder)
        assert (session.source, session.model, session.is_complete) == ("One", "one", True)
        assert len(session.frames) == status.frames >= 20
        assert [(mark.kind, mark.note) for mark in session.marks] == [("mark", "here")]

    def test_it_goes_on_while_the_page_is_hidden(self, tmp_path: Path) -> None:
        studio = Studio()
        studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            engine.record(RecordingPlan(tmp_path))
            recorded_until(engine, 1)
            engine.set_visible(False)
            before = recorded_until(engine, 2).frames
            recorded_until(engine, before + 10)

    def test_a_camera_that_is_lost_and_back_is_one_recording(self, tmp_path: Path) -> None:
        studio = Studio()
        camera = studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            engine.record(RecordingPlan(tmp_path))
            recorded_until(engine, 5)
            camera.state = "gone"
            until(lambda: (s := engine.status().recording) and s.waiting, "it waits")
            assert engine.status().source.waiting
            before = recorded_until(engine, 1).frames
            camera.state = "good"
            recorded_until(engine, before + 5)
            found = engine.status().recording
            assert found is not None
            assert not found.waiting
            engine.end_recording()
            status = ended(engine)
        assert status.reason == ""
        values = {int(picture[0, 0, 0]) for picture in pictures(status.folder / "clean.mkv")}
        # nothing of another source; the encoder changes 90 beside a light pixel
        assert all(abs(value - 90) < 10 for value in values)
        lost, back = rows(status.folder / "events.csv")
        assert (lost["kind"], lost["note"]) == ("lost", "One was disconnected")
        assert back["kind"] == "back"
        assert int(back["frame"]) > int(lost["frame"])
        assert float(lost["time_s"]) < float(back["time_s"])
        assert back["time_s"] in [row["time_s"] for row in rows(status.folder / "frames.csv")]

    def test_another_source_ends_it(self, tmp_path: Path) -> None:
        studio = Studio()
        studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            engine.record(RecordingPlan(tmp_path))
            recorded_until(engine, 3)
            engine.open_source("demo")
            assert "another source" in ended(engine).reason
            until(lambda: engine.take() is not None, "live goes on")

    def test_a_full_disk_does_not_disturb_the_live_view(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        studio = Studio()
        studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            monkeypatch.setattr(H264Writer, "write", full)
            engine.record(RecordingPlan(tmp_path))
            assert "No space left" in ended(engine).reason
            engine.take()
            until(lambda: engine.take() is not None, "live goes on")
            monkeypatch.undo()
            engine.record(RecordingPlan(tmp_path))
            recorded_until(engine, 2)

    def test_closing_completes_it(self, tmp_path: Path) -> None:
        studio = Studio()
        studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            engine.record(RecordingPlan(tmp_path))
            recorded_until(engine, 3)
        session = read_session(only(tmp_path))
        assert session.is_complete
        assert not [thread for thread in threading.enumerate() if thread.name == "recording"]

    def test_nothing_is_recorded_without_a_model(self, tmp_path: Path) -> None:
        studio = Studio()
        studio.add(FakeCamera("One", 90))
        with live(studio, "camera:One") as engine:
            running = engine._models.current.loaded
            assert running is not None
            engine._models.discard(running, "it fails")
            engine.record(RecordingPlan(tmp_path))
            status = ended(engine)
        assert status.failed
        assert "before the model is ready" in status.reason
        assert list(tmp_path.iterdir()) == []
