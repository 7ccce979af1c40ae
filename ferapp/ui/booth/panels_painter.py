"""Paints a strip of four panels: face, attribution, the model's word, the room's vote."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath

from ferapp.overlays import label_text
from ferapp.ui.booth import booth_text
from ferapp.ui.booth.booth_session import Strip
from ferapp.ui.text.class_words import Language
from ferapp.ui.widgets import theme

_GAP = 0.06  # between two panels; this and the following are shares of a panel's width
_TITLE, _CAPTION = 0.085, 0.075
_HEAD = 0.14  # height of the title above a panel
_FOOT = 0.13  # height of the caption below a panel
RATIO = (4 + 3 * _GAP) / (1 + _HEAD + _FOOT)  # width of a strip by its height
_CENTRE = Qt.AlignmentFlag.AlignCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def font_of(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = QFont()
    font.setPixelSize(max(round(pixels), 1))
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def draw_line(
    painter: QPainter,
    place: QRectF,
    text: str,
    font: QFont,
    colour: str,
    side: Qt.AlignmentFlag = _LEFT,
) -> None:
    """One line of text, smaller where it would not fit into the width of `place`."""
    width = QFontMetricsF(font).horizontalAdvance(text)
    if width > place.width():
        font = QFont(font)
        font.setPixelSize(max(int(font.pixelSize() * place.width() / width), 1))
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(place, side, text)


def paint_strip(
    painter: QPainter,
    place: QRectF,
    strip: Strip,
    classes: tuple[str, ...],
    language: Language,
    *,
    revealed: bool,
) -> None:
    """`classes` are those that the room can vote for. Unrevealed, face and votes alone, larger."""
    titles = booth_text.PANELS if revealed else (booth_text.PANELS[0], booth_text.PANELS[-1])
    widths = len(titles) + (len(titles) - 1) * _GAP
    side = min(place.width() / widths, place.height() / (1 + _HEAD + _FOOT))
    top = place.top() + (place.height() - (1 + _HEAD + _FOOT) * side) / 2
    left = place.left() + (place.width() - widths * side) / 2
    panels = [
        QRectF(left + k * side * (1 + _GAP), top + _HEAD * side, side, side)
        for k in range(len(titles))
    ]
    for panel, title in zip(panels, titles, strict=True):
        head = QRectF(panel.left(), panel.top() - _HEAD * side, side, 0.8 * _HEAD * side)
        draw_line(painter, head, title, font_of(_TITLE * side), theme.current().muted)
    _paint_picture(painter, panels[0], strip.face)
    if revealed:
        _paint_caption(painter, panels[0], f"asked: {language.word(strip.asked)}")
        _paint_attribution(painter, panels[1], strip, language)
        _paint_word(painter, panels[2], strip, language)
    _paint_votes(painter, panels[-1], strip, classes, language)


def _paint_attribution(painter: QPainter, panel: QRectF, strip: Strip, language: Language) -> None:
    if strip.explained:
        _paint_picture(painter, panel, strip.attribution)
        _paint_caption(painter, panel, f"for {language.word(strip.explained)}")
        return
    painter.fillPath(_outline(panel), QColor(theme.current().raised))
    font = font_of(0.08 * panel.width())
    draw_line(painter, panel, booth_text.NO_MAP, font, theme.current().muted, _CENTRE)


def _outline(panel: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(panel, 0.03 * panel.width(), 0.03 * panel.width())
    return path


def _paint_picture(painter: QPainter, panel: QRectF, image: QImage) -> None:
    painter.save()
    painter.setClipPath(_outline(panel), Qt.ClipOperation.IntersectClip)
    painter.drawImage(panel, image)
    painter.restore()


def _paint_caption(painter: QPainter, panel: QRectF, text: str) -> None:
    side = panel.width()
    place = QRectF(panel.left(), panel.bottom() + 0.02 * side, side, (_FOOT - 0.02) * side)
    draw_line(painter, place, text, font_of(_CAPTION * side), theme.current().muted)


def _paint_word(painter: QPainter, panel: QRectF, strip: Strip, language: Language) -> None:
    """The word, its share, and whether it is the expression that was asked."""
    colours, side = theme.current(), panel.width()
    painter.fillPath(_outline(panel), QColor(colours.raised))
    inner = panel.adjusted(0.06 * side, 0, -0.06 * side, 0)
    word = QRectF(inner.left(), panel.top() + 0.2 * side, inner.width(), 0.26 * side)
    strong = font_of(0.2 * side, QFont.Weight.DemiBold)
    draw_line(painter, word, language.word(strip.word), strong, colours.text, _CENTRE)
    share = word.translated(0, 0.28 * side)
    draw_line(
        painter,
        share,
        label_text.percent(strip.share),
        font_of(0.16 * side),
        colours.text,
        _CENTRE,
    )
    is_right = strip.word == strip.asked
    asked = strip.probabilities[strip.classes.index(strip.asked)]
    text = (
        "✓ as asked"
        if is_right
        else f"{language.word(strip.asked)}: {label_text.percent(float(asked))}"
    )
    colour = colours.accent if is_right else colours.warning
    line = share.translated(0, 0.22 * side)
    draw_line(painter, line, text, font_of(0.09 * side), colour, _CENTRE)


def _paint_votes(
    painter: QPainter,
    panel: QRectF,
    strip: Strip,
    classes: tuple[str, ...],
    language: Language,
) -> None:
    """A row for each class: its key, its name, its votes."""
    colours, side = theme.current(), panel.width()
    painter.fillPath(_outline(panel), QColor(colours.raised))
    votes = [strip.votes.count(name) for name in classes]
    most = max(votes, default=0)
    row = 0.94 * side / max(len(classes), 1)
    font = min(0.58 * row, 0.085 * side)
    for index, (name, count) in enumerate(zip(classes, votes, strict=True)):
        top = panel.top() + 0.03 * side + index * row
        is_first = count == most > 0
        strong = font_of(font, QFont.Weight.DemiBold if is_first else QFont.Weight.Normal)
        if count:
            bar = QRectF(panel.left(), top + 0.06 * row, side * count / most, 0.88 * row)
            fill = QColor(colours.expression(name, index))
            fill.setAlphaF(0.4)
            painter.save()
            painter.setClipPath(_outline(panel), Qt.ClipOperation.IntersectClip)
            painter.fillRect(bar, fill)
            painter.restore()
        key = QRectF(panel.left() + 0.04 * side, top, 0.1 * side, row)
        draw_line(painter, key, str(index + 1), strong, colours.muted)
        text = QRectF(key.right(), top, 0.68 * side, row)
        draw_line(painter, text, language.word(name), strong, colours.text)
        if count:
            number = QRectF(text.right(), top, 0.14 * side, row)
            draw_line(painter, number, str(count), strong, colours.text, _RIGHT)
    _paint_caption(painter, panel, f"votes: {len(strip.votes)}")
