"""`ferapp analyze --resume`, and the threads that read and look for faces ahead of the model."""

import csv
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.live.engine import open_source
from ferapp.sources.base import Frame, FrameSource
from ferapp.sources.video import VideoFile
from ferapp.studies import single_source
from ferapp.studies.prefetch import ahead
from ferapp.studies.progress_line import progress_words
from ferapp.studies.resume import note_of
from ferapp.studies.single_source import a_core_left, analyze_source
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.classifier import Classifier
from ferapp.vision.face_table import table_rows
from ferapp.vision.pipeline import Analyzer
from ferapp.vision.tracking import Tracks
from tests.support.app.analyze_parts import rows_of
from trainer.errors import FerError, UsageError
from trainer.faces.landmarker import FaceLandmarker
from trainer.files import asset

FRAMES = 24


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first frames of the demo clip, and one without a face among them."""
    file = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 24, (640, 360))
    demo = VideoFile(asset("demo/demo.mp4"))
    for index in range(FRAMES):
        frame = demo.read()
        assert frame is not None
        writer.write(np.full_like(frame.image, 90) if index == 3 else frame.image)
    demo.close()
    writer.release()
    return file


@pytest.fixture(scope="module")
def whole(clip: Path) -> Path:
    """The table of the clip, made in one go; with its note."""
    table = clip.with_name("whole.csv")
    analyze_source(str(clip), table)
    return table


@pytest.fixture
def table(whole: Path, tmp_path: Path) -> Path:
    """A copy, to be interrupted."""
    copied = tmp_path / "faces.csv"
    copied.write_bytes(whole.read_bytes())
    note_of(copied).write_bytes(note_of(whole).read_bytes())
    return copied


def shorten(table: Path, rows: int, more: bytes = b"") -> bytes:
    """Leave the head and so many rows, and `more`, as a crash may; what is left for good."""
    lines = table.read_bytes().splitlines(keepends=True)
    table.write_bytes(b"".join(lines[: 1 + rows]) + more)
    return b"".join(lines[:rows])


def test_rows_are_those_of_one_step_after_the_other(clip: Path, whole: Path) -> None:
    made: list[list[str]] = []
    source = open_source(str(clip))
    with FaceLandmarker(video=True, max_faces=4, details=True) as landmarker, a_core_left():
        classifier, analyzer = Classifier("default"), Analyzer(landmarker)
        while (frame := source.read()) is not None:
            options = AnalysisOptions(attribution=False, max_faces=4)
            made += table_rows(analyzer.analyze(frame, classifier, options, paint=False))
    source.close()
    with whole.open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream))[1:] == made
    assert len(made) == FRAMES
    assert made[3][2] == ""


class TestResume:
    @pytest.mark.parametrize("more", [b"", b"20,0.8", b"20,0.833,0,3\xff", b"\x00\x00\x00"])
    def test_the_table_goes_on(
        self,
        clip: Path,
        whole: Path,
        table: Path,
        more: bytes,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """What stood there stays to the byte; the last frame, which may lack a face, is redone."""
        kept = shorten(table, 20, more)
        summary = analyze_source(str(clip), table, resume=True)
        assert "Goes on from frame 19. What comes before is read again." in capsys.readouterr().err
        assert (summary.frames, summary.analysed) == (FRAMES, FRAMES - 19)
        assert summary.frames_with_face == FRAMES - 1
        assert sum(summary.labels.values()) == FRAMES - 1
        assert table.read_bytes().startswith(kept)
        got, expected = rows_of(table), rows_of(whole)
        for name in ("frame", "time_s", "face_id", "label"):
            assert [row[name] for row in got] == [row[name] for row in expected]
        for row, other in zip(got[1:3] + got[4:], expected[1:3] + expected[4:], strict=True):
            assert float(row["box_x"]) == pytest.approx(float(other["box_x"]), abs=2)
            assert float(row["p_sad"]) == pytest.approx(float(other["p_sad"]), abs=0.1)

    def test_ids_go_on_and_are_not_given_twice(self, clip: Path, table: Path) -> None:
        rows = rows_of(table)[:12]
        with table.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            for row in rows:
                writer.writerow({**row, "face_id": row["face_id"] and "5"})
                if row["frame"] == "1":  # another one, who was seen once, elsewhere
                    writer.writerow({**row, "face_id": "7", "box_x": "5", "box_w": "20"})
        analyze_source(str(clip), table, resume=True)
        found = {row["face_id"] for row in rows_of(table) if int(row["frame"]) > 3}
        assert found == {"5"}
        tracks = Tracks()
        tracks.recall([(5, (0, 0, 50, 50), 0.0), (7, (300, 0, 50, 50), 0.1)])
        boxes = [(302.0, 0.0, 50.0, 50.0), (600.0, 0.0, 50.0, 50.0)]
        assert tracks.assign(boxes, 0.2) == [7, 8]

    @pytest.mark.parametrize("start", [None, b"", b"frame,time_s,fa"])
    def test_from_the_beginning_where_nothing_stands(
        self, clip: Path, whole: Path, table: Path, start: bytes | None
    ) -> None:
        if start is None:
            table.unlink()
        else:
            table.write_bytes(start)
        summary = analyze_source(str(clip), table, resume=True, max_frames=2)
        assert summary.analysed == 2
        assert table.read_bytes() == b"".join(whole.read_bytes().splitlines(keepends=True)[:3])

    def test_a_complete_table_stays_complete(self, clip: Path, table: Path, whole: Path) -> None:
        summary = analyze_source(str(clip), table, resume=True)
        assert (summary.frames, summary.analysed) == (FRAMES, 1)
        assert len(rows_of(table)) == FRAMES

    def test_a_folder_with_the_table_in_it(self, tmp_path: Path, demo_frame: np.ndarray) -> None:
        for index in range(4):
            cv2.imwrite(str(tmp_path / f"{index}, a.png"), demo_frame[index:])
        table = tmp_path / "faces.csv"
        analyze_source(str(tmp_path), table)
        whole = table.read_bytes()
        shorten(table, 2)
        analyze_source(str(tmp_path), table, resume=True)
        assert table.read_bytes() == whole
        assert rows_of(table)[3]["file"] == "3, a.png"
        (tmp_path / "0, b.png").write_bytes((tmp_path / "0, a.png").read_bytes())
        with pytest.raises(UsageError, match="before its files changed"):
            analyze_source(str(tmp_path), table, resume=True)
        assert table.read_bytes() == whole


class TestRefused:
    """With the reason, and the table stays as it is."""

    @pytest.mark.parametrize(
        ("ask", "words"),
        [
            ({"model": "twin-ce"}, "another model: default"),
            ({"every": 2}, "another --every: 1"),
            ({"faces": 1}, "another --faces: 4"),
        ],
    )
    def test_what_was_asked_otherwise(
        self, clip: Path, table: Path, ask: dict[str, object], words: str
    ) -> None:
        content = table.read_bytes()
        with pytest.raises(UsageError, match=words) as refused:
            analyze_source(str(clip), table, resume=True, **ask)  # type: ignore[arg-type]
        assert "--overwrite" in str(refused.value)
        assert table.read_bytes() == content

    def test_another_source(self, table: Path) -> None:
        with pytest.raises(UsageError, match=r"another source: clip\.avi"):
            analyze_source("demo", table, resume=True)

    @pytest.mark.parametrize("note", [None, "", "[]", json.dumps({"source": "clip.avi"})])
    def test_nothing_tells_what_it_was_made_from(
        self, clip: Path, table: Path, note: str | None
    ) -> None:
        note_of(table).unlink() if note is None else note_of(table).write_text(note)
        with pytest.raises(UsageError, match=r"faces\.csv\.json beside it"):
            analyze_source(str(clip), table, resume=True)

    def test_other_columns(self, clip: Path, table: Path) -> None:
        table.write_bytes(table.read_bytes().replace(b"au45", b"au46"))
        with pytest.raises(UsageError, match="other columns"):
            analyze_source(str(clip), table, resume=True)

    def test_what_cannot_go_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(UsageError, match="only a CSV"):
            analyze_source("demo", None, resume=True)
        video = tmp_path / "x.mp4"
        with pytest.raises(UsageError, match="only a CSV"):
            analyze_source("demo", tmp_path / "x.csv", video_file=video, resume=True)

        class Live(FrameSource):
            name, kind = "Live", "stream"

            def read(self) -> Frame | None:
                return None

            def close(self) -> None: ...

        monkeypatch.setattr(single_source, "open_source", lambda _: Live())
        with pytest.raises(UsageError, match="Live does not begin again"):
            analyze_source("live", tmp_path / "x.csv", resume=True)


class TestReplacing:
    """Only what can be made again by the same command is replaced without a word."""

    def refused(self, clip: Path, table: Path, words: str, **ask: bool) -> str:
        content = table.read_bytes() if table.exists() else None
        with pytest.raises(UsageError, match=words) as told:
            analyze_source(str(clip), table, max_frames=1, **ask)
        assert (table.read_bytes() if table.exists() else None) == content
        return str(told.value)

    @pytest.mark.parametrize("content", [b"precious\n", b"frame,time_s\n", b"\x00" * 9000])
    def test_what_is_no_table_stays(self, clip: Path, table: Path, content: bytes) -> None:
        table.write_bytes(content)
        assert "--overwrite" in self.refused(clip, table, r"faces\.csv: exists, and is no table")

    def test_a_finished_table_is_made_anew(self, clip: Path, table: Path) -> None:
        begun = json.loads(note_of(table).read_text())
        analyze_source(str(clip), table, max_frames=2)
        analyze_source(str(clip), table, max_frames=1)
        assert len(rows_of(table)) == 1
        assert begun["finished"] >= begun["begun"]

    def test_an_unfinished_one_is_not(
        self, clip: Path, table: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Interrupted, killed or failed, at first or while it went on."""

        class Stopped(VideoFile):
            def read(self) -> Frame | None:
                if self._index == 9:
                    raise KeyboardInterrupt
                return super().read()

        shorten(table, 5)
        monkeypatch.setattr(single_source, "open_source", lambda text: Stopped(Path(text)))
        for resume in (True, False):
            assert analyze_source(str(clip), table, resume=resume, overwrite=not resume).stopped
            assert json.loads(note_of(table).read_text())["finished"] is None
            told = self.refused(clip, table, "exists, and is not finished")
            assert "--resume goes on with it" in told
        monkeypatch.undo()
        analyze_source(str(clip), table, resume=True)
        assert json.loads(note_of(table).read_text())["finished"]
        analyze_source(str(clip), table, max_frames=1)
        assert len(rows_of(table)) == 1

    def test_a_table_of_which_nothing_tells_whether_it_is_finished_stays(
        self, clip: Path, table: Path
    ) -> None:
        """A recording's faces.csv is such a one."""
        note_of(table).unlink()
        self.refused(clip, table, r"faces\.csv\.json, which tells whether it is finished")

    def test_a_foreign_file_in_place_of_the_note_stays(self, clip: Path, table: Path) -> None:
        table.unlink()
        note_of(table).write_text('{"mine": 1}')
        for resume in (False, True):
            self.refused(clip, table, r"faces\.csv\.json: would be written", resume=resume)
        assert note_of(table).read_text() == '{"mine": 1}'

    def test_where_nothing_is_lost_nobody_is_asked(self, clip: Path, table: Path) -> None:
        head = table.read_bytes().splitlines(keepends=True)[0]
        unfinished = json.loads(note_of(table).read_text()) | {"finished": None}
        for content in (b"", head):
            note_of(table).write_text(json.dumps(unfinished))
            table.write_bytes(content)
            analyze_source(str(clip), table, max_frames=1)
            assert len(rows_of(table)) == 1

    def test_asked_for_anything_is_replaced(self, clip: Path, tmp_path: Path) -> None:
        table = tmp_path / "notes.csv"
        table.write_text("precious")
        note_of(table).write_text("too")
        analyze_source(str(clip), table, max_frames=1, overwrite=True)
        assert len(rows_of(table)) == 1
        with pytest.raises(UsageError, match="contradict"):
            analyze_source(str(clip), table, overwrite=True, resume=True)


