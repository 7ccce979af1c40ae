"""The rows of the recipe cards: a heading for each group, and below it its recipes."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ferapp.ui.widgets import theme
from ferapp.ui.widgets.text_size import scaled
from trainer.recipes import FAST, GROUPS, RECIPES, RecipeGroup

Index = QModelIndex | QPersistentModelIndex
PURPOSES: dict[RecipeGroup, str] = {
    "Quick": "your own folder of pictures, in about a minute",
    "Fine-tune": "a trained model learns on: for little data or time",
    "From scratch": "this project's networks, from random weights",
    "Papers": "published methods, to repeat or compare with",
}
FIRST = ("default", "accurate", "compact")
CARD_HEIGHT, HEADING_HEIGHT = 46, 26  # px
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def offered() -> tuple[str, ...]:
    """The recipes by group, in each those of the bundled models first, and fast forms last."""

    def order(name: str) -> tuple[int, bool, bool]:
        group = GROUPS.index(RECIPES[name].group)
        return group, name.endswith(FAST), name not in FIRST

    return tuple(sorted(RECIPES, key=order))


class RecipeRows(QAbstractListModel):
    """Headings are rows that cannot be selected. `times` are texts by recipe."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[str | RecipeGroup] = []
        self._times: Mapping[str, str] = {}
        self.search("")

    def search(self, text: str, only: str = "") -> None:
        """Keep the recipes that have every word of `text` in name, group, title or source, of one
        group where `only` names it.
        """
        words = text.lower().split()
        self.beginResetModel()
        self.rows = []
        group = ""
        for name in offered():
            recipe = RECIPES[name]
            content = f"{name} {recipe.group} {recipe.title} {recipe.source}".lower()
            if only in ("", recipe.group) and all(word in content for word in words):
                if recipe.group != group:
                    group = recipe.group
                    self.rows.append(group)
                self.rows.append(name)
        self.endResetModel()

    def show_times(self, times: Mapping[str, str]) -> None:
        self._times = times
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))

    @property
    def recipes(self) -> list[str]:
        return [name for name in self.rows if name in RECIPES]

    def row_of(self, recipe: str) -> int:
        """-1 where the search leaves it out."""
        return self.rows.index(recipe) if recipe in self.rows else -1

    def recipe_at(self, index: Index) -> str:
        """ "" for a heading."""
        name = self.rows[index.row()] if index.isValid() else ""
        return name if name in RECIPES else ""

    def time_of(self, recipe: str) -> str:
        return self._times.get(recipe, "")

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not self.recipe_at(index):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        name = self.recipe_at(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return name or self.rows[index.row()]
        if not name:
            heading = self.rows[index.row()]
            is_text = role == Qt.ItemDataRole.AccessibleTextRole
            return f"{heading}: {PURPOSES[heading]}" if is_text else None  # type: ignore[index]
        recipe = RECIPES[name]
        if role == Qt.ItemDataRole.ToolTipRole:
            lines = (f"{name}: {recipe.title}", f"{recipe.source}; published: {recipe.published}")
            return "\n".join(filter(None, (*lines, self.time_of(name))))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (name, recipe.group, recipe.title, self.time_of(name))))
        return None


class CardDelegate(QStyledItemDelegate):
    """Paints a recipe: name and time, below them what it is; a heading: the group, its purpose."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model = index.model()
        is_card = isinstance(model, RecipeRows) and bool(model.recipe_at(index))
        return QSize(120, scaled(CARD_HEIGHT if is_card else HEADING_HEIGHT))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        if not isinstance(model, RecipeRows):
            return
        name, colours = model.recipe_at(index), theme.current()
        bold = theme.sized(option.font, 1, QFont.Weight.DemiBold)
        rect = QRectF(option.rect).adjusted(2, 2, -2, -2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not name:
            heading = str(model.rows[index.row()])
            purpose = PURPOSES[heading]  # type: ignore[index]
            _draw_line(painter, rect, (heading, bold, colours.text), (purpose, colours.muted))
            painter.restore()
            return
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        has_focus = is_chosen and bool(option.state & QStyle.StateFlag.State_Active)
        edge = colours.accent if is_chosen else colours.line
        painter.setPen(QPen(QColor(edge), 1.5 if has_focus else 1))
        painter.setBrush(QColor(colours.raised) if is_chosen else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 6, 6)
        inner = rect.adjusted(8, 3, -8, -3)
        first = QRectF(inner.left(), inner.top(), inner.width(), inner.height() / 2)
        second = first.translated(0, inner.height() / 2)
        _draw_line(painter, first, (name, bold, colours.text), (model.time_of(name), colours.muted))
        small = theme.sized(option.font, 0.85)
        _draw_line(painter, second, (RECIPES[name].title, small, colours.muted), ("", ""))
        painter.restore()


def _draw_line(
    painter: QPainter, rect: QRectF, left: tuple[str, QFont, str], right: tuple[str, str]
) -> None:
    """A text at the left, elided where it is too long, and a smaller one at the right."""
    text, font, colour = left
    painter.setFont(theme.sized(font, 0.85, QFont.Weight.Normal))
    painter.setPen(QColor(right[1] or colour))
    painter.drawText(rect, _RIGHT, right[0])
    taken = painter.fontMetrics().horizontalAdvance(right[0])
    painter.setFont(font)
    painter.setPen(QColor(colour))
    room = int(rect.width() - taken - 8 * bool(taken))
    elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)
    painter.drawText(rect, _LEFT, elided)
