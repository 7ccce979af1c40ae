"""What the analysis of a frame does; replaced as a whole between two frames."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    attribution: bool = True
    smoothing_s: float = 0.3  # time constant of the displayed probabilities
