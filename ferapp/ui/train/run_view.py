"""One run: its progress, metrics, curves, confusion matrix and log, and buttons to use it."""

import math

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.run_reader import RunSnapshot, Series
from ferapp.ui.text import wording
from ferapp.ui.text.verdict_text import VERDICT_TIP
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.train.run_list import accuracy_text, state_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.log_view import LogView
from ferapp.ui.widgets.thin_progress import ProgressLine

_METRICS = (
    ("best", "Best validation", "The highest validation accuracy so far. Its model is kept."),
    ("mean_class", "Mean class", "The mean of the classes' recalls, at the best epoch."),
    (
        "train",
        "Training",
        "Mean accuracy on augmented training batches up to the latest validation.",
    ),
    ("rate", "Learning rate", "At the latest step."),
    ("speed", "Images/s", "Training images per second, at the latest step."),
    ("memory", "Memory", "Of the training process; on a GPU its peak so far."),
    ("left", "Time left", "Estimated from the speed so far."),
)


class RunView(QWidget):
    """Each signal is a button's; the page knows which run is shown."""

    stop_requested = Signal()
    resume_requested = Signal()
    live_requested = Signal()
    inspect_requested = Signal()
    duplicate_requested = Signal()
    halve_batch_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._run: RunSnapshot | None = None
        self.headline = QLabel()
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.state = QLabel()
        self.progress = ProgressLine()
        self.reason = QLabel()
        self.reason.setProperty("notice", True)
        self.reason.setWordWrap(True)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.verdict.setAccessibleName("Verdict")
        self.verdict.setToolTip(VERDICT_TIP)
        self.verdict.hide()
        self._make_buttons()
        self.metrics = {key: QLabel("–") for key, _, _ in _METRICS}
        self.losses = CurvePlot(
            "Loss", "The loss being minimised, and its terms. Faint lines: single batches."
        )
        self.accuracies = CurvePlot(
            "Accuracy", "On augmented training batches, and on the validation split.", "{:.1f} %"
        )
        self.rates = CurvePlot("Learning rate", "Its schedule.", "{:.2g}")
        self.matrix = ConfusionMatrix(selectable=False)
        self.epoch = QSlider(Qt.Orientation.Horizontal)
        self.epoch.setAccessibleName("Epoch of the confusion matrix")
        self.epoch.valueChanged.connect(lambda _: self._show_confusion())
        self.epoch_label = QLabel()
        self.log = LogView("Log of the run")
        self.log.setMaximumHeight(170)
        self.log.hide()
        self.show_log = Chip("Log", "Show the run's log: its settings and epochs.")
        self.show_log.toggled.connect(self.log.setVisible)
        self._lay_out()

    def _make_buttons(self) -> None:
        self.stop = push_button(
            "Stop", "Stop after this step. The model trained so far is kept and can be used."
        )
        self.resume = push_button(
            "Resume", "Continue where it stopped. The final model is the same as without the stop."
        )
        self.live = push_button("Use live", "Use the run's best model on the live page.")
        self.inspect = push_button(
            "Inspect mistakes", "Show which validation pictures its best model gets wrong."
        )
        self.duplicate = push_button(
            "Duplicate…", "Copy the settings into the form, to change them and start a new run."
        )
        self.halve_batch = push_button(
            "Halve batch size",
            "Start a new run with half the batch size and twice the accumulation.",
        )
        for button, signal in (
            (self.stop, self.stop_requested),
            (self.resume, self.resume_requested),
            (self.live, self.live_requested),
            (self.inspect, self.inspect_requested),
            (self.duplicate, self.duplicate_requested),
            (self.halve_batch, self.halve_batch_requested),
        ):
            button.clicked.connect(signal)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(10)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.headline)
        names.addWidget(self.state)
        layout.addLayout(names)
        layout.addWidget(self.progress)
        layout.addWidget(self.reason)
        layout.addWidget(self.verdict)
        layout.addLayout(self._button_row())
        layout.addLayout(self._metrics_grid())
        layout.addLayout(self._plots_grid(), 1)
        layout.addWidget(self.log)

    def _button_row(self) -> QHBoxLayout:
        actions = FlowLayout(gap=6)
        for button in (
            self.halve_batch, self.stop, self.resume, self.live, self.inspect, self.duplicate,
        ):  # fmt: skip
            actions.addWidget(button)
        row = QHBoxLayout()
        row.addLayout(actions, 1)
        row.addWidget(self.show_log, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _metrics_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(0)
        for column, (key, name, tip) in enumerate(_METRICS):
            value, caption = self.metrics[key], QLabel(name)
            value.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
            value.setAccessibleName(name)
            caption.setProperty("quiet", True)
            for label in (value, caption):
                label.setToolTip(tip)
            grid.addWidget(value, 0, column)
            grid.addWidget(caption, 1, column)
        grid.setColumnStretch(len(_METRICS), 1)
        return grid

    def _plots_grid(self) -> QGridLayout:
        confusion = QWidget()
        column = QVBoxLayout(confusion)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        line = QHBoxLayout()
        line.addWidget(self.epoch_label)
        line.addWidget(self.epoch, 1)
        column.addLayout(line)
        column.addWidget(self.matrix, 1)
        grid = QGridLayout()
        grid.setSpacing(theme.MARGIN)
        grid.addWidget(self.losses, 0, 0)
        grid.addWidget(self.accuracies, 0, 1)
        grid.addWidget(self.rates, 1, 0)
        grid.addWidget(confusion, 1, 1)
        for index in (0, 1):
            grid.setColumnStretch(index, 1)
            grid.setRowStretch(index, 3 + index)
        return grid

    def show_run(self, run: RunSnapshot, reason: str = "") -> None:
        """`reason` is the output of the process, where the run's files give none."""
        is_other = self._run is None or self._run.path != run.path
        self._run = run
        self.headline.setText(run.name)
        self.state.setText(run.state if run.state in ("failed", "damaged") else state_text(run))
        self.state.setProperty("quiet", not run.is_active)
        self.progress.show_share(run.progress)
        self._show_reason(run, reason or run.reason)
        self.stop.setVisible(run.is_active)
        self.resume.setVisible(run.can_resume)
        self.live.setVisible(run.has_model)
        self.inspect.setVisible(run.has_model and not run.is_active)
        self.duplicate.setVisible(run.config is not None)
        self._show_metrics(run)
        self._show_curves(run)
        at_newest = self.epoch.value() == self.epoch.maximum()
        self.epoch.setEnabled(len(run.confusions) > 1)
        self.epoch.setRange(1, max(len(run.confusions), 1))
        if at_newest or is_other:
            self.epoch.setValue(self.epoch.maximum())
        self._show_confusion()
        self.log.show_text(run.log, is_other=is_other)

    def show_verdict(self, text: str) -> None:
        """Whether corrected labels helped; "" for a run without."""
        self.verdict.setText(text)
        self.verdict.setVisible(bool(text))

    def _show_reason(self, run: RunSnapshot, reason: str) -> None:
        if run.state == "interrupted" and not reason:
            reason = _interruption_text(run)
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        out_of_memory = "out of memory" in reason.lower()
        self.halve_batch.setVisible(out_of_memory and not run.is_active and run.config is not None)

    def _show_metrics(self, run: RunSnapshot) -> None:
        epoch = f" (epoch {run.best['epoch']})" if run.best else ""
        texts = {
            "best": accuracy_text(run) + epoch,
            "mean_class": _percent(run.mean_class_accuracy),
            "train": _percent(_latest("train_accuracy", run.epoch_curves)),
            "rate": _number(_latest("learning_rate", run.step_curves), "{:.2g}"),
            "speed": _number(run.images_per_second, "{:.0f}"),
            "memory": _number(run.memory_mb / 1024, "{:.1f}\u00a0GiB"),
            "left": _time_left(run.eta_s) if run.is_active else "–",
        }
        for key, text in texts.items():
            self.metrics[key].setText(text)

    def _show_curves(self, run: RunSnapshot) -> None:
        steps = run.step_curves
        losses = [Curve("loss", *steps["loss"], is_noisy=True)] if "loss" in steps else []
        terms = [name for name in steps if name.startswith("loss_")]
        if len(terms) > 1:
            losses += [Curve(_term_name(name), *steps[name], is_noisy=True) for name in terms]
        if "val_loss" in run.epoch_curves:
            losses.append(Curve("validation", *run.epoch_curves["val_loss"], has_markers=True))
        self.losses.show_curves(losses)
        accuracies = []
        for key, name in (
            ("val_accuracy", "validation"),
            ("val_mean_class_accuracy", "mean class"),
            ("train_accuracy", "training"),
        ):
            if key in run.epoch_curves:
                x, y = run.epoch_curves[key]
                accuracies.append(Curve(name, x, 100 * y, has_markers=True))
        self.accuracies.show_curves(accuracies)
        rate = steps.get("learning_rate")
        self.rates.show_curves([Curve("rate", *rate)] if rate else [])

    def _show_confusion(self) -> None:
        if self._run is None or not self._run.confusions:
            self.matrix.show_counts((), np.zeros((0, 0), np.int64))
            self.epoch_label.setText("The confusion matrix appears after the first epoch.")
            return
        epochs = sorted(self._run.confusions)
        epoch = epochs[min(self.epoch.value(), len(epochs)) - 1]
        counts = self._run.confusions[epoch]
        classes = self._run.classes
        if len(counts) != len(classes):
            classes = tuple(str(k + 1) for k in range(len(counts)))
        self.matrix.show_counts(classes, counts)
        self.epoch_label.setText(f"Validation confusion, epoch {epoch}")


def _interruption_text(run: RunSnapshot) -> str:
    """Why a run ended without saying so, as far as it can be known."""
    if not run.has_begun:
        return "The process ended before training began, without giving a reason. Nothing is lost."
    saved = (
        "Nothing up to the last epoch is lost." if run.epoch_curves else "No epoch was finished."
    )
    return (
        "The training process ended unexpectedly: it was killed, or ran out of memory or disk "
        f"space. {saved}"
    )


def _latest(name: str, curves: dict[str, Series]) -> float:
    """The last value of a curve; NaN without one."""
    _, values = curves.get(name, (None, np.zeros(0)))
    return float(values[-1]) if len(values) else math.nan


def _term_name(key: str) -> str:
    """`loss_cross_entropy` → `cross entropy`, `loss_pal` → `PAL`."""
    name = key.removeprefix("loss_").replace("_", " ")
    return name.upper() if name in ("pal", "au") else name


def _percent(share: float) -> str:
    return _number(100 * share, "{:.1f}\u00a0%")


def _number(value: float, number_format: str) -> str:
    return "–" if math.isnan(value) else number_format.format(value)


def _time_left(seconds: float) -> str:
    if math.isnan(seconds):
        return "–"
    # after the last step comes a validation
    return "validating" if 0 <= seconds < 0.5 else wording.duration(round(seconds))
