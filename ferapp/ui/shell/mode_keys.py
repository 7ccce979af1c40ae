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
    `press` gets the id of the key's record, and the key as Qt writes it; so does `release`, without
    the modifiers that are held by then.
    """

    def __init__(
        self,
        window: QWidget,
        table: Sequence[ModeKey],
        is_on: Callable[[], bool],
        press: Callable[[str, str], None],
        release: Callable[[str, str], None] = lambda name, key: None,
    ) -> None:
        super().__init__(window)
        self._ids = {key: record.id for record in table for key in record.keys}
        self._is_on, self._press, self._release = is_on, press, release
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = QEvent.Type
        owned = kinds.ShortcutOverride, kinds.KeyPress, kinds.KeyRelease
        if event.type() not in owned or not self._is_on() or not isinstance(event, QKeyEvent):
            return False
        is_release = event.type() == kinds.KeyRelease
        modifiers = Qt.KeyboardModifier.NoModifier if is_release else event.modifiers()
        combination = QKeyCombination(modifiers & ~_KEYPAD, Qt.Key(event.key()))
        key = QKeySequence(combination).toString(QKeySequence.SequenceFormat.PortableText)
        if key not in self._ids:
            return False
        event.accept()  # an accepted override keeps the actions of the window from the key
        if event.type() == kinds.KeyPress and not event.isAutoRepeat():
            self._press(self._ids[key], key)
        elif is_release and not event.isAutoRepeat():
            self._release(self._ids[key], key)
        return True
