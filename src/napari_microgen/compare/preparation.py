"""From paths to measured sides: read, cut, thin out, threshold, measure, match conditions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import ParameterError, TableError
from ..io.condition_images import read_condition_images
from ..io.conditions import read_conditions
from ..progress import Progress, Steps, scaled
from ..segment.grey_histogram import added, grey_histogram
from ..segment.otsu import otsu_threshold
from .descriptors import Descriptors, Particles, describe_images
from .frame import Sides
from .halves import Side
from .image_set import (
    Grains,
    ImageSet,
    Loaded,
    Planes,
    common_pixel_size,
    cut_alike,
    grey_limits,
    load_images,
)
from .matching import shared_conditions

_THRESHOLD_IMAGES = 200


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the images of one kind are."""

    path: Path
    """Folder or stack."""
    conditions: Path | None
    """Their table."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How images are cut, measured and grouped."""

    columns: tuple[str, ...] = ()
    """Conditions to use; all that every side states if empty."""
    where: tuple[str, ...] = ()
    """Rows of the real table to use at all."""
    log: tuple[str, ...] = ()
    """Conditions on a logarithmic scale."""
    categorical: tuple[str, ...] = ()
    """Conditions whose numbers are labels."""
    held_out: tuple[str, ...] = ()
    """Rows of the real table that the generator has not seen; the others are training images."""
    group: Literal["micrograph", "library"] = "micrograph"
    """What is never torn apart."""
    planes: Planes = "one"
    """Whether the planes of a stack of real images are one micrograph."""
    grains: Grains = "none"
    """Whether the images show grains, and how."""
    phase: Literal["bright", "dark"] = "bright"
    """Phase to measure."""
    particles: Particles = "phase"
    """How particles are found."""
    threshold: float | None = None
    """Share of white; Otsu's threshold of the real images if None."""
    patch: int | None = None
    """Edge of the patches, in pixels."""
    count: int = 1000
    """Most images of a side."""
    seed: int = 0
    """Of the images taken where there are more."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything measured, ready to be compared."""

    sides: Sides
    """Images, descriptors, conditions, groups."""
    threshold: float
    """Share of white used on all sides."""
    pixel_size: float | None
    """In micrometre; None if unknown."""
    facts: dict[str, Any]
    """What was read, as plain values."""
    notes: tuple[str, ...]
    """Remarks for the reader."""


def prepared_sides(sources: dict[str, Source], choices: Choices) -> Steps[Prepared]:
    """Read and measure all sides of a comparison.

    Parameters
    ----------
    sources : dict of Source
        ``real`` and ``synthetic``, and where there are such ``training`` and ``paper``.
    choices : Choices
        How.

    Raises
    ------
    ShapeMismatchError
        If pixel sizes differ.
    TableError
        If tables do not fit, or the sides have no condition in common.
    """
    loaded: tuple[list[ImageSet], list[str]] = yield from scaled(loaded_sets(sources, choices), 0, 20, 100)
    sets, notes = loaded
    prepared: Prepared = yield from scaled(prepared_sets(sets, choices), 20, 80, 100)
    return replace(prepared, notes=tuple(dict.fromkeys([*notes, *prepared.notes])))


def loaded_sets(sources: dict[str, Source], choices: Choices) -> Steps[tuple[list[ImageSet], list[str]]]:
    """Read all sides and cut them alike, without measuring; see `prepared_sides`.

    Returns
    -------
    sets : list of ImageSet
        Named as the sources, and ``training`` where some real images are not held out.
    notes : list of str
        Remarks.
    """
    loaded: dict[str, Loaded] = {}
    for index, (name, source) in enumerate(sources.items()):
        where = choices.where if name == "real" else ()
        planes: Planes = choices.planes if name in ("real", "training") else "each"
        steps = load_images(
            source.path,
            source.conditions,
            name=name,
            where=where,
            planes=planes,
            grains=choices.grains,
            **_reading(choices),
        )
        loaded[name] = yield from scaled(steps, 25 * index, 25, 101)
    notes = [note for each in loaded.values() for note in each.notes]
    if choices.held_out:
        notes += _split_off_training(loaded, sources["real"], choices)
    yield Progress(100, 101, "cutting patches")
    return cut_alike(list(loaded.values()), choices.patch), notes


def prepared_sets(sets: Sequence[ImageSet], choices: Choices) -> Steps[Prepared]:
    """Measure images that are there already.

    Parameters
    ----------
    sets : sequence of ImageSet
        Named ``real`` and ``synthetic``, and where there are such ``training`` and ``paper``; all of
        one shape.
    choices : Choices
        How; ``held_out`` and ``patch`` do not count here.

    Raises
    ------
    ShapeMismatchError, TableError
        See `prepared_sides`.
    """
    notes: list[str] = []
    pixel_size, remark = common_pixel_size(sets)
    notes += [] if remark is None else [remark]
    order = ["real", "synthetic", "training", "paper"]
    sets = sorted(sets, key=lambda s: order.index(s.name))
    if choices.grains != "none":  # distances have no white of their own: the largest real one
        full = max(float(sets[0].images.max()), 1.0)
        sets = [replace(images, full=full) for images in sets]
    conditions, more = shared_conditions([(s.name, s.table) for s in sets])
    usable = {s.name: _usable(s, conditions.codes(s.table), choices) for s in sets}
    _require_common(usable)
    groups = {name: images.table.groups(choices.group)[0] for name, (images, _) in usable.items()}
    sides: dict[str, Side] = {}
    threshold = bright_above(usable["real"][0], choices.threshold)
    for index, (name, (images, codes)) in enumerate(usable.items()):
        steps = describe_images(
            images,
            threshold,
            dark=choices.phase == "dark",
            pixel_size=pixel_size,
            particles=choices.particles,
            grains=choices.grains != "none",
        )
        span = 100 // len(usable)
        described: Descriptors = yield from scaled(steps, span * index, span, 100)
        sides[name] = Side(images, described, codes, groups[name])
    notes += more + _unmatched(sets, usable)
    both = Sides(sides["real"], sides["synthetic"], conditions, sides.get("training"), sides.get("paper"))
    return Prepared(both, threshold, pixel_size, _facts(sides, choices), tuple(dict.fromkeys(notes)))


