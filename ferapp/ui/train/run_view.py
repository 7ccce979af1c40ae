"""One run: how far it is, what it reaches, its curves, confusion and log, and what to do next."""

import math

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.run_reader import Run, Series
from ferapp.ui.train.run_curves import Curve, CurvePlot
from ferapp.ui.train.run_list import state_words
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import by_keyboard
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.confusion_matrix import ConfusionMatrix
from ferapp.ui.widgets.flow_layout import Flow
from ferapp.ui.widgets.log_view import LogText

_FIGURES = (
    ("best", "Best val, at epoch", "The highest accuracy on val so far. Its weights are kept."),
    ("mean", "Mean class", "The mean of the classes' recalls, at the best epoch."),
    (
        "train",
        "Train",
        "Accuracy on training batches with augmentation: their mean up to the newest validation.",
    ),
    ("rate", "Learning rate", "At the newest step."),
    ("speed", "Images/s", "Training pictures a second, at the newest step."),
    ("memory", "Memory", "Of the training process; on a GPU the largest amount so far."),
    ("left", "Left", "Estimated from the pace so far."),
)


class Bar(QWidget):
    """How much is done, as a thin line."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Progress")

    def sizeHint(self) -> QSize:
        return QSize(200, 4)

    def show_share(self, share: float) -> None:
        self._share = min(max(share, 0.0), 1.0)
        self.setAccessibleDescription(f"{share:.0%}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme.current()
        with QPainter(self) as painter:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(look.line))
            painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
            painter.setBrush(QColor(look.accent))
            painter.drawRoundedRect(QRectF(0, 0, self._share * self.width(), 4), 2, 2)


class RunView(QWidget):
    """Each signal is a button; the page knows which run is shown."""

    stop_wanted = Signal()
    resume_wanted = Signal()
    live_wanted = Signal()
    inspect_wanted = Signal()
    again_wanted = Signal()  # its settings in the form
    smaller_wanted = Signal()  # the same with half the batch

    def __init__(self) -> None:
        super().__init__()
        self._run: Run | None = None
        self.headline = QLabel()
        self.headline.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.state = QLabel()
        self.bar = Bar()
        self.reason = QLabel()
        self.reason.setProperty("notice", True)
        self.reason.setWordWrap(True)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.stop = _button("Stop", "After this step. What was trained is kept and usable.")
        self.resume = _button("Resume", "Go on where it stopped, to the same weights.")
        self.live = _button("Use live", "Let its best model look at the camera.")
        self.inspect = _button("Inspect mistakes", "What it gets wrong on val.")
        self.again = _button("As a new run…", "Its settings in the form, to change and start.")
        self.smaller = _button(
            "Half the batch", "The same training with half the batch and twice the accumulation."
        )
        self.figures = {key: QLabel("–") for key, _, _ in _FIGURES}
        self.losses = CurvePlot(
            "Loss", "What is minimised, and the terms that it is made of; faint: of single batches."
        )
        self.accuracies = CurvePlot(
            "Accuracy", "Of training batches with augmentation, and on val.", "{:.1f} %"
        )
        self.rates = CurvePlot("Learning rate", "Its schedule.", "{:.2g}")
        self.matrix = ConfusionMatrix(choosable=False)
        self.epoch = QSlider(Qt.Orientation.Horizontal)
        self.epoch.setAccessibleName("Epoch of the confusion matrix")
        self.epoch_words = QLabel()
        self.log = LogText("Log of the run")
        self.log.setMaximumHeight(170)
        self.log.hide()
        self.show_log = Chip("Log", "What the run wrote, its settings and epochs.")
        self.show_log.toggled.connect(self.log.setVisible)
        self._lay_out()
        self.epoch.valueChanged.connect(lambda _: self._show_confusion())
        for button, signal in (
            (self.stop, self.stop_wanted),
            (self.resume, self.resume_wanted),
            (self.live, self.live_wanted),
            (self.inspect, self.inspect_wanted),
            (self.again, self.again_wanted),
            (self.smaller, self.smaller_wanted),
        ):
            button.clicked.connect(signal)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.headline)
        names.addWidget(self.state)
        head.addLayout(names, 1)
        actions = Flow(gap=6)
        for button in (
            self.smaller, self.stop, self.resume, self.live, self.inspect, self.again,
        ):  # fmt: skip
            actions.addWidget(button)
        buttons = QHBoxLayout()
        buttons.addLayout(actions, 1)
        buttons.addWidget(self.show_log, 0, Qt.AlignmentFlag.AlignTop)
        figures = QGridLayout()
        figures.setHorizontalSpacing(14)
        figures.setVerticalSpacing(0)
        for column, (key, words, tip) in enumerate(_FIGURES):
            value, caption = self.figures[key], QLabel(words)
            value.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
            value.setAccessibleName(words)
            caption.setProperty("quiet", True)
            for label in (value, caption):
                label.setToolTip(tip)
            figures.addWidget(value, 0, column)
            figures.addWidget(caption, 1, column)
        figures.setColumnStretch(len(_FIGURES), 1)
        confusion = QWidget()
        column_ = QVBoxLayout(confusion)
        column_.setContentsMargins(0, 0, 0, 0)
        column_.setSpacing(4)
        line = QHBoxLayout()
        line.addWidget(self.epoch_words)
        line.addWidget(self.epoch, 1)
        column_.addLayout(line)
        column_.addWidget(self.matrix, 1)
        body = QGridLayout()
        body.setSpacing(theme.MARGIN)
        body.addWidget(self.losses, 0, 0)
        body.addWidget(self.accuracies, 0, 1)
        body.addWidget(self.rates, 1, 0)
        body.addWidget(confusion, 1, 1)
        for index in (0, 1):
            body.setColumnStretch(index, 1)
            body.setRowStretch(index, 3 + index)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addWidget(self.reason)
        layout.addLayout(buttons)
        layout.addLayout(figures)
        layout.addLayout(body, 1)
        layout.addWidget(self.log)

    def show_run(self, run: Run, reason: str = "") -> None:
        """`reason` is what the child printed, where the run itself does not tell."""
        other = self._run is None or self._run.path != run.path
        self._run = run
        self.headline.setText(run.name)
        self.state.setText(
            state_words(run) if run.state not in ("failed", "damaged") else run.state
        )
        self.state.setProperty("quiet", not run.goes_on)
        self.bar.show_share(run.share)
        why = reason or run.reason
        if run.state == "interrupted" and not why:
            why = _gone_words(run)
        self.reason.setText(why)
        self.reason.setVisible(bool(why))
        memory = "out of memory" in why.lower()
        self.smaller.setVisible(memory and not run.goes_on and run.config is not None)
        self.stop.setVisible(run.goes_on)
        self.resume.setVisible(run.can_resume)
        self.live.setVisible(run.has_model)
        self.inspect.setVisible(run.has_model and not run.goes_on)
        self.again.setVisible(run.config is not None)
        self._show_figures(run)
        self._show_curves(run)
        last = self.epoch.value() == self.epoch.maximum()
        self.epoch.setEnabled(len(run.confusions) > 1)
        self.epoch.setRange(1, max(len(run.confusions), 1))
        if last or other:
            self.epoch.setValue(self.epoch.maximum())
        self._show_confusion()
        self.log.show_text(run.log, other=other)

    def _show_figures(self, run: Run) -> None:
        def newest(name: str, series: dict[str, Series]) -> float:
            _, values = series.get(name, (None, np.zeros(0)))
            return float(values[-1]) if len(values) else math.nan

        best = run.best
        texts = {
            "best": _percent(run.accuracy) + (f" at {best['epoch']}" if best else ""),
            "mean": _percent(float(best.get("mean_class_accuracy") or math.nan)),
            "train": _percent(newest("train_accuracy", run.epochs)),
            "rate": _number(newest("learning_rate", run.steps), "{:.2g}"),
            "speed": _number(run.speed, "{:.0f}"),
            "memory": _number(run.memory_mb / 1024, "{:.1f} GiB"),
            "left": _left(run.eta_s) if run.goes_on else "–",
        }
        for key, text in texts.items():
            self.figures[key].setText(text)

    def _show_curves(self, run: Run) -> None:
        terms = [Curve("loss", *run.steps["loss"], scattered=True)] if "loss" in run.steps else []
        parts = [name for name in run.steps if name.startswith("loss_")]
        if len(parts) > 1:
            terms += [
                Curve(
                    name.removeprefix("loss_").replace("_", " "), *run.steps[name], scattered=True
                )
                for name in parts
            ]
        if "val_loss" in run.epochs:
            terms.append(Curve("val", *run.epochs["val_loss"], points=True))
        self.losses.show_curves(terms)
        shown = []
        for name, words in (
            ("val_accuracy", "val"),
            ("val_mean_class_accuracy", "mean class"),
            ("train_accuracy", "train"),
        ):
            if name in run.epochs:
                x, y = run.epochs[name]
                shown.append(Curve(words, x, 100 * y, points=True))
        self.accuracies.show_curves(shown)
        rate = run.steps.get("learning_rate")
        self.rates.show_curves([Curve("rate", *rate)] if rate else [])

    def _show_confusion(self) -> None:
        if self._run is None or not self._run.confusions:
            self.matrix.show_counts((), np.zeros((0, 0), np.int64))
            self.epoch_words.setText("The confusion matrix comes with the first epoch.")
            return
        epochs = sorted(self._run.confusions)
        number = epochs[min(self.epoch.value(), len(epochs)) - 1]
        counts = self._run.confusions[number]
        classes = self._run.classes
        if len(counts) != len(classes):
            classes = tuple(str(k + 1) for k in range(len(counts)))
        self.matrix.show_counts(classes, counts)
        self.epoch_words.setText(f"Confusion on val, epoch {number}")


def _gone_words(run: Run) -> str:
    if not run.began:
        return "Its process ended before the training began, and left no reason. Nothing is lost."
    kept = "Nothing up to the last epoch is lost." if run.epochs else "No epoch was complete."
    return f"Its process is gone without a word: killed, out of memory, or its disk is full. {kept}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.1f}\u00a0%"


def _number(value: float, form: str) -> str:
    return "–" if math.isnan(value) else form.format(value)


def _left(seconds: float) -> str:
    """After the last step comes a validation."""
    return "validating" if 0 <= seconds < 0.5 else _duration(seconds)


def _duration(seconds: float) -> str:
    if math.isnan(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    by_keyboard(button)
    return button
