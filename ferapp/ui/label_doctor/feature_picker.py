"""The choice of the model whose features describe the faces to the label doctor."""

from pathlib import Path

from ferapp.ui.text.source_text import MODELS_FILTER
from ferapp.ui.widgets.file_dialogs import open_file
from ferapp.ui.widgets.picker import Picker

_FILE = ""  # data of the entry that asks for a file
_TIP = (
    "The model whose features describe the faces. One that has learned these very labels hides\n"
    "their errors: a model that was trained on other data finds more of them."
)


class FeaturePicker(Picker):
    """Bundled models, the model of what is open, or a file; `chosen` is a name or a path."""

    def __init__(self, bundled: tuple[str, ...]) -> None:
        super().__init__("Features of", _TIP)
        self._bundled = bundled
        self._last = ""
        self.activated.connect(lambda _: self._ask_for_file())
        self.offer(None)

    @property
    def chosen(self) -> str:
        return str(self.currentData())

    def offer(self, opened: Path | None) -> None:
        """Offer the bundled models, and that of what is open; the choice stays where it can."""
        before = self.currentData()
        self.clear()
        for name in self._bundled:
            self.addItem(name, name)
        if opened is not None and opened.stem not in self._bundled:
            self.addItem("the open model", str(opened))
        self.addItem("a file…", _FILE)
        self.setCurrentIndex(max(self.findData(before), 0))
        self._last = self.chosen

    def _ask_for_file(self) -> None:
        if self.chosen == _FILE:
            path = open_file(self, "model", "Choose a model", MODELS_FILTER, Path.cwd())
            if path and self.findData(path) < 0:
                self.insertItem(self.count() - 1, Path(path).name, path)
            self.setCurrentIndex(self.findData(path or self._last))
        self._last = self.chosen
