"""Paints a session: ribbons of the leading expression, curves, marks, and the axis of time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyqtgraph.functions import arrayToQPath
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from ferapp.overlays.label_text import class_title
from ferapp.overlays.palette import FACE_COLOURS, to_qcolor
from ferapp.ui.timeline.columns import UNKNOWN, Columns, columns, pixels
from ferapp.ui.timeline.session_history import Event, SessionHistory
from ferapp.ui.timeline.strip.strip_layout import RIGHT, StripLayout
from ferapp.ui.timeline.strip.time_ticks import ticks, time_text
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled
from ferapp.vision.signals import GROUPS, SIGNALS

_TICK_PX = 76  # between two times on the axis, at least
_MANY = 500  # places from which on they are of several frames, with a lowest and a highest value
_FAINTEST = 0.35  # opacity of a ribbon where the expression leads by little
_HATCH_PX = 5  # from one line of the hatching to the next
_HATCH_FADES = 4  # the lines have this part of the colour


def paint_session(
    painter: QPainter, history: SessionHistory, layout: StripLayout, font: QFont
) -> None:
    """Everything but the selection and the cursor."""
    painter.setFont(font)
    _paint_axis(painter, history, layout)
    grid = (((0.0, "0"), (0.5, "50"), (1.0, "100\u00a0%")), (0.0, 1.0))
    _paint_grid(painter, layout.curves, *grid)
    names = [class_title(name) for name in history.classes]
    tints = [theme.current().expression(name, i) for i, name in enumerate(history.classes)]
    places = _places(history, layout, history.selected)
    if places is not None:
        _paint_curves(painter, layout.curves, places, tints, (0.0, 1.0))
        _paint_names(painter, layout.curves, places, names, tints, (0.0, 1.0))
    _paint_ribbons(painter, history, layout, places)
    for name, room in layout.lanes.items():
        _paint_lane(painter, room, name, _places(history, layout, history.selected, GROUPS[name]))
    for event in history.events:
        if layout.start <= event.time_s <= layout.end:
            _paint_event(painter, layout, event)


def _places(
    history: SessionHistory,
    layout: StripLayout,
    face: int | None,
    signals: tuple[int, ...] | None = None,
) -> Columns | None:
    """None without such a face."""
    series = history.series(face)
    if series is None:
        return None
    return columns(series, layout.start, layout.end, round(layout.ribbon.width()), signals)


# --- ribbons ------------------------------------------------------------------------------------


def _paint_ribbons(
    painter: QPainter, history: SessionHistory, layout: StripLayout, selected: Columns | None
) -> None:
    """A thin line where frames were analysed, under the ribbons of all faces."""
    width = round(layout.ribbon.width())
    analysed = columns(history.frames, layout.start, layout.end, width)
    covered = pixels(analysed, np.ones(len(analysed), np.int64), width) != UNKNOWN
    line = to_qcolor(theme.current().line)
    base = np.zeros((2, width, 4), np.uint8)
    base[:, covered] = line.blue(), line.green(), line.red(), 255
    base_image = _as_image(base)
    rows: dict[int | None, QRectF] = {history.selected: layout.ribbon}
    for face, room in (rows | layout.rows).items():
        painter.drawImage(QPointF(room.left(), round(room.center().y()) - 1), base_image)
        places = selected if face == history.selected else _places(history, layout, face)
        if places is not None:
            _paint_ribbon(painter, room, places, history.classes)
        if face is not None and len(history.faces) > 1:
            _paint_face(painter, room, face, history)


def _paint_ribbon(painter: QPainter, room: QRectF, places: Columns, classes: Sequence[str]) -> None:
    """The colour of the leading expression, fainter where the model gives it little.

    Hatched where the label is in doubt.
    """
    width, height = round(room.width()), round(room.height())
    if not len(places):
        return
    index = pixels(places, np.arange(len(places)), width)
    shown = (index != UNKNOWN) & (places.leader[index] != UNKNOWN)
    leader = places.leader[index[shown]]
    share = places.mean[index[shown], leader]
    tints = [QColor(theme.current().expression(name, i)) for i, name in enumerate(classes)]
    table = np.array([(c.blue(), c.green(), c.red(), 255) for c in tints], np.float32)
    alpha = _FAINTEST + (1 - _FAINTEST) * np.clip(share, 0, 1)
    row = np.zeros((width, 4), np.uint8)
    row[shown] = table[leader] * alpha[:, None]  # premultiplied
    image = np.repeat(row[None], height, axis=0)
    doubted = np.flatnonzero(shown)[places.doubted[index[shown]]]
    if len(doubted):
        is_line = (doubted + np.arange(height)[:, None]) % _HATCH_PX < 2
        image[:, doubted] //= np.where(is_line, _HATCH_FADES, 1).astype(np.uint8)[..., None]
    painter.drawImage(room.topLeft(), _as_image(image))


def _as_image(pixels: NDArray[np.uint8]) -> QImage:
    """Premultiplied BGRA (H, W, 4)."""
    height, width = pixels.shape[:2]
    return QImage(
        pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
    ).copy()


def _paint_face(painter: QPainter, room: QRectF, face: int, history: SessionHistory) -> None:
    """A dot in the face's colour, and the number of the selected one."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    colour = history.faces[face].colour
    painter.setBrush(
        QColor(FACE_COLOURS[(face - 1) % len(FACE_COLOURS) if colour is None else colour])
    )
    centre = QPointF(room.left() - 10, room.center().y())
    painter.drawEllipse(centre, 3.0, 3.0)
    painter.restore()
    if face == history.selected:
        painter.setPen(QColor(theme.current().text))
        box = QRectF(0, room.top(), room.left() - 18, room.height())
        painter.drawText(box, _MIDDLE | Qt.AlignmentFlag.AlignRight, f"{face}")


