"""Text about the app and about a model, as HTML."""

from html import escape
from importlib import metadata
from typing import Any

from trainer.attribution_methods import ANSWERS_ONLY
from trainer.card import ModelCard

ANSWERS_TEXT = (
    "occlusion and RISE, which need only its answers. Other methods need a gradient, which an ONNX "
    "file does not have."
)
PARTS = (
    ("PySide6-Essentials", "PySide6 and Qt", "LGPL-3.0"),
    ("mediapipe", "MediaPipe and its Face Landmarker", "Apache-2.0"),
    ("torch", "PyTorch", "BSD-3-Clause"),
    ("opencv-python", "OpenCV", "Apache-2.0"),
    ("pyqtgraph", "pyqtgraph", "MIT"),
)


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def about_html() -> str:
    parts = _table((f"{name} {version(package)}", licence) for package, name, licence in PARTS)
    return "".join(
        [
            f"<h2>ferapp {escape(version('ferapp'))}</h2>",
            "<p>A workbench for facial expression recognition: it shows which expression a face "
            "apparently has, and which parts of the face speak for it.</p>",
            "<h3>Use</h3>",
            "<p>It says what a face shows: apparent expression, not emotion. It is made for "
            "research, teaching and demonstrations. It is not for hiring, schooling, policing, "
            "medicine or any other decision about a person.</p>",
            "<h3>Privacy</h3>",
            "<p>Everything stays on this computer, unless you start live output. The app connects "
            "only to sources whose address you enter, and to pytorch.org for weights when you "
            "train with a recipe that starts from ImageNet. It uploads nothing. Live output, off "
            "at every start, sends numbers about the faces and no pictures: by OSC to the address "
            "that you enter, by LSL to every program on your network that asks. A line below the "
            "toolbar says so while it does, and stops it with one click. The app saves pictures "
            "when you ask for it; besides, "
            "your cache keeps a small picture of each recent file or address, and grey copies of "
            "pictures that you train on or inspect, until you delete them: Menu, Delete all my "
            "data.</p>",
            "<h3>Licences</h3>",
            "<p>ferapp is under the MIT licence. Its main parts:</p>",
            parts,
            "<p>The bundled models were trained on FER2013, whose pictures are customarily used "
            "for research. The demo clip is by Wolfgang Langer (Pexels). More is in "
            "assets/NOTICE.md.</p>",
        ]
    )


def card_html(card: ModelCard) -> str:
    """The card of a model; empty fields are omitted."""
    needs_answers_only = card.explanation in ANSWERS_ONLY  # it has neither gradient nor layers
    sections = (
        ("Data", _rows(card.data)),
        (
            "Training",
            [("Purpose", card.about), ("Objective", card.objective), ("Created", card.created)],
        ),
        ("Measured", _rows(card.metrics)),
        (
            "Network",
            [
                ("Architecture", _call(card)),
                ("Input", card.preprocessing.text),
                ("Classes", ", ".join(card.classes)),
                ("Also predicts", "valence and arousal" if card.valence_arousal else ""),
                ("Temperature", f"{card.temperature:.3g}"),
                ("Attribution layer", "" if needs_answers_only else card.attribution_layer),
                ("Explained by", ANSWERS_TEXT if needs_answers_only else ""),
            ],
        ),
        ("Intended use", card.intended_use),
        ("Limits", card.limits),
        ("Licence", card.licence),
        ("Versions", _rows(card.versions)),
    )
    parts = [f"<h2>{escape(card.name)}</h2>"]
    for title, content in sections:
        if isinstance(content, str):
            inner = f"<p>{escape(content)}</p>" if content else ""
        else:
            inner = _table(row for row in content if row[1])
        if inner:
            parts.append(f"<h3>{title}</h3>{inner}")
    return "".join(parts)


def _call(card: ModelCard) -> str:
    arguments = ", ".join(f"{name} {value}" for name, value in card.arguments.items())
    return f"{card.architecture} ({arguments})" if arguments else card.architecture


def _rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    """A dictionary of a card as rows, without nested values."""
    return [
        (_title(name), f"{value:.4g}" if isinstance(value, float) else str(value))
        for name, value in values.items()
        if isinstance(value, str | int | float)
    ]


def _title(name: str) -> str:
    return name[:1].upper() + name[1:].replace("_", " ")


def _table(rows: Any) -> str:
    cells = "".join(
        f'<tr><td class="name">{escape(name)}</td><td>{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f'<table cellspacing="0">{cells}</table>' if cells else ""
