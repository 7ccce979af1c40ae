"""Without --overwrite only what the same command can make again is replaced."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.sources.base import Frame
from ferapp.sources.video import VideoFile
from ferapp.studies import single_source
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_note import OutputNote
from ferapp.studies.single_source import analyze_source
from tests.support.app.analyze_parts import frames_of, rows_of, shorten
from trainer.errors import UsageError
from trainer.files import asset


class StoppedVideo(VideoFile):
    """Ctrl+C before its tenth frame."""

    def read(self) -> Frame | None:
        if self._index == 9:
            raise KeyboardInterrupt
        return super().read()


def content_of(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


class TestTable:
    def refused(self, clip: Path, table: Path, message: str, **options: bool) -> str:
        """The error's text; the table is as it was."""
        content = content_of(table)
        with pytest.raises(UsageError, match=message) as error:
            analyze_source(str(clip), table, AnalysisSettings(max_frames=1), **options)
        assert content_of(table) == content
        return str(error.value)

    @pytest.mark.parametrize("content", [b"precious\n", b"frame,time_s\n", b"\x00" * 9000])
    def test_a_file_that_is_not_a_table_stays(
        self, clip: Path, table: Path, content: bytes
    ) -> None:
        table.write_bytes(content)
        text = self.refused(clip, table, r"faces\.csv: exists and is not a table of faces")
        assert "--overwrite" in text

    def test_a_finished_table_is_replaced(self, clip: Path, table: Path) -> None:
        note = OutputNote(table).read()
        analyze_source(str(clip), table, AnalysisSettings(max_frames=2))
        analyze_source(str(clip), table, AnalysisSettings(max_frames=1))
        assert len(rows_of(table)) == 1
        assert note["finished"] >= note["begun"]

    def test_an_unfinished_table_stays(
        self, clip: Path, table: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Interrupted at the first attempt or at a resumed one."""
        shorten(table, 5)
        monkeypatch.setattr(single_source, "open_source", lambda text, _: StoppedVideo(Path(text)))
        for resume in (True, False):
            assert analyze_source(str(clip), table, resume=resume, overwrite=not resume).stopped
            assert OutputNote(table).read()["finished"] is None
            text = self.refused(clip, table, "exists and is not finished")
            assert "Use --resume to continue it" in text
        monkeypatch.undo()
        analyze_source(str(clip), table, resume=True)
        assert OutputNote(table).read()["finished"]
        analyze_source(str(clip), table, AnalysisSettings(max_frames=1))
        assert len(rows_of(table)) == 1

    def test_a_table_without_a_note_stays(self, clip: Path, table: Path) -> None:
        """The faces.csv of a recording has none."""
        OutputNote(table).path.unlink()
        self.refused(clip, table, r"faces\.csv\.json, which says whether it is finished")

    def test_a_foreign_file_in_place_of_the_note_stays(self, clip: Path, table: Path) -> None:
        table.unlink()
        note = OutputNote(table).path
        note.write_text('{"mine": 1}')
        for resume in (False, True):
            self.refused(clip, table, r"faces\.csv\.json: exists and is not a note", resume=resume)
        assert note.read_text() == '{"mine": 1}'

    def test_a_table_without_rows_is_replaced(self, clip: Path, table: Path) -> None:
        head = table.read_bytes().splitlines(keepends=True)[0]
        unfinished = OutputNote(table).read() | {"finished": None}
        for content in (b"", head):
            OutputNote(table).path.write_text(json.dumps(unfinished))
            table.write_bytes(content)
            analyze_source(str(clip), table, AnalysisSettings(max_frames=1))
            assert len(rows_of(table)) == 1

    def test_overwrite_replaces_anything(self, clip: Path, tmp_path: Path) -> None:
        table = tmp_path / "notes.csv"
        table.write_text("precious")
        OutputNote(table).path.write_text("too")
        analyze_source(str(clip), table, AnalysisSettings(max_frames=1), overwrite=True)
        assert len(rows_of(table)) == 1
        with pytest.raises(UsageError, match="contradict"):
            analyze_source(str(clip), table, overwrite=True, resume=True)


@pytest.mark.usefixtures("qapp")
class TestVideo:
    @pytest.fixture
    def video(self, clip: Path, tmp_path: Path) -> Path:
        """A finished video of two frames."""
        video = tmp_path / "seen.mp4"
        analyze_source(str(clip), None, AnalysisSettings(max_frames=2), video_file=video)
        return video

    def refused(self, clip: Path, video: Path, message: str) -> None:
        content = content_of(video)
        with pytest.raises(UsageError, match=message) as error:
            analyze_source(str(clip), None, AnalysisSettings(max_frames=1), video_file=video)
        assert content_of(video) == content
        assert "--overwrite" in str(error.value)

    def test_the_note_says_what_it_was_made_from(self, clip: Path, video: Path) -> None:
        note = json.loads(video.with_name("seen.mp4.json").read_text())
        assert (note["source"], note["model"], note["every"]) == ("clip.avi", "default", 1)
        assert note["path"] == str(clip.resolve())
        assert note["finished"]
        assert note["bytes"] == video.stat().st_size

    @pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
    def test_a_finished_video_is_replaced(self, clip: Path, tmp_path: Path, suffix: str) -> None:
        video = tmp_path / f"seen{suffix}"
        for frames in (2, 1):
            analyze_source(str(clip), None, AnalysisSettings(max_frames=frames), video_file=video)
            assert len(frames_of(video)[1]) == frames

    def test_a_video_of_somebody_else_stays(self, clip: Path, video: Path, tmp_path: Path) -> None:
        """Also one with the codec that ours have."""
        film = tmp_path / "film.mp4"
        for content in (video.read_bytes(), asset("demo/demo.mp4").read_bytes(), b"not a video"):
            film.write_bytes(content)
            self.refused(clip, film, r"film\.mp4: exists, and no film\.mp4\.json beside it")
        analyze_source(
            str(clip), None, AnalysisSettings(max_frames=1), video_file=film, overwrite=True
        )
        assert len(frames_of(film)[1]) == 1

    def test_a_video_written_by_another_program_since_stays(self, clip: Path, video: Path) -> None:
        shutil.copy(asset("demo/demo.mp4"), video)
        self.refused(clip, video, r"seen\.mp4: was changed after this command wrote it")

    def test_an_unfinished_video_stays(
        self, clip: Path, video: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(single_source, "open_source", lambda text, _: StoppedVideo(Path(text)))
        assert analyze_source(str(clip), None, video_file=video).stopped
        self.refused(clip, video, r"seen\.mp4: exists and is not finished")

    def test_a_foreign_file_in_place_of_the_note_stays(self, clip: Path, tmp_path: Path) -> None:
        note = tmp_path / "seen.mp4.json"
        note.write_text('{"mine": 1}')
        self.refused(clip, tmp_path / "seen.mp4", r"seen\.mp4\.json: exists and is not a note")
        assert note.read_text() == '{"mine": 1}'

    def test_a_table_and_a_video_in_the_folder_of_the_source(
        self, tmp_path: Path, demo_frame: np.ndarray
    ) -> None:
        """They are not part of the source: its hash stays the same from run to run."""
        cv2.imwrite(str(tmp_path / "a.png"), demo_frame)
        table, video = tmp_path / "faces.csv", tmp_path / "seen.mp4"
        hashes = set()
        for _ in range(2):
            analyze_source(str(tmp_path), table, video_file=video)
            hashes |= {OutputNote(file).read()["content"] for file in (table, video)}
        assert len(hashes) == 1
