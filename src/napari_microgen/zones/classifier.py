"""A trained structure classifier: read from its folder, and asked for probabilities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import (
    AxesError,
    InputNotFoundError,
    ModelFileError,
    NonFiniteError,
    ParameterError,
    ShapeMismatchError,
)
from ..generate.grey import GreyScale
from ..generate.training_set import SAME_SIZE, resampled
from ..io.weights import load_model, save_model
from ..recipe import installed_versions
from ..train.torch_state import load_weights
from ..units import convert_length
from .calibration import COLDEST, HOTTEST, probabilities
from .classifier_network import SIDE, StructureNetwork, logits_of

METHOD = "structure-classifier"
BUILTIN = "builtin:"
SHIPPED = Path(__file__).parent / "models"
"""Classifiers that come with the package."""
MOST_CLASSES = 100
TILES = 3
"""Patches along each side of an image that is larger than one patch."""


@dataclass(frozen=True, eq=False)
class StructureClassifier:
    """A network with all that must be known to use it."""

    network: StructureNetwork
    classes: tuple[str, ...]
    """Names of the classes, in the order of the probabilities."""
    grey: GreyScale
    """What -1 and 1 stand for."""
    pixel_size: float | None
    """Pixel edge it was trained at, in `unit`; None if unknown."""
    unit: str | None
    temperature: float
    """What logits are divided by so that probabilities mean what they say."""
    card: dict[str, Any]
    """The whole card."""
    sha256: str
    """Hash of weights and card."""


def class_probabilities(
    classifier: StructureClassifier,
    images: np.ndarray,
    *,
    pixel_size: float | None = None,
    unit: str | None = None,
) -> np.ndarray:
    """Return the calibrated probability of each class for each image.

    Images of another pixel size are resampled to that of the training where both are known. From an
    image larger than 64 px, nine patches spread over it are judged and their probabilities averaged.

    Parameters
    ----------
    classifier : StructureClassifier
        From `read_classifier`.
    images : ndarray, shape (N, R, C)
        Grey values as in the training images.
    pixel_size : float, optional
        Pixel edge of the images in ``unit``; if left out it is taken to be that of the training.
    unit : str, optional
        Its length unit; that of the classifier if left out.

    Returns
    -------
    ndarray, shape (N, classes)
        Each row adds up to 1.

    Raises
    ------
    AxesError, NonFiniteError, ParameterError
        If these are no grey images of the kind it was trained on.
    ShapeMismatchError
        If an image is smaller than 64 px at the pixel size of the training.
    """
    images = _checked(classifier, images)
    factor = _factor(classifier, pixel_size, unit)
    rows = [classifier.grey.forward(resampled(image, factor)) for image in images]
    if rows and min(rows[0].shape) < SIDE:
        shape = f"{images.shape[1]} x {images.shape[2]} px"
        brought = "" if abs(factor - 1) <= SAME_SIZE else f" ({rows[0].shape} at its pixel size)"
        raise ShapeMismatchError(
            f"The classifier sees {SIDE} x {SIDE} px, and the images have {shape}{brought}. Generate larger "
            f"images, or train the classifier at the pixel size of these (--pixel-size)."
        )
    found = np.zeros((len(rows), len(classifier.classes)))
    places = [] if not rows else _places(rows[0].shape)
    for top, left in places:
        patches = np.array([row[top : top + SIDE, left : left + SIDE] for row in rows])[:, None]
        found += probabilities(logits_of(classifier.network, patches), classifier.temperature)
    return found / max(1, len(places))


def read_classifier(folder: Path | str) -> StructureClassifier:
    """Read a classifier from its folder, or ``builtin:NAME`` for one that is shipped.

    Raises
    ------
    ModelFileError
        If it is damaged, hostile, or no classifier.
    InputNotFoundError
        If it is not there.
    """
    path = classifier_folder(folder)
    tensors, card = load_model(path)
    details = card["details"]
    if card["method"] != METHOD or details.get("kind") != "classifier":
        raise ModelFileError(
            f"{path} holds no classifier (method {card['method']!r}). Give a folder written by "
            f"microgen train classifier."
        )
    classes = _classes(details.get("classes"))
    image = details.get("image")
    if not isinstance(image, Mapping) or image.get("size") != SIDE:
        raise ModelFileError(f"The card of {path} does not say that the patches have {SIDE} px.")
    network = _network(tensors, len(classes), path)
    pixel, unit = _pixel(image)
    return StructureClassifier(
        network,
        classes,
        GreyScale.from_dict(image.get("grey")),
        pixel,
        unit,
        _temperature(details.get("temperature")),
        card,
        sha256(b"".join((path / n).read_bytes() for n in ("model.safetensors", "card.json"))).hexdigest(),
    )


def write_classifier(
    folder: Path,
    weights: Mapping[str, np.ndarray],
    *,
    classes: Sequence[str],
    grey: GreyScale,
    pixel_size: float | None,
    unit: str | None,
    temperature: float,
    details: Mapping[str, Any],
) -> None:
    """Write a classifier as a model folder; ``details`` are scores and how it was trained."""
    full = {
        "kind": "classifier",
        "network": "paper-000",
        "classes": list(classes),
        "image": {"size": SIDE, "pixel_size": pixel_size, "unit": unit, "grey": grey.to_dict()},
        "temperature": temperature,
        "versions": dict(installed_versions()),
        **details,
    }
    save_model(folder, weights, {"method": METHOD, "details": full})


def classifier_folder(name: Path | str) -> Path:
    """Return the folder of a classifier: a path, or ``builtin:NAME`` for one that is shipped.

    Raises
    ------
    InputNotFoundError
        If there is none.
    """
    text = str(name)
    if text.startswith(BUILTIN):
        known = builtin_classifiers()
        short = text.removeprefix(BUILTIN)
        if short not in known:
            there = f"there are {', '.join(known)}" if known else "this installation has none"
            raise InputNotFoundError(
                f"There is no classifier {text!r}; {there}. Train one, or give its folder."
            )
        return SHIPPED / short
    if not Path(name).exists():
        raise InputNotFoundError(
            f"{name} does not exist; give a folder written by microgen train classifier."
        )
    return Path(name)


def builtin_classifiers() -> tuple[str, ...]:
    """Return the names of the classifiers that come with the package."""
    return tuple(sorted(p.name for p in SHIPPED.glob("*") if (p / "card.json").is_file()))


def _checked(classifier: StructureClassifier, images: np.ndarray) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 3:
        raise AxesError(f"A stack of grey images has shape (N, R, C), and this one {images.shape}.")
    wanted = np.dtype(classifier.grey.dtype)
    if images.dtype != wanted:
        raise ParameterError(
            f"The classifier was trained on {wanted} images, and these hold {images.dtype}. Train it on "
            f"images of this kind, or convert these."
        )
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise NonFiniteError(f"{int((~np.isfinite(images)).sum())} pixels of the images are not finite.")
    return images


def _factor(classifier: StructureClassifier, pixel_size: float | None, unit: str | None) -> float:
    """Return by how much images must be made smaller to have pixels like those of the training."""
    if pixel_size is None or classifier.pixel_size is None or classifier.unit is None:
        return 1.0
    if not 0 < pixel_size < math.inf:
        raise ParameterError(f"The pixel size is {pixel_size}; it must be above 0.")
    return classifier.pixel_size / float(convert_length(pixel_size, unit or classifier.unit, classifier.unit))


def _places(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return the upper left corners of the patches an image is judged by."""
    ends = [sorted({round(i * (n - SIDE) / (TILES - 1)) for i in range(TILES)}) for n in shape]
    return [(top, left) for top in ends[0] for left in ends[1]]


