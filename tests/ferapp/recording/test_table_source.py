"""A table plays with the source it was made from: its numbers on its frames, nothing analysed."""

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferapp.live.engine import open_source
from ferapp.recording.table_pictures import is_of_folder, locate_pictures
from ferapp.sources.base import Frame, FrameSource, SourceError
from ferapp.sources.faults import FaultKind
from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.face_edits import edit_faces
from ferapp.studies.single_source import analyze_source
from ferapp.vision.types import QualityKind
from tests.support.app.engine_parts import next_analysis, until
from tests.support.app.recording_parts import live
from tests.support.app.tables import FPS, shares_of, write_table
from tests.support.sources.encoded import GREYS, grey, write_encoded
from tests.support.sources.scripted import Studio
from trainer.errors import UsageError


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_encoded(tmp_path / "clip.mp4", [grey(level) for level in GREYS])


def played(source: FrameSource) -> Iterator[Frame]:
    while (frame := source.read()) is not None:
        yield frame


def numbers(frame: Frame) -> list[int]:
    """The frames of the table whose results the frame has."""
    assert frame.recorded is not None
    return [int(np.argmax(f.probabilities)) for f in frame.recorded.faces]


def leaders(frames: Sequence[int]) -> list[list[int]]:
    return [[int(np.argmax(shares_of(number)))] for number in frames]


def test_every_frame_has_the_results_of_its_number(clip: Path) -> None:
    table = write_table(clip, range(len(GREYS)))
    source = open_source(str(table))
    frames = list(played(source))
    assert [numbers(frame) for frame in frames] == leaders(range(len(GREYS)))
    for frame in frames:
        assert frame.image.mean() == pytest.approx(GREYS[frame.index], abs=4)
    source.seek(20.4 / FPS)
    sought = source.read()
    assert sought is not None
    assert numbers(sought) == leaders([round(sought.time_s * FPS)])[0]
    assert sought.image.mean() == pytest.approx(GREYS[round(sought.time_s * FPS)], abs=4)
    source.close()


def test_results_of_every_nth_frame_hold_until_the_next_and_no_longer(clip: Path) -> None:
    """Frames 12 to 15 have none: 12 is missing in the table."""
    table = write_table(clip, [0, 4, 8, 16], every=4)
    source = open_source(str(table))
    shown = [numbers(frame) for frame in played(source)]
    expected = leaders([0] * 4 + [4] * 4 + [8] * 4) + [[]] * 4 + leaders([16] * 4)
    assert shown[:20] == expected
    assert shown[20:] == [[]] * (len(GREYS) - 20)
    for number, of in ((6, 4), (8, 8), (13, None), (17, 16)):
        source.seek(number / FPS)
        frame = source.read()
        assert frame is not None
        assert numbers(frame) == (leaders([of])[0] if of is not None else [])
    source.close()


def test_after_a_seek_frames_at_uneven_times_have_their_own_results(tmp_path: Path) -> None:
    """Where the rate says another number than the frame has."""
    stamps = [0, 40, 80, 800, 840, 1600, 1640, 1680]
    images = [grey(GREYS[5 * i]) for i in range(len(stamps))]
    clip = write_encoded(tmp_path / "uneven.mkv", images, stamps=stamps)
    table = write_table(clip, range(len(stamps)), times=[stamp / 1000 for stamp in stamps])
    source = open_source(str(table))
    source.seek(0.8)
    frame = source.read()
    assert frame is not None
    assert frame.image.mean() == pytest.approx(GREYS[15], abs=4)
    assert numbers(frame) == leaders([3])[0]
    source.close()


def test_a_table_at_a_rate_of_its_own_matches_by_time(clip: Path) -> None:
    table = write_table(clip, [0.0, 2.4, 4.8], times=[0.0, 0.1, 0.2])
    source = open_source(str(table))
    first = [next(played(source)) for _ in range(5)]
    nearest = [0.0, 0.0, 2.4, 2.4, 4.8]  # frames 24 a second; rows at 0, 2.4 and 4.8
    assert [numbers(frame) for frame in first] == [
        [int(np.argmax(shares_of(number)))] for number in nearest
    ]
    source.close()


def test_doubts_signals_and_corrected_faces_are_those_of_the_table(clip: Path) -> None:
    table = write_table(clip, range(8))
    edit_faces(table, [], ["0@4"])
    with live(Studio(), str(table)) as engine:
        engine.pause(True)
        engine.seek(5 / FPS)
        analysis = next_analysis(engine, lambda a: (a.frame.position_s or 0) > 4.5 / FPS)
        (face,) = analysis.faces
        assert face.face_id == 1
        assert face.box == (5.0, 6.0, 20.0, 21.0)
        assert [issue.kind for issue in face.issues()] == [QualityKind.TURNED, QualityKind.UNSURE]
        assert face.issues()[0].value == 41.0
        assert face.signals[0] == pytest.approx(0.25)
        assert analysis.is_recorded
        status = engine.status().source
        assert status.fault is None
        assert status.replay is not None
        assert not status.replay.is_reanalysed
        assert status.replay.model == "default"
        engine.set_reanalysis(True)  # by the scripted model, whichever made the table
        engine.repeat_analysis()
        next_analysis(engine, lambda a: not a.is_recorded and len(a.faces) == 1)


