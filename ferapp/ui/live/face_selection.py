"""Which face bars, plots and attribution follow from frame to frame. No Qt."""

from dataclasses import replace

from ferapp.sources.base import Frame
from ferapp.vision.tracking import MEMORY_S, REACH, box_distance, face_number
from ferapp.vision.types import Analysis, Box, Face

LARGER = 1.3  # another face becomes the largest from this many times the area of the last one


class FaceSelection:
    """The face that the user chose, or the largest. Takes analyses in order.

    A choice applies within a segment; in a recording, where face ids are fixed, to all segments.
    A chosen face that is out of sight stays chosen for MEMORY_S; after that the largest takes its
    place, and `departed` has its id.
    """

    def __init__(self) -> None:
        self.chosen: int | None = None
        self.departed: int | None = None  # the chosen face, if the last frame gave it up
        self._largest: int | None = None
        self._last_frame: Frame | None = None
        self._chosen_seen_s = 0.0
        self._carried_box: Box | None = None  # of the chosen face, from a paused picture

    def choose(self, face_id: int | None) -> None:
        """None is the largest."""
        self.chosen = face_id

    def carry_over(self, paused: Analysis | None) -> None:
        """The next segment continues from the frame `paused`: keep the face chosen there.

        It gets a new id, and is recognised by its position.
        """
        face = _face_of(paused, self.chosen) if paused is not None else None
        self._carried_box = face.box if face is not None else None

    def apply(self, analysis: Analysis) -> Analysis:
        """`analysis` with the face to follow selected; unchanged if there is only one face."""
        self.departed = None
        self._follow_segment(analysis)
        frame, ids = analysis.frame, [face.face_id for face in analysis.faces]
        if self.chosen in ids:
            self._chosen_seen_s = frame.time_s
        elif self.chosen is not None and frame.time_s - self._chosen_seen_s > MEMORY_S:
            self.chosen, self.departed = None, self.chosen
        followed = self.chosen
        largest = self._find_largest(analysis.faces)
        if followed is None and len(ids) > 1:
            followed = largest
        if followed == analysis.selected_id:
            return analysis
        return replace(analysis, selected_id=followed)

    def _follow_segment(self, analysis: Analysis) -> None:
        frame, last, box = analysis.frame, self._last_frame, self._carried_box
        self._last_frame = frame
        if last is None or frame.segment == last.segment:
            return
        self._largest, self._carried_box = None, None
        if not (_share_face_ids(last, frame) and _face_of(analysis, self.chosen)):
            self.chosen = _nearest(analysis.faces, box) if box is not None else None

    def _find_largest(self, faces: tuple[Face, ...]) -> int | None:
        """Among faces of about the same size, the one of the previous frame."""
        before = next((face for face in faces if face.face_id == self._largest), None)
        if not faces:
            self._largest = None
        elif before is None or _area(faces[0]) > LARGER * _area(before):
            self._largest = faces[0].face_id
        return self._largest


def _share_face_ids(one: Frame, other: Frame) -> bool:
    """Whether both are from the same recording: its ids are valid in all segments."""
    are_recorded = one.recorded is not None and other.recorded is not None
    return are_recorded and one.source == other.source


def _nearest(faces: tuple[Face, ...], box: Box) -> int | None:
    """The id of the face at the position of `box`, if there is one."""
    face = min(faces, key=lambda face: box_distance(face.box, box), default=None)
    return face.face_id if face and box_distance(face.box, box) < REACH else None


def _face_of(analysis: Analysis, face_id: int | None) -> Face | None:
    return next((face for face in analysis.faces if face.face_id == face_id), None)


def next_face(analysis: Analysis | None) -> int | None:
    """The id of the face after the selected one, in order of their numbers, wrapping around."""
    faces = analysis.faces if analysis is not None else ()
    ids = sorted((face.face_id for face in faces), key=face_number)
    if analysis is None or not ids:
        return None
    here = face_number(analysis.selected_id) if analysis.selected_id is not None else 0
    return next((face_id for face_id in ids if face_number(face_id) > here), ids[0])


def _area(face: Face) -> float:
    return face.box[2] * face.box[3]
