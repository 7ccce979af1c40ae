"""Where the faces of the last second were: one of them may be there without being found."""

from collections import deque
from dataclasses import dataclass

from ferapp.vision.types import Analysis, Box

MEMORY_S = 1.0  # so long after a face was seen last, its frames are lost


@dataclass(frozen=True, slots=True)
class SeenFaces:
    """The boxes of the faces of a frame."""

    boxes: tuple[Box, ...]
    time_s: float
    segment: int


class RecentFaces:
    """Those of the last second of a segment."""

    def __init__(self) -> None:
        self._seen: deque[SeenFaces] = deque()

    @property
    def seen(self) -> tuple[SeenFaces, ...]:
        """In the order of the frames."""
        return tuple(self._seen)

    def add(self, analysis: Analysis) -> None:
        """One more displayed analysis."""
        frame = analysis.frame
        if self._seen and self._seen[-1].segment != frame.segment:
            self._seen.clear()
        while self._seen and frame.time_s - self._seen[0].time_s > MEMORY_S:
            self._seen.popleft()
        boxes = tuple(face.box for face in analysis.faces)
        self._seen.append(SeenFaces(boxes, frame.time_s, frame.segment))
