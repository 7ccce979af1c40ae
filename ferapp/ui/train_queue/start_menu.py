"""The menu beside Start training: to the queue, at once, with several seeds, as a grid."""

from PySide6.QtWidgets import QMenu, QPushButton

from ferapp.ui.train_queue.queue_strip import TAKEN
from ferapp.ui.widgets.buttons import push_button

SEEDS = 3


class StartMenu:
    """`button` opens it. The form says by `set_enabled` whether its run could be started."""

    def __init__(self) -> None:
        self.button: QPushButton = push_button("More", "Other ways to start: queue, seeds, a grid.")
        self.button.setAccessibleName("Other ways to start")
        menu = QMenu(self.button)
        menu.setToolTipsVisible(True)
        self.queue = menu.addAction("Add to queue")
        self.queue.setToolTip("It starts once the runs before it have ended.")
        self.now = menu.addAction("Start now beside the running one")
        self.now.setToolTip("Both take longer.")
        menu.addSeparator()
        self.seeds = menu.addAction(f"Seeds × {SEEDS}…")
        self.seeds.setToolTip("The same run with several random seeds, one after the other.")
        self.grid = menu.addAction("Grid over two fields…")
        self.grid.setToolTip("A run for each combination of the values of two settings.")
        self.button.setMenu(menu)
        queueing = (self.queue, self.seeds, self.grid)
        self._queueing = {action: action.toolTip() for action in queueing}

    def set_enabled(self, can_queue: bool, can_start: bool, is_ours: bool) -> None:
        """`is_ours` says that no other window works off the queue."""
        for action, tip in self._queueing.items():
            action.setEnabled(can_queue and is_ours)
            action.setToolTip(tip if is_ours else TAKEN)
        self.now.setEnabled(can_start)
        self.button.setEnabled(can_queue)
