"""Progress of a long command, on a terminal and elsewhere."""

import io

from rich.console import Console

from ferapp.studies.progress_line import frames_progress, progress_text


class TestProgress:
    def test_the_text(self) -> None:
        assert progress_text(120, 480, 4.0) == "120 of 480 frames, 25 %, 30.0 a second, 0:12 left"
        assert progress_text(10, 7210, 10.0).endswith("1.0 a second, 2:00:00 left")
        assert progress_text(45, 0, 3.0) == "45 frames, 15.0 a second"
        assert progress_text(0, 9, 0.0) == "0 of 9 frames, 0 %, 0.0 a second"

    def test_lines_without_a_terminal(self) -> None:
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


def test_the_rate_leaves_out_frames_done_before() -> None:
    text = progress_text(130, 480, 1.0, before=100)
    assert text == "130 of 480 frames, 27 %, 30.0 a second, 0:12 left"
