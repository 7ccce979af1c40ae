"""What the report shows of one source: its faces over time, at their peaks, and their totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferapp.studies.report.conditions import SourceCurve
from ferapp.studies.report.peak_pictures import Cover, Moment, thumbnails
from ferapp.studies.report.report_svg import clock, duration, timeline
from ferapp.studies.report.tracks import (
    face_track,
    middle_times,
    probabilities_of,
    span_s,
)
from ferapp.studies.study_tables import SECONDS, SourceTable
from ferapp.studies.summary_table import face_summary
from ferapp.vision.face_table import PROBABILITY
from trainer.document import html_table
from trainer.errors import FerError

if TYPE_CHECKING:
    from pandas import DataFrame

MAX_FACES = 3  # drawn of a source
MAX_PEAKS = 4  # pictures of a face


@dataclass(frozen=True, slots=True)
class SourceCard:
    """Its section as HTML, and what goes into the page's counts, contents and means."""

    source: str
    html: str
    frames: int
    faces: int
    face_frames: int
    doubtful_frames: int
    leading: int  # number of the class most seen; −1 without a face
    curve: SourceCurve | None  # None without a face


@dataclass(frozen=True, slots=True)
class Face:
    """`title` is empty where it is the only one."""

    title: str
    rows: "DataFrame"


def source_card(
    table: SourceTable, anchor: str, classes: list[str], rotate: int, cover: Cover | None
) -> SourceCard:
    faces = _faces(table)
    begin, end = span_s(table)
    count = _number(len(table.times), "picture" if table.is_pictures else "frame")
    length = "" if table.is_pictures or not end > begin else f", {duration(end - begin)}"
    given = "".join(f" · {name}: {value}" for name, value in table.source.manifest.items() if value)
    shown = faces[:MAX_FACES]
    pictures, lost = _peaks(table, [face.rows for face in shown], classes, rotate, cover)
    blocks = []
    for face, peaks in zip(shown, pictures, strict=True):
        heading = f"<h4>{escape(face.title)}</h4>" if face.title else ""
        drawn = (
            "" if table.is_pictures else timeline(face_track(table, face.rows, classes), classes)
        )
        blocks.append(f'<div class="face">{heading}{drawn}{peaks}</div>')
    if len(faces) > len(shown):
        blocks.append(
            f"<p>{_number(len(faces) - len(shown), 'more face')} of this source: see the totals in "
            "summary.csv.</p>"
        )
    if lost:
        blocks.append(f"<p>{escape(lost)}</p>")
    blocks.append(_totals(shown, classes) if faces else "<p>No face was found here.</p>")
    heading = f"<h3>{escape(table.source.name)}</h3><p>{escape(count + length + given)}</p>"
    rows = table.faces
    return SourceCard(
        table.source.name,
        f'<section class="card" id="{anchor}">{heading}{"".join(blocks)}</section>',
        len(table.times),
        int(rows["face_id"].nunique()),
        len(rows),
        int(rows["doubts"].notna().sum()),
        _leading(faces[0].rows, classes) if faces else -1,
        _curve(table, faces[0].rows, classes) if faces else None,
    )


def _faces(table: SourceTable) -> list[Face]:
    """Those seen longest first; the pictures of a folder are taken together."""
    if table.faces.empty:
        return []
    if table.is_pictures:
        return [Face("", table.faces)]
    groups = list(table.faces.groupby("face_id"))
    groups.sort(key=lambda group: -len(group[1]))
    if len(groups) == 1:
        return [Face("", groups[0][1])]
    return [Face(f"Face {number}", rows) for number, rows in groups]


def _leading(rows: "DataFrame", classes: list[str]) -> int:
    return classes.index(rows["label"].mode()[0])


def _curve(table: SourceTable, rows: "DataFrame", classes: list[str]) -> SourceCurve:
    times = None if table.is_pictures or len(table.times) < 2 else middle_times(table, rows)
    return SourceCurve(
        table.source.manifest,
        table.source.name,
        times,
        probabilities_of(rows, classes),
        float(table.seconds[-1]),
    )


def _peaks(
    table: SourceTable,
    faces: Sequence["DataFrame"],
    classes: list[str],
    rotate: int,
    cover: Cover | None,
) -> tuple[list[str], str]:
    """The pictures of each face as HTML, and why there are none."""
    rows = [_peak_rows(face, classes) for face in faces]
    moments = [_moment(row) for peaks in rows for row in peaks]
    if not moments:
        return ["" for _ in faces], ""
    try:
        images = thumbnails(Path(table.source.source), moments, rotate, cover)
    except FerError as error:
        return ["" for _ in faces], f"No pictures of the peaks. {error}"
    data = iter(images)
    blocks = []
    for peaks in rows:
        figures = "".join(
            _peak_figure(row, classes, image) for row, image in zip(peaks, data, strict=False)
        )
        blocks.append(f'<div class="peaks">{figures}</div>')
    lost = "" if all(images) else "Frames that cannot be read any more have no picture."
    return blocks, lost


def _peak_rows(face: "DataFrame", classes: list[str]) -> list[dict[str, Any]]:
    """The row at the peak of each class that it is labelled with, the most frequent ones."""
    labels = [name for name in face["label"].value_counts().index if name in classes]
    peaks = []
    for name in labels[:MAX_PEAKS]:
        own = face[face["label"] == name]
        row = own.loc[own[f"{PROBABILITY}{name}"].idxmax()]
        peaks.append({str(key): value for key, value in row.items()})
    return peaks


def _moment(row: dict[str, Any]) -> Moment:
    x, y, width, height = (float(row[f"box_{side}"]) for side in "xywh")
    return Moment(float(row["time_s"]), (x, y, width, height), str(row.get("file", "")))


def _peak_figure(row: dict[str, Any], classes: list[str], image: str) -> str:
    if not image:
        return ""
    label = row["label"]
    at = str(row["file"]) if "file" in row else clock(float(row["time_s"]))
    value = f"{float(row[PROBABILITY + label]):.2f}"
    return (
        f'<figure class="c{classes.index(label)}"><img src="{image}" loading="lazy" '
        f'alt="{escape(f"The face at the peak of {label}")}">'
        f"<figcaption>{escape(label)} {value}<em>{escape(at)}</em></figcaption></figure>"
    )


def _totals(faces: Sequence[Face], classes: list[str]) -> str:
    columns = ["Face", "Frames", "Seconds", *classes, "Doubts"]
    cells = []
    for face in faces:
        figures = face_summary(face.rows, classes)
        cells.append(
            [
                face.title.removeprefix("Face ") or "all",
                str(figures["frames"]),
                f"{face.rows[SECONDS].sum():.1f}",
                *(_share(figures, name) for name in classes),
                _percent(figures["doubt_share"]),
            ]
        )
    return html_table(columns, cells, "totals")


def _share(figures: dict[str, Any], name: str) -> str:
    """Share of frames, and episodes."""
    share, episodes = figures[f"share_{name}"], figures[f"episodes_{name}"]
    if not share:
        return "–"
    return f"{_percent(share)} · {episodes}" if episodes else _percent(share)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or not share else "< 1 %"


def _number(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"
