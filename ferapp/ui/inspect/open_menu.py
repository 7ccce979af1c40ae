"""The menus of what can be opened or compared: the example, runs, models, folders."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMenu, QWidget

from ferapp.ui.inspect.inspect_tools import InspectTools
from ferapp.ui.shell.menus.source_menu import literal
from ferapp.ui.widgets.file_dialogs import open_folder
from trainer.training.run_dir import RunDir

_MAX_RUNS = 15


class EvaluationMenu(QMenu):
    """Lists the runs anew whenever it opens, newest first; `on_chosen` gets the chosen path.

    As the menu Open (`for_opening`) it also offers the example and folders of pictures. As the menu
    Compare with it offers `Nothing`, which is "", and models, whose names `on_model_chosen` gets.
    """

    def __init__(
        self,
        name: str,
        tools: InspectTools,
        on_chosen: Callable[[str], None],
        parent: QWidget,
        *,
        for_opening: bool = False,
        on_model_chosen: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(name, parent)
        self.setToolTipsVisible(True)
        self._tools, self._on_chosen, self._for_opening = tools, on_chosen, for_opening
        self._on_model_chosen = on_model_chosen
        self.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        self.clear()
        if self._for_opening:
            self._offer("The example", self._tools.first, "Drawn faces and faces of the demo clip.")
        else:
            self._offer("Nothing", "", "Show this evaluation alone.")
        if self._on_model_chosen is not None and self._tools.models:
            self._add_heading("Models, on these samples")
            for name in self._tools.models:
                self._offer(name, name, "Classify these samples now.", self._on_model_chosen)
        self._offer_runs()
        self.addSeparator()
        self.addAction("Run or evaluation…").triggered.connect(
            lambda: self._browse("Open a run or the folder of an evaluation")
        )
        if self._for_opening:
            action = self.addAction("Pictures…")
            action.setToolTip("Classify the pictures of a folder, with or without class folders.")
            action.triggered.connect(lambda: self._browse("Open a folder of pictures"))

    def _offer_runs(self) -> None:
        configs = self._tools.runs.glob("*/config.json")
        runs = sorted((config.parent for config in configs), reverse=True)
        runs = [run for run in runs if RunDir(run).best.is_file()][:_MAX_RUNS]
        if runs:
            self._add_heading("Runs")
        for run in runs:
            tip = "Open its evaluation; if there is none yet, its model is evaluated."
            self._offer(run.name, str(run), tip)

    def _add_heading(self, text: str) -> None:
        self.addSeparator()
        self.addAction(text).setEnabled(False)

    def _offer(
        self, text: str, source: str, tip: str, on_chosen: Callable[[str], None] | None = None
    ) -> None:
        action, callback = self.addAction(literal(text)), on_chosen or self._on_chosen
        action.setToolTip(tip)
        action.triggered.connect(lambda: callback(source))

    def _browse(self, title: str) -> None:
        path = open_folder(self.parentWidget(), "evaluation", title, Path.cwd())
        if path:
            self._on_chosen(path)
