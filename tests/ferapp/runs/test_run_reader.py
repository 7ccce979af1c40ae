"""Runs read from their files: what was appended, their state, and damaged ones."""

import json
import math
import os
import platform
import time
from pathlib import Path

import psutil
import pytest

from ferapp.runs.run_reader import EventTail, RunFolder, RunReader
from tests.support.runs.run_files import (
    epoch,
    make_run,
    running_process,
    running_training,
    started,
    step,
)
from trainer.card import ModelCard
from trainer.models import create
from trainer.models.model_file import save_model
from trainer.training.event_log import EventLog


def test_curves_are_over_epochs(tmp_path: Path) -> None:
    run = make_run(tmp_path, [started(), step(5, 2.0), step(10, 1.0), epoch(1, 0.4)])
    found = RunReader(run.path).read(now=111.0)
    x, y = found.step_curves["loss"]
    assert x.tolist() == [0.5, 1.0]
    assert y.tolist() == [2.0, 1.0]
    assert found.epoch_curves["val_accuracy"][0].tolist() == [1.0]
    assert found.accuracy == 0.4
    assert found.best is not None
    assert found.best.metric("mean_class_accuracy") == pytest.approx(0.3)
    assert found.progress == pytest.approx(10 / 300)
    assert (found.images_per_second, found.memory_mb, found.eta_s) == (200.0, 512.0, 60.0)
    assert found.best.confusion is not None
    assert found.best.confusion.trace() == found.best.n == 7


def test_only_appended_events_are_read(tmp_path: Path) -> None:
    run = make_run(tmp_path, [started(), step(5)])
    tail = EventTail(run.events)
    assert len(tail.read()[0]) == 2
    assert tail.read() == ([], False)
    with run.events.open("a") as stream:
        stream.write(json.dumps(step(6)) + "\n" + '{"event": "st')
    assert [event["step"] for event in tail.read()[0]] == [6]
    with run.events.open("a") as stream:
        stream.write('ep", "step": 7}\nno json\n')
    assert [event["step"] for event in tail.read()[0]] == [7]
    run.events.write_text(json.dumps(step(1)) + "\n")
    assert tail.read() == ([step(1)], True)


def test_steps_that_a_killed_run_repeats_count_once(tmp_path: Path) -> None:
    again = [started(step=10), step(11, 0.7)]
    run = make_run(
        tmp_path, [started(), step(5), step(10), epoch(1, 0.4), step(15), step(18), *again]
    )
    found = RunReader(run.path).read(now=111.0)
    assert found.step_curves["loss"][0].tolist() == [0.5, 1.0, 1.1]


@pytest.mark.parametrize("accuracy", [0.0, 0.4])
def test_the_best_accuracy_may_be_zero(tmp_path: Path, accuracy: float) -> None:
    event = {**epoch(1, accuracy), "val_mean_class_accuracy": accuracy}
    run = RunReader(make_run(tmp_path, [started(), event]).path).read()
    assert run.best is not None
    assert (run.accuracy, run.best.metric("mean_class_accuracy")) == (accuracy, accuracy)


def test_the_start_is_the_best_only_where_its_events_say_so(tmp_path: Path) -> None:
    better = {**epoch(0, 0.6), "best_epoch": None}
    later = {**epoch(1, 0.4), "best_epoch": 1}
    run = RunReader(make_run(tmp_path, [started(), better], "20261124-1-x").path).read()
    assert (run.best, [each.epoch for each in run.validations]) == (None, [0])
    assert math.isnan(run.accuracy)
    run = RunReader(make_run(tmp_path, [started(), better, later], "20261124-2-x").path).read()
    assert run.best is not None
    assert (run.best.epoch, run.accuracy) == (1, 0.4)
    assert run.epoch_curves["val_accuracy"][0].tolist() == [0, 1]
    kept = [{**better, "best_epoch": 0}, {**later, "best_epoch": 0}]
    run = RunReader(make_run(tmp_path, [started(), *kept], "20261124-3-x").path).read()
    assert run.best is not None
    assert (run.best.epoch, run.accuracy) == (0, 0.6)


def test_the_card_of_the_best_model_says_its_epoch(tmp_path: Path) -> None:
    """Killed between the model of epoch 2 and its event: Inspect opens that model."""
    run = make_run(tmp_path, [started(), {**epoch(1, 0.4), "best_epoch": 1}])
    reader = RunReader(run.path)
    before = reader.read().best
    assert before is not None
    assert (before.epoch, before.n) == (1, 7)
    model = create("compact", widths=[4], blocks=[1])
    card = ModelCard(
        name="x", architecture="compact", arguments={"widths": [4], "blocks": [1]},
        attribution_layer="stages", metrics={"epoch": 2, "accuracy": 0.5, "n": 20},
    )  # fmt: skip
    save_model(run.best, model.state_dict(), card)
    found = reader.read()
    assert found.best is not None
    assert (found.best.epoch, found.accuracy, found.best.n) == (2, 0.5, 20)
    save_model(run.best, model.state_dict(), card.model_copy(update={"metrics": {"epoch": 1}}))
    assert reader.read().accuracy == 0.4


def test_the_ece_is_that_of_the_finished_model(tmp_path: Path) -> None:
    event = {**epoch(1, 0.4), "val_ece": 0.125, "best_epoch": 1}
    run = make_run(tmp_path, [started(), event])
    assert math.isnan(RunReader(run.path).read().calibrated_ece)
    log = EventLog(run.events)
    best = {"epoch": 1, "ece": 0.1, "temperature": 1.4}
    log.write("run_ended", reason="done", error="", best=best, verdict="It beat its start")
    log.close()
    found = RunReader(run.path).read()
    assert found.best is not None
    assert (found.calibrated_ece, found.best.metric("ece")) == (0.1, 0.125)  # that one is raw
    assert found.verdict == "It beat its start"


