"""A trained segmenter as it is read from its folder, checked before anything is believed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..errors import ModelFileError
from ..io.weights import load_model
from ..train.torch_state import load_weights
from .unet_data import Normalisation
from .unet_method import build_network


@dataclass(frozen=True)
class SegmentationModel:
    """A network with all that must be known to apply it."""

    network: torch.nn.Module
    classes: list[int]
    """Label value of each class number."""
    solid: list[int]
    """Label values that are solid in a phase map."""
    channels: int
    """Detectors."""
    context: int
    """Neighbouring planes on each side."""
    scale: Normalisation
    voxel_size: list[float | None] | None
    """Edges of the training images."""
    unit: str | None


def load_segmenter(folder: Path | str) -> SegmentationModel:
    """Read a model folder written by ``train unet``.

    Raises
    ------
    ModelFileError
        If it is damaged, hostile, or of another kind.
    """
    tensors, card = load_model(folder)
    details = card["details"]
    try:
        classes = _whole_numbers(details["classes"])
        solid = _whole_numbers(details["solid"])
        channels, context = _whole_numbers([details["channels"], details["context"]])
        scale = Normalisation(
            details["scale"]["kind"], *(float(details["scale"][k]) for k in ("low", "high"))
        )
        options, data = dict(details["network"]), dict(details["data"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"The card of {folder} is not that of a segmenter: {error!r}.") from None
    if (
        not set(solid) < set(classes)
        or options.get("classes") != len(classes)
        or options.get("channels") != channels * (2 * context + 1)
        or not 0 <= context <= 16
        or scale.kind not in ("plane", "range")
        or (scale.kind == "range" and not scale.low < scale.high)
    ):
        raise ModelFileError(f"The card of {folder} contradicts itself; train the model again.")
    network = _with_weights(card["method"], options, tensors, folder)
    return SegmentationModel(
        network, classes, solid, channels, context, scale, data.get("voxel_size"), data.get("unit")
    )


def _whole_numbers(values: Any) -> list[int]:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise ValueError(f"{str(values)[:60]} is no list of whole numbers")
    return values


def _with_weights(
    method: str, options: dict[str, Any], tensors: dict[str, np.ndarray], folder: Path | str
) -> torch.nn.Module:
    """Build a network and fill it; its size is compared with the file before memory is taken."""
    with torch.device("meta"):
        planned = {name: tuple(t.shape) for name, t in build_network(method, options).state_dict().items()}
    found = {name: array.shape for name, array in tensors.items()}
    if planned != found:
        odd = sorted(name for name in planned.keys() | found.keys() if planned.get(name) != found.get(name))
        raise ModelFileError(
            f"The weights in {folder} do not fit the network of its card: {len(odd)} differ, first "
            f"{odd[0]!r} "
            f"({found.get(odd[0])}, expected {planned.get(odd[0])})."
        )
    network = build_network(method, options)
    try:
        load_weights(network, tensors)
    except ValueError as error:
        raise ModelFileError(f"The weights in {folder} cannot be used: {error}") from None
    return network.eval()
