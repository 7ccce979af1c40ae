"""Pictures in class folders: `ROOT/<class>/*` or `ROOT/<split>/<class>/*`, also inside a zip.

Folders that wrap the whole tree are passed over. Class folders are known by the names and
synonyms of `trainer.labels`, split folders by the names below, in any case. Without split folders
everything is `train`, of which a tenth is held out as `val`.
"""

import zipfile
from pathlib import Path, PurePosixPath

import numpy as np

from trainer.data.face_data import FaceData
from trainer.data.pictures import SUFFIXES, Archive, Entry, Listing, listing_of, tell_classes
from trainer.data.tables import BadRows
from trainer.errors import DataError
from trainer.labels import EXPRESSIONS, SYNONYMS, canonical

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


UNLABELLED = -1  # instead of a class
NO_SPLIT = "none"


def has_pictures(path: Path) -> bool:
    return (path.is_dir() or zipfile.is_zipfile(path)) and bool(Archive(path).names())


def unlabelled(path: Path) -> Listing:
    """All pictures below `path`, in the order of their paths, of no class and no split.

    They are one's own, to be looked at: up to half of them may be unreadable.
    """
    archive, bad = Archive(path), BadRows(path, "pictures", tolerated=0.5)
    names = archive.names()
    return Listing(
        name=path.resolve().stem,
        classes=EXPRESSIONS,
        sample_id=names,
        split=np.full(len(names), NO_SPLIT),
        label=np.full(len(names), UNLABELLED, np.int64),
        picture=lambda row: archive.picture(names[row]),
        bad=bad,
        found=len(names),
    )


def recognises(path: Path) -> bool:
    """Whether `path` is a folder or zip with a picture in a folder named by an expression."""
    if not (path.is_dir() or zipfile.is_zipfile(path)):
        return False
    return any(canonical(PurePosixPath(name).parent.name) for name in Archive(path).names())


def listing(path: Path) -> Listing:
    """The pictures, in the order of their paths.

    Raises DataError when a class folder is unknown or there are no pictures.
    """
    archive, bad = Archive(path), BadRows(path, "pictures")
    names = archive.names()
    if not names:
        raise DataError(f"{path}: it has no pictures", f"Known are {', '.join(sorted(SUFFIXES))}.")
    places = _places(path, names)
    class_of = _classes(path, {place[1] for place in places if place})
    entries = []
    for row, (name, place) in enumerate(zip(names, places, strict=True)):
        if place is None:
            bad.add(name, "lies in no class folder")
        else:
            split, folder, key = place
            entries.append(Entry(row, name, split or "train", class_of[folder], key))
    return listing_of(archive, path.resolve().stem, entries, bad)


def read(path: Path) -> FaceData:
    """All good pictures in memory. Raises DataError as `listing`, or when too many are bad."""
    return listing(path).load()


def _places(source: Path, names: list[str]) -> list[tuple[str, str, str] | None]:
    """For each name its split (or ""), class folder and path below wrapping folders.

    None where a picture lies in no class folder. Raises DataError when only a part of the
    pictures lies in split folders.
    """
    paths = [PurePosixPath(name).parts for name in names]
    while paths and min(map(len, paths)) > 2 and len(first := {parts[0] for parts in paths}) == 1:
        folder = first.pop()
        if folder.lower() in SPLIT_OF_FOLDER or canonical(folder):
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


def _classes(source: Path, folders: set[str]) -> dict[str, str]:
    """Class folder → class, told to the user. Raises DataError when a folder is unknown."""
    class_of = {folder: name for folder in sorted(folders) if (name := canonical(folder))}
    unknown = sorted(folders - class_of.keys())
    if unknown:
        raise DataError(
            f"{source}: unknown class folders: {', '.join(unknown)}",
            f"Known are {', '.join((*EXPRESSIONS, *SYNONYMS))}. Rename or remove the others.",
        )
    tell_classes(source, class_of)
    return class_of
