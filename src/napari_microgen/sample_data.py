"""Small built-in samples: simulated, seeded, with exact truth."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from .volume import Volume

VOXEL = (25.0, 18.6, 18.6)
FILM_PIXEL, ALLOY_PIXEL = 3.7, 0.1
"""Pixels of the film in nm, and of the alloy in um."""
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


@lru_cache(maxsize=2)
def _film(seed: int) -> tuple[np.ndarray, np.ndarray]:
    from .progress import finish
    from .simulate.thin_film import FilmConditions, film_sample

    sample = finish(film_sample(FilmConditions(temperature=500, ion_energy=5), (384, 512), FILM_PIXEL, seed))
    for pixels in (sample.image, sample.cells):
        pixels.setflags(write=False)
    return sample.image, sample.cells


def sample_film(seed: int = 0) -> Volume:
    """Simulate a secondary-electron image of a sputtered film with facets, deposited at 500 C.

    Parameters
    ----------
    seed : int
        The same seed gives the same image.

    Returns
    -------
    Volume
        uint8, axes YX, shape (384, 512), pixels of 3.7 nm.
    """
    return Volume(_film(seed)[0], "YX", (FILM_PIXEL,) * 2, "nm", name="sputtered film (simulated)")


def sample_film_crystallites(seed: int = 0) -> Volume:
    """Return the exact crystallites of `sample_film`, from 1."""
    cells = _film(seed)[1]
    return Volume(cells, "YX", (FILM_PIXEL,) * 2, "nm", name="crystallites (simulated)", kind="labels")


@lru_cache(maxsize=2)
def _precipitates(seed: int) -> tuple[np.ndarray, np.ndarray]:
    from .simulate.precipitates import precipitate_law, precipitate_sample

    sample = precipitate_sample(precipitate_law("T5", 10.0, 500.0), (512, 640), ALLOY_PIXEL, seed)
    for pixels in (sample.image, sample.labels):
        pixels.setflags(write=False)
    return sample.image, sample.labels


def sample_precipitates(seed: int = 0) -> Volume:
    """Simulate a back-scatter image of precipitates in an alloy.

    Parameters
    ----------
    seed : int
        The same seed gives the same image.

    Returns
    -------
    Volume
        uint8, axes YX, shape (512, 640), pixels of 0.1 um.
    """
    return Volume(_precipitates(seed)[0], "YX", (ALLOY_PIXEL,) * 2, "um", name="precipitates (simulated)")


def sample_precipitates_truth(seed: int = 0) -> Volume:
    """Return the exact particles of `sample_precipitates`: 0 matrix, particles from 1."""
    labels = _precipitates(seed)[1]
    return Volume(labels, "YX", (ALLOY_PIXEL,) * 2, "um", name="particles (simulated)", kind="labels")


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
