"""The picture for the audience: a face, one word, the bars. Everything scales with its size."""

from PySide6.QtCore import QEasingCurve, QPointF, QRectF, Qt, QVariantAnimation
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from ferapp.overlays import label_text
from ferapp.overlays.overlay_style import OverlayStyle
from ferapp.ui.stage.readout import Readout, Tone
from ferapp.ui.stage.stage_face import StageFace
from ferapp.ui.text.class_words import DEFAULT_LANGUAGE, LANGUAGES, Language
from ferapp.ui.widgets import theme
from ferapp.vision.types import Analysis

FACE_WIDTH = 0.46  # of a wide screen; a high one has the face in its upper part
FACE_HEIGHT = 0.56  # of a high screen
# Shares of the unit, the height of a wide screen. At 1080 rows the word has 160 px: 120 pt.
WORD = 160 / 1080
CAPTION = 34 / 1080
NAME = 44 / 1080
BAR = 40 / 1080
MARGIN = 56 / 1080
MAX_ROW = 98 / 1080
FADE_MS = 220  # from one word to the next


class AudienceView(QWidget):
    """Shows what it was given last; who freezes it simply gives it nothing new."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.face = StageFace(self)
        self._readout = Readout("", Tone.MESSAGE)
        self._language: Language = LANGUAGES[DEFAULT_LANGUAGE]
        self._old_word: tuple[str, Tone] = ("", Tone.MESSAGE)
        self._is_black = False
        self._fade = QVariantAnimation(self)
        self._fade.setDuration(FADE_MS)
        self._fade.setStartValue(0.0)
        self._fade.setEndValue(1.0)
        self._fade.setEasingCurve(QEasingCurve.Type.InOutSine)
        self._fade.valueChanged.connect(lambda _: self.update())
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Audience window")

    @property
    def readout(self) -> Readout:
        return self._readout

    def present(
        self,
        analysis: Analysis | None,
        readout: Readout,
        language: Language,
        style: OverlayStyle,
    ) -> None:
        """Show an analysis, or with None the words alone."""
        if (readout.word, readout.tone) != (self._readout.word, self._readout.tone):
            self._old_word = self._readout.word, self._readout.tone
            self._fade.stop()
            self._fade.start()
        if language.right_to_left != self._language.right_to_left:
            self._language = language
            self._arrange()
        self._readout, self._language = readout, language
        self.face.set_overlay_style(style)
        if analysis is None:
            self.face.clear()
        else:
            self.face.dots = tuple(sorted(analysis.faces, key=lambda face: face.face_id))
            selected = analysis.selected_face
            self.face.followed = selected.face_id if selected is not None else None
            self.face.show_analysis(analysis)
        self.setAccessibleDescription(readout.word)
        self.update()

    def set_black(self, on: bool) -> None:
        if on != self._is_black:
            self._is_black = on
            self.face.setVisible(not on)
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _is_wide(self) -> bool:
        return self.width() > self.height()

    def _unit(self) -> float:
        """Height of a wide screen; of a high one, what makes the text fit beneath the face."""
        return min(self.height(), self.width() * 0.68) if self._is_wide() else self.width() * 0.72

    def _arrange(self) -> None:
        if self._is_wide():
            width = round(self.width() * FACE_WIDTH)
            mirrored = self._language.right_to_left
            self.face.setGeometry(self.width() - width if mirrored else 0, 0, width, self.height())
            self.face.text_side = Qt.Edge.LeftEdge if mirrored else Qt.Edge.RightEdge
        else:
            self.face.setGeometry(0, 0, self.width(), round(self.height() * FACE_HEIGHT))
            self.face.text_side = Qt.Edge.BottomEdge

    def _text_room(self) -> QRectF:
        """Where word and bars are."""
        face, margin = self.face.geometry(), self._unit() * MARGIN
        if not self._is_wide():
            room = QRectF(0, face.height(), self.width(), self.height() - face.height())
        elif self._language.right_to_left:
            room = QRectF(0, 0, face.left(), self.height())
        else:
            room = QRectF(face.width(), 0, self.width() - face.width(), self.height())
        return room.adjusted(margin, margin, -margin, -margin)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(
                self.rect(), QColor("#000000" if self._is_black else theme.current().window)
            )
            if not self._is_black:
                self._paint_text(painter)

    def _paint_text(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room, unit = self._text_room(), self._unit()
        font = self._word_font(room.width())
        word_height = QFontMetricsF(font).height()
        rows = len(self._readout.classes)
        row = min(
            unit * MAX_ROW, (room.height() - word_height - 1.5 * unit * CAPTION) / (rows + 0.25)
        )
        space = 0.25 * row
        content = unit * CAPTION * 1.5 + word_height + space + row * rows
        top = room.top() + max(room.height() - content, 0) * 0.45
        caption = QRectF(room.left(), top, room.width(), unit * CAPTION * 1.5)
        if self._readout.tone is not Tone.MESSAGE:
            effect, colours = self._readout.effect, theme.current()
            painter.setFont(self._font(CAPTION))
            painter.setPen(QColor(colours.text if effect else colours.muted))
            painter.drawText(caption, self._side(), effect or self._language.caption)
        word = QRectF(room.left(), caption.bottom(), room.width(), word_height)
        progress = self._fade.currentValue() if self.is_fading else 1.0
        self._paint_word(painter, word, font, *self._old_word, 1 - progress)
        self._paint_word(
            painter, word, font, self._readout.word, self._readout.tone, float(progress)
        )
        for index in range(rows):
            place = QRectF(room.left(), word.bottom() + space + index * row, room.width(), row)
            self._paint_row(painter, place, index)

    @property
    def is_fading(self) -> bool:
        """Whether one word is just giving way to the next."""
        return self._fade.state() == QVariantAnimation.State.Running

    def _side(self) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignLeft
        if self._language.right_to_left:
            side = Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute

    def _font(self, share: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(round(share * self._unit()), 1))
        font.setWeight(weight)
        font.setFeature(QFont.Tag("tnum"), 1)  # changing numbers do not jump
        return font

    def _word_font(self, width: float) -> QFont:
        """One size for all words of the language, so that the size does not jump with the word."""
        font = self._font(WORD, QFont.Weight.DemiBold)
        language = self._language
        words = [language.doubted(language.word(name)) for name in self._readout.classes]
        metrics = QFontMetricsF(font)
        widest = max((metrics.horizontalAdvance(word) for word in words), default=0.0)
        if widest > width:
            font.setPixelSize(max(int(font.pixelSize() * width / widest), 1))
        return font

    def _paint_word(
        self,
        painter: QPainter,
        place: QRectF,
        font: QFont,
        word: str,
        tone: Tone,
        opacity: float,
    ) -> None:
        if not word or opacity <= 0:
            return
        colours = theme.current()
        if tone is Tone.MESSAGE:
            font = QFont(font)
            font.setPixelSize(max(round(font.pixelSize() * 0.6), 1))
            widest = QFontMetricsF(font).horizontalAdvance(word)
            if widest > place.width():
                font.setPixelSize(max(int(font.pixelSize() * place.width() / widest), 1))
        painter.save()
        painter.setOpacity(opacity)
        painter.setFont(font)
        painter.setPen(QColor(colours.text if tone is Tone.SURE else colours.muted))
        painter.drawText(place, self._side() | Qt.TextFlag.TextDontClip, word)
        painter.restore()

    def _paint_row(self, painter: QPainter, place: QRectF, index: int) -> None:
        """A name, a fat bar and its percentage; mirrored for languages written to the left."""
        readout, colours = self._readout, theme.current()
        name = readout.classes[index]
        is_top, is_explained = index == readout.top, index == readout.explained
        plain, strong = self._font(NAME), self._font(NAME, QFont.Weight.Bold)
        metrics, unit = QFontMetricsF(strong), self._unit()
        gap = 0.5 * metrics.height()
        names = max(
            metrics.horizontalAdvance(self._language.word(each)) for each in readout.classes
        )
        names = min(names, 0.45 * place.width()) + gap
        values = metrics.horizontalAdvance(label_text.percent(1)) + gap / 2
        height = min(unit * BAR, 0.7 * place.height())
        track = QRectF(
            place.left() + names,
            place.center().y() - height / 2,
            max(place.width() - names - values, 1.0),
            height,
        )
        painter.setFont(strong if is_top else plain)
        painter.setPen(QColor(colours.text if is_top or is_explained else colours.muted))
        box = self._flipped(QRectF(place.left(), place.top(), names - gap, place.height()), place)
        word = painter.fontMetrics().elidedText(
            self._language.word(name), Qt.TextElideMode.ElideRight, int(box.width()) + 1
        )
        painter.drawText(box, self._side(), word)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.line))
        radius = height / 2
        painter.drawRoundedRect(self._flipped(track, place), radius, radius)
        if is_explained:
            self._paint_mark(painter, track, place)
        if readout.probabilities is None:
            return
        share = float(readout.probabilities[index])
        filled = QRectF(track)
        filled.setWidth(share * track.width())
        painter.save()
        painter.setClipRect(self._flipped(filled, place))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.expression(name, index)))
        painter.drawRoundedRect(self._flipped(track, place), radius, radius)
        painter.restore()
        value = QRectF(track.right(), place.top(), values, place.height())
        far = Qt.AlignmentFlag.AlignRight
        if self._language.right_to_left:
            far = Qt.AlignmentFlag.AlignLeft
        painter.setPen(QColor(colours.text if is_top or is_explained else colours.muted))
        painter.drawText(
            self._flipped(value, place),
            far | Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignAbsolute,
            label_text.percent(share),
        )

    def _paint_mark(self, painter: QPainter, track: QRectF, place: QRectF) -> None:
        """A triangle before the bar of the expression that the colours on the face explain."""
        side = 0.5 * track.height()
        tip = QPointF(track.left() - 0.2 * side, track.center().y())
        points = [tip + QPointF(-side, -0.7 * side), tip, tip + QPointF(-side, 0.7 * side)]
        if self._language.right_to_left:
            points = [QPointF(place.left() + place.right() - p.x(), p.y()) for p in points]
        painter.setBrush(QColor(theme.current().accent))
        painter.drawPolygon(points)

    def _flipped(self, rect: QRectF, place: QRectF) -> QRectF:
        """`rect` as it is, or its mirror image within `place`."""
        if not self._language.right_to_left:
            return rect
        left = place.left() + place.right() - rect.right()
        return QRectF(left, rect.top(), rect.width(), rect.height())
