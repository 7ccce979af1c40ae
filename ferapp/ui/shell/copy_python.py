"""Copies a script that gives again what the live page shows now."""

from PySide6.QtGui import QGuiApplication

from ferapp.api.python_snippet import python_snippet
from ferapp.ui.duel.sides import served_method
from ferapp.ui.live.live_page import LivePage

COPIED = "Copied as Python. It runs wherever ferapp is installed."
NOTHING = "There is nothing to copy yet: open a source and a model first."


def copy_as_python(page: LivePage) -> None:
    """The snippet goes to the clipboard; a message on the page says so."""
    status, toast = page.status, page.live_view.toast
    if not status.source.uri or not status.model.spec:
        toast.show_message(NOTHING)
        return
    style, analysis = page.overlay_style, page.analysis
    position = analysis.frame.position_s if analysis is not None else None
    card = status.model.card  # an old one does not say what would have to be balanced
    QGuiApplication.clipboard().setText(
        python_snippet(
            status.source.uri,
            status.model.spec,
            prior=page.options.prior if card is not None and card.prior else "trained",
            method=served_method(status.model, style.method) if style.attribution else None,
            target=style.target,
            time_s=position or 0.0,
        )
    )
    toast.show_message(COPIED)
