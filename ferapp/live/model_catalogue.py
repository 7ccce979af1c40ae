"""The models that can be chosen: bundled ones, those of runs, and opened files."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from ferapp.live.status import ModelInfo
from trainer.card import ModelCard
from trainer.errors import ModelFileError
from trainer.model_index import (
    bundled_models,
    files_of,
    find_model,
    model_reference,
    read_card,
    registered_names,
)

# RunDir.best of every run; the module of RunDir imports pydantic
BEST = "*/checkpoints/best.safetensors"

Group = Literal["bundled", "run", "file"]


class ModelCatalogue:
    """Lists the models, for one thread. A card is read again only after its file changed.

    `measured_ms` gives the times measured with a model file, by device.
    """

    def __init__(self, runs: Path, measured_ms: Callable[[Path], dict[str, float]]) -> None:
        self._runs, self._measured_ms = runs, measured_ms
        self._opened: list[str] = []
        # path → (modified, size) of its files, its card, and why there is none
        self._cards: dict[Path, tuple[list[tuple[int, int]], ModelCard | None, str]] = {}

    def add(self, model: str) -> None:
        """List this model too, because it was requested; called by any thread."""
        if model not in self._opened:
            self._opened.append(model)

    def list_models(self) -> tuple[ModelInfo, ...]:
        """Bundled ones by name, runs with the newest first, then files in the order of opening."""
        models: dict[Path, ModelInfo] = {}
        for path, group, name in self._candidates():
            if path not in models:
                card, problem = self._read_card(path)
                ms = self._measured_ms(path)
                models[path] = ModelInfo(model_reference(path), group, card, problem, name, ms)
        return tuple(models.values())

    def _candidates(self) -> Iterator[tuple[Path, Group, str]]:
        for name in bundled_models():
            yield find_model(name).resolve(), "bundled", name
        runs = [(path.parents[1].name, path.resolve()) for path in self._runs.glob(BEST)]
        for name, path in sorted(runs, reverse=True):  # their names begin with the time
            yield path, "run", name
        for name in registered_names():
            yield find_model(name), "file", name
        for model in tuple(self._opened):
            try:
                path = find_model(model).resolve()
            except ModelFileError:  # the loader has reported it
                continue
            is_in_run = path.parent.name == "checkpoints"
            yield path, "file", path.parents[1].name if is_in_run else path.stem

    def _read_card(self, path: Path) -> tuple[ModelCard | None, str]:
        stamp = [_stamp(part) for part in files_of(path)]
        known = self._cards.get(path)
        if known is None or known[0] != stamp:
            try:
                known = (stamp, read_card(path), "")
            except ModelFileError as error:
                known = (stamp, None, str(error))
            self._cards[path] = known
        return known[1:]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, stat.st_size
