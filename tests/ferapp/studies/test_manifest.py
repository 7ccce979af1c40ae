"""`--manifest`: each source has its row, and what does not fit is named."""

from pathlib import Path

import pytest

from ferapp.studies.plan import plan_study
from tests.ferapp.studies.test_plan import touch
from trainer.errors import UsageError


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    return touch(tmp_path / "videos", "a/clip.mp4", "b/clip.mp4", "b/other.mp4")


def joined(videos: Path, text: str, encoding: str = "utf-8") -> dict[str, dict[str, str]]:
    file = videos.parent / "manifest.csv"
    file.write_text(text, encoding=encoding)
    plan = plan_study([str(videos)], videos.parent / "out", file)
    return {source.name: source.manifest for source in plan.sources}


def test_rows_name_paths_names_or_files(videos: Path) -> None:
    text = "participant,file,note\np1,a/clip.mp4,\np2,b\\clip,x\n\np3,other.mp4,y\n"
    assert joined(videos, text) == {
        "a/clip": {"participant": "p1", "note": ""},
        "b/clip": {"participant": "p2", "note": "x"},
        "b/other": {"participant": "p3", "note": "y"},
    }


@pytest.mark.parametrize(("separator", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-8")])
def test_tables_of_spreadsheets_are_read(videos: Path, separator: str, encoding: str) -> None:
    rows = [("file", "who"), ("a/clip", "ä"), ("b/clip", "b"), ("other", "c, d")]
    text = "\n".join(separator.join(row) for row in rows)
    assert joined(videos, text, encoding)["b/other"] == {"who": "c, d"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,who\n", r"there is no column `file`; its columns are: name, who"),
        ("", r"there is no column `file`"),
        ("file\na/clip\nb/clip\nother\ngone.mp4\n", r"no source is named: gone\.mp4 \(line 5\)"),
        ("file\na/clip\nother\n", r"no row is of the source: b/clip\.mp4"),
        ("file\na/clip\nb/clip\nother\nother.mp4\n", r"same source: other\.mp4 \(lines 4 and 5\)"),
        ("file\nclip\nother\n", r"clip \(line 2\) may be a/clip or b/clip"),
        ("file,who\na/clip\n", r"line 2 has 1 cells, the first line 2"),
        ("file,who,who\n", r"two columns are called who"),
        ("file,frames,share_happy\n", r"columns of these names itself: frames, share_happy"),
    ],
)
def test_what_does_not_fit_is_named(videos: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        joined(videos, text)
