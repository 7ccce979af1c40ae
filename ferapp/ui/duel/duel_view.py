"""The comparison: headline, the face with both explanations, agreement over time, disagreements."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ferapp.live.status import LiveStatus
from ferapp.overlays.label_text import class_title
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.duel.agreement_plot import AgreementPlot
from ferapp.ui.duel.disagreements import MIN_FRAMES, DisagreementDetector, Pin, Pins
from ferapp.ui.duel.duel_header import DuelHeader, correlation_text
from ferapp.ui.duel.face_comparison import FaceComparison, compare_face
from ferapp.ui.duel.pin_strip import PinStrip
from ferapp.ui.duel.sides import A, B, Side, Sides, compared_sides
from ferapp.ui.duel.wipe_view import STEP, Layer, WipeView
from ferapp.ui.text import wording
from ferapp.ui.widgets import theme
from ferapp.vision.face_cutout import cut_out_face
from ferapp.vision.types import Analysis

_FOOTER = 92  # px
_TWO_MODELS = (
    "Moments when A and B give different answers appear here, with both answers.\n"
    "Enter steps through them."
)
_ONE_MODEL = (
    "One model gives one answer. Moments when the two maps are opposed appear here.\n"
    "Enter steps through them."
)


class DuelView(QWidget):
    """Takes the place of the picture while two sides are compared.

    Shows each analysis live until a disagreement is held; `held_changed` says that another one is,
    or none. The clock is that of the wall, for sources without a time of their own.
    """

    held_changed = Signal()

    def __init__(
        self,
        on_painted: Callable[[Analysis], None],
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        super().__init__()
        self._clock = clock
        self._style = OverlayStyle()
        self._sides: Sides | None = None
        self._subject: tuple[Side, Side, str] | None = None  # of the pins: both sides, and a source
        self._live: Analysis | None = None
        self._comparison: FaceComparison | None = None  # of the live face
        self._detector, self.pins = DisagreementDetector(), Pins()
        self.held: Pin | None = None
        self.header = DuelHeader()
        self.wipe = WipeView(on_painted)
        self.plot = AgreementPlot()
        self.strip = PinStrip()
        self.strip.setToolTip(
            f"Each lasted at least {MIN_FRAMES} analysed frames. The newest is on the left.\n"
            "Click one, or press Enter, to hold its frame. Esc goes back to the live picture."
        )
        self.held_badge = QLabel(self.wipe)
        self.held_badge.setProperty("frozen", True)
        self.held_badge.setAccessibleName("Held frame")
        self.held_badge.setToolTip("This frame is held. Esc goes back to the live picture.")
        self.held_badge.hide()
        footer = QWidget()
        footer.setObjectName("bar")
        footer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        footer.setFixedHeight(_FOOTER)
        row = QHBoxLayout(footer)
        row.setContentsMargins(theme.GAP, 6, theme.GAP, 6)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.plot, 2)
        row.addWidget(self.strip, 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addWidget(self.wipe, 1)
        column.addWidget(footer)
        self.header.layer_chosen.connect(self.set_layer)
        self.strip.chosen.connect(self.hold)
        self._show_pins()
        self.hide()

    @property
    def sides(self) -> Sides | None:
        """What is compared; None without a comparison."""
        return self._sides

    @property
    def held_analysis(self) -> Analysis | None:
        return self.held.analysis if self.held is not None else None

    def show_status(self, status: LiveStatus) -> None:
        self._sides = compared_sides(status, self._style)
        self.setVisible(self._sides is not None)
        if self._sides is not None and not self._sides.notice:
            subject = self._sides.first, self._sides.second, status.source.uri
            if subject != self._subject:
                self._start_over(subject)
        elif self._sides is None and self._subject is not None:
            self._start_over(None)
        self._show_headline()

    def set_overlay_style(self, style: OverlayStyle) -> None:
        self._style = style
        self.wipe.set_overlay_style(style)
        self.header.show_style(style)
        if self._live is not None:
            self.show_analysis(self._live)

    def set_layer(self, layer: Layer) -> None:
        self.wipe.set_layer(layer)
        self.header.show_layer(layer)

    def show_analysis(self, analysis: Analysis) -> None:
        """Show it live, unless a disagreement is held."""
        self._live = analysis
        self._comparison = self._compare(analysis)
        if self.held is None:
            self.wipe.show_comparison(analysis, self._comparison)
            self._show_headline()

    def follow(self, analysis: Analysis) -> None:
        """Add the shown analysis to the agreement over time; pin it if it is a disagreement."""
        face, comparison = analysis.selected_face, self._comparison
        face_id = face.face_id if face is not None else None
        self.plot.add(analysis.frame, face_id, comparison)
        disagreement = comparison.disagreement if comparison is not None else None
        subject = face_id, analysis.frame.segment, analysis.frame.source
        if not self._detector.add(subject, disagreement) or face is None or comparison is None:
            return
        titles = [class_title(answer) for answer in comparison.answers]
        texts = f"{A} {titles[0]}", f"{B} {titles[1]}"
        if comparison.agree:
            texts = "Opposed", correlation_text(comparison.correlation)
        if self.pins.add(Pin(cut_out_face(analysis, face), texts, self._time(analysis))):
            self._show_pins()

    def redraw(self) -> None:
        """Draw what was added to the plot, a few times a second."""
        self.plot.redraw()

    def selected_map(self) -> QImage | None:
        """The coloured map of the shown face by the first side."""
        images = self.wipe.map_images(0)
        return images[0] if images else None

    def hold(self, pin: Pin | None) -> None:
        """Hold the frame of a disagreement; None goes back to the live picture."""
        self.held = pin
        shown = pin.analysis if pin is not None else self._live
        if shown is not None:
            self.wipe.show_comparison(shown, self._compare(shown), is_live=pin is None)
        self._show_headline()
        self._show_pins()
        self.held_changed.emit()

    def handle_key(self, key: int) -> bool:
        """Whether the key means something here now."""
        keys = Qt.Key
        if not self.isVisible():
            return False
        if key in (keys.Key_Left, keys.Key_Right):
            side = 1 if key == keys.Key_Right else -1
            self.wipe.move_line(self.wipe.position + side * STEP)
        elif key == keys.Key_W:
            is_wipe = self.wipe.layer is Layer.WIPE
            self.set_layer(Layer.DIFFERENCE if is_wipe else Layer.WIPE)
        elif key in (keys.Key_Return, keys.Key_Enter) and self.pins.all:
            self.hold(self._next_pin())
        elif key == keys.Key_Escape and self.held is not None:
            self.hold(None)
        else:
            return False
        return True

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_badge()

    def _next_pin(self) -> Pin:
        """The newest first, then older ones, and round again."""
        newest_first = self.pins.all[::-1]
        place = newest_first.index(self.held) if self.held in newest_first else -1
        return newest_first[(place + 1) % len(newest_first)]

    def _start_over(self, subject: tuple[Side, Side, str] | None) -> None:
        """Pins and plot are of one pair of sides and one source."""
        self._subject = subject
        self.pins.clear()
        self._detector = DisagreementDetector()
        self.plot.clear()
        self.wipe.place_line()
        if self.held is not None:
            self.hold(None)
        self._show_pins()

    def _compare(self, analysis: Analysis) -> FaceComparison | None:
        one_model = self._sides is not None and self._sides.have_one_model
        return compare_face(analysis.selected_face, self._style.target, one_model=one_model)

    def _time(self, analysis: Analysis) -> str:
        position_s = analysis.frame.position_s
        return f"{self._clock():%H:%M:%S}" if position_s is None else wording.duration(position_s)

    def _show_headline(self) -> None:
        held = self.held_analysis
        comparison = self._comparison if held is None else self._compare(held)
        self.header.show_both(self._sides, comparison)
        self._show_badge()

    def _show_pins(self) -> None:
        one_model = self._sides is not None and self._sides.have_one_model
        text = _ONE_MODEL if one_model else _TWO_MODELS
        self.strip.show_pins(self.pins.all, self.pins.total, self.held, text)

    def _show_badge(self) -> None:
        self.held_badge.setVisible(self.held is not None)
        if self.held is not None:
            self.held_badge.setText(f"Held: {self.held.time}. Esc: live")
            self.held_badge.adjustSize()
            self.held_badge.move((self.wipe.width() - self.held_badge.width()) // 2, 14)
