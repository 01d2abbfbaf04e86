"""Change one condition at a time from a base, beside the nearest real images: ``microgen sweep``."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError
from ..generate.model import GeneratorModel, read_generator
from ..io.atomic import require_writable, write_text
from ..progress import Progress, Steps, scaled, stepwise
from .axes import Axis, parse_axis
from .base_condition import BaseCondition, base_condition
from .cell_record import support_record
from .cells import Cell, make_cells, require_numbers
from .nearest_real import NearestImage, RealImages, real_patch
from .sweep_picture import write_strips

_STEPS = 100


@dataclass(frozen=True, eq=False)
class Stop:
    """One value of a condition that is swept."""

    value: float
    cell: Cell
    """The generated images."""
    nearest: NearestImage | None
    """The nearest real image, of the same value of the swept condition if there is one."""
    real: np.ndarray | None
    """That image, as a generated one is; None without a folder of images."""

    def record(self, axis: Axis) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "value": self.value,
            "unit": axis.unit,
            "conditions": self.cell.conditions,
            "support": support_record(self.cell.support),
            "nearest": None if self.nearest is None else self.nearest.to_dict(),
        }


@stepwise
def sweep(
    model: Path,
    *,
    vary: tuple[str, ...],
    out: Path,
    set: list[str] | None = None,
    images: Path | None = None,
    conditions: Path | None = None,
    same_noise: bool = True,
    cache: Path | None = None,
    seed: int = 0,
    evaluations: int | None = None,
    sampler: Literal["fast", "karras", "reference"] = "fast",
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Steps[dict[str, Any]]:
    """Change one condition at a time from a base condition, beside the nearest real images.

    For each varied condition a strip: generated images above, the nearest real images below, and in words
    in which conditions those differ. Writes sweep.png and sweep.json.

    Parameters
    ----------
    model : Path
        Folder written by ``train``, or ``builtin:NAME`` for a model that is shipped.
    vary : tuple of str
        NAME:LO:HI:N for each condition to change, one after the other: N images from LO to HI.
    out : Path
        Folder for the result.
    set : list of str, optional
        NAME=VALUE: the base condition. What is not given is taken from the training condition nearest
        to what is, and the result says so.
    images : Path, optional
        Folder of real images to show below. Left out: the nearest training condition is only named.
    conditions : Path, optional
        CSV with their conditions.
    same_noise : bool
        Give all images of a strip the same random numbers, so that only the condition differs.
    cache : Path, optional
        Folder to keep generated images in. Left out: none is kept.
    seed : int
        Of all that is random.
    evaluations : int, optional
        Evaluations of the network per image, for methods that have a choice.
    sampler : {"fast", "karras", "reference"}
        How edm goes from noise to image.
    device : {"auto", "cpu", "cuda"}
        Where to compute; auto takes the GPU if there is one.

    Returns
    -------
    dict
        ``base``, ``sweeps`` (for each condition: value, support, nearest image and its difference),
        ``notes``, ``files``.

    Raises
    ------
    ParameterError
        If a condition is unknown, stands twice or cannot be varied.
    """
    start = time.monotonic()
    yield Progress(0, _STEPS, "reading the model")
    source = read_generator(model)
    axes = [parse_axis(text, source.conditions, "--vary") for text in vary]
    base = _base(source, axes, set or ())
    require_numbers(count=1, seed=seed, evaluations=evaluations, cells=sum(a.count for a in axes))
    if (images is None) != (conditions is None):
        raise ParameterError("Real images need both their folder (--images) and their table (--conditions).")
    real = RealImages.of_model(source)
    if images is not None and conditions is not None:
        real = RealImages.read(source, images, conditions)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    how: dict[str, Any] = {"seed": seed, "same_noise": same_noise, "evaluations": evaluations}
    how |= {"sampler": sampler, "device": device, "cache": cache}
    strips: list[list[Stop]] = yield from scaled(stops_of(source, axes, base, real, **how), 5, 90, _STEPS)
    yield Progress(95, _STEPS, "writing sweep.png")
    write_strips(out / "sweep.png", source, axes, base, strips)
    content = _content(source, axes, base, strips)
    write_text(out / "sweep.json", json.dumps(content, indent=1, sort_keys=True) + "\n")
    files = ["sweep.png", "sweep.json"]
    return content | {"out": str(out), "files": files, "seconds": round(time.monotonic() - start, 3)}


def stops_of(
    model: GeneratorModel,
    axes: Sequence[Axis],
    base: BaseCondition,
    real: RealImages | None,
    **how: Any,
) -> Steps[list[list[Stop]]]:
    """Generate the images of each sweep and find the nearest real ones."""
    order = [(axis, float(value)) for axis in axes for value in axis.values()]
    rows = [{**base.values, axis.name: value} for axis, value in order]
    cells: list[Cell] = yield from make_cells.steps(model, rows, **how)
    strips: list[list[Stop]] = []
    for number, ((axis, value), cell) in enumerate(zip(order, cells, strict=True)):
        if number % 8 == 0:
            yield Progress(len(cells), len(cells), "looking for real images")
        nearest = None if real is None else real.nearest(cell.conditions, same=[axis.name])
        path = None if nearest is None else nearest.path
        stop = Stop(value, cell, nearest, None if path is None else real_patch(path, model))
        if not strips or order[number - 1][0] is not axis:
            strips.append([])
        strips[-1].append(stop)
    return strips


def _base(model: GeneratorModel, axes: Sequence[Axis], words: Sequence[str]) -> BaseCondition:
    """Return the base condition; every condition has a value in it, the swept ones too."""
    names = [axis.name for axis in axes]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ParameterError(f"--vary gives {', '.join(double)} twice; each condition is swept once.")
    if not names:
        raise ParameterError("--vary names no condition; give NAME:LO:HI:N.")
    return base_condition(model, words, ())


def _content(
    model: GeneratorModel, axes: Sequence[Axis], base: BaseCondition, strips: Sequence[Sequence[Stop]]
) -> dict[str, Any]:
    units = {str(entry["name"]): entry.get("unit") for entry in model.conditions}
    notes = [note for note in (*(axis.beyond for axis in axes), base.note) if note]
    return {
        "base": {
            name: {"value": value, "unit": units[name], "origin": base.origin[name]}
            for name, value in base.values.items()
        },
        "sweeps": [
            {"axis": axis.to_dict(), "stops": [stop.record(axis) for stop in strip]}
            for axis, strip in zip(axes, strips, strict=True)
        ],
        "model": {"method": model.method, "sha256": model.sha256},
        "notes": notes,
    }
