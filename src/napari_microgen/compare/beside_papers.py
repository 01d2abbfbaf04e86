"""The tables of the papers, as printed for their own images, beside the same numbers of this comparison."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .baselines import NAMES as BASELINES
from .condition_groups import AVERAGE, PHYSICAL
from .published import THEIR_FERET, THEIR_GRAINS, THEIR_R2, THEIR_TOPOLOGY

Entries = Mapping[str, Mapping[str, Any]]
Cell = float | str | None
PRINTED = "printed"
WORDS = {
    "value": "this generator",
    "floor": "real against real",
    "nearest_condition_copy": "copies of the nearest condition",
    "linear_interpolation": "linear interpolation",
    "paper_model": "the paper's model, trained on these images",
}
"""Who made the images of a row."""


def beside_papers(metrics: Entries, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return tables with the papers' rows first and ours below; those for which there are numbers.

    Parameters
    ----------
    metrics : mapping
        Numbers as they stand in the JSON.
    rows : sequence of dict
        As `by_condition` gives them.

    Returns
    -------
    list of dict
        ``title``, ``note``, ``head``, and ``rows`` of ``kind`` (``printed``, or one of `WORDS`), ``cells``
        and ``intervals`` of the cells.
    """
    tables = [_series(metrics), _feret(metrics, rows), _topology(metrics, rows), _grains(metrics)]
    return [table for table in tables if table is not None]


def _series(metrics: Entries) -> dict[str, Any] | None:
    names = (*PHYSICAL, AVERAGE)
    found = [k for k in metrics if k.startswith(f"{AVERAGE}.r2[") and metrics[k]["value"] is not None]
    if not found:
        return None
    labels = [key.partition("[")[2].removesuffix("]") for key in found]
    labels = [label for label in labels if label not in ("mean", "worst")]
    if len(labels) > 1:
        labels.append("mean")
    ours = _ours(metrics, labels, lambda label: [f"{name}.r2[{label}]" for name in names], _series_words)
    head = [
        "images and conditions",
        "relative density",
        "specific perimeter",
        "shape index",
        "mean of three",
    ]
    note = (
        "R2 of the condition means over the conditions of one material; at most 1, and below 0 if worse than "
    )
    note += "the mean of all. The shape index of NPC is misprinted, and left out."
    return _table("R2 over a series (paper: Table 3)", note, head, THEIR_R2, ours)


def _feret(metrics: Entries, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    kinds = ("mape", "worst", "bias", "r2")
    keys = [k for k in metrics if k.startswith("feret_diameter.mape[") and metrics[k]["value"] is not None]
    if not keys:
        return None
    labels = [key.partition("[")[2].removesuffix("]") for key in keys]
    if "inside" in labels:
        labels = [label for label in labels if label not in ("interpolated", "gap")]
    labels.sort(key=lambda label: list(_SUPPORTS).index(label) if label in _SUPPORTS else len(_SUPPORTS))
    counts = {label: sum(row["support"] in _supports(label) for row in rows) for label in labels}
    ours = _ours(
        metrics,
        labels,
        lambda label: [f"feret_diameter.{kind}[{label}]" for kind in kinds],
        lambda label: f"{counts[label]} {_SUPPORTS.get(label, label)}",
    )
    head = ["images and conditions", "mean difference (%)", "worst (%)", "bias (%)", "R2"]
    note = "Mean Feret diameter of each condition against that of real images."
    return _table("Mean Feret diameter", note, head, THEIR_FERET, ours)


def _topology(metrics: Entries, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    read = [k for k in metrics if k.startswith("read_back.") and metrics[k]["value"] is not None]
    worst = min(read, key=lambda k: float(metrics[k]["value"]), default="")
    names = ["persistence_image.auc", "persistence_image.l2", "area_fraction.points", worst]
    ours = _ours(metrics, ["all conditions together"], lambda _: names, str)
    for kind, key in (("value", "numbers"), ("floor", "numbers_floor")):
        cells: list[Cell] = []
        for name in ("persistence_image.auc", "persistence_image.l2", "area_fraction.scaled_points"):
            known = [v for row in rows if (v := row[key].get(name)) is not None]
            cells.append(max(known) if known else None)
        if len(rows) > 1 and any(cell is not None for cell in cells):
            row = {"kind": kind, "cells": [f"worst of {len(rows)} conditions", *cells, None]}
            ours.append(row | {"intervals": [None] * 5})
    head = ["images and conditions", "AUC on persistence images", "mean persistence image, difference"]
    head += ["area fraction (points)", "worst condition read back (R2)"]
    note = "An AUC of 0.5 says that the two cannot be told apart. Area fraction: largest difference at ten "
    note += "thresholds, of single conditions after taking out each image's mean, as in the paper."
    return _table("Topology, area fraction, continuous conditions", note, head, THEIR_TOPOLOGY, ours)


def _grains(metrics: Entries) -> dict[str, Any] | None:
    keys = [k for k in metrics if k.startswith("grain_slope.worst[") and metrics[k]["value"] is not None]
    if not keys:
        return None
    labels = [key.partition("[")[2].removesuffix("]") for key in keys]
    names = ("grain_slope", "largest_grain", "grain_neighbours")
    ours = _ours(
        metrics, labels, lambda label: [f"{n}.bias[{label}]" for n in names], lambda x: _SUPPORTS.get(x, x)
    )
    head = ["images and conditions", "slope of radius over neighbours, bias (%)"]
    head += ["largest grain over the mean, bias (%)", "mean neighbours, bias (%)"]
    return _table("Grains", "Against real images of the same condition.", head, THEIR_GRAINS, ours)


_SUPPORTS = {
    "seen": "seen conditions",
    "inside": "held-out conditions inside the hull",
    "extrapolated": "held-out conditions outside the hull",
    "training unknown": "conditions, training unknown",
}


def _supports(label: str) -> tuple[str, ...]:
    return ("interpolated", "gap") if label == "inside" else (label,)


def _series_words(label: str) -> str:
    return "mean of these" if label == "mean" else label


def _ours(
    metrics: Entries,
    labels: Sequence[str],
    keys: Callable[[str], Sequence[str]],
    words: Callable[[str], str],
) -> list[dict[str, Any]]:
    """Return a row for each maker of images and each label, as far as there are numbers."""
    rows = []
    for label in labels:
        entries = [metrics.get(key, {}) for key in keys(label)]
        for kind in ("value", "floor", *BASELINES):
            cells = [e.get("baselines", {}).get(kind) if kind in BASELINES else e.get(kind) for e in entries]
            if any(cell is not None for cell in cells):
                ends = [e.get("interval_95") if kind == "value" else None for e in entries]
                rows.append({"kind": kind, "cells": [words(label), *cells], "intervals": [None, *ends]})
    return rows


def _table(
    title: str, note: str, head: list[str], theirs: Sequence[Sequence[Cell]], ours: list[dict[str, Any]]
) -> dict[str, Any]:
    printed = [
        {"kind": PRINTED, "who": who, "cells": list(cells), "intervals": [None] * len(cells)}
        for who, *cells in theirs
    ]
    rows = printed + [{"who": WORDS[row["kind"]], **row} for row in ours]
    return {"title": title, "note": note, "head": head, "rows": rows}
