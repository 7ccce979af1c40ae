"""Heads that nobody recognises: blurred, covered flat, or replaced by the mesh of the face.

What was measured stays as it is; what is drawn must not bring a face back. The pixels that the
model sees go, maps keep only coarse areas, and no landmarks are drawn: MediaPipe's detector finds
a face in their dots and contours. It finds few in lines that differ from their ground in colour
alone, and Haar cascades, which see grey, find nothing in them.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.face_mesh import TRIANGLES
from ferapp.vision.head_search import Head, HeadSearch, HeadsOfFrame
from ferapp.vision.seen_faces import SeenFaces
from ferapp.vision.types import Analysis, Attribution, Box, Face
from trainer.errors import UsageError
from trainer.faces.mediapipe_import import import_mediapipe

AnonymiseKind = Literal["blur", "mask", "mesh"]
KINDS: tuple[AnonymiseKind, ...] = ("blur", "mask", "mesh")

# of a head, in distances from the middle of the eyes to the chin, about half a head
HALF_HEIGHT = 1.3  # with hair and neck line
HALF_WIDTH = 0.95  # with ears, and the back of a head that is turned away
ABOVE = 0.1  # from the eyes up to the middle
WIDTHS = 0.7  # half of a wide face, in widths of the jaw
MARGIN = 1.12  # beyond the outermost point
BOX_RADIUS = 1.1  # in sides of a box, where nothing else is known
BLOCKS = 4  # along a head: of 5, OpenCV's cascades take some for a face
CONTRAST = 0.4  # that is left of them
PICTURE_BLOCKS = 12  # across a picture that is covered whole
BLOCK_PX = 8  # of a block while it is smoothed, before it is enlarged
MASK = (74, 66, 60)  # BGR
MESH_GROUND = (104, 104, 104)
MESH_LINE = (75, 111, 101)  # as grey as the ground; MediaPipe's detector is keenest on blue
MESH_PX = 160  # of a face from which on lines have that colour: below they would fill it
MAP_CELLS = 5  # of a map, across: of 8, MediaPipe takes some for a face
_SUBPIXEL = 4  # bits


def kind_of(kind: str) -> AnonymiseKind:
    """Raise UsageError for a kind that there is not."""
    for known in KINDS:
        if kind == known:
            return known
    raise UsageError(f"--anonymise {kind}: there is no such choice", "Use blur, mask or mesh.")


class Anonymiser:
    """Covers the heads of frames, in their order. Close it explicitly: it holds MediaPipe."""

    def __init__(self, kind: AnonymiseKind, *, video: bool = False) -> None:
        self.kind = kind
        self.search = HeadSearch(video=video)

    def recall(self, seen: Iterable[SeenFaces]) -> None:
        """Faces of earlier frames: where one of the last second is gone, all is covered."""
        self.search.recall(seen)

    def apply(self, analysis: Analysis) -> Analysis:
        """The analysis of the next frame as it may be drawn: for pictures, not for tables."""
        frame = analysis.frame
        landmarks = [face.landmarks for face in analysis.faces if face.landmarks is not None]
        heads = self.search(frame.image, landmarks, frame.time_s, frame.segment)
        boxes = [face.box for face in analysis.faces if face.landmarks is None]
        image = cover_heads(frame.image, _with_boxes(heads, boxes), self.kind)
        picture = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8)
        faces = tuple(_without_features(face, self.kind) for face in analysis.faces)
        return replace(analysis, frame=replace(frame, image=image), picture=picture, faces=faces)

    def cover(self, image: NDArray[np.uint8], segment: int) -> NDArray[np.uint8]:
        """A BGR picture (H, W, 3) by itself with its heads covered."""
        return cover_heads(image, self.search(image, segment=segment), self.kind)

    def close(self) -> None:
        self.search.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False


def _with_boxes(heads: HeadsOfFrame, boxes: list[Box]) -> HeadsOfFrame:
    """Also faces of a recording, which has no landmarks."""
    return replace(heads, heads=(*heads.heads, *(Head.of_box(box) for box in boxes)))


def _without_features(face: Face, kind: AnonymiseKind) -> Face:
    """A map would hide the mesh, whose colour is faint: there it is left out."""
    crop = face.crop
    if crop is not None:
        crop = replace(crop, pixels=np.full_like(crop.pixels, 128), covered=None)
    predictions = tuple(
        replace(one, attribution=None if kind == "mesh" else coarse_maps(one.attribution))
        if one is not None and one.attribution is not None
        else one
        for one in face.predictions
    )
    return replace(face, landmarks=None, crop=crop, predictions=predictions)


def coarse_maps(attribution: Attribution) -> Attribution:
    """Maps of input pixels show the edges of a face: means of MAP_CELLS by MAP_CELLS areas."""
    size = attribution.maps.shape[-1]
    cells = (MAP_CELLS, MAP_CELLS)
    maps = [
        cv2.resize(
            cv2.resize(one, cells, interpolation=cv2.INTER_AREA),
            (size, size),
            interpolation=cv2.INTER_LINEAR,
        )
        for one in attribution.maps
    ]
    return replace(attribution, maps=np.stack(maps).astype(np.float32))


def cover_heads(
    image: NDArray[np.uint8], heads: HeadsOfFrame, kind: AnonymiseKind
) -> NDArray[np.uint8]:
    """A copy of a BGR picture (H, W, 3) with its heads covered, or all of it where one is lost."""
    covered = image.copy()
    if heads.is_lost:
        covered[:] = _blurred(image, PICTURE_BLOCKS) if kind == "blur" else _flat(kind)
    for head in heads.heads:
        if not heads.is_lost:
            _cover(covered, image, head, kind)
    if kind == "mesh":
        for head in heads.heads:
            _draw_mesh(covered, head)
    return covered


def head_mask(shape: tuple[int, int], heads: HeadsOfFrame) -> NDArray[np.bool_]:
    """(H, W): the pixels that `cover_heads` changes, but for a soft edge of a pixel."""
    mask = np.full(shape, heads.is_lost, np.uint8)
    for head in heads.heads:
        _fill_ellipse(mask, head, 1)
    return mask.astype(bool)


def _flat(kind: AnonymiseKind) -> tuple[int, int, int]:
    return MASK if kind == "mask" else MESH_GROUND


def _cover(
    covered: NDArray[np.uint8], image: NDArray[np.uint8], head: Head, kind: AnonymiseKind
) -> None:
    mask = np.zeros(image.shape[:2], np.uint8)
    _fill_ellipse(mask, head, 255)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return
    part = np.s_[y : y + height, x : x + width]
    if kind == "blur":
        fill = _blurred(image[part], BLOCKS)
    else:
        fill = np.full((height, width, 3), _flat(kind), np.uint8)
    share = mask[part].astype(np.float32) / 255
    covered[part] = cv2.blendLinear(fill, np.ascontiguousarray(covered[part]), share, 1 - share)


def _blurred(image: NDArray[np.uint8], blocks: int) -> NDArray[np.uint8]:
    """Means of square blocks, `blocks` along the longer side, smoothed."""
    height, width = image.shape[:2]
    side = max(height, width) / blocks
    cells = max(1, round(width / side)), max(1, round(height / side))
    small = cv2.resize(image, cells, interpolation=cv2.INTER_AREA)
    mean = small.mean(axis=(0, 1))
    small = np.asarray(mean + CONTRAST * (small - mean) + 0.5, np.uint8)
    squares = cv2.resize(small, None, fx=BLOCK_PX, fy=BLOCK_PX, interpolation=cv2.INTER_NEAREST)
    soft = cv2.GaussianBlur(squares, (0, 0), 0.3 * BLOCK_PX)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _fill_ellipse(mask: NDArray[np.uint8], head: Head, value: int) -> None:
    (x, y), (half_width, half_height), degrees = head_ellipse(head)
    one = 1 << _SUBPIXEL
    cv2.ellipse(
        mask,
        (round(x * one), round(y * one)),
        (round(half_width * one), round(half_height * one)),
        degrees,
        0,
        360,
        value,
        cv2.FILLED,
        cv2.LINE_AA,
        _SUBPIXEL,
    )


def head_ellipse(head: Head) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Centre, half axes (across, along the face) in pixels, and the clockwise turn in degrees."""
    landmarks = head.landmarks
    if landmarks is None:
        x, y, width, height = head.box
        radius = BOX_RADIUS * max(width, height)
        return (x + width / 2, y + height / 2), (radius, radius), 0.0
    points = landmarks.astype(np.float64)
    eyes, mouth, chin = points[36:48].mean(axis=0), points[48:60].mean(axis=0), points[8]
    down = (mouth - eyes) / max(float(np.hypot(*(mouth - eyes))), 1e-6)
    across = np.array([down[1], -down[0]])
    jaw = points[:17] @ across
    width = float(jaw.max() - jaw.min())
    # a head that nods towards the camera is short, one that turns is narrow
    unit = max(float((chin - eyes) @ down), 0.75 * width)
    half = np.array([max(HALF_WIDTH * unit, WIDTHS * width), HALF_HEIGHT * unit])
    centre = eyes - ABOVE * unit * down
    centre += ((jaw.max() + jaw.min()) / 2 - eyes @ across) * across
    off = (head.points - centre) @ np.column_stack([across, down]) / half
    half = half * max(1.0, MARGIN * float(np.hypot(*off.T).max()))
    degrees = float(np.degrees(np.arctan2(-down[0], down[1])))
    return (float(centre[0]), float(centre[1])), (float(half[0]), float(half[1])), degrees


