"""The map itself: a zoomable scatter of faces, with thumbnails where few are in view."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ferapp.review.classify_pictures import ReadPicture
from ferapp.ui.face_map import map_painting
from ferapp.ui.face_map.map_painting import ClusterName, ScaledThumbnails
from ferapp.ui.face_map.point_colours import PointColours
from ferapp.ui.face_map.point_image import PointImage, mixed
from ferapp.ui.face_map.viewport import (
    Positions,
    Viewport,
    ahead,
    fitted,
    inside_polygon,
    nearest,
)
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.thumbnails import ThumbnailCache
from ferapp.ui.widgets.typed_key import typed_key

MAX_THUMBNAILS = 300  # more faces in view are points
_THUMBNAIL_PX = (28, 76)  # the smallest and the largest side
_SIDE_STEP = 4  # px, so that thumbnails are not scaled anew at every step of a zoom
_RADII = ((6000, 1.5), (1500, 2.5), (0, 3.5))  # px of a point where more than so many are in view
_REACH = 9.0  # px from the cursor within which a face is hit
_CLICK = 4.0  # px that a click may move
_PAN, _ZOOM = 60.0, 1.25  # px and factor of a key
_WHEEL_STEP = 240.0  # of the wheel's angle for a factor of 2: two notches
_UNSELECTED = 0.22  # of the colour that faces outside the selection keep
_NONE = np.zeros(0, np.int64)
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class MapCanvas(QWidget):
    """`sample_chosen` has a row, `selected` rows (M,); `key_typed` a letter or digit.

    `restyled` says that the theme, and so the colours of classes, may have changed.
    Wheel or + and − zoom, dragging or arrows pan, 0 fits; dragging with Shift, or after
    `always_lasso`, selects the faces inside. Ctrl+A selects all in view, Esc nothing. Shift with
    an arrow chooses the next face in that direction, Space the one nearest to the centre.
    """

    sample_chosen = Signal(int)
    selected = Signal(object)
    key_typed = Signal(str)
    restyled = Signal()

    def __init__(self, describe: Callable[[int], Sequence[str]]) -> None:
        super().__init__()
        self._describe = describe  # lines about a row, for the hover card
        self.thumbnails = ThumbnailCache(self)
        self.thumbnails.arrived.connect(lambda _: self.update())
        self._scaled = ScaledThumbnails()
        self._lasso_always = False
        self.names: tuple[ClusterName, ...] = ()
        self.selection: NDArray[np.int64] = _NONE
        self.current = -1
        self.viewport = Viewport(1, 1)
        self._positions: Positions = np.zeros((0, 2), np.float32)
        self._shown: NDArray[np.int64] = _NONE  # rows, those that are painted first come first
        self._colours = PointColours(np.zeros(0, np.uint32), np.zeros(0, bool))
        self._message = ""
        self._image: QImage | None = None  # of the points
        self._px: Positions = self._positions  # of `_shown`
        self._in_view: NDArray[np.int64] = _NONE  # indices into `_shown`
        self._hovered = -1
        self._lasso: list[tuple[float, float]] = []  # points of the map
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._moved = self._is_lasso = False
        self._plates: list[tuple[QRectF, ClusterName]] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Face map")

    # --- what is shown --------------------------------------------------------------------------

    def open(self, read_picture: ReadPicture | None) -> None:
        """Show nothing yet of another evaluation."""
        self.thumbnails.read_with(read_picture)
        self._scaled = ScaledThumbnails()
        self.names, self.current = (), -1
        self.show_positions(np.zeros((0, 2), np.float32))
        self._shown = _NONE
        self.select(_NONE)

    def show_message(self, text: str) -> None:
        """In place of the map, where there is none."""
        self._message = text
        self.setAccessibleDescription(text)
        self.update()

    def show_positions(self, positions: Positions) -> None:
        """Of all rows (N, 2), fitted to the window; which of them are seen follows."""
        self._positions, self._lasso = positions, []
        self.viewport = fitted(positions, self.width(), self.height())
        self._refresh()

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        """In a fixed random order, so that no class covers the others."""
        self._shown = np.random.default_rng(0).permutation(rows)
        self._hovered = -1
        self._refresh()

    def show_colours(self, colours: PointColours) -> None:
        self._colours = colours
        self._refresh()

    def show_names(self, names: tuple[ClusterName, ...]) -> None:
        """Of groups, the most important first."""
        self.names = names
        self.update()

    def select(self, rows: NDArray[np.int64]) -> None:
        """Highlight these rows; none highlights nothing. The lasso's line goes."""
        self._lasso = []
        self._set_selection(rows)

    def always_lasso(self, on: bool) -> None:
        """Let dragging select; else it pans, and only with Shift selects."""
        self._lasso_always = on

    def choose(self, row: int) -> None:
        """Mark this row, and tell of it."""
        self.current = row
        self.update()
        self.sample_chosen.emit(row)

    def show_viewport(self, viewport: Viewport) -> None:
        self.viewport = viewport
        self._refresh()

    def fit(self) -> None:
        rows = self._shown
        self.show_viewport(fitted(self._positions[rows], self.width(), self.height()))

    @property
    def rows_in_view(self) -> NDArray[np.int64]:
        return np.sort(self._shown[self._in_view])

    @property
    def shows_thumbnails(self) -> bool:
        return 0 < len(self._in_view) <= MAX_THUMBNAILS

    def place(self, row: int) -> QPointF:
        """Where a row is, in px of the widget."""
        x, y = self.viewport.to_px(self._positions[[row]])[0]
        return QPointF(float(x), float(y))

    def _set_selection(self, rows: NDArray[np.int64]) -> None:
        self.selection = rows
        self._refresh()
        self.selected.emit(rows)

    def _refresh(self) -> None:
        self._px = self.viewport.to_px(self._positions[self._shown])
        self._in_view = np.flatnonzero(self.viewport.contains(self._px))
        self._image = None
        self.setAccessibleDescription(
            f"{len(self._in_view):,} of {len(self._shown):,} faces in view"
        )
        self.update()

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            if not len(self._shown):
                map_painting.paint_message(painter, self.rect(), self._message)
                return
            if self.shows_thumbnails:
                painter.fillRect(self.rect(), QColor(theme.current().window))
                self._paint_thumbnails(painter)
            else:
                self._image = self._image or self._points_image()
                painter.drawImage(0, 0, self._image)
            self._paint_marks(painter)
            if self.hasFocus():
                map_painting.paint_focus(painter, self.rect())

    def _points_image(self) -> QImage:
        """All points, the quiet ones below the others, the selected ones on top."""
        ratio = self.devicePixelRatioF()
        background = QColor(theme.current().window).rgb()
        width, height = round(self.width() * ratio), round(self.height() * ratio)
        image = PointImage(width, height, background)
        count = len(self._in_view)
        radius = ratio * next(px for more_than, px in _RADII if count > more_than or not more_than)
        rows, px = self._shown[self._in_view], self._px[self._in_view] * ratio
        colours, quiet = self._row_colours(rows, background)
        is_selected = np.isin(rows, self.selection)
        tails = None if self._colours.tails is None else self._colours.tails[rows]
        for layer in (quiet & ~is_selected, ~quiet & ~is_selected, is_selected):
            image.draw(px[layer], colours[layer], radius, None if tails is None else tails[layer])
        return image.to_qimage(ratio)

    def _row_colours(
        self, rows: NDArray[np.int64], background: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
        """The colours of rows, paler outside a selection; and which are quiet."""
        colours = self._colours.colours[rows]
        if len(self.selection):
            pale = ~np.isin(rows, self.selection)
            colours[pale] = mixed(colours[pale], background, _UNSELECTED)
        return colours, self._colours.quiet[rows]

    def thumbnail_side(self) -> int:
        """Px; smaller where more faces are in view."""
        area = self.width() * self.height() / max(len(self._in_view), 1)
        low, high = _THUMBNAIL_PX
        side = int(min(max(0.9 * math.sqrt(area), low), high))
        return side // _SIDE_STEP * _SIDE_STEP

    def _paint_thumbnails(self, painter: QPainter) -> None:
        """The chosen face and the one under the cursor on top."""
        rows = self._shown[self._in_view]
        colours, _ = self._row_colours(rows, QColor(theme.current().window).rgb())
        order = np.argsort(np.isin(rows, (self.current, self._hovered)), kind="stable")
        px = self._px[self._in_view]
        self._scaled.use_side(self.thumbnail_side(), self.devicePixelRatioF())
        for row, (x, y), colour in zip(
            rows[order].tolist(), px[order].tolist(), colours[order].tolist(), strict=True
        ):
            self._scaled.paint(painter, x, y, row, self.thumbnails.image(row), colour)

    def _paint_marks(self, painter: QPainter) -> None:
        radius = 0.75 * self.thumbnail_side() if self.shows_thumbnails else 7.0
        if self.current in self._shown:
            map_painting.paint_ring(painter, self.place(self.current), radius, 2)
        if len(self._lasso) > 1:
            outline = np.array(self._lasso, np.float32)
            map_painting.paint_lasso(painter, self.viewport.to_px(outline))
        centres = self.viewport.to_px(np.array([(n.x, n.y) for n in self.names]).reshape(-1, 2))
        font = painter.font()
        painter.setFont(theme.sized(font, 0.88))
        bounds = QRectF(self.rect())
        self._plates = map_painting.place_names(painter, self.names, centres, bounds)
        for plate, name in self._plates:
            map_painting.paint_name(painter, plate, name.text)
        painter.setFont(font)
        if self._hovered >= 0 and self._pressed is None:
            face = self.place(self._hovered)
            map_painting.paint_ring(painter, face, radius, 1)
            image, lines = self.thumbnails.image(self._hovered), self._describe(self._hovered)
            map_painting.paint_card(painter, face, image, lines, bounds)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        before = self.viewport
        after = fitted(self._positions[self._shown], self.width(), self.height())
        if before.zoom != 1.0:
            after = after.centred(before.x, before.y).zoomed(
                before.zoom, self.width() / 2, self.height() / 2
            )
        self.show_viewport(after)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._image = None
            self.update()
            self.restyled.emit()

    # --- mouse ----------------------------------------------------------------------------------

    def row_at(self, position: QPointF) -> int:
        """The nearest face within reach; −1 is none."""
        if not len(self._in_view):
            return -1
        index, distance = nearest(self._px[self._in_view], position)
        reach = max(_REACH, self.thumbnail_side() / 2 if self.shows_thumbnails else 0.0)
        return int(self._shown[self._in_view[index]]) if distance <= reach else -1

    def wheelEvent(self, event: QWheelEvent) -> None:
        at = event.position()
        factor = 2 ** (event.angleDelta().y() / _WHEEL_STEP)
        self.show_viewport(self.viewport.zoomed(factor, at.x(), at.y()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        self._pressed = self._last = event.position()
        self._moved = False
        self._is_lasso = self._lasso_always or bool(
            event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        )
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is None:
            self._hover(at)
            return
        if not self._moved and (at - self._pressed).manhattanLength() <= _CLICK:
            return
        if not self._moved and self._is_lasso:
            self._lasso = [self.viewport.to_map(self._pressed.x(), self._pressed.y())]
        self._moved = True
        if self._is_lasso:
            self._lasso.append(self.viewport.to_map(at.x(), at.y()))
            self.update()
        else:
            step = at - self._last
            self.show_viewport(self.viewport.panned(step.x(), step.y()))
        self._last = at

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or event.button() != Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)
            return
        self._pressed = None
        if not self._moved:
            self._click(event.position())
        elif self._is_lasso:
            self._select_inside()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = -1
        self.update()

    def _hover(self, at: QPointF) -> None:
        name = self._name_at(at)
        row = -1 if name else self.row_at(at)
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if name or row >= 0 else Qt.CursorShape.ArrowCursor
        )
        if row != self._hovered:
            self._hovered = row
            self.update()

    def _click(self, at: QPointF) -> None:
        name, row = self._name_at(at), self.row_at(at)
        if name is not None:
            self.select(name.rows)
        elif row >= 0:
            self.choose(row)

    def _name_at(self, at: QPointF) -> ClusterName | None:
        return next((name for plate, name in self._plates if plate.contains(at)), None)

    def _select_inside(self) -> None:
        outline = np.array(self._lasso, np.float32)
        inside = inside_polygon(self._positions[self._shown], outline)
        self._set_selection(np.sort(self._shown[inside]))

    # --- keyboard -------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, text, modifiers = Qt.Key(event.key()), event.text(), event.modifiers()
        middle = QPointF(self.rect().center())
        if key in _ARROWS and modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._choose_towards(*_ARROWS[key])
        elif key in _ARROWS:
            dx, dy = _ARROWS[key]
            self.show_viewport(self.viewport.panned(-_PAN * dx, -_PAN * dy))
        elif text in ("+", "=", "-", "−"):
            factor = _ZOOM if text in ("+", "=") else 1 / _ZOOM
            self.show_viewport(self.viewport.zoomed(factor, middle.x(), middle.y()))
        elif text == "0":
            self.fit()
        elif key == Qt.Key.Key_Escape and (len(self.selection) or self._lasso):
            self.select(_NONE)
        elif key == Qt.Key.Key_A and modifiers & Qt.KeyboardModifier.ControlModifier:
            self.select(self.rows_in_view)
        elif key == Qt.Key.Key_Space:
            self._choose_nearest(self._in_view, middle)
        elif typed := typed_key(event):
            self.key_typed.emit(typed)
        else:
            super().keyPressEvent(event)

    def _choose_nearest(self, candidates: NDArray[np.int64], at: QPointF) -> None:
        if len(candidates):
            self.choose(int(self._shown[candidates[nearest(self._px[candidates], at)[0]]]))

    def _choose_towards(self, dx: int, dy: int) -> None:
        if self.current in self._shown:
            at = self.place(self.current)
            self._choose_nearest(ahead(self._px, at, dx, dy), at)
        else:
            self._choose_nearest(self._in_view, QPointF(self.rect().center()))
