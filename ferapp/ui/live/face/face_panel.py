"""The column beside the picture: the results for the selected face, and the controls."""

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

from ferapp.live.status import LiveStatus
from ferapp.overlays.label_text import class_title
from ferapp.overlays.overlay_style import OverlayStyle, displayed_map, target_class
from ferapp.ui.duel.sides import A, B, Sides, compared_sides
from ferapp.ui.live.face.attention_strip import AttentionStrip
from ferapp.ui.live.face.attribution_key import AttributionKey
from ferapp.ui.live.face.crop_view import CropView
from ferapp.ui.live.face.face_badge import FaceBadge
from ferapp.ui.live.face.probability_bars import ProbabilityBars
from ferapp.ui.live.face.quality_chips import QualityChips
from ferapp.ui.live.face.region_meter import RegionMeter
from ferapp.ui.live.face.twin_bars import TwinBars
from ferapp.ui.text import source_text, wording
from ferapp.ui.timeline import probability_plot, signal_panel
from ferapp.ui.timeline.affect_plane import AffectPlane
from ferapp.ui.timeline.probability_plot import ProbabilityPlot
from ferapp.ui.timeline.session_history import SessionHistory
from ferapp.ui.timeline.signal_panel import SignalPanel
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import fix_width, scaled
from ferapp.vision.face_regions import region_shares
from ferapp.vision.types import Analysis, Face, Prediction

WIDTH = 384  # px, all text fits at the font's usual size
NAME_WIDTH = 110  # px of the model's name beside the headline
CROP_TITLE = "What the model sees"
ROW_GAP = 6  # px; this and the next make everything fit into the smallest window
BOTTOM_MARGIN = 10  # px


