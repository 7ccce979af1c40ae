"""A study as its files say: state, share done and time left."""

import math
from pathlib import Path

import pytest

from ferapp.runs.study_reader import StudyReader
from ferapp.studies.study_record import PROGRESS_FILE, append_events
from tests.support.ui.study_files import begun, done, failed, running, write_study
from trainer.errors import UsageError
from trainer.file_lock import only_writer

NAMES = ("a", "b", "c", "d")


def test_time_left_is_of_what_is_left_at_the_rate_of_all_jobs(tmp_path: Path) -> None:
    events = [begun(), done("a", 100), running("b", 50, 150, 10.0), running("c", 20, 120, 30.0)]
    out = write_study(tmp_path / "study", NAMES, events)
    study = StudyReader().read(out, is_ours=True)
    assert study.state == "running"
    assert [source.state for source in study.sources] == ["done", "running", "running", "waiting"]
    # 100 + 100 frames are left, and about (100 + 150 + 120) / 3 of "d", at 100 + 33.3 a second
    assert study.left_s == pytest.approx((200 + 370 / 3) / (100 + 100 / 3))
    assert study.sources[1].left_s == pytest.approx(1.0)
    assert math.isnan(study.sources[3].left_s)
    assert study.frames == 170
    assert study.share == pytest.approx(170 / (370 + 370 / 3))


def test_what_is_appended_is_read_and_a_failed_source_is_over(tmp_path: Path) -> None:
    out = write_study(tmp_path / "study", NAMES[:2], [begun(), running("a", 0, 0)])
    reader = StudyReader()
    assert reader.read(out, is_ours=True).share == 0.0
    append_events(out / PROGRESS_FILE, [failed("a", "damaged"), done("b")])
    study = reader.read(out, is_ours=True)
    assert study.share == 1.0
    assert [source.reason for source in study.failed] == ["damaged"]


@pytest.mark.parametrize(
    ("last", "state"), [("begun", "interrupted"), ("stopped", "paused"), ("finished", "finished")]
)
def test_the_state_when_no_process_runs_it(tmp_path: Path, last: str, state: str) -> None:
    out = write_study(tmp_path / "study", NAMES, [begun(), {"state": last, "jobs": 2}])
    assert StudyReader().read(out).state == state


def test_a_study_that_another_process_writes_is_running(tmp_path: Path) -> None:
    out = write_study(tmp_path / "study", NAMES, [begun()])
    with only_writer(out / "study.json", UsageError("")):
        assert StudyReader().read(out).state == "running"


def test_another_folder_is_read_from_its_beginning(tmp_path: Path) -> None:
    first = write_study(tmp_path / "one", ("a",), [begun(), done("a")])
    second = write_study(tmp_path / "two", ("a", "b"), [begun()])
    reader = StudyReader()
    assert reader.read(first).count("done") == 1
    assert reader.read(second).count("done") == 0
    assert len(reader.read(second).sources) == 2
