"""ROC and precision–recall curves of an evaluation, of one class or of all."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.overlays import label_text
from ferapp.review.evaluation import Evaluation
from ferapp.ui.inspect.figures.threshold_plot import ClassCurve, CurveKind, ThresholdPlot
from ferapp.ui.text.figure_text import accuracy_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.picker import Picker

_ALL = -1
_ONE_AGAINST_ALL = (
    "Each class against all others: a face counts as of the class when its probability is at\n"
    "least the threshold. Point at a curve, or use ← and → with one class, for the threshold.\n"
    "Circle: what the model does, which predicts the class with the highest probability."
)
_KINDS: dict[CurveKind, tuple[str, str]] = {  # name, tip
    "roc": (
        "ROC",
        f"{_ONE_AGAINST_ALL}\n"
        "Dashed: chance. AUC is the area under a curve: the probability that a face of the class\n"
        "gets a higher probability for it than another face. 1 is perfect, 0.5 is chance.",
    ),
    "pr": (
        "Precision–recall",
        f"{_ONE_AGAINST_ALL}\n"
        "AP, the average precision, is the area under a curve. Chance, dashed for one class, is\n"
        "the share of the class: rare classes have a lower AP.",
    ),
}
_HINT = "Point at a curve for its threshold. Circles: the model's own decisions."


class CurvesView(QWidget):
    """`readout` says what the threshold under the pointer gives."""

    def __init__(self) -> None:
        super().__init__()
        self._evaluation: Evaluation | None = None
        self._kind: CurveKind = "roc"
        self.kinds: dict[CurveKind, Chip] = {k: Chip(*texts) for k, texts in _KINDS.items()}
        group = QButtonGroup(self)
        self.classes = Picker("Class of the curve", "Show the curve of one class, or all.")
        self.classes.activated.connect(lambda _: self._show())
        self.plot = ThresholdPlot()
        self.plot.pointed.connect(self._show_readout)
        self.readout, self.areas = QLabel(), QLabel()
        self.readout.setWordWrap(True)
        self.readout.setAccessibleName("Threshold")
        self.readout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.areas.setWordWrap(True)
        self.areas.setTextFormat(Qt.TextFormat.RichText)
        self.areas.setAccessibleName("Areas under the curves")
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for kind, chip in self.kinds.items():
            group.addButton(chip)
            chip.clicked.connect(lambda _, k=kind: self._choose(k))
            row.addWidget(chip)
        self.kinds["roc"].setChecked(True)
        row.addWidget(self.classes, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        layout.addLayout(row)
        layout.addWidget(self.plot)
        layout.addWidget(self.readout)
        layout.addWidget(self.areas)
        # so that nothing moves while one points
        self.readout.setMinimumHeight(3 * self.readout.fontMetrics().lineSpacing())

    def show_evaluation(self, evaluation: Evaluation | None) -> None:
        classes = evaluation.classes if evaluation else ()
        if self._evaluation is None or self._evaluation.classes != classes:
            self.classes.clear()
            self.classes.addItem("All classes", _ALL)
            for k, name in enumerate(classes):
                self.classes.addItem(label_text.class_title(name), k)
        self._evaluation = evaluation
        self._show()

    def _choose(self, kind: CurveKind) -> None:
        self._kind = kind
        self._show()

    def _show(self) -> None:
        evaluation, chosen = self._evaluation, self.classes.currentData()
        curves = class_curves_of(evaluation) if evaluation is not None else ()
        shown = tuple(each for each in curves if chosen in (_ALL, None, each.index))
        self.plot.show_curves(shown, self._kind)
        self.plot.setToolTip(_KINDS[self._kind][1])
        self.plot.setAccessibleName(f"{_KINDS[self._kind][0]} curve")
        self.areas.setText(self._areas_html(shown))
        self.areas.setToolTip(_KINDS[self._kind][1])
        self._decided = _decided_text(shown[0]) if len(shown) == 1 else _HINT
        self._show_readout("")

    def _areas_html(self, shown: tuple[ClassCurve, ...]) -> str:
        """The area under each curve, and their mean over the classes."""
        is_roc = self._kind == "roc"
        areas = [c.curve.roc_area if is_roc else c.curve.average_precision for c in shown]
        name, colours = "AUC" if is_roc else "AP", theme.current()
        parts = [
            f'<span style="color: {colours.expression(each.name, each.index)}">━</span>&nbsp;'
            f"{label_text.class_title(each.name)}&nbsp;{_area(area)}"
            for each, area in zip(shown, areas, strict=True)
        ]
        known = [area for area in areas if np.isfinite(area)]
        if len(known) > 1:
            parts.insert(0, f"<b>mean {_area(float(np.mean(known)))}</b>")
        return f"{name}: " + " &nbsp; ".join(parts) if parts else ""

    def _show_readout(self, text: str) -> None:
        self.readout.setText(text or self._decided)


def class_curves_of(evaluation: Evaluation) -> tuple[ClassCurve, ...]:
    """Each class's curve, with what the model's own decisions give."""
    scores = evaluation.scores
    counts = scores.confusion
    others = counts.sum() - scores.support
    false_alarms = counts.sum(axis=0) - counts.diagonal()
    rates = np.divide(false_alarms, others, out=np.full(len(others), np.nan), where=others > 0)
    decided = zip(scores.recall.tolist(), scores.precision.tolist(), rates.tolist(), strict=True)
    rows = zip(evaluation.classes, evaluation.threshold_curves, decided, strict=True)
    return tuple(ClassCurve(name, k, curve, at) for k, (name, curve, at) in enumerate(rows))


def _decided_text(curve: ClassCurve) -> str:
    recall, precision, rate = curve.decided
    return (
        f"Circle, as the model decides: recall {accuracy_text(recall)}, precision "
        f"{accuracy_text(precision)}, false positive rate {accuracy_text(rate)}."
    )


def _area(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"
