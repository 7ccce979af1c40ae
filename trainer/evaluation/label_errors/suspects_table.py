"""`suspects.csv`: the labels that are probably wrong, most suspect first."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from trainer.errors import DataError
from trainer.evaluation.label_errors.label_report import LabelReport, Suspect
from trainer.files import write_text

COLUMNS = (
    *("sample_id", "source_index", "split", "label", "suggested", "p_label", "p_suggested"),
    *("score", "neighbours"),
)


def write_suspects(path: Path, report: LabelReport) -> None:
    """Write `suspects.csv`, most suspect first. Raises DataError when it cannot be written.

    Neighbours are joined by a space; a space in an id is written as %20, and % as %25.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for suspect in report.suspects:
        table.writerow(
            [
                suspect.sample_id,
                suspect.source_index,
                suspect.split,
                suspect.label,
                suspect.suggested,
                f"{suspect.p_label:.4f}",
                f"{suspect.p_suggested:.4f}",
                f"{suspect.score:.4f}",
                " ".join(map(_escaped, suspect.neighbours)),
            ]
        )
    try:
        write_text(path, text.getvalue())
    except OSError as error:
        raise DataError(f"{path} could not be written ({error.strerror})") from error


def read_suspects(path: Path) -> tuple[Suspect, ...]:
    """The rows of a `suspects.csv`. Raises DataError with the file, and the line at fault."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            table = csv.DictReader(stream, strict=True)
            missing = [name for name in COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise DataError(f"{path}: not a table of suspects (no column {missing[0]})")
            return tuple(_suspect(path, table.line_num, row) for row in table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: the suspects cannot be read ({error})") from error


def _suspect(path: Path, line: int, row: Mapping[str, str]) -> Suspect:
    try:
        return Suspect(
            sample_id=row["sample_id"],
            source_index=int(row["source_index"]),
            split=row["split"],
            label=row["label"],
            suggested=row["suggested"],
            p_label=float(row["p_label"]),
            p_suggested=float(row["p_suggested"]),
            score=float(row["score"]),
            neighbours=tuple(map(_unescaped, filter(None, row["neighbours"].split(" ")))),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: line {line} is not a suspect ({error})") from error


def _escaped(sample_id: str) -> str:
    return sample_id.replace("%", "%25").replace(" ", "%20")


def _unescaped(sample_id: str) -> str:
    return sample_id.replace("%20", " ").replace("%25", "%")
