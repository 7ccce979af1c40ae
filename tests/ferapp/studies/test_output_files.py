"""Files that cannot be written, or that must not be replaced."""

from pathlib import Path
from typing import Any

import pytest

from ferapp.studies.single_source import analyze_source
from trainer.errors import FerError, UsageError
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
