"""The training loop: from a configuration and crops to a model file. Reads top to bottom."""

import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from trainer.card import ModelCard, Preprocessing
from trainer.config import TrainConfig
from trainer.data.augment import augment, mixup
from trainer.data.crops import Crops, align_all, normalise
from trainer.data.facedata import FaceData
from trainer.device import autocast_dtype, memory_format, resolve
from trainer.errors import FerError, RunStopped
from trainer.evaluate import fit_temperature, metrics, predict
from trainer.events import EventLog
from trainer.learner import Learner, learning_rate, new_learner, start_from
from trainer.models import FerModel, create
from trainer.models.model_file import load_model, save_model
from trainer.run import RunDir, versions

log = logging.getLogger(__name__)

EVENT_SECONDS = 2.0  # between two "step" events
Report = Callable[[dict[str, Any]], None]


def train(
    run: RunDir, name: str, config: TrainConfig, data: FaceData, report: Report = lambda _: None
) -> dict[str, Any]:
    """Train until the last epoch, continuing from the run's state if it has one.

    Selects the epoch with the best accuracy on the split `val`. Returns the best epoch's
    metrics. `report` receives every event. Raises RunStopped after SIGINT or SIGTERM, once the
    state is saved, and FerError when the loss is no longer finite.
    """
    device = resolve(config.run.device)
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    torch.manual_seed(config.run.seed)
    preprocessing = config.data.preprocessing
    kept = data.without_leaked() if config.data.drop_leaked else data
    training = align_all(
        limited(kept.of_split("train"), config.data.limit), preprocessing, config.data.votes_share
    )
    validation = align_all(data.of_split("val"), preprocessing)
    card = _card(name, config, data, len(training), preprocessing)
    learner = new_learner(config, card, training.targets, device)
    best: dict[str, Any] = {"epoch": -1, "accuracy": -1.0}
    init = ""
    if run.state.is_file():
        best = learner.restore(run)
    elif config.model.init:
        init = start_from(learner, config.model.init)

    per_epoch = math.ceil(len(training) / config.optim.batch_size)
    total = per_epoch * config.optim.epochs
    events = EventLog(run.events)

    def emit(event: str, **values: Any) -> None:
        events.write(event, **values)
        report({"event": event, **values})

    emit(
        "run_started",
        name=name,
        device=str(device),
        precision="bf16" if autocast_dtype(device, config.run.precision) else "fp32",
        parameters=sum(p.numel() for p in learner.model.parameters()),
        train_samples=len(training),
        val_samples=len(validation),
        step=learner.step,
        steps=total,
        epochs=config.optim.epochs,
        init=init,
    )
    ended = "failed"
    try:
        with _stop_signals() as stopped:
            while learner.step < total:
                epoch = learner.step // per_epoch
                losses = _train_epoch(
                    learner, training, config, preprocessing, total, per_epoch, emit, stopped
                )
                if stopped():
                    learner.save(run, best)
                    raise RunStopped(f"stopped in epoch {epoch + 1}; {run.path} can be resumed")
                started = time.perf_counter()
                result = _validate(learner.average, card, validation, device)
                if result["accuracy"] > best["accuracy"]:
                    best = {"epoch": epoch + 1, **result}
                    save_model(run.best, learner.average.state_dict(), _with(card, best))
                save_model(
                    run.last,
                    learner.average.state_dict(),
                    _with(card, {"epoch": epoch + 1, **result}),
                )
                learner.save(run, best)
                emit(
                    "epoch",
                    epoch=epoch + 1,
                    epochs=config.optim.epochs,
                    **losses,
                    **{f"val_{key}": value for key, value in result.items()},
                    best_epoch=best["epoch"],
                    val_seconds=round(time.perf_counter() - started, 2),
                )
        _calibrate(run, validation)
        ended = "done"
    except RunStopped:
        ended = "stopped"
        raise
    finally:
        emit("run_ended", reason=ended, best=best)
        events.close()
    return best


def limited(data: FaceData, limit: int) -> FaceData:
    """About `limit` samples with the class shares of all, the same ones at every call."""
    if not 0 < limit < len(data):
        return data
    draw = np.random.default_rng(0)
    chosen: list[int] = []
    for label in range(len(data.classes)):
        members = np.flatnonzero(data.label == label)
        share = round(limit * len(members) / len(data))
        chosen += draw.permutation(members)[:share].tolist()
    return data.select(np.sort(np.array(chosen, np.int64)))


