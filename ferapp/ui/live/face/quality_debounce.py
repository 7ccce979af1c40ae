"""Quality issues that do not flicker: shown once they last, kept for a moment afterwards. No Qt."""

from dataclasses import dataclass, replace

from ferapp.vision.types import Analysis, Face, Prediction, QualityIssue, QualityKind

SHOW_AFTER_S = 0.4
HIDE_AFTER_S = 0.8

_Key = tuple[int, int | None, QualityKind]  # id of the face, index of the model, kind


@dataclass(slots=True)
class _Spell:
    """One issue of one face, from its first picture to the latest one."""

    issue: QualityIssue
    began: float
    seen: float
    shown: bool = False


class QualityDebounce:
    """Takes the analyses in their order; its clock is the time at which each frame arrived."""

    def __init__(self) -> None:
        self._spells: dict[_Key, _Spell] = {}
        self._last: float | None = None

    def apply(self, analysis: Analysis) -> Analysis:
        """`analysis` with the issues to show in place of those that were measured.

        Unrelated pictures, as those of a folder, keep what was measured.
        """
        now = analysis.frame.captured_at
        gap = 0.0 if self._last is None else now - self._last
        self._last = now
        if gap < 0 or gap >= SHOW_AFTER_S or analysis.frame.origin:
            self._spells.clear()
        alone = gap >= SHOW_AFTER_S or bool(analysis.frame.origin)
        faces = tuple(self._debounced_face(face, now, alone) for face in analysis.faces)
        self._spells = {
            key: spell for key, spell in self._spells.items() if now - spell.seen <= HIDE_AFTER_S
        }
        if all(new is old for new, old in zip(faces, analysis.faces, strict=True)):
            return analysis
        return replace(analysis, faces=faces)

    def _debounced_face(self, face: Face, now: float, alone: bool) -> Face:
        measured = {issue.kind: issue for issue in face.quality}
        issues = (  # always in the same order
            self._debounced((face.face_id, None, kind), measured.get(kind), now, alone)
            for kind in QualityKind
        )
        quality = tuple(issue for issue in issues if issue is not None)
        predictions = tuple(
            self._debounced_prediction(face.face_id, model, prediction, now, alone)
            for model, prediction in enumerate(face.predictions)
        )
        same = all(new is old for new, old in zip(predictions, face.predictions, strict=True))
        if same and quality == face.quality:
            return face
        return replace(face, quality=quality, predictions=predictions)

    def _debounced_prediction(
        self, face_id: int, model: int, prediction: Prediction | None, now: float, alone: bool
    ) -> Prediction | None:
        if prediction is None:
            return None
        key = (face_id, model, QualityKind.UNSURE)
        unsure = self._debounced(key, prediction.unsure, now, alone)
        return prediction if unsure == prediction.unsure else replace(prediction, unsure=unsure)

    def _debounced(
        self, key: _Key, issue: QualityIssue | None, now: float, alone: bool
    ) -> QualityIssue | None:
        spell = self._spells.get(key)
        if issue is not None:
            if spell is None:
                spell = self._spells[key] = _Spell(issue, now, now, alone)
            spell.issue, spell.seen = issue, now
            spell.shown = spell.shown or now - spell.began >= SHOW_AFTER_S
        elif spell is not None and (not spell.shown or now - spell.seen > HIDE_AFTER_S):
            del self._spells[key]
            return None
        return spell.issue if spell is not None and spell.shown else None
