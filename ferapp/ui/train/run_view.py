"""One run: its progress, metrics, curves, confusion matrix and log, and buttons to use it."""

import math

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.run_reader import RunSnapshot, Series
from ferapp.runs.run_validations import Validation
from ferapp.ui.run_table.run_text import best_conditions, state_text
from ferapp.ui.text import wording
from ferapp.ui.text.figure_text import accuracy_text, ece_text, interval_tip, margin_text
from ferapp.ui.text.verdict_text import VERDICT_TIP
from ferapp.ui.train.epoch_confusion import EpochConfusion
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.figure_row import FigureRow
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.ui.widgets.log_view import LogView
from ferapp.ui.widgets.thin_progress import ProgressLine
from ferapp.ui.widgets.vertical_scroll import VerticalScrollArea

_FIGURES = (
    (
        "best",
        "Accuracy",
        "The share of validation pictures that are predicted correctly, by the best model:\n"
        "that of the epoch with the highest share. It is the one that is kept.",
    ),
    ("mean_class", "Mean class", "The mean of the classes' recalls, of the best model."),
    ("macro_f1", "Macro F1", "The mean of the classes' F1, of the best model."),
    (
        "ece",
        "ECE",
        "Expected calibration error of the best model: the mean gap between confidence and\n"
        "accuracy, over 15 bins. 0 is perfect.",
    ),
    ("train", "Training", "Mean accuracy on augmented training batches, at the best epoch."),
    (
        "start",
        "Start",
        "The accuracy of the weights that training started from, on the same validation pictures.",
    ),
    ("rate", "Learning rate", "At the latest step."),
    ("speed", "Images/s", "Training images per second, at the latest step."),
    ("memory", "Memory", "Of the training process; on a GPU its peak so far."),
    ("left", "Time left", "Estimated from the speed so far."),
)
_CONDITIONS_TIP = (
    "What these figures were measured on: the split, the epoch, and the number of pictures.\n"
    "At the end of a run its temperature is fitted, which calibrates its probabilities and so\n"
    "changes the ECE; accuracies and F1 stay the same."
)
_BOOTSTRAP = "bootstrap, 2,000 draws"


