"""The video with overlays: its frames, its rate, and where it cannot be written."""

import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QColor

from ferapp.overlays import palette
from ferapp.sources.base import Frame, SourceError
from ferapp.sources.video import VideoFile
from ferapp.studies import single_source
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.annotated_video import AnnotatedVideo
from ferapp.studies.single_source import analyze_source
from ferapp.vision.types import Analysis
from tests.support import ROOT
from tests.support.app.analyze_parts import (
    HEADER,
    QUALITY,
    ScriptedStream,
    frames_of,
    raises,
    rows_of,
    times_of,
)
from trainer.errors import FerError, UsageError
from trainer.files import asset


def far(pixels: np.ndarray, colour: str) -> np.ndarray:
    c = QColor(colour)
    return np.abs(pixels.astype(int) - [c.blue(), c.green(), c.red()]).sum(axis=-1)


@pytest.mark.usefixtures("qapp")
class TestVideo:
    def test_frames_rate_and_overlays(self, tmp_path: Path) -> None:
        """As many frames as were analysed, the clip's rate, the box where the CSV has it."""
        video, table = tmp_path / "out.mp4", tmp_path / "out.csv"
        summary = analyze_source(
            "demo", table, AnalysisSettings(max_frames=6, every=3), video_file=video
        )
        rate, frames = frames_of(video)
        assert summary.frames == len(frames) == 6
        assert rate == pytest.approx(23.976 / 3, abs=0.01)
        clip = VideoFile(asset("demo/demo.mp4"))
        for index in range(13):
            frame = clip.read()
            assert frame is not None
            if index % 3:
                continue
            row, shown = rows_of(table)[index // 3], frames[index // 3]
            assert row["frame"] == str(index)
            x, y, width, height = (float(row[f"box_{name}"]) for name in ("x", "y", "w", "h"))
            middle = round(y + height / 2)
            for side in (x, x + width):
                columns = np.arange(round(side) - 12, round(side) + 13)
                distance = far(shown[middle - 20 : middle + 20, columns], palette.FACE_COLOURS[0])
                line = distance[:, abs(columns - side) < 2].min(axis=1)
                assert (line < 300).mean() > 0.3  # dashes, where the model is not sure
            plate = shown[round(y) - 20 : round(y) - 8, round(x) + 4 : round(x) + 60]
            assert (far(plate, palette.FACE_COLOURS[0]) < 60).mean() > 0.3
            # the rest is the clip
            np.testing.assert_allclose(shown[-60:, :200], frame.image[-60:, :200], atol=40)
        clip.close()

    def test_labels_are_smooth_and_the_table_is_not(self, tmp_path: Path) -> None:
        table = tmp_path / "with.csv"
        analyze_source(
            "demo", table, AnalysisSettings(max_frames=4), video_file=tmp_path / "out.mov"
        )
        analyze_source("demo", tmp_path / "alone.csv", AnalysisSettings(max_frames=4))
        assert table.read_text() == (tmp_path / "alone.csv").read_text()

    def test_a_folder_is_shown_at_the_first_size_and_has_files_in_its_table(
        self, tmp_path: Path, demo_frame: np.ndarray
    ) -> None:
        folder = tmp_path / "pictures"
        folder.mkdir()
        cv2.imwrite(str(folder / "p2.png"), demo_frame[:241, 200:521])  # both sides odd
        cv2.imwrite(str(folder / "p10.png"), demo_frame[:, 250:490])
        (folder / "p3.png").write_text("no picture")
        table, video = tmp_path / "out.csv", tmp_path / "out.mkv"
        summary = analyze_source(str(folder), table, video_file=video)
        assert summary.frames == 2
        assert table.read_text().splitlines()[0] == f"{HEADER},file{QUALITY}"
        assert [row["file"] for row in rows_of(table)] == ["p2.png", "p10.png"]
        _, (first, second) = frames_of(video)
        assert times_of(video) == [0.0, 1.0]
        assert first.shape == second.shape == (242, 322, 3)  # the last row and column twice
        np.testing.assert_allclose(first[240:].mean(axis=0), first[240], atol=12)
        np.testing.assert_allclose(first[200:240, :80], demo_frame[200:240, 200:280], atol=40)
        bar = (321 - 241 * 240 / 360) / 2  # at each side of the upright one
        assert second[:, : int(bar) - 2].max() < 30
        assert second[:, -int(bar) + 2 :].max() < 30
        assert second[:, 160].mean() > 40

    def test_a_live_source_keeps_its_times(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A second without pictures is a second in the video, also when the source fails."""
        times = [0.0, 0.04, 0.081, 1.08, 1.085, 1.12]
        lost = SourceError("ScriptedStream: the connection is lost")
        source = ScriptedStream(demo_frame, times, raises(lost))
        source.fps = 25
        monkeypatch.setattr(single_source, "open_source", lambda *_: source)
        video = tmp_path / "out.mp4"
        with pytest.raises(SourceError, match="connection is lost"):
            analyze_source("scripted", tmp_path / "out.csv", video_file=video)
        np.testing.assert_allclose(times_of(video), times, atol=1e-4)
        assert len(rows_of(tmp_path / "out.csv")) == 6

    def test_its_times_are_those_of_the_table(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As uneven as they are in the source."""
        times = [0.5, 0.533, 0.7, 0.701, 0.9, 2.0]

        def source(*_: object) -> ScriptedStream:
            return ScriptedStream(demo_frame, times, lambda: None)

        monkeypatch.setattr(single_source, "open_source", source)
        table = tmp_path / "out.csv"
        for suffix in (".mp4", ".mov", ".mkv"):
            video = tmp_path / f"out{suffix}"
            analyze_source("scripted", table, video_file=video, overwrite=True)
            own = [float(row["time_s"]) for row in rows_of(table)]
            np.testing.assert_allclose(times_of(video), own, atol=0.001)

    def test_stopped_by_the_user(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times = [index / 25 for index in range(5)]
        source = ScriptedStream(demo_frame, times, raises(KeyboardInterrupt()))
        monkeypatch.setattr(single_source, "open_source", lambda *_: source)
        summary = analyze_source("scripted", tmp_path / "out.csv", video_file=tmp_path / "out.mp4")
        assert summary.stopped
        assert summary.frames == 5
        assert "stopped" in summary.as_text()
        assert len(frames_of(tmp_path / "out.mp4")[1]) == len(rows_of(tmp_path / "out.csv")) == 5

    def test_a_frame_is_in_all_files_or_in_none(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = ScriptedStream(demo_frame, [index / 25 for index in range(5)], lambda: None)
        monkeypatch.setattr(single_source, "open_source", lambda *_: source)
        add = AnnotatedVideo.add

        def interrupted(video: AnnotatedVideo, analysis: Analysis) -> None:
            if analysis.frame.index == 2:  # the table has the frame, the video not yet
                signal.raise_signal(signal.SIGINT)
            add(video, analysis)

        monkeypatch.setattr(AnnotatedVideo, "add", interrupted)
        summary = analyze_source("scripted", tmp_path / "out.csv", video_file=tmp_path / "out.mp4")
        assert summary.stopped
        assert summary.frames == 3
        assert len(frames_of(tmp_path / "out.mp4")[1]) == len(rows_of(tmp_path / "out.csv")) == 3

    def test_without_a_frame_there_is_no_file(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = ScriptedStream(demo_frame, [], raises(SourceError("nothing came")))
        monkeypatch.setattr(single_source, "open_source", lambda *_: source)
        with pytest.raises(SourceError):
            analyze_source("scripted", None, video_file=tmp_path / "out.mp4")
        assert list(tmp_path.iterdir()) == []

    def test_an_older_video_stays_until_the_new_one_is_whole(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And what a killed run left is removed."""
        source = ScriptedStream(demo_frame, [0.0, 0.1, 0.2], lambda: None)
        monkeypatch.setattr(single_source, "open_source", lambda *_: source)
        video = tmp_path / "out.mp4"
        analyze_source("scripted", None, video_file=video)
        older = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        assert older.keys() == {"out.mp4", "out.mp4.json"}
        (tmp_path / ".out.mp4.1234.tmp").write_bytes(b"of a killed run")
        seen: list[dict[str, bytes]] = []

        def end() -> None:
            seen.append({path.name: path.read_bytes() for path in tmp_path.glob("[!.]*")})

        longer = ScriptedStream(demo_frame, [0.0, 0.1, 0.2, 0.3, 0.4], end)
        monkeypatch.setattr(single_source, "open_source", lambda *_: longer)
        analyze_source("scripted", None, video_file=video)
        assert seen == [older]
        assert len(times_of(video)) == 5
        assert {path.name for path in tmp_path.iterdir()} == {"out.mp4", "out.mp4.json"}

    def test_a_full_disk(self, tmp_path: Path) -> None:
        code = (
            "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
            "import sys, numpy as np\n"
            "from dataclasses import replace\n"
            "from pathlib import Path\n"
            "from tests.support.ui.fake_engine import analysis, face\n"
            "from ferapp.studies.annotated_video import AnnotatedVideo\n"
            "from trainer.errors import FerError\n"
            "video = AnnotatedVideo(Path(sys.argv[1]), 'mp4', 30)\n"
            "noise = np.random.default_rng(0).integers(0, 256, (40, 360, 640, 4), np.uint8)\n"
            "try:\n"
            "    for index, picture in enumerate(noise):\n"
            "        video.add(replace(analysis(face(), index=index), picture=picture))\n"
            "    video.close()\n"
            "except FerError as error: print(error)\n"
            "video.close()\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "out.mp4")],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert "out.mp4" in done.stdout
        assert "cannot be written to its end" in done.stdout
        assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("qapp")
def test_a_size_that_the_encoder_refuses(tmp_path: Path) -> None:
    wide = np.zeros((2, 17_000, 4), np.uint8)
    analysis = Analysis(Frame(wide[..., :3], 0, 0.0, 0.0), (), wide)
    video = AnnotatedVideo(tmp_path / "out.mp4", "mp4", 30)
    with pytest.raises(FerError, match=r"out\.mp4: .* no pictures of 17000 × 2 pixels"):
        video.add(analysis)
    video.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("qapp")
def test_a_place_that_is_a_folder_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(UsageError, match=r"out\.mp4: the video cannot be written \(Is a directory"):
        AnnotatedVideo(tmp_path / "out.mp4", "mp4", 30)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
