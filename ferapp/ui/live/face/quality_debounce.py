"""Quality doubts without flicker: they appear and disappear only after a delay. No Qt."""

from dataclasses import dataclass, replace

from ferapp.sources.base import Frame
from ferapp.vision.types import Analysis, Doubt, DoubtKind, FaceAnalysis

SHOW_AFTER_S = 0.4
HIDE_AFTER_S = 0.8


@dataclass(slots=True)
class _Episode:
    """One doubt of one face, from its first frame to the last one so far."""

    doubt: Doubt
    began: float
    last_seen: float
    is_shown: bool = False


class QualityDebounce:
    """Takes the analyses in their order; the clock is the arrival of each frame.

    The first frame of another segment, and frames further apart than the delay, have no past to
    wait for: they show the doubts that were measured.
    """

    def __init__(self) -> None:
        self._episodes: dict[tuple[int, DoubtKind], _Episode] = {}
        self._last_frame: Frame | None = None

    def apply(self, analysis: Analysis) -> Analysis:
        """`analysis` with the doubts to show in place of the measured ones."""
        frame, last = analysis.frame, self._last_frame
        self._last_frame, now = frame, frame.captured_at
        at_once = last is not None and (
            frame.segment != last.segment or now - last.captured_at >= SHOW_AFTER_S
        )
        if at_once:
            self._episodes.clear()
        faces = tuple(self._settle_face(face, now, at_once) for face in analysis.faces)
        self._episodes = {
            key: episode
            for key, episode in self._episodes.items()
            if now - episode.last_seen <= HIDE_AFTER_S
        }
        if all(new is old for new, old in zip(faces, analysis.faces, strict=True)):
            return analysis
        return replace(analysis, faces=faces)

    def _settle_face(self, face: FaceAnalysis, now: float, at_once: bool) -> FaceAnalysis:
        measured = {doubt.kind: doubt for doubt in face.doubts}
        shown = []
        for kind in DoubtKind:  # always in the same order
            key = (face.face_id, kind)
            episode = self._episodes.get(key)
            doubt = measured.get(kind)
            if doubt is not None:
                if episode is None:
                    episode = self._episodes[key] = _Episode(doubt, now, now, at_once)
                episode.doubt, episode.last_seen = doubt, now
                episode.is_shown = episode.is_shown or now - episode.began >= SHOW_AFTER_S
            elif episode is not None and (
                not episode.is_shown or now - episode.last_seen > HIDE_AFTER_S
            ):
                del self._episodes[key]
                episode = None
            if episode is not None and episode.is_shown:
                shown.append(episode.doubt)
        return face if tuple(shown) == face.doubts else replace(face, doubts=tuple(shown))
