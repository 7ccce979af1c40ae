"""What ends a recording, and what is left of it: full disks, bad cameras, kills."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
import pytest

from ferapp.live.status import RecordingPlan
from ferapp.recording import session_files, session_writer
from ferapp.recording.h264 import H264Writer
from ferapp.recording.replay import SessionSource
from ferapp.recording.session import read_session
from ferapp.recording.session_writer import SessionWriter
from ferapp.vision.types import Analysis
from tests.support import ROOT
from tests.support.app.engine_parts import until
from tests.support.app.recording_parts import (
    image,
    loaded,
    only,
    pictures,
    recording,
    rows,
    shot,
    subject,
)


class TestTrouble:
    """Slow disks, full disks, no place to write to."""

    def test_a_slow_disk_drops_pictures_but_no_rows(self, tmp_path: Path) -> None:
        go_on = threading.Event()

        def slow(analysis: Analysis) -> np.ndarray:
            go_on.wait(20)
            return analysis.picture

        with recording(RecordingPlan(tmp_path, overlaid=True, draw=slow)) as running:
            count = session_writer.MAX_WAITING + 8
            for number in range(count):
                running.add(shot(number), loaded())
            until(lambda: running.status.dropped >= 7)
            go_on.set()
        folder = only(tmp_path)
        frames = rows(folder / "frames.csv")
        assert len(frames) == len(rows(folder / "faces.csv")) == count
        left_out = [row for row in frames if not row["video_frame"]]
        assert len(left_out) == running.status.dropped
        video = pictures(folder / "clean.mkv")
        assert len(video) == count - len(left_out)
        kept = [row for row in frames if row["video_frame"]]
        for number, row in enumerate(kept):
            assert row["video_frame"] == str(number)
            np.testing.assert_allclose(video[number], image(int(row["frame"])), atol=3)
        about = json.loads((folder / "session.json").read_text())
        assert about["counts"]["left_out_of_video"] == running.status.dropped

    def test_a_nearly_full_disk_is_refused(self, tmp_path: Path) -> None:
        with recording(RecordingPlan(tmp_path / "new"), free=499_999_999) as running:
            until(lambda: running.status.over)
        assert running.status.failed
        assert "less than 500 MB are free" in running.status.reason
        assert list(tmp_path.iterdir()) == []

    def test_a_disk_that_fills_ends_it_and_keeps_what_was_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(session_writer, "CHECK_S", 0.01)
        free = [1 << 40]
        running = SessionWriter(RecordingPlan(tmp_path), subject(), lambda _: free[0])
        running.start()
        running.add(shot(0), loaded())
        until(lambda: running.status.frames == 1)
        free[0] = 400_000_000  # noticed without a picture too
        until(lambda: running.status.over)
        running.join()
        assert "500 MB" in running.status.reason
        session = read_session(running.status.folder)
        assert [frame.video_frame for frame in session.frames] == [0]
        assert session.is_complete

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    @pytest.mark.parametrize("table", ["faces.csv", "frames.csv", "events.csv"])
    def test_a_full_disk_while_a_table_is_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
    ) -> None:
        real = session_files.open_table

        def full(file: Path) -> TextIO:
            if file.name != table:
                return real(file)
            stream = real(file)
            os.dup2(devnull := os.open(os.devnull, os.O_WRONLY), stream.fileno())  # the head
            os.close(devnull)
            heads.append(stream)
            return stream

        heads: list[TextIO] = []
        monkeypatch.setattr(session_files, "open_table", full)
        running = SessionWriter(RecordingPlan(tmp_path), subject(), lambda _: 1 << 40)
        running.start()
        running.add(shot(0), loaded())
        until(lambda: running.status.frames == 1)
        no_room = os.open("/dev/full", os.O_WRONLY)
        os.dup2(no_room, heads[0].fileno())
        os.close(no_room)
        running.add(shot(1), loaded())
        running.mark()
        until(lambda: running.status.over)
        running.join()
        assert running.status.failed
        assert "No space left" in running.status.reason
        assert len(pictures(running.status.folder / "clean.mkv")) == 2

    def test_a_full_disk_while_the_video_is_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = H264Writer.write

        def full(writer: H264Writer, picture: np.ndarray, time_s: float) -> None:
            if writer.written == 2:
                raise OSError(28, "No space left on device")
            real(writer, picture, time_s)

        monkeypatch.setattr(H264Writer, "write", full)
        with recording(RecordingPlan(tmp_path)) as running:
            for number in range(4):
                running.add(shot(number), loaded())
            until(lambda: running.status.over)
        assert running.status.failed
        assert "No space left" in running.status.reason
        assert len(read_session(only(tmp_path)).frames) == 2

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("no folder")
        with recording(RecordingPlan(tmp_path / "file" / "in")) as running:
            until(lambda: running.status.over)
        assert running.status.failed
        assert "could not be written" in running.status.reason


CHILD = """
import sys, time
from pathlib import Path
from tests.support.app.recording_parts import recording, shot, loaded
from ferapp.live.status import RecordingPlan
with recording(RecordingPlan(Path(sys.argv[1]))) as running:
    number = 0
    while True:
        running.add(shot(number, size=(320, 240)), loaded())
        number += 1
        if number == 30:
            running.mark()
        if running.status.frames >= 40 and running.status.marks:
            print("far enough", flush=True)
        time.sleep(0.002)
"""


def test_a_killed_recording_is_usable_up_to_that_moment(tmp_path: Path) -> None:
    paths = [str(ROOT), *(str(ROOT / "tests" / name) for name in ("app", "sources"))]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"far enough\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    folder = only(tmp_path)
    session = read_session(folder)
    assert not session.is_complete
    assert len(session.frames) >= 40
    assert len(session.marks) == 1
    # nothing is lost but what was being written, and the picture before it
    frames = rows(folder / "frames.csv")
    video = pictures(folder / "clean.mkv")
    assert len(frames) - 1 <= len(video) <= len(frames) + 1
    for row in frames[: len(video) : 13]:
        got = video[int(row["video_frame"])]
        np.testing.assert_allclose(got, image(int(row["frame"]), (320, 240)), atol=3)
    # and another program plays it
    player, count = cv2.VideoCapture(str(folder / "clean.mkv")), 0
    while player.read()[0]:
        count += 1
    player.release()
    assert count == len(video)
    # as does this one, with the recorded results, to its end
    source = SessionSource(folder)
    assert source.frame_count == min(len(video), len(frames))
    played = [frame.index for frame in iter(source.read, None) if frame is not None]
    assert played == [int(row["frame"]) for row in frames][: source.frame_count]
    source.close()
    about = json.loads((folder / "session.json").read_text())
    assert about["ended"] is None
    assert about["model"]["name"] == "one"