def test_a_full_disk_ends_it_with_words(clip: Path) -> None:
    with pytest.raises(FerError, match=r"/dev/full: the CSV cannot be written any further") as told:
        analyze_source(str(clip), Path("/dev/full"))
    assert "--resume goes on" in str(told.value)
    assert not Path("/dev/full.json").exists()


class TestAhead:
    def test_order_and_how_far(self) -> None:
        """With two waiting and one being made, nothing more is started: memory stays constant."""
        started: list[int] = []
        at = threading.Condition()

        def numbers() -> Iterator[int]:
            for number in range(9):
                with at:
                    started.append(number)
                    at.notify_all()
                yield number

        with ahead(numbers(), 2, "numbers") as found:
            with at:
                assert at.wait_for(lambda: len(started) == 3, timeout=30)
            assert next(found) == 0
            with at:
                assert at.wait_for(lambda: len(started) == 4, timeout=30)
            assert started == [0, 1, 2, 3]
            assert list(found) == list(range(1, 9))

    def test_an_error_comes_after_what_was_made_before(self) -> None:
        def failing() -> Iterator[int]:
            yield from (1, 2)
            raise KeyboardInterrupt

        with ahead(failing(), 5, "failing") as found:
            assert [next(found), next(found)] == [1, 2]
            with pytest.raises(KeyboardInterrupt):
                next(found)

    def test_leaving_early_ends_both_threads(self) -> None:
        with ahead(iter(range(10**9)), 2, "one") as first, ahead(first, 2, "two") as second:
            assert next(second) == 0
        assert {"one", "two"}.isdisjoint(thread.name for thread in threading.enumerate())


def test_the_pace_is_of_what_is_done_now() -> None:
    words = progress_words(130, 480, 1.0, before=100)
    assert words == "130 of 480 frames, 27 %, 30.0 a second, 0:12 left"
