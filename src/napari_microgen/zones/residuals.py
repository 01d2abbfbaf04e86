"""How far generated descriptors were off at conditions the generator had not seen, as a file to keep."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..conditions import FLAGS
from ..errors import FileFormatError, InputNotFoundError, ParameterError
from ..generate.uncertainty import Conformal, HalfWidth, conformal
from ..io.atomic import write_text
from ..quantify.image_numbers import PARTICLE_MEANS, PHASE_NUMBERS
from .descriptors import Measure

LARGEST = 10_000_000
SAME_THRESHOLD = 0.005
"""Difference of thresholds, as shares of white, that counts as none."""
_KIND = "microgen residuals"


@dataclass(frozen=True, eq=False)
class Residuals:
    """Generated minus real descriptors at conditions that were left out of the training."""

    names: tuple[str, ...]
    """Descriptors."""
    units: tuple[str, ...]
    """Their units."""
    conditions: tuple[str, ...]
    """Conditions in words."""
    values: np.ndarray
    """Generated minus real, shape (conditions, names); NaN where undefined."""
    ratios: np.ndarray
    """Distance of each to the nearest training condition over their usual distance."""
    flags: tuple[str, ...]
    """Support of each."""
    models: tuple[str, ...] = ()
    """Hash of each model that was tested."""
    coverage: float = 0.9
    """Wanted chance that an interval holds the true value."""
    how: Mapping[str, Any] = field(default_factory=dict)
    """How it was measured: ``threshold``, ``dark`` and ``particles``; empty if not known."""

    def of(self, name: str) -> Conformal | None:
        """Return the widths of a descriptor; None if it was not measured."""
        if name not in self.names:
            return None
        column = self.values[:, self.names.index(name)]
        known = np.isfinite(column) & np.isfinite(self.ratios)
        return conformal(column[known], self.ratios[known], self.coverage)

    def half_width(
        self, name: str, unit: str, ratio: float | None, flag: str, measure: Measure | None = None
    ) -> HalfWidth:
        """Return the half-width of a descriptor at a condition, or the reason why there is none."""
        widths = self.of(name)
        if widths is None:
            return HalfWidth(None, f"no residuals of {name} were measured")
        other = "" if measure is None else self.measured_otherwise(name, measure)
        if other:
            return HalfWidth(None, f"the residuals of {name} were measured with {other}")
        if self.units[self.names.index(name)] != unit:
            return HalfWidth(None, f"the residuals of {name} are in {self.units[self.names.index(name)]}")
        if ratio is None or not math.isfinite(ratio):
            return HalfWidth(None, "it is not known how far the condition is from those of the training")
        return widths.half_width(ratio, flag)

    def measured_otherwise(self, name: str, measure: Measure) -> str:
        """Return how a descriptor was measured, if that makes it another quantity; else an empty text."""
        of_particles = name == "particle_count" or name in PARTICLE_MEANS
        of_phase = name in PHASE_NUMBERS or (of_particles and measure.particles == "phase")
        matters = (["particles"] if of_particles else []) + (["threshold", "dark"] if of_phase else [])
        for entry in matters:
            was, now = self.how.get(entry), getattr(measure, entry)
            same = abs(was - now) <= SAME_THRESHOLD if isinstance(was, float) else was == now
            if was is not None and not same:
                return f"{entry} {was}, not {now}"
        return ""

    def summary(self) -> dict[str, Any]:
        """Return by descriptor how far it was off: mean, mean size, and the half-width at ratio 0 and 1."""
        found = {}
        for name, unit, column in zip(self.names, self.units, self.values.T, strict=True):
            known = column[np.isfinite(column)]
            widths = self.of(name)
            at = {r: widths.half_width(float(r)) if widths else HalfWidth(None) for r in (0, 1)}
            found[name] = {
                "unit": unit,
                "conditions": len(known),
                "bias": float(known.mean()) if known.size else None,
                "mean_absolute_error": float(np.abs(known).mean()) if known.size else None,
                "half_width": {f"ratio {r}": width.value for r, width in at.items()},
                "reason": at[0].reason,
            }
        return found

    def write(self, path: Path | str) -> None:
        """Write the residuals as JSON that `read` takes."""
        content = {
            "kind": _KIND,
            "names": list(self.names),
            "units": list(self.units),
            "conditions": list(self.conditions),
            "residuals": [[None if math.isnan(v) else float(v) for v in row] for row in self.values],
            "ratios": [float(v) if math.isfinite(v) else None for v in self.ratios],
            "flags": list(self.flags),
            "models": list(self.models),
            "coverage": self.coverage,
            "how": dict(self.how),
        }
        write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read what `write` wrote.

        Raises
        ------
        InputNotFoundError, FileFormatError
            If there is no such file, or it is none.
        """
        path = Path(path)
        if not path.is_file():
            raise InputNotFoundError(f"{path} does not exist; microgen validate writes such a file.")
        if path.stat().st_size > LARGEST:
            raise FileFormatError(
                f"{path} has {path.stat().st_size} bytes; residuals have {LARGEST} at most."
            )
        try:
            return cls._from(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise FileFormatError(
                f"{path} holds no residuals ({str(error)[:100]}); microgen validate writes such a file."
            ) from None

    @classmethod
    def _from(cls, content: Any) -> Self:
        if content["kind"] != _KIND:
            raise ValueError("it is of another kind")
        names, units = (tuple(map(str, content[key])) for key in ("names", "units"))
        conditions, flags = (tuple(map(str, content[key])) for key in ("conditions", "flags"))
        values = _numbers(content["residuals"]).reshape(len(conditions), len(names))
        ratios = _numbers(content["ratios"])
        coverage = float(content["coverage"])
        if not 0 < coverage < 1 or len(units) != len(names) or ratios.shape != (len(conditions),):
            raise ValueError("its parts do not fit together")
        if len(flags) != len(conditions) or set(flags) - set(FLAGS) or (ratios < 0).any():
            raise ValueError("its support makes no sense")
        models, how = tuple(map(str, content["models"])), dict(content["how"])
        return cls(names, units, conditions, values, ratios, flags, models, coverage, how)


def merged(parts: list[Residuals]) -> Residuals:
    """Return the residuals of several folds as one.

    Raises
    ------
    ParameterError
        If they are of different descriptors.
    """
    first = parts[0]
    if len({(p.names, p.units, p.coverage, str(sorted(p.how.items()))) for p in parts}) > 1:
        raise ParameterError(
            "The residuals are of different descriptors, units, coverage, or ways to measure."
        )
    return Residuals(
        first.names,
        first.units,
        tuple(c for part in parts for c in part.conditions),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.ratios for part in parts]),
        tuple(f for part in parts for f in part.flags),
        tuple(dict.fromkeys(m for part in parts for m in part.models)),
        first.coverage,
        first.how,
    )


def _numbers(entries: Any) -> np.ndarray:
    found = np.array(entries, dtype=float)
    if np.isinf(found).any():
        raise ValueError("a number is infinite")
    return found
