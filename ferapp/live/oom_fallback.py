"""What the analysis drops when a GPU runs out of memory, the least important first."""

from dataclasses import replace
from enum import IntEnum

from ferapp.vision.analysis_options import AnalysisOptions


class Degradation(IntEnum):
    """What is dropped; each level includes those before it. The CPU has memory for everything."""

    NONE = 0
    NO_ATTRIBUTION = 1
    ONE_FACE = 2
    NO_GPU = 3


NOTICES = {
    Degradation.NONE: "",
    Degradation.NO_ATTRIBUTION: "{device} has too little free memory: attribution is off. "
    "Switch it off and on to try again.",
    Degradation.ONE_FACE: "{device} has too little free memory: only one face is analysed, "
    "without attribution. Switch attribution off and on to try again.",
    Degradation.NO_GPU: "{device} has too little free memory: the model moved to the CPU. "
    "Choose {device} again when other programs have freed memory.",
}


class OomFallback:
    """The current degradation. Used by the inference thread only."""

    def __init__(self) -> None:
        self.level = Degradation.NONE
        self.notice = ""

    def degrade(self, options: AnalysisOptions, device: str) -> Degradation:
        """The next level that changes something, after `device` ran out of memory."""
        skips_one = self.level is Degradation.NONE and not options.attribution
        self.level = Degradation(min(self.level + 1 + skips_one, Degradation.NO_GPU))
        self.notice = NOTICES[self.level].format(device=device)
        return self.level

    def limit(self, options: AnalysisOptions) -> AnalysisOptions:
        """`options` without what is dropped."""
        if self.level is Degradation.NO_ATTRIBUTION:
            return replace(options, attribution=False)
        if self.level is Degradation.ONE_FACE:
            return replace(options, attribution=False, max_faces=1)
        return options

    def reset(self) -> None:
        self.level, self.notice = Degradation.NONE, ""
