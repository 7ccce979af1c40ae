"""The form of a new study: what was found, where its tables go, and its few settings."""

import os
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ferapp.runs.child_process import command_line
from ferapp.runs.study_process import StudyChoice
from ferapp.runs.study_sources import FoundSources
from ferapp.ui.text import wording
from ferapp.ui.text.source_text import MODELS_FILTER
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import push_button
from ferapp.ui.widgets.elided_label import ElidedLabel
from ferapp.ui.widgets.file_dialogs import open_file
from ferapp.ui.widgets.picker import Picker

SETTLE_MS = 250  # after the last keystroke, before sources are looked for again
START_TIP = "Analyse in processes of their own, which can keep running when you close the app."
LOOKING = "Looking for videos and pictures…"
_OTHER = "…"  # data of the entry that asks for a model file
_PRIORS = (("trained", "As trained"), ("balanced", "Balanced"))
_FACES = (
    ("", "Shown as they are"),
    ("blur", "Blurred"),
    ("mask", "Covered by a mask"),
    ("mesh", "Drawn as a mesh"),
)


class SetupView(QWidget):
    """`start_requested` has a StudyChoice, `look_requested` too: find its sources again."""

    start_requested = Signal(object)
    look_requested = Signal(object)
    back_requested = Signal()

    def __init__(self, models: Sequence[str]) -> None:
        super().__init__()
        self._sources: tuple[str, ...] = ()
        self._found: FoundSources | str = ""  # or why they cannot be analysed
        self._blocked = ""  # why nothing can be started now
        self._is_filling = False
        self._make_fields(models)
        self._make_found()
        self._make_foot()
        self._lay_out()
        self._connect()
        self.show_found("")

    def _make_fields(self, models: Sequence[str]) -> None:
        self.out = _line("Folder for the tables", "")
        self.browse_out = push_button("Folder…", "Choose where the tables go.")
        self.model = Picker("Model", "The model that classifies the faces.")
        for name in models:
            self.model.addItem(name, name)
        self.model.addItem("Model file…", _OTHER)
        self.prior = Picker(
            "Class balance",
            "As trained: expressions as frequent as in the model's training pictures.\n"
            "Balanced: every expression is expected equally often.",
        )
        for value, text in _PRIORS:
            self.prior.addItem(text, value)
        self.jobs = Picker(
            "At once", "How many sources are analysed at the same time, in a process each."
        )
        self.jobs.addItem("Automatic", "auto")
        for jobs in range(1, (os.cpu_count() or 1) + 1):
            self.jobs.addItem(str(jobs), str(jobs))
        self.manifest = _line("Manifest", "optional: a CSV with file, participant, condition…")
        self.manifest.setToolTip(
            "Its columns are joined to the summary, and the report compares its conditions."
        )
        self.browse_manifest = push_button("File…", "Choose the manifest, a CSV file.")
        self.anonymise = Picker(
            "Faces in the report", "How the report shows faces. Numbers are the same."
        )
        for value, text in _FACES:
            self.anonymise.addItem(text, value)

    def _make_found(self) -> None:
        self.found = QLabel()
        self.found.setFont(theme.sized(self.font(), 1.15, QFont.Weight.DemiBold))
        self.found.setWordWrap(True)
        self.origin = ElidedLabel()
        self.origin.setProperty("quiet", True)
        self._names = QStringListModel(self)
        self.names = QListView()
        self.names.setAccessibleName("Sources")
        self.names.setModel(self._names)
        self.names.setUniformItemSizes(True)
        self.names.setFrameShape(QFrame.Shape.NoFrame)
        self.names.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.names.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.names.setStyleSheet("background: transparent;")

    def _make_foot(self) -> None:
        self.problem = QLabel()
        self.problem.setProperty("wrong", True)
        self.problem.setWordWrap(True)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hint = QLabel()
        self.hint.setProperty("quiet", True)
        self.hint.setWordWrap(True)
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setAccessibleName("Equivalent command")
        self.command.setToolTip("What Start runs, for a terminal or a script.")
        self.copy = push_button("Copy", "Copy the command.")
        self.start = push_button("Start", START_TIP)

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP - 4)
        form = QVBoxLayout()
        form.setSpacing(0)
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self._fields_panel())
        form.addWidget(area, 1)
        form.addWidget(self._foot_panel())
        layout.addLayout(form, 3)
        layout.addWidget(self._found_panel(), 2)

    def _fields_panel(self) -> QWidget:
        panel, column = _panel()
        title = QLabel("New study")
        title.setFont(theme.sized(self.font(), 1.35, QFont.Weight.DemiBold))
        self.back = push_button("‹ Studies", "All studies.")
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(self.back)
        top.addWidget(title, 1)
        column.addLayout(top)
        column.addSpacing(theme.GAP)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QWidget, QPushButton | None], ...] = (
            ("Tables go to", self.out, self.browse_out),
            ("Model", self.model, None),
            ("Class balance", self.prior, None),
            ("At once", self.jobs, None),
            ("Manifest", self.manifest, self.browse_manifest),
            ("Faces in the report", self.anonymise, None),
        )
        for row, (text, field, button) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1, 1, 1 if button else 2)
            if button is not None:
                grid.addWidget(button, row, 2)
        column.addLayout(grid)
        column.addStretch(1)
        return panel

    def _found_panel(self) -> QWidget:
        panel, column = _panel()
        column.addWidget(self.found)
        column.addWidget(self.origin)
        column.addWidget(self.names, 1)
        return panel

    def _foot_panel(self) -> QWidget:
        panel, column = _panel()
        command = QHBoxLayout()
        command.addWidget(self.command, 1)
        command.addWidget(self.copy)
        start = QHBoxLayout()
        start.addWidget(self.hint, 1)
        start.addWidget(self.start)
        column.addWidget(self.problem)
        column.addLayout(command)
        column.addLayout(start)
        return panel

    def _connect(self) -> None:
        self._settle = QTimer(self, interval=SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(lambda: self.look_requested.emit(self.choice))
        for line in (self.out, self.manifest):
            line.textChanged.connect(lambda _: self._on_change(looks=True))
        for picker in (self.prior, self.jobs, self.anonymise):
            picker.currentIndexChanged.connect(lambda _: self._on_change(looks=False))
        self.model.activated.connect(self._on_model)
        self.model.currentIndexChanged.connect(lambda _: self._on_change(looks=False))
        self.browse_out.clicked.connect(self._browse_out)
        self.browse_manifest.clicked.connect(self._browse_manifest)
        self.back.clicked.connect(self.back_requested)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.text()))
        self.start.clicked.connect(self._start)

    # --- content --------------------------------------------------------------------------------

    @property
    def choice(self) -> StudyChoice:
        """What the form says."""
        manifest = self.manifest.text().strip()
        model = str(self.model.currentData())
        return StudyChoice(
            self._sources,
            Path(self.out.text().strip()).expanduser().absolute(),
            "default" if model == _OTHER else model,
            str(self.prior.currentData()),
            str(self.jobs.currentData()),
            str(Path(manifest).expanduser().absolute()) if manifest else "",
            str(self.anonymise.currentData()),
        )

    def fill(self, sources: Sequence[str], out: Path, model: str) -> None:
        """A new study of these files and folders."""
        self._is_filling = True
        self._sources = tuple(sources)
        self.out.setText(str(out))
        self.manifest.clear()
        self.choose_model(model)
        self._is_filling = False
        first = str(self._sources[0])
        more = f" and {len(self._sources) - 1} more" if len(self._sources) > 1 else ""
        self.origin.setText(first + more)
        self.origin.setToolTip("\n".join(self._sources[:20]))
        self.show_found(LOOKING)
        self.look_requested.emit(self.choice)

    def choose_model(self, model: str) -> None:
        """A bundled name or a file."""
        index = self.model.findData(model)
        if index < 0:
            index = self.model.count() - 1
            self.model.insertItem(index, Path(model).name, model)
        self.model.setCurrentIndex(index)

    def show_found(self, found: FoundSources | str) -> None:
        """What was found, or why nothing can be analysed, or that it is still looked for."""
        self._found = found
        if isinstance(found, str):
            self._names.setStringList([])
            self.found.setText(found if found == LOOKING else "Nothing to analyse")
        else:
            self._names.setStringList(list(found.names))
            self.found.setText(found_text(found))
        self._validate()

    def block(self, reason: str) -> None:
        """Nothing can be started while there is a reason."""
        if reason != self._blocked:
            self._blocked = reason
            self._validate()

    def _on_change(self, *, looks: bool) -> None:
        if self._is_filling:
            return
        if looks:
            self._settle.start()
        self._validate()

    def _validate(self) -> bool:
        found = self._found
        problem = found if isinstance(found, str) and found != LOOKING else ""
        if not self.out.text().strip():
            problem = "Choose a folder for the tables."
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        has_sources = bool(self._sources)
        self.command.setText(
            command_line(["ferapp", *self.choice.arguments]) if has_sources else ""
        )
        self.command.setCursorPosition(0)
        self.copy.setEnabled(has_sources)
        hint = self._blocked
        if isinstance(found, FoundSources) and found.continues and not hint:
            hint = "There is a study in this folder. Finished tables are kept, if they still fit."
        self.hint.setText(hint)
        is_ready = isinstance(found, FoundSources) and not problem and not self._blocked
        self.start.setEnabled(is_ready)
        self.start.setToolTip(self._blocked or problem or START_TIP)
        return is_ready

    def _start(self) -> None:
        if self._validate():
            self.start_requested.emit(self.choice)

    # --- dialogs --------------------------------------------------------------------------------

    def _on_model(self, _: int) -> None:
        if self.model.currentData() != _OTHER:
            return
        path = open_file(self, "model", "Choose a model", MODELS_FILTER)
        self.choose_model(path or str(self.model.itemData(0)))

    def _browse_out(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self, "Choose the folder for the tables", str(self.choice.out.parent)
        )
        if path:
            self.out.setText(path)

    def _browse_manifest(self) -> None:
        folder = str(Path(self._sources[0]).parent) if self._sources else ""
        path, _ = QFileDialog.getOpenFileName(
            self, "Choose the manifest", folder, "Tables (*.csv);;All files (*)"
        )
        if path:
            self.manifest.setText(path)


def found_text(found: FoundSources) -> str:
    """`12 videos and 1 folder of pictures, about 14 minutes of video`."""
    parts = [
        wording.count(found.videos, "video") if found.videos else "",
        _folders(found.folders) if found.folders else "",
        wording.count(found.pictures, "picture") if found.pictures else "",
    ]
    text = " and ".join(part for part in parts if part)
    minutes = found.seconds / 60
    if found.seconds == found.seconds:  # not NaN
        about = wording.count(round(minutes), "minute") if minutes >= 1 else "less than a minute"
        text += f", {'about ' if minutes >= 1 else ''}{about} of video"
    return text


def _folders(count: int) -> str:
    return f"{count:,}\u00a0folder{'s' * (count != 1)} of pictures"


def _line(name: str, placeholder: str) -> QLineEdit:
    line = QLineEdit()
    line.setAccessibleName(name)
    line.setPlaceholderText(placeholder)
    return line


def _panel() -> tuple[QWidget, QVBoxLayout]:
    panel = QWidget()
    panel.setObjectName("inner")
    column = QVBoxLayout(panel)
    column.setContentsMargins(theme.MARGIN, 12, theme.MARGIN, 12)
    column.setSpacing(theme.GAP)
    return panel, column
