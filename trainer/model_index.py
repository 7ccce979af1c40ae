"""Finds model files by name and reads their cards, without torch.

Besides this project's own files, a model is an ONNX file with a card beside it, or a torch module
that a program registered in this process. A reference file in the user's cache stands for the
latter, so that wherever a model's file is wanted there is one.
"""

import glob
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import platformdirs

from trainer.card import FrameModel, ModelCard
from trainer.errors import ModelFileError, NoSuchModel
from trainer.files import asset, write_atomic
from trainer.other_card import ONNX_SUFFIX, card_file, onnx_model_card

CARD_KEY, CHECKSUM_KEY = "card", "sha256"
HEADER_LIMIT = 1 << 20  # bytes; our headers have a few kilobytes
BEST_OF_RUN = Path("checkpoints", "best.safetensors")
MODEL_SUFFIX = ".safetensors"
REFERENCE_SUFFIX = ".registered"
OPENED_SUFFIXES = (MODEL_SUFFIX, ONNX_SUFFIX)  # of files that a person opens
_registered: dict[str, Path] = {}  # name → its reference file, of this process


def read_card(path: Path) -> ModelCard:
    """The card of a model file, without reading its weights. Raises ModelFileError."""
    if is_onnx(path):
        return onnx_model_card(path)
    if path.suffix == REFERENCE_SUFFIX:
        return parse_card(path, read_reference(path))
    return parse_card(path, read_metadata(path))


def is_onnx(path: Path) -> bool:
    return path.suffix.lower() == ONNX_SUFFIX


def is_own(path: Path) -> bool:
    """Whether it is a file of this project: other people's models cannot be trained further."""
    return not is_onnx(path) and path.suffix != REFERENCE_SUFFIX


def write_reference(name: str, card: ModelCard, weights: str) -> Path:
    """The file that stands for a registered module, whose `weights` are a hash; always the same.

    From now on `find_model(name)` gives it. Raises OSError.
    """
    content = json.dumps({"name": name, CARD_KEY: card.to_json(), "weights": weights}).encode()
    folder = Path(platformdirs.user_cache_dir("ferapp")).resolve() / "registered"
    path = folder / hashlib.sha256(content).hexdigest()[:16] / f"{name}{REFERENCE_SUFFIX}"
    if not path.is_file():
        write_atomic(path, lambda stream: stream.write(content))
    _registered[name] = path
    return path


def registered_names() -> tuple[str, ...]:
    """Of the modules that are registered in this process."""
    return tuple(_registered)


def read_reference(path: Path) -> dict[str, Any]:
    """`name`, `card` and `weights` of a registered module. Raises ModelFileError."""
    try:
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: is no reference to a registered model") from error
    if not isinstance(values, dict) or {"name", CARD_KEY, "weights"} - set(values):
        raise ModelFileError(f"{path}: is no reference to a registered model")
    return values


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata in a model file's header: the card and the checksum. Raises ModelFileError."""
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
            size = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
            if not 2 <= size <= HEADER_LIMIT:
                raise ModelFileError(
                    f"{path}: this is not a model file of this project",
                    "Expected a .safetensors file with a model card in its header.",
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


def parse_card(path: Path, metadata: dict[str, Any]) -> ModelCard:
    """The card in the metadata of the model file `path`. Raises ModelFileError."""
    try:
        return ModelCard.from_json(metadata[CARD_KEY])
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelFileError(f"{path}: its model card does not fit: {error}") from error


def find_model(name: str) -> Path:
    """The file of a model, given by its path, its run's directory or its bundled name.

    Or a registered name. Raises NoSuchModel that lists the known names when there is none.
    """
    if name in _registered:
        return _registered[name]
    path = Path(name)
    if _is_file(path / BEST_OF_RUN):
        return path / BEST_OF_RUN
    if path.suffix in (*OPENED_SUFFIXES, REFERENCE_SUFFIX) or _is_file(path):
        if not _is_file(path):
            raise NoSuchModel(f"{path}: there is no such file")
        return path
    bundled = asset("models") / f"{name}{MODEL_SUFFIX}"
    if "/" in name or "\\" in name or not _is_file(bundled):
        known = ", ".join(bundled_models()) or "none"
        registered = f" Registered: {', '.join(_registered)}." if _registered else ""
        raise NoSuchModel(
            f"there is no model {name!r}",
            f"Bundled: {known}.{registered} Or give a {MODEL_SUFFIX} or {ONNX_SUFFIX} file, a run, "
            "or a --plugin that registers it.",
        )
    return bundled


def file_sha256(path: Path) -> str:
    """The hash that identifies a model's file. Raises OSError.

    An ONNX file is another model with another card, or other weights in files beside it.
    """
    with path.open("rb") as stream:
        own = hashlib.file_digest(stream, "sha256").hexdigest()
    if not is_onnx(path):
        return own
    parts = [own, *(file_sha256(part) for part in files_of(path)[1:] if part.is_file())]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def files_of(path: Path) -> tuple[Path, ...]:
    """A model's file and those that belong to it; the first is `path`."""
    if not is_onnx(path):
        return (path,)
    weights = sorted(path.parent.glob(f"{glob.escape(path.name)}?*"))  # that are too large for it
    return (path, card_file(path), *weights)


def find_frame_model(path: Path, wanted: FrameModel) -> Path:
    """The file of the frame model that the network for clips at `path` reads.

    Among the bundled models and those beside `path`. Raises ModelFileError that names it.
    """
    bundled = [find_model(name) for name in bundled_models()]
    beside = sorted(path.resolve().parent.glob(f"*{MODEL_SUFFIX}"))
    candidates = sorted([*bundled, *beside], key=lambda file: file.stem != wanted.name)
    found = next((file for file in candidates if file_sha256(file) == wanted.sha256), None)
    if found is None:
        raise ModelFileError(
            f"{path}: it reads the features of the model {wanted.name} "
            f"(SHA-256 {wanted.sha256[:12]}…), which is missing",
            "Put that model's file into the same folder. A model of the same name that was "
            "trained anew is another one.",
        )
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # not a valid file name
        return False


def bundled_models() -> list[str]:
    """Names of the models that ship with the project; first the one the app starts with."""
    names = [path.stem for path in asset("models").glob(f"*{MODEL_SUFFIX}")]
    return sorted(names, key=lambda name: (name != "default", name))


def model_reference(path: Path) -> str:
    """A bundled model's name, or the absolute path: `find_model` finds it from any folder.

    Of a module that is registered in this process it is that name.
    """
    if _registered.get(path.stem) == path:
        return path.stem
    path = path.resolve()
    bundled = path.parent == asset("models").resolve() and path.suffix == MODEL_SUFFIX
    return path.stem if bundled else str(path)
