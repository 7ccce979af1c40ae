"""`ferapp.load`: pictures in, faces out."""

import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self, overload

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferapp.api.argument_checks import check_whole_number
from ferapp.api.face_result import Face, FaceOrigin
from ferapp.api.notebook_html import faces_html
from ferapp.api.picture_input import KINDS, SEVERAL, Picture, is_picture, to_bgr
from ferapp.sources.base import Frame
from ferapp.vision.aligned_faces import FaceCrops, align_faces, describe_face
from ferapp.vision.analysis_options import MAX_ANALYZED_FACES
from ferapp.vision.classifier import Classifier
from ferapp.vision.quality import unsure_issue
from ferapp.vision.types import Affect, Analysis, AppliedModel, Prediction
from ferapp.vision.types import Face as FoundFace
from trainer.errors import UsageError
from trainer.faces.face_finder import FaceFinder
from trainer.prior import TRAINED

BATCH_FACES = 64  # through the model at once, of a list of pictures


class Faces(list[Face]):
    """The faces of one picture, largest first. A notebook shows them."""

    def _repr_html_(self) -> str:
        return faces_html(self)


@dataclass(slots=True)
class _Batch:
    """Pictures whose faces wait for the model."""

    found: list[tuple[FoundFace, FaceCrops]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)  # faces of each picture
    sizes: list[tuple[int, int]] = field(default_factory=list)  # height, width of each


