"""The real images by which snapshots of a training are judged, and which images each has to make."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..conditions import ConditionTable
from ..errors import ParameterError, TableError
from ..generate.card import GeneratorCard
from ..generate.real_images import patches_of, real_images, tiles
from ..generate.training_set import TrainingSet
from ..io.condition_images import ConditionedImages
from ..progress import Progress, Steps, scaled
from ..units import convert_length
from .copies import LEAST, equal_numbers
from .descriptors import Descriptors, Particles, describe_images
from .halves import Side
from .image_set import ImageSet
from .matching import Conditions, shared_conditions
from .memorisation import Known
from .preparation import bright_above

MOST = 400
"""Real patches of a condition that are used at most."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is compared with what, and how it is measured."""

    images: Path
    """Real images."""
    conditions: Path
    """Their table."""
    held_out: tuple[str, ...] = ()
    """Rows the generator has not seen; the others are training images."""
    where: tuple[str, ...] = ()
    """Rows to use at all."""
    training: Path | None = None
    """Training images, where they are elsewhere."""
    training_conditions: Path | None = None
    """Their table."""
    count: int = 64
    """Images of each condition that is judged."""
    copies: int = 300
    """Most images searched for copies."""
    dark: bool = False
    """Measure the dark phase."""
    particles: Particles = "phase"
    """How particles are found."""
    threshold: float | None = None
    """Share of white; Otsu's threshold of the real images if None."""
    grains: bool = False
    """The images are distances to the boundaries of grains."""
    crop_size: int | None = None
    """As in the training, where pixel sizes are unknown."""
    seed: int = 0
    """Of all that is random."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Real images, measured, and the images each snapshot has to make."""

    wanted: Wanted
    real: Side
    """Images of the conditions that are judged."""
    deviation: np.ndarray
    """Of each descriptor over all real images, of these and other conditions; 0 where it is constant."""
    judged: np.ndarray
    """Conditions that are judged."""
    names: tuple[str, ...]
    """Text of every condition."""
    unseen: bool
    """True if the conditions that are judged were not in the training."""
    rows: list[dict[str, Any]]
    """Conditions of each image to make."""
    codes: np.ndarray
    """Condition of each of them."""
    known: tuple[Known, Known, Known] | str
    """Training, held-out and further training images for the search; or why there is none."""
    searched: np.ndarray
    """Images to make that are searched for copies."""
    threshold: float
    """Share of white above which a pixel is bright."""
    hashes: tuple[str, ...]
    """Of all that was read."""
    notes: tuple[str, ...]
    """Remarks for the reader."""

    def described(self, images: ImageSet) -> Steps[Descriptors]:
        """Measure images as the real ones were."""
        full = self.real.images.full
        return describe_images(
            replace(images, full=full),
            self.threshold,
            dark=self.wanted.dark,
            pixel_size=images.pixel_size,
            particles=self.wanted.particles,
            grains=self.wanted.grains,
        )


def read_ground(card: GeneratorCard, wanted: Wanted) -> Steps[Ground]:
    """Read and measure the real images, and say which images a snapshot has to make.

    Raises
    ------
    TableError
        If tables and images do not fit, or the rule of what is held out makes no sense.
    ShapeMismatchError, UnknownVoxelSizeError
        If images are too small or of other pixel sizes.
    """
    found, rest, notes = _parts(card, wanted)
    data: TrainingSet = yield from scaled(patches_of(card, found, wanted.crop_size), 0, 20, 100)
    hashes, training = [data.sha256], None
    real = _patches("real", data, wanted)
    if rest is not None:
        data = yield from scaled(patches_of(card, rest, wanted.crop_size), 20, 20, 100)
        hashes.append(data.sha256)
        training = _patches("training", data, wanted)
        notes += _not_apart(real.table, training.table)
    yield Progress(40, 100, "matching conditions")
    conditions, more = shared_conditions([("real", real.table)])
    codes = conditions.codes(real.table)
    flags = _flags(card, conditions)
    fresh = [code for code, flag in enumerate(flags) if flag != "seen"]
    judged = np.array(fresh or range(len(conditions)))
    if rest is None:
        notes.append(
            "it was not said which images the snapshots were not trained on (--held-out), so a snapshot that "
            "repeats its training images may come out best"
        )
    known, searchable = _known(real, codes, training, conditions, wanted)
    plan = _plan(judged, searchable, wanted)
    threshold = bright_above(real, wanted.threshold)
    kept = np.flatnonzero(codes >= 0)
    real, codes = real.take(kept), codes[kept]
    described: Descriptors = yield from scaled(
        describe_images(
            real,
            threshold,
            dark=wanted.dark,
            pixel_size=real.pixel_size,
            particles=wanted.particles,
            grains=wanted.grains,
        ),
        45,
        55,
        100,
    )
    side = Side(real, described, codes, real.table.groups("micrograph")[0])
    places = np.flatnonzero(np.isin(plan, searchable))
    shuffled = np.random.default_rng(wanted.seed).permutation(places)[: wanted.copies]
    return Ground(
        wanted,
        side.take(np.flatnonzero(np.isin(codes, judged))),
        _deviation(described),
        judged,
        conditions.names,
        bool(fresh),
        [conditions.table.row(int(code)) for code in plan],
        plan,
        known,
        np.sort(shuffled),
        threshold,
        tuple(hashes),
        tuple(dict.fromkeys([*notes, *more])),
    )


