"""In words: for what a generator may be trusted, and where it loses to a baseline."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .frame import Metric
from .memorisation import Memorisation
from .mode_collapse import CollapseAlarm

SMALL = 0.1
"""Differences beyond the floor below this share of a real standard deviation are of no account."""
UNSURE = 0.5
"""An agreement is not claimed where the interval reaches beyond the floor by more than this."""
LEVEL = 0.05
"""Adjusted p below which a difference is real."""
CLOSE_AUC = 0.60
"""Classifier AUC up to which images count as hard to tell apart (or the floor, if that is higher)."""

HEADS = {
    "yes": "This generator may be trusted for everything measured here.",
    "partly": "This generator may be trusted in part.",
    "no": "This generator may not be trusted.",
    "undecided": "Too few real micrographs to say whether this generator may be trusted.",
}
UNTESTED = (
    "This generator agrees with real images in everything measured here, but whether it copies its training "
    "images was not tested."
)
WORDS = {
    "nearest_condition_copy": "copying images of the nearest condition",
    "linear_interpolation": "linear interpolation of the numbers",
    "paper_model": "the model of the paper",
}


@dataclass(frozen=True)
class Verdict:
    """What the first lines of a report say."""

    trust: str
    """``yes``, ``partly``, ``no`` or ``undecided``."""
    trusted: tuple[str, ...]
    """Descriptors in which synthetic images agree with real ones."""
    not_trusted: tuple[str, ...]
    """Descriptors in which they differ."""
    undecided: tuple[str, ...]
    """Descriptors for which there are too few images, or that are undefined."""
    loses: Mapping[str, tuple[str, ...]]
    """By baseline: numbers in which it is better than the generator."""
    lines: tuple[str, ...] = field(default=())
    """The first lines of the report."""


def verdict(
    metrics: Mapping[str, Metric],
    p: Mapping[str, float],
    memory: Memorisation | str,
    collapse: CollapseAlarm,
    supports: Mapping[str, Mapping[str, Any]],
) -> Verdict:
    """Judge a comparison.

    Parameters
    ----------
    metrics : mapping of Metric
        As `evaluate` gives them.
    p : mapping of float
        Adjusted permutation p of each descriptor.
    memory : Memorisation or str
        The search for copies, or why there was none.
    collapse : CollapseAlarm
        Of mode collapse.
    supports : mapping
        As `by_support` gives it.
    """
    names = [key.removesuffix(".wasserstein") for key in metrics if key.endswith(".wasserstein")]
    judged = {
        name: _judge(metrics[f"{name}.wasserstein"], metrics[f"{name}.mean"], p.get(name)) for name in names
    }
    groups = {
        kind: tuple(n for n in names if judged[n] == kind) for kind in ("agrees", "differs", "undecided")
    }
    loses = {
        base: tuple(name for name, metric in metrics.items() if base in metric.loses_to) for base in WORDS
    }
    loses = {base: names for base, names in loses.items() if names}
    copies = isinstance(memory, Memorisation) and memory.flagged
    trust = _trust(metrics, groups, copies or collapse.alarm)
    head = HEADS[trust]
    if trust == "yes" and isinstance(memory, str):
        trust, head = "partly", UNTESTED
    lines = [head, *_descriptor_lines(groups), *_telling_lines(metrics)]
    lines += [_memory_line(memory), _collapse_line(collapse)]
    lines += _loss_lines(loses, metrics) + _support_lines(supports)
    return Verdict(trust, groups["agrees"], groups["differs"], groups["undecided"], loses, tuple(lines))


def _judge(spread: Metric, mean: Metric, p: float | None) -> str:
    """Return whether a descriptor agrees, differs, or cannot be judged."""
    if p is None or spread.value is None or spread.floor is None or spread.high is None:
        return "undecided"
    beyond = spread.value - spread.floor
    if mean.value is not None and mean.floor is not None:
        beyond = max(beyond, mean.value - mean.floor)
    if p < LEVEL and beyond > SMALL:
        return "differs"
    return "agrees" if spread.high - spread.floor <= UNSURE else "undecided"


def _trust(metrics: Mapping[str, Metric], groups: Mapping[str, tuple[str, ...]], alarm: bool) -> str:
    if alarm:
        return "no"
    told = [metrics[name] for name in ("descriptors.auc", "persistence_image.auc")]
    if all(m.floor is None for m in told):
        return "undecided"
    close = all(m.value is not None and m.value <= max(CLOSE_AUC, m.floor_high or 0.0) for m in told)
    if close and not groups["differs"] and groups["agrees"]:
        return "yes"
    if not groups["agrees"]:
        return "no" if groups["differs"] else "undecided"
    return "partly"


def _descriptor_lines(groups: Mapping[str, tuple[str, ...]]) -> list[str]:
    said = {
        "agrees": "Agrees with real images, as far as halves of them agree with each other: {}.",
        "differs": "Differs, do not use it for: {}.",
        "undecided": "Not decided with so few images, or undefined: {}.",
    }
    return [said[kind].format(", ".join(_plain(n) for n in names)) for kind, names in groups.items() if names]


def _telling_lines(metrics: Mapping[str, Metric]) -> list[str]:
    lines = []
    for name, what in (
        ("descriptors.auc", "all descriptors"),
        ("persistence_image.auc", "persistence images"),
    ):
        metric = metrics[name]
        if metric.value is None:
            continue
        floor = "" if metric.floor is None else f" (real against real: {metric.floor:.2f})"
        lines.append(f"A classifier on {what} tells synthetic from real with AUC {metric.value:.2f}{floor}.")
    return lines


def _memory_line(memory: Memorisation | str) -> str:
    if isinstance(memory, str):
        return f"Memorisation was not tested: {memory}."
    found = (
        f"a training image is nearer than a held-out one with chance {memory.auc:.2f} (0.5 is right, "
        f"p = {memory.p:.3f}); {memory.copies} of {memory.count} images are copies"
    )
    return f"It MEMORISES: {found}." if memory.flagged else f"No memorisation found: {found}."


def _collapse_line(collapse: CollapseAlarm) -> str:
    if math.isnan(collapse.diversity):
        return "Mode collapse was not tested: there are too few images."
    found = (
        f"the spread of its images is {collapse.diversity:.2f} and their distance from each other "
        f"{collapse.nearest_spacing:.2f} of that of real ones"
    )
    return f"MODE COLLAPSE: {found}." if collapse.alarm else f"No mode collapse: {found}."


def _loss_lines(loses: Mapping[str, tuple[str, ...]], metrics: Mapping[str, Metric]) -> list[str]:
    known = [b for b in WORDS if any(m.baselines.get(b) is not None for m in metrics.values())]
    if not known:
        return ["There was no baseline to lose to: no other conditions and no training images were given."]
    lines = []
    for base, names in loses.items():
        heads = dict.fromkeys(_plain(name.partition(".")[0]) for name in names)
        lines.append(f"It LOSES to {WORDS[base]} in: {', '.join(heads)}.")
    rest = [WORDS[base] for base in known if base not in loses]
    return lines + ([f"It loses nowhere to {' or to '.join(rest)}."] if rest else [])


def _support_lines(supports: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for flag, entry in supports.items():
        if entry["loses_to"] and flag != "training unknown":
            bases = " and ".join(WORDS[b] for b in entry["loses_to"])
            lines.append(
                f"In {flag} conditions ({entry['conditions']}), its means are farther off than {bases}."
            )
    return lines


def _plain(name: str) -> str:
    return name.replace("_", " ")
