"""Clips as folders of frames: DFEW (Jiang et al. 2020) and FERV39k (Wang et al. 2022).

DFEW has lists `train(single-labeled)/set_1.csv` and `test(single-labeled)/set_1.csv` (also as
`single_trainset_1.csv`), one for each of five folds, with the columns `video_name` and `label`
(1 to 7), and a folder of frames for each name, such as `clip_224x224/00001/`. FERV39k has lists
`train_All.csv` and `test_All.csv` with lines `Scene/Class/Clip Label`, and such folders. Videos
must be unpacked into pictures first. Of each clip 16 frames are taken, evenly spread.
"""

import io
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from trainer.data.clips import in_order, spread
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import Archive
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.csv_table import open_csv_table
from trainer.data.reading.decode_picture import PictureSet
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions, resolve_labels
from trainer.data.reading.validation_split import draw_validation
from trainer.errors import DataError

DFEW_CODES = ("happy", "sad", "neutral", "angry", "surprise", "disgust", "fear")  # from 1
DFEW_MAP = {str(code): name for code, name in enumerate(DFEW_CODES, 1)}
FOLDS = (1, 2, 3, 4, 5)
DFEW_LIST = re.compile(
    r"(?:^|/)(?:(train|test)\(single-labell?ed\)/set_(\d)|single_(train|test)set_(\d))\.csv$", re.I
)
FERV_LIST = re.compile(r"(?:^|/)(train|test)_All\.csv$", re.I)
VIDEO, LABEL = ("videoname", "video", "clip", "name"), ("label", "emotion")


@dataclass(frozen=True, slots=True)
class _Clip:
    """A clip as a list names it: `row` counts over all lists; `folder` holds its frames."""

    row: int
    folder: str
    split: str
    label: str


def _dfew_lists(archive: Archive, fold: int) -> dict[str, str]:
    """Split → list of the fold."""
    found = {}
    for name in archive.names():
        match = DFEW_LIST.search(name)
        if match and int(match[2] or match[4]) == fold:
            found[(match[1] or match[3]).lower()] = name
    return found


def _ferv_lists(archive: Archive) -> dict[str, str]:
    matches = ((FERV_LIST.search(name), name) for name in archive.names())
    return {match[1].lower(): name for match, name in matches if match}


def _is_layout(path: Path, layout: str) -> bool:
    if not path.is_dir():
        return False
    archive = Archive(path)
    lists = _ferv_lists(archive) if layout == "ferv39k" else _dfew_lists(archive, FOLDS[0])
    return "train" in lists or "test" in lists


def list_dfew(path: Path, options: ReadOptions = DEFAULT_OPTIONS, fold: int = 1) -> Listing:
    """The frames of one fold's clips, training ones first. Raises DataError with the reason."""
    archive, bad = Archive(path), BadRows(path, "clips")
    lists = _both(path, _dfew_lists(archive, fold), f"train(single-labeled)/set_{fold}.csv")
    clips = list(_dfew_clips(path, archive, lists, bad))
    options = options.with_default_map(DFEW_MAP)
    return _listing(path, f"DFEW fold {fold}", archive, clips, bad, options)