class RunView(QWidget):
    """Each signal is a button's; the page knows which run is shown."""

    stop_requested = Signal()
    resume_requested = Signal()
    live_requested = Signal()
    inspect_requested = Signal()
    cells_requested = Signal(object)  # of the confusion matrix, as ConfusionMatrix.selected
    epochs_requested = Signal()
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
        self._figures = FigureRow(_FIGURES)
        self.metrics = self._figures.figures
        self.conditions = QLabel()
        self.conditions.setProperty("quiet", True)
        self.conditions.setToolTip(_CONDITIONS_TIP)
        self.conditions.setAccessibleName("What was measured")
        self.against_start = QLabel()
        self.against_start.setWordWrap(True)
        self.against_start.setAccessibleName("Compared with its start")
        self.losses = CurvePlot(
            "Loss", "The loss being minimised, and its terms. Faint lines: single batches."
        )
        self.accuracies = CurvePlot(
            "Accuracy", "On augmented training batches, and on the validation split.", "{:.1f} %"
        )
        self.rates = CurvePlot("Learning rate", "Its schedule.", "{:.2g}")
        self.confusion = EpochConfusion()
        self.confusion.cells_chosen.connect(self.cells_requested)
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
        self.epochs = push_button(
            "Open its epochs", "Go back to any epoch: what was learned, and forgotten, when."
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
            (self.epochs, self.epochs_requested),
            (self.duplicate, self.duplicate_requested),
            (self.halve_batch, self.halve_batch_requested),
        ):
            button.clicked.connect(signal)

    def _lay_out(self) -> None:
        content = QWidget()
        content.setObjectName("inner")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        area = VerticalScrollArea()  # where there is too little room for plots and matrix
        outer.addWidget(area)
        area.setWidget(content)
        layout = QVBoxLayout(content)
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
        layout.addLayout(self._figures)
        layout.addWidget(self.conditions)
        layout.addWidget(self.against_start)
        layout.addLayout(self._plots_grid(), 1)
        layout.addWidget(self.log)

    def _button_row(self) -> QHBoxLayout:
        actions = FlowLayout(gap=6)
        for button in (
            self.halve_batch, self.stop, self.resume, self.live, self.inspect, self.epochs,
            self.duplicate,
        ):  # fmt: skip
            actions.addWidget(button)
        row = QHBoxLayout()
        row.addLayout(actions, 1)
        row.addWidget(self.show_log, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _plots_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(theme.MARGIN)
        grid.addWidget(self.losses, 0, 0)
        grid.addWidget(self.accuracies, 0, 1)
        grid.addWidget(self.rates, 1, 0)
        grid.addWidget(self.confusion, 1, 1)
        for index in (0, 1):
            grid.setColumnStretch(index, 1)
            grid.setRowStretch(index, 3 + index)
        return grid

    def show_run(self, run: RunSnapshot, reason: str = "") -> None:
        """`reason` is the output of the process, where the run's files give none."""
        is_other = self._run is None or self._run.path != run.path
        self._run = run
        self.headline.setText(run.about.title or run.name)
        self.state.setText(run.state if run.state in ("failed", "damaged") else state_text(run))
        self.state.setProperty("quiet", not run.is_active)
        self.progress.show_share(run.progress)
        self._show_reason(run, reason or run.reason)
        self.stop.setVisible(run.is_active)
        self.resume.setVisible(run.can_resume)
        self.live.setVisible(run.has_model)
        self.inspect.setVisible(run.has_model and not run.is_active)
        self.epochs.setVisible(run.has_model)
        self.duplicate.setVisible(run.config is not None)
        self._show_metrics(run)
        self._show_curves(run)
        self.confusion.show_run(run)
        self.log.show_text(run.log, is_other=is_other)

    def show_resuming(self) -> None:
        """Between the press of Resume and the first event of the training, seconds later."""
        self.state.setText("Resuming…")
        self.resume.hide()
        self.reason.hide()

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
        intervals = run.best_statistics.intervals
        for key, name in (("mean_class", "mean_class_accuracy"), ("macro_f1", "macro_f1")):
            value = math.nan if run.best is None else run.best.metric(name)
            tip = interval_tip(intervals.get(name), _BOOTSTRAP)
            text, margin = accuracy_text(value), margin_text(value, intervals.get(name))
            self.metrics[key].show_value(text, margin, tip)
        self._show_ece(run)
        self._show_accuracy("best", run.best)
        self._show_accuracy("start", run.start)
        self.metrics["start"].setVisible(run.start is not None)
        self.metrics["start"].caption.setText(f"Start: {run.start_name}")
        self.conditions.setText(best_conditions(run))
        self.conditions.setVisible(run.best is not None)
        self._show_against_start(run)
        texts = {
            "train": accuracy_text(_value_at("train_accuracy", run)),
            "rate": _number(_latest("learning_rate", run.step_curves), "{:.2g}"),
            "speed": _number(run.images_per_second, "{:.0f}"),
            "memory": _number(run.memory_mb / 1024, "{:.1f}\u00a0GiB"),
            "left": _time_left(run.eta_s) if run.is_active else "–",
        }
        for key, text in texts.items():
            self.metrics[key].show_value(text)

    def _show_ece(self, run: RunSnapshot) -> None:
        """A finished run's is calibrated; before, only the raw one is known, another figure."""
        is_calibrated = not math.isnan(run.calibrated_ece)
        raw = math.nan if run.best is None else run.best.metric("ece")
        value = run.calibrated_ece if is_calibrated else raw
        interval = run.best_statistics.intervals.get("ece") if is_calibrated else None
        tips = [interval_tip(interval, _BOOTSTRAP, percent=False)]
        if is_calibrated:
            tips.append(f"Raw, before its temperature was fitted: {ece_text(raw)}.")
        margin = margin_text(value, interval, percent=False)
        self.metrics["ece"].show_value(ece_text(value), margin, "\n".join(filter(None, tips)))
        self.metrics["ece"].caption.setText("ECE, calibrated" if is_calibrated else "ECE, raw")

    def _show_accuracy(self, key: str, validation: Validation | None) -> None:
        if validation is None:
            self.metrics[key].show_value("–")
            return
        interval = validation.accuracy_interval
        margin = margin_text(validation.accuracy, interval)
        tip = interval_tip(interval, f"Wilson, n = {validation.n:,}")
        self.metrics[key].show_value(accuracy_text(validation.accuracy), margin, tip)

    def _show_against_start(self, run: RunSnapshot) -> None:
        """Whether training helped: more than one figure beside another can say."""
        compared = run.best_statistics.against_start
        has_init = run.config is not None and bool(run.config.model.init)
        is_news = has_init or run.missed_its_start  # anything beats random weights
        text = run.verdict or (compared.sentence() if compared is not None and is_news else "")
        if not text and run.missed_its_start and run.start is not None:
            text = f"It did not beat its start: {accuracy_text(run.start.accuracy)}."
        self.against_start.setText(text)
        self.against_start.setVisible(bool(text))
        self.against_start.setProperty("wrong", run.missed_its_start)
        self.against_start.style().polish(self.against_start)

    def _show_curves(self, run: RunSnapshot) -> None:
        steps, best_at = run.step_curves, math.nan if run.best is None else run.best.at
        losses = [Curve("loss", *steps["loss"], is_noisy=True)] if "loss" in steps else []
        terms = [name for name in steps if name.startswith("loss_")]
        if len(terms) > 1:
            losses += [Curve(_term_name(name), *steps[name], is_noisy=True) for name in terms]
        if "val_loss" in run.epoch_curves:
            loss = run.epoch_curves["val_loss"]
            losses.append(Curve("validation", *loss, has_markers=True, best_at=best_at))
        self.losses.show_curves(losses)
        accuracies = []
        for key, name in (
            ("val_accuracy", "validation"),
            ("val_mean_class_accuracy", "mean class"),
            ("train_accuracy", "training"),
        ):
            if key in run.epoch_curves:
                x, y = run.epoch_curves[key]
                star = best_at if key == "val_accuracy" else math.nan
                accuracies.append(Curve(name, x, 100 * y, has_markers=True, best_at=star))
        if run.start is not None and accuracies:
            ends = np.array([0.0, max(curve.x[-1] for curve in accuracies)])
            level = np.full(2, 100 * run.start.accuracy)
            accuracies.append(Curve(f"start ({run.start_name})", ends, level, is_level=True))
        self.accuracies.show_curves(accuracies)
        rate = steps.get("learning_rate")
        self.rates.show_curves([Curve("rate", *rate)] if rate else [])


def _interruption_text(run: RunSnapshot) -> str:
    """Why a run ended without saying so, as far as it can be known."""
    if not run.has_begun:
        return "The process ended before training began, without giving a reason. Nothing is lost."
    saved = (
        "Nothing up to the last epoch is lost." if run.epoch_curves else "No epoch was finished."
    )
    return (
        "The training process ended unexpectedly: it was killed, or ran out of memory or disk "
        f"space. {saved}{_unlogged_text(run)}"
    )


def _unlogged_text(run: RunSnapshot) -> str:
    """Of a run that was killed after its best model was saved, and before that was logged."""
    if run.best is None or run.best.confusion is not None:
        return ""
    return f" Its best model is of epoch {run.best.epoch}, which the log does not have yet."


def _latest(name: str, curves: dict[str, Series]) -> float:
    """The last value of a curve; NaN without one."""
    _, values = curves.get(name, (None, np.zeros(0)))
    return float(values[-1]) if len(values) else math.nan


def _value_at(name: str, run: RunSnapshot) -> float:
    """The value of a curve of validations at the best of them; NaN without one."""
    epochs, values = run.epoch_curves.get(name, (np.zeros(0), np.zeros(0)))
    at_best = values[epochs == (math.nan if run.best is None else run.best.at)]
    return float(at_best[0]) if len(at_best) else math.nan


def _term_name(key: str) -> str:
    """`loss_cross_entropy` → `cross entropy`, `loss_pal` → `PAL`."""
    name = key.removeprefix("loss_").replace("_", " ")
    return name.upper() if name in ("pal", "au") else name


def _number(value: float, number_format: str) -> str:
    return "–" if math.isnan(value) else number_format.format(value)


def _time_left(seconds: float) -> str:
    if math.isnan(seconds):
        return "–"
    # after the last step comes a validation
    return "validating" if 0 <= seconds < 0.5 else wording.duration(round(seconds))
