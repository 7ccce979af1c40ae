"""`report.html` of one recording with stimuli: what was shown when, and the means by condition."""

import math
from html import escape
from pathlib import Path

from ferapp.recording.session import FACES, Session, read_session
from ferapp.studies.report.peak_pictures import covering
from ferapp.studies.report.report_blocks import legend
from ferapp.studies.report.source_card import source_card
from ferapp.studies.report.stimulus_section import stimulus_section
from ferapp.studies.report.study_report import HOW_TO_READ, REPORT_FILE, WHAT_IT_IS
from ferapp.studies.report.style import COPY_SCRIPT, report_style
from ferapp.studies.stimuli.trials import trials_of
from ferapp.studies.study_record import StudySource
from ferapp.studies.study_tables import read_source_table
from trainer.document import html_page, html_table
from trainer.files import write_text
from trainer.labels import EXPRESSIONS


def write_recording_report(folder: Path, anonymise: str = "") -> Path:
    """Write `report.html` into the recording in `folder`; returns its path.

    `anonymise` is how faces in its pictures are hidden: blur, mask or mesh; empty shows them.
    Raises SourceError or UsageError where the recording cannot be read, OSError where the report
    cannot be written.
    """
    session = read_session(folder)
    source = StudySource(name=folder.name, source=str(folder), table=FACES)
    table = read_source_table(folder, source)
    classes = table.classes or list(EXPRESSIONS)
    with covering(anonymise) as cover:
        card = source_card(table, "source-0", classes, 0, cover)
    title = f"Recording: {folder.name}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(session.source)}, analysed with the model {escape(session.model)}. "
        f"{WHAT_IT_IS}</p>",
        legend(classes),
        _shown(session),
        stimulus_section(trials_of(table, classes), classes),
        f"<h2>Recording</h2><p>{HOW_TO_READ}</p>{card.html}",
        COPY_SCRIPT,
    ]
    page = html_page(title, "\n".join(body), report_style(classes))
    write_text(folder / REPORT_FILE, page)
    return folder / REPORT_FILE


def _shown(session: Session) -> str:
    columns = ["Stimulus", "Condition", "Onset", "Fixation", "asked", "On screen", "asked", ""]
    rows = [
        [
            stimulus.file,
            stimulus.condition,
            f"{stimulus.onset_s:.3f} s",
            f"{stimulus.onset_s - stimulus.begin_s:.3f} s",
            _asked(stimulus.fixation),
            f"{stimulus.end_s - stimulus.onset_s:.3f} s" if math.isfinite(stimulus.end_s) else "",
            _asked(stimulus.seconds),
            "cut short" if stimulus.is_cut_short else "",
        ]
        for stimulus in session.stimuli
    ]
    what = escape(session.onset_method or "not noted")
    return (
        "<h2>Stimuli</h2><p>Measured times, on the clock that also stamps the frames when they "
        f"arrive. An onset is in seconds of the recording; it is {what}. A camera's frame shows "
        "what was in front of it before it arrives: by how much is up to the camera.</p>"
        f"{html_table(columns, rows, 'totals')}"
    )


def _asked(seconds: float) -> str:
    return f"{seconds:g} s" if math.isfinite(seconds) else ""
