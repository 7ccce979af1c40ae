"""Frame → Analysis: landmarks, alignment, one batch through the model, smoothing, attribution."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame
from ferapp.vision.analysis_options import Options
from ferapp.vision.face_regions import places
from ferapp.vision.masking import hide
from ferapp.vision.quality import doubts
from ferapp.vision.signals import measure
from ferapp.vision.tracking import Box, Smoothing, Tracks
from ferapp.vision.types import NOTHING, Analysis, FaceAnalysis, StageTimes
from trainer.faces.align import TEMPLATE_SIDE, AlignedFace, align_face, transform_points
from trainer.faces.landmarker import DetectedFace, FaceLandmarker

if TYPE_CHECKING:  # brings torch: video and landmarks run before it is there
    from ferapp.vision.classifier import Classification, Classifier


class Analyzer:
    """Analyses frames in their order, in one thread. Landmarker and model may be missing.

    Another thread may already `detect` the faces of later frames, in their order. No face is the
    same in two segments, see `Frame`.
    """

    def __init__(self, landmarker: FaceLandmarker | None = None) -> None:
        self.landmarker = landmarker
        self._segment: int | None = None  # of the frame analysed last
        self._detected_segment: int | None = None  # of the frame searched for faces last
        self._tracks = Tracks()
        self._smoothing = Smoothing()
        self._other_smoothing = Smoothing()  # of the second model's probabilities
        self._found: list[DetectedFace] = []  # in the frame that was analysed last

    def _follow_segment(self, segment: int) -> None:
        if segment != self._segment:
            self._segment = segment
            self._tracks.begin_segment()
            self._smoothing, self._other_smoothing = Smoothing(), Smoothing()

    def detect(self, frame: Frame, options: Options) -> list[DetectedFace]:
        """The faces of the frame after the one that was given last."""
        if self.landmarker is None:
            return []
        rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), np.uint8)
        self.landmarker.expect(options.max_faces)
        if frame.segment != self._detected_segment:
            self.landmarker.begin_segment()
            self._detected_segment = frame.segment
        return self.landmarker(rgb, frame.time_s)

    def recall(self, faces: Iterable[tuple[int, Box, float]], segment: int) -> None:
        """Continue the ids of faces of an earlier frame of `segment`: id, box and time."""
        self._follow_segment(segment)
        self._tracks.recall(faces)

    def analyze(
        self,
        frame: Frame,
        classifier: "Classifier | None",
        options: Options,
        *,
        paint: bool,
        found: list[DetectedFace] | None = None,
    ) -> Analysis:
        """Everything known of the frame; with `paint` also the picture that Qt paints.

        `found` are its faces, where they were detected already.
        """
        marks = [time.perf_counter()]
        found = self.detect(frame, options) if found is None else found
        self._found = found
        self._follow_segment(frame.segment)
        marks.append(time.perf_counter())
        ids = self._tracks.assign([face.box for face in found], frame.time_s)
        faces, method, times = self._classified(frame, classifier, options, ids, self._smoothing)
        started = time.perf_counter()
        picture = _for_painting(frame.image) if paint else np.empty((0, 0, 4), np.uint8)
        landmarks, convert = marks[1] - marks[0], time.perf_counter() - started
        return Analysis(
            frame,
            faces,
            classifier.card.classes if classifier else (),
            picture,
            StageTimes(1000 * landmarks, 1000 * times[0], 1000 * times[1], 1000 * convert),
            options.hidden,
            method,
        )

    def compare(self, analysis: Analysis, classifier: "Classifier", options: Options) -> Analysis:
        """The analysis that came last, with what a second model makes of the same faces."""
        frame = analysis.frame
        ids = [face.face_id for face in analysis.faces]
        faces, method, _ = self._classified(frame, classifier, options, ids, self._other_smoothing)
        classes = classifier.card.classes
        other = replace(analysis, faces=faces, classes=classes, method=method)
        return replace(analysis, other=other)

    def _classified(
        self,
        frame: Frame,
        classifier: "Classifier | None",
        options: Options,
        ids: list[int],
        smoothing: Smoothing,
    ) -> tuple[tuple[FaceAnalysis, ...], str, tuple[float, float]]:
        """The faces, the method of their maps, and the seconds of aligning and of the model."""
        found = self._found
        marks = [time.perf_counter()]
        size = classifier.crop_size if classifier else TEMPLATE_SIDE
        aligned = [align_face(frame.image, face.landmarks, size) for face in found]
        fed = [face.crop for face in aligned]
        if options.hidden:
            fed = [
                hide(crop.crop, transform_points(crop.matrix, face.landmarks), options.hidden)
                for face, crop in zip(found, aligned, strict=True)
            ]
        marks.append(time.perf_counter())

        result = None
        if classifier is not None and fed:
            # while parts are hidden, the same batch has the whole faces: the bars compare them
            batch = fed + [face.crop for face in aligned] if options.hidden else fed
            points = [
                transform_points(c.matrix, f.landmarks) for f, c in zip(found, aligned, strict=True)
            ]
            result = classifier.classify(
                np.stack(batch),
                attribution=options.attribution,
                method=options.method,
                target=options.target,
                points=np.stack(points * (len(batch) // len(fed))).astype(np.float32),
            )
        marks.append(time.perf_counter())

        faces = self._assemble(frame, aligned, fed, classifier, result, options, ids, smoothing)
        method = result.method if result is not None else options.method
        return faces, method, (marks[1] - marks[0], marks[2] - marks[1])

    def _assemble(
        self,
        frame: Frame,
        aligned: list[AlignedFace],
        fed: list[NDArray[np.uint8]],
        classifier: "Classifier | None",
        result: "Classification | None",
        options: Options,
        ids: list[int],
        smoothing: Smoothing,
    ) -> tuple[FaceAnalysis, ...]:
        found = self._found
        height, width = frame.image.shape[:2]
        margin = 0
        if classifier is not None:
            smoothing.use_model(classifier.path)
            margin = (classifier.crop_size - classifier.card.preprocessing.input_size) // 2
        faces = []
        for index, (face, crop) in enumerate(zip(found, aligned, strict=True)):
            probabilities = smoothed = whole = NOTHING
            maps = None
            mapped: tuple[int, ...] = ()
            where: NDArray[np.uint8] | None = None
            attention = NOTHING
            if result is not None:
                moment = frame.time_s, options.smoothing_s
                probabilities = result.probabilities[index]
                smoothed = smoothing.smooth(ids[index], probabilities, *moment, options.hidden)
                if options.hidden:
                    unhidden = result.probabilities[len(found) + index]
                    whole = smoothing.smooth(ids[index], unhidden, *moment)
                attention = result.attention[index]
                if options.attribution:
                    maps = result.maps[index]
                    mapped = tuple(result.mapped[index].tolist())
                    points = transform_points(crop.matrix, face.landmarks) - margin
                    where = places(points, maps.shape[-1])
            to_crop = crop.matrix.copy()
            to_crop[:, 2] -= margin
            end = len(fed[index]) - margin
            faces.append(
                FaceAnalysis(
                    face_id=ids[index],
                    box=face.box,
                    landmarks=face.landmarks,
                    crop=fed[index][margin:end, margin:end],
                    to_crop=to_crop,
                    probabilities=probabilities,
                    smoothed=smoothed,
                    maps=maps,
                    mapped=mapped,
                    places=where,
                    attention=attention,
                    whole=whole,
                    signals=measure(face.landmarks, face.pose, face.blendshapes),
                    doubts=doubts(crop.crop, face.landmarks, (width, height), smoothed),
                )
            )
        return tuple(faces)


def _for_painting(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGR → BGRX, a fresh array a frame: Qt paints straight from it."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8)
