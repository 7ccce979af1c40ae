"""Validation pictures drawn from a data set that states none."""

import hashlib
import logging
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from trainer.data.reading.read_options import ReadOptions

log = logging.getLogger(__name__)

# of CK+ (S010_004_00000017.png), JAFFE (KA.AN1.39.tiff), and names like subject_07_happy.jpg
SUBJECT_NAMES = (
    re.compile(r"(S\d{3})_\d{3}_\d+"),
    re.compile(r"([A-Z]{2})[.\-_](?:AN|DI|FE|HA|SA|SU|NE)\d*[.\-_]\d+"),
    re.compile(r"((?:subject|subj|sub|person)[_\-]?\d+)(?!\d)", re.IGNORECASE),
)


def subject_of(name: str) -> str:
    """The person whom a file's name states, or "" where it states none."""
    stem = PurePosixPath(name).name
    first = next((match for form in SUBJECT_NAMES if (match := form.match(stem))), None)
    return first[1].lower() if first else ""


def draw_validation(
    source: Path | str,
    split: NDArray[np.str_],
    label: NDArray[np.int64],
    keys: Sequence[str],
    options: ReadOptions,
) -> None:
    """Change `val_share` of each class of `train` to `val`, in place, unless there is a `val`.

    Pictures whose key hashes low are drawn: the same on every machine, also when others are
    added. Pictures of one subject (by the file name that a key ends with) are drawn together. A
    class of which none is drawn gives its lowest.
    """
    training = split == "train"
    if "val" in split or not training.any() or options.val_share <= 0:
        return
    subjects = [subject_of(key) for key in keys]
    if len(set(subjects)) == 1:  # of one person; some pictures are better than none
        subjects = [""] * len(keys)
    groups = [subject or key for subject, key in zip(subjects, keys, strict=True)]
    draw = np.array([_uniform(group, options.val_seed) for group in groups])
    held_out = training & (draw < options.val_share)
    for number in range(int(label.max()) + 1):
        members = training & (label == number)
        draws = draw[members]
        if len(draws) and not held_out[members].any() and draws.min() < draws.max():
            held_out |= training & (draw == draws.min())
        if held_out[members].all() and draws.size and draws.min() < draws.max():
            held_out &= draw != draws.max()
    split[held_out] = "val"
    persons = {
        subject for subject, held in zip(subjects, held_out, strict=True) if held and subject
    }
    log.info(
        "%s: it states no validation pictures, so %d of %d training pictures are held out as val "
        "(share %g, seed %d)%s",
        source,
        int(held_out.sum()),
        int(training.sum()),
        options.val_share,
        options.val_seed,
        f", all pictures of {_count_subjects(len(persons))}" if persons else "",
    )


def _count_subjects(count: int) -> str:
    return "1 subject" if count == 1 else f"{count} subjects"


def _uniform(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on `key` and `seed` alone."""
    text = f"{seed}:{key}" if seed else key
    digest = hashlib.sha256(text.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
