"""Model files by name, and their cards, without torch: what a list of models needs."""

import json
import struct
from pathlib import Path
from typing import Any

from trainer.card import ModelCard
from trainer.errors import ModelFileError
from trainer.files import asset

CARD_KEY, CHECKSUM_KEY = "card", "sha256"
HEADER_LIMIT = 1 << 20  # bytes; a header of ours has some kilobytes
BEST = Path("checkpoints", "best.safetensors")  # of a run
SUFFIX = ".safetensors"


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without reading its weights. Raises ModelFileError."""
    return card_of(path, read_metadata(path))


def read_metadata(path: Path) -> dict[str, Any]:
    """What a model file's header says beside the weights, the card among it.

    Raises ModelFileError.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
            size = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= size <= HEADER_LIMIT:
                raise ModelFileError(
                    f"{path}: this is no model file of this project",
                    "Expected is a .safetensors file with a model card in its header.",
                )
            header = json.loads(stream.read(size))
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: the header of this model file is damaged") from error
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict) or CARD_KEY not in metadata:
        raise ModelFileError(
            f"{path}: this safetensors file has no model card",
            "Only models made by `fertrain` can be opened.",
        )
    return metadata


def card_of(path: Path, metadata: dict[str, Any]) -> ModelCard:
    """The card in the metadata of the model file `path`. Raises ModelFileError."""
    try:
        return ModelCard.from_json(metadata[CARD_KEY])
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path}: its model card does not fit: {error}") from error


def find_model(name: str) -> Path:
    """The file of a model named by a path, by its run's directory, or by a bundled file's stem.

    Raises ModelFileError with the bundled names when there is none.
    """
    path = Path(name)
    if _is_file(path / BEST):
        return path / BEST
    if path.suffix == SUFFIX or _is_file(path):
        if not _is_file(path):
            raise ModelFileError(f"{path}: there is no such file")
        return path
    bundled = asset("models") / f"{name}{SUFFIX}"
    if "/" in name or "\\" in name or not _is_file(bundled):
        known = ", ".join(bundled_models()) or "none"
        raise ModelFileError(
            f"there is no model {name!r}", f"Bundled: {known}. Or give a {SUFFIX} file or a run."
        )
    return bundled


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no name that a file could have
        return False


def bundled_models() -> list[str]:
    """Names of the models that ship with the project, the one that the app opens with first."""
    names = [path.stem for path in asset("models").glob(f"*{SUFFIX}")]
    return sorted(names, key=lambda name: (name != "default", name))


def model_spec(path: Path) -> str:
    """The shortest text that `find_model` makes `path` of, wherever the program runs."""
    path = path.resolve()
    bundled = path.parent == asset("models").resolve() and path.suffix == SUFFIX
    return path.stem if bundled else str(path)
