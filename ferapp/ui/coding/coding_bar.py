"""The bar below the picture while a clip is coded: coder, codes, undo, reveal, files."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QWidget,
)

from ferapp.overlays.label_text import class_title
from ferapp.studies.coding.codes import UNIT_CODES, is_unit
from ferapp.studies.coding.coding_file import FORMATS, CodingFormat
from ferapp.ui.coding.coding_keys import CODE_KEYS
from ferapp.ui.shell.actions import native
from ferapp.ui.widgets import theme
from ferapp.ui.widgets.buttons import MenuButton, push_button
from ferapp.ui.widgets.chips import Chip
from ferapp.ui.widgets.flow_layout import FlowLayout
from ferapp.vision.signals import UNITS
from trainer.labels import EXPRESSIONS

_REVEAL = (
    "Show the model's answers and the other coders' intervals.\n"
    "Off, you code blind: neither can sway you."
)
_KEYED = "Give it one of the keys 1 to 9."
_AGREEMENT = "Compare two coders, or a coder and the model. This reveals both."
_CODER = (
    "Who codes. Type another name and press Enter for the next coder: each sees only their own\n"
    "intervals until they are revealed."
)


class CodingBar(QFrame):
    """`press` is called with the ids of CODING_KEYS that have a button: undo, redo, delete, leave.

    `import_pressed` and `save_pressed` ask for a file; the latter carries a CodingFormat.
    """

    coder_chosen = Signal(str)
    code_chosen = Signal(str)
    codes_changed = Signal(tuple)
    import_pressed = Signal()
    save_pressed = Signal(object)

    def __init__(self, press: Callable[[str], None]) -> None:
        super().__init__()
        self.setObjectName("lower")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setAccessibleName("Coding by hand")
        self._press = press
        self.codes: tuple[str, ...] = ()
        self.chips: dict[str, Chip] = {}
        self._group = QButtonGroup(self)
        self.coder = QComboBox()
        self.coder.setEditable(True)
        self.coder.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.coder.setAccessibleName("Coder")
        self.coder.setToolTip(_CODER)
        self.coder.setMinimumContentsLength(9)
        self.coder.activated.connect(lambda _: self._choose_coder())
        edit = self.coder.lineEdit()
        assert edit is not None
        edit.returnPressed.connect(self._choose_coder)
        self.reveal = Chip("Reveal", _REVEAL)
        self.agreement = Chip("Agreement", _AGREEMENT)
        self._group_codes = QWidget()
        self._chip_row = FlowLayout(self._group_codes, 2)
        self.undo = self._button("Undo", f"Undo the last change.\nKey: {native('Ctrl+Z')}", "undo")
        self.redo = self._button(
            "Redo", f"Do again what was undone.\nKey: {native('Ctrl+Y')}", "redo"
        )
        self.delete = self._button("Delete", "Delete the selected interval.\nKey: Del", "delete")
        close = self._button("×", "End coding. Everything is saved.\nKey: Esc", "close")
        close.setAccessibleName("End coding")
        self.saved = QLabel()
        self.saved.setProperty("quiet", True)
        self.saved.setAccessibleName("Saved in")
        self._lay_out(close)
        self.hide()

    def _button(self, text: str, tip: str, name: str) -> QPushButton:
        button = push_button(text, tip)
        button.clicked.connect(lambda: self._press(name))
        return button

    def _lay_out(self, close: QPushButton) -> None:
        label = QLabel("Coder")
        label.setToolTip(_CODER)
        menus = (
            MenuButton("Codes", self._codes_menu(), "Which codes have the keys 1 to 9."),
            MenuButton(
                "File", self._file_menu(), "Import codings, or save them for ELAN or BORIS."
            ),
        )
        inner = QWidget()
        inner.setObjectName("bar")  # its menus look like those of the timeline
        row = FlowLayout(inner, theme.GAP)  # more lines where the window is narrow
        room = QHBoxLayout(self)
        room.setContentsMargins(theme.MARGIN, 6, theme.MARGIN, 6)
        room.addWidget(inner)
        height = self.undo.sizeHint().height()
        for one in (label, self.saved, self.reveal, self.agreement):
            one.setMinimumHeight(height)
        for widget in (label, self.coder, self._group_codes, menus[0], self.undo, self.redo):
            row.addWidget(widget)
        for widget in (self.delete, self.reveal, self.agreement, menus[1], self.saved, close):
            row.addWidget(widget)

    def _file_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        action = menu.addAction("Import…")
        action.setToolTip("Add the coders of a table, an ELAN file (.eaf) or a BORIS export (CSV).")
        action.triggered.connect(self.import_pressed)
        menu.addSeparator()
        for form in FORMATS:
            self._add_format(menu, form)
        return menu

    def _add_format(self, menu: QMenu, form: CodingFormat) -> None:
        action = menu.addAction(f"Save as: {form.title}…")
        action.setToolTip("All coders' intervals, whether revealed or not.")
        action.triggered.connect(lambda: self.save_pressed.emit(form))

    def _codes_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        units = QMenu("Action units", menu)
        units.setToolTipsVisible(True)
        self._code_actions = {}
        for code in (*EXPRESSIONS, "contempt", *UNIT_CODES):
            action = (units if is_unit(code) else menu).addAction(class_title(code))
            action.setCheckable(True)
            named = UNITS.get(int(code.removeprefix("AU"))) if is_unit(code) else None
            tip = "The model has no signal for it." if is_unit(code) else _KEYED
            action.setToolTip(f"{named[0].capitalize()}. {_KEYED}" if named else tip)
            action.triggered.connect(lambda on, code=code: self._toggle_code(code, on))
            self._code_actions[code] = action
        menu.addMenu(units)
        units.menuAction().setToolTip("Each has a row of its own, and may overlap others.")
        return menu

    def _toggle_code(self, code: str, on: bool) -> None:
        codes = tuple(one for one in self.codes if one != code)
        codes = (*codes, code) if on else codes
        self.codes_changed.emit(codes or self.codes)

    def show_codes(self, codes: Sequence[str], current: str) -> None:
        """Those with keys, in their order, and the one that a drag draws."""
        if tuple(codes) != self.codes:
            self.codes = tuple(codes)
            for chip in self.chips.values():
                self._group.removeButton(chip)
                self._chip_row.removeWidget(chip)
                chip.deleteLater()
            self.chips = {}
            for number, code in enumerate(codes):
                key = CODE_KEYS[number] if number < len(CODE_KEYS) else ""
                chip = Chip(f"{key} {class_title(code)}".strip(), _code_tip(code, key))
                chip.setAccessibleName(f"Code: {class_title(code)}")
                chip.clicked.connect(lambda _on, code=code: self.code_chosen.emit(code))
                self._group.addButton(chip)
                self._chip_row.addWidget(chip)
                chip.show()
                self.chips[code] = chip
            self._group_codes.updateGeometry()
        for code, action in self._code_actions.items():
            action.setChecked(code in self.codes)
            full = len(self.codes) >= len(CODE_KEYS) and code not in self.codes
            action.setEnabled(not full)
        if current in self.chips:
            self.chips[current].setChecked(True)

    def show_coders(self, names: Sequence[str], current: str) -> None:
        self.coder.blockSignals(True)
        self.coder.clear()
        self.coder.addItems(list(dict.fromkeys((*names, current))))
        self.coder.setCurrentText(current)
        self.coder.blockSignals(False)

    def _choose_coder(self) -> None:
        name = self.coder.currentText().strip()
        self.window().setFocus()  # so that 1 to 9 are keys again
        if name:
            self.coder_chosen.emit(name)


def _code_tip(code: str, key: str) -> str:
    """What drawing with the code takes."""
    unit = UNITS.get(int(code.removeprefix("AU"))) if is_unit(code) else None
    what = f"{code}, {unit[0]}" if unit else class_title(code)
    held = f"Hold {key} while the clip plays, or drag in the timeline.\n" if key else ""
    return f"{what}.\n{held}With an interval selected: give it this code."
