"""What is said of the cells of a whole map, as arrays: the most probable class, and what was measured."""

from collections import Counter
from typing import Any

import numpy as np

from ..units import after_number
from ..zones.placement import FIRST
from .zones_live import LiveZones
from .zones_setting import Setting

SHOWN = {
    "value": "mean",
    "standard_error": "standard error of the mean",
    "latent_sd": "spread between images",
    "conformal_half_width": "half-width of the interval",
    "between_models_sd": "spread between models",
}
"""What the contour map can show of a descriptor; the three uncertainties are never merged."""


def classes_of_cells(live: LiveZones, setting: Setting) -> tuple[np.ndarray, np.ndarray] | None:
    """Return class (-1: unknown) and its probability of each cell, row 0 low; None while there is none."""
    said = [tile for tile in live.complete if "class" in live.said.get(tile, {})]
    if setting.classifier is None or not said:
        return None
    count = FIRST * 2**setting.level
    best, shares = np.full((count, count), -1), np.full((count, count), np.nan)
    for tile in said:
        content = live.said[tile]
        best[tile[2], tile[1]] = setting.classes.index(content["class"])
        shares[tile[2], tile[1]] = content["probabilities"][content["class"]]
    return best, shares


def values_of_cells(live: LiveZones, setting: Setting) -> np.ndarray | None:
    """Return what is shown of the descriptor of each cell, row 0 at the low end; None while there is none."""
    if setting.descriptor is None:
        return None
    count = FIRST * 2**setting.level
    values = np.full((count, count), np.nan)
    for tile, entry in _entries(live):
        found = entry.get(setting.shown)
        values[tile[2], tile[1]] = np.nan if found is None else found
    return values if np.isfinite(values).any() else None


def measured_words(live: LiveZones, setting: Setting) -> list[str]:
    """Return in words what the colours of the contour map mean, and why there are none in some cells."""
    entries = [entry for _, entry in _entries(live)]
    if setting.descriptor is None or not entries:
        return []
    name = setting.descriptor.replace("_", " ")
    if setting.shown != "value":
        name += f", {SHOWN[setting.shown]}"
    known = [entry[setting.shown] for entry in entries if entry.get(setting.shown) is not None]
    lines = []
    if known:
        unit = after_number(entries[0]["unit"])
        lines.append(f"{name}: {min(known):.4g} (dark) to {max(known):.4g} (bright){unit}")
    lacking = Counter(
        (entry.get("reasons") or {}).get(setting.shown, "undefined")
        for entry in entries
        if entry.get(setting.shown) is None
    )
    for reason, cells in lacking.items():
        lines.append(f"{name}: none in {cells} of {len(entries)} cells ({reason})")
    return lines


def _entries(live: LiveZones) -> list[tuple[tuple[int, int, int], dict[str, Any]]]:
    return [
        (tile, entry)
        for tile in live.complete
        for entry in (live.said.get(tile, {}).get("descriptors") or {}).values()
    ]
