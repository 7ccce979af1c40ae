"""The training loop: from a configuration and labelled faces to a model file."""

import contextlib
import math
import os
import platform
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainer.config.train_config import TrainConfig
from trainer.data.crops import Crops, to_input
from trainer.data.face_data import FaceData
from trainer.data.label_noise import flipped_count
from trainer.data.loader import Sample
from trainer.device import autocast_dtype, memory_format, resolve_device
from trainer.errors import Diverged, FerError, RunStopped, UsageError, explain_resource_error
from trainer.evaluation.metrics import confusion_matrix
from trainer.files import remove_partial_files, write_atomic
from trainer.training.batches import TrainingBatches
from trainer.training.calibration import calibrate
from trainer.training.distributed import SINGLE_PROCESS, World
from trainer.training.divergence import DivergenceWatch, diverged
from trainer.training.event_log import EventLog, read_events
from trainer.training.run_dir import RunDir, remove_stale_stop_file, stop_requests
from trainer.training.run_inputs import run_inputs
from trainer.training.run_limits import RunLimits
from trainer.training.start_comparison import compare_with_start
from trainer.training.state import (
    StepPlan,
    learning_rate,
    load_initial_weights,
    new_train_state,
)
from trainer.training.step_log import StepLog
from trainer.training.val_history import begin_val_history, read_val_history
from trainer.training.validator import Validator

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step computed, still on its device: reading a number makes the CPU wait for a GPU."""

    step: int  # from 0
    rate: float
    rows: list[Tensor]  # of each forward pass
    values: list[dict[str, Tensor]]  # loss, accuracy and loss terms of each forward pass


class Trainer:
    """One training run, which continues from its checkpoint if it has one.

    `report` receives every event. In a `world` of several processes each computes its part of
    every step; the main one validates, and writes the files.
    """

    def __init__(
        self,
        run: RunDir,
        name: str,
        config: TrainConfig,
        data: FaceData,
        report: Report = lambda _: None,
        world: World = SINGLE_PROCESS,
    ) -> None:
        self.run, self.name, self.config, self.world = run, name, config, world
        self._report = report
        self._verdict = ""  # on the best model beside the start
        self._ended_early = ""  # by which limit, as a sentence
        self._event_log = EventLog(run.events) if world.is_main else None
        with self._setup_failure_reported():
            self.device = resolve_device(config.run.device)
            torch.backends.cudnn.benchmark = True  # all steps have one shape
            if config.run.threads:
                torch.set_num_threads(config.run.threads)
            inputs = run_inputs(run, name, config, data, self.device)
            self.training, self.validation, card = inputs.training, inputs.validation, inputs.card
            self._val_samples = inputs.val_samples
            _check_losses_fit_the_data(config, data.name, self.training)
            torch.manual_seed(config.run.seed)  # the same initial weights in every process
            self.state = new_train_state(
                config, card, self.training.targets, self.device, inputs.frame
            )
            self.plan = StepPlan.of(config, len(self.training), world)
            layout = memory_format(self.state.model, self.device)
            self.batches = TrainingBatches(
                self.training, config, self.plan, world, self.device, layout
            )
            self.validator = Validator(run, card, self.validation, self.plan, config)
            majority = float(self.training.targets.mean(dim=0).max())
            self._divergence = DivergenceWatch(config.optim, card.classes, majority)
            self._step_log = StepLog(self.plan, self.device)
            self._dtype = autocast_dtype(self.device, config.run.precision)
            # the results of a step are read once a GPU has been given the next one
            self._steps_unread = int(self.device.type == "cuda")
            if world.is_main:
                for files in (run.best.with_name("*"), run.epochs / "*", run.state):
                    remove_partial_files(files)
                remove_stale_stop_file(run)
            self.init_summary = self._restore_or_initialise()

    def fit(self) -> dict[str, Any]:
        """Train until the last epoch or a limit; returns the metrics of the best validation.

        That is the one with the highest accuracy on the split `val`; its ECE is that of the model
        with its `temperature`. The weights that training starts from are validated first, as epoch
        0, which is the best with `model.keep_init` alone. Raises RunStopped with the checkpoint
        saved, after SIGINT, SIGTERM or when the run's file `stop` appears; Diverged; and FerError
        when the loss is not finite, or disk or memory are full.
        """
        state, plan = self.state, self.plan
        with stop_requests(self.run) as stop_requested, self._end_reported():
            earlier = read_events(self.run.events) if self.world.is_main else []
            limits = RunLimits(self.config, plan, earlier)
            self._report_start()
            if self.world.is_main:
                self._begin_history()
            if state.step == 0:
                self.validate()
            while state.step < plan.total_steps and not self._ends_early(limits):
                end = plan.next_validation(state.step)
                means = self.train_until(end, lambda: stop_requested() or limits.time_is_up())
                if state.step < end and self.world.any(stop_requested()):
                    if self.world.is_main:
                        self.validator.save(state)
                    raise self._stopped()
                self.world.average_buffers(state.average)
                self.validate(means)
                if state.step < plan.total_steps and self.world.any(stop_requested()):
                    raise self._stopped()
            if self.world.is_main:
                self._calibrate_and_compare()
        return self.validator.best

    def train_until(
        self, end: int, stop_requested: Callable[[], bool] = lambda: False
    ) -> dict[str, float]:
        """Train until `end` steps are done, in one epoch, or a stop is requested.

        Returns the means since the epoch began.
        """
        first = self.state.step
        rows_of_steps = self.batches.rows_of_steps(first, end)
        samples = self.batches.load(rows_of_steps)
        self.state.train_mode()
        self._step_log.begin(first)
        unread: deque[StepResult] = deque()
        for steps_done, rows in enumerate(rows_of_steps, first + 1):
            unread.append(self.train_step(rows, [next(samples) for _ in rows]))
            is_last = steps_done == end
            # a stop in the last step takes effect after the validation
            stop = not is_last and self.world.any(stop_requested())
            while len(unread) > (0 if stop or is_last else self._steps_unread):
                self.log_step(unread.popleft())
            event = self._step_log.event_if_due(steps_done, is_last)
            if event:
                self._emit(**event)
            if stop:
                samples.close()
                break
        return self._step_log.means()

    def train_step(
        self, rows: list[Tensor], samples: list[Sample], rate: float | None = None
    ) -> StepResult:
        """One optimiser step over the forward passes of `samples`. Does not wait for a GPU.

        `rate` is another learning rate than the schedule's.
        """
        state, plan, optim = self.state, self.plan, self.config.optim
        step, generator = state.step, self.batches.generator(state.step)
        torch.manual_seed(generator.initial_seed())  # dropout
        values = []
        for part, sample in zip(rows, samples, strict=True):
            batch = self.batches.prepare(step, sample, generator)
            outcome = state.objective(state.model, batch, self._dtype, plan.epoch(step + 1))
            (outcome.loss * (len(part) / self.batches.samples_per_step)).backward()
            hits = (outcome.logits.detach().argmax(1) == batch.targets.argmax(1)).float().mean()
            values.append({"loss": outcome.loss.detach(), "train_accuracy": hits, **outcome.terms})
        if rate is None:
            rate = learning_rate(step, plan.total_steps, plan.steps_per_epoch, optim)
        state.optimizer_step(optim, rate, self.world)
        return StepResult(step, rate, rows, values)

    def log_step(self, result: StepResult) -> None:
        """Read a step's values and log their means. Raises FerError when the loss is not finite."""
        count, means = self.batches.samples_per_step, dict[str, float]()
        for index, (rows, values) in enumerate(zip(result.rows, result.values, strict=True)):
            # all at once: every transfer from a GPU waits for it
            numbers = torch.stack([value.float() for value in values.values()]).tolist()
            if not math.isfinite(numbers[0]):
                raise self._loss_not_finite(result.step, result.rows[: index + 1])
            for name, number in zip(values, numbers, strict=True):
                means[name] = means.get(name, 0.0) + number * len(rows) / count
        totals = self.world.sum(torch.tensor(list(means.values()), dtype=torch.float64))
        means = dict(zip(means, totals.tolist(), strict=True))
        if self.config.run.stop_diverged:
            self._divergence.add_loss(result.step, means["loss_cross_entropy"])
        self._step_log.add(result.step, means, result.rate, count)

    def validate(self, means: Mapping[str, float] | None = None) -> None:
        """Validate and save in the main process; `means` are those of the epoch's loss terms.

        Raises Diverged in all processes when nothing but one class is predicted.
        """
        error: Diverged | None = None
        if self.world.is_main:
            try:
                self._validate(means or {})
            except Diverged as caught:
                error = caught
        if self.world.any(error is not None):
            raise error or Diverged("the run diverged")

    def _validate(self, means: Mapping[str, float]) -> None:
        event = self.validator.validate(self.state, means)
        self._emit(**event)
        if self.state.step:  # a run that was killed before can as well start again
            self.validator.save(self.state)
        confusion = np.array(event["val_confusion"])
        if not means or not self.config.run.stop_diverged:
            self._divergence.remember(confusion)
        elif event["event"] == "epoch":
            epoch, step = event["epoch"], event["step"]
            self._divergence.add_epoch(epoch, step, confusion, means["train_accuracy"])

    def _ends_early(self, limits: RunLimits) -> bool:
        if self.world.is_main:
            self._ended_early = limits.reason_to_end(self.state.step, self.validator.best)
        return self.world.any(bool(self._ended_early))

    def _begin_history(self) -> None:
        begin_val_history(self.run, self._val_samples, self.plan.epoch(self.state.step))
        history, classes = read_val_history(self.run), self.training.targets.shape[1]
        for logits in () if history is None else history.logits:
            labels = self._val_samples.label
            self._divergence.remember(confusion_matrix(labels, logits.argmax(axis=1), classes))

    def _calibrate_and_compare(self) -> None:
        """Finish the models of the run, and say whether it beat its start."""
        init = "" if self.state.model.reads_clips else self.config.model.init
        measured, right = calibrate(self.run, self.validation, init, self.device)
        self.validator.best |= measured
        compared = compare_with_start(self.run, self.validator.best, right)
        # everything beats random weights, unless something is wrong
        if compared is not None and (init or compared.trained <= compared.start):
            self._verdict = compared.sentence()

    def close(self) -> None:
        """Close the event log, as `fit` does at its end."""
        if self._event_log is not None:
            self._event_log.close()

    def _restore_or_initialise(self) -> str:
        """Load the checkpoint, or the weights to start from; returns a summary of the latter."""
        if self.run.state.is_file():
            self.validator.restore(self.state.restore(self.run.state))
            return ""
        if not self.config.model.init or self.state.model.reads_clips:
            return ""
        count = len(self.training)
        spread = torch.linspace(0, count - 1, min(256, count)).long()
        example = to_input(self.training.pixels[spread], self.config.data.preprocessing)
        return load_initial_weights(self.state, self.config.model.init, example.to(self.device))

    def _emit(self, event: str, **values: Any) -> None:
        if self._event_log is not None:
            self._event_log.write(event, **values)
            self._report({"event": event, **values})

    def _report_start(self) -> None:
        self._emit(
            "run_started",
            name=self.name,
            device=str(self.device),
            precision="bf16" if self._dtype else "fp32",
            processes=self.world.size,
            pid=os.getpid(),
            host=platform.node(),
            parameters=sum(p.numel() for p in self.state.model.parameters()),
            train_samples=len(self.training),
            flipped_labels=flipped_count(self.config.data.flipped_labels, len(self.training)),
            val_samples=len(self.validation),
            val_data=self._val_samples.fingerprint,
            step=self.state.step,
            steps=self.plan.total_steps,
            epochs=self.config.optim.epochs,
            init=self.init_summary,
        )

    @contextlib.contextmanager
    def _setup_failure_reported(self) -> Iterator[None]:
        """An error before the first step is in the event log, too."""
        try:
            yield
        except Exception as error:
            self._report_end("failed", explain_resource_error(error) or error, best={})
            raise

    @contextlib.contextmanager
    def _end_reported(self) -> Iterator[None]:
        """The event log ends with how and why the run ended; known errors get advice."""
        reason = "failed"
        cause: Exception | None = None
        try:
            yield
            reason = "done"
        except RunStopped:
            reason = "stopped"
            raise
        except Diverged as error:
            reason, cause = "diverged", error
            raise
        except Exception as error:
            advised = _with_advice(error, self.run)
            cause = advised or error
            if advised is None:
                raise
            raise advised from error
        finally:
            self._report_end(reason, cause, self.validator.best)

    def _report_end(self, reason: str, cause: Exception | None, best: dict[str, Any]) -> None:
        text = "" if cause is None else str(cause) or type(cause).__name__
        with contextlib.suppress(OSError):  # a full disk is already being raised
            self._emit(
                "run_ended",
                reason=reason,
                error=text,
                best=best,
                verdict=self._verdict,
                ended_early=self._ended_early,
            )
        self.close()

    def _stopped(self) -> RunStopped:
        epoch = self.plan.epoch(self.state.step)
        return RunStopped(f"stopped in epoch {epoch}; {self.run.path} can be resumed")

    def _loss_not_finite(self, step: int, rows: list[Tensor]) -> FerError:
        """The error that names the file in which the batch of the last of `rows` is saved."""
        batch = self.batches.rebuild(step, rows)
        tensors = {"rows": rows[-1], "inputs": batch.x, "targets": batch.targets}
        arrays: dict[str, Any] = {name: value.cpu().numpy() for name, value in tensors.items()}
        file = self.run.path / "bad_batch.npz"
        write_atomic(file, lambda stream: np.savez(stream, **arrays))
        reason = f"the loss is no longer finite in step {step + 1}; its batch is in {file}"
        return diverged(reason, self.config.optim)


