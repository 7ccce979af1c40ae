"""What is kept of a face: the grey crop that models are fed, and nothing around it."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2

from ferapp.personal.examples import picture_side
from ferapp.personal.take_session import FrameShot
from trainer.data.prepare import prepare
from trainer.faces.align import align_face


def face_pictures(shots: Sequence[FrameShot]) -> list[bytes]:
    """A grey PNG of each: the very pixels that the model `default` is fed of that face."""
    side, found = picture_side(), []
    for shot in shots:
        crop = align_face(shot.image, shot.landmarks, side).crop
        found.append(cv2.imencode(".png", crop)[1].tobytes())
    return found


def prepare_examples(pictures: Path, out: Path) -> None:
    """Class folders → a prepared folder for the trainer, in place of an older one.

    In no cache: it lies where everything personal does, and goes with it. Raises FerError.
    """
    shutil.rmtree(out, ignore_errors=True)
    prepare(pictures, out, layout="folders", landmarks=False)
