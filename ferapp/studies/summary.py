"""What an analysis has counted, as text and as JSON."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.faces.face_finder import LookCount


@dataclass(slots=True)
class AnalysisSummary:
    source: str
    frames: int = 0
    frames_with_face: int = 0
    analysed: int = 0  # of the frames, now; the others were in the table already
    seconds: float = 0.0
    stopped: bool = False  # by the user, before the end
    resumable: bool = False  # stopped, and a table that can be continued
    labels: Counter[str] = field(default_factory=Counter)
    second_look: LookCount = field(default_factory=LookCount)  # of the frames analysed now

    def count(self, labels: Sequence[str]) -> None:
        """One more frame, by the labels of its faces."""
        self.frames += 1
        self.frames_with_face += bool(labels)
        self.labels.update(labels)

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "frames": self.frames,
            "frames_with_face": self.frames_with_face,
            "analysed_now": self.analysed,
            "ms_per_frame": round(1000 * self.seconds / max(1, self.analysed), 1),
            "stopped": self.stopped,
            "labels": dict(self.labels.most_common()),
            "second_look": {
                "looks": self.second_look.looks,
                "faces": self.second_look.faces,
                "ms_per_look": round(self.second_look.ms_per_look, 1),
            },
        }

    def as_text(self) -> str:
        values = self.as_dict()
        labels = ", ".join(f"{name} {count}" for name, count in values["labels"].items())
        frames = "1 frame" if self.frames == 1 else f"{self.frames} frames"
        stopped = ", stopped" if self.stopped else ""
        return (
            f"{self.source}: {frames}{stopped}, {self.frames_with_face} with a face, "
            f"{values['ms_per_frame']} ms a frame\nLabels: {labels or 'none'}"
            f"{self._looks_text()}"
        )

    def _looks_text(self) -> str:
        """How often small and turned faces were looked for; empty where none was found."""
        count = self.second_look
        if not count.faces:
            return ""
        looks = "1 second look" if count.looks == 1 else f"{count.looks} second looks"
        return f"\nSmall and turned faces: {count.faces} in {looks} of {count.ms_per_look:.0f} ms"