class FacePanel(QWidget):
    """Headline and bars stay in view; all else scrolls where the window is low.

    `beside_crop` are the widgets to the right of the crop, `below` those under it; `group` is the
    group of signals selected at first, `history` what the plots show.
    """

    def __init__(
        self,
        beside_crop: Sequence[QWidget],
        below: Sequence[QWidget],
        group: str,
        history: SessionHistory,
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
        self.quality_chips = QualityChips()
        self.detail = QLabel()
        self.detail.setWordWrap(True)
        self.model_label = QLabel()  # which of two compared models the headline is from
        self.model_label.setProperty("quiet", True)
        self.model_label.setAccessibleName("Model of this expression")
        self.model_label.hide()
        self.crop_title = QLabel(CROP_TITLE)
        self.crop_title.setProperty("quiet", True)
        self.notice = QLabel()
        self.notice.setProperty("notice", True)
        self.notice.setWordWrap(True)
        self.notice.setAccessibleName("Notice about the model")
        self.notice.hide()
        self.bars = ProbabilityBars()
        self.twin_bars = TwinBars()  # in place of the bars while two models are compared
        self._history = history
        self.probability_plot = ProbabilityPlot(history)
        self.signals = SignalPanel(group, history)
        self.signals.hide()
        self.crop = CropView()
        self.key = AttributionKey()
        self.region_meter = RegionMeter()
        self.second_region_meter = RegionMeter()  # of the second model
        self.second_region_meter.setAccessibleName("Where the second model's attribution lies")
        self.second_region_meter.hide()
        self.attention = AttentionStrip()
        self.affect_plane = AffectPlane()
        policy = self.key.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing moves when the attribution is switched off
        self.key.setSizePolicy(policy)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 0, 0, 0)  # the line at the left
        column.setSpacing(0)
        column.addLayout(self._lay_out_header())
        column.addWidget(self._lay_out_scroll_area(beside_crop, below), 1)
        fix_width(self, _panel_width)

    def _lay_out_header(self) -> QVBoxLayout:
        first = QHBoxLayout()
        first.setSpacing(theme.GAP)
        first.addWidget(self.badge)
        first.addWidget(self.label)
        first.addWidget(self.quality_chips, 1)
        second = QHBoxLayout()
        second.setSpacing(theme.GAP)
        second.addWidget(self.detail, 1)
        second.addWidget(self.model_label, 0, Qt.AlignmentFlag.AlignTop)
        headline = QVBoxLayout()
        headline.setSpacing(0)
        headline.addLayout(first)
        headline.addLayout(second)
        layout = QVBoxLayout()
        layout.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.GAP)
        layout.setSpacing(theme.GAP)
        layout.addLayout(headline)
        layout.addWidget(self.notice)
        layout.addWidget(self.bars)
        layout.addWidget(self.twin_bars)
        return layout

    def _lay_out_scroll_area(
        self, beside_crop: Sequence[QWidget], below: Sequence[QWidget]
    ) -> QScrollArea:
        self.crop_title.setToolTip(self.crop.toolTip())
        right = QVBoxLayout()
        right.setSpacing(0)
        for widget in beside_crop:
            right.addWidget(widget)
        right.addStretch(1)
        right.addWidget(self.key)
        crop_row = QWidget()
        crop_row.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        lower = QHBoxLayout(crop_row)
        lower.setContentsMargins(0, 0, 0, 0)
        lower.setSpacing(theme.MARGIN)
        left = QVBoxLayout()
        left.setSpacing(ROW_GAP)
        left.addWidget(self.crop_title)
        left.addWidget(self.crop)
        left.addStretch(1)
        lower.addLayout(left)
        lower.addLayout(right, 1)
        inner = QWidget()
        inner.setObjectName("inner")
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, BOTTOM_MARGIN)
        layout.setSpacing(ROW_GAP)
        layout.addWidget(self.probability_plot, 1)
        layout.addWidget(self.signals, 1)
        layout.addWidget(self.affect_plane)
        layout.addWidget(crop_row)
        layout.addWidget(self.region_meter)
        layout.addWidget(self.second_region_meter)
        layout.addWidget(self.attention)
        for widget in below:
            layout.addWidget(widget)
        layout.addStretch(0)  # takes the room that is left on a tall screen
        return self._scrolling(inner, layout)

    def _scrolling(self, inner: QWidget, layout: QVBoxLayout) -> QScrollArea:
        scroll = QScrollArea()
        scroll.setObjectName("inner")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Tab scrolls to the focused control
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inner)
        bar = scroll.verticalScrollBar()
        edge = QFrame(scroll)  # the contents scroll under it
        edge.setObjectName("edge")
        fix_width(edge, lambda _: scaled(WIDTH))
        edge.setFixedHeight(1)
        edge.hide()
        bar.valueChanged.connect(lambda value: edge.setVisible(value > 0))

        def align(_least: int, most: int) -> None:
            """The scroll bar replaces the margin, so that the width of the panel stays the same."""
            room = theme.MARGIN - (bar.sizeHint().width() if most else 0)
            layout.setContentsMargins(theme.MARGIN, 0, room, BOTTOM_MARGIN)

        bar.rangeChanged.connect(align)
        return scroll

    def plot(self, analysis: Analysis) -> None:
        """Add the values of one analysis to the history that the plots draw."""
        self._history.add(analysis)

    def interrupt_plots(self) -> None:
        """Leave a gap before the next analysis: some in between were not plotted."""
        self._history.interrupt()

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
        self.badge.show_face(analysis.selected_id if analysis and several else None, face)
        issues = face.issues() if face is not None and face.prediction is not None else ()
        self.label.setText(headline)
        _mute(self.label, bool(issues))
        self.quality_chips.show_issues(issues)
        effect = wording.effect_of_hiding(analysis)
        self.detail.setText(effect or detail)
        _mute(self.detail, not effect)
        self.affect_plane.show_analysis(analysis)
        classes = analysis.classes if analysis is not None else ()
        self._show_bars(face, classes, style)
        sides = _sides(analysis, status, style)
        has_two_models = sides is not None and not sides.have_one_model
        self.bars.setVisible(not has_two_models)
        self.twin_bars.setVisible(has_two_models)
        if sides is not None and has_two_models:
            predictions = [face.predicted_by(model) if face else None for model in (0, 1)]
            names = sides.first.model, sides.second.model
            self.twin_bars.show_both(names, classes, *predictions)

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
        """Everything slower, called a few times a second: the picture shows none of it.

        `map_image` is the coloured map of the selected face.
        """
        if analysis is not None and analysis.model is not None:
            # the model may not support the chosen method
            style = replace(style, method=analysis.model.method)
        face = analysis.selected_face if analysis is not None else None
        crop = face.crop if face is not None else None
        self.crop.show_crop(crop, map_image, wording.no_crop(status))
        prediction = face.prediction if face is not None else None
        self.region_meter.show_shares(_region_shares(prediction, style))
        self.attention.show_weights(prediction.attention if prediction is not None else None)
        self._show_key(prediction, style)
        sides = _sides(analysis, status, style)
        self.second_region_meter.setVisible(sides is not None)
        self.probability_plot.setVisible(sides is None)  # the timeline shows the same, with room
        self.region_meter.set_title(A if sides is not None else "")
        self.second_region_meter.set_title(B)
        has_two_models = sides is not None and not sides.have_one_model
        self._show_model_name(source_text.first_title(status) if has_two_models else "")
        if sides is not None:
            other = face.predicted_by(1) if face is not None else None
            self.second_region_meter.show_shares(_region_shares(other, style))
        self.probability_plot.redraw()
        self.signals.show_analysis(analysis)

    def _show_key(self, prediction: Prediction | None, style: OverlayStyle) -> None:
        self.key.setVisible(style.attribution)
        displayed = displayed_map(prediction, style.target)
        if prediction is None or displayed is None:
            self.key.show_map(style)
            return
        shown, requested = displayed[0], target_class(prediction, style.target)
        titles = (class_title(prediction.classes[i]) for i in (shown, requested))
        self.key.show_map(style, *titles)

    def _show_model_name(self, name: str) -> None:
        """Name the model of headline and crop while two are compared; "" hides the name."""
        short = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, scaled(NAME_WIDTH))
        self.model_label.setText(short)
        self.model_label.setToolTip(f"By {name}. The bars and the pictures show both models.")
        self.crop_title.setText(f"What {A} sees" if name else CROP_TITLE)
        self.model_label.setVisible(bool(name))

    def show_signals(self, on: bool) -> None:
        """With the signals, the column scrolls on a small screen instead of squeezing the plots."""
        self.signals.setVisible(on)
        height = signal_panel.MIN_HEIGHT if on else probability_plot.MIN_HEIGHT
        self.probability_plot.set_min_height(height)

    def show_status(self, status: LiveStatus) -> None:
        text = wording.model_notice(status)
        self.notice.setText(text)
        self.notice.setVisible(bool(text))


def _panel_width(panel: FacePanel) -> int:
    """About a third of it are margins and bars, which larger text leaves as they are."""
    width = round(0.3 * WIDTH) + scaled(0.7 * WIDTH)
    return max(width, panel.minimumSizeHint().width())


def _sides(analysis: Analysis | None, status: LiveStatus, style: OverlayStyle) -> Sides | None:
    """What is compared, once there are predictions of both sides."""
    sides = compared_sides(status, style)
    there = analysis is not None and len(analysis.models) > 1
    return sides if there and sides is not None and sides.second.model else None


def _region_shares(
    prediction: Prediction | None, style: OverlayStyle
) -> NDArray[np.float64] | None:
    """How the displayed map is spread over the regions of the face; None without a map."""
    displayed = displayed_map(prediction, style.target)
    if prediction is None or prediction.attribution is None or displayed is None:
        return None
    return region_shares(displayed[1], prediction.attribution.regions)


def _mute(label: QLabel, on: bool) -> None:
    role = QPalette.ColorRole
    label.setForegroundRole(role.PlaceholderText if on else role.WindowText)
