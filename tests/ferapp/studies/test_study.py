"""A small study, run once by the command, whose folder many tests read."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import pandas
import psutil
import pytest

from ferapp.studies.analysis_settings import AnalysisSettings
from ferapp.studies.output_note import OutputNote
from ferapp.studies.single_source import analyze_source
from ferapp.studies.study import StudyOptions, run_study
from ferapp.studies.study_record import STUDY_FILE, StudyProgress, read_study
from ferapp.studies.study_workers import WORKERS_FOLDER
from tests.support import ROOT
from tests.support.command import Command
from trainer.errors import UsageError
from trainer.file_lock import only_writer
from trainer.files import asset

FRAMES = 20
SETTINGS = AnalysisSettings(device="cpu")


def write_clips(folder: Path, names: list[str], frames: int = FRAMES) -> None:
    """Pieces of the demo clip, a second apart."""
    capture = cv2.VideoCapture(str(asset("demo/demo.mp4")))
    for number, name in enumerate(names):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        capture.set(cv2.CAP_PROP_POS_FRAMES, 24 * number)
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 24, (640, 360))
        for _ in range(frames):
            writer.write(capture.read()[1])
        writer.release()
    capture.release()


def tables_of(out: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(out)): file.read_bytes()
        for file in sorted(out.rglob("*.csv"))
        if file.parent != out or file.name not in ("summary.csv", "failed.csv")
    }


CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(processes=True, **options) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read(3)
"""


