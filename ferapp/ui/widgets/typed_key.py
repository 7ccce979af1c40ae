"""The letter or digit of a key press, for views in which keys decide about what is shown."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent


def typed_key(event: QKeyEvent) -> str:
    """In lower case, with Shift or Caps Lock too; "" for other keys, and with Ctrl, Alt or Meta."""
    modifiers = Qt.KeyboardModifier
    is_plain = not event.modifiers() & ~(modifiers.KeypadModifier | modifiers.ShiftModifier)
    text = event.text().strip().lower()
    return text if is_plain and text.isprintable() else ""
