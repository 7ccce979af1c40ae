"""Where a virtual camera looks that keeps one face large and centred. No Qt.

Position and size are critically damped springs, solved exactly: the camera arrives without
overshooting, on the same path at every frame rate. While the face stays within a small zone the
camera does not move at all, so that the trembling of a detected box never reaches the screen.
"""

import math
from dataclasses import dataclass

from ferapp.vision.types import Analysis, Box

FACE_SHARE = 0.7  # height of the face in the view
MAX_SHARE = 0.9  # of a face that fills the frame: more than this is never cut off
RATE = 5.0  # 1/s, of the springs: 80 % of a move is done after 0.6 s
PULL_BACK_RATE = 1.5  # 1/s, when no face is there: slow, because nothing is worth a hurry
HOLD_S = 1.5  # the camera waits this long for a face that is out of sight
ZONE = 0.02  # of the view's height: a face this far off the centre does not move the camera
SIZE_ZONE = 0.04  # a face this much larger or smaller does not zoom it


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the frame, in pixels from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, x: float, y: float) -> bool:
        inside_x = self.x <= x <= self.x + self.width
        return inside_x and self.y <= y <= self.y + self.height


@dataclass(slots=True)
class Spring:
    """A critically damped spring at rest."""

    value: float
    speed: float = 0.0

    def pull(self, target: float, rate: float, seconds: float) -> None:
        """Move towards `target` for some `seconds`; a larger `rate` (1/s) is faster."""
        distance = self.value - target
        impulse = self.speed + rate * distance
        decay = math.exp(-rate * seconds)
        self.value = target + (distance + impulse * seconds) * decay
        self.speed = (self.speed - rate * impulse * seconds) * decay


class FaceCamera:
    """Follows the selected face of the analyses that it is given, in order.

    It cuts instead of panning where a pan would hurt the eyes: in a new segment, and to a face
    that is not in view. Without a face it waits, and then slowly shows the whole picture.
    """

    def __init__(self, face_share: float = FACE_SHARE) -> None:
        self._face_share = face_share
        self._x, self._y, self._log_height = Spring(0), Spring(0), Spring(0)
        self._frame_size = (1, 1)
        self._segment: int | None = None
        self._time_s = 0.0
        self._face_id: int | None = None
        self._box: Box | None = None  # of the face seen last
        self._seen_s = 0.0

    def advance(self, shown: Analysis, aspect: float) -> None:
        """Follow the selected face of `shown` in a view whose width is `aspect` times its height.

        Time is the source's own, so the camera stands still where the picture does.
        """
        height, width = shown.picture.shape[:2]
        frame = shown.frame
        is_new = frame.segment != self._segment or (width, height) != self._frame_size
        seconds = max(frame.time_s - self._time_s, 0.0)
        self._segment, self._frame_size, self._time_s = frame.segment, (width, height), frame.time_s
        if is_new:
            self._box = None
        face = shown.selected_face
        before, rate = self._face_id, RATE
        if face is not None:
            self._box, self._face_id, self._seen_s = face.box, face.face_id, frame.time_s
        elif self._box is not None and frame.time_s - self._seen_s > HOLD_S:
            self._box = None
        if self._box is None:
            rate = PULL_BACK_RATE
        x, y, view_height = self._wanted(aspect)
        is_other = face is not None and self._face_id != before and seconds == 0
        if is_new or is_other or not self.region(aspect).contains(x, y):
            self._x, self._y = Spring(x), Spring(y)
            self._log_height = Spring(math.log(view_height))
            return
        zone = ZONE * math.exp(self._log_height.value)
        _pull_outside(self._x, x, zone, rate, seconds)
        _pull_outside(self._y, y, zone, rate, seconds)
        _pull_outside(self._log_height, math.log(view_height), SIZE_ZONE, rate, seconds)

    def region(self, aspect: float) -> Region:
        """What to show: inside the frame wherever the frame is large enough."""
        height = math.exp(self._log_height.value)
        width = height * aspect
        frame_width, frame_height = self._frame_size
        x = _inside(self._x.value, width, frame_width)
        y = _inside(self._y.value, height, frame_height)
        return Region(x - width / 2, y - height / 2, width, height)

    def _wanted(self, aspect: float) -> tuple[float, float, float]:
        """Centre and height of the region that shows the face as large as it should be.

        The face is larger where the frame has no more around it, rather than bars beside it.
        """
        width, height = self._frame_size
        whole = min(height, width / aspect)
        if self._box is None:
            return width / 2, height / 2, whole
        left, top, face_width, face_height = self._box
        least = max(face_height, face_width / aspect) / MAX_SHARE
        view_height = max(min(face_height / self._face_share, whole), least, 1.0)
        # boxes refer to the centres of pixels, regions to their corners
        x = _inside(left + face_width / 2 + 0.5, view_height * aspect, width)
        y = _inside(top + face_height / 2 + 0.5, view_height, height)
        return x, y, view_height


def _pull_outside(spring: Spring, wanted: float, zone: float, rate: float, seconds: float) -> None:
    """Pull towards the nearest value within `zone` of the wanted one."""
    nearest = min(max(spring.value, wanted - zone), wanted + zone)
    spring.pull(nearest, rate, seconds)


def _inside(centre: float, size: float, room: float) -> float:
    """The centre of a stretch of that size moved into `room`; the middle if it is too large."""
    if size >= room:
        return room / 2
    return min(max(centre, size / 2), room - size / 2)
