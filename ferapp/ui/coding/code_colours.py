"""The colour of a code in the window."""

from ferapp.studies.coding.codes import CODES, is_unit
from ferapp.ui.widgets import theme


def code_colour(code: str) -> str:
    """An expression has its colour of everywhere; action units share those of further curves."""
    colours = theme.current()
    if is_unit(code):
        return colours.series[CODES.index(code) % len(colours.series)]
    return colours.expressions.get(code, colours.muted)
