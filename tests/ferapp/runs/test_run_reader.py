"""Runs as their files tell them: what is new, how they stand, and what is damaged."""

import json
import os
import platform
import time
from pathlib import Path

import psutil
import pytest

from ferapp.runs.run_reader import Runs, Tail, Watched
from tests.support.runs.run_files import (
    a_process,
    a_process_that_trains,
    epoch,
    make_run,
    started,
    step,
)


def test_curves_are_over_epochs(tmp_path: Path) -> None:
    run = make_run(tmp_path, [started(), step(5, 2.0), step(10, 1.0), epoch(1, 0.4)])
    found = Watched(run.path).read(now=111.0)
    x, y = found.steps["loss"]
    assert x.tolist() == [0.5, 1.0]
    assert y.tolist() == [2.0, 1.0]
    assert found.epochs["val_accuracy"][0].tolist() == [1.0]
    assert found.accuracy == 0.4
    assert found.best["mean_class_accuracy"] == pytest.approx(0.3)
    assert found.share == pytest.approx(10 / 300)
    assert (found.speed, found.memory_mb, found.eta_s) == (200.0, 512.0, 60.0)
    assert found.confusions[1].trace() == 7


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    run = make_run(tmp_path, [started(), step(5)])
    tail = Tail(run.events)
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


def test_what_a_killed_run_did_again_counts_once(tmp_path: Path) -> None:
    again = [started(step=10), step(11, 0.7)]
    run = make_run(
        tmp_path, [started(), step(5), step(10), epoch(1, 0.4), step(15), step(18), *again]
    )
    found = Watched(run.path).read(now=111.0)
    assert found.steps["loss"][0].tolist() == [0.5, 1.0, 1.1]


@pytest.mark.parametrize("reason", ["done", "stopped", "failed"])
def test_how_a_run_ended(tmp_path: Path, reason: str) -> None:
    ended = {"event": "run_ended", "time": 200.0, "reason": reason, "error": "it broke"}
    found = Watched(make_run(tmp_path, [started(), step(5), ended]).path).read()
    assert found.state == reason
    assert found.reason == ("it broke" if reason == "failed" else "")
    assert found.can_resume == (reason != "done")


def test_a_dead_process_is_an_interrupted_run(tmp_path: Path) -> None:
    found = Watched(make_run(tmp_path, [started(), step(5)]).path).read(now=106.0)
    assert found.state == "interrupted"
    assert found.can_resume


@pytest.mark.parametrize("reason", ["", "failed"])
def test_what_never_began_is_not_resumed(tmp_path: Path, reason: str) -> None:
    ended = {"event": "run_ended", "time": 100.0, "reason": reason, "error": "no data"}
    found = Watched(make_run(tmp_path, [ended] if reason else []).path).read()
    assert found.state == (reason or "interrupted")
    assert not found.began
    assert not found.can_resume


def test_a_process_that_trains_is_a_running_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_probe(*_: int) -> None:
        pytest.fail("os.kill(pid, 0) ends a process on Windows")

    with a_process_that_trains() as child:
        monkeypatch.setattr(os, "kill", no_probe)
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time()), step(5)])
        assert Watched(run.path).read(now=1e9).state == "running"
        monkeypatch.undo()
    assert Watched(run.path).read(now=106.0).state == "interrupted"


def test_a_number_that_was_given_again_is_another_process(tmp_path: Path) -> None:
    with a_process_that_trains() as child:  # began after the run said that it has this number
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time() - 3600), step(5)])
        assert Watched(run.path).read().state == "interrupted"
        assert Watched(run.path).read().can_resume
    with a_process("sing") as child:
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time())], "20261124-1-other")
        assert Watched(run.path).read().state == "interrupted"


def test_a_process_of_somebody_unknown_trains_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(process: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(process.pid)

    with a_process_that_trains() as child:
        run = make_run(tmp_path, [started(pid=child.pid, time=time.time()), step(5)])
        monkeypatch.setattr(psutil.Process, "cmdline", denied)
        assert Watched(run.path).read().state == "interrupted"
        # but who told of a step just now is no stranger
        assert Watched(run.path).read(now=106.0).state == "running"


def test_a_run_that_has_not_begun_is_known_by_what_made_it(tmp_path: Path) -> None:
    run = make_run(tmp_path, [])
    with a_process_that_trains() as child:
        now = {"pid": child.pid, "host": platform.node(), "time": time.time()}
        older_version = {"pid": child.pid}
        for made in (now, older_version):
            run.env.write_text(json.dumps(made))
            assert Watched(run.path).read().state == "starting"
        elsewhere = {**now, "host": "elsewhere"}
        run.env.write_text(json.dumps(elsewhere))
        assert Watched(run.path).read().state == "starting"
        assert Watched(run.path).read(now=time.time() + 5000).state == "interrupted"
        run.env.write_text(json.dumps({**now, "time": time.time() - 3600}))
        assert Watched(run.path).read().state == "interrupted"


def test_of_another_machine_only_the_time_is_known(tmp_path: Path) -> None:
    run = make_run(tmp_path, [started(pid=1, host="elsewhere"), step(5)])
    assert Watched(run.path).read(now=110.0).state == "running"
    assert Watched(run.path).read(now=5000.0).state == "interrupted"


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
    runs = {run.name: run for run in Runs(tmp_path).list()}
    assert list(runs) == [
        "20261124-4-binary", "20261124-3-newer", "20261124-2-half", "20261124-1-good",
    ]  # fmt: skip
    assert runs["20261124-2-half"].state == "damaged"
    assert "not the configuration of a run" in runs["20261124-2-half"].reason
    assert runs["20261124-3-newer"].state == "damaged"
    assert "does not fit this version (optim.warp)" in runs["20261124-3-newer"].reason
    assert runs["20261124-4-binary"].state == "interrupted"
    assert runs["20261124-1-good"].accuracy == 0.4


def test_a_folder_that_is_not_there_has_no_runs(tmp_path: Path) -> None:
    assert Runs(tmp_path / "runs").list() == ()
