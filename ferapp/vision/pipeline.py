"""Frame → Analysis: landmarks, alignment, one batch through the model, smoothing, attribution."""

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.sources.base import Frame
from ferapp.vision.aligned_faces import FaceCrops, align_faces, describe_face, place_maps
from ferapp.vision.analysis_options import AnalysisOptions
from ferapp.vision.clip_memory import ClipMemory
from ferapp.vision.face_colours import FaceColours
from ferapp.vision.hidden_areas import NOTHING_HIDDEN
from ferapp.vision.quality import unsure_issue
from ferapp.vision.reidentification import Look, measure_look
from ferapp.vision.smoothing import Smoothing
from ferapp.vision.tracking import Tracks
from ferapp.vision.types import (
    Affect,
    Analysis,
    AppliedModel,
    Box,
    Prediction,
    StageTimes,
)
from trainer.faces.face_finder import FaceSource
from trainer.faces.landmarker import DetectedFace

if TYPE_CHECKING:  # imports torch: video and landmarks run before it is loaded
    from ferapp.vision.classifier import Classification, Classifier


class Analyzer:
    """Analyses frames in their order, in one thread. Landmarker and model may be missing.

    Another thread may already `detect` the faces of later frames, in their order. No face is the
    same in two segments, see `Frame`.
    """

    def __init__(self, landmarker: FaceSource | None = None) -> None:
        self.landmarker = landmarker
        self._segment: int | None = None  # of the frame analysed last
        self._detected_segment: int | None = None  # of the frame searched for faces last
        self._tracks = Tracks()
        self._smoothing = Smoothing()
        self._second_smoothing = Smoothing()  # of the second model's probabilities
        self._memory, self._second_memory = ClipMemory(), ClipMemory()
        self._colours = FaceColours()
        self._detections: list[DetectedFace] = []  # in the frame that was analysed last

    def _follow_segment(self, segment: int) -> None:
        if segment != self._segment:
            self._segment = segment
            self._tracks.begin_segment()
            self._smoothing, self._second_smoothing = Smoothing(), Smoothing()
            self._memory, self._second_memory = ClipMemory(), ClipMemory()

    def detect(self, frame: Frame, options: AnalysisOptions) -> list[DetectedFace]:
        """Detect the faces of the next frame, at most `options.max_faces`."""
        if self.landmarker is None or not options.max_faces:
            return []
        rgb = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), np.uint8)
        self.landmarker.set_max_faces(options.max_faces)
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
        options: AnalysisOptions,
        *,
        paint: bool,
        detections: list[DetectedFace] | None = None,
    ) -> Analysis:
        """Analyse the frame; `paint` also makes the picture that Qt paints.

        `detections` are its faces, if they were already detected.
        """
        started = time.perf_counter()
        if detections is None:
            detections = self.detect(frame, options)
        self._detections = detections
        self._follow_segment(frame.segment)
        detected = time.perf_counter()
        aligned = align_faces(frame.image, detections, classifier, options.hidden)
        ids = self._assign_ids(frame, detections, aligned)
        aligned_at = time.perf_counter()
        model, predictions = _predict(
            frame, ids, aligned, classifier, options, self._smoothing, self._memory
        )
        predicted = time.perf_counter()
        faces = tuple(
            describe_face(frame.image, *values)
            for values in zip(ids, detections, aligned, predictions, strict=True)
        )
        painting = time.perf_counter()
        picture = _for_painting(frame.image) if paint else np.empty((0, 0, 4), np.uint8)
        times = StageTimes(
            landmarks=1000 * (detected - started),
            align=1000 * (aligned_at - detected),
            model=1000 * (predicted - aligned_at),
            convert=1000 * (time.perf_counter() - painting),
        )
        models = () if model is None else (model,)
        return self.colour(Analysis(frame, faces, picture, models, times, options.hidden))

    def colour(self, analysis: Analysis) -> Analysis:
        """The analysis of the next frame with a colour for each face."""
        frame, ids = analysis.frame, [face.face_id for face in analysis.faces]
        colours = self._colours.assign(ids, frame.segment, frame.time_s)
        pairs = zip(analysis.faces, colours, strict=True)
        return replace(analysis, faces=tuple(replace(face, colour=c) for face, c in pairs))

    def _assign_ids(
        self, frame: Frame, detections: list[DetectedFace], aligned: list[FaceCrops]
    ) -> list[int]:
        def look(index: int) -> Look | None:
            detection = detections[index]
            return measure_look(aligned[index].grey, detection.mesh, detection.pose)

        return self._tracks.assign([face.box for face in detections], frame.time_s, look)

    def compare(
        self, analysis: Analysis, classifier: "Classifier", options: AnalysisOptions
    ) -> Analysis:
        """`analysis`, the latest one, with the predictions of a second model for its faces."""
        frame, ids = analysis.frame, [face.face_id for face in analysis.faces]
        aligned = align_faces(frame.image, self._detections, classifier, options.hidden)
        model, seconds = _predict(
            frame, ids, aligned, classifier, options, self._second_smoothing, self._second_memory
        )
        faces = tuple(
            replace(face, predictions=(face.prediction, second))
            for face, second in zip(analysis.faces, seconds, strict=True)
        )
        return replace(analysis, faces=faces, models=(analysis.model, model))


