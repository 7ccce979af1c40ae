"""A run as its files tell it: what was asked, how it went, what it reached."""

import json
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainer.config.loading import saved_config
from trainer.config.train_config import TrainConfig
from trainer.data.face_data import FaceData
from trainer.errors import DataError, ModelFileError, UsageError
from trainer.labels import EXPRESSIONS
from trainer.model_index import find_model, read_card
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir

ALIVE_SECONDS = 300.0  # a journal this fresh belongs to a run that goes on
DONE = "done"
MEASURED = ("accuracy", "mean_class_accuracy", "macro_f1", "ece", "confusion")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run. `validations` are its journal's events `epoch` and `validation`, in order.

    `status` is done, stopped, failed, running, or unknown: killed, or silent for five minutes.
    `best` is the best validation, its epoch and what was measured; empty before the first one.
    `evaluations` are the metrics by split.
    """

    run: RunDir
    name: str
    data: str
    config: TrainConfig
    status: str
    classes: tuple[str, ...]
    validations: tuple[dict[str, Any], ...]
    best: dict[str, Any]
    parameters: int | None
    images_per_second: float | None  # median of the steps
    ms_per_step: float | None
    steps_per_epoch: float | None
    evaluations: dict[str, dict[str, Any]]


def find_runs(paths: list[Path]) -> list[RunDir]:
    """The run directories that `paths` are or hold. Raises UsageError when one has none."""
    found: list[RunDir] = []
    for path in paths:
        if RunDir(path).config.is_file():
            found.append(RunDir(path))
            continue
        held = sorted(each.parent for each in path.glob("*/config.json"))
        if not held:
            raise UsageError(
                f"{path}: this is no run directory, nor a folder of runs",
                "A run directory has a config.json; `fertrain train` writes it.",
            )
        found += [RunDir(each) for each in held]
    return list({run.path.resolve(): run for run in found}.values())


def read_head(run: RunDir) -> tuple[str, str, TrainConfig]:
    """Name, data set's path and configuration. Raises DataError when they cannot be read."""
    try:
        head = json.loads(run.config.read_text(encoding="utf-8"))
        config = saved_config(head["config"])
        return str(head["name"]), str(head["data"]), config
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, each["loc"])) for each in error.errors())
        raise DataError(
            f"{run.config}: the configuration does not fit this version ({fields})",
            "Compare it with the version that trained it.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{run.config}: this is no run's configuration ({error})") from error


def read_status(run: RunDir, now: float | None = None) -> str:
    """`RunRecord.status`; `now` is the time in seconds since the epoch."""
    return _status(_events(run), time.time() if now is None else now)


def read_record(run: RunDir, now: float | None = None) -> RunRecord:
    """Read a run's files. Raises DataError when the configuration cannot be read."""
    name, data, config = read_head(run)
    try:
        return _record(run, name, data, config, time.time() if now is None else now)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise DataError(f"{run.events}: it holds what no training writes ({error})") from error


def _record(run: RunDir, name: str, data: str, config: TrainConfig, now: float) -> RunRecord:
    events = _events(run)
    started: dict[str, Any] = next((e for e in reversed(events) if _is(e, "run_started")), {})
    # a killed run repeats what came after its last saved state: the later one counts
    steps = {e.get("step"): e for e in events if _is(e, "step")}
    validations = {
        (e["epoch"], e.get("step", 0)): e for e in events if _is(e, "epoch", "validation")
    }
    speeds = [e["images_per_second"] for e in steps.values() if e.get("images_per_second")]
    speed = statistics.median(speeds) if speeds else None
    per_step = config.optim.batch_size * config.optim.accumulate * started.get("processes", 1)
    classes, measured = _card(run)
    ordered = tuple(validations[key] for key in sorted(validations))
    return RunRecord(
        run=run,
        name=name,
        data=data,
        config=config,
        status=_status(events, now),
        classes=classes,
        validations=ordered,
        best=_best(ordered) or measured,
        parameters=started.get("parameters"),
        images_per_second=speed,
        ms_per_step=1000 * per_step / speed if speed else None,
        steps_per_epoch=started["steps"] / started["epochs"] if started else None,
        evaluations=_evaluations(run),
    )


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested fields by their dotted names."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


def _is(event: dict[str, Any], *names: str) -> bool:
    return event.get("event") in names


def _events(run: RunDir) -> list[dict[str, Any]]:
    return read_events(run.events) if run.events.is_file() else []


def _status(events: list[dict[str, Any]], now: float) -> str:
    if not events:
        return "unknown"
    if _is(events[-1], "run_ended"):
        return str(events[-1].get("reason", "unknown"))
    return "running" if now - events[-1].get("time", 0.0) < ALIVE_SECONDS else "unknown"


def _best(validations: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The first validation of the highest accuracy, which is the one whose weights are kept."""
    known = [each for each in validations if each.get("val_accuracy") is not None]
    if not known:
        return {}
    top = max(known, key=lambda each: float(each["val_accuracy"]))
    return {"epoch": top["epoch"], **{key: top.get(f"val_{key}") for key in MEASURED}}


def _card(run: RunDir) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Class names and val metrics of the best model; those of this project without one."""
    try:
        card = read_card(run.best)
    except ModelFileError:
        return EXPRESSIONS, {}
    return card.classes, dict(card.metrics)


def _evaluations(run: RunDir) -> dict[str, dict[str, Any]]:
    found = {}
    for split in ("val", "test", "train"):
        file = run.eval(split) / "metrics.json"
        if file.is_file():
            try:
                found[split] = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise DataError(
                    f"{file}: these are no metrics ({error})", "Evaluate it again."
                ) from error
    return found


def as_learned(model: Path, faces: FaceData) -> FaceData:
    """Unaligned where the model's run trained on unaligned pictures.

    Who fine-tunes an aligned model without aligning has pictures that are aligned already.
    """
    run = RunDir(model.parent.parent)
    if model.parent.name != "checkpoints" or not run.config.is_file():
        return faces
    config = read_head(run)[2]
    if config.data.landmarks:
        return faces
    with suppress(ModelFileError):  # it may be gone, and is needed for nothing else
        init = read_card(find_model(config.model.init)) if config.model.init else None
        if init is not None and init.data.get("landmarks", "none") != "none":
            return faces
    return faces.without_landmarks()
