"""The part of a report that stands beside the papers: their tables with ours below, and the targets."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from .beside_papers import PRINTED
from .page import number, paragraph

_AS_PRINTED = (
    "Rows in italics are printed by the papers for their own images and data; they were not measured on the "
    "images of this report and are no result of it. The other rows were measured here, each as the mean over "
    "random halves of the real micrographs with its 95 % interval; “real against real” compares the other "
    "half and is the best that can be expected."
)
_ABOUT_TARGETS = (
    "Each target was set for one kind of images; on others it only tells how far one is. “Real” is what "
    "real images reach against real ones with as many images: where that misses the target, too, more "
    "images are needed before it can be met."
)


def papers_part(tables: Sequence[Mapping[str, Any]]) -> str:
    """Return the tables of the papers with our rows below theirs, as HTML."""
    parts = [paragraph(_AS_PRINTED)]
    for table in tables:
        parts += [f"<h3>{escape(table['title'])}</h3>", _table(table), paragraph(table["note"])]
    return "".join(parts)


def targets_part(targets: Sequence[Mapping[str, Any]]) -> str:
    """Return the targets: those decided in a table, the others folded away with the reason, as HTML."""
    decided = [t for t in targets if t["result"] != "undefined"]
    passed = sum(t["result"] == "pass" for t in decided)
    head = [
        "set for",
        "target",
        "to reach",
        "reached",
        "real",
        "result",
        "printed for own images",
        "by",
    ]
    rows = [
        _row([t["task"], t["what"], *_reached(t), t["printed"], t["source"]], t["result"]) for t in decided
    ]
    said = f"{passed} of the {len(decided)} targets that can be judged by these images are met."
    beyond = sum(t["result"] == "miss" and t["real_reaches_it"] is False for t in decided)
    if beyond:
        said += f" Of those missed, {beyond} are missed by real images against real ones, too."
    rest = [
        _row([t["task"], t["what"], _limit(t), t["why"], t["printed"]]) for t in targets if t not in decided
    ]
    folded = _rows(["set for", "target", "to reach", "why not here", "printed for own images"], rest)
    return (
        paragraph(_ABOUT_TARGETS)
        + f"<p><strong>{escape(said)}</strong></p>"
        + _rows(head, rows)
        + (f"<details><summary>{len(rest)} targets that do not apply here</summary>{folded}</details>")
    )


def _reached(target: Mapping[str, Any]) -> list[str]:
    result = target["result"]
    if result == "miss" and target["real_reaches_it"] is False:
        result = "miss; so do real images"
    value = number(target["value"]) + (f" ({target['why']})" if target["why"] else "")
    return [_limit(target), value, number(target["ceiling"]), result]


def _limit(target: Mapping[str, Any]) -> str:
    return f"{'at least' if target['at_least'] else 'at most'} {target['target']:g}"


def _table(table: Mapping[str, Any]) -> str:
    rows = []
    for row in table["rows"]:
        cells = [row["who"]]
        for cell, ends in zip(row["cells"], row["intervals"], strict=True):
            text = cell if isinstance(cell, str) else number(cell)
            cells.append(text + (f" [{number(ends[0])}, {number(ends[1])}]" if ends else ""))
        kind = row["kind"] if row["kind"] in (PRINTED, "value") else ""
        rows.append(_row(cells, {"value": "own"}.get(kind, kind)))
    return _rows(["made by", *table["head"]], rows)


def _row(cells: Sequence[str], kind: str = "") -> str:
    inside = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{kind}">{inside}</tr>' if kind else f"<tr>{inside}</tr>"


def _rows(head: Sequence[str], rows: Sequence[str]) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "\n".join(rows)
    return f'<div class="wide"><table><thead><tr>{first}</tr></thead>\n<tbody>{body}</tbody></table></div>'
