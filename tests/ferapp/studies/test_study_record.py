"""What a study says of itself on disk."""

from pathlib import Path

import pytest

from ferapp.studies.study_record import (
    PROGRESS_FILE,
    STUDY_FILE,
    SourceProgress,
    StudyProgress,
    StudyRecord,
    StudySource,
    append_events,
    is_running,
    read_study,
)
from trainer.errors import UsageError
from trainer.file_lock import only_writer

RECORD = StudyRecord(
    app="ferapp 1",
    begun="2026-12-01T03:00:00+0000",
    sources=(
        StudySource(name="a/b", source="/x/a/b.mp4", table="a/b.csv", manifest={"group": "calm"}),
    ),
)


class TestRecord:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        RECORD.write(tmp_path)
        assert read_study(tmp_path) == RECORD

    def test_fields_of_a_newer_version_are_ignored(self, tmp_path: Path) -> None:
        text = RECORD.model_dump_json().replace('"app":', '"colour":"red","app":')
        (tmp_path / STUDY_FILE).write_text(text)
        assert read_study(tmp_path) == RECORD

    def test_what_is_no_study_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"there is no study in this folder"):
            read_study(tmp_path)
        (tmp_path / STUDY_FILE).write_text('{"app": "ferapp 1"}')
        with pytest.raises(UsageError, match=r"study\.json: is damaged \(begun: Field required"):
            read_study(tmp_path)

    def test_a_study_runs_while_its_process_holds_it(self, tmp_path: Path) -> None:
        RECORD.write(tmp_path)
        assert not is_running(tmp_path)
        with only_writer(tmp_path / STUDY_FILE, UsageError("")):
            assert is_running(tmp_path)
        assert not is_running(tmp_path)


class TestProgress:
    def test_the_last_event_of_a_source_counts(self, tmp_path: Path) -> None:
        file = tmp_path / PROGRESS_FILE
        append_events(file, [{"state": "begun", "jobs": 2}])
        running = {"source": "a", "state": "running", "frames": 7, "total": 9, "ms_per_frame": 11.2}
        append_events(file, [running, {"source": "b", "state": "failed", "reason": "no video"}])
        progress = StudyProgress.read(tmp_path)
        assert (progress.state, progress.jobs) == ("begun", 2)
        assert progress.of("a").state == "running"
        assert (progress.of("a").frames, progress.of("a").total) == (7, 9)
        assert progress.of("b").reason == "no video"
        assert progress.of("c") == SourceProgress()

        append_events(file, [{"source": "a", "state": "done", "frames": 9}])
        assert progress.update()
        assert progress.of("a").state == "done"
        assert (progress.of("a").total, progress.of("a").ms_per_frame) == (9, 11.2)
        assert not progress.update()

    def test_a_restart_makes_what_a_killed_run_left_running_wait(self, tmp_path: Path) -> None:
        file = tmp_path / PROGRESS_FILE
        append_events(file, [{"state": "begun"}, {"source": "a", "state": "running", "frames": 3}])
        append_events(file, [{"state": "begun"}])
        assert StudyProgress.read(tmp_path).of("a").state == "waiting"

    def test_half_a_line_waits_and_a_damaged_one_is_passed_over(self, tmp_path: Path) -> None:
        file = tmp_path / PROGRESS_FILE
        file.write_bytes(b'\x00\xff{]\n[1]\n{"source": "a", "sta')
        progress = StudyProgress.read(tmp_path)
        assert progress.of("a").state == "waiting"
        with file.open("ab") as stream:
            stream.write(b'te": "done"}\n')
        progress.update()
        assert progress.of("a").state == "done"
