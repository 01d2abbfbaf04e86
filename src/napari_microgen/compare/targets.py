"""Whether the targets are reached, each beside the same number of real against real.

What pictures alone cannot tell (evaluations per image, coverage of intervals, classes, reconstructions) is
measured elsewhere and may be handed in.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import FileFormatError
from .condition_groups import INSIDE
from .frame import Metric
from .memorisation import Memorisation
from .published import FURTHER, PUBLISHED, Target

__all__ = ["FURTHER", "PUBLISHED", "Target", "judged", "read_further"]

Found = tuple[float | None, float | None, str]
"""Value, the same of real against real, and why there is none or how it was measured."""
Rows = Sequence[Mapping[str, Any]]


def judged(
    metrics: Mapping[str, Metric],
    rows: Rows,
    memory: Memorisation | str,
    further: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Return each target with the value reached and ``pass``, ``miss`` or ``undefined``.

    Parameters
    ----------
    metrics : mapping of Metric
        As `evaluate` gives them.
    rows : sequence of dict
        As `by_condition` gives them.
    memory : Memorisation or str
        The search for copies, or why there was none.
    further : mapping, optional
        What was measured elsewhere, as `read_further` gives it.
    """
    table = []
    for target in PUBLISHED:
        value, ceiling, why = _found(target, metrics, rows, memory, further or {})
        rising = target.rising
        reached = None if value is None else (value >= target.limit if rising else value <= target.limit)
        within = None if ceiling is None else (ceiling >= target.limit if rising else ceiling <= target.limit)
        table.append(
            {
                "what": target.what,
                "task": target.task,
                "target": target.limit,
                "at_least": rising,
                "value": value,
                "ceiling": ceiling,
                "real_reaches_it": within,
                "result": "undefined" if reached is None else "pass" if reached else "miss",
                "why": why,
                "printed": target.printed,
                "source": target.source,
            }
        )
    return table


def read_further(path: Path) -> dict[str, dict[str, Any]]:
    """Read numbers that were measured elsewhere.

    Parameters
    ----------
    path : Path
        JSON: by name (see `FURTHER`) ``value``, ``how`` it was measured, and maybe ``ceiling``.

    Raises
    ------
    FileFormatError
        If it is not such a file.
    """
    expected = (
        f"expected an object with some of {', '.join(FURTHER)}, each with a number 'value' and words 'how'"
    )
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path} cannot be read as JSON ({error}); {expected}.") from error
    if not isinstance(content, dict) or not content:
        raise FileFormatError(f"{path} holds no named numbers; {expected}.")
    for name, entry in content.items():
        good = name in FURTHER and isinstance(entry, dict) and isinstance(entry.get("how"), str)
        numbers = [entry.get("value"), entry.get("ceiling", 0.0)] if good else [None]
        if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
            raise FileFormatError(f"{path} holds {name!r} as {entry!r:.80}; {expected}.")
    return content


def _found(
    target: Target,
    metrics: Mapping[str, Metric],
    rows: Rows,
    memory: Memorisation | str,
    further: Mapping[str, Mapping[str, Any]],
) -> Found:
    kind, _, name = target.metric.partition(":")
    lacking = _lacking(target, rows)
    if lacking:
        return None, None, lacking
    if kind == "memorisation.auc":
        return (None, None, memory) if isinstance(memory, str) else (memory.auc, memory.floor_auc, "")
    if kind == "further":
        entry = further.get(name)
        if entry is None:
            return None, None, f"not told by these images; measured by {target.elsewhere}"
        return float(entry["value"]), entry.get("ceiling"), str(entry["how"])
    if kind == "condition":
        worst = [_largest(row[key].get(name) for row in rows) for key in ("numbers", "numbers_floor")]
        return worst[0], worst[1], "" if worst[0] is not None else "too few images of a condition"
    if kind == "means":
        return _of_means(target, name, metrics)
    if kind == "grains":
        return _of_grains(name, rows, metrics)
    return _of_metric(target, metrics)


def _lacking(target: Target, rows: Rows) -> str:
    """Return why a target does not apply to the conditions that were compared."""
    supports = {row["support"] for row in rows}
    if target.needs == "seen" and not supports <= {"seen", "training unknown"}:
        return "some of the conditions were not seen in the training"
    if target.needs == "inside" and not supports & set(INSIDE):
        return "no condition was held out inside the hull of the training"
    return ""


def _of_metric(target: Target, metrics: Mapping[str, Metric]) -> Found:
    metric = metrics.get(target.metric)
    if target.metric == "read_back":
        read = [m for n, m in metrics.items() if n.startswith("read_back.") and m.value is not None]
        metric = min(read, key=lambda m: m.value or 0.0) if read else None
    if metric is None or metric.value is None:
        return None, None, "needs three conditions or more with numbers that vary"
    if target.of_floor:
        return (metric.value / metric.floor, 1.0, "") if metric.floor else (None, None, "no real halves")
    return metric.value, metric.floor, ""


def _of_means(target: Target, name: str, metrics: Mapping[str, Metric]) -> Found:
    """Return a number of the condition means of one kind of support."""
    label = "inside" if target.supports == INSIDE else target.supports[0]
    metric = metrics.get(f"{name}[{label}]")
    if metric is None:
        return None, None, f"no {' or '.join(target.supports)} condition"
    if metric.value is None:
        return None, None, "too few conditions, or all alike"
    if name.endswith(".bias"):
        return abs(metric.value), None if metric.floor is None else abs(metric.floor), ""
    return metric.value, metric.floor, ""


def _of_grains(name: str, rows: Rows, metrics: Mapping[str, Metric]) -> Found:
    """Return the largest difference of a number of grains over the conditions."""
    entries = [entry for row in rows if (entry := row["descriptors"].get(name))]
    if not entries:
        return None, None, "the images were not compared as grains"
    if name == "grain_neighbours":
        gaps = [[abs(e[s] - 6) for e in entries if e[s] is not None] for s in ("synthetic", "real")]
        return _largest(gaps[0]), _largest(gaps[1]), ""
    shares = [abs(100 * (e["synthetic"] / e["real"] - 1)) for e in entries if e["real"] and e["synthetic"]]
    floors = (m.floor for n, m in metrics.items() if n.startswith(f"{name}.worst["))
    return _largest(shares), _largest(floors), ""


def _largest(values: Iterable[float | None]) -> float | None:
    return max((v for v in values if v is not None), default=None)
