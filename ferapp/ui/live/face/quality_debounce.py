"""Debounces quality issues: they appear once they persist, and disappear with a delay. No Qt."""

from dataclasses import dataclass, replace

from ferapp.sources.base import Frame
from ferapp.vision.types import Analysis, Face, Prediction, QualityIssue, QualityKind

SHOW_AFTER_S = 0.4
HIDE_AFTER_S = 0.8

_Key = tuple[int, int | None, QualityKind]  # id of the face, index of the model, kind


@dataclass(slots=True)
class _IssueSpan:
    """One issue of one face, from its first frame to the latest one."""

    issue: QualityIssue
    began: float
    last_seen: float
    is_shown: bool = False


class QualityDebounce:
    """Takes analyses in order; the clock is the capture time of each frame.

    The first frame of a segment, and frames further apart than the delay, show their measured
    issues at once.
    """

    def __init__(self) -> None:
        self._spans: dict[_Key, _IssueSpan] = {}
        self._last_frame: Frame | None = None

    def apply(self, analysis: Analysis) -> Analysis:
        """`analysis` with the debounced issues instead of the measured ones."""
        frame, last = analysis.frame, self._last_frame
        self._last_frame, now = frame, frame.captured_at
        at_once = last is not None and (
            frame.segment != last.segment or now - last.captured_at >= SHOW_AFTER_S
        )
        if at_once:
            self._spans.clear()
        faces = tuple(self._debounced_face(face, now, at_once) for face in analysis.faces)
        self._spans = {
            key: span for key, span in self._spans.items() if now - span.last_seen <= HIDE_AFTER_S
        }
        if all(new is old for new, old in zip(faces, analysis.faces, strict=True)):
            return analysis
        return replace(analysis, faces=faces)

    def _debounced_face(self, face: Face, now: float, at_once: bool) -> Face:
        measured = {issue.kind: issue for issue in face.quality}
        issues = (  # always in the same order
            self._debounced((face.face_id, None, kind), measured.get(kind), now, at_once)
            for kind in QualityKind
        )
        quality = tuple(issue for issue in issues if issue is not None)
        predictions = tuple(
            self._debounced_prediction(face.face_id, model, prediction, now, at_once)
            for model, prediction in enumerate(face.predictions)
        )
        same = all(new is old for new, old in zip(predictions, face.predictions, strict=True))
        if same and quality == face.quality:
            return face
        return replace(face, quality=quality, predictions=predictions)

    def _debounced_prediction(
        self, face_id: int, model: int, prediction: Prediction | None, now: float, at_once: bool
    ) -> Prediction | None:
        if prediction is None:
            return None
        key = (face_id, model, QualityKind.UNSURE)
        unsure = self._debounced(key, prediction.unsure, now, at_once)
        return prediction if unsure == prediction.unsure else replace(prediction, unsure=unsure)

    def _debounced(
        self, key: _Key, issue: QualityIssue | None, now: float, at_once: bool
    ) -> QualityIssue | None:
        span = self._spans.get(key)
        if issue is not None:
            if span is None:
                span = self._spans[key] = _IssueSpan(issue, now, now, at_once)
            span.issue, span.last_seen = issue, now
            span.is_shown = span.is_shown or now - span.began >= SHOW_AFTER_S
        elif span is not None and (not span.is_shown or now - span.last_seen > HIDE_AFTER_S):
            del self._spans[key]
            return None
        return span.issue if span is not None and span.is_shown else None
