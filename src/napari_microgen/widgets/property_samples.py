"""Samples for the Property dock: a table from a file, or the measured features of labels layers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import ParameterError
from ..features import Feature
from ..io.header_units import join_header, split_header
from ..io.table_csv import format_table
from ..quantify.catalogue import quantities
from ..regress.expressions import parse_expression
from ..regress.model_files import SavedRegression
from ..regress.presets import ENGINEERED, SYMBOLS, symbol_of

INDEX = "index"
"""The column of a layer's features that holds the label value of each row."""

Measured = dict[str, Feature]
"""What was measured of one sample, by name."""


def measured_features(layer: Any, phase: int | None = None) -> Measured:
    """Return what was measured of a labels layer.

    Parameters
    ----------
    layer : napari layer
        Its features are read.
    phase : int, optional
        The label value that was measured; the last row of the features if left out.

    Returns
    -------
    dict
        Each quantity by its name; empty if nothing was measured.
    """
    known = {name for quantity in quantities() for name in quantity.names}
    table = getattr(layer, "features", None)
    if table is None or not len(table):
        return {}
    row = len(table) - 1
    if phase is not None and INDEX in table:
        rows = np.flatnonzero(np.asarray(table[INDEX]) == phase)
        if not len(rows):
            return {}
        row = int(rows[-1])
    found: Measured = {}
    for head in table.columns:
        name, unit = split_header(str(head))
        if name in known:
            found[name] = _feature(name, float(table[head].iloc[row]), unit or "1", layer.name)
    return found


def _feature(name: str, value: float, unit: str, sample: str) -> Feature:
    if np.isfinite(value):
        return Feature(name=name, value=value, unit=unit, sample=sample)
    return Feature(name=name, value=None, unit=unit, sample=sample, reason="undefined when it was measured")


def measured_layers(viewer: Any) -> list[Any]:
    """Return the labels layers that were measured, in the order of the layer list."""
    return [layer for layer in viewer.layers if type(layer).__name__ == "Labels" and measured_features(layer)]


def add_features(layer: Any, phase: int, table: Iterable[Feature]) -> None:
    """Add measured quantities to the features of a labels layer, in the row of their phase."""
    old = layer.features
    columns: dict[str, list[Any]] = {INDEX: []}
    if INDEX in old:
        columns = {str(name): old[name].tolist() for name in old.columns}
    if phase not in columns[INDEX]:
        for name, cells in columns.items():
            cells.append(phase if name == INDEX else float("nan"))
    row, rows = columns[INDEX].index(phase), len(columns[INDEX])
    for feature in table:
        head = join_header(feature.name, None if feature.unit == "1" else feature.unit)
        cells = columns.setdefault(head, [float("nan")] * rows)
        cells[row] = float("nan") if feature.value is None else feature.value
    layer.features = columns


def table_text(
    samples: Sequence[tuple[str, Measured]], labels: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return measured samples as the text of a CSV table, with units in its head.

    Parameters
    ----------
    samples : sequence of (str, Measured)
        Name and features of each.
    labels : mapping of str to sequence of str, optional
        Further columns.

    Raises
    ------
    ParameterError
        If a quantity comes in two units.
    """
    columns: dict[str, Sequence[Any]] = {"sample": [name for name, _ in samples], **(labels or {})}
    units: dict[str, str] = {}
    for name in dict.fromkeys(name for _, features in samples for name in features):
        found = [features.get(name) for _, features in samples]
        kinds = {feature.unit for feature in found if feature is not None}
        if len(kinds) > 1:
            raise ParameterError(
                f"{name} was measured in {' and '.join(sorted(kinds))}. Measure all layers in one unit."
            )
        columns[name] = [feature.value if feature is not None else None for feature in found]
        units[name] = kinds.pop()
    return format_table(columns, units)


def needed_columns(saved: SavedRegression) -> dict[str, str | None]:
    """Return the columns that a model reads, with the units it takes them in (None if it does not say)."""
    needed: dict[str, str | None] = {}
    for column in saved.columns:
        if column.formula is None:
            needed[column.name] = column.unit
    for column in saved.columns:
        for name in parse_expression(column.formula).names if column.formula else ():
            needed.setdefault(name, None)
    return needed


def quantities_for(name: str) -> tuple[str, ...]:
    """Return the quantities to measure for a column of a model; none if it is not measured from labels.

    Examples
    --------
    >>> quantities_for("tau"), quantities_for("temperature")
    (('geodesic_tortuosity',), ())
    """
    known = {n for quantity in quantities() for n in quantity.names}
    symbol = symbol_of(name)
    standard = name if name in known else SYMBOLS.get(symbol or "", "")
    if standard in known:
        return (standard,)
    if symbol is not None and symbol in ENGINEERED:
        return tuple(SYMBOLS[n] for n in parse_expression(ENGINEERED[symbol]).names)
    return ()


def lacking(saved: SavedRegression, features: Measured) -> tuple[list[str], list[str]]:
    """Return what a prediction still needs: quantities to measure, and columns to ask for."""
    symbols = {symbol_of(name) for name in features} - {None}
    measure: list[str] = []
    ask: list[str] = []
    for name in needed_columns(saved):
        if name in features or symbol_of(name) in symbols:
            continue
        found = quantities_for(name)
        measure += [n for n in found if n not in features and n not in measure]
        ask += [] if found else [name]
    return measure, ask
