"""The column beside the picture: what the model makes of the face followed, and the controls."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
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

from ferapp.live.status import LiveStatus, ModelStatus
from ferapp.overlays.label_text import class_title
from ferapp.overlays.overlay_style import OverlayStyle, displayed_map, target_class
from ferapp.ui.live.face.attention_strip import AttentionStrip
from ferapp.ui.live.face.attribution_key import AttributionKey
from ferapp.ui.live.face.crop_view import CropView
from ferapp.ui.live.face.face_badge import FaceBadge
from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.live.face.quality_chips import QualityChips
from ferapp.ui.live.face.region_meter import RegionMeter
from ferapp.ui.live.face.twin_bars import A, B, TwinBars
from ferapp.ui.text import source_text, wording
from ferapp.ui.timeline import probability_plot, signal_panel
from ferapp.ui.timeline.probability_plot import ProbabilityPlot
from ferapp.ui.timeline.signal_panel import SignalPanel
from ferapp.ui.widgets import theme
from ferapp.vision.face_regions import region_shares
from ferapp.vision.types import Analysis, Face, Prediction

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
        self.doubts = QualityChips()
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
        self.places = RegionMeter()
        self.other_places = RegionMeter()  # of the second model
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

    def show_face(
        self,
        analysis: Analysis | None,
        status: LiveStatus,
        style: OverlayStyle,
        chosen: int | None = None,
    ) -> None:
        """Headline and bars: called with the picture, so that both show the same numbers.

        `chosen` is the id of the face that the user selected.
        """
        headline, detail = wording.headline(analysis, status, chosen)
        face = analysis.selected_face if analysis is not None else None
        several = analysis is not None and (len(analysis.faces) > 1 or chosen is not None)
        self.badge.show_face(
            analysis.selected_id if analysis and several else None, face is not None
        )
        issues = face.issues() if face is not None and face.prediction is not None else ()
        self.label.setText(headline)
        _mute(self.label, bool(issues))
        self.doubts.show_issues(issues)
        effect = wording.effect_of_hiding(analysis)
        self.detail.setText(effect or detail)
        _mute(self.detail, not effect)
        classes = analysis.classes if analysis is not None else ()
        self._show_bars(face, classes, style)
        second = _second_model(analysis, status)
        self.bars.setVisible(second is None)
        self.twin_bars.setVisible(second is not None)
        if second is not None:
            predictions = [face.predicted_by(model) if face else None for model in (0, 1)]
            self.twin_bars.show_both((status.model.name, second.name), classes, *predictions)

    def _show_bars(self, face: Face | None, classes: tuple[str, ...], style: OverlayStyle) -> None:
        prediction = face.prediction if face is not None else None
        if prediction is None:
            self.bars.show_probabilities(classes)
            return
        marked = None  # a class that was chosen, not just the predicted one
        if style.target == "runner_up" or style.target in prediction.classes:
            marked = target_class(prediction, style.target)
        self.bars.show_probabilities(
            prediction.classes,
            prediction.smoothed,
            prediction.probabilities,
            prediction.unmasked,
            marked,
        )

    def show_details(
        self,
        analysis: Analysis | None,
        status: LiveStatus,
        style: OverlayStyle,
        map_image: QImage | None,
    ) -> None:
        """What costs more and has no counterpart on the picture: a few times a second.

        `map_image` is the coloured map of the selected face.
        """
        if analysis is not None and analysis.model is not None:
            # not every model serves the method that was chosen
            style = replace(style, method=analysis.model.method)
        face = analysis.selected_face if analysis is not None else None
        crop = face.crop if face is not None else None
        self.crop.show_crop(crop, map_image, wording.no_crop(status))
        prediction = face.prediction if face is not None else None
        self.places.show_shares(_region_shares(prediction, style))
        self.attention.show_weights(prediction.attention if prediction is not None else None)
        self._show_key(prediction, style)
        second = _second_model(analysis, status)
        self.other_places.setVisible(second is not None)
        self.places.set_title(A if second is not None else "")
        self.other_places.set_title(B)
        self._tell_whose(source_text.first_title(status) if second is not None else "")
        if second is not None:
            other = face.predicted_by(1) if face is not None else None
            self.other_places.show_shares(_region_shares(other, style))
        self.probability_plot.redraw()
        self.signals.show_analysis(analysis)

    def _show_key(self, prediction: Prediction | None, style: OverlayStyle) -> None:
        self.key.setVisible(style.attribution)
        found = displayed_map(prediction, style.target)
        if prediction is None or found is None:
            self.key.show_map(style)
            return
        shown, asked = found[0], target_class(prediction, style.target)
        titles = (class_title(prediction.classes[i]) for i in (shown, asked))
        self.key.show_map(style, *titles)

    def _tell_whose(self, whose: str) -> None:
        """Headline, plot and crop are those of the first of two models; "" is the only one."""
        short = self.fontMetrics().elidedText(whose, Qt.TextElideMode.ElideRight, WHOSE)
        self.whose.setText(short)
        self.whose.setToolTip(f"By {whose}. The bars and the pictures show both models.")
        self.over_time.setText(f"{A} over time")
        self.sees.setText(f"What {A} sees" if whose else SEES)
        for label in (self.whose, self.over_time):
            label.setVisible(bool(whose))

    def show_signals(self, on: bool) -> None:
        """With them the column scrolls on a small screen: then no plot need be squeezed."""
        self.signals.setVisible(on)
        height = signal_panel.MIN_HEIGHT if on else probability_plot.MIN_HEIGHT
        self.probability_plot.setMinimumHeight(height)

    def show_status(self, status: LiveStatus) -> None:
        text = wording.model_notice(status)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))


def _second_model(analysis: Analysis | None, status: LiveStatus) -> ModelStatus | None:
    """The second model, once its predictions are there."""
    second = status.second_model
    there = analysis is not None and len(analysis.models) > 1
    return second if there and second is not None and second.name else None


def _region_shares(prediction: Prediction | None, look: OverlayStyle) -> NDArray[np.float64] | None:
    """How the displayed map is spread over the regions of the face; None without a map."""
    found = displayed_map(prediction, look.target)
    if prediction is None or prediction.attribution is None or found is None:
        return None
    return region_shares(found[1], prediction.attribution.regions)


def _mute(label: QLabel, on: bool) -> None:
    role = QPalette.ColorRole
    label.setForegroundRole(role.PlaceholderText if on else role.WindowText)
