"""The models that can be chosen: bundled, of runs, and opened ones."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from ferapp.live.status import ModelInfo
from trainer.card import ModelCard
from trainer.errors import ModelFileError
from trainer.model_index import bundled_models, find_model, model_reference, read_card

BEST = "*/checkpoints/best.safetensors"  # RunDir.best of every run; its module brings pydantic

Group = Literal["bundled", "run", "file"]


class Catalogue:
    """Looks the models up, from one thread. A card is read again only when its file changed.

    `ms` tells the times measured with a model file, by device.
    """

    def __init__(self, runs: Path, ms: Callable[[Path], dict[str, float]]) -> None:
        self._runs, self._ms = runs, ms
        self._opened: list[str] = []
        self._cards: dict[Path, tuple[tuple[int, int], ModelCard | None, str]] = {}

    def add(self, model: str) -> None:
        """Also list this model, which was asked for; called by any thread."""
        if model not in self._opened:
            self._opened.append(model)

    def look(self) -> tuple[ModelInfo, ...]:
        """Bundled ones by name, runs from the newest on, then files in the order of opening."""
        found: dict[Path, ModelInfo] = {}
        for path, group, name in self._places():
            if path in found:
                continue
            card, problem = self._card(path)
            found[path] = ModelInfo(
                model_reference(path), group, card, problem, name, self._ms(path)
            )
        return tuple(found.values())

    def _places(self) -> Iterator[tuple[Path, Group, str]]:
        for name in bundled_models():
            yield find_model(name).resolve(), "bundled", name
        runs = [(path.parents[1].name, path.resolve()) for path in self._runs.glob(BEST)]
        for name, path in sorted(runs, reverse=True):  # their names begin with the time
            yield path, "run", name
        for model in tuple(self._opened):
            try:
                path = find_model(model).resolve()
            except ModelFileError:  # whoever asked for it was told
                continue
            in_run = path.parent.name == "checkpoints"
            yield path, "file", path.parents[1].name if in_run else path.stem

    def _card(self, path: Path) -> tuple[ModelCard | None, str]:
        try:
            now = path.stat()
            stamp = (now.st_mtime_ns, now.st_size)
        except OSError:
            stamp = (0, 0)
        known = self._cards.get(path)
        if known is None or known[0] != stamp:
            try:
                known = (stamp, read_card(path), "")
            except ModelFileError as error:
                known = (stamp, None, str(error))
            self._cards[path] = known
        return known[1:]
