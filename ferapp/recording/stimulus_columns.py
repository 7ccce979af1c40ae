"""Which stimulus was on the screen: columns of a recording's table, added when it has ended.

They cannot be written with the rows: how long before its stimulus a frame of the fixation arrived
is known only when the stimulus has appeared.
"""

import csv
import io
from pathlib import Path
from typing import BinaryIO

from ferapp.recording.session import FACES, read_stimuli
from ferapp.studies.stimuli.shown_stimuli import STIMULUS_COLUMNS, stimulus_cells
from ferapp.vision.face_table import QUALITY_COLUMNS
from trainer.files import write_atomic


def add_stimulus_columns(folder: Path) -> None:
    """Add STIMULUS_COLUMNS to faces.csv of a recording; the quality columns stay the last ones.

    Raises OSError, and leaves the table as it is, where it cannot be written.
    """
    file, shown, end = folder / FACES, read_stimuli(folder), -len(QUALITY_COLUMNS)

    def write(target: BinaryIO) -> None:
        text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
        with file.open(encoding="utf-8", newline="") as stream:
            rows, writer = csv.reader(stream), csv.writer(text)
            head = next(rows)
            time_column = head.index("time_s")
            writer.writerow([*head[:end], *STIMULUS_COLUMNS, *head[end:]])
            for row in rows:
                cells = stimulus_cells(shown, float(row[time_column]))
                writer.writerow([*row[:end], *cells, *row[end:]])
        text.detach()

    write_atomic(file, write)
