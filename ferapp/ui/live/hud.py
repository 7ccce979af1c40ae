"""Figures on the picture: how fast, how late, and where the time goes."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from ferapp.live.status import LiveStatus
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme


@dataclass(frozen=True, slots=True)
class Figure:
    id: str
    name: str
    tip: str


FIGURES: tuple[tuple[Figure, ...], ...] = (
    (
        Figure("capture", "Source", "Pictures a second that the source delivers."),
        Figure("analysis", "Analysis", "Pictures a second that were analysed."),
        Figure("display", "Display", "Analysed pictures a second that reached the screen."),
        Figure(
            "dropped",
            "Overwritten",
            "Pictures that a newer one replaced before they were analysed.\n"
            "They keep the delay short when the analysis is slower than the source.",
        ),
    ),
    (
        Figure(
            "p50",
            "Delay, median",
            "From the arrival of a picture to its painting with the overlays:\n"
            "half of the pictures are faster than this.",
        ),
        Figure("p95", "Delay, 95 %", "95 of 100 pictures are on the screen within this time."),
        Figure(
            "map_age",
            "Map's age",
            "From the arrival of the picture that the attribution explains to its painting.\n"
            "Map and picture are always of the same moment.",
        ),
    ),
    (
        Figure("landmarks", "Landmarks", "Finding the faces and their points."),
        Figure("align", "Alignment", "Turning, cutting and shrinking the faces for the model."),
        Figure(
            "model",
            "Model, attribution",
            "The model's probabilities for all faces of a picture and, when it is on,\n"
            "the attribution: which parts of the faces count.",
        ),
        Figure("convert", "Conversion", "Making a picture that the window can paint."),
    ),
    (
        Figure("model_name", "Model", "The model that runs now."),
        Figure("device", "Device", "Where the model runs."),
    ),
)


class Hud(QWidget):
    """A translucent panel; every row explains itself in its tooltip."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("hud")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Figures")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.values: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 10, 12, 10)
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(2)
        font = theme.sized(self.font(), 0.92)
        row = 0
        for group in FIGURES:
            if row:
                grid.setRowMinimumHeight(row, 6)
                row += 1
            for figure in group:
                name, value = QLabel(figure.name), QLabel("–")
                name.setProperty("quiet", True)
                value.setAlignment(Qt.AlignmentFlag.AlignRight)
                value.setAccessibleName(figure.name)
                for label in (name, value):
                    label.setFont(font)
                    label.setToolTip(figure.tip)
                grid.addWidget(name, row, 0)
                grid.addWidget(value, row, 1)
                self.values[figure.id] = value
                row += 1
        # room for the widest usual figure, so that the panel keeps its size
        grid.setColumnMinimumWidth(1, self.fontMetrics().horizontalAdvance("1000.0\u00a0ms"))

    def show_status(self, status: LiveStatus) -> None:
        rates, stages = status.rates, status.rates.stages
        texts = {
            "capture": f"{rates.capture_fps:.1f}\u00a0/s",
            "analysis": f"{rates.analysis_fps:.1f}\u00a0/s",
            "display": f"{rates.display_fps:.1f}\u00a0/s",
            "dropped": str(rates.dropped),
            "p50": wording.milliseconds(rates.capture_to_paint_p50),
            "p95": wording.milliseconds(rates.capture_to_paint_p95),
            "landmarks": wording.milliseconds(stages.landmarks),
            "align": wording.milliseconds(stages.align),
            "model": wording.milliseconds(stages.model),
            "convert": wording.milliseconds(stages.convert),
            "model_name": status.model.name or "–",
            "device": status.model.device or "–",
        }
        for key, text in texts.items():
            self.values[key].setText(text)
        self.adjustSize()

    def show_map_age(self, milliseconds: float | None) -> None:
        """None while no map is shown."""
        text = "–" if milliseconds is None else wording.milliseconds(milliseconds)
        self.values["map_age"].setText(text)
