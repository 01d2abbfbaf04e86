"""What the papers printed, what is to be reached, and whether it was."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .frame import Metric
from .memorisation import Memorisation


@dataclass(frozen=True)
class Target:
    """One number to reach."""

    what: str
    """In words."""
    metric: str
    """Name of the number; ``condition:NAME`` for the worst condition, and ``seen:NAME.mape`` or ``.bias``
    for the mean difference, by size or with its sign, over the conditions of this support."""
    limit: float
    """To reach."""
    printed: str
    """What the papers print."""
    source: str
    """Where."""
    of_floor: bool = False
    """True if the number is judged as a share of real against real."""


PUBLISHED = (
    Target(
        "R2 of relative density",
        "relative_density.r2",
        0.98,
        "DDPM .76 / .72 / .86, cGAN .33 / .28 / .88",
        "Wijaya et al. 2024, Table 3 (HPA / HPB / NPC)",
    ),
    Target(
        "R2 of specific perimeter",
        "specific_perimeter.r2",
        0.97,
        "DDPM .86 / .83 / .97, cGAN .75 / .69 / .87",
        "Wijaya et al. 2024, Table 3",
    ),
    Target(
        "R2 of shape index",
        "shape_index.r2",
        0.97,
        "DDPM .89 / .92, cGAN .72 / .34 (NPC misprinted)",
        "Wijaya et al. 2024, Table 3",
    ),
    Target(
        "classifier AUC on persistence images, worst condition",
        "condition:persistence_image.auc",
        0.60,
        '"nearly orthogonal" by eye',
        "Chun et al. 2020",
    ),
    Target(
        "difference of the mean persistence image", "persistence_image.l2", 0.05, "none", "Chun et al. 2020"
    ),
    Target(
        "area fraction at ten thresholds, worst condition, points",
        "condition:area_fraction.scaled_points",
        3.0,
        "under 10 % for T5, fails for T6",
        "Chun et al. 2020",
    ),
    Target(
        "mean Feret diameter in seen conditions, mean difference in per cent",
        "seen:feret_diameter.mape",
        3.0,
        "6.4 (worst 15.6) in 18 seen conditions",
        "Banko et al. 2020, printed notebook",
    ),
    Target(
        "the same, bias in per cent, either way",
        "seen:feret_diameter.bias",
        1.0,
        "-5.6 in 18 seen conditions",
        "Banko et al. 2020, printed notebook",
    ),
    Target(
        "mean Feret diameter in held-out conditions between the seen ones, mean difference in per cent",
        "interpolated:feret_diameter.mape",
        6.0,
        "histograms by eye",
        "Banko et al. 2020, Figs. 3 and 5",
    ),
    Target("R2 of the mean Feret diameter", "feret_diameter.r2", 0.90, ".68", "Banko et al. 2020"),
    Target(
        "conditions read back from images, worst condition",
        "read_back",
        0.90,
        "failed, binned",
        "Chun et al. 2020",
    ),
    Target("coverage over real against real", "coverage", 0.9, "none", "", of_floor=True),
    Target("memorisation AUC", "memorisation.auc", 0.55, "none", ""),
)
"""Targets of published comparisons; high numbers are to be reached, others not to be exceeded."""


def judged(
    metrics: Mapping[str, Metric], rows: list[dict[str, Any]], memory: Memorisation | str
) -> list[dict[str, Any]]:
    """Return each target with the value reached and ``pass``, ``miss`` or ``undefined``."""
    table = []
    for target in PUBLISHED:
        value, ceiling = _value(target, metrics, rows, memory)
        rising = target.metric.endswith(".r2") or target.metric == "read_back" or target.of_floor
        reached = None if value is None else (value >= target.limit if rising else value <= target.limit)
        table.append(
            {
                "what": target.what,
                "target": target.limit,
                "at_least": rising,
                "value": value,
                "ceiling": ceiling,
                "result": "undefined" if reached is None else "pass" if reached else "miss",
                "printed": target.printed,
                "source": target.source,
            }
        )
    return table


def _value(
    target: Target, metrics: Mapping[str, Metric], rows: list[dict[str, Any]], memory: Memorisation | str
) -> tuple[float | None, float | None]:
    if target.metric == "memorisation.auc":
        return (None, None) if isinstance(memory, str) else (memory.auc, memory.floor_auc)
    if target.metric.startswith("condition:"):
        name = target.metric.partition(":")[2]
        known = [v for row in rows if (v := row["numbers"].get(name)) is not None]
        return (max(known), None) if known else (None, None)
    support, _, name = target.metric.partition(":")
    if name:
        return _over_support(rows, support, *name.split(".")), None
    metric = metrics.get(target.metric)
    if target.metric == "read_back":
        read = [m for n, m in metrics.items() if n.startswith("read_back.") and m.value is not None]
        metric = min(read, key=lambda m: m.value or 0.0) if read else None
    if metric is None or metric.value is None:
        return None, None
    if target.of_floor:
        return (metric.value / metric.floor, 1.0) if metric.floor else (None, None)
    return metric.value, metric.floor


def _over_support(rows: list[dict[str, Any]], support: str, descriptor: str, kind: str) -> float | None:
    """Return the mean difference of a descriptor in per cent over the conditions of one support."""
    shares = []
    for row in rows:
        entry = row.get("descriptors", {}).get(descriptor)
        if entry and row["support"] == support and entry["real"] and entry["synthetic"] is not None:
            shares.append(100 * (entry["synthetic"] / entry["real"] - 1))
    if not shares:
        return None
    sizes = shares if kind == "bias" else [abs(share) for share in shares]
    mean = sum(sizes) / len(sizes)
    return abs(mean) if kind == "bias" else mean
