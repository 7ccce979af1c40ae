"""What is hidden now, stroke by stroke, with undo. No Qt."""

import math
from collections.abc import Callable
from dataclasses import replace

from ferapp.vision.face_mesh import TYPICAL_FACE, Place
from ferapp.vision.face_regions import Part
from ferapp.vision.hidden_areas import EYES, Area, Fill, Hidden, cover, part_areas

_STEPS = 200  # that can be undone
_SPACING = 0.3  # of the radius, between two points of a stroke
_SIZE = 48  # px of the template


class Strokes:
    """Calls `changed` with what is hidden after every change."""

    def __init__(self, changed: Callable[[Hidden], None]) -> None:
        self._changed = changed
        self._hidden = Hidden()
        self._past: list[tuple[Area, ...]] = []

    @property
    def hidden(self) -> Hidden:
        return self._hidden

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    def begin(self, place: Place, radius: float, *, erases: bool) -> None:
        """Begin a stroke; `radius` is in distances between the outer eye corners."""
        self._change((*self._hidden.areas, Area((place,), radius, erases=erases)))

    def extend(self, place: Place) -> None:
        """Continue the stroke that was begun last; points close to the last one are left out."""
        *before, stroke = self._hidden.areas
        if math.dist(place, stroke.points[-1]) >= _SPACING * stroke.radius * EYES:
            self._show((*before, replace(stroke, points=(*stroke.points, place))))

    def end(self) -> None:
        """End the stroke. If nothing is left hidden, the strokes are dropped."""
        areas = self._hidden.areas
        if areas and not cover(areas, TYPICAL_FACE, _SIZE).any():
            self._show(())

    def set_part(self, part: Part, on: bool) -> None:
        """Hide a part of the face, or show it again."""
        others = tuple(area for area in self._hidden.areas if area.part != part)
        self._change((*others, *part_areas(part)) if on else others)

    def set_fill(self, fill: Fill) -> None:
        if fill != self._hidden.fill:
            self._hidden = replace(self._hidden, fill=fill)
            self._changed(self._hidden)

    def put(self, *areas: Area) -> None:
        """Hide these areas and nothing else."""
        if areas != self._hidden.areas:
            self._change(areas)

    def undo(self) -> None:
        if self._past:
            self._show(self._past.pop())

    def _change(self, areas: tuple[Area, ...]) -> None:
        """A change that can be undone."""
        self._past = [*self._past, self._hidden.areas][-_STEPS:]
        self._show(areas)

    def _show(self, areas: tuple[Area, ...]) -> None:
        if not any(not area.erases for area in areas):
            areas = ()
        if areas != self._hidden.areas:
            self._hidden = replace(self._hidden, areas=areas)
            self._changed(self._hidden)
