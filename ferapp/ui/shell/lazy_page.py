"""A page that is made when it is first shown, so that the window need not wait for it."""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ferapp.ui.shell.page import Page


class LazyPage(QWidget):
    """Holds the page that `make` returns, once there is one."""

    def __init__(self, make: Callable[[], Page]) -> None:
        super().__init__()
        self._make = make
        self._page: Page | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    @property
    def page(self) -> Page:
        """The page, which is made now if it was never shown."""
        if self._page is None:
            self._page = self._make()
            self._layout.addWidget(self._page)
            self._page.show()  # the layout alone would do so later
        return self._page

    def showEvent(self, event: QShowEvent) -> None:
        _ = self.page
        super().showEvent(event)

    @property
    def drop_text(self) -> str:
        """What a drop on the page does; "" where the window opens what is dropped."""
        return "" if self._page is None else self._page.drop_text

    def take_drop(self, paths: Sequence[str]) -> bool:
        """Let the page use dropped files and folders; False leaves them to the window."""
        return self._page is not None and self._page.take_drop(paths)

    def may_close(self) -> bool:
        """Whether the window may close now."""
        return self._page is None or self._page.may_close()

    def stop(self) -> None:
        """End what is running, because the window closes."""
        if self._page is not None:
            self._page.stop()