class FaceAnalyzer:
    """Finds the faces of pictures and says which expression each apparently shows.

    Call it with one picture or with several. Every picture stands for itself: nothing is tracked or
    smoothed from one to the next; `ferapp.analyze` follows faces through a video. It holds
    MediaPipe, which `close()`, the end of a `with` block or the end of the program closes. One
    thread at a time uses it, others wait.
    """

    def __init__(
        self,
        model: str | Path = "default",
        *,
        device: str = "auto",
        faces: int = 8,
        prior: str | Mapping[str, float] = TRAINED,
    ) -> None:
        """See `load`."""
        check_whole_number("faces", faces, 1, MAX_ANALYZED_FACES)
        self._classifier = Classifier(model, device, prior)
        self._finder = FaceFinder(max_faces=faces)
        self._lock = threading.Lock()
        self._app: object = None  # Qt's, from the first drawing on
        # MediaPipe raises if the interpreter's shutdown closes it; this is called before
        self._close = weakref.finalize(self, self._finder.close)

    @property
    def classes(self) -> tuple[str, ...]:
        """The expressions that the model knows."""
        return self._classifier.card.classes

    @property
    def device(self) -> str:
        """Where the model runs, such as "cpu" or "cuda"."""
        return str(self._classifier.device)

    # the first that fits counts: a path is a sequence of characters, a list can be iterated
    @overload
    def __call__(self, image: Picture) -> Faces: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, image: Sequence[Picture]) -> list[Faces]: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, image: Iterable[Picture]) -> Iterator[Faces]: ...
    def __call__(self, image: Picture | Iterable[Picture]) -> Faces | list[Faces] | Iterator[Faces]:
        """The faces of a picture, largest first; an empty list where there is none.

        A picture is a (H, W, 3) uint8 array in the order red, green, blue (what OpenCV reads has
        another order, which nobody can see in the numbers: use `frame[..., ::-1]`), a grey (H, W)
        one, the path of a file, or a PIL image. Boxes and landmarks are in its pixels, after files
        and PIL images were turned upright by their EXIF orientation.

        A list of pictures gives a list, whose faces go through the model together; an iterator,
        such as a generator of a video's frames, gives an iterator, which reads one picture at a
        time and only when its faces are asked for.
        Raises UsageError for what is no picture, and SourceError for a file that cannot be read.
        """
        if is_picture(image):
            return self._analyze([image])[0]
        if isinstance(image, Sequence):
            return self._analyze(image, numbered=True)
        if isinstance(image, Iterable):
            return (self._analyze([picture])[0] for picture in image)
        raise UsageError(
            f"faces cannot be found in an object of the type {type(image).__name__}",
            f"{KINDS} {SEVERAL}",
        )

    def draw(
        self,
        image: Picture,
        faces: Iterable[Face],
        *,
        method: str | None = "",
        target: str | int = "predicted",
        boxes: bool = True,
        landmarks: bool = True,
    ) -> Image.Image:
        """The picture as a PIL image, with boxes, labels, landmarks and explanations over it.

        `faces` are those that were found in `image`; `method` and `target` are those of
        `Face.explain`, None draws no explanation. Call it in the main thread.
        """
        from ferapp.overlays.overlay_style import OverlayStyle
        from ferapp.overlays.painting_app import painting_app
        from ferapp.overlays.render_overlays import render_overlays

        bgr = to_bgr(image)
        height, width = bgr.shape[:2]
        drawn = tuple(faces)
        for face in drawn:
            if (face.origin.height, face.origin.width) != (height, width):
                raise UsageError(
                    f"the faces are of a picture of {face.origin.width} × {face.origin.height} "
                    f"pixels, but this one has {width} × {height}"
                )
        if method is None:
            results = tuple(face.origin.result for face in drawn)
        else:
            results = tuple(face.explained(method, target) for face in drawn)
        picture = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA), np.uint8)
        analysis = Analysis(Frame(bgr, 0, 0.0, 0.0), results, picture, (self._applied(),))
        shown = method or self._classifier.default_method
        style = OverlayStyle(boxes, landmarks, method is not None, method=shown)
        self._app = painting_app()  # kept: another for every picture would be slow
        painted = render_overlays(analysis, style)
        rows = np.frombuffer(painted.constBits(), np.uint8).reshape(height, width, 4)
        return Image.fromarray(np.ascontiguousarray(rows[..., 2::-1]))

    def close(self) -> None:
        """Close MediaPipe; no further picture can be analysed. May be called again."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> Literal[False]:
        self.close()
        return False

    def __repr__(self) -> str:
        closed = "" if self._close.alive else ", closed"
        return f"<FaceAnalyzer {self._classifier.card.name} on {self.device}{closed}>"

    def _analyze(self, pictures: Iterable[object], numbered: bool = False) -> list[Faces]:
        """The faces of each picture; their crops go through the model in batches."""
        results: list[Faces] = []
        batch = _Batch()
        for number, picture in enumerate(pictures):
            self._find(to_bgr(picture, f"picture {number}" if numbered else "the picture"), batch)
            if len(batch.found) >= BATCH_FACES:
                results += self._classify(batch)
                batch = _Batch()
        return results + self._classify(batch)

    def _find(self, bgr: NDArray[np.uint8], batch: _Batch) -> None:
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        with self._lock:
            if not self._close.alive:
                raise UsageError("this analyzer is closed", "Load another one: ferapp.load().")
            detections = self._finder(rgb)
        aligned = align_faces(bgr, detections, self._classifier)
        for face_id, (detection, crops) in enumerate(zip(detections, aligned, strict=True)):
            batch.found.append((describe_face(bgr, face_id, detection, crops, None), crops))
        batch.counts.append(len(detections))
        batch.sizes.append((bgr.shape[0], bgr.shape[1]))

    def _classify(self, batch: _Batch) -> list[Faces]:
        predictions = iter(self._predict([crops for _, crops in batch.found]))
        found = iter(batch.found)
        results = []
        for count, (height, width) in zip(batch.counts, batch.sizes, strict=True):
            faces = Faces()
            for _ in range(count):
                (face, crops), prediction = next(found), next(predictions)
                result = replace(face, predictions=(prediction,))
                faces.append(Face.of(FaceOrigin(result, crops, self._classifier, height, width)))
            results.append(faces)
        return results

    def _predict(self, crops: list[FaceCrops]) -> list[Prediction]:
        if not crops:
            return []
        with self._lock:
            whole = np.stack([face.whole for face in crops])
            result = self._classifier.classify(whole, attribution=False)
        return [
            Prediction(
                self._applied(),
                probabilities,
                probabilities,
                unsure=unsure_issue(probabilities),
                affect=Affect(affect, affect) if affect.size else None,
            )
            for probabilities, affect in zip(
                result.probabilities, result.valence_arousal, strict=True
            )
        ]

    def _applied(self) -> AppliedModel:
        card = self._classifier.card
        prior = str(self._classifier.prior)
        return AppliedModel(card.classes, valence_arousal=card.valence_arousal, prior=prior)


def load(
    model: str | Path = "default",
    *,
    device: str = "auto",
    faces: int = 8,
    prior: str | Mapping[str, float] = TRAINED,
) -> FaceAnalyzer:
    """Load a model, and what finds faces.

    `model` is a bundled model's name, a .safetensors file, the folder of a run, an .onnx file with
    its card beside it, or a name that `register` was given; `device` "auto",
    "cpu", "cuda", "cuda:N" or "mps"; `faces` the most faces of a picture, 1 to 64; `prior` the
    class shares that probabilities assume: "trained", "balanced", a JSON file, or class → share.
    Raises ModelFileError for a model that cannot be loaded, and UsageError for the others.
    """
    return FaceAnalyzer(model, device=device, faces=faces, prior=prior)