class Study:
    """Its folder of sources, its folder of tables, and what the command said of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sources, self.out = folder, folder / "videos", folder / "tables"
        write_clips(self.sources, ["a/clip.avi", "b/clip.avi"])
        (self.sources / "faces").mkdir()
        capture = cv2.VideoCapture(str(asset("demo/demo.mp4")))
        for number in range(2):
            cv2.imwrite(str(self.sources / "faces" / f"{number}.png"), capture.read()[1])
        capture.release()
        (self.sources / "broken.mp4").write_text("no video")
        (self.folder / "manifest.csv").write_text(
            "file,condition\na/clip.avi,calm\nb/clip.avi,loud\nfaces,calm\nbroken.mp4,calm\n"
        )
        self.first = self.analyze("--manifest", "manifest.csv", "--parquet", "--json")

    def analyze(self, *options: str) -> "subprocess.CompletedProcess[str]":
        command = Command(self.folder)
        return command("ferapp", "analyze", "videos", "--out", "tables", *options)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("study"))


class TestFiles:
    def test_a_failing_source_fails_alone(self, study: Study) -> None:
        assert study.first.returncode == 1, study.first.stderr
        assert "Traceback" not in study.first.stderr
        assert "Failed: broken" in study.first.stderr
        summary = json.loads(study.first.stdout.splitlines()[-1])
        assert (summary["sources"], summary["done"], summary["failed"]) == (4, 3, 1)
        assert (summary["unchanged"], summary["frames"]) == (0, 2 * FRAMES + 2)
        assert summary["ms_per_frame"] > 0
        with (study.out / "failed.csv").open(newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert row["source"] == "broken"
        assert "cannot be opened" in row["reason"]

    def test_tables_equal_those_of_a_source_alone(self, study: Study, tmp_path: Path) -> None:
        assert list(tables_of(study.out)) == ["a/clip.csv", "b/clip.csv", "faces.csv"]
        alone = tmp_path / "alone.csv"
        analyze_source(str(study.sources / "b" / "clip.avi"), alone, SETTINGS)
        assert tables_of(study.out)["b/clip.csv"] == alone.read_bytes()
        ours, theirs = OutputNote(study.out / "b" / "clip.csv").read(), OutputNote(alone).read()
        times = {"begun": None, "finished": None, "max_frames": 0}
        assert ours | times == theirs | times

    def test_parquet_has_the_same_table(self, study: Study) -> None:
        table = pandas.read_parquet(study.out / "a" / "clip.parquet")
        rows = pandas.read_csv(study.out / "a" / "clip.csv")
        assert list(table) == list(rows)
        assert str(table["face_id"].dtype) == "Int64"
        assert (table["p_sad"] == rows["p_sad"]).all()
        for text in ("label", "doubts"):
            assert list(table[text]) == list(rows[text].fillna(""))

    def test_the_summary_has_the_manifest(self, study: Study) -> None:
        summary = pandas.read_csv(study.out / "summary.csv").set_index("source")
        assert summary.loc["b/clip", "condition"] == "loud"
        assert summary.loc["a/clip", "frames"] == FRAMES

    def test_the_record_says_what_it_was_made_with(self, study: Study) -> None:
        record = read_study(study.out)
        assert record.finished
        assert record.settings.model == "default"
        assert [source.manifest["condition"] for source in record.sources] == [
            *("calm", "loud", "calm", "calm")
        ]
        assert (record.machine.device, record.machine.cores > 0) == ("cpu", True)

    def test_progress_ends_as_the_tables_do(self, study: Study) -> None:
        progress = StudyProgress.read(study.out)
        assert progress.state == "finished"
        states = {name: source.state for name, source in progress.sources.items()}
        assert states["a/clip"] in ("done", "unchanged")
        assert progress.of("a/clip").frames == FRAMES
        assert states["broken"] == "failed"

    def test_nothing_unfinished_is_left(self, study: Study) -> None:
        hidden = [file.name for file in study.out.rglob(".*") if not file.name.endswith(".lock")]
        assert hidden == []


class TestAgain:
    """Each begins with the finished study in a folder of its own."""

    @pytest.fixture
    def out(self, study: Study, tmp_path: Path) -> Path:
        shutil.copytree(study.out, tmp_path / "tables")
        return tmp_path / "tables"

    def test_only_what_differs_is_analysed(self, study: Study, out: Path) -> None:
        sources = out.parent / "videos"
        shutil.copytree(study.sources, sources)
        (sources / "broken.mp4").unlink()
        write_clips(sources, ["a/clip.avi"], frames=5)
        before = {name: (out / name).stat().st_mtime_ns for name in tables_of(out)}
        done = Command(out.parent)("ferapp", "analyze", "videos", "--out", "tables", "--json")
        summary = json.loads(done.stdout)
        assert (summary["done"], summary["unchanged"], summary["failed"]) == (1, 2, 0), done.stderr
        after = {name: (out / name).stat().st_mtime_ns for name in tables_of(out)}
        assert [name for name in before if before[name] != after[name]] == ["a/clip.csv"]
        assert (out / "failed.csv").read_text().splitlines() == ["source,reason"]

    def test_other_settings_are_refused(self, study: Study, out: Path) -> None:
        tables = tables_of(out)
        with pytest.raises(UsageError, match=r"3 tables were made with other settings \(every: 1"):
            run_study([str(study.sources)], AnalysisSettings(every=2), StudyOptions(out))
        with pytest.raises(UsageError, match=r"model: default → twin-ce"):
            run_study([str(study.sources)], AnalysisSettings(model="twin-ce"), StudyOptions(out))
        assert tables_of(out) == tables

    def test_files_of_others_are_refused(self, study: Study, tmp_path: Path) -> None:
        out = tmp_path / "mine"
        (out / "a").mkdir(parents=True)
        (out / "a" / "clip.csv").write_text("precious\n")
        with pytest.raises(UsageError, match=r"clip\.csv: exists and is not a table of faces"):
            run_study([str(study.sources)], SETTINGS, StudyOptions(out))
        (out / "a" / "clip.csv").rename(out / "summary.csv")
        with pytest.raises(UsageError, match=r"has files of these names: summary\.csv"):
            run_study([str(study.sources)], SETTINGS, StudyOptions(out))
        assert (out / "summary.csv").read_text() == "precious\n"
        assert not (out / STUDY_FILE).exists()

    def test_two_at_once_are_refused(self, study: Study, out: Path) -> None:
        with (
            only_writer(out / STUDY_FILE, UsageError("")),
            pytest.raises(UsageError, match="another process is analysing into this folder"),
        ):
            run_study([str(study.sources)], SETTINGS, StudyOptions(out))


def test_usage(command: Command, tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        done = command("ferapp", "analyze", *arguments)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    told = refused("videos")
    assert "ferapp analyze videos --out DIR" in told
    assert "2 sources need a folder" in refused("demo", "videos")
    assert "--jobs needs --out DIR" in refused("demo", "--jobs", "2")
    assert "Leave out --csv" in refused("demo", "--out", "x", "--csv", "y.csv")
    assert "--jobs many" in refused("demo", "--out", "x", "--jobs", "many")
    assert "this folder is a source itself" in refused("videos", "--out", "videos")


class RunningStudy:
    """`ferapp analyze` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.out = folder / "tables"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "ferapp", "analyze", str(folder / "videos")),
                *("--out", str(self.out), "--device", "cpu", *options),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200"},
        )

    def wait_for(self, condition: Callable[[StudyProgress], bool]) -> None:
        pulse = threading.Event()
        for _ in range(2400):
            if condition(StudyProgress.read(self.out)):
                return
            assert self.process.poll() is None, self.process.communicate()
            pulse.wait(0.05)
        raise AssertionError("it did not come")

    def workers(self) -> list[psutil.Process]:
        """Those that analyse: they have a file of events, which their number names."""
        files = (self.out / WORKERS_FOLDER).glob("*.jsonl")
        return [psutil.Process(int(file.stem.rsplit("-", 2)[1])) for file in files]

    def end(self) -> tuple[str, str]:
        try:
            return self.process.communicate(timeout=120)
        finally:
            self.process.kill()
            self.process.communicate()


