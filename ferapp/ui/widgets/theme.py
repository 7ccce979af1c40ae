"""The one place for colours, spacing and fonts: a quiet palette, dark and light.

The palette is our own on the Fusion style: Qt's colour scheme request is silently ignored where
there is no platform theme, so it is only used to learn what the system prefers.
"""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from ferapp.overlays.palette import (
    EXPRESSIONS_ON_DARK,
    EXPRESSIONS_ON_LIGHT,
    VIDEO_MUTED,
    VIDEO_PLATE,
    VIDEO_RECORDING,
    VIDEO_TEXT,
    to_qcolor,
)
from ferapp.ui.widgets.text_size import restore_own_fonts

Mode = Literal["system", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Theme:
    name: str
    window: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    warning: str  # text of a notice
    series: tuple[str, ...]  # curves that are not expressions, as distinct as those
    expressions: dict[str, str]  # graphical objects; distances hold for colour-blind viewers too

    def expression(self, name: str, index: int = 0) -> str:
        """The colour of a class; an unknown class gets the colour of its index."""
        colours = tuple(self.expressions.values())
        return self.expressions.get(name, colours[index % len(colours)])


DARK = Theme(
    name="dark",
    window="#14171a",
    panel="#1c2025",
    raised="#272d34",
    line="#323941",
    text="#e7eaed",
    muted="#a0a9b3",
    accent="#6cb6ff",
    on_accent="#0d1620",
    warning="#f2c14e",
    series=("#6cb4ff", "#e4e49c", "#cc5484", "#b4a800", "#786cf0"),
    expressions=EXPRESSIONS_ON_DARK,
)

LIGHT = Theme(
    name="light",
    window="#eef0f3",
    panel="#ffffff",
    raised="#f3f5f7",
    line="#d5dae0",
    text="#1a1f24",
    muted="#59636e",
    accent="#0b63c5",
    on_accent="#ffffff",
    warning="#7d5200",
    series=("#0c60c0", "#e4480c", "#9c3c60", "#6c0000", "#480084"),
    expressions=EXPRESSIONS_ON_LIGHT,
)

GAP = 8  # px between related widgets
MARGIN = 16  # px around and between groups
RADIUS = 8  # px, corners of panels

_current = DARK
_mode: Mode = "system"


def current() -> Theme:
    """The theme in use; custom painting reads it at every paint."""
    return _current


def mode() -> Mode:
    """The requested mode, which may be `system`."""
    return _mode


def sized(font: QFont, factor: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """`font` scaled, with figures of equal width so that changing numbers do not jump."""
    result = QFont(font)
    if font.pointSizeF() > 0:
        result.setPointSizeF(font.pointSizeF() * factor)
    else:
        result.setPixelSize(round(font.pixelSize() * factor))
    result.setWeight(weight)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


def apply_theme(app: QApplication, mode: Mode) -> Theme:
    """Style the whole application; `system` follows the system's preference from now on."""
    global _current, _mode
    _mode = mode
    if not app.property("ferapp_follows_system"):
        app.setProperty("ferapp_follows_system", True)
        app.styleHints().colorSchemeChanged.connect(lambda: _follow_system(app))
    if mode == "system":
        light = app.styleHints().colorScheme() == Qt.ColorScheme.Light
        _current = LIGHT if light else DARK
    else:
        _current = LIGHT if mode == "light" else DARK
    app.setStyle("Fusion")
    app.setPalette(_palette(_current))
    app.setStyleSheet(_style_sheet(_current) + _panels_and_dialogs(_current))
    restore_own_fonts()
    return _current


def _follow_system(app: QApplication) -> None:
    if _mode == "system":
        apply_theme(app, "system")


def _palette(theme: Theme) -> QPalette:
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.raised,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.on_accent,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Link: theme.accent,
        role.Mid: theme.line,
        role.Accent: theme.accent,
    }
    palette = QPalette()
    for which, value in colours.items():
        palette.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.muted))
    return palette


