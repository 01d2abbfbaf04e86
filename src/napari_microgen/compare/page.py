"""The pieces of a page that needs no other file, no network and no script, and prints well."""

import re
from collections.abc import Sequence
from html import escape

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1180px; margin: 0 auto; padding: 0 16px 40px; }
header { border-left: 10px solid #777; padding: 6px 18px; margin: 18px 0; background: #f6f6f6; }
header.yes { border-color: #009e73; } header.partly, header.undecided { border-color: #e69f00; }
header.no { border-color: #d55e00; } p.remark { background: #eef3f8; padding: 6px 12px; margin: 4px 0; }
h1 { font-size: 24px; margin: 8px 0; } h2 { font-size: 19px; margin: 28px 0 8px; border-bottom: 1px solid #ccc; }
h3 { font-size: 15px; margin: 14px 0 4px; }
table { border-collapse: collapse; font-size: 13px; margin: 8px 0; }
th, td { padding: 3px 8px; border-bottom: 1px solid #e2e2e2; text-align: left; vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.printed td { font-style: italic; color: #666; } tr.own td { font-weight: 600; background: #fdf6e7; }
tr.pass td:nth-child(6) { color: #00795a; font-weight: 600; } tr.miss td:nth-child(6) { color: #c04a00; font-weight: 600; }
tr:hover { background: #f4f8fb; } .wide { overflow-x: auto; }
figure { margin: 4px; display: inline-block; } figcaption { font-size: 12px; color: #555; max-width: 560px; }
img { image-rendering: pixelated; max-width: 100%; height: auto; display: block; border: 1px solid #ddd; }
.pair, .plots { display: flex; flex-wrap: wrap; gap: 10px; align-items: flex-start; }
summary { cursor: pointer; font-weight: 600; margin: 6px 0; }
@media print {
  body { max-width: none; font-size: 11px; padding: 0; } table { font-size: 9px; } .wide { overflow: visible; }
  figure, svg, tr, header, h3 { break-inside: avoid; } h2, h3, summary { break-after: avoid; }
  svg { width: 300px; height: auto; } header, svg, img { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; height: auto; }
}
"""  # noqa: E501


def document(title: str, body: str) -> str:
    """Return a whole page.

    Examples
    --------
    >>> document("T", "<p>x</p>").startswith("<!DOCTYPE html>")
    True
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def section(title: str, body: str) -> str:
    """Return a part of the page with its title."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def paragraph(words: str) -> str:
    """Return text as a paragraph."""
    return f"<p>{escape(words)}</p>"


def figure(address: str, words: str, width: int | None = None) -> str:
    """Return a picture with the words below it, as wide as it is or as is said, in px."""
    said = escape(words)
    size = "" if width is None else f' width="{width}"'
    return f'<figure><img src="{address}" alt="{said}"{size}><figcaption>{said}</figcaption></figure>'


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return a table; cells that begin like numbers stand at the right.

    Examples
    --------
    >>> '<td class="n">1.5</td>' in table(["a"], [["1.5"]])
    True
    """
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    rows = ["".join(_cell(cell) for cell in row) for row in body]
    head_row = f"<thead><tr>{first}</tr></thead>"
    inside = "".join(f"<tr>{row}</tr>\n" for row in rows)
    return f'<div class="wide"><table>\n{head_row}\n<tbody>\n{inside}</tbody></table></div>'


def number(value: float | None) -> str:
    """Return a number with three digits that count; a dash where there is none.

    Examples
    --------
    >>> number(0.123456), number(None), number(1234.5)
    ('0.123', '–', '1230')
    """
    if value is None:
        return "–"
    text = f"{value:.3g}"
    return f"{float(text):.0f}" if "e+" in text else text


def pretty(words: str) -> str:
    """Return a unit, or words with one, as it is printed.

    Examples
    --------
    >>> pretty("particle count (1/um^2)")
    'particle count (1/µm²)'
    """
    return re.sub(r"\bum\b", "µm", words).replace("^2", "²").replace("^3", "³")


def _cell(text: str) -> str:
    numeric = text[:1].isdigit() or (text[:1] == "-" and text[1:2].isdigit()) or text == "–"
    return f'<td class="n">{escape(text)}</td>' if numeric else f"<td>{escape(text)}</td>"
