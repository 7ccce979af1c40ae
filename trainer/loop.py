"""The training loop: from a configuration and crops to a model file. Reads top to bottom."""

import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainer.card import ModelCard, Preprocessing
from trainer.checkpoint import TrainState, load_state, save_state
from trainer.config import TrainConfig
from trainer.data.augment import augment, mixup
from trainer.data.crops import Crops, align_all, normalise
from trainer.data.facedata import FaceData
from trainer.device import autocast_dtype, memory_format, resolve
from trainer.errors import FerError, RunStopped, UsageError
from trainer.evaluate import fit_temperature, metrics, predict
from trainer.events import EventLog
from trainer.models import FerModel, create
from trainer.models.model_file import find_model, load_model, save_model
from trainer.objectives import soft_cross_entropy
from trainer.run import RunDir, versions

log = logging.getLogger(__name__)

EVENT_SECONDS = 2.0  # between two "step" events
Report = Callable[[dict[str, Any]], None]


@dataclass(slots=True)
class _Learner:
    """What one step changes."""

    model: FerModel
    average: FerModel  # exponential moving average of model; the one that is kept
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0


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
    preprocessing = Preprocessing(
        crop_size=config.data.crop_size,
        input_size=config.data.input_size,
        normalisation=config.data.normalisation,
    )
    kept = data.without_leaked() if config.data.drop_leaked else data
    training = align_all(
        limited(kept.of_split("train"), config.data.limit), preprocessing, config.data.votes_share
    )
    validation = align_all(data.of_split("val"), preprocessing)
    card = _card(name, config, data, len(training), preprocessing)
    learner = _new_learner(config, card, device)
    if config.model.init:
        _start_from(learner, config.model.init)
    best: dict[str, Any] = {"epoch": -1, "accuracy": -1.0}
    if run.state.is_file():
        best = _restore(run, learner)

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
                    _save_state(run, learner, best)
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
                _save_state(run, learner, best)
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


def learning_rate(step: int, total: int, peak: float, warmup: float) -> float:
    """One cycle (Smith and Topin 2018): linear rise from peak/25, cosine fall to peak/10⁴."""
    rising = warmup * total
    if step < rising:
        return peak * (1 / 25 + (1 - 1 / 25) * step / rising)
    done = (step - rising) / max(1.0, total - rising)
    return peak * (1e-4 + (1 - 1e-4) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _train_epoch(
    learner: _Learner,
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
        with torch.autocast(device.type, dtype, enabled=dtype is not None):
            logits = learner.model(x)
        loss = soft_cross_entropy(logits, batch.targets, config.objective.label_smoothing)
        _step(learner, loss, settings.clip, settings.ema)

        value = float(loss.detach())
        if not math.isfinite(value):
            raise FerError(
                f"the loss is {value} in step {learner.step} of epoch {epoch + 1}",
                "Try a smaller optim.learning_rate.",
            )
        hits = float((logits.detach().argmax(1) == batch.targets.argmax(1)).sum())
        for key, amount in (("loss", value * len(rows)), ("train_accuracy", hits)):
            sums[key] = sums.get(key, 0.0) + amount
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


def _step(learner: _Learner, loss: Tensor, clip: float, decay: float) -> None:
    learner.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    if clip > 0:
        nn.utils.clip_grad_norm_(learner.model.parameters(), clip)
    learner.optimizer.step()
    learner.step += 1
    # young averages follow faster, or the random start would stay in them for long
    decay = min(decay, (1 + learner.step) / (10 + learner.step))
    with torch.no_grad():
        for mean, value in zip(
            learner.average.state_dict().values(), learner.model.state_dict().values(), strict=True
        ):
            if mean.is_floating_point():
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)


def _new_learner(config: TrainConfig, card: ModelCard, device: torch.device) -> _Learner:
    def build() -> FerModel:
        model = create(
            card.architecture,
            num_classes=len(card.classes),
            input_size=card.preprocessing.input_size,
            **card.arguments,
        )
        return model.to(device).to(memory_format=memory_format(model, device))

    model, average = build(), build()
    average.load_state_dict(model.state_dict())
    average.requires_grad_(False)
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.SGD(
        [
            {"params": weights, "weight_decay": config.optim.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=config.optim.learning_rate,
        momentum=config.optim.momentum,
        nesterov=config.optim.momentum > 0,
    )
    generator = torch.Generator().manual_seed(config.run.seed)
    return _Learner(model, average, optimizer, generator)


def _start_from(learner: _Learner, model: str) -> None:
    """Weights of another model of the same architecture. Raises UsageError when they differ."""
    path = find_model(model)
    weights = load_model(path)[0].state_dict()
    try:
        for network in (learner.model, learner.average):
            network.load_state_dict(weights)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UsageError(f"model.init {path}: its weights do not fit: {reason}") from error


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


def _save_state(run: RunDir, learner: _Learner, best: dict[str, Any]) -> None:
    random = {"augment": learner.generator.get_state(), "torch": torch.get_rng_state()}
    save_state(
        run.state,
        TrainState(
            step=learner.step,
            model=learner.model.state_dict(),
            average=learner.average.state_dict(),
            optimizer=learner.optimizer.state_dict(),
            random=random,
            best=best,
        ),
    )


def _restore(run: RunDir, learner: _Learner) -> dict[str, Any]:
    state = load_state(run.state)
    learner.step = state.step
    learner.model.load_state_dict(state.model)
    learner.average.load_state_dict(state.average)
    learner.optimizer.load_state_dict(state.optimizer)
    learner.generator.set_state(state.random["augment"])
    torch.set_rng_state(state.random["torch"])
    log.info("continuing %s from step %d", run.path, learner.step)
    return state.best


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
