"""Frame → Analysis: landmarks, alignment, one batch through the model, smoothing, attribution."""

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.frame import Frame
from ferapp.vision.analysis import Analysis, FaceAnalysis, StageTimes
from ferapp.vision.options import Options
from ferapp.vision.tracks import Tracks
from trainer.faces.align import TEMPLATE_SIDE, AlignedFace, align_face
from trainer.faces.landmarker import DetectedFace, FaceLandmarker

if TYPE_CHECKING:  # brings torch: video and landmarks run before it is there
    from ferapp.vision.classifier import Classification, Classifier

NO_PROBABILITIES: NDArray[np.float32] = np.zeros(0, np.float32)


class Analyzer:
    """Analyses the frames of one source, in one thread. Landmarker and model may be missing."""

    def __init__(self, landmarker: FaceLandmarker | None = None) -> None:
        self.landmarker = landmarker
        self._tracks = Tracks()

    def analyze(
        self, frame: Frame, classifier: "Classifier | None", options: Options, *, paint: bool
    ) -> Analysis:
        """Everything known of the frame; with `paint` also the picture that Qt paints."""
        marks = [time.perf_counter()]
        found: list[DetectedFace] = []
        if self.landmarker is not None:
            rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), np.uint8)
            found = self.landmarker(rgb, frame.time_s)
        marks.append(time.perf_counter())

        size = classifier.crop_size if classifier else TEMPLATE_SIDE
        aligned = [align_face(frame.image, face.landmarks, size) for face in found]
        marks.append(time.perf_counter())

        result = None
        if classifier is not None and aligned:
            crops = np.stack([face.crop for face in aligned])
            result = classifier.classify(crops, attribution=options.attribution)
        marks.append(time.perf_counter())

        faces = self._assemble(frame, found, aligned, classifier, result, options)
        picture = _for_painting(frame.image) if paint else np.empty((0, 0, 4), np.uint8)
        marks.append(time.perf_counter())
        landmarks, align, model, convert = (1000 * float(step) for step in np.diff(marks))
        return Analysis(
            frame,
            faces,
            classifier.card.classes if classifier else (),
            picture,
            StageTimes(landmarks, align, model, convert),
        )

    def _assemble(
        self,
        frame: Frame,
        found: list[DetectedFace],
        aligned: list[AlignedFace],
        classifier: "Classifier | None",
        result: "Classification | None",
        options: Options,
    ) -> tuple[FaceAnalysis, ...]:
        boxes = [face.box for face in found]
        ids = self._tracks.assign(boxes, frame.time_s)
        margin = 0
        if classifier is not None:
            margin = (classifier.crop_size - classifier.card.preprocessing.input_size) // 2
        faces = []
        for index, (face, crop) in enumerate(zip(found, aligned, strict=True)):
            probabilities = smoothed = NO_PROBABILITIES
            attribution = target = None
            if result is not None:
                probabilities = result.probabilities[index]
                smoothed = self._tracks.smooth(
                    ids[index], probabilities, frame.time_s, options.smoothing_s
                )
                if result.maps is not None:
                    attribution = result.maps[index]
                    target = int(result.attributed[index])
            end = crop.crop.shape[0] - margin
            to_crop = crop.matrix.copy()
            to_crop[:, 2] -= margin
            faces.append(
                FaceAnalysis(
                    face_id=ids[index],
                    box=boxes[index],
                    landmarks=face.landmarks,
                    crop=crop.crop[margin:end, margin:end],
                    to_crop=to_crop,
                    probabilities=probabilities,
                    smoothed=smoothed,
                    attribution=attribution,
                    attributed_class=target,
                )
            )
        return tuple(faces)


def _for_painting(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGR → BGRX, a fresh array a frame: Qt paints straight from it."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8)
