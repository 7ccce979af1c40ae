"""How far a study is, in words."""

import io
from pathlib import Path

from rich.console import Console

from ferapp.studies.study_display import fraction_done, study_display, study_text
from ferapp.studies.study_record import SourceProgress, StudyProgress


def progress(**sources: SourceProgress) -> StudyProgress:
    return StudyProgress(Path("nowhere"), sources=sources)


HALF = progress(
    a=SourceProgress("done", 600, 600),
    b=SourceProgress("running", 300, 600),
    c=SourceProgress("unchanged", 0, 0),
    d=SourceProgress("failed", reason="no video"),
    e=SourceProgress("running", 10, 0),  # of unknown length
)


def test_the_time_left_counts_the_sources_to_analyse() -> None:
    assert fraction_done(HALF, 5) == 0.5
    text = "2 of 5 files, 1 failed, 910 frames, 110.0 ms a frame, about 1:40 left"
    assert study_text(HALF, 5, 100.1) == text


def test_one_file_that_has_just_begun() -> None:
    assert study_text(progress(a=SourceProgress("running")), 1, 3.0) == "0 of 1 file, 0 frames"


def test_without_a_terminal_lines_appear_and_what_fails_is_told_once() -> None:
    out = io.StringIO()
    with study_display(5, Console(file=out, width=200), line_s=0) as show:
        show(HALF)
        show(HALF)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Failed: d: no video"
    assert len(lines) == 3
    assert lines[1].startswith("2 of 5 files, 1 failed, 910 frames")
