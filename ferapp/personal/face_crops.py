"""What is stored of a face: the grey crop that the model is given, and nothing around it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2

from ferapp.personal.examples import picture_side
from ferapp.personal.take_session import FrameShot
from trainer.data.prepare import prepare
from trainer.faces.align import align_face


def face_crop_pngs(shots: Sequence[FrameShot]) -> list[bytes]:
    """A grey PNG of each shot: the exact pixels that the model `default` is given."""
    side = picture_side()
    crops = [align_face(shot.image, shot.landmarks, side).crop for shot in shots]
    return [cv2.imencode(".png", crop)[1].tobytes() for crop in crops]


def prepare_examples(pictures: Path, out: Path) -> None:
    """Prepare class folders for the trainer, replacing an older prepared folder.

    `out` is not in the cache but with everything else that is personal, so that it is deleted with
    it. Raises FerError.
    """
    shutil.rmtree(out, ignore_errors=True)
    prepare(pictures, out, layout="folders", landmarks=False)
