"""Which colour each face is drawn in: a face keeps its own, and a lone one has the first. No Qt."""

from ferapp.vision.analysis_options import MAX_FACES

ALONE_S = 1.2  # a face alone for so long gets the first colour: others may be missed for a moment


class FaceColours:
    """Indices of colours, 0 to MAX_FACES − 1, for the faces of frames in their order.

    A new face has the colour of its number, or the first free one; one that comes back has its own
    again, unless another face has it now. A face that is alone has the first colour, and keeps it
    when others come.
    """

    def __init__(self) -> None:
        self._segment: int | None = None
        self._colours: dict[int, int] = {}  # of all faces of the segment
        self._last: list[int] = []  # in the last frame
        self._alone: int | None = None
        self._alone_since_s = 0.0

    def assign(self, ids: list[int], segment: int, time_s: float) -> list[int]:
        """The colours of the faces `ids` of the next frame."""
        if segment != self._segment:
            self._segment, self._alone = segment, None
            self._colours.clear()
        alone = ids[0] if len(ids) == 1 else None
        if alone != self._alone:
            self._alone, self._alone_since_s = alone, time_s
        if alone is not None:
            is_new = alone not in self._colours
            if is_new or time_s - self._alone_since_s >= ALONE_S:
                self._colours[alone] = 0
        used: set[int] = set()
        for face_id in sorted(ids, key=self._comes_later):
            colour = self._colours.get(face_id, face_id % MAX_FACES)
            if colour in used:
                colour = next((free for free in range(MAX_FACES) if free not in used), colour)
            self._colours[face_id] = colour
            used.add(colour)
        self._last = ids
        return [self._colours[face_id] for face_id in ids]

    def _comes_later(self, face_id: int) -> tuple[bool, bool]:
        """Faces of the last frame choose first, then those that come back, then new ones."""
        return face_id not in self._last, face_id not in self._colours
