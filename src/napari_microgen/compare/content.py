"""The result of a comparison as plain values, in one order, for JSON and for the report."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .descriptors import unit_of
from .fidelity import meaning
from .frame import Metric
from .memorisation import Memorisation
from .mode_collapse import CollapseAlarm
from .preparation import Prepared
from .significance import Significance
from .verdict import Verdict


def content_of(
    prepared: Prepared,
    metrics: Mapping[str, Metric],
    p: Significance,
    judgement: Verdict,
    memory: Memorisation | str,
    alarm: CollapseAlarm,
    rows: list[dict[str, Any]],
    supports: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Return everything but the pictures as plain values."""
    described = prepared.sides.real.descriptors
    entries = {name: metric_entry(metric) for name, metric in sorted(metrics.items())}
    entries |= _memory_entries(memory)
    tested = isinstance(memory, Memorisation)
    content = {
        "trust": judgement.trust,
        "verdict": list(judgement.lines),
        "trusted": list(judgement.trusted),
        "not_trusted": list(judgement.not_trusted),
        "undecided": list(judgement.undecided),
        "loses_to": {base: list(names) for base, names in judgement.loses.items()},
        "metrics": entries,
        "p_adjusted": {name: p.adjusted.get(name) for name in described.names},
        "energy_tests": {name: {"value": v, "p": q} for name, (v, q) in p.together.items()},
        "memorisation": asdict(memory) if isinstance(memory, Memorisation) else {"undefined": memory},
        "memorises": memory.flagged if isinstance(memory, Memorisation) else None,
        "mode_collapse": asdict(alarm),
        "conditions": rows,
        "support": supports,
        "units": {name: unit_of(name, described.unit) for name in described.names},
        "images": prepared.facts,
        "images_in_tests": p.images,
        "threshold": prepared.threshold,
        "pixel_size_um": prepared.pixel_size,
        "notes": list(prepared.notes) + ([] if tested else [f"memorisation: {memory}"]),
    }
    rounded: dict[str, Any] = rounded_values(content)
    return rounded


def metric_entry(metric: Metric) -> dict[str, Any]:
    """Return one number with floor and baselines."""
    return {
        "value": metric.value,
        "interval_95": None if metric.low is None else [metric.low, metric.high],
        "floor": metric.floor,
        "floor_worst": metric.floor_high,
        "baseline": metric.best_baseline,
        "baselines": dict(metric.baselines),
        "loses_to": list(metric.loses_to),
        "within_floor": metric.within_floor,
        "higher_is_better": metric.higher_is_better,
        "meaning": meaning(metric.name),
    }


def rounded_values(value: Any) -> Any:
    """Return plain values with floats to ten digits and None for what is not finite.

    Examples
    --------
    >>> rounded_values({"a": (1 / 3, float("nan"))})
    {'a': [0.3333333333, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): rounded_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded_values(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, str | int):
        return value
    if hasattr(value, "item"):
        return rounded_values(value.item())
    if isinstance(value, float):
        return float(f"{value:.10g}") if math.isfinite(value) else None
    return str(value)


def _memory_entries(memory: Memorisation | str) -> dict[str, dict[str, Any]]:
    empty: dict[str, Any] = {
        "floor_worst": None,
        "baseline": None,
        "baselines": {},
        "loses_to": [],
        "within_floor": None,
    }
    empty |= {"value": None, "interval_95": None, "floor": None, "higher_is_better": False}
    words = {
        "memorisation.auc": "chance that a training image is nearer than a held-out one",
        "memorisation.close_share": "share whose nearest training image is at under half the distance of the "
        "second",
    }
    entries: dict[str, dict[str, Any]] = {
        name: empty | {"meaning": meaning} for name, meaning in words.items()
    }
    if isinstance(memory, Memorisation):
        entries["memorisation.auc"] |= {
            "value": memory.auc,
            "interval_95": list(memory.interval),
            "floor": memory.floor_auc,
        }
        entries["memorisation.close_share"]["value"] = memory.close_share
    return entries
