"""The menus of what can be opened: the example, runs, folders."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from ferapp.ui.inspect.inspect_tools import Tools
from ferapp.ui.shell.source_menu import literal
from trainer.training.run_dir import RunDir

_MOST = 15  # runs


class EvaluationMenu(QMenu):
    """Looks which runs there are whenever it opens, newest first.

    With `pictures` also folders of one's own pictures; without, `Nothing` is offered: "", and with
    `model_chosen` models by name.
    """

    def __init__(
        self,
        name: str,
        tools: Tools,
        chosen: Callable[[str], None],
        parent: QWidget,
        *,
        pictures: bool = False,
        model_chosen: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(name, parent)
        self.setToolTipsVisible(True)
        self._tools, self._chosen, self._pictures = tools, chosen, pictures
        self._model_chosen = model_chosen
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        self.clear()
        if self._pictures:
            self._offer("The example", self._tools.first, "Drawn faces and the demo clip's.")
        else:
            self._offer("Nothing", "", "This evaluation alone.")
        if self._model_chosen is not None and self._tools.models:
            self.addSeparator()
            self.addAction("Models, on these samples").setEnabled(False)
            for name in self._tools.models:
                tip = "It classifies the samples that are open, now."
                self._offer(name, name, tip, self._model_chosen)
        runs = sorted(
            (path.parent for path in self._tools.runs.glob("*/config.json")), reverse=True
        )
        runs = [run for run in runs if RunDir(run).best.is_file()][:_MOST]
        if runs:
            self.addSeparator()
            self.addAction("Runs").setEnabled(False)
        for run in runs:
            self._offer(run.name, str(run), "Its evaluation; without one its model is evaluated.")
        self.addSeparator()
        self.addAction("Run or evaluation…").triggered.connect(
            lambda: self._ask("Open a run or the folder of an evaluation")
        )
        if self._pictures:
            action = self.addAction("Pictures…")
            action.setToolTip("A folder, with class folders in it or without: classified now.")
            action.triggered.connect(lambda: self._ask("Open a folder of pictures"))

    def _offer(
        self, words: str, source: str, tip: str, chosen: Callable[[str], None] | None = None
    ) -> None:
        action, take = self.addAction(literal(words)), chosen or self._chosen
        action.setToolTip(tip)
        action.triggered.connect(lambda: take(source))

    def _ask(self, title: str) -> None:
        path = QFileDialog.getExistingDirectory(self.parentWidget(), title, str(Path.cwd()))
        if path:
            self._chosen(path)
