"""Which conditions are judged together: each material by itself, and each kind of support.

A number over all conditions of several materials flatters, because materials differ more than their
conditions do. So a series is a material: conditions that share every label, and differ in numbers only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .matching import Conditions
from .series import IN_PER_CENT, r_squared

PHYSICAL = ("relative_density", "specific_perimeter", "shape_index")
"""The three descriptors whose R2 Wijaya et al. 2024 average (Table 3)."""
AVERAGE = "three_descriptors"
"""Name of that average."""
ALL = "all conditions"
"""The one series where no condition is a label."""
INSIDE = ("interpolated", "gap")
"""Supports of conditions that were held out and lie inside the hull of the training."""
FEWEST = 3
"""Conditions of a series."""


@dataclass(frozen=True, eq=False)
class ConditionGroups:
    """Conditions by series and by support."""

    series: Mapping[str, np.ndarray]
    """Codes of the conditions of each series, such as those of ``material=A``."""
    supports: Mapping[str, np.ndarray]
    """The same for ``seen``, ``interpolated``, ``gap``, ``extrapolated``; ``inside``: held out inside."""


def condition_groups(conditions: Conditions, flags: tuple[str, ...]) -> ConditionGroups:
    """Sort conditions into series and supports.

    Parameters
    ----------
    conditions : Conditions
        Those of the comparison.
    flags : tuple of str
        Support of each, as `Conditions.flags` gives it.
    """
    table = conditions.table
    labels = [c.name for c in table.conditions if c.kind == "categorical"]
    words = [
        ", ".join(f"{name}={table[name][row]}" for name in labels) or ALL for row in range(len(conditions))
    ]
    found = {word: np.flatnonzero(np.array(words) == word) for word in dict.fromkeys(words)}
    series = {word: codes for word, codes in found.items() if len(codes) >= FEWEST}
    supports = {flag: np.flatnonzero(np.array(flags) == flag) for flag in dict.fromkeys(flags)}
    inside = np.flatnonzero(np.isin(flags, INSIDE))
    supports |= {"inside": inside} if len(inside) else {}
    return ConditionGroups(series, supports)


def group_numbers(
    real: np.ndarray, other: np.ndarray, names: tuple[str, ...], groups: ConditionGroups
) -> dict[str, float]:
    """Compare condition means, group by group.

    Parameters
    ----------
    real, other : ndarray of float, shape (conditions, K)
        As `series.condition_means` gives them.
    names : tuple of str
        The K descriptors.
    groups : ConditionGroups
        Of the conditions.

    Returns
    -------
    dict of float
        ``<name>.r2[<series>]``, the mean of the three physical ones as ``three_descriptors.r2[<series>]``,
        and the mean and the worst of the series as ``[mean]`` and ``[worst]``; ``<name>.mape[<support>]``,
        ``.worst`` and ``.bias`` in per cent of the real means, and ``.r2``; and
        ``relative_density.error[all conditions]``, the mean absolute difference.
    """
    found: dict[str, float] = {}
    for label, codes in groups.series.items():
        found |= {
            f"{name}.r2[{label}]": r_squared(real[codes, place], other[codes, place])
            for place, name in enumerate(names)
        }
        found[f"{AVERAGE}.r2[{label}]"] = float(np.mean([found[f"{n}.r2[{label}]"] for n in PHYSICAL]))
    if groups.series:
        for name in (*names, AVERAGE):
            over = np.array([found[f"{name}.r2[{label}]"] for label in groups.series])
            found |= {f"{name}.r2[mean]": float(over.mean()), f"{name}.r2[worst]": float(over.min())}
    for flag, codes in groups.supports.items():
        for name in (n for n in IN_PER_CENT if n in names):
            place = names.index(name)
            found |= _shares(real[codes, place], other[codes, place], name, flag)
    place = names.index("relative_density")
    gap = np.abs(other[:, place] - real[:, place])
    known = gap[np.isfinite(gap)]
    found[f"relative_density.error[{ALL}]"] = float(known.mean()) if len(known) else float("nan")
    return found


def _shares(real: np.ndarray, other: np.ndarray, name: str, flag: str) -> dict[str, float]:
    known = np.isfinite(real) & np.isfinite(other) & (real > 0)
    share = 100 * (other[known] / real[known] - 1)
    nothing = not len(share)
    return {
        f"{name}.mape[{flag}]": float("nan") if nothing else float(np.abs(share).mean()),
        f"{name}.worst[{flag}]": float("nan") if nothing else float(np.abs(share).max()),
        f"{name}.bias[{flag}]": float("nan") if nothing else float(share.mean()),
        f"{name}.r2[{flag}]": r_squared(real, other),
    }
