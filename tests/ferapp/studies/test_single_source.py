"""`ferapp analyze`: the CSV, the video with overlays, and progress."""

import io
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PySide6.QtGui import QColor
from rich.console import Console

from ferapp.sources.base import Frame, FrameSource, Kind, SourceError
from ferapp.sources.images import ImageFolder
from ferapp.sources.video import VideoFile
from ferapp.studies import single_source
from ferapp.studies.annotated_video import BurntVideo
from ferapp.studies.progress_line import frames_progress, progress_words
from ferapp.studies.single_source import VIDEOS, analyze_source
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis
from tests.support import ROOT
from tests.support.app.analyze_parts import HEADER, frames_of, meanings_of, rows_of
from trainer.errors import FerError, UsageError
from trainer.files import asset
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model, read_card


def far(pixels: np.ndarray, colour: str) -> np.ndarray:
    c = QColor(colour)
    return np.abs(pixels.astype(int) - [c.blue(), c.green(), c.red()]).sum(axis=-1)


class Scripted(FrameSource):
    """A live source that gives one picture at the times listed; then `ends` happens."""

    name = "Scripted"
    kind: Kind = "stream"

    def __init__(self, image: np.ndarray, times: list[float], ends: Callable[[], None]) -> None:
        self._image, self._times, self._ends = image, times, ends
        self._index = 0

    def read(self) -> Frame | None:
        if self._index == len(self._times):
            self._ends()
            return None
        frame = Frame(self._image, self._index, self._times[self._index], 0.0)
        self._index += 1
        return frame

    def close(self) -> None: ...


def raises(error: BaseException) -> Callable[[], None]:
    def end() -> None:
        raise error

    return end


class TestTable:
    @pytest.mark.slow
    def test_the_demo_clip_reads_as_a_person_would(self, tmp_path: Path) -> None:
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
        smiles = [float(row["au12"]) for row in rows if float(row["time_s"]) > 10]
        assert np.median(smiles) > 0.5
        assert {row["face_id"] for row in rows if row["face_id"]} == {"0"}
        assert [row["frame"] for row in rows[:3]] == ["0", "4", "8"]

    def test_rows_of_frames_without_a_face_have_no_id(self, tmp_path: Path) -> None:
        clip = tmp_path / "wall.avi"
        writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
        draw = np.random.default_rng(0)
        for _ in range(6):
            writer.write(draw.integers(80, 120, (240, 320, 3), np.uint8))
        writer.release()
        summary = analyze_source(str(clip), tmp_path / "wall.csv", max_frames=5)
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

    def test_every_column_has_a_meaning(self, tmp_path: Path, demo_frame: np.ndarray) -> None:
        folder, table = tmp_path / "pictures", tmp_path / "faces.csv"
        folder.mkdir()
        cv2.imwrite(str(folder / "face.png"), demo_frame)
        analyze_source(str(folder), table, "twin-ce")
        told = meanings_of(table)
        (row,) = rows_of(table)
        assert list(told) == list(row)
        assert all(words.endswith(".") for words in told.values())
        assert "Invented: 1 second a picture" in told["time_s"]
        temperature = read_card(find_model("twin-ce")).temperature
        assert f"softmax(logits / {temperature:g}), calibrated" in told["p_happy"]
        assert "unsmoothed" in told["p_happy"]
        assert "no two pictures of a folder" in told["face_id"]
        assert "pixels" in told["box_x"]
        assert "negative" in told["box_y"]
        assert "Degrees" in told["yaw_deg"]
        assert "MediaPipe" in told["au12"]
        assert "no intensity (A to E)" in told["au12"]


