"""Write `report.html` of a study from its files alone."""

import csv
from collections.abc import Sequence
from html import escape
from pathlib import Path

from ferapp.studies.report.conditions import (
    PARTICIPANT,
    ConditionMeans,
    condition_columns,
    means_by,
    unit_name,
)
from ferapp.studies.report.peak_pictures import covering
from ferapp.studies.report.report_blocks import legend, means_table
from ferapp.studies.report.report_svg import mean_curves
from ferapp.studies.report.source_card import SourceCard, source_card
from ferapp.studies.report.stimulus_section import stimulus_section
from ferapp.studies.report.style import COPY_SCRIPT, report_style
from ferapp.studies.stimuli.trials import Trial, trials_of
from ferapp.studies.study_record import FAILED_FILE, StudyProgress, StudyRecord, read_study
from ferapp.studies.study_tables import finished_sources, read_source_table
from trainer.document import html_page, html_table
from trainer.files import write_text
from trainer.labels import EXPRESSIONS

REPORT_FILE = "report.html"
MANY_SOURCES = 5  # more have a list of contents

HOW_TO_READ = (
    "The ribbon has the colour of the label, the expression of the highest probability. The curves "
    "below are the probabilities of all expressions, from 0 to 1, as the model gives them. Hatched "
    "stretches are in doubt: the face is small, dark, blurred, turned away or cut off, or no "
    "expression reaches one half; each table of faces says which. The pictures show the face where "
    "its labels are most probable. In the totals, a share is the part of the face's frames with "
    "that label; the number after it counts episodes, which last at least a quarter of a second. "
    "Long sources are drawn as means over 240 equal parts."
)
WHAT_IT_IS = (
    "A model classifies how an expression looks in the picture. It does not know what a person "
    "feels."
)


def write_report(out: Path, anonymise: str = "") -> Path:
    """Write `report.html` of the study in `out`; returns its path.

    Pictures of faces are read from the sources again; a source that is gone has none. `anonymise`
    is how faces in them are hidden: blur, mask or mesh; empty shows them. Raises UsageError where a
    file of the study cannot be read, OSError where the report cannot be written.
    """
    record = read_study(out)
    sources = finished_sources(out, record, StudyProgress.read(out))
    classes = list(EXPRESSIONS)
    cards: list[SourceCard] = []
    trials: list[Trial] = []
    with covering(anonymise) as cover:
        for number, source in enumerate(sources):
            table = read_source_table(out, source)
            if number == 0:
                classes = table.classes or classes
            rotate = record.settings.rotate
            cards.append(source_card(table, f"source-{number}", classes, rotate, cover))
            trials += trials_of(table, classes)
    failed = _failed(out)
    body = [
        _head(out, record, cards, failed, anonymise),
        legend(classes),
        _contents(cards),
        stimulus_section(trials, classes),
        *_conditions(cards, classes),
        f"<h2>Sources</h2><p>{HOW_TO_READ}</p>" if cards else "",
        *(card.html for card in cards),
        _failures(failed),
        COPY_SCRIPT,
    ]
    page = html_page(_title(out), "\n".join(body), report_style(classes))
    write_text(out / REPORT_FILE, page)
    return out / REPORT_FILE


def _head(
    out: Path,
    record: StudyRecord,
    cards: Sequence[SourceCard],
    failed: Sequence[Sequence[str]],
    anonymise: str,
) -> str:
    covered = f"Faces are hidden ({anonymise}). " if anonymise else ""
    face_frames = sum(card.face_frames for card in cards)
    doubtful = sum(card.doubtful_frames for card in cards)
    facts = {
        "sources analysed": f"{len(cards):,}",
        "frames": f"{sum(card.frames for card in cards):,}",
        "faces": f"{sum(card.faces for card in cards):,}",
        "of the faces' frames in doubt": f"{100 * doubtful / max(1, face_frames):.0f} %",
        "sources failed": f"{len(failed):,}",
    }
    tiles = "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in facts.items())
    waiting = len(record.sources) - len(cards) - len(failed)
    unfinished = f" {waiting} of its sources are not analysed yet." if waiting > 0 else ""
    rate = record.settings.rate_hz
    resampled = f"The tables are resampled: their frames are {rate:g} moments a second. " * bool(
        rate
    )
    begun = record.begun[:16].replace("T", " ")
    notes = (
        f"Analysed on {begun} with the model {record.settings.model} by {record.app}.{unfinished} "
        f"{WHAT_IT_IS} {covered}{resampled}"
        "How it was measured is in methods.md, every figure in summary.csv."
    )
    title = escape(_title(out))
    return f'<h1>{title}</h1>\n<p>{escape(notes)}</p>\n<dl class="facts">{tiles}</dl>'


def _title(out: Path) -> str:
    return f"Study: {out.resolve().name}"


def _contents(cards: Sequence[SourceCard]) -> str:
    if len(cards) <= MANY_SOURCES:
        return ""
    lines = "".join(
        f'<li><i class="c{card.leading}"></i><a href="#source-{number}">{escape(card.source)}</a>'
        f"{'' if card.faces else ' <em>no face</em>'}</li>"
        for number, card in enumerate(cards)
    )
    return (
        "<h2>Contents</h2><p>The dot is the most frequent label of the face that is seen longest."
        f'</p><ul class="contents">{lines}</ul>'
    )


def _conditions(cards: Sequence[SourceCard], classes: Sequence[str]) -> list[str]:
    curves = [card.curve for card in cards if card.curve is not None]
    unit = unit_name(curves)
    return [
        _condition(number, column, means_by(column, curves, unit), unit, classes)
        for number, column in enumerate(condition_columns([curve.manifest for curve in curves]))
    ]


def _condition(
    number: int,
    column: str,
    groups: Sequence[ConditionMeans],
    unit: str,
    classes: Sequence[str],
) -> str:
    explained = _explained(unit) if number == 0 else ""  # once
    drawn = "".join(
        f"<div><h4>{escape(group.value)} <small>(n = {group.means.n.max():.0f})</small></h4>"
        f"{mean_curves(group.curves, group.end_s)}</div>"
        for group in groups
        if group.curves is not None
    )
    over_time = f'<div class="grid-of-curves">{drawn}</div>' if drawn else ""
    return (
        f"<h2>By {escape(column)}</h2>{explained}{over_time}"
        f"{means_table(f'means-{number}', column, groups, classes)}"
    )


def _explained(unit: str) -> str:
    each = (
        "Each participant counts once, with the mean over their sources"
        if unit == PARTICIPANT
        else "Each source counts once"
    )
    return (
        f"<p>Means of the probabilities of the face that is seen longest in each source. {each}; n "
        f"is their number. Bands and bars are 95 % t intervals of the mean between {unit}s, mean ± "
        f"t · standard deviation / √n: how well the mean is known, not how far {unit}s differ, and "
        "no test of a difference between conditions. Curves are over time from the start of each "
        f"source, as long as at least half of the {unit}s go on.</p>"
    )


def _failed(out: Path) -> list[list[str]]:
    """Source and reason; empty where none failed, or the study is not that far."""
    try:
        with (out / FAILED_FILE).open(encoding="utf-8", newline="") as stream:
            return [row for row in csv.reader(stream) if row][1:]
    except FileNotFoundError:
        return []


def _failures(failed: Sequence[Sequence[str]]) -> str:
    if not failed:
        return ""
    return (
        "<h2>Sources that failed</h2><p>They have no table. The same command, given again, tries "
        f"them again.</p>{html_table(['Source', 'Reason'], failed, 'failed')}"
    )
