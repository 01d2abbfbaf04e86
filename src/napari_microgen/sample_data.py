"""Small built-in samples: simulated, seeded, with exact truth."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from .volume import Volume

VOXEL = (25.0, 18.6, 18.6)
_PLANES, _ROWS, _COLUMNS = 24, 256, 256


@lru_cache(maxsize=2)
def _stack(seed: int) -> tuple[np.ndarray, np.ndarray]:
    from .simulate.gaussian_field import level_cut_field
    from .simulate.imaging import PAPER_LIKE_PITCH, image_stack

    behind, below = 48, 48
    shape = (_PLANES + behind, _ROWS + below, _COLUMNS)
    solid = level_cut_field(shape, 74.4, 0.576, seed, VOXEL)
    grey, labels, _ = image_stack(
        solid, seed=seed, voxel_size=VOXEL, margin=(behind, below), optics=PAPER_LIKE_PITCH
    )
    grey.setflags(write=False)
    labels.setflags(write=False)
    return grey, labels


def sample_fibsem(seed: int = 0) -> Volume:
    """Simulate a FIB-SEM stack of a porous metal, with shine-through, curtains and shadow.

    Parameters
    ----------
    seed : int
        The same seed gives the same stack.

    Returns
    -------
    Volume
        uint8, axes ZYX, shape (24, 256, 256), voxels of 25 x 18.6 x 18.6 nm.
    """
    return Volume(_stack(seed)[0], "ZYX", VOXEL, "nm", name="FIB-SEM stack (simulated)")


def sample_fibsem_truth(seed: int = 0) -> Volume:
    """Return the exact phase map of `sample_fibsem`: 0 pore, 1 solid."""
    phases = (_stack(seed)[1] == 1).astype(np.uint8)
    return Volume(phases, "ZYX", VOXEL, "nm", name="FIB-SEM truth (simulated)", kind="labels")


def sample_fibsem_labels(seed: int = 0) -> Volume:
    """Return the exact labels of `sample_fibsem`: 1 solid, 2 pore, 3 shine-through."""
    labels = _stack(seed)[1]
    return Volume(labels, "ZYX", VOXEL, "nm", name="FIB-SEM labels (simulated)", kind="labels")


def sample_sem(seed: int = 0) -> Volume:
    """Simulate one SEM image with a data bar of 28 rows at the bottom.

    Parameters
    ----------
    seed : int
        The same seed gives the same image.

    Returns
    -------
    Volume
        uint8, axes YX, shape (284, 256), pixels of 18.6 nm; ``metadata["data_bar_rows"]`` is 28.
    """
    face = _stack(seed)[0][0]
    image = np.concatenate([face, _data_bar(28, face.shape[1])])
    volume = Volume(image, "YX", VOXEL[1:], "nm", name="SEM image (simulated)")
    return replace(volume, metadata={"data_bar_rows": 28})


def _data_bar(rows: int, columns: int) -> np.ndarray:
    """Return a black bar with a scale bar of 1 um and blocks in place of text."""
    bar = np.zeros((rows, columns), np.uint8)
    bar[0] = 255
    length = round(1000 / VOXEL[2])
    bar[rows - 8 : rows - 5, 12 : 12 + length] = 255
    for start in range(12 + length + 20, columns - 12, 9):
        bar[10 : rows - 8, start : start + 5] = 255
        bar[13 : rows - 11, start + 1 : start + 4] = 0
    return bar
