"""What an analysis without a window computes: shared by one source and by a study of many."""

from collections.abc import Mapping
from dataclasses import dataclass

from ferapp.sources.limits import DEFAULT_LIMITS, SourceLimits
from ferapp.studies.transform_settings import NO_TRANSFORMS, TableTransforms
from ferapp.vision.analysis_options import DEFAULT_FACES, FaceSearch
from trainer.prior import TRAINED


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """The options of `ferapp analyze` that say how a source is analysed, not where the results go.

    `prior` are the class shares that the probabilities assume, see `ClassPrior.of`; for `faces`,
    `small_faces` and `rotate` see FaceSearch; `limits` say how large pictures may be, and where an
    address may lead. Raises UsageError for faces that cannot be searched for.
    """

    model: str = "default"  # a bundled model's name, or a model file
    device: str = "auto"
    prior: str | Mapping[str, float] = TRAINED
    every: int = 1  # every Nth frame is analysed
    max_frames: int = 0  # analysed ones; 0: all
    faces: int = DEFAULT_FACES  # at most, in a frame
    small_faces: str = "auto"
    rotate: int = 0  # degrees clockwise
    limits: SourceLimits = DEFAULT_LIMITS
    transforms: TableTransforms = NO_TRANSFORMS  # of a study's tables, when they are finished

    def __post_init__(self) -> None:
        FaceSearch(self.faces, self.small_faces, self.rotate)

    @property
    def search(self) -> FaceSearch:
        return FaceSearch(self.faces, self.small_faces, self.rotate)