def _reading(choices: Choices) -> dict[str, Any]:
    """Return what is said about every table."""
    said = {"log": choices.log, "categorical": choices.categorical}
    return said | ({"columns": choices.columns} if choices.columns else {})


def _split_off_training(loaded: dict[str, Loaded], source: Source, choices: Choices) -> list[str]:
    """Keep the held-out rows as real images and make the others training images."""
    if "training" in loaded or source.conditions is None:
        raise ParameterError(
            "held_out chooses rows of the table of the real images and makes the others training images; "
            "give that table with --conditions, and no --training beside it."
        )
    real, where = loaded["real"], (*choices.where, *choices.held_out)
    if source.path.is_dir() and source.path.suffix.lower() != ".zarr":
        kept = read_condition_images(source.path, source.conditions, extra="leave out", where=where).table
    else:
        kept = read_conditions(source.conditions, where=where)
    names = set(kept.images)
    held = np.array([image in names for image in real.table.images])
    if held.all() or not held.any():
        raise TableError(
            f"{' and '.join(choices.held_out)} holds for {int(held.sum())} of {len(held)} real images; some "
            f"must be held out and some not."
        )
    rest = real.take(np.flatnonzero(~held))
    loaded["real"] = real.take(np.flatnonzero(held))
    loaded["training"] = replace(rest, name="training", notes=())
    shared = set(loaded["real"].table.micrographs) & set(rest.table.micrographs)
    if shared:
        return [
            f"{len(shared)} micrographs have images on both sides of held_out: these are not truly held out"
        ]
    return []


def _usable(images: ImageSet, codes: np.ndarray, choices: Choices) -> tuple[ImageSet, np.ndarray]:
    """Leave out images of conditions that cannot be compared, and thin out evenly to the most wanted."""
    keep = np.ones(len(codes), bool) if images.name == "training" else codes >= 0
    rows = np.flatnonzero(keep)
    if len(rows) > choices.count:
        order = np.random.default_rng(choices.seed).permutation(rows)
        # Turn by turn one image of each condition, so that small conditions stay whole.
        turn = np.zeros(len(order), int)
        for code in np.unique(codes[order]):
            mine = np.flatnonzero(codes[order] == code)
            turn[mine] = np.arange(len(mine))
        rows = np.sort(order[np.argsort(turn, kind="stable")[: choices.count]])
    return images.take(rows), codes[rows]


def bright_above(real: ImageSet, given: float | None) -> float:
    """Return the share of white above which a pixel is bright: Otsu's of the real images if none is given.

    Raises
    ------
    ParameterError
        If the given one makes no sense.
    """
    if given is not None:
        if not 0 <= given < 1:
            raise ParameterError(f"threshold is {given:g}; expected a share of white from 0 to below 1.")
        return given
    images = real.images[:: -(-len(real) // _THRESHOLD_IMAGES)]
    limits = float(images.min()), float(images.max())
    histogram = added(grey_histogram(picture, limits) for picture in images)
    return otsu_threshold(histogram) / real.white


def _require_common(usable: dict[str, tuple[ImageSet, np.ndarray]]) -> None:
    common = set(usable["real"][1].tolist()) & set(usable["synthetic"][1].tolist()) - {-1}
    if not common:
        raise TableError(
            "No condition of the synthetic images is among those of the real images, so there is nothing to "
            "compare. Generate images for conditions that were measured, or name fewer --columns."
        )


def _unmatched(sets: Iterable[ImageSet], usable: dict[str, tuple[ImageSet, np.ndarray]]) -> list[str]:
    notes = []
    for images in sets:
        left = len(images) - len(usable[images.name][0])
        if left:
            notes.append(
                f"{left} of {len(images)} {images.name} images are not used: of conditions that the real "
                f"images lack, or more than wanted"
            )
    return notes


def _facts(sides: dict[str, Side], choices: Choices) -> dict[str, Any]:
    counted: dict[str, Any] = {}
    for name, side in sides.items():
        counted[name] = {
            "images": len(side),
            "groups": len(set(side.groups.tolist())),
            "conditions": len(set(side.condition.tolist()) - {-1}),
        }
    shape: Sequence[int] = sides["real"].images.images.shape[1:]
    limits = grey_limits([sides["real"].images, sides["synthetic"].images])
    return {
        "sides": counted,
        "patch": [int(n) for n in shape],
        "grouped_by": choices.group,
        "grey_limits": list(limits),
    }