@pytest.mark.usefixtures("qapp")
class TestVideo:
    def test_frames_rate_and_overlays(self, tmp_path: Path) -> None:
        """As many frames as were analysed, the clip's rate, the box where the CSV has it."""
        video, table = tmp_path / "out.mp4", tmp_path / "out.csv"
        summary = analyze_source("demo", table, video_file=video, max_frames=6, every=3)
        rate, frames = frames_of(video)
        assert summary.frames == len(frames) == 6
        assert rate == pytest.approx(23.976 / 3, abs=0.01)
        clip = VideoFile(asset("demo/demo.mp4"))
        for index in range(13):
            frame = clip.read()
            assert frame is not None
            if index % 3:
                continue
            row, burnt = rows_of(table)[index // 3], frames[index // 3]
            assert row["frame"] == str(index)
            x, y, width, height = (float(row[f"box_{name}"]) for name in ("x", "y", "w", "h"))
            middle = round(y + height / 2)
            for side in (x, x + width):
                columns = np.arange(round(side) - 12, round(side) + 13)
                distance = far(burnt[middle - 20 : middle + 20, columns], theme.FACE_COLOURS[0])
                line = distance[:, abs(columns - side) < 2].min(axis=1)
                assert (line < 300).mean() > 0.3  # dashes, where the model is not sure
            plate = burnt[round(y) - 20 : round(y) - 8, round(x) + 4 : round(x) + 60]
            assert (far(plate, theme.FACE_COLOURS[0]) < 60).mean() > 0.3
            # the rest is the clip
            np.testing.assert_allclose(burnt[-60:, :200], frame.image[-60:, :200], atol=40)
        clip.close()

    def test_labels_are_smooth_and_the_table_is_not(self, tmp_path: Path) -> None:
        table = tmp_path / "with.csv"
        analyze_source("demo", table, video_file=tmp_path / "out.avi", max_frames=4)
        analyze_source("demo", tmp_path / "alone.csv", max_frames=4)
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
        assert table.read_text().splitlines()[0] == f"{HEADER},file"
        assert [row["file"] for row in rows_of(table)] == ["p2.png", "p10.png"]
        rate, (first, second) = frames_of(video)
        assert rate == 1
        assert first.shape == second.shape == (242, 322, 3)
        np.testing.assert_allclose(first[200:240, :80], demo_frame[200:240, 200:280], atol=40)
        bar = (322 - 242 * 240 / 360) / 2  # at each side of the upright one
        assert second[:, : int(bar) - 2].max() < 30
        assert second[:, -int(bar) + 2 :].max() < 30
        assert second[:, 160].mean() > 40

    def test_a_live_source_keeps_its_times(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A second without pictures is a second in the video, also when the source fails."""
        times = [0.0, 0.04, 0.081, 1.08, 1.085, 1.12]
        lost = SourceError("Scripted: the connection is lost")
        source = Scripted(demo_frame, times, raises(lost))
        source.fps = 25
        monkeypatch.setattr(single_source, "open_source", lambda _: source)
        video = tmp_path / "out.mp4"
        with pytest.raises(SourceError, match="connection is lost"):
            analyze_source("scripted", tmp_path / "out.csv", video_file=video)
        rate, frames = frames_of(video)
        assert (rate, len(frames)) == (25, 29)
        assert len(rows_of(tmp_path / "out.csv")) == 6

    @pytest.mark.parametrize("count", [4, 12])
    def test_the_rate_of_a_source_that_states_none_is_measured(
        self,
        tmp_path: Path,
        demo_frame: np.ndarray,
        monkeypatch: pytest.MonkeyPatch,
        count: int,
    ) -> None:
        times = [index / 15 + 0.004 * (index % 2) for index in range(count)]
        source = Scripted(demo_frame, times, lambda: None)
        monkeypatch.setattr(single_source, "open_source", lambda _: source)
        analyze_source("scripted", None, video_file=tmp_path / "out.mp4")
        rate, frames = frames_of(tmp_path / "out.mp4")
        assert rate == pytest.approx(15, abs=1)
        assert len(frames) == pytest.approx(count, abs=1)

    def test_stopped_by_the_user(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        times = [index / 25 for index in range(5)]
        source = Scripted(demo_frame, times, raises(KeyboardInterrupt()))
        monkeypatch.setattr(single_source, "open_source", lambda _: source)
        summary = analyze_source("scripted", tmp_path / "out.csv", video_file=tmp_path / "out.mp4")
        assert summary.stopped
        assert summary.frames == 5
        assert "stopped" in summary.as_text()
        assert len(frames_of(tmp_path / "out.mp4")[1]) == len(rows_of(tmp_path / "out.csv")) == 5

    def test_a_frame_stands_in_all_files_or_in_none(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = Scripted(demo_frame, [index / 25 for index in range(5)], lambda: None)
        monkeypatch.setattr(single_source, "open_source", lambda _: source)
        add = BurntVideo.add

        def interrupted(video: BurntVideo, analysis: Analysis) -> None:
            if analysis.frame.index == 2:  # the table has the frame, the video not yet
                signal.raise_signal(signal.SIGINT)
            add(video, analysis)

        monkeypatch.setattr(BurntVideo, "add", interrupted)
        summary = analyze_source("scripted", tmp_path / "out.csv", video_file=tmp_path / "out.mp4")
        assert summary.stopped
        assert summary.frames == 3
        assert len(frames_of(tmp_path / "out.mp4")[1]) == len(rows_of(tmp_path / "out.csv")) == 3

    def test_no_picture_no_file(
        self, tmp_path: Path, demo_frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = Scripted(demo_frame, [], raises(SourceError("nothing came")))
        monkeypatch.setattr(single_source, "open_source", lambda _: source)
        with pytest.raises(SourceError):
            analyze_source("scripted", None, video_file=tmp_path / "out.mp4")
        assert list(tmp_path.glob("*.mp4")) == []


class TestFilesThatCannotBeWritten:
    """The reason is said, and the source is never written over."""

    @pytest.mark.parametrize("name", ["out.gif", "out", "out.mp3"])
    def test_a_suffix_that_is_no_video(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UsageError, match=r"\.mp4, \.avi, \.mkv") as refused:
            analyze_source("demo", None, video_file=tmp_path / name)
        assert name in str(refused.value)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        file = tmp_path / "gone" / "out.mp4"
        with pytest.raises(UsageError, match="cannot be written") as refused:
            analyze_source("demo", None, video_file=file, max_frames=1)
        assert str(file) in str(refused.value)

    @pytest.mark.parametrize("kind", ["csv_file", "video_file"])
    def test_the_source_itself(self, tmp_path: Path, kind: str) -> None:
        clip = tmp_path / "clip.mp4"
        content = asset("demo/demo.mp4").read_bytes()
        clip.write_bytes(content)
        files: dict[str, Any] = {"csv_file": None, kind: clip}
        with pytest.raises(UsageError, match="source itself"):
            analyze_source(str(clip), **files)
        assert clip.read_bytes() == content

    def test_a_video_of_somebody_else(self, tmp_path: Path) -> None:
        film = tmp_path / "film.mp4"
        for content in (asset("demo/demo.mp4").read_bytes(), b"no video"):
            film.write_bytes(content)
            with pytest.raises(UsageError, match=r"film\.mp4: exists, and is no video of this"):
                analyze_source("demo", None, video_file=film, max_frames=2)
            assert film.read_bytes() == content
        analyze_source("demo", None, video_file=film, max_frames=2, overwrite=True)
        assert len(frames_of(film)[1]) == 2

    @pytest.mark.parametrize("suffix", VIDEOS)
    def test_a_video_of_this_command_is_made_anew(self, tmp_path: Path, suffix: str) -> None:
        for frames in (2, 1):
            file = tmp_path / f"out{suffix}"
            analyze_source("demo", None, video_file=file, max_frames=frames)
            assert len(frames_of(file)[1]) == frames

    def test_a_full_disk(self, tmp_path: Path) -> None:
        """OpenCV does not tell that it could not write."""
        code = (
            "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
            "import sys\n"
            "from pathlib import Path\n"
            "from tests.support.ui.fake_engine import analysis, face\n"
            "from ferapp.studies.annotated_video import BurntVideo\n"
            "from trainer.errors import FerError\n"
            "video = BurntVideo(Path(sys.argv[1]), 30)\n"
            "for index in range(40): video.add(analysis(face(), index=index))\n"
            "try: video.close()\n"
            "except FerError as error: print(error)\n"
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
        assert "disk full" in done.stdout


class TestProgress:
    def test_the_words(self) -> None:
        assert progress_words(120, 480, 4.0) == "120 of 480 frames, 25 %, 30.0 a second, 0:12 left"
        assert progress_words(10, 7210, 10.0).endswith("1.0 a second, 2:00:00 left")
        assert progress_words(45, 0, 3.0) == "45 frames, 15.0 a second"
        assert progress_words(0, 9, 0.0) == "0 of 9 frames, 0 %, 0.0 a second"

    def test_the_total_is_what_will_be_analysed(
        self, tmp_path: Path, demo_frame: np.ndarray
    ) -> None:
        clip = VideoFile(asset("demo/demo.mp4"))
        assert single_source._total(clip, every=1, max_frames=0) == clip.frame_count
        assert single_source._total(clip, every=4, max_frames=0) == 118
        assert single_source._total(clip, every=4, max_frames=50) == 50
        assert single_source._total(clip, every=4, max_frames=500) == 118
        clip.close()
        for name in "abc":
            cv2.imwrite(str(tmp_path / f"{name}.png"), demo_frame)
        assert single_source._total(ImageFolder(tmp_path), every=2, max_frames=0) == 2
        live = Scripted(demo_frame, [], lambda: None)
        assert single_source._total(live, every=1, max_frames=0) == 0
        assert single_source._total(live, every=1, max_frames=9) == 9

    def test_lines_where_there_is_no_terminal(self) -> None:
        for line_s, lines in ((0.0, 3), (3600.0, 0)):
            stream = io.StringIO()
            with frames_progress(3, 0, Console(file=stream), line_s) as report:
                for done in (1, 2, 3):
                    report(done)
            assert stream.getvalue().count("\n") == lines
            assert ("2 of 3 frames, 66 %" in stream.getvalue()) == bool(lines)

    def test_a_bar_on_a_terminal(self) -> None:
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=True, width=120, legacy_windows=False)
        with frames_progress(4, 0, console) as report:
            report(2)
        assert "2 of 4 frames, 50 %" in stream.getvalue()
        assert "left" in stream.getvalue()


@pytest.mark.usefixtures("qapp")
def test_a_size_that_the_encoder_refuses_is_told(tmp_path: Path) -> None:
    from ferapp.studies.annotated_video import BurntVideo

    wide = np.zeros((2, 9000, 4), np.uint8)
    analysis = Analysis(Frame(wide[..., :3], 0, 0.0, 0.0), (), (), wide)
    video = BurntVideo(tmp_path / "out.mp4", 30)
    with pytest.raises(FerError, match=r"out\.mp4: no video of 9000 × 2 pixels"):
        video.add(analysis)
    video.close()
    assert list(tmp_path.glob("*.mp4")) == []
