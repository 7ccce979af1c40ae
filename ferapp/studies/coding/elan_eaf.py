"""Codings as ELAN writes them (.eaf), read and written by pympi (Lubbers, Torreira 2013).

A tier is the work of its annotator; without one, the tier's own name stands for the coder. Tiers
that have no known code, such as a transcription, are left out and named. Annotations of a tier that
is called like an action unit may be empty or an intensity.
"""

import tempfile
import warnings
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from ferapp.studies.coding.coded_interval import CodedInterval, checked_interval
from ferapp.studies.coding.codes import canonical_code
from trainer.errors import DataError, UsageError
from trainer.shown_text import shown_name

POINT_MS = 1  # ELAN has no point events: the shortest annotation stands for one
_EXPLANATION = "Open it in ELAN, save it again, and try that file."


def eaf_intervals(file: Path) -> tuple[list[CodedInterval], list[str]]:
    """The intervals, and a note for each tier that was left out.

    Raises UsageError where there is no such file, DataError where it is no coding.
    """
    from pympi import Eaf

    if not file.is_file():
        raise UsageError(f"{shown_name(file)}: there is no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that it does not know
            eaf = Eaf(str(file))
        tiers = {
            name: (eaf.get_parameters_for_tier(name), eaf.get_annotation_data_for_tier(name))
            for name in eaf.get_tier_names()
        }
    except Exception as error:  # pympi raises whatever its parser does
        raise DataError(f"{shown_name(file)}: this is no ELAN file", _EXPLANATION) from error
    intervals: list[CodedInterval] = []
    notes: list[str] = []
    for name, (about, annotations) in tiers.items():
        tier = _Tier(file, name, str(about.get("ANNOTATOR") or ""))
        texts = [str(row[2]).strip() for row in annotations]
        if not any(tier.code_of(text) for text in texts):
            if texts:
                notes.append(f"Tier “{shown_name(name)}” is left out: it has no known code.")
            continue
        for start, end, text in (row[:3] for row in annotations):
            if start is None or end is None:
                raise DataError(f"{tier.place}: “{shown_name(text)}” has no time", _EXPLANATION)
            end = start if end - start <= POINT_MS else end
            code = tier.code_of(text) or text
            place = f"{tier.place} at {start / 1000:g} s"
            intervals.append(
                checked_interval(place, str(start / 1000), str(end / 1000), code, tier.coder)
            )
    if not intervals and notes:
        raise DataError(f"{shown_name(file)}: no tier of this file has a known code")
    return intervals, notes


class _Tier:
    """A tier's place for messages, its coder, and what its annotations mean."""

    def __init__(self, file: Path, name: str, annotator: str) -> None:
        self.place = f"{shown_name(file)}, tier “{shown_name(name)}”"
        words = [word.strip() for word in name.replace("@", ":").split(":")]
        self._own_code = next((code for code in map(canonical_code, words) if code), None)
        rest = [word for word in words if canonical_code(word) is None]
        self.coder = annotator.strip() or ": ".join(rest) or file.stem

    def code_of(self, text: str) -> str | None:
        """The code of an annotation; None when unknown."""
        return canonical_code(text) or self._own_code


def eaf_text(intervals: Sequence[CodedInterval], clip: Path) -> bytes:
    """An ELAN file of `clip` with a tier for each coder's expressions and each action unit."""
    from pympi import Eaf

    eaf = Eaf(author="ferapp")
    eaf.remove_tier("default")
    media = clip.resolve()
    mime = eaf.MIMES.get(media.suffix.lower().lstrip("."), "video/unknown")
    eaf.add_linked_file(media.as_uri(), f"./{media.name}", mime)
    in_tiers = sorted(intervals, key=lambda one: (one.coder, one.track, one))
    for (coder, track), tier in groupby(in_tiers, key=lambda one: (one.coder, one.track)):
        name = f"{coder}: {track}"
        eaf.add_tier(name, ann=coder)
        for one in tier:
            start, end = round(1000 * one.start_s), round(1000 * one.end_s)
            eaf.add_annotation(name, start, max(end, start + POINT_MS), one.code)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coding.eaf"
        eaf.to_file(str(file))
        return file.read_bytes()
