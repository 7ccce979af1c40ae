"""Whom bars, plots and attribution follow, from picture to picture. No Qt."""

from dataclasses import replace

from ferapp.vision.tracking import MEMORY_S, face_number
from ferapp.vision.types import Analysis, Face

LARGER = 1.3  # times the area of the face followed so far: from there on another is the largest


class Following:
    """The face that a person chose, or the largest. Takes the analyses in their order.

    A chosen face that is out of sight is followed on if it comes back as itself; once it cannot
    any more, the largest takes its place, and `left` has its id.
    """

    def __init__(self) -> None:
        self.chosen: int | None = None
        self.left: int | None = None  # whom the last picture proved gone
        self._largest: int | None = None
        self._seen_s = 0.0  # when the chosen face was seen last
        self._source, self._origin, self._seeks = "", "", 0

    def choose(self, face_id: int | None) -> None:
        """None is the largest."""
        self.chosen = face_id

    def settle(self, analysis: Analysis) -> Analysis:
        """`analysis` with the face to follow; that of one face is left alone."""
        frame, ids = analysis.frame, [face.face_id for face in analysis.faces]
        self.left = None
        if frame.source != self._source or frame.time_s < self._seen_s:
            self.chosen, self._source, self._seen_s = None, frame.source, frame.time_s
        if (frame.seeks, frame.origin) != (self._seeks, self._origin):
            self._seeks, self._origin = frame.seeks, frame.origin
            if self.chosen not in ids:  # who is who is known in recorded results only
                self.chosen = None
        if self.chosen in ids:
            self._seen_s = frame.time_s
        elif self.chosen is not None and frame.time_s - self._seen_s > MEMORY_S:
            self.chosen, self.left = None, self.chosen
        followed = self.chosen
        largest = self._find_largest(analysis.faces)
        if followed is None and len(ids) > 1:
            followed = largest
        if followed == analysis.selected_id:
            return analysis
        return replace(analysis, selected_id=followed)

    def _find_largest(self, faces: tuple[Face, ...]) -> int | None:
        """Of faces about as large, the same as in the picture before."""
        before = next((face for face in faces if face.face_id == self._largest), None)
        if not faces:
            self._largest = None
        elif before is None or _area(faces[0]) > LARGER * _area(before):
            self._largest = faces[0].face_id
        return self._largest


def next_face(analysis: Analysis | None) -> int | None:
    """The id of the face after the one that is followed, by their numbers and round again."""
    faces = analysis.faces if analysis is not None else ()
    ids = sorted((face.face_id for face in faces), key=face_number)
    if analysis is None or not ids:
        return None
    here = face_number(analysis.selected_id) if analysis.selected_id is not None else 0
    return next((face_id for face_id in ids if face_number(face_id) > here), ids[0])


def _area(face: Face) -> float:
    return face.box[2] * face.box[3]
