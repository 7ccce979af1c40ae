"""The queue of runs: its order, its file, what may start, and the runs of seeds and grids."""

import json
from pathlib import Path

import pytest

from ferapp.runs.run_queue import (
    QUEUE_FILE,
    QueueEntry,
    RunQueue,
    expand,
    read_queue,
    recovered,
    same_device,
    write_queue,
)
from tests.support.runs.run_files import DEAD, make_run, running_training
from trainer.config.loading import load_config
from trainer.errors import UsageError
from trainer.files import write_json
from trainer.recipes import RECIPES

CONFIG = load_config(None, ("optim.epochs=2",))


def entry(name: str, device: str = "auto") -> QueueEntry:
    return QueueEntry.of(name, "/data", load_config(None, (f"run.device={device}",)))


def test_a_grid_of_two_fields_and_seeds_gives_each_combination_once() -> None:
    grid = {"optim.learning_rate": [0.01, 0.1], "optim.batch_size": [32, 64, 128]}
    runs = expand(CONFIG, 2, grid)
    settings = {(c.optim.learning_rate, c.optim.batch_size, c.run.seed) for _, c in runs}
    assert settings == {(r, b, s) for r in (0.01, 0.1) for b in (32, 64, 128) for s in (0, 1)}
    assert len({name for name, _ in runs}) == len(runs) == 12
    assert runs[0][0] == "learning_rate-0.01-batch_size-32-s0"
    assert all(config.optim.epochs == 2 for _, config in runs)  # what the grid leaves stays


def test_seeds_count_up_from_the_configurations() -> None:
    config = load_config(None, ("run.seed=7",))
    assert [(n, c.run.seed) for n, c in expand(config, 3, {})] == [("s7", 7), ("s8", 8), ("s9", 9)]
    assert expand(config, 1, {}) == [("", config)]


def test_another_architecture_drops_the_options_of_the_first() -> None:
    config = load_config(None, ("model.name=compact", "model.options={widths=[8,16]}"))
    (_, same), (_, other) = expand(config, 1, {"model.name": ["compact", "resnet18"]})
    assert same.model.options == {"widths": [8, 16]}
    assert other.model.options == {}


@pytest.mark.parametrize(
    "grid",
    [
        {"optim.learning_rate": [99]},
        {"optim.nothing": [1]},
        {"optim.epochs": [1], "optim.ema": [0], "run.seed": [1]},
    ],
)
def test_what_does_not_fit_is_refused(grid: dict[str, list[object]]) -> None:
    with pytest.raises(UsageError):
        expand(CONFIG, 1, grid)


def test_the_file_gives_back_the_same_queue(tmp_path: Path) -> None:
    recipes = [load_config(None, (), **RECIPES[name].values) for name in list(RECIPES)[::9]]
    entries = [QueueEntry.of(f"run{k}", "/data", config) for k, config in enumerate(recipes)]
    queue = RunQueue(is_paused=True).added(entries).started(entries[0], pid=12)
    write_queue(tmp_path, queue)
    assert read_queue(tmp_path) == queue
    assert read_queue(tmp_path / "elsewhere") == RunQueue()


def test_a_run_can_be_started_from_a_whole_configuration(tmp_path: Path) -> None:
    """`--config` with a run's JSON gives exactly the entry's, whatever the default recipe is."""
    values = RECIPES["default"].values
    for name in list(RECIPES)[::9]:
        config = load_config(None, (), **RECIPES[name].values)
        write_json(tmp_path / "config.json", {"config": config.model_dump()})
        assert load_config(tmp_path / "config.json", (), **values) == config


def test_damage_costs_what_is_damaged_and_is_reported(tmp_path: Path) -> None:
    write_queue(tmp_path, RunQueue().added([entry("first"), entry("second")]))
    content = json.loads((tmp_path / QUEUE_FILE).read_text())
    content["waiting"][0]["config"]["optim"]["epochs"] = "many"
    write_json(tmp_path / QUEUE_FILE, content)
    queue = read_queue(tmp_path)
    assert [each.name for each in queue.waiting] == ["second"]
    assert queue.problem.startswith("1 queued run in ")
    (tmp_path / QUEUE_FILE).write_text("{")
    assert "could not be read" in read_queue(tmp_path).problem


def test_entries_are_reordered_and_removed() -> None:
    a, b, c = entry("a"), entry("b"), entry("c")
    queue = RunQueue().added([a, b, c])
    assert queue.ordered([c.key, a.key, b.key]).waiting == (c, a, b)
    assert queue.removed([b.key]).waiting == (a, c)


def test_one_run_at_a_time_on_each_device() -> None:
    first, second = entry("first", "cuda:0"), entry("second", "cuda:1")
    queue = RunQueue().added([first, second])
    assert queue.startable([]) == first
    assert queue.startable(["cuda"]) == second
    assert queue.startable(["auto"]) is None  # it may be any
    assert RunQueue(is_paused=True).added([first]).startable([]) is None
    assert queue.started(first).startable([]) is None  # while it prepares its data
    assert queue.started(first).settled(first.key).startable(["cuda:0"]) == second
    assert not same_device("cpu", "cuda:0")


def test_after_a_kill_a_start_without_a_run_waits_again(tmp_path: Path) -> None:
    made, lost, waits = entry("made"), entry("lost"), entry("waits")
    run = make_run(tmp_path, [])
    write_json(run.env, {"child": made.key, "pid": DEAD})
    queue = RunQueue().added([waits]).started(made, pid=DEAD).started(lost, pid=DEAD)
    after = recovered(tmp_path, queue)
    assert after.waiting == (lost, waits)
    assert after.preparing == ()
    with running_training() as child:  # it prepares its data, without the app
        alive = RunQueue().started(lost, child.pid)
        assert recovered(tmp_path, alive) == alive
