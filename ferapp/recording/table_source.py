"""Plays a table of faces with the source it was made from: nothing is analysed again.

Frames match by their number, pictures of a folder by their name, and a table at a rate of its own
by its times. Where a table has every n-th frame only, its results hold until the next one. Where
the pictures are missing, grey ones stand for them.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ferapp.recording.stored_table import read_face_table
from ferapp.recording.table_pictures import find_pictures
from ferapp.sources.base import Frame, FrameSource, Kind
from ferapp.sources.recorded import MissingPictures, RecordedResults, RecordedTable, Replay
from ferapp.studies.output_note import OutputNote

SAME_S = 0.001  # tables round times to milliseconds
GREY = 96  # level of the pictures that stand for missing ones
GREY_SIZE = (640, 360)  # px, at least


class TableSource(FrameSource):
    """The frames of `open_source(path)`, each with the results that the table has for it.

    Raises SourceError where the file is no table of faces.
    """

    def __init__(self, file: Path, open_source: Callable[[str], FrameSource]) -> None:
        table = read_face_table(file)
        note = OutputNote(file).read()
        found = find_pictures(table, note)
        if isinstance(found, MissingPictures):
            self._source: FrameSource = GreyFrames(table)
        else:
            self._source = open_source(str(found))
        source = self._source
        self._places = {name: place for place, name in enumerate(table.files)}
        if self._places and source.pictures is not None:
            table = _at_positions(table, source.pictures.names, source.fps)
        self._table = table
        self._has_sought = False  # numbers of frames are an estimate after a seek
        self._every = int(note.get("every") or 1)
        self._hold_s = max(table.step_s, SAME_S)
        self.name = file.name
        self.kind: Kind = source.kind
        self.fps, self.duration_s = source.fps, source.duration_s
        self.frame_count, self.is_sequence = source.frame_count, source.is_sequence
        self.has_file_names, self.pictures = source.has_file_names, source.pictures
        self.recorded = Replay(
            self.name,
            str(note.get("model", "")),
            table,
            is_recording=False,
            has_overlays=source.recorded is not None and source.recorded.has_overlays,
            is_complete=bool(note.get("finished")) or not note,
            missing=found if isinstance(found, MissingPictures) else None,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        return self._source.notes

    @property
    def skipped(self) -> tuple[str, ...]:  # type: ignore[override]
        return self._source.skipped

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is None:
            return None
        place = self._place_of(frame)
        results = self._table.results(place) if place is not None else RecordedResults()
        return replace(frame, recorded=results)

    def _place_of(self, frame: Frame) -> int | None:
        """Where the table has the results that hold for a frame."""
        table = self._table
        if self._places:
            return self._places.get(frame.file_name)
        if not table.numbers:
            place = table.by_time(frame.time_s)
            is_near = place is not None and abs(table.times[place] - frame.time_s) <= self._hold_s
            return place if is_near else None
        if self._has_sought:
            place = table.by_time(frame.time_s)
            if place is not None and table.times[place] > frame.time_s + SAME_S:
                place = place - 1 if place > 0 else None  # the analysed frame before it
            # half a frame less: the next analysed frame is `every` frames later
            held_s = (self._every - 0.5) / self.fps if self.fps else self._hold_s
            is_near = place is not None and frame.time_s - table.times[place] <= held_s
            return place if is_near else None
        place = table.by_number(frame.index)
        is_near = place is not None and frame.index - table.numbers[place] < self._every
        return place if is_near else None

    def rewind(self) -> None:
        self._source.rewind()
        self._has_sought = False

    def seek(self, time_s: float) -> None:
        self._source.seek(time_s)
        self._has_sought = True

    def close(self) -> None:
        self._source.close()


class GreyFrames(FrameSource):
    """Grey pictures at the times of a table, as large as its faces need."""

    kind: Kind = "video"

    def __init__(self, table: RecordedTable) -> None:
        self.name = table.file.name
        self._table = table
        self.frame_count = len(table.times)
        self.fps = 1 / table.step_s if table.step_s > 0 else 1.0
        self.duration_s = (table.times[-1] if table.times else 0.0) + 1 / self.fps
        ends = table.boxes[:, :2] + table.boxes[:, 2:]
        known = ends[np.isfinite(ends).all(axis=1)]
        width, height = np.max([GREY_SIZE, *np.ceil(known)], axis=0).astype(int).tolist()
        self._image = np.full((min(height, 4320), min(width, 7680), 3), GREY, np.uint8)
        self._next = 0

    def read(self) -> Frame | None:
        table, place = self._table, self._next
        if place >= len(table.times):
            return None
        self._next += 1
        return Frame(
            self._image,
            table.numbers[place] if table.numbers else place,
            table.times[place],
            time.perf_counter(),
            file_name=table.files[place] if table.files else "",
        )

    def rewind(self) -> None:
        self._next = 0

    def seek(self, time_s: float) -> None:
        """Between two frames, to the earlier one."""
        after = int(np.searchsorted(self._table.times, time_s + SAME_S, "right"))
        self._next = max(after - 1, 0)

    def close(self) -> None: ...


def _at_positions(table: RecordedTable, names: tuple[str, ...], fps: float) -> RecordedTable:
    """With times that are the places of the pictures among those of the folder now."""
    position = {name: number for number, name in enumerate(names)}
    times = [
        position.get(name, time_s) / fps
        for name, time_s in zip(table.files, table.times, strict=True)
    ]
    is_ascending = all(a < b for a, b in pairwise(times))
    return replace(table, times=tuple(times)) if is_ascending else table
