"""The mean gradients of `ferapp/vision/reidentification.py`, from FER2013's training pictures.

    python tests/benchmarks/mean_face.py FER2013_CSV

Prints the rows of MEAN_GRADIENTS.
"""

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferapp.vision.reidentification import BINS, CELLS, _gradients, _mirrored
from trainer.faces.align import align_face
from trainer.faces.landmarker import FaceLandmarker, face_of_crop

PICTURES = 2000
SIDE = 48
ENLARGED = 4  # as in a video, so that the crop is not interpolated


def pictures(file: Path) -> Iterator[NDArray[np.uint8]]:
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, skipinitialspace=True):
            if row["Usage"] == "Training":
                yield np.array(row["pixels"].split(), np.uint8).reshape(SIDE, SIDE)


def main(file: Path) -> None:
    found = []
    with FaceLandmarker() as landmarker:
        for picture in islice(pictures(file), PICTURES):
            big = cv2.resize(picture, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
            big = np.asarray(big, np.uint8)
            face = face_of_crop(landmarker, big)
            if face is not None:
                found.append(_gradients(align_face(big, face.landmarks).crop))
    mean = np.mean(found, axis=0)
    symmetric = (mean + _mirrored(mean)) / 2
    print(f"# {len(found)} of {PICTURES} pictures")
    for cells in np.rint(1000 * symmetric[:, : CELLS // 2]).astype(int):
        print("    " + " ".join(f"{value}," for value in cells.reshape(-1)))
    assert symmetric.shape == (CELLS, CELLS, BINS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
