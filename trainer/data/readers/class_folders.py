"""Pictures in class folders: `ROOT/<class>/*` or `ROOT/<split>/<class>/*`, also inside a zip.

Folders that wrap the whole tree are passed over. Class folders are known by the names and synonyms
of `trainer.labels` or by a class map, split folders by the names below, in any case. Without split
folders everything is `train`, of which a tenth is held out as `val`.
"""

from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from trainer.data.face_data import FaceData
from trainer.data.readers import affectnet, raf_db
from trainer.data.readers.reader_registry import Reader
from trainer.data.reading.archive import Archive, is_zip
from trainer.data.reading.bad_rows import BadRows
from trainer.data.reading.decode_picture import PictureSet
from trainer.data.reading.labelled_files import LabelledFile, list_labelled_files
from trainer.data.reading.listing import Listing
from trainer.data.reading.read_options import DEFAULT_OPTIONS, ReadOptions
from trainer.errors import DataError
from trainer.files import PICTURE_SUFFIXES
from trainer.labels import EXPRESSIONS, canonical

SPLIT_OF_FOLDER = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "publictest": "val",  # FER2013's names, as in its CSV
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}
RAF_DB_FOLDERS = raf_db.CLASS_MAP
AFFECTNET_FOLDERS = {str(code): name for code, name in enumerate(affectnet.CODES)}

UNLABELLED = -1  # instead of a class
NO_SPLIT = "none"


def is_folder_or_zip(path: Path) -> bool:
    return path.is_dir() or is_zip(path)


def has_pictures(path: Path) -> bool:
    return is_folder_or_zip(path) and bool(Archive(path).picture_names())


def list_unlabelled(path: Path) -> Listing:
    """All pictures below `path`, in the order of their paths, of no class and no split.

    They are the user's own, to be viewed: up to half of them may be unreadable.
    """
    archive, bad = Archive(path), BadRows(path, "pictures", tolerated=0.5)
    names = archive.picture_names()
    archive.log_other_files()
    pictures = PictureSet(archive, names)
    return Listing(
        name=path.resolve().stem,
        classes=EXPRESSIONS,
        sample_id=names,
        split=np.full(len(names), NO_SPLIT),
        label=np.full(len(names), UNLABELLED, np.int64),
        picture=lambda row: pictures.load(names[row]),
        bad=bad,
        total=len(names),
    )


def recognises(path: Path) -> bool:
    """Whether `path` is a folder or zip with a picture in a folder named by an expression."""
    return any(map(canonical, folder_names(path)))


def recognises_numbered(path: Path, class_map: dict[str, str]) -> bool:
    """Whether `path` has picture folders named by the numbers of `class_map`, and no others."""
    names = folder_names(path)
    return bool(names) and names <= class_map.keys()


def folder_names(path: Path) -> set[str]:
    """The names of the folders that hold pictures; none where `path` is no folder or zip."""
    if not is_folder_or_zip(path):
        return set()
    return {PurePosixPath(name).parent.name for name in Archive(path).picture_names()}


def list_pictures(
    path: Path, options: ReadOptions = DEFAULT_OPTIONS, class_map: dict[str, str] | None = None
) -> Listing:
    """The pictures, in the order of their paths; `class_map` names the classes of its folders.

    Raises DataError when a class folder is unknown or there are no pictures.
    """
    options = options.with_default_map(class_map or {})
    archive, bad = Archive(path), BadRows(path, "pictures", options.bad_share)
    names = archive.picture_names()
    if not names:
        known = ", ".join(sorted(PICTURE_SUFFIXES))
        raise DataError(f"{path}: it has no pictures", f"Known are {known}.")
    archive.log_other_files()
    files = []
    places = class_places(path, names, options)
    for row, (name, place) in enumerate(zip(names, places, strict=True)):
        if place is None:
            bad.add(name, "lies in no class folder")
        else:
            split, folder, key = place
            files.append(LabelledFile(row, name, split or "train", folder, key))
    return list_labelled_files(archive, path.resolve().stem, files, bad, options)


def read(path: Path, options: ReadOptions = DEFAULT_OPTIONS) -> FaceData:
    """All good pictures in memory. Raises DataError as `list_pictures`, or when many are bad."""
    return list_pictures(path, options).load()


def class_places(
    source: Path, names: list[str], options: ReadOptions
) -> list[tuple[str, str, str] | None]:
    """For each name its split (or ""), class folder and path below wrapping folders.

    None where a picture lies in no class folder. Raises DataError when only a part of the
    pictures lies in split folders.
    """
    paths = [PurePosixPath(name).parts for name in names]
    while paths and min(map(len, paths)) > 2 and len(first := {parts[0] for parts in paths}) == 1:
        folder = first.pop()
        if folder.lower() in SPLIT_OF_FOLDER or options.name_of(folder):
            break
        paths = [parts[1:] for parts in paths]
    places: list[tuple[str, str, str] | None] = []
    for parts in paths:
        split = SPLIT_OF_FOLDER.get(parts[0].lower(), "")
        in_class_folder = len(parts) == (3 if split else 2)
        places.append((split, parts[-2], "/".join(parts)) if in_class_folder else None)
    splits = {place[0] for place in places if place}
    if "" in splits and len(splits) > 1:
        outside = next(place[1] for place in places if place and not place[0])
        raise DataError(
            f"{source}: the folder {outside!r} lies beside split folders",
            "Put all class folders into split folders (train, val, test), or none.",
        )
    return places


def _numbered(name: str, title: str, class_map: dict[str, str], order: int) -> Reader:
    return Reader(
        name,
        f"{title} in folders {min(class_map)} to {max(class_map)}",
        partial(recognises_numbered, class_map=class_map),
        partial(list_pictures, class_map=class_map),
        by_name_only=True,
        takes_options=True,
        order=order,
        labels=folder_names,
    )


READERS = (
    Reader(
        "folders",
        f"folders of pictures named {', '.join(EXPRESSIONS)}, with or without "
        "train, val and test folders around them, also inside a zip",
        recognises,
        list_pictures,
        takes_options=True,
        order=60,
        labels=folder_names,
    ),
    _numbered("raf-db-folders", "RAF-DB", RAF_DB_FOLDERS, 61),
    _numbered("affectnet-folders", "AffectNet", AFFECTNET_FOLDERS, 62),
    Reader(
        "unlabelled",
        "pictures without labels, in a folder or zip, to be viewed",
        has_pictures,
        list_unlabelled,
        by_name_only=True,
        order=90,
    ),
)