def test_before_the_first_validation_there_is_no_accuracy(tmp_path: Path) -> None:
    run = RunReader(make_run(tmp_path, [started(), step(1)]).path).read()
    assert math.isnan(run.accuracy)
    assert run.best is None


@pytest.mark.parametrize("reason", ["done", "stopped", "failed", "diverged"])
def test_how_a_run_ended(tmp_path: Path, reason: str) -> None:
    ended = {"event": "run_ended", "time": 200.0, "reason": reason, "error": "it broke"}
    found = RunReader(make_run(tmp_path, [started(), step(5), ended]).path).read()
    assert found.state == ("failed" if reason == "diverged" else reason)
    assert found.reason == ("it broke" if found.state == "failed" else "")
    assert found.can_resume == (reason != "done")


def test_a_run_whose_process_is_dead_is_interrupted(tmp_path: Path) -> None:
    found = RunReader(make_run(tmp_path, [started(), step(5)]).path).read(now=106.0)
    assert found.state == "interrupted"
    assert found.can_resume


@pytest.mark.parametrize("reason", ["", "failed"])
def test_a_run_that_never_began_cannot_be_resumed(tmp_path: Path, reason: str) -> None:
    ended = {"event": "run_ended", "time": 100.0, "reason": reason, "error": "no data"}
    found = RunReader(make_run(tmp_path, [ended] if reason else []).path).read()
    assert found.state == (reason or "interrupted")
    assert not found.has_begun
    assert not found.can_resume


def test_a_run_whose_process_trains_is_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_probe(*_: int) -> None:
        pytest.fail("os.kill(pid, 0) ends a process on Windows")

    with running_training() as child:
        monkeypatch.setattr(os, "kill", no_probe)
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time()), step(5)])
        assert RunReader(run.path).read(now=1e9).state == "running"
        monkeypatch.undo()
    assert RunReader(run.path).read(now=106.0).state == "interrupted"


def test_a_reused_process_id_is_another_process(tmp_path: Path) -> None:
    with running_training() as child:  # began after the run had recorded this id
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time() - 3600), step(5)])
        assert RunReader(run.path).read().state == "interrupted"
        assert RunReader(run.path).read().can_resume
    with running_process("sing") as child:
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time())], "20261124-1-other")
        assert RunReader(run.path).read().state == "interrupted"


def test_a_process_that_cannot_be_inspected_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(process: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(process.pid)

    with running_training() as child:
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time()), step(5)])
        monkeypatch.setattr(psutil.Process, "cmdline", denied)
        assert RunReader(run.path).read().state == "interrupted"
        # unless it has just reported a step
        assert RunReader(run.path).read(now=106.0).state == "running"


def test_a_run_without_events_is_known_by_its_environment(tmp_path: Path) -> None:
    run = make_run(tmp_path, [])
    with running_training() as child:
        now = {"pid": child.pid, "host": platform.node(), "time": time.time()}
        older_version = {"pid": child.pid}
        for made in (now, older_version):
            run.env.write_text(json.dumps(made))
            assert RunReader(run.path).read().state == "starting"
        elsewhere = {**now, "host": "elsewhere"}
        run.env.write_text(json.dumps(elsewhere))
        assert RunReader(run.path).read().state == "starting"
        assert RunReader(run.path).read(now=time.time() + 5000).state == "interrupted"
        run.env.write_text(json.dumps({**now, "time": time.time() - 3600}))
        assert RunReader(run.path).read().state == "interrupted"


def test_a_run_of_another_machine_is_known_by_its_last_event(tmp_path: Path) -> None:
    run = make_run(tmp_path, [started(pid=1, host="elsewhere"), step(5)])
    assert RunReader(run.path).read(now=110.0).state == "running"
    assert RunReader(run.path).read(now=5000.0).state == "interrupted"


def test_damaged_runs_are_listed_with_their_reason(tmp_path: Path) -> None:
    make_run(tmp_path, [started(), epoch(1, 0.4)], name="20261124-1-good")
    half = tmp_path / "20261124-2-half"
    half.mkdir()
    (half / "config.json").write_text('{"name": "half", "conf')
    newer = make_run(tmp_path, [], name="20261124-3-newer")
    head = json.loads(newer.config.read_text())
    head["config"]["optim"]["warp"] = 9
    newer.config.write_text(json.dumps(head))
    (tmp_path / "no-run").mkdir()
    binary = make_run(tmp_path, [], name="20261124-4-binary")
    binary.events.write_bytes(bytes(range(256)))
    runs = {run.name: run for run in RunFolder(tmp_path).list()}
    assert list(runs) == [
        "20261124-4-binary", "20261124-3-newer", "20261124-2-half", "20261124-1-good",
    ]  # fmt: skip
    assert runs["20261124-2-half"].state == "damaged"
    assert "not the configuration of a run" in runs["20261124-2-half"].reason
    assert runs["20261124-3-newer"].state == "damaged"
    assert "does not fit this version (optim.warp)" in runs["20261124-3-newer"].reason
    assert runs["20261124-4-binary"].state == "interrupted"
    assert runs["20261124-1-good"].accuracy == 0.4


def test_a_missing_folder_has_no_runs(tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "runs").list() == ()
