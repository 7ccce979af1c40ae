"""The training loop: from a configuration and crops to a model file. Reads top to bottom."""

import contextlib
import logging
import os
import platform
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainer.card import ModelCard, Preprocessing
from trainer.config.train_config import TrainConfig
from trainer.data.crops import Crops, align_all, to_input
from trainer.data.face_data import FaceData
from trainer.data.label_review import apply_review
from trainer.device import autocast_dtype, resolve
from trainer.errors import FerError, ModelFileError, RunStopped, UsageError, explained
from trainer.evaluation.evaluate import fit_temperature, predict
from trainer.files import sweep
from trainer.model_index import find_model, read_card
from trainer.models import create
from trainer.models.model_file import load_model, save_model
from trainer.training.distributed import World
from trainer.training.event_log import EventLog
from trainer.training.run_dir import RunDir, forget_old_stop, versions
from trainer.training.state import ALONE, new_learner, start_from
from trainer.training.train_step import Plan, Steps
from trainer.training.validator import Validations

log = logging.getLogger(__name__)

FEW = 100  # val pictures to fit a temperature to

Report = Callable[[dict[str, Any]], None]


def train(
    run: RunDir,
    name: str,
    config: TrainConfig,
    data: FaceData,
    report: Report = lambda _: None,
    world: World = ALONE,
) -> dict[str, Any]:
    """Train until the last epoch, continuing from the run's state if it has one.

    Selects the validation with the best accuracy on the split `val`. Returns its metrics. With
    `model.keep_init` the weights that it starts from are the first one, as epoch 0.
    `report` receives every event. Raises RunStopped after SIGINT or SIGTERM, or once the run's file
    `stop` is there, when the state is saved, and FerError when the loss is no longer finite, or
    disk or memory are full. In a `world` of several processes each takes its part of every step;
    the leading one validates and writes.
    """
    events = EventLog(run.events) if world.leads else None

    def emit(event: str, **values: Any) -> None:
        if events is not None:
            events.write(event, **values)
            report({"event": event, **values})

    with _told_if_it_fails(emit, events):
        device = resolve(config.run.device)
        torch.backends.cudnn.benchmark = True  # all steps have one shape
        if config.run.threads:
            torch.set_num_threads(config.run.threads)
        preprocessing = config.data.preprocessing
        training = _training_crops(run, config, data)
        _check_landmarks(config, data.name, training)
        validation = align_all(data.of_split("val"), preprocessing, memory=config.data.memory)
        card = _card(name, config, data, len(training), preprocessing)
        torch.manual_seed(config.run.seed)  # the same first weights in every process
        learner = new_learner(config, card, training.targets, device)
        plan = Plan.of(config, len(training), world)
        kept = Validations(run, learner, card, validation, plan)
        init = ""
        if world.leads:
            for file in (run.best, run.last, run.state):
                sweep(file)
            forget_old_stop(run)
        if run.state.is_file():
            kept.restore()
        elif config.model.init:
            spread = torch.linspace(0, len(training) - 1, min(256, len(training))).long()
            example = to_input(training.pixels[spread], preprocessing).to(device)
            init = start_from(learner, config.model.init, example)

    def validate(**means: float) -> None:
        if world.leads:
            emit(**kept.take(means))

    ended, why = "failed", ""
    with _stop_asked(run) as asked:
        try:
            emit(
                "run_started",
                name=name,
                device=str(device),
                precision="bf16" if autocast_dtype(device, config.run.precision) else "fp32",
                processes=world.size,
                pid=os.getpid(),
                host=platform.node(),
                parameters=sum(p.numel() for p in learner.model.parameters()),
                train_samples=len(training),
                val_samples=len(validation),
                step=learner.step,
                steps=plan.total,
                epochs=config.optim.epochs,
                init=init,
            )

            lost = kept.untold() if world.leads else {}
            if lost:
                emit(**lost)
            if init and config.model.keep_init:
                validate()
            steps = Steps(run, learner, training, config, plan, world, emit)
            while learner.step < plan.total:
                losses = steps.until(plan.next_validation(learner.step), asked)
                if losses is not None:
                    world.mean_buffers(learner.average)
                    validate(**losses)
                elif world.leads:
                    kept.save()
                if losses is None or (learner.step < plan.total and world.any(asked())):
                    epoch = -(-learner.step // plan.per_epoch)
                    raise RunStopped(f"stopped in epoch {epoch}; {run.path} can be resumed")
            if world.leads:
                _calibrate(run, validation, config.model.init, device)
            ended = "done"
        except RunStopped:
            ended = "stopped"
            raise
        except Exception as error:
            known = _in_words(error, run)
            why = str(known or error) or type(error).__name__
            if known is None:
                raise
            raise known from error
        finally:
            with contextlib.suppress(OSError):  # the disk's trouble is on its way already
                emit("run_ended", reason=ended, error=why, best=kept.best)
            if events is not None:
                events.close()
    return kept.best


@contextlib.contextmanager
def _told_if_it_fails(emit: Callable[..., None], events: EventLog | None) -> Iterator[None]:
    """What keeps a training from beginning stands in its journal, too."""
    try:
        yield
    except Exception as error:
        why = str(explained(error) or error) or type(error).__name__
        with contextlib.suppress(OSError):
            emit("run_ended", reason="failed", error=why, best={})
        if events is not None:
            events.close()
        raise


def _in_words(error: Exception, run: RunDir) -> FerError | None:
    """What ended the run and what to do about it; None for what nobody foresaw."""
    known = explained(error)
    if known is None:
        return None
    if isinstance(error, OSError):
        return FerError(str(known), f"Nothing saved is lost; go on by: fertrain resume {run.path}")
    return FerError(
        str(known.args[0]),
        "Try half of optim.batch_size and twice optim.accumulate: the steps stay the same.",
    )


def _training_crops(run: RunDir, config: TrainConfig, data: FaceData) -> Crops:
    """Of its own function, so that no copy of the index stays: AffectNet's is 250 MB."""
    settings = config.data
    kept = data.without_leaked() if settings.drop_leaked else data
    training = kept.of_split("train")
    if settings.review:
        given = Path(settings.review).expanduser()
        training = apply_review(training, run.review if run.review.is_file() else given)
    return align_all(
        limited(training, settings.limit),
        settings.preprocessing,
        settings.votes_share,
        settings.votes,
        settings.memory,
    )


def _check_landmarks(config: TrainConfig, name: str, training: Crops) -> None:
    """Raise UsageError when a term needs landmarks and no training picture has them."""
    terms = config.objective
    needing = [part for part in ("pal", "au") if getattr(terms, part).weight > 0]
    if needing and bool(training.landmarks.isnan().any(dim=2).any(dim=1).all()):
        raise UsageError(
            f"objective.{needing[0]} needs landmarks, and no training picture of {name} has any",
            "Prepare it without --no-landmarks, or set data.landmarks=true.",
        )


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


def _calibrate(run: RunDir, validation: Crops, init: str, device: torch.device) -> None:
    """Write the temperature that fits `val` into the cards of the finished run's models.

    Few pictures say nothing about confidence: without mistakes among them it would be boundless.
    Then that of the model `init` stays, 1 where there is none.
    """
    for path in (run.best, run.last):
        model, card = load_model(path, device)
        if len(validation) < FEW:
            temperature = _temperature_of(init)
        else:
            logits = predict(model, card, validation.pixels, device).logits
            temperature = fit_temperature(logits, validation.labels.numpy())
        save_model(path, model.state_dict(), card.model_copy(update={"temperature": temperature}))


def _temperature_of(init: str) -> float:
    try:
        return read_card(find_model(init)).temperature if init else 1.0
    except ModelFileError:  # no model of ours: weights alone, or none
        return 1.0


def _card(
    name: str, config: TrainConfig, data: FaceData, count: int, preprocessing: Preprocessing
) -> ModelCard:
    architecture, options = config.model.name, config.model.options
    objective = "cross-entropy"
    voted = np.isfinite(data.votes[data.split == "train"]).any()
    if config.data.votes_share and voted:
        objective += f" on labels and {config.data.votes_share:.0%} annotators' votes"
    terms = config.objective
    if terms.center.weight:
        objective += f" + {terms.center.weight:g} center loss"
    if terms.pal.weight:
        pal = terms.pal
        objective += f" + {pal.weight:g} PAL ({pal.method}, {pal.target}, {pal.channels})"
    if terms.au.weight:
        objective += f" + {terms.au.weight:g} AU alignment ({terms.au.map}, {terms.au.distance})"
    if terms.distill.weight:
        objective += f" + {terms.distill.weight:g} answers of {len(terms.distill.teachers)} models"
    objective += "".join(f" + {weight:g} {name}" for name, weight in terms.terms.items() if weight)
    return ModelCard(
        name=name,
        architecture=architecture,
        arguments=dict(options),
        attribution_layer=create(
            architecture, input_size=preprocessing.input_size, **options
        ).attribution_layer,
        classes=data.classes,
        preprocessing=preprocessing,
        objective=objective,
        explanation=config.model.explanation,
        data={"name": data.name, "train_samples": count, "landmarks": data.landmark_source},
        versions=versions(),
        created=time.strftime("%Y-%m-%d"),
    )


@contextlib.contextmanager
def _stop_asked(run: RunDir) -> Iterator[Callable[[], bool]]:
    """SIGINT, SIGTERM and the run's file `stop` ask for a stop after the current step.

    The file does so on every system, and for a process of another machine or user.
    """
    asked: list[int] = []
    previous = {
        number: signal.signal(number, lambda received, _: asked.append(received))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(asked) or os.path.exists(run.stop)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        with contextlib.suppress(OSError):
            run.stop.unlink()