def is_running(progress: StudyProgress) -> bool:
    return any(source.frames for source in progress.sources.values())


@pytest.mark.slow
class TestEnds:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        write_clips(tmp_path / "videos", [f"{number}.avi" for number in range(4)], frames=60)
        return tmp_path

    def test_killed_and_started_again_it_equals_an_uninterrupted_one(self, folder: Path) -> None:
        for _ in range(2):
            running = RunningStudy(folder, "--jobs", "2")
            running.wait_for(is_running)
            workers = running.workers()
            for process in (running.process, *workers):
                process.kill()
            running.end()
            assert all(OutputNote(running.out / name).read() for name in tables_of(running.out))
        again = RunningStudy(folder, "--jobs", "2")
        _, stderr = again.end()
        assert again.process.returncode == 0, stderr
        whole = folder / "whole"
        Command(folder).process("ferapp", "analyze", "videos", "--out", "whole", "--jobs", "1")
        assert tables_of(again.out) == tables_of(whole)
        assert (again.out / "summary.csv").read_bytes() == (whole / "summary.csv").read_bytes()

    def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(self, folder: Path) -> None:
        running = RunningStudy(folder, "--jobs", "2", "--json")
        running.wait_for(is_running)
        workers = running.workers()
        running.process.send_signal(signal.SIGINT)
        stdout, stderr = running.process.communicate(timeout=30)
        assert running.process.returncode == 130, stderr
        assert "Traceback" not in stderr
        assert "run the same command again" in stderr
        assert json.loads(stdout.splitlines()[-1])["stopped"] is True
        assert not any(worker.is_running() for worker in workers)
        assert StudyProgress.read(running.out).state == "stopped"
        assert read_study(running.out).finished is None

    def test_a_worker_ended_by_the_system_ends_no_study(self, folder: Path) -> None:
        running = RunningStudy(folder, "--jobs", "2", "--json")
        running.wait_for(is_running)
        running.workers()[0].kill()
        stdout, stderr = running.end()
        assert running.process.returncode == 0, stderr
        summary = json.loads(stdout.splitlines()[-1])
        assert (summary["done"], summary["failed"]) == (4, 0)

    def test_on_a_cluster_one_of_whose_workers_is_killed(self, folder: Path) -> None:
        cluster = subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert cluster.stdin is not None
        assert cluster.stdout is not None
        try:
            address = cluster.stdout.readline().strip()
            running = RunningStudy(folder, "--cluster", address, "--json")
            running.wait_for(is_running)
            running.workers()[0].kill()
            stdout, stderr = running.end()
        finally:
            cluster.communicate("end")
        assert running.process.returncode == 0, stderr
        summary = json.loads(stdout.splitlines()[-1])
        assert (summary["done"], summary["failed"]) == (4, 0)
