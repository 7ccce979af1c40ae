"""Files that cannot be written, or that must not be replaced."""

from pathlib import Path
from typing import Any

import cv2
import pytest

from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_files import only_analysis
from ferapp.studies.single_source import analyze_source
from trainer.errors import FerError, UsageError
from trainer.file_lock import lock_file
from trainer.files import asset


class TestFilesThatCannotBeWritten:
    """The error says why, and the source is never written over."""

    @pytest.mark.parametrize("name", ["out.gif", "out", "out.mp3", "out.avi"])
    def test_a_suffix_of_no_video(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UsageError, match=r"\.mp4, \.mov or \.mkv") as refused:
            analyze_source("demo", None, video_file=tmp_path / name)
        assert name in str(refused.value)

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        file = tmp_path / "gone" / "out.mp4"
        with pytest.raises(UsageError, match="there is no folder") as refused:
            analyze_source("demo", None, AnalysisSettings(max_frames=1), video_file=file)
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

    @pytest.mark.parametrize("table", ["out.mp4", "out.mp4.json"])
    def test_a_table_and_a_video_of_one_name(self, tmp_path: Path, table: str) -> None:
        """Nor may a table lie where the video's note goes."""
        with pytest.raises(UsageError, match="one would replace the other"):
            analyze_source("demo", tmp_path / table, video_file=tmp_path / "out.mp4")
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_it_with_a_message(clip: Path) -> None:
    with pytest.raises(
        FerError, match=r"/dev/full: the CSV cannot be written any further"
    ) as error:
        analyze_source(str(clip), Path("/dev/full"))
    assert "continue with the same command and --resume" in str(error.value)
    assert not Path("/dev/full.json").exists()


class TestAnotherProcessWritesTheFile:
    """Two analyses never mix their rows, and a killed one keeps nobody out."""

    @pytest.mark.parametrize("kind", ["csv_file", "video_file"])
    @pytest.mark.parametrize("how", [{}, {"overwrite": True}])
    def test_the_second_is_refused(
        self, clip: Path, tmp_path: Path, kind: str, how: dict[str, bool]
    ) -> None:
        file = tmp_path / "out.mp4"
        outputs: dict[str, Any] = {"csv_file": None, kind: file}
        with (
            only_analysis(file),
            pytest.raises(UsageError, match=r"out\.mp4: another process is writing this file"),
        ):
            analyze_source(str(clip), **outputs, **how)
        assert not file.exists()

    def test_nor_is_a_table_continued_meanwhile(self, clip: Path, table: Path) -> None:
        before = table.read_bytes()
        with only_analysis(table), pytest.raises(UsageError, match="another process is writing"):
            analyze_source(str(clip), table, resume=True)
        assert table.read_bytes() == before
        analyze_source(str(clip), table, resume=True)
        assert table.read_bytes() == before

    def test_a_lock_left_in_a_folder_of_pictures_is_no_picture(
        self, demo_frame: Any, tmp_path: Path
    ) -> None:
        """The table can be continued, although the folder has had one more file since."""
        cv2.imwrite(str(tmp_path / "a.png"), demo_frame)
        table = tmp_path / "faces.csv"
        analyze_source(str(tmp_path), table)
        before = table.read_bytes()
        lock_file(table).touch()
        analyze_source(str(tmp_path), table, resume=True)
        assert table.read_bytes() == before
