"""Train a run from a data set's path: a new one, or one that was stopped or killed."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from trainer.config.loading import saved_config
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData, join_data_sets
from trainer.data.landmark_detection import Progress
from trainer.data.prepare import open_data
from trainer.data.reading.read_options import configured_options
from trainer.data.training_samples import reviewed_samples
from trainer.errors import UsageError
from trainer.files import check_writable_folder
from trainer.memory import keep_freed_memory
from trainer.training.distributed import World, distributed_world
from trainer.training.run_dir import RunDir, check_run_name, create_run, only_training
from trainer.training.start_checks import check_start
from trainer.training.tensorboard_log import tensorboard_log
from trainer.training.text_log import text_log
from trainer.training.trainer import Report, Trainer

# what shows the training of a run, and the reading of its data, while they last
Watch = Callable[[RunDir], AbstractContextManager[Report]]
Reading = Callable[[], AbstractContextManager[Progress]]


def train_new_run(
    data: Path, config: TrainConfig, name: str, runs: Path, *, watch: Watch, reading: Reading
) -> tuple[RunDir, dict[str, Any]]:
    """Create a run in the folder `runs` and train it; its metrics are as of `Trainer.fit`.

    In each of the processes that `torchrun` started; only the main one has the metrics. Raises
    DataError, UsageError and what `Trainer.fit` raises.
    """
    check_run_name(name)
    check_writable_folder(runs)
    check_start(config, data)
    with distributed_world() as world:
        faces = open_training_data(data, config, world, reading)
        if config.data.review:  # one that cannot apply is refused before there is a run
            reviewed_samples(config.data, faces, Path(config.data.review).expanduser())
        path = ""
        if world.is_main:
            path = str(create_run(runs, name, config, data).path)
        run = RunDir(Path(world.broadcast(path)))
        with only_training(run, world.is_main):
            return run, _train(run, faces, world, watch)


def resume_run(
    path: Path, data: Path | None, *, watch: Watch, reading: Reading
) -> tuple[RunDir, dict[str, Any]]:
    """As `train_new_run`, of a run that was stopped or killed; `data` is where its data is now."""
    _, config, source = _read_run(path)
    run = RunDir(path)
    with distributed_world() as world, only_training(run, world.is_main):
        check_start(config, data or source)
        faces = open_training_data(data or source, config, world, reading)
        return run, _train(run, faces, world, watch)


def open_training_data(data: Path, config: TrainConfig, world: World, reading: Reading) -> FaceData:
    """The data set as a run with `config` reads it, prepared on its first use."""
    options, landmarks = configured_options(config.data), config.data.landmarks
    also = [Path(path).expanduser() for path in config.data.also]
    with world.main_first(), reading() as progress:  # the main process fills the cache
        first, *others = [
            open_data(
                source, layout=layout, landmarks=landmarks, options=options, progress=progress
            )
            for source, layout in [(data, config.data.format), *((path, "auto") for path in also)]
        ]
    if config.data.faces_only and config.data.landmarks:
        first = first.with_faces()
    faces = join_data_sets(first, others, config.data.also_limit)
    return faces if config.data.landmarks else faces.without_landmarks()


def _read_run(run: Path) -> tuple[str, TrainConfig, Path]:
    if not RunDir(run).config.is_file():
        raise UsageError(f"{run}: not a run directory", "A run directory has a config.json.")
    try:
        head = json.loads(RunDir(run).config.read_text(encoding="utf-8"))
        config = saved_config(head["config"])
        return str(head["name"]), config, Path(head["data"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{run}: not a run directory ({error})") from error


def _train(run: RunDir, faces: FaceData, world: World, watch: Watch) -> dict[str, Any]:
    keep_freed_memory()
    name, config, _ = _read_run(run.path)
    if not world.is_main:
        Trainer(run, name, config, faces, world=world).fit()
        return {}
    with (
        watch(run) as show,
        text_log(run.log) as write_log,
        tensorboard_log(run, config) as write_board,
    ):

        def report(event: dict[str, Any]) -> None:
            show(event)
            write_log(event)
            write_board(event)

        return Trainer(run, name, config, faces, report, world).fit()