def _train_epoch(
    learner: Learner,
    training: Crops,
    config: TrainConfig,
    preprocessing: Preprocessing,
    total: int,
    per_epoch: int,
    emit: Callable[..., None],
    stopped: Callable[[], bool],
) -> dict[str, float]:
    """Steps up to the end of the epoch, or until stopped. Returns the epoch's means."""
    settings = config.optim
    device = next(learner.model.parameters()).device
    layout = memory_format(learner.model, device)
    dtype = autocast_dtype(device, config.run.precision)
    epoch, first = divmod(learner.step, per_epoch)
    # the order depends on seed and epoch alone, so that a resumed epoch goes on in it
    shuffle = torch.Generator().manual_seed(config.run.seed * 100_003 + epoch)
    order = torch.randperm(len(training), generator=shuffle)
    early = epoch < config.augment.start_share * settings.epochs
    side = config.augment.start_side if early and config.augment.start_side else 0
    side = side or preprocessing.input_size
    learner.model.train()
    sums: dict[str, float] = {}
    seen, began, shown, shown_seen = 0, time.perf_counter(), time.perf_counter(), 0
    for position in range(first, per_epoch):
        rows = order[position * settings.batch_size : (position + 1) * settings.batch_size]
        rate = learning_rate(learner.step, total, settings.learning_rate, settings.warmup)
        for group in learner.optimizer.param_groups:
            group["lr"] = rate
        batch = augment(
            training.pixels[rows].to(device),
            training.landmarks[rows].to(device),
            training.targets[rows].to(device),
            config.augment,
            view=preprocessing.input_size,
            side=side,
            generator=learner.generator,
        )
        batch = mixup(batch, config.augment.mixup, learner.generator)
        x = normalise(batch.x, preprocessing).contiguous(memory_format=layout)
        outcome = learner.objective(learner.model, x, batch.targets, batch.landmarks, dtype)
        learner.update(outcome.loss, settings)

        value = float(outcome.loss.detach())
        if not math.isfinite(value):
            raise FerError(
                f"the loss is {value} in step {learner.step} of epoch {epoch + 1}",
                "Try a smaller optim.learning_rate.",
            )
        hits = (outcome.logits.detach().argmax(1) == batch.targets.argmax(1)).float().mean()
        noted = {"loss": value, "train_accuracy": float(hits), **outcome.terms}
        for key, mean in noted.items():
            sums[key] = sums.get(key, 0.0) + float(mean) * len(rows)
        seen += len(rows)
        now = time.perf_counter()
        if now - shown >= EVENT_SECONDS or position == per_epoch - 1:
            speed = (seen - shown_seen) / (now - shown)
            emit(
                "step",
                step=learner.step,
                steps=total,
                epoch=epoch + 1,
                loss=value,
                learning_rate=rate,
                images_per_second=round(speed, 1),
                eta_s=round((total - learner.step) * settings.batch_size * (now - began) / seen),
            )
            shown, shown_seen = now, seen
        if stopped():
            break
    means = {key: amount / max(1, seen) for key, amount in sums.items()}
    means["images_per_second"] = round(seen / (time.perf_counter() - began), 1)
    return means


def _validate(
    model: FerModel, card: ModelCard, crops: Crops, device: torch.device
) -> dict[str, Any]:
    logits = predict(model, card, crops.pixels, device).logits
    labels = crops.labels.numpy()
    result = metrics(logits, labels, card.classes)
    result["loss"] = float(nn.functional.cross_entropy(torch.from_numpy(logits), crops.labels))
    return {key: value for key, value in result.items() if key not in ("per_class", "n")}


def _calibrate(run: RunDir, validation: Crops) -> None:
    """Write the temperature that fits `val` into the cards of the finished run's models."""
    for path in (run.best, run.last):
        model, card = load_model(path)
        logits = predict(model, card, validation.pixels, torch.device("cpu")).logits
        temperature = fit_temperature(logits, validation.labels.numpy())
        save_model(path, model.state_dict(), replace(card, temperature=temperature))


def _card(
    name: str, config: TrainConfig, data: FaceData, count: int, preprocessing: Preprocessing
) -> ModelCard:
    architecture, options = config.model.name, config.model.options
    objective = "cross-entropy"
    if config.data.votes_share:
        objective += f" on labels and {config.data.votes_share:.0%} annotators' votes"
    terms = config.objective
    if terms.center.weight:
        objective += f" + {terms.center.weight:g} center loss"
    if terms.pal.weight:
        pal = terms.pal
        objective += f" + {pal.weight:g} PAL ({pal.method}, {pal.target}, {pal.channels})"
    return ModelCard(
        name=name,
        architecture=architecture,
        arguments=dict(options),
        attribution_layer=create(architecture, **options).attribution_layer,
        classes=data.classes,
        preprocessing=preprocessing,
        objective=objective,
        data={"name": data.name, "train_samples": count, "landmarks": data.landmark_source},
        versions=versions(),
        created=time.strftime("%Y-%m-%d"),
    )


def _with(card: ModelCard, result: dict[str, Any]) -> ModelCard:
    kept = ("epoch", "accuracy", "mean_class_accuracy", "macro_f1")
    return replace(card, metrics={"split": "val", **{key: result[key] for key in kept}})


@contextlib.contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """SIGINT and SIGTERM ask for a stop after the current step."""
    asked: list[int] = []
    previous = {
        number: signal.signal(number, lambda received, _: asked.append(received))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
