"""Seeded volumes and bodies on which benchmarks measure, and the cost of a first call."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter

PAPER_SHAPE = (400, 538, 538)
PAPER_SPACING = (0.025, 0.0186, 0.0186)
"""Plane, row and column, in micrometre."""


def volume_arguments(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the options that choose the test volume."""
    parser.add_argument("--full", action="store_true", help="the 400 x 538 x 538 volume, one run")
    parser.add_argument("--input", type=Path, help="a TIFF phase map instead; nonzero is solid")
    return parser


def volume_of(options: argparse.Namespace) -> np.ndarray:
    """Return the phase map that the options ask for."""
    if options.input:
        import tifffile

        return tifffile.imread(options.input) > 0
    return level_cut(PAPER_SHAPE if options.full else (options.size,) * 3)


def level_cut(
    shape: tuple[int, ...],
    smoothing: float = 6.0,
    solid: float = 0.6,
    spacing: tuple[float, ...] = PAPER_SPACING,
    seed: int = 0,
) -> np.ndarray:
    """Level-cut Gaussian field, isotropic in physical units; smoothing in finest voxels."""
    field = gaussian_field(shape, smoothing, spacing, seed)
    return field > np.quantile(field.ravel()[::7], 1 - solid)


def gaussian_field(
    shape: tuple[int, ...], smoothing: float, spacing: tuple[float, ...], seed: int
) -> np.ndarray:
    """Periodic Gaussian field of unit variance."""
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    field = gaussian_filter(noise, [smoothing * min(spacing) / s for s in spacing], mode="wrap", truncate=5.0)
    return (field - field.mean()) / field.std()


def refined(field: np.ndarray, factor: int = 2) -> np.ndarray:
    """Return a periodic field at a finer pitch, without loss, by Fourier transform."""
    spectrum = fft.fftshift(fft.fftn(field))
    wide = np.zeros([n * factor for n in field.shape], complex)
    middle = tuple(slice((n * factor) // 2 - n // 2, (n * factor) // 2 - n // 2 + n) for n in field.shape)
    wide[middle] = spectrum
    return fft.ifftn(fft.ifftshift(wide)).real * factor**field.ndim


def ball(
    radius: float, spacing: tuple[float, ...], margin: int = 4, centre: tuple[float, ...] = (0.13, 0.27, 0.41)
) -> np.ndarray:
    """Ball off the lattice with an empty margin."""
    half = [int(np.ceil(radius / s)) + margin for s in spacing]
    axes = np.ogrid[tuple(slice(-n, n + 1) for n in half)]
    return sum(((a - c) * s) ** 2 for a, c, s in zip(axes, centre, spacing, strict=True)) <= radius**2


def torus(big: float, small: float, margin: int = 12) -> np.ndarray:
    """Solid torus about the plane axis, in voxels, centred."""
    half = [int(small) + margin, int(big + small) + margin, int(big + small) + margin]
    z, y, x = np.ogrid[tuple(slice(-n, n + 1) for n in half)]
    return (np.hypot(y, x) - big) ** 2 + z**2 <= small**2


def first_call_seconds(setup: str, call: str) -> float:
    """Time a first call in a fresh process with an empty compile cache; imports are not counted."""
    code = f"import time\n{setup}\nstart = time.perf_counter()\n{call}\nprint(time.perf_counter() - start)"
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
    return round(float(done.stdout), 2)