def _predict(
    frame: Frame,
    ids: list[int],
    aligned: list[FaceCrops],
    classifier: "Classifier | None",
    options: AnalysisOptions,
    smoothing: Smoothing,
    memory: ClipMemory,
) -> tuple[AppliedModel | None, list[Prediction | None]]:
    """The model and one prediction per face, all faces in one batch."""
    if classifier is None:
        return None, [None] * len(aligned)
    smoothing.use_model(classifier.path, options.prior)
    if not aligned:
        return _applied(classifier, options.method, options.prior), []
    memory.use_model(classifier.path)
    keys = [(face_id, options.hidden) for face_id in ids]
    if options.hidden:
        keys += [(face_id, NOTHING_HIDDEN) for face_id in ids]
    before = memory.before(keys, classifier.memory_size) if classifier.memory_size else None
    result = _classify(aligned, classifier, options, before)
    memory.remember(keys, result.memory, frame.time_s)
    model = _applied(classifier, result.method, options.prior)
    constant_s = options.smoothing_s
    predictions: list[Prediction | None] = []
    for index, (face_id, face) in enumerate(zip(ids, aligned, strict=True)):
        probabilities, affect = result.probabilities[index], result.valence_arousal[index]
        values = np.concatenate([probabilities, affect])
        together = smoothing.smooth(face_id, values, frame.time_s, constant_s, options.hidden)
        smoothed, smoothed_affect = np.split(together, [len(probabilities)])
        unmasked = None
        if options.hidden:
            whole = result.probabilities[len(aligned) + index]
            whole = np.concatenate([whole, result.valence_arousal[len(aligned) + index]])
            unmasked = smoothing.smooth(face_id, whole, frame.time_s, constant_s)
            unmasked = unmasked[: len(probabilities)]
        attention = result.attention[index]
        predictions.append(
            Prediction(
                model,
                probabilities,
                smoothed,
                unmasked,
                place_maps(result.maps[index], result.mapped[index], face)
                if options.attribution
                else None,
                attention if attention.size else None,
                unsure_issue(smoothed),
                Affect(affect, smoothed_affect) if affect.size else None,
            )
        )
    return model, predictions


def _applied(classifier: "Classifier", method: str, prior: str) -> AppliedModel:
    card, shares = classifier.card, str(classifier.prior_for(prior))
    return AppliedModel(card.classes, method, card.valence_arousal, shares)


def _classify(
    aligned: list[FaceCrops],
    classifier: "Classifier",
    options: AnalysisOptions,
    memory: NDArray[np.float32] | None,
) -> "Classification":
    crops = [face.masked for face in aligned]
    points = [face.points for face in aligned]
    if options.hidden:  # the whole faces in the same batch: the bars compare both
        crops += [face.whole for face in aligned]
        points *= 2
    return classifier.classify(
        np.stack(crops),
        attribution=options.attribution,
        method=options.method,
        target=options.target,
        points=np.stack(points).astype(np.float32),
        memory=memory,
        prior=options.prior,
    )


def _for_painting(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BGR → BGRX, a new array for each frame: Qt paints directly from it."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2BGRA), np.uint8)
