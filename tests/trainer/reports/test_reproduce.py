"""A table is run once: what is done is skipped, what stopped goes on, what fails is told."""

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
from trainer.reports.reproduce import Outcome, Table, recipes_of, reproduce, run_trainer
from trainer.reports.run_records import find_runs, read_head
from trainer.training.event_log import EventLog, read_events
from trainer.training.run_dir import RunDir

TWINS = [name for name in RECIPES if name.startswith("twin/")]


class Child:
    """Stands in for the child processes: notes their arguments, leaves the files they would.

    `accuracy` of a run by its name; `ends` are exit codes by command and name of the run.
    """

    def __init__(self, accuracy: Callable[[str], float] = lambda _: 0.5) -> None:
        self.accuracy = accuracy
        self.ends: dict[tuple[str, str], Outcome] = {}
        self.calls: list[list[str]] = []

    def __call__(self, arguments: list[str]) -> Outcome:
        self.calls.append(arguments)
        command, value = arguments[0], dict(pairwise(arguments))
        if command == "train":
            name = value["--name"]
        else:
            path = Path(arguments[1] if command == "resume" else value["--model"])
            run = RunDir(path if command == "resume" else path.parents[1])
            name = read_head(run)[0]
        end = self.ends.get((command, name), Outcome(0))
        if command == "train":
            sets = [b for a, b in pairwise(arguments) if a == "--set"]
            ended = {0: "done", 130: "stopped"}.get(end.code, "failed")
            base = RECIPES[value["--recipe"]].values
            runs, data = Path(value["--runs"]), Path(value["--data"])
            run = made_run(runs, name, sets, ended=ended, base=base, data=data)
            run.state.touch()
            run.best.touch()
        elif command == "resume":
            log = EventLog(run.events)
            log.write("run_ended", reason="done", best={})
            log.close()
        elif not end.code:
            measured(run, self.accuracy(name))
        return end

    @property
    def commands(self) -> list[str]:
        return [call[0] for call in self.calls]


def table(folder: Path, child: Child, name: str = "twin/ce", **options) -> Table:
    (folder / "data").mkdir(exist_ok=True)
    return reproduce(name, folder / "data", folder / "runs", run_child=child, **options)


def test_a_table_is_its_recipes_over_seeds_with_mean_and_deviation(tmp_path: Path) -> None:
    child = Child(lambda name: {"0": 0.5, "1": 0.6, "2": 0.7}[name[-1]])
    result = table(tmp_path, child, "twin", sets=["optim.epochs=3"])
    assert child.commands == ["train", "evaluate"] * 3 * len(TWINS)
    first = child.calls[0]
    assert first[:5] == ["train", "--recipe", "twin/ce", "--data", str(tmp_path / "data")]
    assert first[5:7] == ["--name", "twin-ce-s0"]
    assert first[-4:] == ["--set", "optim.epochs=3", "--set", "run.seed=0"]
    assert child.calls[1][-5:] == ["--split", "val", "--device", "auto", "--json"]
    assert [row.recipe.name for row in result.results] == TWINS
    columns, cells = result.cells()
    assert dict(zip(columns, cells[0], strict=True)) == {
        "recipe": "twin/ce",
        "published": RECIPES["twin/ce"].published,
        "val accuracy %": "60.00 ± 10.00",
        "mean class %": "30.00 ± 5.00",
        "seeds": "3 of 3",
    }
    written = json.loads((tmp_path / "runs" / "twin.json").read_text())
    assert written == result.as_dict()
    assert written["rows"][0]["accuracy"]["values"] == [0.5, 0.6, 0.7]
    assert "| twin/ce | none | 60.00 ± 10.00 |" in (tmp_path / "runs" / "twin.md").read_text()

    again = Child()
    assert table(tmp_path, again, "twin", sets=["optim.epochs=3"]).as_dict() == written
    assert again.calls == []


def test_a_stopped_run_goes_on_and_one_without_state_starts_anew(tmp_path: Path) -> None:
    child = Child()
    child.ends["train", "twin-ce-s1"] = Outcome(130)
    with pytest.raises(RunStopped, match="twin-ce-s1"):
        table(tmp_path, child)
    assert child.commands == ["train", "evaluate", "train"]
    partial = json.loads((tmp_path / "runs" / "twin-ce.json").read_text())
    assert partial["rows"][0]["n"] == 1

    stopped = next((tmp_path / "runs").glob("*-twin-ce-s1"))
    child = Child()
    assert len(table(tmp_path, child).results[0].runs) == 3
    assert child.commands == ["resume", "evaluate", "train", "evaluate"]
    assert child.calls[0] == ["resume", str(stopped)]

    killed = made_run(
        tmp_path / "runs",
        "twin-ce-s3",
        ["run.seed=3"],
        ended="",
        base=RECIPES["twin/ce"].values,
        data=tmp_path / "data",
    )
    child = Child()
    os.rename(killed.path, killed.path.with_name("20000101-000000-twin-ce-s3"))
    table(tmp_path, child, seeds=4)
    assert child.commands == ["train", "evaluate"]


