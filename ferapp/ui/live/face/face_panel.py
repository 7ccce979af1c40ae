"""The column beside the picture: what the model makes of the face followed, and the controls."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QImage, QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ferapp.live.status import LiveStatus
from ferapp.overlays.overlay_style import Look, explained_class, map_of
from ferapp.ui.live.face.attention_strip import AttentionStrip
from ferapp.ui.live.face.attribution_key import AttributionKey
from ferapp.ui.live.face.crop_view import CropView
from ferapp.ui.live.face.face_badge import FaceBadge
from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.live.face.quality_chips import DoubtChips
from ferapp.ui.live.face.region_meter import PlaceMeter
from ferapp.ui.live.face.twin_bars import A, B, TwinBars
from ferapp.ui.text import source_text, wording
from ferapp.ui.timeline import probability_plot, signal_panel
from ferapp.ui.timeline.probability_plot import ProbabilityPlot
from ferapp.ui.timeline.signal_panel import SignalPanel
from ferapp.ui.widgets import theme
from ferapp.vision.face_parts import spread
from ferapp.vision.types import NOTHING, Analysis, FaceAnalysis

WIDTH = 384  # px, all text fits at the font's usual size
WHOSE = 110  # px of the model's name beside the headline
SEES = "What the model sees"
TIGHT, BOTTOM = 6, 10  # px between the rows and below them: all fits into the smallest window


class FacePanel(QWidget):
    """Headline and bars stay in view; all else scrolls where the window is low.

    `beside_crop` is what stands to the right of the crop, `below` the controls under it, `group`
    the signals to begin with.
    """

    def __init__(
        self, beside_crop: Sequence[QWidget], below: Sequence[QWidget], group: str
    ) -> None:
        super().__init__()
        self.setObjectName("column")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self.label.setFont(theme.sized(self.font(), 2.1, QFont.Weight.DemiBold))
        self.label.setAccessibleName("Apparent expression")
        self.label.setToolTip(
            "The expression that the face appears to show, and how sure the model is.\n"
            "Of several faces it is the largest, or the one that you clicked.\n"
            "What a face shows is not what a person feels."
        )
        self.badge = FaceBadge()
        self.doubts = DoubtChips()
        self.detail = QLabel()
        self.detail.setWordWrap(True)
        self.whose = QLabel()  # of the two models that are compared
        self.whose.setProperty("quiet", True)
        self.whose.setAccessibleName("Whose expression")
        self.whose.hide()
        self.over_time = QLabel()
        self.over_time.setProperty("quiet", True)
        self.over_time.hide()
        self.sees = QLabel(SEES)
        self.sees.setProperty("quiet", True)
        self.notice = QLabel()
        self.notice.setProperty("notice", True)
        self.notice.setWordWrap(True)
        self.notice.setAccessibleName("Notice about the model")
        self.notice.hide()
        self.bars = ProbabilityBars()
        self.twin_bars = TwinBars()  # in place of the bars while two models are compared
        self.probability_plot = ProbabilityPlot()
        self.signals = SignalPanel(group)
        self.signals.hide()
        self.crop = CropView()
        self.key = AttributionKey()
        self.places = PlaceMeter()
        self.other_places = PlaceMeter()  # of the second model
        self.other_places.setAccessibleName("Where the second model's attribution lies")
        self.other_places.hide()
        self.attention = AttentionStrip()
        place = self.key.sizePolicy()
        place.setRetainSizeWhenHidden(True)  # nothing moves when the attribution is switched off
        self.key.setSizePolicy(place)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)  # the line at the left
        column.setSpacing(0)
        column.addLayout(self._lay_out_words())
        column.addWidget(self._lay_out_rest(beside_crop, below), 1)
        self.setFixedWidth(max(WIDTH, self.minimumSizeHint().width()))

    def _lay_out_words(self) -> QVBoxLayout:
        first = QHBoxLayout()
        first.setSpacing(theme.GAP)
        first.addWidget(self.badge)
        first.addWidget(self.label)
        first.addWidget(self.doubts, 1)
        second = QHBoxLayout()
        second.setSpacing(theme.GAP)
        second.addWidget(self.detail, 1)
        second.addWidget(self.whose, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(first)
        words.addLayout(second)
        layout = QVBoxLayout()
        layout.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.GAP)
        layout.setSpacing(theme.GAP)
        layout.addLayout(words)
        layout.addWidget(self.notice)
        layout.addWidget(self.bars)
        layout.addWidget(self.twin_bars)
        return layout

    def _lay_out_rest(
        self, beside_crop: Sequence[QWidget], below: Sequence[QWidget]
    ) -> QScrollArea:
        self.sees.setToolTip(self.crop.toolTip())
        right = QVBoxLayout()
        right.setSpacing(0)
        for widget in beside_crop:
            right.addWidget(widget)
        right.addStretch(1)
        right.addWidget(self.key)
        seen = QWidget()
        seen.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        lower = QHBoxLayout(seen)
        lower.setContentsMargins(0, 0, 0, 0)
        lower.setSpacing(theme.MARGIN)
        lower.addWidget(self.crop, 0, Qt.AlignmentFlag.AlignTop)
        lower.addLayout(right, 1)
        inner = QWidget()
        inner.setObjectName("inner")
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, BOTTOM)
        layout.setSpacing(TIGHT)
        layout.addWidget(self.over_time)
        layout.addWidget(self.probability_plot, 1)
        layout.addWidget(self.signals, 1)
        layout.addWidget(self.sees)
        layout.addWidget(seen)
        layout.addWidget(self.places)
        layout.addWidget(self.other_places)
        layout.addWidget(self.attention)
        for widget in below:
            layout.addWidget(widget)
        layout.addStretch(0)  # takes what the strip leaves on a tall screen
        return self._scrolling(inner, layout)

    def _scrolling(self, inner: QWidget, layout: QVBoxLayout) -> QScrollArea:
        scroll = QScrollArea()
        scroll.setObjectName("inner")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab brings what it reaches into view
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        bar = scroll.verticalScrollBar()
        edge = QFrame(scroll)  # under it the column scrolls away
        edge.setObjectName("edge")
        edge.resize(WIDTH, 1)
        edge.hide()
        bar.valueChanged.connect(lambda value: edge.setVisible(value > 0))

        def align(_least: int, most: int) -> None:
            """The scroll bar takes its room from the margin: everything keeps its right edge."""
            room = theme.MARGIN - (bar.sizeHint().width() if most else 0)
            layout.setContentsMargins(theme.MARGIN, 0, room, BOTTOM)

        bar.rangeChanged.connect(align)
        return scroll

    def plot(self, analysis: Analysis) -> None:
        """Add the values of one analysis to the plots."""
        self.probability_plot.add(analysis)
        self.signals.plot.add(analysis)

    def interrupt_plots(self) -> None:
        """Leave a gap before the next analysis: some in between were not plotted."""
        self.probability_plot.interrupt()
        self.signals.plot.interrupt()

    def show_analysis(
        self,
        analysis: Analysis | None,
        status: LiveStatus,
        look: Look,
        map_image: QImage | None,
        chosen: int | None = None,
    ) -> None:
        """`map_image` is the coloured map of the face followed, `chosen` the id of the face that
        a person chose.
        """
        if analysis is not None:  # what was asked for may not be what the model can serve
            look = replace(look, method=analysis.method)
        headline, detail = wording.headline(analysis, status, chosen)
        face = analysis.face if analysis is not None else None
        several = analysis is not None and (len(analysis.faces) > 1 or chosen is not None)
        self.badge.show_face(analysis.followed if analysis and several else None, face is not None)
        classes = analysis.classes if analysis is not None else ()
        doubts = face.doubts if face is not None and face.smoothed.size else ()
        self.label.setText(headline)
        _mute(self.label, bool(doubts))
        self.doubts.show_doubts(doubts)
        effect = wording.effect_of_hiding(analysis)
        self.detail.setText(effect or detail)
        _mute(self.detail, not effect)
        self.crop.show_face(face, map_image, wording.no_crop(status))
        self._show_face(face, classes, look)
        self._show_second(analysis, status, look)
        self.probability_plot.redraw()
        self.signals.show_analysis(analysis)

    def _show_second(self, analysis: Analysis | None, status: LiveStatus, look: Look) -> None:
        """What the second model says of the same face, beside what the first says."""
        other = analysis.other if analysis is not None else None
        comparing = other is not None and bool(status.other_name)
        self.bars.setVisible(not comparing)
        self.twin_bars.setVisible(comparing)
        self.other_places.setVisible(comparing)
        self.places.set_title(A if comparing else "")
        self.other_places.set_title(B)
        self._tell_whose(source_text.first_title(status) if comparing else "")
        if analysis is None or other is None or not comparing:
            return
        first, second = analysis.face, other.face
        self.twin_bars.show_both(
            (status.model_name, status.other_name),
            analysis.classes,
            first.smoothed if first else NOTHING,
            other.classes,
            second.smoothed if second else NOTHING,
        )
        shares = None
        if second is not None and second.places is not None:
            found = map_of(second, other.classes, look.target)
            shares = spread(found[1], second.places) if found else None
        self.other_places.show_shares(shares)

    def _tell_whose(self, whose: str) -> None:
        """Headline, plot and crop are those of the first of two models; "" is the only one."""
        short = self.fontMetrics().elidedText(whose, Qt.TextElideMode.ElideRight, WHOSE)
        self.whose.setText(short)
        self.whose.setToolTip(f"By {whose}. The bars and the pictures show both models.")
        self.over_time.setText(f"{A} over time")
        self.sees.setText(f"What {A} sees" if whose else SEES)
        for label in (self.whose, self.over_time):
            label.setVisible(bool(whose))

    def _show_face(self, face: FaceAnalysis | None, classes: tuple[str, ...], look: Look) -> None:
        self.key.setVisible(look.attribution)
        asked = explained_class(face, classes, look.target) if face is not None else None
        if face is None or asked is None or len(face.smoothed) != len(classes):
            self.bars.show_probabilities(classes)
            self.key.show_map(look)
            self.places.show_shares(None)
            self.attention.show_weights(NOTHING)
            return
        self.attention.show_weights(face.attention)
        chosen = asked if look.target == "runner_up" or look.target in classes else None
        self.bars.show_probabilities(classes, face.smoothed, face.probabilities, face.whole, chosen)
        found = map_of(face, classes, look.target)
        if found is None:
            self.key.show_map(look)
            self.places.show_shares(None)
        else:
            self.places.show_shares(
                spread(found[1], face.places) if face.places is not None else None
            )
            self.key.show_map(look, wording.title(classes[found[0]]), wording.title(classes[asked]))

    def show_signals(self, on: bool) -> None:
        """With them the column scrolls on a small screen: then no plot need be squeezed."""
        self.signals.setVisible(on)
        height = signal_panel.MIN_HEIGHT if on else probability_plot.MIN_HEIGHT
        self.probability_plot.setMinimumHeight(height)

    def show_status(self, status: LiveStatus) -> None:
        text = wording.model_notice(status)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))


def _mute(label: QLabel, on: bool) -> None:
    role = QPalette.ColorRole
    label.setForegroundRole(role.PlaceholderText if on else role.WindowText)