def _deviation(images: Descriptors) -> np.ndarray:
    found = np.zeros(images.values.shape[1])
    for place, column in enumerate(images.values.T):
        known = column[np.isfinite(column)]
        if len(known) > 1 and np.ptp(known) > 1e-9 * (1 + np.abs(known).max()):
            found[place] = known.std()
    return found


def _parts(
    card: GeneratorCard, wanted: Wanted
) -> tuple[ConditionedImages, ConditionedImages | None, list[str]]:
    """Return the real images, those of the training if they are known, and remarks."""
    found = real_images(card, wanted.images, wanted.conditions, wanted.where)
    if wanted.training is not None:
        if wanted.held_out or wanted.training_conditions is None:
            raise ParameterError(
                "training names the folder of the training images; give their table with "
                "--training-conditions, and no --held-out beside it."
            )
        return found, real_images(card, wanted.training, wanted.training_conditions), []
    if not wanted.held_out:
        return found, None, []
    rules = (*wanted.where, *wanted.held_out)
    names = set(real_images(card, wanted.images, wanted.conditions, rules).table.images)
    held = np.array([image in names for image in found.table.images])
    if held.all():
        raise TableError(
            f"{' and '.join(wanted.held_out)} holds for all {len(held)} images; those of the training must "
            f"be among them, too."
        )
    rest = found.select(np.flatnonzero(~held))
    other = sum(flag != "seen" for flag in _flags(card, shared_conditions([("training", rest.table)])[0]))
    notes = []
    if other and card.support is not None:
        notes.append(
            f"{other} conditions that are not held out were not in the training of the snapshots: is the "
            f"rule the one they were trained by (--where)?"
        )
    return found.select(np.flatnonzero(held)), rest, notes


def _patches(name: str, data: TrainingSet, wanted: Wanted) -> ImageSet:
    """Cut images to patches that do not overlap, and thin out evenly where a condition has very many."""
    random = np.random.default_rng(wanted.seed)
    cut = [tiles(data, row) for row in range(len(data.table))]
    owner = np.repeat(np.arange(len(cut)), [len(part) for part in cut])
    group, names = data.table.groups("condition")
    rows = []
    for code in range(len(names)):
        rows.append(random.permutation(np.flatnonzero(group[owner] == code))[:MOST])
    kept = np.sort(np.concatenate(rows))
    images = np.concatenate(cut)[kept]
    pixel = None
    if data.pixel_size is not None:
        pixel = float(convert_length(data.pixel_size, data.unit or "um", "um"))
    full = max(float(images.max(initial=0)), 1.0) if wanted.grains else None
    found = ImageSet(name, images, data.table.select(owner[kept]), pixel, data.notes, full=full)
    return replace(found, full=found.white)


def _not_apart(real: ConditionTable, training: ConditionTable) -> list[str]:
    shared = set(real.micrographs) & set(training.micrographs)
    if not shared:
        return []
    return [f"{len(shared)} micrographs have images on both sides of held_out: these are not truly held out"]


def _flags(card: GeneratorCard, conditions: Conditions) -> list[str]:
    """Return how each condition lies among those of the training."""
    if card.support is None:
        return ["seen"] * len(conditions)
    return [point.flag for point in card.support.of(conditions.table)]


def _known(
    real: ImageSet,
    codes: np.ndarray,
    training: ImageSet | None,
    conditions: Conditions,
    wanted: Wanted,
) -> tuple[tuple[Known, Known, Known] | str, np.ndarray]:
    """Return equal numbers of known images of each condition, and which conditions these are."""
    nothing = np.zeros(0, int)
    if training is None:
        return "the images of the training are not known (--held-out or --training)", nothing
    random = np.random.default_rng(wanted.seed)
    own_codes = conditions.codes(training.table)
    own, other = equal_numbers(own_codes, codes, wanted.copies, random)
    if len(own) < LEAST:
        return (
            f"only {len(own)} patches of training and held-out images are of the same conditions; hold out "
            f"micrographs of conditions that are in the training, too"
        ), nothing
    searchable = np.unique(codes[other])
    others = random.permutation(np.setdiff1d(np.arange(len(training)), own))
    first = np.argsort(~np.isin(own_codes[others], searchable), kind="stable")  # the same conditions first
    others = others[first[: 2 * wanted.copies]]
    groups = [images.table.groups("micrograph")[0] for images in (training, real)]
    return (
        Known(training.images[own], groups[0][own]),
        Known(real.images[other], groups[1][other]),
        Known(training.images[others], groups[0][others]),
    ), searchable


def _plan(judged: np.ndarray, searchable: np.ndarray, wanted: Wanted) -> np.ndarray:
    """Return the condition of each image to make; those only searched get no more than the search takes."""
    parts = [np.repeat(judged, wanted.count)]
    more = np.setdiff1d(searchable, judged)
    if len(more):
        parts.append(np.repeat(more, -(-wanted.copies // len(searchable))))
    return np.concatenate(parts).astype(int)


def plain_choices(wanted: Wanted) -> Mapping[str, Any]:
    """Return how things were done as plain values, for the record."""
    found = {name: getattr(wanted, name) for name in wanted.__dataclass_fields__}
    return {k: str(v) if isinstance(v, Path) else v for k, v in found.items()}
