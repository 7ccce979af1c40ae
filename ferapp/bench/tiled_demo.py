"""The person of the demo clip several times in one frame, to measure the cost of many faces."""

import numpy as np

from ferapp.sources.base import Frame, FrameSource, Kind
from ferapp.sources.video import VideoFile
from trainer.files import asset

PERSON = slice(284, 604)  # columns of the clip, 360 px high
COLUMNS, ROWS = 4, 2
GROUND = 90  # grey


class TiledDemo(FrameSource):
    """1280 × 720 px for any number of faces, 1 to 8, so that only the number differs."""

    kind: Kind = "video"

    def __init__(self, faces: int) -> None:
        if not 1 <= faces <= COLUMNS * ROWS:
            raise ValueError(f"{faces} faces: there is room for 1 to {COLUMNS * ROWS}")
        self._clip = VideoFile(asset("demo/demo.mp4"))
        self._faces = faces
        self.name = f"Demo clip, {faces} × its face"
        self.fps = self._clip.fps

    def read(self) -> Frame | None:
        frame = self._clip.read()
        if frame is None:
            return None
        person = frame.image[:, PERSON]
        height, width = person.shape[:2]
        image = np.full((ROWS * height, COLUMNS * width, 3), GROUND, np.uint8)
        for place in range(self._faces):
            row, column = divmod(place, COLUMNS)
            top, left = row * height, column * width
            image[top : top + height, left : left + width] = person
        return Frame(image, frame.index, frame.time_s, frame.captured_at)

    def rewind(self) -> None:
        self._clip.rewind()

    def close(self) -> None:
        self._clip.close()