def test_pictures_of_a_folder_match_by_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    names = ["a.png", "b.png", "d.png"]
    for level, name in enumerate(names):
        cv2.imwrite(str(folder / name), grey(50 + 50 * level))
    table = write_table(folder, range(3), files=names)
    cv2.imwrite(str(folder / "c.png"), grey(220))  # since then
    source = open_source(str(table))
    shown = {frame.file_name: numbers(frame) for frame in played(source)}
    first, second, third = leaders(range(3))
    assert shown == {"a.png": first, "b.png": second, "c.png": [], "d.png": third}
    assert source.recorded is not None
    assert source.recorded.table.times == (0.0, 1.0, 3.0)  # where the pictures are now
    source.close()
    (folder / "d.png").unlink()
    missing = open_source(str(table)).recorded.missing
    assert missing is not None
    assert missing.message == "faces lacks pictures of this table: d.png"
    assert is_of_folder(table)


def test_a_video_that_was_moved_is_found_beside_its_table(clip: Path, tmp_path: Path) -> None:
    table = write_table(clip, range(4))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in (clip, table, Path(f"{table}.json")):
        shutil.move(file, elsewhere / file.name)
    source = open_source(str(elsewhere / table.name))
    assert source.recorded.missing is None
    assert source.frame_count == len(GREYS)
    source.close()


def test_without_its_video_a_table_plays_on_grey_until_it_is_located(
    clip: Path, tmp_path: Path
) -> None:
    table = write_table(clip, range(8))
    hidden = tmp_path / "x" / "renamed.mp4"
    hidden.parent.mkdir()
    shutil.move(clip, hidden)
    with live(Studio(), str(table)) as engine:
        analysis = next_analysis(engine, lambda a: bool(a.faces))
        assert len(np.unique(analysis.frame.image)) == 1
        fault = engine.status().source.fault
        assert fault is not None
        assert fault.kind is FaultKind.MISSING
        assert fault.message == f"{clip} is not there any more"
        assert engine.status().source.replay.missing.can_locate
        engine.set_reanalysis(True)  # there is nothing to analyse
        engine.seek(0.0)
        assert next_analysis(engine, lambda a: bool(a.faces)).is_recorded
        other = write_encoded(tmp_path / "other.mp4", [grey(9)])
        with pytest.raises(UsageError, match="its size differs"):
            locate_pictures(table, other)
        locate_pictures(table, hidden)
        engine.open_source(str(table))
        until(lambda: engine.status().source.replay.missing is None)
        assert engine.status().source.fault is None
    with clip.open("wb") as stream:
        stream.write(b"another")
    assert open_source(str(table)).recorded.missing is None  # the located one is noted


def test_a_changed_video_is_not_played(clip: Path) -> None:
    table = write_table(clip, range(4))
    write_encoded(clip, [grey(100), grey(101)])
    missing = open_source(str(table)).recorded.missing
    assert missing is not None
    assert missing.message == (
        "clip.mp4 is not the file that this table was made from: its size differs"
    )
    with pytest.raises(SourceError, match="its size differs"):  # grey is not analysed
        analyze_source(str(table), None, AnalysisSettings(device="cpu"))


def test_a_table_of_the_demo_clip_plays_it_and_one_of_a_camera_says_why_not(clip: Path) -> None:
    table = write_table(clip, range(4))
    note = Path(f"{table}.json")
    content = json.loads(note.read_text()) | {"path": ""}
    note.write_text(json.dumps(content | {"source": "Demo clip"}))
    source = open_source(str(table))
    assert source.recorded.missing is None
    assert source.frame_count > 400
    source.close()
    note.write_text(json.dumps(content | {"source": "HD Webcam"}))
    missing = open_source(str(table)).recorded.missing
    assert missing.message == "The pictures of HD Webcam were not stored"
    assert not missing.can_locate
    note.unlink()
    missing = open_source(str(table)).recorded.missing
    assert missing.message == "clip.csv.json is missing or damaged"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,age\nx,3\n", "this is not a table of faces"),
        ("", "this file is empty"),
        ("\0\xff\n", "this is not a table of faces|cannot be read"),
    ],
)
def test_another_csv_is_refused_in_plain_words(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(content, encoding="latin-1")
    with pytest.raises(SourceError, match=message) as raised:
        open_source(str(file))
    assert "ferapp analyze" in raised.value.hint


def test_a_row_that_was_cut_off_is_left_out(clip: Path) -> None:
    table = write_table(clip, range(6))
    text = table.read_text()
    table.write_text(text[: text.rindex("0.2500")])
    source = open_source(str(table))
    assert source.recorded.table.numbers == (0, 1, 2, 3, 4)
    assert len(list(csv.reader(table.open()))) == 7  # the file stays as it is
    source.close()