def test_a_run_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    child = Child()
    child.ends["train", "twin-ce-s0"] = Outcome(1, "Error: the loss is no longer finite")
    child.ends["evaluate", "twin-ce-s1"] = Outcome(2, "Error: no device")
    result = table(tmp_path, child)
    assert result.failed == {
        "twin-ce-s0": "Error: the loss is no longer finite",
        "twin-ce-s1": "Error: no device",
    }
    assert result.cells()[1][0][-1] == "1 of 3"
    assert "no longer finite" in (tmp_path / "runs" / "twin-ce.md").read_text()


@pytest.mark.parametrize("why", ["older", "views", "damaged"])
def test_an_evaluation_that_does_not_count_is_taken_again(tmp_path: Path, why: str) -> None:
    table(tmp_path, Child(), seeds=1)
    run = RunDir(next((tmp_path / "runs").glob("*-twin-ce-s0")))
    metrics = run.eval("val") / "metrics.json"
    if why == "older":
        os.utime(run.best, (metrics.stat().st_mtime + 9,) * 2)
        os.utime(metrics, (1, 1))
    elif why == "views":
        measured(run, 0.9, tta="flip")
    else:
        metrics.write_text("{")
    again = Child(lambda _: 0.25)
    os.utime(run.best, (2, 2))
    result = table(tmp_path, again, seeds=1)
    assert again.commands == ["evaluate"]
    assert result.results[0].metrics["accuracy"].values == (0.25,)


def test_runs_with_other_settings_are_not_taken_for_these(tmp_path: Path) -> None:
    table(tmp_path, Child(), seeds=1)
    with pytest.raises(UsageError, match=r"optim\.epochs is 10, asked is 4.*\n.*--runs"):
        table(tmp_path, Child(), seeds=1, sets=["optim.epochs=4"])
    again = Child()
    table(tmp_path, again, seeds=1, sets=["run.device=cpu"])  # where it runs is no setting of it
    assert again.calls == []


def test_runs_of_other_data_are_not_taken_for_these(tmp_path: Path) -> None:
    table(tmp_path, Child(), seeds=1)
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match=r"trained on .*data, asked is .*other.*\n.*--runs"):
        reproduce("twin/ce", tmp_path / "other", tmp_path / "runs", seeds=1, run_child=Child())


def test_unaligned_recipes_are_evaluated_unaligned(tmp_path: Path) -> None:
    child = Child()
    table(tmp_path, child, seeds=1, sets=["data.landmarks=false"])
    assert child.calls[-1][-1] == "--no-landmarks"


def test_tables_are_found_by_name(tmp_path: Path) -> None:
    plain, fast = recipes_of("report-001", fast=False), recipes_of("report-001", fast=True)
    assert [f"{each.name}-fast" for each in plain] == [each.name for each in fast]
    assert not any(each.name.endswith("-fast") for each in plain)
    affectnet = {each.name for each in recipes_of("dacl/affectnet", fast=False)}
    assert affectnet == {f"dacl/affectnet-{term}" for term in ("dacl", "center", "softmax")}
    with pytest.raises(UsageError, match="no table 'magic'\nKnown: twin, trio, report-001"):
        recipes_of("magic", fast=False)
    with pytest.raises(UsageError, match="twin has no fast form"):
        recipes_of("twin", fast=True)
    child = Child()
    table(tmp_path, child, "dacl/affectnet", fast=True, seeds=1)
    assert child.calls[0][2] == "dacl/affectnet-dacl-fast"
    assert (tmp_path / "runs" / "dacl-affectnet-fast.md").is_file()
    with pytest.raises(DataError, match="gone"):
        reproduce("twin", tmp_path / "gone", tmp_path / "runs", run_child=child)


def test_the_command_exits_1_when_a_run_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child()
    child.ends["train", "twin-ce-s1"] = Outcome(1, "Error: broken")
    monkeypatch.setattr(module, "run_trainer", child)
    words = ["reproduce", "twin/ce", "--data", tmp_path, "--runs", tmp_path / "runs", "--json"]
    done = CliRunner().invoke(app, [*map(str, words), "--seeds", "2"])
    assert isinstance(done.exception, FerError)
    assert done.exception.exit_code == 1
    assert "1 run failed: twin-ce-s1" in str(done.exception)
    last = json.loads(done.stdout.strip().splitlines()[-1])
    assert last["failed"] == {"twin-ce-s1": "Error: broken"}
    assert last["rows"][0]["n"] == 1


def test_a_child_tells_its_code_and_its_error(capfd: pytest.CaptureFixture[str]) -> None:
    outcome = run_trainer(["resume", "nowhere"])
    assert outcome.code == 2
    assert outcome.error.startswith("Error: nowhere: this is no run directory")
    assert "nowhere" in capfd.readouterr().err


@pytest.mark.slow
def test_interrupted_it_saves_exits_130_and_the_same_command_goes_on(tmp_path: Path) -> None:
    face_data.save(drawn_data(15), tmp_path / "ready")
    words = ["twin/ce", "--data", "ready", "--seeds", "1", "--json"]
    for text in (
        "model.options={widths=[8,16,32],blocks=[1,1,1]}",
        "optim.batch_size=15",
        "optim.epochs=25",
        "run.threads=1",
    ):
        words += ["--set", text]
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", "reproduce", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    for line in process.stderr:  # the child's lines come through
        if "epoch" in line and "val" in line:
            break
    process.send_signal(signal.SIGINT)  # to this process alone, which passes it on
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
