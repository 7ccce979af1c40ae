"""Doubts that do not flicker: shown once they lasted, kept for a moment after they went. No Qt."""

from dataclasses import dataclass, replace

from ferapp.vision.types import Analysis, Doubt, DoubtKind, FaceAnalysis

LASTED_S = 0.4
KEPT_S = 0.8


@dataclass(slots=True)
class _Spell:
    """One doubt of one face, from its first picture to the last one so far."""

    doubt: Doubt
    began: float
    seen: float
    shown: bool = False


class SteadyDoubts:
    """Takes the analyses in their order; the clock is the time at which each picture arrived."""

    def __init__(self) -> None:
        self._spells: dict[tuple[int, DoubtKind], _Spell] = {}
        self._last: float | None = None

    def settle(self, analysis: Analysis) -> Analysis:
        """`analysis` with the doubts to show in place of those that were found.

        Pictures that stand for themselves, as those of a folder, keep what was found.
        """
        now = analysis.frame.captured_at
        gap = 0.0 if self._last is None else now - self._last
        self._last = now
        if gap < 0 or gap >= LASTED_S or analysis.frame.origin:
            self._spells.clear()
        alone = gap >= LASTED_S or bool(analysis.frame.origin)
        faces = tuple(self._settled(face, now, alone) for face in analysis.faces)
        self._spells = {
            key: spell for key, spell in self._spells.items() if now - spell.seen <= KEPT_S
        }
        if all(new is old for new, old in zip(faces, analysis.faces, strict=True)):
            return analysis
        return replace(analysis, faces=faces)

    def _settled(self, face: FaceAnalysis, now: float, alone: bool) -> FaceAnalysis:
        found = {doubt.kind: doubt for doubt in face.doubts}
        shown = []
        for kind in DoubtKind:  # always in the same order
            key = (face.face_id, kind)
            spell = self._spells.get(key)
            doubt = found.get(kind)
            if doubt is not None:
                if spell is None:
                    spell = self._spells[key] = _Spell(doubt, now, now, alone)
                spell.doubt, spell.seen = doubt, now
                spell.shown = spell.shown or now - spell.began >= LASTED_S
            elif spell is not None and (not spell.shown or now - spell.seen > KEPT_S):
                del self._spells[key]
                spell = None
            if spell is not None and spell.shown:
                shown.append(spell.doubt)
        return face if tuple(shown) == face.doubts else replace(face, doubts=tuple(shown))