def list_ferv39k(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> Listing:
    """The frames of all scenes' clips, training ones first. Raises DataError with the reason."""
    archive, bad = Archive(path), BadRows(path, "clips")
    lists = _both(path, _ferv_lists(archive), "train_All.csv")
    clips = list(_ferv_clips(archive, lists, bad))
    return _listing(path, "FERV39k", archive, clips, bad, options)


def _both(path: Path, lists: dict[str, str], train: str) -> dict[str, str]:
    missing = [split for split in ("train", "test") if split not in lists]
    if missing:
        names = " and ".join(train.replace("train", split) for split in missing)
        raise DataError(f"{path}: the list {names} is missing", "Unpack the data set's lists.")
    return {split: lists[split] for split in ("train", "test")}


def _dfew_clips(
    path: Path, archive: Archive, lists: dict[str, str], bad: BadRows
) -> Iterator[_Clip]:
    row = 0
    for split, name in lists.items():
        table = open_csv_table(io.BytesIO(archive.read(name)), path / name)
        columns = {"video_name": VIDEO, "label": LABEL}
        if table is None or table.missing(columns):
            missing = " and ".join(table.missing(columns)) if table else "text"
            raise DataError(f"{path / name}: it has no {missing}", "Columns: video_name, label.")
        for _, cells in table.rows():
            cells += [""] * (len(table.columns) - len(cells))
            video, label = (cells[table.find(column) or 0].strip() for column in (VIDEO, LABEL))
            number = video.removesuffix(".0").removesuffix(".mp4")
            if number.isdecimal():
                yield _Clip(row, number.zfill(5), split, label)
            else:
                bad.add(f"{name} row {row + 1}", f"names the clip {video!r}, which is no number")
            row += 1


def _ferv_clips(archive: Archive, lists: dict[str, str], bad: BadRows) -> Iterator[_Clip]:
    row = 0
    for split, name in lists.items():
        text = archive.read(name).decode("utf-8-sig", errors="replace")
        for line in filter(None, map(str.strip, text.splitlines())):
            clip, _, label = line.replace(",", " ").rpartition(" ")
            folder = clip.strip().replace("\\", "/").strip("/")
            if folder.count("/") < 2:
                bad.add(f"{name} line {line!r:.60}", "is not `Scene/Class/Clip Label`")
            else:
                yield _Clip(row, "/".join(folder.split("/")[-3:]), split, label)
            row += 1


def _listing(
    path: Path,
    name: str,
    archive: Archive,
    clips: list[_Clip],
    bad: BadRows,
    options: ReadOptions,
) -> Listing:
    """The frames of the clips of the classes in use; validation clips are drawn from `train`."""
    class_of = resolve_labels(path, [clip.label for clip in clips], options)
    total = len(clips) + len(bad.reasons)
    frames_of = _frames_by_folder(archive, clips[0].folder.count("/") + 1 if clips else 1)
    found = []
    for clip in clips:
        if clip.label not in class_of:
            continue
        if clip.folder in frames_of:
            found.append(clip)
        else:
            bad.add(clip.folder, "has no folder of frames (unpack videos into pictures first)")
    bad.check(total)
    if not found:
        raise DataError(f"{path}: it has no clips of {', '.join(options.classes)}")
    label = np.array([options.classes.index(class_of[clip.label]) for clip in found], np.int64)
    split = np.array([clip.split for clip in found], "U5")
    draw_validation(path, split, label, [clip.folder for clip in found], options)
    chosen = [frames_of[clip.folder] for clip in found]
    chosen = [[frames[at] for at in np.unique(spread(len(frames)))] for frames in chosen]
    counts = np.array([len(frames) for frames in chosen])
    names = [frame for frames in chosen for frame in frames]
    pictures = PictureSet(archive, names)
    return Listing(
        name=name,
        classes=options.classes,
        sample_id=names,
        split=np.repeat(split, counts),
        label=np.repeat(label, counts),
        picture=lambda row: pictures.load(names[row]),
        source_index=np.repeat(np.array([clip.row for clip in found], np.int64), counts),
        bad=bad,
        total=len(names) + len(bad.reasons),
        clip=np.repeat(np.arange(len(found)), counts),
    )


def _frames_by_folder(archive: Archive, depth: int) -> dict[str, list[str]]:
    """The frames, in time, by the last `depth` folders of their path.

    Where several folders end alike, as crops of several sizes do, the one with most frames.
    """
    folders: dict[str, list[str]] = defaultdict(list)
    for name in archive.picture_names():
        folders[str(PurePosixPath(name).parent)].append(name)
    best: dict[str, list[str]] = {}
    for folder, names in folders.items():
        key = "/".join(folder.split("/")[-depth:])
        if len(names) > len(best.get(key, ())):
            best[key] = names
    return {key: in_order(names) for key, names in best.items()}


READERS = (
    Reader(
        "dfew",
        "DFEW (train(single-labeled)/set_1.csv and folders of frames)",
        partial(_is_layout, layout="dfew"),
        list_dfew,
        takes_options=True,
        order=5,
    ),
    *(
        Reader(
            f"dfew-{fold}",
            f"DFEW, fold {fold}",
            partial(_is_layout, layout="dfew"),
            partial(list_dfew, fold=fold),
            by_name_only=True,
            takes_options=True,
            order=6,
        )
        for fold in FOLDS[1:]
    ),
    Reader(
        "ferv39k",
        "FERV39k (train_All.csv, test_All.csv and folders of frames)",
        partial(_is_layout, layout="ferv39k"),
        list_ferv39k,
        takes_options=True,
        order=5,
    ),
)
