"""Video and picture files whose grey levels tell the number of each frame."""

from pathlib import Path

import cv2
import numpy as np

COUNT = 5


def write_video(path: Path, frames: int = COUNT, fourcc: str = "MJPG", fps: float = 10) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), fps, (64, 48))
    assert writer.isOpened()
    for number in range(frames):
        writer.write(np.full((48, 64, 3), number * 20 % 256, np.uint8))
    writer.release()
    return path


def write_images(folder: Path) -> Path:
    folder.mkdir()
    for number in range(COUNT):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((48, 64, 3), number * 20, np.uint8))
    return folder