def _classes(entry: Any) -> tuple[str, ...]:
    names = isinstance(entry, list) and all(isinstance(n, str) and 0 < len(n) <= 200 for n in entry)
    if not names or not 2 <= len(entry) <= MOST_CLASSES or len(set(entry)) != len(entry):
        raise ModelFileError(f"The classes in the card are {str(entry)[:80]}; expected 2 to 100 names.")
    return tuple(entry)


def _temperature(entry: Any) -> float:
    number = isinstance(entry, int | float) and not isinstance(entry, bool)
    if not number or not COLDEST / 2 <= entry <= 2 * HOTTEST:
        raise ModelFileError(f"The temperature in the card is {str(entry)[:60]!r}; it makes no sense.")
    return float(entry)


def _pixel(image: Mapping[str, Any]) -> tuple[float | None, str | None]:
    from ..errors import InvalidVoxelSizeError, UnitError
    from ..units import canonical_unit, checked_voxel_size

    size, unit = image.get("pixel_size"), image.get("unit")
    if size is None:
        return None, None
    if isinstance(size, bool) or not isinstance(size, int | float) or not isinstance(unit, str):
        raise ModelFileError(f"The card has a pixel size of {str(size)[:60]!r} {str(unit)[:20]!r}.")
    try:
        checked_voxel_size((float(size),), canonical_unit(unit))
    except (InvalidVoxelSizeError, UnitError) as error:
        raise ModelFileError(f"The card has no usable pixel size: {error}") from None
    return float(size), canonical_unit(unit)


def _network(tensors: Mapping[str, np.ndarray], classes: int, path: Path) -> StructureNetwork:
    with torch.device("meta"):
        planned = {n: tuple(t.shape) for n, t in StructureNetwork(classes).state_dict().items()}
    found = {name: array.shape for name, array in tensors.items()}
    kinds = {str(array.dtype) for array in tensors.values()}
    if found != planned or kinds != {"float32"}:
        raise ModelFileError(f"The weights in {path} are not those of a classifier of {classes} classes.")
    network = StructureNetwork(classes)
    load_weights(network, tensors)
    return network.eval()
