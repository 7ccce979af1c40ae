"""The keys that a mode of the window owns while it is on, before all other meanings."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from ferapp.ui.shell.actions import ModeKey

_KEYPAD = Qt.KeyboardModifier.KeypadModifier  # a digit is the same key there


class ModeKeys(QObject):
    """While `is_on()`, gives the keys of `table` to `press` instead of to the window's actions.

    It filters what reaches `window`, so that a text field that has the focus keeps its letters.
    `press` gets the id of the key's record, and the key as Qt writes it.
    """

    def __init__(
        self,
        window: QWidget,
        table: Sequence[ModeKey],
        is_on: Callable[[], bool],
        press: Callable[[str, str], None],
    ) -> None:
        super().__init__(window)
        self._ids = {key: record.id for record in table for key in record.keys}
        self._is_on, self._press = is_on, press
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = QEvent.Type
        if event.type() not in (kinds.ShortcutOverride, kinds.KeyPress) or not self._is_on():
            return False
        if not isinstance(event, QKeyEvent):
            return False
        combination = QKeyCombination(event.modifiers() & ~_KEYPAD, Qt.Key(event.key()))
        key = QKeySequence(combination).toString(QKeySequence.SequenceFormat.PortableText)
        if key not in self._ids:
            return False
        event.accept()  # an accepted override keeps the actions of the window from the key
        if event.type() == kinds.KeyPress and not event.isAutoRepeat():
            self._press(self._ids[key], key)
        return True
