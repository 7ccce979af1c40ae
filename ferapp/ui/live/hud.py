"""Performance figures on the picture: rates, delays, and where the time goes."""

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from ferapp.live.status import LiveStatus
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme


@dataclass(frozen=True, slots=True)
class HudFigure:
    id: str
    name: str
    tip: str


FIGURES: tuple[tuple[HudFigure, ...], ...] = (
    (
        HudFigure("capture", "Source", "Frames per second from the source."),
        HudFigure("analysis", "Analysis", "Frames per second that are analysed."),
        HudFigure("display", "Display", "Analysed frames per second that reach the screen."),
        HudFigure(
            "dropped",
            "Skipped frames",
            "Frames that a newer one replaced before they were analysed.\n"
            "Skipping keeps the delay short while the analysis is slower than the source.",
        ),
    ),
    (
        HudFigure(
            "p50",
            "Delay, median",
            "From the arrival of a frame until it is painted with its overlays:\n"
            "half of the frames are faster than this.",
        ),
        HudFigure("p95", "Delay, 95 %", "95 of 100 frames are on the screen within this time."),
        HudFigure(
            "overlay_delay",
            "Overlay delay",
            "From the arrival of the frame that the attribution explains until it is painted.\n"
            "Overlay and picture always belong to the same frame.",
        ),
    ),
    (
        HudFigure("landmarks", "Landmarks", "Detecting the faces and their landmarks."),
        HudFigure("align", "Alignment", "Rotating, cropping and scaling the faces for the model."),
        HudFigure(
            "model",
            "Model, attribution",
            "The model's probabilities for all faces of a frame and, if it is on,\n"
            "the attribution: which parts of the faces matter.",
        ),
        HudFigure(
            "convert",
            "Conversion",
            "Converting the frame into a format that the window can paint.",
        ),
    ),
    (
        HudFigure("model_name", "Model", "The model in use."),
        HudFigure("device", "Device", "The device that the model runs on."),
    ),
)


class Hud(QWidget):
    """A translucent panel; the tooltip of each row explains it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("hud")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Performance")
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
        # room for the widest usual value, so that the panel keeps its size
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

    def show_overlay_delay(self, milliseconds: float | None) -> None:
        """None while no map is displayed."""
        text = "–" if milliseconds is None else wording.milliseconds(milliseconds)
        self.values["overlay_delay"].setText(text)