def _with_advice(error: Exception, run: RunDir) -> FerError | None:
    """A full disk or memory as an error that says how to continue; None for any other error."""
    explained = explain_resource_error(error)
    if explained is None:
        return None
    if isinstance(error, OSError):
        hint = f"No saved progress is lost. Continue with: fertrain resume {run.path}"
        return FerError(str(explained), hint)
    return FerError(
        str(explained.args[0]),
        "Try half of optim.batch_size and twice optim.accumulate: the steps stay the same.",
    )


def _check_losses_fit_the_data(config: TrainConfig, name: str, training: Crops) -> None:
    """Raise UsageError when a loss needs what no training picture has."""
    losses = config.objective.losses.items()
    needing = [loss_name for loss_name, loss in losses if loss.needs_landmarks]
    if needing and bool(training.landmarks.isnan().any(dim=2).any(dim=1).all()):
        raise UsageError(
            f"objective.{needing[0]} needs landmarks, and no training picture of {name} has any",
            "Prepare it without --no-landmarks, or set data.landmarks=true.",
        )
    if config.objective.needs_valence_arousal and not training.valence_arousal.isfinite().any():
        raise UsageError(
            f"no training picture of {name} has valence or arousal, which the objective needs",
            "AffectNet's lists have them, and CSV lists with the columns valence and arousal.",
        )