# --- curves -------------------------------------------------------------------------------------

_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip


def _paint_grid(
    painter: QPainter,
    room: QRectF,
    marks: Sequence[tuple[float, str]],
    extent: tuple[float, float],
) -> None:
    colours = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for value, text in marks:
        y = round(_y(room, value, extent))
        painter.fillRect(QRectF(room.left(), y, room.width(), 1), QColor(colours.line))
        painter.setPen(QColor(colours.muted))
        height = painter.fontMetrics().height()
        top = min(max(y - height / 2, room.top() - 3), room.bottom() + 3 - height)
        box = QRectF(0, top, room.left() - 6, height)
        painter.drawText(box, _MIDDLE | Qt.AlignmentFlag.AlignRight, text)


def _y(room: QRectF, value: float, extent: tuple[float, float]) -> float:
    low, high = extent
    return room.bottom() - (value - low) / (high - low) * room.height()


def _paint_curves(
    painter: QPainter,
    room: QRectF,
    places: Columns,
    tints: Sequence[str],
    extent: tuple[float, float],
) -> None:
    """The mean of each place, and faintly from the lowest to the highest value.

    Lines are one pixel wide: wider ones cost several times more.
    """
    if not len(places):
        return
    painter.save()
    painter.setClipRect(room.adjusted(0, -1, 0, 1))
    low, high = extent
    to_y = (
        room.bottom()
        - (np.stack([places.mean, places.low, places.high]) - low) / (high - low) * room.height()
    )
    x = places.x + room.left()
    has_bands = len(places) > _MANY and bool((places.low < places.high).any())
    for i, tint in enumerate(tints):
        if has_bands:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(to_qcolor(tint, 0.22), 1))
            ys = np.stack([to_y[1, :, i], to_y[2, :, i]], axis=1).ravel()
            pairs = np.tile(np.array([1, 0], np.int32), len(x))
            painter.drawPath(_path(np.repeat(np.floor(x), 2), ys, pairs))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    follows = np.append(places.follows[1:], False).astype(np.int32)
    alone = ~places.follows & ~np.append(places.follows[1:], False)
    for i, tint in enumerate(tints):
        ys = to_y[0, :, i]
        painter.setPen(QPen(QColor(tint), 1))
        painter.drawPath(_path(x, ys, follows))
        if alone.any():  # nothing to connect: a dot
            solid, round_cap = Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap
            painter.setPen(QPen(QColor(tint), 2, solid, round_cap))
            known = alone & np.isfinite(ys)
            painter.drawPoints(
                QPolygonF([QPointF(*xy) for xy in zip(x[known], ys[known], strict=True)])
            )
    painter.restore()


def _path(x: NDArray[np.float64], y: NDArray[Any], connect: NDArray[np.int32]):  # type: ignore[no-untyped-def]
    """A path through the known points; `connect` 1 draws a line to the next one."""
    known = np.isfinite(y)
    if not known.all():
        connect = connect * known * np.append(known[1:], True)
        y = np.where(known, y, 0.0)
    return arrayToQPath(x, np.ascontiguousarray(y), connect=connect, finiteCheck=False)


