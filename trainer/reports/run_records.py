"""A run read from its files: configuration, events, results."""

import json
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainer.config.loading import saved_config
from trainer.config.sections import DataConfig
from trainer.config.train_config import TrainConfig
from trainer.errors import DataError, ModelFileError, UsageError
from trainer.labels import EXPRESSIONS
from trainer.model_index import read_card
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir

ALIVE_SECONDS = 300.0  # a run whose last event is more recent still runs
DONE = "done"
BEST_METRICS = ("accuracy", "mean_class_accuracy", "macro_f1", "ece", "confusion")


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run.

    `status` is done, stopped, failed, running, or unknown: killed, or without an event for five
    minutes. `validations` are the events `epoch` and `validation`, in order. `best` is the epoch
    and the metrics of the best validation; empty before the first one. `evaluations` are the
    metrics of `fertrain evaluate` by split.
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
    images_per_second: float | None  # median over the steps
    ms_per_step: float | None
    steps_per_epoch: float | None
    evaluations: dict[str, dict[str, Any]]


def find_runs(paths: list[Path]) -> list[RunDir]:
    """The run directories in `paths`, or in folders of them. Raises UsageError if there is none."""
    runs: list[RunDir] = []
    for path in paths:
        if RunDir(path).config.is_file():
            runs.append(RunDir(path))
            continue
        folders = sorted(config.parent for config in path.glob("*/config.json"))
        if not folders:
            raise UsageError(
                f"{path}: neither a run directory nor a folder of runs",
                "A run directory has a config.json, which `fertrain train` writes.",
            )
        runs += [RunDir(folder) for folder in folders]
    return list({run.path.resolve(): run for run in runs}.values())


def read_run_header(run: RunDir) -> tuple[str, str, TrainConfig]:
    """Name, data set path and configuration. Raises DataError if they cannot be read."""
    try:
        header = json.loads(run.config.read_text(encoding="utf-8"))
        config = saved_config(header["config"])
        return str(header["name"]), str(header["data"]), config
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, detail["loc"])) for detail in error.errors())
        raise DataError(
            f"{run.config}: the configuration does not fit this version ({fields})",
            "Open it with the version that trained it.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{run.config}: not the configuration of a run ({error})") from error


def read_run_status(run: RunDir, now: float | None = None) -> str:
    """As `RunRecord.status`; `now` is in seconds since 1970."""
    return _status(_events(run), time.time() if now is None else now)


def read_run_record(run: RunDir, now: float | None = None) -> RunRecord:
    """Read a run's files. Raises DataError if its configuration or events cannot be read."""
    name, data, config = read_run_header(run)
    try:
        return _record(run, name, data, config, time.time() if now is None else now)
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise DataError(f"{run.events}: not the events of a training run ({error})") from error


def _record(run: RunDir, name: str, data: str, config: TrainConfig, now: float) -> RunRecord:
    events = _events(run)
    started: dict[str, Any] = next((e for e in reversed(events) if _is(e, "run_started")), {})
    # a resumed run repeats the steps after its last saved state: the later event counts
    steps = {e.get("step"): e for e in events if _is(e, "step")}
    validations = {
        (e["epoch"], e.get("step", 0)): e for e in events if _is(e, "epoch", "validation")
    }
    speeds = [e["images_per_second"] for e in steps.values() if e.get("images_per_second")]
    speed = statistics.median(speeds) if speeds else None
    per_step = config.optim.batch_size * config.optim.accumulate * started.get("processes", 1)
    classes, card_metrics = _classes_and_metrics(run)
    in_order = tuple(validations[key] for key in sorted(validations))
    return RunRecord(
        run=run,
        name=name,
        data=data,
        config=config,
        status=_status(events, now),
        classes=classes,
        validations=in_order,
        best=_best(in_order) or card_metrics,
        parameters=started.get("parameters"),
        images_per_second=speed,
        ms_per_step=1000 * per_step / speed if speed else None,
        steps_per_epoch=started["steps"] / started["epochs"] if started else None,
        evaluations=_evaluations(run),
    )


def flatten_fields(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested fields by their dotted names."""
    fields: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            fields |= flatten_fields(value, f"{prefix}{key}.")
        else:
            fields[prefix + key] = value
    return fields


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
    """The first validation with the highest accuracy: its weights are the best model's."""
    measured = [event for event in validations if event.get("val_accuracy") is not None]
    if not measured:
        return {}
    top = max(measured, key=lambda event: float(event["val_accuracy"]))
    return {"epoch": top["epoch"], **{key: top.get(f"val_{key}") for key in BEST_METRICS}}


def _classes_and_metrics(run: RunDir) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Classes and val metrics of the best model; without one, the seven expressions and none."""
    try:
        card = read_card(run.best)
    except ModelFileError:
        return EXPRESSIONS, {}
    return card.classes, dict(card.metrics)


def _evaluations(run: RunDir) -> dict[str, dict[str, Any]]:
    evaluations = {}
    for split in ("val", "test", "train"):
        file = run.eval(split) / "metrics.json"
        if file.is_file():
            try:
                evaluations[split] = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise DataError(
                    f"{file}: the metrics cannot be read ({error})", "Evaluate the run again."
                ) from error
    return evaluations


def own_data_config(model: Path, data: Path) -> DataConfig | None:
    """How the run of `model` read `data`; None for other data, or without a run."""
    run = RunDir(model.parent.parent)
    if model.parent.name == "checkpoints" and run.config.is_file():
        _, trained_on, config = read_run_header(run)
        if Path(trained_on).resolve() == data.resolve():
            return config.data
    return None


def data_config_of(model: Path, data: Path) -> DataConfig:
    """How the run of `model` read `data`; for other data, or without a run, with its classes."""
    config = own_data_config(model, data)
    if config is not None:
        return config
    with suppress(ModelFileError):  # evaluations outlive their models
        classes = read_card(model).classes
        return DataConfig(classes=[] if classes == EXPRESSIONS else list(classes))
    return DataConfig()
