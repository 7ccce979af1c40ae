"""Turns the mouse over a picture into strokes on the face."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from ferapp.ui.brush.brush_layer import BrushLayer
from ferapp.ui.brush.strokes import Strokes
from ferapp.ui.live.video_view import VideoView
from ferapp.vision.face_mesh import to_place
from ferapp.vision.types import Face

STEP = 1.2  # of the size, for a notch of the wheel or a key
_SMALLEST, _LARGEST = 0.05, 1.0
_RING_PX = 30.0  # where there is no face


@dataclass
class Brush:
    """Shared by the views. `radius` is in distances between the outer eye corners."""

    radius: float = 0.16
    erases: bool = False

    def resize(self, steps: float) -> None:
        """Larger by this many steps; smaller if negative."""
        self.radius = min(max(self.radius * STEP**steps, _SMALLEST), _LARGEST)


class BrushTool(QObject):
    """Gets the mouse events of one view while it is on, in place of the view.

    The left button paints and the right one erases. A stroke is stored in the coordinates of the
    face that is under it at that moment, so that it moves with the face.
    """

    def __init__(self, view: VideoView, strokes: Strokes, brush: Brush) -> None:
        super().__init__(view)
        self._view, self._strokes, self._brush = view, strokes, brush
        self.layer = BrushLayer(view)
        self._is_on = False
        self._face_id: int | None = None  # of the face that a stroke is on
        self._last = QPointF()
        view.installEventFilter(self)

    def set_on(self, on: bool) -> None:
        self._is_on = on
        self._finish()
        if on:
            self._view.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self._view.unsetCursor()
            self.layer.set_ring(None)

    def update_ring(self) -> None:
        """The brush has another size, or erases now."""
        if self._view.underMouse():
            self._show_ring(self._brush.erases)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not self._is_on:
            return False
        if isinstance(event, QWheelEvent):
            self._brush.resize(event.angleDelta().y() / 120)
            self._show_ring(self._brush.erases)
            return True
        if event.type() == QEvent.Type.Leave:
            self.layer.set_ring(None)
            return False
        return isinstance(event, QMouseEvent) and self._handle_mouse(event)

    def _handle_mouse(self, event: QMouseEvent) -> bool:
        self._last = event.position()
        button, kinds = event.button(), QEvent.Type
        is_right = Qt.MouseButton.RightButton in (button, event.buttons())
        erases = self._brush.erases or is_right
        self._show_ring(erases)
        if event.type() == kinds.MouseButtonPress:
            if button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
                self._begin(erases)
        elif event.type() == kinds.MouseMove:
            self._continue()
        elif event.type() == kinds.MouseButtonRelease:
            self._finish()
        return True  # a double click too: it would choose a face

    def _begin(self, erases: bool) -> None:
        self._finish()
        face = self._face_near(self._last)
        if face is None or face.landmarks is None or (erases and not self._strokes.hidden):
            return
        self._face_id = face.face_id
        self._strokes.begin(self._place(face), self._brush.radius, erases=erases)

    def _continue(self) -> None:
        if self._face_id is None or self._view.analysis is None:
            return
        faces = self._view.analysis.faces
        face = next((face for face in faces if face.face_id == self._face_id), None)
        if face is not None and face.landmarks is not None:
            self._strokes.extend(self._place(face))

    def _finish(self) -> None:
        if self._face_id is not None:
            self._face_id = None
            self._strokes.end()

    def _place(self, face: Face) -> tuple[float, float]:
        assert face.landmarks is not None
        at = self._view.view_to_frame(self._last)
        return to_place(at.x(), at.y(), face.landmarks)

    def _face_near(self, point: QPointF) -> Face | None:
        """The face whose middle is nearest to a point of the view."""
        analysis = self._view.analysis
        faces = analysis.faces if analysis is not None else ()
        at = self._view.view_to_frame(point)

        def distance(face: Face) -> float:
            x, y, width, height = face.box
            across, down = at.x() - x - width / 2, at.y() - y - height / 2
            return (across * across + down * down) / max(width * height, 1.0)

        return min((f for f in faces if f.landmarks is not None), key=distance, default=None)

    def _show_ring(self, erases: bool) -> None:
        face = self._face_near(self._last)
        radius = _RING_PX
        if face is not None and face.landmarks is not None:
            one, two = (self._view.frame_to_view(*face.landmarks[i].tolist()) for i in (36, 45))
            across = two - one
            radius = self._brush.radius * (across.x() ** 2 + across.y() ** 2) ** 0.5
        self.layer.set_ring(self._last, radius, erases=erases)