def _draw_mesh(image: NDArray[np.uint8], head: Head) -> None:
    """Thin lines in another colour: a detector must not take the drawing for a face."""
    if not len(head.points):
        return
    lines = _mesh_lines() if len(head.points) == 478 else _landmark_lines()
    ends = np.round(head.points[lines] * (1 << _SUBPIXEL)).astype(np.int32)
    cv2.polylines(image, list(ends), False, _line_colour(head), 1, cv2.LINE_AA, _SUBPIXEL)


def _line_colour(head: Head) -> tuple[int, int, int]:
    """Towards the ground for small faces, as thinner lines would be."""
    share = min(1.0, max(head.box[2:]) / MESH_PX)
    blue, green, red = (
        round(ground + share * (line - ground))
        for ground, line in zip(MESH_GROUND, MESH_LINE, strict=True)
    )
    return blue, green, red


@lru_cache(maxsize=1)
def _mesh_lines() -> NDArray[np.intp]:
    """Point numbers (N, 2) of MediaPipe's tesselation, each line once."""
    connections = import_mediapipe().landmarker.FaceLandmarksConnections
    pairs = {tuple(sorted((c.start, c.end))) for c in connections.FACE_LANDMARKS_TESSELATION}
    return np.array(sorted(pairs))


@lru_cache(maxsize=1)
def _landmark_lines() -> NDArray[np.intp]:
    triangles = TRIANGLES[(TRIANGLES < 68).all(axis=1)].tolist()
    pairs = {tuple(sorted(pair)) for a, b, c in triangles for pair in ((a, b), (b, c), (a, c))}
    return np.array(sorted(pairs))
