"""What the analysis of a frame computes; replaced as a whole between two frames."""

from dataclasses import dataclass
from typing import Literal

from ferapp.vision.hidden_areas import NOTHING_HIDDEN, Hidden
from trainer.attribution_methods import DEFAULT_METHOD
from trainer.errors import UsageError

Prior = Literal["trained", "balanced"]  # names of class shares, see `trainer.prior`
DEFAULT_FACES = 4
MAX_FACES = 8  # in the window, where each has its colour and key
MAX_ANALYZED_FACES = 64  # without a window


@dataclass(frozen=True, slots=True)
class FaceSearch:
    """How faces are looked for where no window waits for them."""

    faces: int = DEFAULT_FACES  # at most, in a frame
    small_faces: str = "auto"  # or off; auto: tiles of the pictures are searched, too
    rotate: int = 0  # degrees clockwise that turn the pictures upright: 0, 90, 180 or 270

    def __post_init__(self) -> None:
        """Raise UsageError for what cannot be searched for."""
        if not 1 <= self.faces <= MAX_ANALYZED_FACES:
            raise UsageError(
                f"--faces {self.faces}: the most faces in a frame is a number from 1 to "
                f"{MAX_ANALYZED_FACES}"
            )
        if self.small_faces not in ("auto", "off"):
            raise UsageError(
                f"--small-faces {self.small_faces}: there is no such choice", "Use auto or off."
            )
        if self.rotate not in (0, 90, 180, 270):
            raise UsageError(
                f"--rotate {self.rotate}: pictures turn by quarters", "Use 0, 90, 180 or 270."
            )


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """`target` is the class to explain where one pass does not give the maps of all classes."""

    attribution: bool = True
    method: str = DEFAULT_METHOD  # of the maps, a name in OVERLAY_METHODS
    target: Literal["predicted", "runner_up"] | int = "predicted"
    smoothing_s: float = 0.3  # time constant of the displayed probabilities
    hidden: Hidden = NOTHING_HIDDEN  # what the model does not see of the faces
    max_faces: int = DEFAULT_FACES  # MediaPipe returns the most certain ones
    prior: Prior = "trained"  # trained: the prior that the classifier was loaded with
