"""A report: a list of sections, written as Markdown and as one HTML file."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from trainer.files import write_text

STYLE = """
:root { color-scheme: light dark; --ink: #1d1d1f; --faint: #66666b; --rule: #dcdce0;
  --page: #ffffff; --head: #f5f5f7; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececf0; --faint: #a0a0a8; --rule: #3a3a40; --page: #17171a; --head: #222226; } }
body { margin: 0 auto; max-width: 76rem; padding: 2.5rem 1.5rem 4rem; color: var(--ink);
  background: var(--page); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .4rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .7rem; }
p { color: var(--faint); max-width: 48rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .4rem .8rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
th { font-weight: 600; background: var(--head); }
th:first-child, td:first-child { text-align: left; }
figure { margin: 0 0 1.5rem; } figcaption { color: var(--faint); font-size: .85rem; }
img { max-width: 100%; background: #ffffff; border-radius: 8px; }
.pictures { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
.zoom { cursor: zoom-in; } .zoom input { position: absolute; opacity: 0; }
.zoom img { display: block; } .zoom input:focus-visible + img { outline: 3px solid #2f7de1; }
.zoom input:checked + img { position: fixed; inset: 0; z-index: 9; width: 100vw; height: 100vh;
  max-width: none; object-fit: contain; border-radius: 0; cursor: zoom-out; }
@media print { .wide { overflow: visible; } th, td { padding: .2rem .35rem; white-space: normal; }
  table { font-size: .7rem; } }
"""


Figures = Sequence[tuple[Path, str]]  # picture files with their captions


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A table with sentences below it, or figures with their captions."""

    title: str
    columns: tuple[str, ...] = ()
    cells: tuple[tuple[str, ...], ...] = ()
    figures: tuple[tuple[Path, str], ...] = ()
    sentences: tuple[str, ...] = ()


def write_document(title: str, notes: str, sections: list[ReportSection], out: Path) -> Path:
    """Write report.md and report.html into `out`, beside the figures; returns the HTML's path."""
    write_text(out / "report.md", _markdown(title, notes, sections))
    write_text(out / "report.html", _html(title, notes, sections))
    return out / "report.html"


def table_section(
    title: str, columns: list[str], rows: list[list[str]], sentences: Sequence[str] = ()
) -> ReportSection:
    cells = tuple(tuple(row) for row in rows)
    return ReportSection(title, tuple(columns), cells, sentences=tuple(sentences))


def markdown_table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; `|` within a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )


def _markdown(title: str, notes: str, sections: list[ReportSection]) -> str:
    blocks = [f"# {title}", notes]
    for section in sections:
        blocks.append(f"## {section.title}")
        if section.columns:
            blocks.append(
                markdown_table(list(section.columns), [list(row) for row in section.cells])
            )
        blocks += section.sentences
        blocks += [f"![{caption}]({file.name})" for file, caption in section.figures]
    return "\n\n".join(blocks) + "\n"


def _html(title: str, notes: str, sections: list[ReportSection]) -> str:
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(notes)}</p>"]
    for section in sections:
        body.append(f"<h2>{escape(section.title)}</h2>")
        if section.columns:
            body.append(html_table(section.columns, section.cells))
        body += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
        images = "\n".join(_image(file, caption) for file, caption in section.figures)
        if len(section.figures) > 1:
            images = f'<div class="pictures">\n{images}\n</div>'
        body.append(images)
    return html_page(title, "\n".join(body))


def html_table(columns: Sequence[str], cells: Sequence[Sequence[str]], name: str = "") -> str:
    """A table of plain text in a box that scrolls sideways; `name` is its class in the style."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in cells
    )
    kind = f' class="{name}"' if name else ""
    return (
        f'<div class="wide"><table{kind}>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{lines}</tbody></table></div>"
    )


def html_page(title: str, body: str, style: str = "") -> str:
    """A whole page that needs nothing else; `body` is HTML, `style` adds to STYLE."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _image(file: Path, caption: str) -> str:
    """A figure that fills the window while its hidden checkbox is checked, by click or Space."""
    data, name = base64.b64encode(file.read_bytes()).decode(), escape(caption)
    return (
        f'<figure><label class="zoom"><input type="checkbox" aria-label="Enlarge: {name}">'
        f'<img src="data:image/png;base64,{data}" alt="{name}"></label>'
        f"<figcaption>{name}</figcaption></figure>"
    )
