"""What was measured of a labels layer, kept with the layer: one table per phase, and rows of its features."""

import json
from typing import Any

import numpy as np

from ..features import FeatureTable, table_of_dict
from ..recipe import recipe_from_json
from .layers import KEY

MEASURED = "measured"
"""The entry of ``layer.metadata["microgen"]`` that holds the tables, by phase (plain JSON values)."""


def remember(layer: Any, table: FeatureTable, phase: int) -> None:
    """Keep a table with the layer it was measured on; one of the same phase is replaced."""
    known = dict(layer.metadata.get(KEY) or {})
    tables = dict(known.get(MEASURED) or {})
    tables.pop(str(phase), None)  # what was measured last stands last
    tables[str(phase)] = {
        "features": table.as_dict(),
        "facts": dict(table.facts),
        "recipe": None if table.recipe is None else json.loads(table.recipe.to_json()),
    }
    layer.metadata[KEY] = known | {MEASURED: tables}
    layer.features = feature_rows({int(p): _table(entry) for p, entry in tables.items()})


def measured(layer: Any, phase: int) -> FeatureTable | None:
    """Return what was measured of a phase of a layer, or None."""
    entry = ((layer.metadata.get(KEY) or {}).get(MEASURED) or {}).get(str(phase))
    return None if entry is None else _table(entry)


def _table(entry: dict[str, Any]) -> FeatureTable:
    table = table_of_dict(entry["features"], entry["facts"])
    recipe = entry.get("recipe")
    return FeatureTable(table.features, table.facts, recipe_from_json(json.dumps(recipe)) if recipe else None)


def feature_rows(tables: dict[int, FeatureTable]) -> dict[str, list[Any]]:
    """Return tables as the features of a labels layer: one row per phase, units in the headers."""
    own = {phase: [f for f in table if not f.sample] for phase, table in tables.items()}
    headers = {f.name: f.name if f.unit == "1" else f"{f.name} [{f.unit}]" for fs in own.values() for f in fs}
    columns: dict[str, list[Any]] = {"index": list(tables)}
    for name, header in headers.items():
        values = [{f.name: f.value for f in features}.get(name) for features in own.values()]
        columns[header] = [np.nan if value is None else value for value in values]
    return columns
