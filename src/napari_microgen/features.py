"""A table of measured quantities: value, unit, method, and a reason where undefined."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One measured quantity of one sample."""

    name: str
    """Standard name, such as ``relative_density``."""
    value: float | None
    """The number; None if undefined."""
    unit: str = "1"
    """Unit of the value; ``"1"`` if dimensionless."""
    method: str = ""
    """How it was obtained, in a few words."""
    reason: str | None = None
    """Why the value is undefined, or a remark on it; never empty where the value is None."""
    sample: str = ""
    """Which image or sub-volume it belongs to."""
    low: float | None = None
    """Lower end of the 95 % interval."""
    high: float | None = None
    """Upper end of the 95 % interval."""
    bias: str = ""
    """Known bias of the method at this resolution, in words, or why it is not known."""
    details: dict[str, Any] = field(default_factory=dict)
    """Further plain values, such as a distribution or a bias estimate."""

    def __post_init__(self) -> None:
        if self.value is None:
            if not self.reason:
                raise ValueError(f"{self.name} is undefined without a reason.")
            return
        value = float(self.value)
        if not math.isfinite(value):
            raise ValueError(f"{self.name} is {value}; an undefined quantity has value None and a reason.")
        object.__setattr__(self, "value", value)

    def row(self) -> dict[str, Any]:
        """Return the columns of the table as a dictionary."""
        columns = ("sample", "name", "value", "unit", "low", "high", "bias", "method", "reason")
        return {name: getattr(self, name) for name in columns}


@dataclass(frozen=True)
class FeatureTable:
    """Measured quantities of one or more samples, in order."""

    features: tuple[Feature, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    """What the operation has to say beside the table (plain JSON values)."""
    recipe: Recipe | None = None
    """How it was made."""

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, name: str) -> Feature:
        """Return the feature of this name (the first one, if there are several samples)."""
        for feature in self.features:
            if feature.name == name:
                return feature
        raise KeyError(f"{name!r} is not in the table; it holds {', '.join(f.name for f in self.features)}.")

    def samples(self) -> tuple[str, ...]:
        """Return the names of the samples, in order of appearance."""
        return tuple(dict.fromkeys(feature.sample for feature in self.features))

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return ``{name: {value, unit, reason, ...}}``; with several samples, ``{sample: {name: ...}}``.

        Where features without a sample stand beside others, as a volume beside its sub-volumes, only
        they are returned; `as_blocks` has all.
        """
        blocks = self.as_blocks()
        return blocks.get("", next(iter(blocks.values()), {})) if "" in blocks or len(blocks) < 2 else blocks

    def as_blocks(self) -> dict[str, dict[str, Any]]:
        """Return ``{sample: {name: {value, unit, reason, ...}}}``."""
        blocks: dict[str, dict[str, Any]] = {}
        for feature in self.features:
            blocks.setdefault(feature.sample, {})[feature.name] = _plain(feature)
        return blocks


def _plain(feature: Feature) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "value": feature.value,
        "unit": feature.unit,
        "reason": feature.reason,
        "method": feature.method,
    }
    if feature.bias:
        entry["bias"] = feature.bias
    if feature.low is not None or feature.high is not None:
        entry["interval_95"] = [feature.low, feature.high]
    if feature.details:
        entry["details"] = feature.details
    return entry


def table_of_dict(content: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]) -> FeatureTable:
    """Return the table that ``FeatureTable.as_dict`` of one sample and its facts came from.

    What the facts hold under ``further``, such as the rows of sub-volumes, follows as further samples.

    Examples
    --------
    >>> table = FeatureTable((Feature(name="porosity", value=0.4, method="voxel count"),))
    >>> table_of_dict(table.as_dict(), {}) == table
    True
    """
    blocks = {"": content, **facts.get("further", {})}
    features = (_feature(name, entry, s) for s, block in blocks.items() for name, entry in block.items())
    return FeatureTable(tuple(features), facts=dict(facts))


def _feature(name: str, entry: Mapping[str, Any], sample: str) -> Feature:
    kept = ("value", "unit", "reason", "method", "bias", "details")
    low, high = entry.get("interval_95") or (None, None)
    known = {key: entry[key] for key in kept if key in entry}
    return Feature(name=name, sample=sample, low=low, high=high, **known)
