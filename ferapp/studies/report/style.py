"""The report's style, on top of that of all reports, and its one script."""

from collections.abc import Sequence

from PySide6.QtGui import QColor

from ferapp.overlays.palette import EXPRESSIONS_ON_DARK, EXPRESSIONS_ON_LIGHT

_RULES = """
body { font-size: 15px; } h1 { font-size: 1.9rem; letter-spacing: -.01em; }
h2 { margin-top: 3rem; } h3 { font-size: 1.02rem; margin: 0; overflow-wrap: anywhere; }
h4 { font-size: .9rem; font-weight: 600; margin: 0 0 .3rem; }
a { color: inherit; text-decoration-color: var(--rule); text-underline-offset: 3px; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem 2.6rem; margin: 1.6rem 0 1rem; padding: 0; }
.facts div { display: flex; flex-direction: column-reverse; }
.facts dd { margin: 0; font-size: 1.7rem; font-weight: 600; line-height: 1.2;
  font-variant-numeric: tabular-nums; }
.facts dt { color: var(--faint); font-size: .85rem; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; position: sticky; top: 0; z-index: 2;
  background: var(--page); padding: .6rem 0; border-bottom: 1px solid var(--rule);
  font-size: .85rem; }
.legend span::before { content: ""; display: inline-block; width: .8em; height: .8em;
  border-radius: 3px; margin-right: .4em; vertical-align: -.05em; background: var(--own); }
.legend .hatched::before { background: var(--hatch), var(--rule); }
.contents { columns: 15rem; column-gap: 2rem; padding: 0; list-style: none; font-size: .85rem; }
.contents li { break-inside: avoid; padding: .12rem 0; overflow-wrap: anywhere; }
.contents i { display: inline-block; width: .7em; height: .7em; border-radius: 50%;
  margin-right: .45em; background: var(--own, var(--rule)); }
.contents em { font-style: normal; color: var(--faint); }
.card { border: 1px solid var(--rule); border-radius: 12px; padding: 1.1rem 1.3rem 1.2rem;
  margin: 0 0 1.2rem; scroll-margin-top: 3.4rem; break-inside: avoid-page;
  content-visibility: auto; contain-intrinsic-size: auto 24rem; }
.card > p { margin: .15rem 0 .9rem; font-size: .85rem; max-width: none; }
.face { margin: 0 0 1.3rem; }
.plot { position: relative; margin-left: 1.9rem; }
.plot svg { display: block; width: 100%; height: 100%; overflow: visible; }
.plot svg.curves { height: 7rem; margin-top: .5rem; }
.ribbon { position: relative; height: 1.35rem; border-radius: 5px; overflow: hidden;
  background: var(--head); }
.ribbon i { position: absolute; top: 0; bottom: 0; background: var(--hatch); }
.ribbon b { position: absolute; top: 0; line-height: 1.35rem; font-size: .72rem; font-weight: 600;
  text-align: center; overflow: hidden; }
.curves path { fill: none; stroke-width: 1.6px; vector-effect: non-scaling-stroke;
  stroke-linecap: round; stroke-linejoin: round; }
.curves .grid { stroke: var(--rule); stroke-width: 1px; }
.curves path[class^="b"] { stroke: none; opacity: .16; }
.values { position: absolute; left: -1.9rem; width: 1.5rem; height: 7rem; display: flex;
  flex-direction: column; justify-content: space-between; text-align: right; }
.values span { line-height: 0; } .values, .times { color: var(--faint); font-size: .72rem;
  font-variant-numeric: tabular-nums; }
.times { position: relative; height: 1.3rem; margin-top: .25rem; }
.times span { position: absolute; } .times span + span { transform: translateX(-50%); }
.peaks { display: flex; flex-wrap: wrap; gap: .7rem; margin: .5rem 0 0 1.9rem; }
.peaks figure { margin: 0; width: 84px; } .peaks img { display: block; width: 84px; height: 84px;
  border-radius: 6px; border-bottom: 3px solid var(--own); background: var(--head); }
.peaks figcaption { font-size: .72rem; line-height: 1.3; margin-top: .2rem; color: var(--ink); }
.peaks em { font-style: normal; color: var(--faint); display: block; }
.totals td, .totals th { padding: .3rem .6rem; font-size: .82rem; }
.means td, .means th { padding: .22rem .7rem; font-size: .85rem; }
.means td:nth-child(2), .means th:nth-child(2) { text-align: left; }
.means th:last-child, .means td:last-child { width: 16rem; min-width: 9rem; }
.bar { position: relative; height: 1rem; background:
  linear-gradient(var(--rule), var(--rule)) 0 50% / 100% 1px no-repeat; }
.bar i { position: absolute; top: .37rem; height: .26rem; border-radius: 2px;
  background: var(--own); opacity: .45; }
.bar b { position: absolute; top: .2rem; width: .6rem; height: .6rem; margin-left: -.3rem;
  border-radius: 50%; background: var(--own); }
.grid-of-curves { display: grid; gap: 1.4rem 2rem; margin-bottom: 1.4rem;
  grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
button { font: inherit; font-size: .85rem; color: var(--ink); background: var(--head);
  border: 1px solid var(--rule); border-radius: 7px; padding: .3rem .8rem; cursor: pointer;
  margin: 0 0 .7rem; }
.failed td:nth-child(2), .failed th:nth-child(2) { text-align: left; white-space: normal; }
@media (max-width: 40rem) { body { padding: 1.4rem 1rem 3rem; } .card { padding: .9rem; }
  .facts { gap: .8rem 1.6rem; } .facts dd { font-size: 1.35rem; } .ribbon b { font-size: .66rem; }
  .times span:nth-child(even) { display: none; } }
@media print { body { max-width: none; padding: 0; font-size: 11px; } .legend { position: static; }
  button, .contents { display: none; } .card { content-visibility: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""

COPY_SCRIPT = """
<script>
for (const button of document.querySelectorAll("button.copy")) {
  button.addEventListener("click", async () => {
    const table = document.getElementById(button.dataset.table);
    const text = [...table.rows].map(row => [...row.cells]
      .filter(cell => !cell.classList.contains("drawn"))
      .map(cell => cell.textContent).join("\\t")).join("\\n");
    let copied = true;
    try { await navigator.clipboard.writeText(text); }
    catch (error) {  // a page that was opened as a file may not use the clipboard
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text; area.select(); copied = document.execCommand("copy"); area.remove();
    }
    button.textContent = copied ? "Copied" : "Select the table and copy it";
    setTimeout(() => { button.textContent = "Copy table"; }, 2000);
  });
}
</script>
"""


def report_style(classes: Sequence[str]) -> str:
    """The rules, with the colours of the classes on a light and on a dark page."""
    light = _colours(classes, EXPRESSIONS_ON_LIGHT, "rgb(255 255 255 / .55)")
    dark = _colours(classes, EXPRESSIONS_ON_DARK, "rgb(0 0 0 / .45)")
    numbered = "".join(
        f".c{n} {{ --own: var(--c{n}); }} .l{n} {{ stroke: var(--c{n}); }}"
        f" .f{n}, .curves .b{n} {{ fill: var(--c{n}); }} .t{n} {{ color: var(--t{n}); }}\n"
        for n in range(len(classes))
    )
    dark_rule = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    return f"\n:root {{ {light} }}\n{dark_rule}{_RULES}{numbered}"


def _colours(classes: Sequence[str], palette: dict[str, str], hatch: str) -> str:
    """Variables: c for a class, t for text on it."""
    others = tuple(palette.values())
    result = [f"--hatch: repeating-linear-gradient(135deg, {hatch} 0 3px, transparent 3px 7px);"]
    for number, name in enumerate(classes):
        colour = palette.get(name, others[number % len(others)])
        shade = QColor(colour)
        grey = 0.3 * shade.redF() + 0.59 * shade.greenF() + 0.11 * shade.blueF()
        text = "#101214" if grey > 0.5 else "#ffffff"
        result.append(f"--c{number}: {colour}; --t{number}: {text};")
    return " ".join(result)