def _style_sheet(t: Theme) -> str:
    return f"""
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line};
        padding: 6px; }}
    QToolBar {{ background: {t.window}; border: none; border-bottom: 1px solid {t.line};
        padding: 4px 10px; spacing: 2px; }}
    QToolBar::separator {{ background: {t.line}; width: 1px; margin: 6px 8px; }}
    QToolBar QToolButton, #bar QToolButton {{ color: {t.text}; background: transparent;
        padding: 5px 7px; border: 1px solid transparent; border-radius: 6px; }}
    QToolBar QToolButton:hover, #bar QToolButton:hover {{ background: {t.raised}; }}
    QToolBar QToolButton:pressed, #bar QToolButton:pressed {{ background: {t.line}; }}
    QToolBar QToolButton:focus, #bar QToolButton:focus {{ border-color: {t.accent}; }}
    QToolBar QToolButton:checked {{ color: {t.on_accent}; background: {t.accent}; }}
    QToolBar QToolButton::menu-indicator, #bar QToolButton::menu-indicator {{ image: none; }}
    QMenu {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 6px 22px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.raised}; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
    QStatusBar {{ background: {t.window}; color: {t.muted}; border-top: 1px solid {t.line}; }}
    QStatusBar::item {{ border: none; }}
    QStatusBar QLabel {{ color: {t.muted}; padding: 3px 8px; }}
    #column, #inner {{ background: {t.panel}; border: none; }}
    #column {{ border-left: 1px solid {t.line}; }}
    #edge {{ background: {t.line}; border: none; }}
    QLabel[quiet="true"] {{ color: {t.muted}; }}
    QLabel[wrong="true"] {{ color: {t.warning}; }}
    QLineEdit[invalid="true"] {{ border-color: {t.warning}; }}
    QLabel[notice="true"] {{ color: {t.warning}; background: {t.raised}; border-radius: 6px;
        padding: 8px 10px; }}
    QLabel[onVideo="true"] {{ color: {VIDEO_TEXT}; background: {_css(VIDEO_PLATE)};
        border-radius: {RADIUS}px; padding: 8px 12px; }}
    QLabel[frozen="true"] {{ color: {DARK.on_accent}; background: {DARK.accent};
        border-radius: {RADIUS}px; padding: 6px 12px; font-weight: 600; }}
    QLabel[sending="true"] {{ color: {t.accent}; font-weight: 600; }}
    QLabel[recording="true"] {{ color: #ffffff; background: {VIDEO_RECORDING};
        border-radius: {RADIUS}px; padding: 6px 12px; font-weight: 600; }}
    #lower {{ background: {t.panel}; border: none; border-top: 1px solid {t.line}; }}
    #lower QPushButton {{ padding: 4px 12px; }}
    #lower QLineEdit {{ padding: 4px 8px; }}
    #toast {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS}px; }}
    #toast QLabel {{ color: {t.text}; background: transparent; }}
    #toast QPushButton {{ color: {t.accent}; background: transparent; font-weight: 600;
        border: 1px solid transparent; border-radius: 6px; padding: 5px 10px; }}
    #toast QPushButton:hover {{ background: {t.line}; }}
    #toast QPushButton:focus {{ border-color: {t.accent}; }}
    #hud {{ background: {_css(VIDEO_PLATE)}; border-radius: {RADIUS}px; }}
    #hud QLabel {{ color: {VIDEO_TEXT}; background: transparent; }}
    #hud QLabel[quiet="true"] {{ color: {VIDEO_MUTED}; }}
    QComboBox QAbstractItemView {{ color: {t.text}; background: {t.panel};
        border: 1px solid {t.line}; padding: 4px; outline: none;
        selection-color: {t.text}; selection-background-color: {t.raised}; }}
    QScrollBar:vertical {{ background: {t.panel}; width: 10px; }}
    QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 4px; min-height: 24px;
        margin: 1px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {t.line}; }}
    QSlider::sub-page:horizontal {{ border-radius: 2px; background: {t.accent}; }}
    QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -6px 0; border-radius: 7px;
        background: {t.text}; border: 1px solid {t.panel}; }}
    QSlider::handle:horizontal:focus {{ border: 2px solid {t.accent}; }}
    QSlider::sub-page:horizontal:disabled {{ background: {t.line}; }}
    QSlider::handle:horizontal:disabled {{ background: {t.muted}; }}
    """


def _panels_and_dialogs(t: Theme) -> str:
    return f"""
    QDialog {{ background: {t.panel}; }}
    QLabel {{ background: transparent; }}
    QPushButton {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line};
        border-radius: 6px; padding: 5px 14px; }}
    QPushButton:hover {{ border-color: {t.muted}; }}
    QPushButton:pressed {{ background: {t.line}; }}
    QPushButton:focus {{ border-color: {t.accent}; }}
    QPushButton:disabled {{ color: {t.muted}; }}
    QPushButton[narrow="true"] {{ padding: 2px; }}
    QLineEdit {{ color: {t.text}; background: {t.window}; border: 1px solid {t.line};
        border-radius: 6px; padding: 6px 8px; }}
    QLineEdit:focus {{ border-color: {t.accent}; }}
    QDialog QTextBrowser, QDialog QPlainTextEdit {{ color: {t.text}; background: {t.panel};
        border: 1px solid {t.line}; border-radius: 6px; padding: 8px; }}
    QDialog QTextBrowser:focus, QDialog QPlainTextEdit:focus {{ border-color: {t.accent}; }}
    QLabel[key="true"] {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line};
        border-radius: 4px; padding: 1px 7px; }}
    QMenu::item:disabled {{ color: {t.muted}; }}
    QTableView::indicator {{ width: 13px; height: 13px; border: 1px solid {t.muted};
        border-radius: 4px; }}
    QTableView::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; }}
    QTableWidget {{ color: {t.text}; background: transparent; }}
    QHeaderView::section {{ color: {t.muted}; background: transparent; border: none;
        border-bottom: 1px solid {t.line}; padding: 3px 8px 3px 3px; }}
    QHeaderView {{ background: transparent; }}
    QScrollBar:horizontal {{ background: {t.panel}; height: 10px; }}
    QScrollBar::handle:horizontal {{ background: {t.line}; border-radius: 4px; min-width: 24px;
        margin: 1px; }}
    #card {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: {RADIUS}px; }}
    #notice {{ background: {_css(VIDEO_PLATE)}; border-radius: {RADIUS}px; }}
    #notice QLabel {{ color: {VIDEO_TEXT}; background: transparent; }}
    #notice QLabel[quiet="true"] {{ color: {VIDEO_MUTED}; }}
    #notice QPushButton {{ color: {VIDEO_TEXT}; background: {DARK.raised};
        border: 1px solid {DARK.line}; padding: 4px 12px; }}
    #notice QPushButton:hover {{ border-color: {DARK.muted}; }}
    #notice QPushButton:pressed {{ background: {DARK.line}; }}
    #notice QPushButton:focus {{ border-color: {DARK.accent}; }}
    """


def _css(value: str) -> str:
    c = to_qcolor(value)
    return f"rgba({c.red()}, {c.green()}, {c.blue()}, {c.alpha()})"
