"""Small pictures of faces by time: few a second, and so many in all. No Qt."""

from dataclasses import dataclass, field

EVERY_S = 0.5  # at first, between two thumbnails of a face
MOST = 6000  # of all faces: about 12 MB


@dataclass(slots=True)
class TimedThumbnails:
    """JPEGs. When there are MOST, every second one is dropped, and half as many come from then on.

    So they are spread over the whole session, however long it is.
    """

    every_s: float = EVERY_S
    _jpegs: dict[int, dict[int, bytes]] = field(default_factory=dict)  # face → place → JPEG

    def __len__(self) -> int:
        return sum(map(len, self._jpegs.values()))

    def is_due(self, face: int, time_s: float) -> bool:
        return int(time_s // self.every_s) not in self._jpegs.get(face, {})

    def put(self, face: int, time_s: float, jpeg: bytes) -> None:
        self._jpegs.setdefault(face, {})[int(time_s // self.every_s)] = jpeg
        if len(self) > MOST:
            self.every_s *= 2
            for face, jpegs in self._jpegs.items():
                self._jpegs[face] = {
                    place // 2: jpeg for place, jpeg in jpegs.items() if place % 2 == 0
                }

    def nearest(self, face: int, time_s: float) -> bytes | None:
        """The one of about that time: of this place, or of the one beside it."""
        jpegs = self._jpegs.get(face, {})
        place = int(time_s // self.every_s)
        beside = place + (1 if time_s % self.every_s > self.every_s / 2 else -1)
        return jpegs.get(place) or jpegs.get(beside)

    def drop_before(self, time_s: float) -> None:
        first = int(time_s // self.every_s)
        for face, jpegs in self._jpegs.items():
            oldest = next(iter(jpegs), first)
            if oldest < first:
                self._jpegs[face] = {p: jpeg for p, jpeg in jpegs.items() if p >= first}

    def clear(self) -> None:
        self._jpegs.clear()
        self.every_s = EVERY_S