def _paint_names(
    painter: QPainter,
    room: QRectF,
    places: Columns,
    names: Sequence[str],
    tints: Sequence[str],
    extent: tuple[float, float],
) -> None:
    """Each name at the right end of its curve; where there is no room for all, of the highest."""
    known = np.flatnonzero(np.isfinite(places.mean).all(axis=1)) if len(places) else np.empty(0)
    if not len(known):
        return
    metrics = QFontMetricsF(painter.font())
    line = metrics.height() - 1
    newest = places.mean[int(known[-1])]
    fitting = max(int(room.height() // line), 1)
    chosen = sorted(np.argsort(-newest)[:fitting].tolist(), key=lambda i: -float(newest[i]))
    tops = spread([_y(room, float(newest[i]), extent) - line / 2 for i in chosen], line, room)
    highest = chosen[0]
    plain = painter.font()
    for i, top in zip(chosen, tops, strict=True):
        key = QRectF(room.right() + 5, round(top + line / 2) - 1, 6, 2)
        painter.fillRect(key, QColor(tints[i]))
        painter.setFont(theme.sized(plain, 1.0, QFont.Weight.DemiBold) if i == highest else plain)
        painter.setPen(QColor(theme.current().text if i == highest else theme.current().muted))
        painter.drawText(
            QRectF(room.right() + 15, top, scaled(RIGHT) - 15, line), _MIDDLE, names[i]
        )
    painter.setFont(plain)


def spread(tops: Sequence[float], height: float, room: QRectF) -> list[float]:
    """`tops`, ascending, moved apart so that none overlaps the next and all lie in `room`."""
    placed: list[float] = []
    for top in tops:
        placed.append(max(top, placed[-1] + height if placed else room.top()))
    limit = room.bottom() - height
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - height
    return placed


def _paint_lane(painter: QPainter, room: QRectF, group: str, places: Columns | None) -> None:
    signals = [SIGNALS[i] for i in GROUPS[group]]
    low, high = signals[0].extent
    marks = (low, 0.0, high) if low < 0 else (low, high)
    unit = "°" if signals[0].degrees else ""
    _paint_grid(painter, room, [(m, f"{m:g}{unit}".replace("-", "−")) for m in marks], (low, high))
    if places is None:
        return
    tints = theme.current().series
    _paint_curves(painter, room, places, tints[: len(signals)], (low, high))
    _paint_names(painter, room, places, [s.name for s in signals], tints, (low, high))


# --- time and events ----------------------------------------------------------------------------


def _paint_axis(painter: QPainter, history: SessionHistory, layout: StripLayout) -> None:
    colours, origin = theme.current(), history.origin_s
    most = int(layout.axis.width() // _TICK_PX)
    times, decimals = ticks(layout.start - origin, layout.end - origin, most)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for time_s in times:
        x = round(layout.x_of(time_s + origin))
        top = layout.ribbon.bottom() + 2
        _paint_line(painter, x, top, layout.axis.top() + 3, _over_panel(colours.line, 0.6))
        painter.setPen(QColor(colours.muted))
        box = QRectF(x - _TICK_PX / 2, layout.axis.top() + 3, _TICK_PX, layout.axis.height() - 3)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, time_text(time_s, decimals))


def _paint_line(painter: QPainter, x: int, top: float, bottom: float, colour: QColor) -> None:
    """One pixel wide, whole and opaque: Qt takes ten times as long for a translucent one."""
    painter.fillRect(QRect(x, round(top), 1, round(bottom) - round(top)), colour)


def _over_panel(colour: str, share: float) -> QColor:
    """What a translucent colour looks like over the panel."""
    ground, tint = QColor(theme.current().panel), QColor(colour)
    return QColor.fromRgbF(
        *(
            share * front + (1 - share) * back
            for front, back in (
                (tint.redF(), ground.redF()),
                (tint.greenF(), ground.greenF()),
                (tint.blueF(), ground.blueF()),
            )
        )
    )


def _paint_event(painter: QPainter, layout: StripLayout, event: Event) -> None:
    """A mark is a flag in its colour; everything else a quiet tick."""
    colours = theme.current()
    x = round(layout.x_of(event.time_s))
    is_mark = event.kind == "mark"
    colour = QColor(colours.warning if is_mark else colours.muted)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    top = layout.flags.top() + 2
    tint = _over_panel(colour.name(), 0.8 if is_mark else 0.45)
    _paint_line(painter, x, top, layout.axis.top(), tint)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(colour if is_mark else QColor(colours.panel))
    if is_mark:
        flag = [QPointF(x, top), QPointF(x + 8, top + 3.5), QPointF(x, top + 7)]
        painter.drawPolygon(QPolygonF(flag))
    else:
        painter.drawEllipse(QPointF(x + 0.5, top + 3), 2.5, 2.5)
    painter.restore()
