"""What the audience sees of the booth. Everything scales with its size."""

from dataclasses import replace

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.booth import booth_text
from ferapp.ui.booth.booth_session import BoothSession, Phase
from ferapp.ui.booth.panels_painter import draw_line, font_of, paint_strip
from ferapp.ui.booth.results_painter import paint_results
from ferapp.ui.stage.stage_face import StageFace
from ferapp.ui.text.class_words import Language
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis

_FACE_WIDTH = 0.46
_LIVE = (Phase.INVITE, Phase.COUNTDOWN, Phase.CAPTURE, Phase.MISSED)
_WRAP = Qt.TextFlag.TextWordWrap
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_BOLD = QFont.Weight.DemiBold


class BoothView(QWidget):
    """Paints the session as it is; who changes it calls `refresh`."""

    def __init__(self, session: BoothSession, language: Language, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._language = session, language
        self.face = StageFace(self)
        self.hint = ""
        self.number = 0  # of the countdown
        self._message = ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Challenge booth")

    def show_live(self, analysis: Analysis | None, style: OverlayStyle) -> None:
        """The face as in a mirror, without results: they would help the person."""
        if analysis is None or self._session.phase not in _LIVE:
            self.face.clear()
            return
        plain = replace(style, boxes=False, landmarks=False, attribution=False, crop_frame=False)
        self.face.set_overlay_style(plain)
        self.face.dots = tuple(sorted(analysis.faces, key=lambda face: face.face_id))
        selected = analysis.selected_face
        self.face.followed = selected.face_id if selected is not None else None
        self.face.show_analysis(analysis)

    def refresh(self, language: Language, number: int, hint: str) -> None:
        self._language, self.number, self.hint = language, number, hint
        if self._session.phase is not Phase.SUMMARY:
            self._message = ""
        self.face.setVisible(self._session.phase in _LIVE)
        self.setAccessibleDescription(booth_text.state(self._session, language))
        self.update()

    def show_message(self, text: str) -> None:
        """Show this in place of the keys, until the next phase."""
        self._message = text
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.face.setGeometry(0, 0, round(_FACE_WIDTH * self.width()), self.height())

    def _unit(self) -> float:
        return min(self.height(), self.width() * 0.62)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, unit = theme.current(), self._unit()
        margin = 0.055 * unit
        room = QRectF(self.rect()).adjusted(margin, margin, -margin, -margin)
        phase = self._session.phase
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(colours.window))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if phase in _LIVE:
                room.setLeft(_FACE_WIDTH * self.width() + margin)
            foot = QRectF(room)
            foot.setTop(room.bottom() - 0.05 * unit)
            keys = self._message or booth_text.keys(self._session)
            draw_line(painter, foot, keys, font_of(0.034 * unit), colours.muted)
            room.setBottom(foot.top() - 0.03 * unit)
            if phase is Phase.CONSENT:
                self._paint_consent(painter, room)
            elif phase in _LIVE:
                self._paint_challenge(painter, room)
            elif phase is Phase.SUMMARY:
                paint_results(painter, room, self._session, self._language)
            else:
                self._paint_strip(painter, room)

    def _paint_consent(self, painter: QPainter, room: QRectF) -> None:
        colours, unit = theme.current(), self._unit()
        title = QRectF(room.left(), room.top(), room.width(), 0.2 * unit)
        draw_line(
            painter, title, booth_text.CONSENT_TITLE, font_of(0.115 * unit, _BOLD), colours.text
        )
        painter.setFont(font_of(0.05 * unit))
        painter.setPen(QColor(colours.text))
        height = (room.height() - title.height()) / len(booth_text.CONSENT)
        for index, text in enumerate(booth_text.CONSENT):
            top = title.bottom() + index * height
            painter.drawText(QRectF(room.left(), top, room.width(), height), _LEFT | _WRAP, text)

    def _paint_challenge(self, painter: QPainter, room: QRectF) -> None:
        colours, unit = theme.current(), self._unit()
        top = room.top() + 0.14 * room.height()
        caption = QRectF(room.left(), top, room.width(), 0.07 * unit)
        word = QRectF(room.left(), caption.bottom(), room.width(), 0.22 * unit)
        if self._session.asked:  # nothing yet while the model loads
            draw_line(painter, caption, booth_text.SHOW, font_of(0.05 * unit), colours.muted)
            asked = self._language.word(self._session.asked)
            draw_line(painter, word, asked, font_of(0.17 * unit, _BOLD), colours.text)
        below = QRectF(room.left(), word.bottom(), room.width(), room.bottom() - word.bottom())
        if self._session.phase is Phase.COUNTDOWN:
            big = font_of(0.36 * unit, _BOLD)
            draw_line(painter, below, str(self.number), big, colours.accent)
            return
        is_capturing = self._session.phase is Phase.CAPTURE
        size, colour = (0.11, colours.accent) if is_capturing else (0.055, colours.text)
        painter.setFont(font_of(size * unit, _BOLD if is_capturing else QFont.Weight.Normal))
        painter.setPen(QColor(colour))
        below.setHeight(0.3 * unit)
        painter.drawText(below, _LEFT | _WRAP, self.hint)

    def _paint_strip(self, painter: QPainter, room: QRectF) -> None:
        session, colours, unit = self._session, theme.current(), self._unit()
        strip = session.strips[-1]
        head = QRectF(room.left(), room.top(), room.width(), 0.15 * unit)
        title = (
            "What does this face show?"
            if session.phase is Phase.VOTE
            else f"Asked: {self._language.word(strip.asked)}"
        )
        draw_line(painter, head, title, font_of(0.1 * unit, _BOLD), colours.text)
        room.setTop(head.bottom())
        is_revealed = session.phase is Phase.RESULT
        paint_strip(painter, room, strip, session.classes, self._language, revealed=is_revealed)
