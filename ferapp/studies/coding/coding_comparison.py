"""Codings of one clip compared: who says what, in windows of time, and how far they agree."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ferapp.studies.coding.coded_interval import CodedInterval
from ferapp.studies.coding.coder_agreement import (
    MISSING,
    Codes,
    Estimate,
    PairAgreement,
    Span,
    WindowAgreement,
    agreement,
    window_codes,
)
from ferapp.studies.coding.codes import CODES, EXPRESSION, is_unit
from ferapp.studies.coding.coding_file import Coding
from trainer.errors import DataError, UsageError
from trainer.evaluation.intervals import CONFIDENCE, DRAWS
from trainer.evaluation.metrics import Floats
from trainer.shown_text import shown_name

FRAMES_PER_S = 25.0  # of codings without a table, whose frames are not known
LEAST_S = 0.2  # that a disagreement lasts which is listed; a shorter one is flicker


@dataclass(frozen=True, slots=True)
class Disagreement:
    """From `start_s` to `end_s` two coders say different things, as names of codes."""

    start_s: float
    end_s: float
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class TrackAgreement:
    """Of the codes that exclude each other: all expressions, or an action unit and its absence.

    `disagreements` are those of each pair, in the order of `per_frame.pairs`.
    """

    track: str
    coders: tuple[str, ...]
    classes: tuple[str, ...]
    per_second: WindowAgreement
    per_frame: WindowAgreement
    disagreements: tuple[tuple[Disagreement, ...], ...]


@dataclass(frozen=True, slots=True)
class CoderIntervals:
    """All that one coder coded; of a model, an action unit is unknown where there is no face."""

    name: str
    intervals: tuple[CodedInterval, ...]
    is_model: bool = False

    @property
    def has_units(self) -> bool:
        return any(is_unit(one.code) for one in self.intervals)


def named_coders(codings: Sequence[Coding]) -> tuple[CoderIntervals, ...]:
    """Each coder of each file; who has the same name in several files is named by the file too.

    Raises UsageError for fewer than two.
    """
    found = [(coding, name) for coding in codings for name in coding.coders]
    names = [name for _, name in found]
    coders = tuple(
        CoderIntervals(
            name if names.count(name) == 1 else f"{name} ({coding.file.name})",
            tuple(one for one in coding.intervals if one.coder == name),
            coding.is_model,
        )
        for coding, name in found
    )
    if len(coders) < 2:
        who = f"only {shown_name(coders[0].name)} is" if coders else "nobody is"
        raise UsageError(
            f"Agreement is between two coders at least, and {who} in these files",
            "Add another coding, or a table of `ferapp analyze`.",
        )
    return coders


def compare(
    coders: Sequence[CoderIntervals], edges: Sequence[float] = (), fps: float = FRAMES_PER_S
) -> tuple[TrackAgreement, ...]:
    """The expressions first, then each action unit that a person coded.

    `edges` are the times of a table's frames and an end: only that time is compared. Without them
    frames are `fps` a second, from 0 to the last interval. An expression counts where both coded
    one; an action unit is absent where its coder did not code it, if the coder coded any.
    Raises DataError where no two coders share any time or code.
    """
    ranges = [
        (min(i.start_s for i in c.intervals), max(i.end_s for i in c.intervals))
        for c in coders
        if c.intervals
    ]
    apart = DataError(
        "These codings share no time: nothing was coded by two coders at the same moment",
        _spans(coders),
    )
    ordered = sorted(ranges)
    if not any(after[0] <= before[1] for before, after in pairwise(ordered)):
        raise apart
    end_s = max(end for _, end in ranges)
    frames = np.array(edges) if len(edges) else np.arange(0, math.ceil(end_s * fps) + 1) / fps
    people = [coder for coder in coders if not coder.is_model]
    units = {one.code for coder in people for one in coder.intervals if is_unit(one.code)}
    tracks = [EXPRESSION, *sorted(units, key=CODES.index)]
    windows = [_Windows(track, coders, frames) for track in tracks]
    results = tuple(each.agreement() for each in windows if each.is_shared)
    if not results:
        raise apart
    return results


def _spans(coders: Sequence[CoderIntervals]) -> str:
    """`anna: 0 to 10 s, ben: 20 to 30 s`."""
    ranges = (
        f"{shown_name(c.name)}: {min(i.start_s for i in c.intervals):g} to "
        f"{max(i.end_s for i in c.intervals):g} s"
        for c in coders
        if c.intervals
    )
    return ", ".join(ranges)


class _Windows:
    """The codes of one track in seconds and in frames, of the coders who coded in it."""

    def __init__(self, track: str, coders: Sequence[CoderIntervals], frames: Floats) -> None:
        self._track, self._frames = track, frames
        self._seconds = np.arange(math.floor(frames[0]), max(math.ceil(frames[-1]), 1) + 1.0)
        if track == EXPRESSION:
            used = {one.code for c in coders for one in c.intervals if not is_unit(one.code)}
            self._classes = tuple(sorted(used, key=_place))
            self._coders = [c for c in coders if not all(is_unit(i.code) for i in c.intervals)]
        else:
            self._classes = (f"no {track}", track)
            self._coders = [c for c in coders if c.has_units]
        self._by_frame = self._codes(frames)

    @property
    def is_shared(self) -> bool:
        return bool(((self._by_frame != MISSING).sum(axis=1) >= 2).any())

    def _codes(self, edges: Floats) -> Codes:
        """(N, C) in the windows between `edges`."""
        columns = [self._codes_of(coder, edges) for coder in self._coders]
        return np.stack(columns, axis=1) if columns else np.zeros((len(edges) - 1, 0), np.int64)

    def _codes_of(self, coder: CoderIntervals, edges: Floats) -> Codes:
        if self._track == EXPRESSION:
            own = [one for one in coder.intervals if not is_unit(one.code)]
            spans = [Span(i.start_s, i.end_s, self._classes.index(i.code)) for i in own]
            return window_codes(spans, edges, len(self._classes))
        present = [Span(i.start_s, i.end_s, 0) for i in coder.intervals if i.code == self._track]
        codes = np.where(window_codes(present, edges, 1) == MISSING, 0, 1)
        if coder.is_model:
            seen = [Span(i.start_s, i.end_s, 0) for i in coder.intervals if not is_unit(i.code)]
            codes[window_codes(seen, edges, 1) == MISSING] = MISSING
        return codes

    def agreement(self) -> TrackAgreement:
        frames, by_frame, count = self._frames, self._by_frame, len(self._classes)
        begins = np.floor(frames[:-1]).astype(np.int64) - int(self._seconds[0])
        by_second = self._codes(self._seconds)
        per_frame = agreement(by_frame, begins, count)
        return TrackAgreement(
            self._track,
            tuple(coder.name for coder in self._coders),
            self._classes,
            agreement(by_second, np.arange(len(by_second)), count),
            per_frame,
            tuple(self._disagreements(pair) for pair in per_frame.pairs),
        )

    def _disagreements(self, pair: PairAgreement) -> tuple[Disagreement, ...]:
        """Of frames that follow each other with the same two codes, from LEAST_S on."""
        first, second = self._by_frame[:, pair.first], self._by_frame[:, pair.second]
        both = first * len(self._classes) + second
        both[(first == second) | (first == MISSING) | (second == MISSING)] = MISSING
        begins = np.flatnonzero(np.diff(both, prepend=MISSING - 1))
        ends = np.append(begins[1:], len(both))
        return tuple(
            Disagreement(
                float(self._frames[a]),
                float(self._frames[b]),
                self._classes[int(first[a])],
                self._classes[int(second[a])],
            )
            for a, b in zip(begins, ends, strict=True)
            if both[a] != MISSING and self._frames[b] - self._frames[a] >= LEAST_S - 1e-6
        )


def _place(code: str) -> int:
    return CODES.index(code) if code in CODES else len(CODES)


# --- as JSON -------------------------------------------------------------------------------------


def agreement_json(tracks: Sequence[TrackAgreement]) -> dict[str, Any]:
    """The first track, and all by name; what is undefined is null."""
    by_name = {track.track: _track_json(track) for track in tracks}
    return {**by_name[tracks[0].track], "tracks": by_name}


def _track_json(track: TrackAgreement) -> dict[str, Any]:
    pairs = zip(track.per_second.pairs, track.per_frame.pairs, track.disagreements, strict=True)
    both = [
        {
            "first": track.coders[second.first],
            "second": track.coders[second.second],
            **_pair_json(second, track.classes),
            "per_frame": _pair_json(frame, track.classes),
            "disagreements": [
                {"start_s": d.start_s, "end_s": d.end_s, "first": d.first, "second": d.second}
                for d in moments
            ],
        }
        for second, frame, moments in pairs
    ]
    main = both[0]
    return {
        "track": track.track,
        "coders": list(track.coders),
        "classes": list(track.classes),
        **_window_json(track.per_second),
        "agreement": main["agreement"] if len(both) == 1 else None,
        "confusion": main["confusion"] if len(both) == 1 else None,
        "per_class": main["per_class"] if len(both) == 1 else None,
        "per_second": _window_json(track.per_second),
        "per_frame": _window_json(track.per_frame),
        "pairs": both,
        "bootstrap": {
            "confidence": CONFIDENCE,
            "draws": DRAWS,
            "block_s": track.per_second.block_s,
        },
    }


def _window_json(of: WindowAgreement) -> dict[str, Any]:
    return {"n": of.n, **_estimate_json("kappa", of.kappa), **_estimate_json("alpha", of.alpha)}


def _pair_json(pair: PairAgreement, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "n": pair.n,
        "agreement": _known(pair.share),
        **_estimate_json("kappa", pair.kappa),
        "confusion": pair.confusion.tolist(),
        "per_class": {
            name: _estimate_json("f1", f1) for name, f1 in zip(classes, pair.f1, strict=True)
        },
    }


def _estimate_json(name: str, estimate: Estimate) -> dict[str, Any]:
    interval = [_known(bound) for bound in estimate.interval]
    return {
        name: _known(estimate.value),
        f"{name}_interval": None if None in interval else interval,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
