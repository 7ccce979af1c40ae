"""Reproducing a table: finished runs are skipped, stopped ones resumed, failures reported."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support import ROOT
from tests.support.trainer.drawn import drawn_data
from tests.support.trainer.made_runs import made_run, measured
from trainer.cli.commands import app
from trainer.data import face_data
from trainer.errors import DataError, FerError, RunStopped, UsageError
from trainer.recipes import RECIPES
from trainer.reports import reproduce as module
from trainer.reports.reproduce import (
    ProcessResult,
    ReproductionTable,
    recipes_in_table,
    reproduce,
    run_trainer,
)
from trainer.reports.run_records import find_runs, read_run_header
from trainer.training.event_log import EventLog, read_events
from trainer.training.run_dir import RunDir

TWINS = [name for name in RECIPES if name.startswith("twin/")]


class FakeProcesses:
    """Replaces the child processes: records their arguments and writes the files they would.

    `accuracy` gives a run's accuracy by its name; `results` are by command and name of the run.
    """

    def __init__(self, accuracy: Callable[[str], float] = lambda _: 0.5) -> None:
        self.accuracy = accuracy
        self.results: dict[tuple[str, str], ProcessResult] = {}
        self.calls: list[list[str]] = []

    def __call__(self, arguments: list[str]) -> ProcessResult:
        self.calls.append(arguments)
        command, value = arguments[0], dict(pairwise(arguments))
        if command == "train":
            name = value["--name"]
        else:
            path = Path(arguments[1] if command == "resume" else value["--model"])
            run = RunDir(path if command == "resume" else path.parents[1])
            name = read_run_header(run)[0]
        result = self.results.get((command, name), ProcessResult(0))
        if command == "train":
            sets = [b for a, b in pairwise(arguments) if a == "--set"]
            ended = {0: "done", 130: "stopped"}.get(result.code, "failed")
            base = RECIPES[value["--recipe"]].values
            runs, data = Path(value["--runs"]), Path(value["--data"])
            run = made_run(runs, name, sets, ended=ended, base=base, data=data)
            run.state.touch()
            run.best.touch()
        elif command == "resume":
            log = EventLog(run.events)
            log.write("run_ended", reason="done", best={})
            log.close()
        elif not result.code:
            measured(run, self.accuracy(name))
        return result

    @property
    def commands(self) -> list[str]:
        return [call[0] for call in self.calls]


def table(
    folder: Path, processes: FakeProcesses, name: str = "twin/ce", **options
) -> ReproductionTable:
    (folder / "data").mkdir(exist_ok=True)
    return reproduce(name, folder / "data", folder / "runs", run_process=processes, **options)


def test_a_table_has_the_mean_and_deviation_over_seeds_of_each_recipe(tmp_path: Path) -> None:
    processes = FakeProcesses(lambda name: {"0": 0.5, "1": 0.6, "2": 0.7}[name[-1]])
    result = table(tmp_path, processes, "twin", sets=["optim.epochs=3"])
    assert processes.commands == ["train", "evaluate"] * 3 * len(TWINS)
    first = processes.calls[0]
    assert first[:5] == ["train", "--recipe", "twin/ce", "--data", str(tmp_path / "data")]
    assert first[5:7] == ["--name", "twin-ce-s0"]
    assert first[-4:] == ["--set", "optim.epochs=3", "--set", "run.seed=0"]
    assert processes.calls[1][-5:] == ["--split", "val", "--device", "auto", "--json"]
    assert [row.recipe.name for row in result.results] == TWINS
    columns, cells = result.cells()
    assert dict(zip(columns, cells[0], strict=True)) == {
        "recipe": "twin/ce",
        "published": RECIPES["twin/ce"].published,
        "val accuracy %": "60.00 ± 10.00",
        "mean class %": "30.00 ± 5.00",
        "best epochs": "4, 4, 4",
        "val n": "40",
        "seeds": "3 of 3",
    }
    written = json.loads((tmp_path / "runs" / "twin.json").read_text())
    assert written == result.as_dict()
    assert written["rows"][0]["accuracy"]["values"] == [0.5, 0.6, 0.7]
    assert written["rows"][0]["epochs"] == [4, 4, 4]
    assert "| twin/ce | none | 60.00 ± 10.00 |" in (tmp_path / "runs" / "twin.md").read_text()

    again = FakeProcesses()
    assert table(tmp_path, again, "twin", sets=["optim.epochs=3"]).as_dict() == written
    assert again.calls == []


def test_a_stopped_run_is_resumed_and_one_without_a_state_starts_again(tmp_path: Path) -> None:
    processes = FakeProcesses()
    processes.results["train", "twin-ce-s1"] = ProcessResult(130)
    with pytest.raises(RunStopped, match="twin-ce-s1"):
        table(tmp_path, processes)
    assert processes.commands == ["train", "evaluate", "train"]
    partial = json.loads((tmp_path / "runs" / "twin-ce.json").read_text())
    assert partial["rows"][0]["n"] == 1

    stopped = next((tmp_path / "runs").glob("*-twin-ce-s1"))
    processes = FakeProcesses()
    assert len(table(tmp_path, processes).results[0].runs) == 3
    assert processes.commands == ["resume", "evaluate", "train", "evaluate"]
    assert processes.calls[0] == ["resume", str(stopped)]

    killed = made_run(
        tmp_path / "runs",
        "twin-ce-s3",
        ["run.seed=3"],
        ended="",
        base=RECIPES["twin/ce"].values,
        data=tmp_path / "data",
    )
    processes = FakeProcesses()
    os.rename(killed.path, killed.path.with_name("20000101-000000-twin-ce-s3"))
    table(tmp_path, processes, seeds=4)
    assert processes.commands == ["train", "evaluate"]


def test_a_failed_run_is_reported_and_the_others_continue(tmp_path: Path) -> None:
    processes = FakeProcesses()
    processes.results["train", "twin-ce-s0"] = ProcessResult(
        1, "Error: the loss is no longer finite"
    )
    processes.results["evaluate", "twin-ce-s1"] = ProcessResult(2, "Error: no device")
    result = table(tmp_path, processes)
    assert result.failed == {
        "twin-ce-s0": "Error: the loss is no longer finite",
        "twin-ce-s1": "Error: no device",
    }
    assert result.cells()[1][0][-1] == "1 of 3"
    assert "no longer finite" in (tmp_path / "runs" / "twin-ce.md").read_text()


@pytest.mark.parametrize("why", ["older", "views", "damaged"])
def test_an_evaluation_that_cannot_be_used_is_repeated(tmp_path: Path, why: str) -> None:
    table(tmp_path, FakeProcesses(), seeds=1)
    run = RunDir(next((tmp_path / "runs").glob("*-twin-ce-s0")))
    metrics = run.eval("val") / "metrics.json"
    if why == "older":
        os.utime(run.best, (metrics.stat().st_mtime + 9,) * 2)
        os.utime(metrics, (1, 1))
    elif why == "views":
        measured(run, 0.9, tta="flip")
    else:
        metrics.write_text("{")
    again = FakeProcesses(lambda _: 0.25)
    os.utime(run.best, (2, 2))
    result = table(tmp_path, again, seeds=1)
    assert again.commands == ["evaluate"]
    assert result.results[0].metrics["accuracy"].values == (0.25,)


def test_runs_with_other_settings_are_refused(tmp_path: Path) -> None:
    table(tmp_path, FakeProcesses(), seeds=1)
    with pytest.raises(UsageError, match=r"optim\.epochs is 10, not 4.*\n.*--runs"):
        table(tmp_path, FakeProcesses(), seeds=1, sets=["optim.epochs=4"])
    again = FakeProcesses()
    table(tmp_path, again, seeds=1, sets=["run.device=cpu"])  # a machine setting
    assert again.calls == []


def test_runs_of_other_data_are_refused(tmp_path: Path) -> None:
    table(tmp_path, FakeProcesses(), seeds=1)
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match=r"trained on .*data, not on .*other.*\n.*--runs"):
        reproduce(
            "twin/ce", tmp_path / "other", tmp_path / "runs", seeds=1, run_process=FakeProcesses()
        )


def test_unaligned_recipes_are_evaluated_unaligned(tmp_path: Path) -> None:
    processes = FakeProcesses()
    table(tmp_path, processes, seeds=1, sets=["data.landmarks=false"])
    assert processes.calls[-1][-1] == "--no-landmarks"


def test_tables_are_found_by_name(tmp_path: Path) -> None:
    plain, fast = (
        recipes_in_table("report-001", fast=False),
        recipes_in_table("report-001", fast=True),
    )
    assert [f"{recipe.name}-fast" for recipe in plain] == [recipe.name for recipe in fast]
    assert not any(recipe.name.endswith("-fast") for recipe in plain)
    affectnet = {recipe.name for recipe in recipes_in_table("dacl/affectnet", fast=False)}
    assert affectnet == {f"dacl/affectnet-{term}" for term in ("dacl", "center", "softmax")}
    with pytest.raises(UsageError, match="no table 'magic'\nKnown: twin, trio, report-001"):
        recipes_in_table("magic", fast=False)
    with pytest.raises(UsageError, match="twin has no fast form"):
        recipes_in_table("twin", fast=True)
    processes = FakeProcesses()
    table(tmp_path, processes, "dacl/affectnet", fast=True, seeds=1)
    assert processes.calls[0][2] == "dacl/affectnet-dacl-fast"
    assert (tmp_path / "runs" / "dacl-affectnet-fast.md").is_file()
    with pytest.raises(DataError, match="gone"):
        reproduce("twin", tmp_path / "gone", tmp_path / "runs", run_process=processes)


def test_the_command_exits_with_1_if_a_run_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = FakeProcesses()
    processes.results["train", "twin-ce-s1"] = ProcessResult(1, "Error: broken")
    monkeypatch.setattr(module, "run_trainer", processes)
    arguments = ["reproduce", "twin/ce", "--data", tmp_path, "--runs", tmp_path / "runs", "--json"]
    done = CliRunner().invoke(app, [*map(str, arguments), "--seeds", "2"])
    assert isinstance(done.exception, FerError)
    assert done.exception.exit_code == 1
    assert "1 run failed: twin-ce-s1" in str(done.exception)
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert last["failed"] == {"twin-ce-s1": "Error: broken"}
    assert last["rows"][0]["n"] == 1


def test_a_process_returns_its_exit_code_and_error(capfd: pytest.CaptureFixture[str]) -> None:
    result = run_trainer(["resume", "nowhere"])
    assert result.code == 2
    assert result.error.startswith("Error: nowhere: not a run directory")
    assert "nowhere" in capfd.readouterr().err


@pytest.mark.slow
def test_interrupted_it_saves_exits_with_130_and_the_same_command_continues(tmp_path: Path) -> None:
    face_data.save(drawn_data(15), tmp_path / "ready")
    arguments = ["twin/ce", "--data", "ready", "--seeds", "1", "--json"]
    for text in (
        "model.options={widths=[8,16,32],blocks=[1,1,1]}",
        "optim.batch_size=15",
        "optim.epochs=25",
        "run.threads=1",
    ):
        arguments += ["--set", text]
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", "reproduce", *arguments],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    for line in process.stderr:  # the child's output is copied
        if "epoch" in line and "val" in line:
            break
    process.send_signal(signal.SIGINT)  # only to this process, which forwards it
    _, rest = process.communicate(timeout=120)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    (run,) = find_runs([tmp_path / "runs"])
    assert run.state.is_file()
    assert read_events(run.events)[-1]["reason"] == "stopped"

    done = subprocess.run(
        process.args, cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert find_runs([tmp_path / "runs"]) == [RunDir(tmp_path / run.path)]
    row = json.loads(done.stdout.strip().splitlines()[-1])["rows"][0]
    best = read_events(run.events)[-1]["best"]["accuracy"]
    assert (row["n"], row["accuracy"]["std"]) == (1, None)
    assert row["accuracy"]["mean"] == pytest.approx(best)
