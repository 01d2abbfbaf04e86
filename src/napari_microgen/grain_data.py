"""Training data of grain structures: label maps to boundaries to distances to patches, with a table.

Patches of one domain overlap, so that a patch of the training and one of the test may only come from
different domains. A domain is one structure at all its stages of growth.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .errors import InputNotFoundError, ParameterError
from .io.atomic import require_writable, sweep_partials
from .io.condition_images import image_files
from .io.reading import read
from .io.table_csv import read_table, write_table
from .io.writing import write
from .progress import Progress, Steps, scaled, stepwise, waited
from .quantify.grain_table import grain_table
from .simulate.grain_maps import boundary_distance, grain_boundaries
from .simulate.grain_patches import random_patches
from .volume import Volume, require_labels

TABLE, PLACES = "conditions.csv", "places.csv"
ALIKE = 1.1
"""Ratio of two radii or times of a stage up to which they are one condition."""


@dataclass(frozen=True)
class GrainMap:
    """One label map and where it belongs."""

    path: Path
    domain: str
    """Structure it shows; the same for all its stages."""
    name: str
    """Name of its patches."""
    stage: int
    """Number at the end of its name; 0 if there is none."""
    split: str
    """``train`` or ``test``."""


@stepwise
def grain_patches(
    *,
    maps: Path,
    out: Path,
    names: str = "*grains*",
    test: tuple[str, ...] = ("test",),
    patches: int = 1000,
    patch_size: int = 256,
    step: float = 1.0,
    rotate: bool = True,
    periodic: bool = False,
    background: int = 0,
    condition: Literal["mean_radius", "time"] = "mean_radius",
    seed: int = 0,
) -> Steps[dict[str, Any]]:
    """Make distance maps for training a generator from label maps of grains.

    Boundaries are taken from the labels, distances to them measured in the whole map, and
    patches of random place and angle cut from these. The table beside them is what ``train``
    takes. Testing and training never share a domain.

    Parameters
    ----------
    maps : Path
        Folder with label maps, such as those of ``simulate grains`` or EBSD grain numbers;
        subfolders included. Maps of one folder that differ only in a number at the end of the
        name (``grains_1.tif``, ``grains_2.tif``) are stages of one domain.
    out : Path
        Folder for the patches; made when it is not there.
    names : str
        Which files are label maps, with ``*`` for anything.
    test : tuple of str
        Domains kept for testing: those with a folder or a name that starts with one of these words.
    patches : int
        Patches of each map.
    patch_size : int
        Side of a patch in px. Published: 256.
    step : float
        Distance of two pixels of a patch, in px of the map; 2.5 makes grains 2.5 times smaller. The
        distances are then in px of the patch too.
    rotate : bool
        Turn every patch by a random angle.
    periodic : bool
        Maps go on through their edges, as simulated domains do.
    background : int
        Number that is no grain; its pixels count as boundary.
    condition : {"mean_radius", "time"}
        What the table gives as the condition: the mean radius of the grains in px of the patch,
        or the time of growth that ``growth.csv`` beside the map tells. Domains that differ by less
        than 10 % at a stage share their mean, so that the stage is one condition.
    seed : int
        The same seed gives the same bytes.

    Returns
    -------
    dict
        ``out``; ``files``: for each map a store of patches (``.zarr``, one plane each, float32,
        distances in px), ``conditions.csv`` (image, micrograph, condition, split) and ``places.csv``
        (row, column and angle of each patch); ``train`` and ``test``: numbers of patches;
        ``domains``; ``mean_radius`` of each image.

    Raises
    ------
    InputNotFoundError
        If no file has such a name, or a time is asked for that is not known.
    LabelTypeError
        If a map is not one of whole numbers.
    ParameterError
        If a number makes no sense, or patches do not fit into a map.
    """
    if not 16 <= patch_size <= 4096 or not 0.1 <= step <= 100:
        raise ParameterError("patch_size must lie between 16 and 4096, and step between 0.1 and 100.")
    found = find_maps(maps, names, test)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    sweep_partials(out)
    rows: list[dict[str, Any]] = []
    places: list[np.ndarray] = []
    for number, source in enumerate(found):
        known = _time_of(source) if condition == "time" else None
        work = _cut(source, patches, patch_size, step, rotate, periodic, background, [seed, number])
        cut: tuple[Volume, np.ndarray, float] = yield from scaled(work, 10 * number, 9, 10 * len(found))
        volume, where, radius = cut
        target = out / f"{source.name}.zarr"
        yield from waited(partial(write, volume, target), 10 * number + 9, 10 * len(found), "writing patches")
        rows.append({"image": target.name, "micrograph": source.domain, "split": source.split})
        rows[-1] |= {condition: radius / step if known is None else known, "radius": radius / step}
        places.append(where)
    shared = shared_values([source.stage for source in found], [row[condition] for row in rows])
    rows = [row | {condition: value} for row, value in zip(rows, shared, strict=True)]
    unit = {"mean_radius": "px"} if condition == "mean_radius" else {}
    columns = ("image", "micrograph", condition, "split")
    write_table(out / TABLE, {name: [row[name] for row in rows] for name in columns}, unit)
    write_table(out / PLACES, _places(rows, places))
    counts = {part: patches * sum(row["split"] == part for row in rows) for part in ("train", "test")}
    return {
        "out": str(out),
        "files": [*(row["image"] for row in rows), TABLE, PLACES],
        **counts,
        "domains": sorted({source.domain for source in found}),
        "mean_radius": {row["image"]: round(row["radius"], 4) for row in rows},
    }


def find_maps(folder: Path, names: str, test: Sequence[str]) -> list[GrainMap]:
    """Return the label maps of a folder with their domains.

    Raises
    ------
    InputNotFoundError
        If there is none.
    ParameterError
        If two maps would share a name.
    """
    folder = Path(folder)
    found = []
    for path in image_files(folder):
        inside = path.relative_to(folder)
        if not path.match(names):
            continue
        stem = re.sub(r"_?(\d+)$", "", path.stem) or path.stem
        number = re.search(r"(\d+)$", path.stem)
        domain = inside.with_name(stem).as_posix()
        held = any(part.startswith(tuple(test)) for part in inside.parts) if test else False
        name = "_".join(inside.with_suffix("").parts)
        found.append(
            GrainMap(path, domain, name, int(number[1]) if number else 0, "test" if held else "train")
        )
    if not found:
        raise InputNotFoundError(
            f"{folder} holds no files named {names!r}. Give the folder of the label maps, or their names "
            f"(--names)."
        )
    if len({source.name for source in found}) < len(found):
        raise ParameterError(f"Several maps in {folder} have the same name; rename one of them.")
    return found


def shared_values(stages: Sequence[int], values: Sequence[float]) -> list[float]:
    """Return values with three digits; those of the same stage that are nearly equal become their mean.

    Examples
    --------
    >>> shared_values([1, 1, 2, 2], [4.86, 4.84, 6.0, 8.0])
    [4.85, 4.85, 6.0, 8.0]
    """
    found = []
    for stage, value in zip(stages, values, strict=True):
        others = [v for s, v in zip(stages, values, strict=True) if s == stage]
        near = stage > 0 and max(others) <= ALIKE * min(others)
        found.append(float(f"{float(np.mean(others)) if near else value:.3g}"))
    return found


def distance_map(labels: np.ndarray, *, periodic: bool, background: int | None = 0) -> np.ndarray:
    """Return the distance of each pixel to the nearest boundary pixel.

    Parameters
    ----------
    labels : ndarray of int, shape (R, C)
        Grain of each pixel.
    periodic : bool
        Whether the last row and column touch the first.
    background : int or None
        Number that is no grain and counts as boundary.

    Returns
    -------
    ndarray of float32, shape (R, C)
        In px; see `simulate.grain_maps.boundary_distance`.

    Examples
    --------
    >>> distance_map(np.array([[1, 1, 1, 2, 0]]), periodic=False)
    array([[2., 1., 0., 0., 0.]], dtype=float32)
    """
    lines = grain_boundaries(labels, periodic=periodic)
    return boundary_distance(
        lines if background is None else lines | (labels == background), periodic=periodic
    )


def _cut(
    source: GrainMap,
    patches: int,
    size: int,
    step: float,
    rotate: bool,
    periodic: bool,
    background: int,
    seed: list[int],
) -> Steps[tuple[Volume, np.ndarray, float]]:
    """Return the patches of one map, their places, and the mean radius of its grains in px of the map."""
    yield Progress(0, 100, f"reading {source.path.name}")
    volume = require_labels(read(source.path, kind="labels"), "cutting grain patches")
    if volume.n_planes != 1:
        raise ParameterError(f"{source.path.name} has {volume.n_planes} planes; give plane label maps.")
    labels = np.asarray(volume.plane(0))

    def measure() -> tuple[np.ndarray, float]:
        grains = grain_table(labels, periodic=periodic, background=background).measured()
        if not len(grains):
            raise ParameterError(f"{source.path.name} shows no grain as a whole; give a larger map.")
        radius = float((grains.weight * grains.radius).sum() / grains.weight.sum())
        return distance_map(labels, periodic=periodic, background=background), radius

    distances, radius = yield from waited(measure, 5, 100, f"measuring distances of {source.path.name}")
    work = random_patches({"d": distances}, patches, size, seed, rotate=rotate, step=step, periodic=periodic)
    cut: dict[str, np.ndarray] = yield from scaled(work, 40, 60, 100)
    stack = cut["d"]
    for plane in stack:  # plane by plane: a large stack lies on disk
        plane /= np.float32(step)
    edges = volume.voxel_size_zyx[1:]
    known = None not in edges and volume.unit is not None
    pixel = (None, *(None if edge is None else edge * step for edge in edges)) if known else None
    patch = Volume(stack, "ZYX", pixel, volume.unit if known else None, name=source.name, notes=volume.notes)
    return patch, cut["places"], radius


def _time_of(source: GrainMap) -> float:
    """Return the time of growth of a stage, from the table that the simulation wrote beside it."""
    prefix = source.path.stem[: source.path.stem.find("grains")]
    table = source.path.with_name(f"{prefix}growth.csv")
    if table.is_file():
        csv = read_table(table)
        if {"time", "stage"} <= set(csv.names):
            for time, stage in zip(csv.numbers("time"), csv.numbers("stage"), strict=True):
                if stage == source.stage:
                    return float(time)
    raise InputNotFoundError(
        f"{table} does not tell the time of {source.path.name}. Leave out --condition to use the mean radius."
    )


def _places(rows: Sequence[dict[str, Any]], places: Sequence[np.ndarray]) -> dict[str, list[Any]]:
    """Return where each patch was cut, as columns."""
    everything = np.concatenate(places)
    columns: dict[str, list[Any]] = {
        "image": [row["image"] for row, p in zip(rows, places, strict=True) for _ in p],
        "patch": [number for p in places for number in range(len(p))],
    }
    for name, values in zip(("row", "column", "angle"), everything.T, strict=True):
        columns[name] = [float(f"{value:.6g}") for value in values]
    return columns
