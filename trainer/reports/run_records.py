"""A run read from its files: configuration, events, results."""

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trainer.config.loading import saved_config
from trainer.config.sections import DataConfig
from trainer.config.train_config import TrainConfig
from trainer.data.reading.read_options import own_words
from trainer.errors import DataError, ModelFileError, UsageError
from trainer.labels import EXPRESSIONS
from trainer.model_index import read_card
from trainer.reports.run_list.run_status import RunStatus, run_status
from trainer.training.event_log import read_events
from trainer.training.run_dir import RunDir

DONE = "done"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run.

    `reason` says why a run failed. `validations` are the events `epoch` and `validation`, in order;
    the first may be of epoch 0, the start. `best` is the epoch and the metrics of the best model on
    val; empty before the first one; see `best_validation`. `evaluations` are the metrics of
    `fertrain evaluate` by split. `val_data` stands for the validation samples and their labels:
    figures of runs with another one are not comparable.
    """

    run: RunDir
    name: str
    data: str
    config: TrainConfig
    status: RunStatus
    reason: str
    classes: tuple[str, ...]
    validations: tuple[dict[str, Any], ...]
    best: dict[str, Any]
    parameters: int | None
    images_per_second: float | None  # median over the steps
    ms_per_step: float | None
    steps_per_epoch: float | None
    evaluations: dict[str, dict[str, Any]]
    val_data: str


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


def read_run_status(run: RunDir, now: float | None = None) -> RunStatus:
    """As `RunRecord.status`; `now` is in seconds since 1970."""
    return _status(run, _events(run), time.time() if now is None else now)


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
    ended: dict[str, Any] = next((e for e in reversed(events) if _is(e, "run_ended")), {})
    classes, card_metrics = _classes_and_metrics(run)
    in_order = tuple(validations[key] for key in sorted(validations))
    return RunRecord(
        run=run,
        name=name,
        data=data,
        config=config,
        status=(status := _status(run, events, now)),
        reason=str(ended.get("error", "")) if status == "failed" else "",
        classes=classes,
        validations=in_order,
        best=best_validation(in_order, card_metrics, ended),
        parameters=started.get("parameters"),
        images_per_second=speed,
        ms_per_step=1000 * per_step / speed if speed else None,
        steps_per_epoch=started["steps"] / started["epochs"] if started else None,
        evaluations=_evaluations(run),
        val_data=str(started.get("val_data") or _stated_val_data(data, config)),
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


def _status(run: RunDir, events: list[dict[str, Any]], now: float) -> RunStatus:
    started: dict[str, Any] = next((e for e in reversed(events) if _is(e, "run_started")), {})
    return run_status(run, started, events[-1] if events else {}, now)


def best_validation(
    validations: Sequence[dict[str, Any]], card: Mapping[str, Any], ended: Mapping[str, Any]
) -> dict[str, Any]:
    """Epoch and metrics of the best model on val, without the prefix `val_`; empty without one.

    `card` are the metrics in its card, empty without a file: they say of which epoch it is. They
    are all that is known of a model that was saved just before a kill, and never reported.
    `ece` is calibrated: with the temperature that the run fitted at its end, as its event `ended`
    has it, and as `fertrain evaluate` measures it. It is None without one: of an epoch of a run
    that goes on only the raw value is known, which is another figure.
    """
    measured = [event for event in validations if event.get("val_accuracy") is not None]
    newest = measured[-1] if measured else {}
    if "epoch" in card or "best_epoch" in newest:  # null where only the start is known
        epoch = card.get("epoch", newest.get("best_epoch"))
        measured = [event for event in measured if event["epoch"] == epoch]
    best = dict(card)
    if measured:
        top = max(measured, key=lambda event: float(event["val_accuracy"]))
        best = {key.removeprefix("val_"): value for key, value in top.items()}
    if best:
        finished = ended.get("best") or {}
        is_same = "temperature" in finished and finished.get("epoch") == best.get("epoch")
        best |= {key: finished[key] if is_same else None for key in ("ece", "temperature")}
    return best


def _stated_val_data(data: str, config: TrainConfig) -> str:
    """Of a run of an older version: the data set, and how val was chosen from it."""
    read = config.data
    return json.dumps(
        [data, read.format, read.classes, read.class_map, read.val_share, read.val_seed]
    )


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
        if classes != EXPRESSIONS:
            return DataConfig(classes=list(classes), class_map=own_words(classes))
    return DataConfig()
