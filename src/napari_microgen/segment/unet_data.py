"""Training data of a segmenter: labelled planes, their neighbours, and a split into blocks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import LabelValueError, NothingToSegmentError, ParameterError, ShapeMismatchError
from ..io.limits import allocate
from ..io.reading import read
from ..progress import Progress, Steps
from ..volume import Volume, require_grey, require_labels

IGNORE = 255
"""Class number of pixels without a label, in the planes held here."""
FEWEST_PLANES = 5
"""With fewer labelled planes nothing is held back for validation."""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """How grey values are brought to a common scale."""

    kind: Literal["plane", "range"]
    """``plane``: mean 0 and standard deviation 1 in each plane; ``range``: ``low`` to 0, ``high`` to 1."""
    low: float = 0.0
    high: float = 1.0

    def __call__(self, plane: np.ndarray) -> np.ndarray:
        """Return a plane, shape (R, C) or (channels, R, C), as float32 on the common scale."""
        grey = np.asarray(plane, np.float32)
        if self.kind == "range":
            return (grey - np.float32(self.low)) / np.float32(self.high - self.low)
        mean = grey.mean(axis=(-2, -1), keepdims=True, dtype=np.float64)
        spread = grey.std(axis=(-2, -1), keepdims=True, dtype=np.float64)
        return ((grey - mean) / np.maximum(spread, 1e-6)).astype(np.float32)


@dataclass
class LabelledStack:
    """One image with its labels, held on the common scale."""

    name: str
    images: np.ndarray
    """float16 or float32, shape (P, channels, R, C): labelled planes and their neighbours."""
    labels: np.ndarray
    """uint8, shape (L, R, C): class numbers, `IGNORE` where there is no label."""
    planes: list[int]
    """Plane of the stack of each of ``labels``."""
    held: dict[int, int]
    """Where in ``images`` a plane of the stack is."""
    depth: int
    """Planes of the whole stack."""
    trusted: set[int] = field(default_factory=set)
    """Indices into ``labels`` of the planes labelled by hand."""
    training: list[int] = field(default_factory=list)
    """Indices into ``labels`` to train on."""
    validation: list[int] = field(default_factory=list)
    """Indices into ``labels`` that are held back."""

    def groups(self) -> list[list[int]]:
        """Return the planes to train on: those labelled by hand, and the others; no group is empty."""
        by_hand = [index for index in self.training if index in self.trusted]
        others = [index for index in self.training if index not in self.trusted]
        return [group for group in (by_hand, others) if group]

    def window(self, index: int, context: int) -> np.ndarray:
        """Return a labelled plane with its neighbours, shape ((2 k + 1) channels, R, C)."""
        where = [self.held[z] for z in neighbours(self.planes[index], context, self.depth)]
        return self.images[where].reshape(-1, *self.images.shape[-2:])


@dataclass
class TrainingData:
    """All labelled stacks of a training."""

    stacks: list[LabelledStack]
    classes: list[int]
    """Label value of each class number."""
    channels: int
    """Detectors."""
    context: int
    """Neighbouring planes on each side."""
    normalisation: Normalisation
    voxel_size: tuple[float | None, ...] | None
    unit: str | None
    sha256: str
    """Hash of all images and labels, and of how they are read."""
    gap: int
    """Planes between training and validation that are used for neither, at least."""

    @property
    def counts(self) -> tuple[int, int]:
        """Labelled planes for training and for validation."""
        return sum(len(s.training) for s in self.stacks), sum(len(s.validation) for s in self.stacks)


def neighbours(plane: int, context: int, depth: int) -> list[int]:
    """Return the planes from ``plane - context`` to ``plane + context``; the end planes are repeated.

    Examples
    --------
    >>> neighbours(8, 2, 10)
    [6, 7, 8, 9, 9]
    """
    return [min(max(z, 0), depth - 1) for z in range(plane - context, plane + context + 1)]


def load(
    images: Sequence[Path],
    labels: Sequence[Path],
    *,
    context: int,
    unlabelled: int | None,
    validation: float,
    every_nth: int = 1,
    scale: Literal["plane", "range"] = "plane",
    trusted: Sequence[int] = (),
) -> Steps[TrainingData]:
    """Read images and labels, check them all, and split them.

    Parameters
    ----------
    images, labels : sequence of Path
        Image ``i`` belongs to label file ``i``.
    context : int
        Neighbouring planes on each side that the network sees.
    unlabelled : int or None
        Label value of pixels without a label; None if every pixel has one.
    validation : float
        Share of the labelled planes to hold back.
    every_nth : int
        Use every n-th labelled plane only.
    scale : {"plane", "range"}
        How grey values are brought to a common scale.
    trusted : sequence of int
        Planes labelled by hand, in every stack; used whatever ``every_nth`` says.

    Raises
    ------
    ShapeMismatchError
        If images and labels do not fit, or images have different channels.
    LabelValueError
        If there are fewer than two classes to learn.
    """
    if len(images) != len(labels) or not images:
        raise ShapeMismatchError(
            f"{len(images)} images and {len(labels)} label files were given; give one label file per "
            f"image, in "
            f"the same order."
        )
    pairs = []
    for number, paths in enumerate(zip(images, labels, strict=True)):
        yield Progress(number, len(images), f"reading {Path(paths[0]).name}")
        pairs.append(_checked_pair(read(paths[0]), read(paths[1], kind="labels")))
    channels = {_channels(image) for image, _ in pairs}
    if len(channels) > 1:
        raise ShapeMismatchError(
            f"The images have {' and '.join(str(n) for n in sorted(channels))} detector channels; all need "
            f"the "
            f"same number."
        )
    found = []
    for _, label in pairs:
        found.append((yield from _labelled_planes(label, unlabelled)))
    classes = sorted(set().union(*(values for _, values in found)))
    _require_labelled(trusted, set().union(*(planes for planes, _ in found)))
    _require_classes(classes, unlabelled)
    normalisation = _normalisation([image for image, _ in pairs], scale)
    digest = hashlib.sha256(
        json.dumps([context, unlabelled, validation, every_nth, scale, list(trusted)]).encode()
    )
    stacks = []
    for (image, label), (planes, _) in zip(pairs, found, strict=True):
        yield from _digested(image, digest)
        yield from _digested(label, digest)
        if planes:
            chosen = sorted({*planes[::every_nth], *(set(planes) & set(trusted))})
            stack = yield from _stack(image, label, chosen, context, classes, normalisation)
            stack.trusted = {index for index, plane in enumerate(chosen) if plane in trusted}
            stacks.append(stack)
    gap = 2 * context
    _split(stacks, validation, gap)
    first = pairs[0][0]
    return TrainingData(
        stacks,
        classes,
        channels.pop(),
        context,
        normalisation,
        first.voxel_size,
        first.unit,
        digest.hexdigest(),
        gap,
    )


def _checked_pair(image: Volume, label: Volume) -> tuple[Volume, Volume]:
    require_grey(image, "training", channels=True)
    label = require_labels(label, "training")
    expected = tuple(n for n, axis in zip(image.shape, image.axes, strict=True) if axis != "C")
    if label.shape != expected:
        raise ShapeMismatchError(
            f"The image {image.name} has shape {expected} (planes, rows, columns) and its labels "
            f"{label.name} "
            f"have {label.shape}; they must be the same. Crop both alike."
        )
    return image, label


def _channels(image: Volume) -> int:
    return image.shape[image.axes.index("C")] if "C" in image.axes else 1


def _digested(volume: Volume, digest: Any) -> Steps[None]:
    """Take shape, type and values into a hash, plane by plane."""
    digest.update(f"{volume.dtype} {volume.shape} {volume.axes}".encode())
    for index in range(volume.n_planes):
        yield Progress(index, volume.n_planes, f"reading {volume.name}")
        digest.update(np.ascontiguousarray(volume.plane(index)).data)


def _labelled_planes(label: Volume, unlabelled: int | None) -> Steps[tuple[list[int], set[int]]]:
    """Return the planes that hold any label, and all label values but the one for "no label"."""
    planes: list[int] = []
    values: set[int] = set()
    for index in range(label.n_planes):
        yield Progress(index, label.n_planes, f"looking at {label.name}")
        here = {int(v) for v in np.unique(label.plane(index))} - {unlabelled}
        if here:
            planes.append(index)
            values |= here
    return planes, values


def _require_labelled(trusted: Sequence[int], labelled: set[int]) -> None:
    missing = sorted(set(trusted) - labelled)
    if missing:
        raise ParameterError(
            f"The planes {missing} are named as labelled by hand, but hold no label. Planes are counted "
            f"from 0."
        )


def _require_classes(classes: list[int], unlabelled: int | None) -> None:
    if len(classes) >= 2 and len(classes) < IGNORE:
        return
    if len(classes) >= IGNORE:
        raise LabelValueError(
            f"The labels hold {len(classes)} different values; these are numbered objects, not classes. Give "
            f"labels such as 1 solid, 2 pore."
        )
    found = f"only the value {classes[0]}" if classes else "no label at all"
    hint = f" beside {unlabelled}, which means no label" if unlabelled is not None else ""
    raise LabelValueError(
        f"The labels hold {found}{hint}; a segmenter needs at least two classes to tell apart. Paint a "
        f"second "
        f"one, or say with --unlabelled none that {unlabelled} is a class of its own (as in a phase map)."
    )


def _normalisation(images: Sequence[Volume], scale: Literal["plane", "range"]) -> Normalisation:
    if scale == "plane":
        return Normalisation("plane")
    if all(image.dtype == np.uint8 for image in images):
        return Normalisation("range", 0.0, 255.0)
    low = min(float(plane.min()) for image in images for plane in image.planes())
    high = max(float(plane.max()) for image in images for plane in image.planes())
    if low == high:
        raise NothingToSegmentError(f"All images have the one grey value {low:g}; there is nothing to learn.")
    return Normalisation("range", low, high)


def _stack(
    image: Volume,
    label: Volume,
    planes: list[int],
    context: int,
    classes: list[int],
    normalisation: Normalisation,
) -> Steps[LabelledStack]:
    needed = sorted({z for plane in planes for z in neighbours(plane, context, image.n_planes)})
    sides = image.shape[-2:]
    grey = allocate((len(needed), _channels(image), *sides), np.float16)
    for where, plane in enumerate(needed):
        yield Progress(where, len(needed), f"preparing {image.name}")
        grey[where] = normalisation(image.plane(plane))
    numbers = allocate((len(planes), *sides), np.uint8)
    for where, plane in enumerate(planes):
        numbers[where] = class_numbers(label.plane(plane), classes)
    held = {plane: where for where, plane in enumerate(needed)}
    return LabelledStack(image.name, grey, numbers, planes, held, image.n_planes)


def class_numbers(labels: np.ndarray, classes: Sequence[int]) -> np.ndarray:
    """Return the number of each label in ``classes``, `IGNORE` where it is none of them.

    Examples
    --------
    >>> class_numbers(np.array([0, 1, 3]), [1, 3]).tolist()
    [255, 0, 1]
    """
    numbers = np.full(labels.shape, IGNORE, np.uint8)
    for number, value in enumerate(classes):
        numbers[labels == value] = number
    return numbers


def _split(stacks: list[LabelledStack], share: float, gap: int) -> None:
    """Hold back the last block of labelled planes, leaving out what lies within the gap before it.

    Where the block has planes labelled by hand, only these judge.
    """
    if not 0 <= share < 1:
        raise ParameterError(f"validation is {share:g}; it must be a share from 0 to below 1.")
    for stack in stacks:
        count = len(stack.planes)
        held_back = round(share * count) if count >= FEWEST_PLANES else 0
        stack.training = list(range(count - held_back))
        if held_back:
            stack.validation = list(range(count - held_back, count))
            first = stack.planes[count - held_back]
            stack.training = [i for i in stack.training if stack.planes[i] < first - gap]
            by_hand = [i for i in stack.validation if i in stack.trusted]
            stack.validation = by_hand or stack.validation
        if not stack.training:
            stack.training, stack.validation = list(range(count)), []
    single = [stack for stack in stacks if len(stack.planes) == 1]
    if len(single) >= FEWEST_PLANES and not any(stack.validation for stack in stacks):
        for stack in single[len(single) - round(share * len(single)) :]:
            stack.training, stack.validation = [], [0]


def summary(data: TrainingData) -> dict[str, Any]:
    """Return what the model card says about the data."""
    training, validation = data.counts
    return {
        "sha256": data.sha256,
        "training_planes": training,
        "validation_planes": validation,
        "gap_planes": data.gap,
        "voxel_size": None if data.voxel_size is None else list(data.voxel_size),
        "unit": data.unit,
    }
