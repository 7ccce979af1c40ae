"""What the analysis gives up when a GPU has too little memory: least first."""

from dataclasses import replace
from enum import IntEnum

from ferapp.vision.analysis_options import AnalysisOptions


class Rung(IntEnum):
    """How much was given up; each includes the ones before it, the CPU has room for all again."""

    NOTHING = 0
    ATTRIBUTION = 1
    OTHER_FACES = 2
    GPU = 3


WORDS = {
    Rung.NOTHING: "",
    Rung.ATTRIBUTION: "{device} has too little free memory: attribution is off. "
    "Switch it off and on to try again.",
    Rung.OTHER_FACES: "{device} has too little free memory: only one face is analysed, "
    "without attribution. Switch attribution off and on to try all of it again.",
    Rung.GPU: "{device} has too little free memory: the model moved to the CPU. "
    "Choose {device} again when other programs have freed some.",
}


class Ladder:
    """Where the analysis stands. Used by the analysis thread."""

    def __init__(self) -> None:
        self.rung = Rung.NOTHING
        self.notice = ""

    def climb(self, options: AnalysisOptions, device: str) -> Rung:
        """The next rung that changes something, after `device` ran out of memory."""
        without_maps = self.rung is Rung.NOTHING and not options.attribution
        self.rung = Rung(min(self.rung + 1 + without_maps, Rung.GPU))
        self.notice = WORDS[self.rung].format(device=device)
        return self.rung

    def limit(self, options: AnalysisOptions) -> AnalysisOptions:
        """`options` without what was given up."""
        if self.rung is Rung.ATTRIBUTION:
            return replace(options, attribution=False)
        if self.rung is Rung.OTHER_FACES:
            return replace(options, attribution=False, max_faces=1)
        return options

    def reset(self) -> None:
        self.rung, self.notice = Rung.NOTHING, ""
