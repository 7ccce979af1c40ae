"""Picture files with the labels of their data set → a listing with classes and splits."""

from dataclasses import dataclass

import numpy as np

from trainer.data.reading.archive import Archive
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.decode_picture import PictureSet
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import ReadOptions, resolve_labels
from trainer.data.reading.valence_arousal import UNKNOWN, ValenceArousal, known_or_none
from trainer.data.reading.validation_split import draw_validation
from trainer.errors import DataError


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """One picture as a list or its folders name it: `label` is the data set's own.

    `row` is its number in the source; `key` decides whether it is drawn for validation.
    """

    row: int
    file: str
    split: str
    label: str
    key: str
    valence_arousal: ValenceArousal = UNKNOWN


def list_labelled_files(
    archive: Archive, name: str, files: list[LabelledFile], bad: BadRows, options: ReadOptions
) -> Listing:
    """The files whose label is one of the classes; validation pictures are drawn where none are.

    Raises DataError when a label is unknown, or when no file is left.
    """
    class_of = resolve_labels(bad.source, [file.label for file in files], options)
    files = [file for file in files if file.label in class_of]
    if not files:
        bad.check(len(bad.reasons))
        raise DataError(f"{bad.source}: it has no pictures of {', '.join(options.classes)}")
    label = np.array([options.classes.index(class_of[file.label]) for file in files], np.int64)
    split = np.array([file.split for file in files], "U5")
    draw_validation(bad.source, split, label, [file.key for file in files], options)
    names = [file.file for file in files]
    pictures = PictureSet(archive, names)
    return Listing(
        name=name,
        classes=options.classes,
        sample_id=names,
        split=split,
        label=label,
        picture=lambda row: pictures.load(names[row]),
        source_index=np.array([file.row for file in files], np.int64),
        bad=bad,
        total=len(files) + len(bad.reasons),
        valence_arousal=known_or_none(file.valence_arousal for file in files),
    )
