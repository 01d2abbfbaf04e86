"""Label a stack slice by slice, on several cores, with progress."""

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import NothingToSegmentError, ParameterError
from ..io.limits import allocate
from ..progress import Progress, Steps
from ..volume import Volume
from .grey_histogram import GreyHistogram, added, grey_histogram, grey_range
from .hybrid import Thresholds, find_thresholds, label_plane
from .otsu import otsu_threshold, separability
from .superpixels import superpixel_area

_TICK = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Method:
    """How grey values become labels; the fields are explained in `annotate`."""

    hybrid: bool
    per: Literal["slice", "volume"]
    pores: Literal["dark", "bright"]
    smoothing: float
    superpixel_area: float | None
    compactness: float

    def __post_init__(self) -> None:
        area = self.superpixel_area
        if not 0 <= self.smoothing <= 100:
            raise ParameterError(f"smoothing is {self.smoothing:g} px; it must lie between 0 and 100.")
        if area is not None and not 2 <= area < 1e6:
            raise ParameterError(f"superpixel_area is {area:g} px; it must lie between 2 and a million.")
        if not 1e-4 <= self.compactness <= 100:
            raise ParameterError(f"compactness is {self.compactness:g}; it must lie between 0.0001 and 100.")


@dataclass(frozen=True, slots=True)
class LabelledPlane:
    """What came of a plane."""

    thresholds: Thresholds
    separability: float
    spread: float
    """Distance between its 0.1 % and 99.9 % quantile, in grey values."""
    counts: np.ndarray
    """Pixels of each label."""


@dataclass(frozen=True, slots=True)
class LabelledStack:
    """What came of a stack."""

    labels: np.ndarray
    """uint8, in the shape of the image."""
    counts: np.ndarray
    """Pixels of each label."""
    facts: dict[str, Any]
    """Thresholds and how they were found."""
    notes: tuple[str, ...]
    """What the user should look at."""


def label_stack(image: Volume, method: Method, values: tuple[int, int, int, int]) -> Steps[LabelledStack]:
    """Label every plane of an image.

    Parameters
    ----------
    image : Volume
        A grey image or stack, already checked.
    method : Method
        How to label.
    values : tuple of int
        What to write for unlabelled, solid, pore and shine-through.
    """
    planes = image.n_planes
    total = planes * (1 if method.per == "slice" else 3)
    area = _area(image, method)
    whole: GreyHistogram | None = None
    done = 0
    if method.per == "volume":
        done = 2 * planes
        whole = yield from _whole_histogram(image, method, total)
    written = np.asarray(values, np.uint8)
    result = allocate(image.shape, np.uint8)
    stack = result if image.is_stack else result[None]

    def work(index: int, grey: np.ndarray) -> LabelledPlane:
        grey = seen_dark(grey, method)
        histogram = whole or grey_histogram(grey)
        try:
            thresholds = find_thresholds(histogram, hybrid=method.hybrid)
        except NothingToSegmentError as error:
            where = f"Plane {index} of " if image.is_stack and whole is None else ""
            name = image.name or image.source or "the image"
            raise NothingToSegmentError(f"{where}{name}: {error}{_OTHERWISE if where else ''}") from None
        labels = written[label_plane(grey, thresholds, area, method.compactness)]
        stack[index] = labels
        spread = histogram.quantile(0.999) - histogram.quantile(0.001)
        counts = np.bincount(labels.ravel(), minlength=4)
        return LabelledPlane(thresholds, separability(histogram), spread, counts)

    found = yield from _in_threads(image, work, done, total)
    return LabelledStack(
        result,
        sum((plane.counts for plane in found), np.zeros(4, np.int64)),
        *_told(image, found, method, area),
    )


_OTHERWISE = " Leave this plane out, or take one threshold for the whole stack (--per volume)."


def seen_dark(grey: np.ndarray, method: Method) -> np.ndarray:
    """Return a plane smoothed if asked, with its pores dark."""
    from scipy import ndimage as ndi

    grey = grey.view(np.uint8) if grey.dtype == bool else grey
    if method.smoothing:
        grey = ndi.gaussian_filter(grey.astype(np.float32), method.smoothing)
    if method.pores == "dark":
        return grey
    return ~grey if grey.dtype.kind in "iu" else -grey


def _as_given(value: float | None, dtype: np.dtype, method: Method) -> float | None:
    """Return a threshold on the grey scale of the image itself."""
    if value is None:
        return None
    if method.pores == "bright":
        whole = dtype.kind in "iub" and not method.smoothing
        top = (
            (255 if dtype.kind == "b" else int(np.iinfo(dtype).max) + int(np.iinfo(dtype).min))
            if whole
            else 0
        )
        value = top - value
    return round(float(value), 6)


def _area(image: Volume, method: Method) -> float:
    """Area of a superpixel: as given, else read off the Otsu mask of up to three planes."""
    if not method.hybrid:
        return 0.0
    if method.superpixel_area is not None:
        return method.superpixel_area
    masks = []
    for index in sorted({image.n_planes * part // 6 for part in (1, 3, 5)}):
        grey = seen_dark(image.plane(index), method)
        histogram = grey_histogram(grey)
        if not histogram.is_constant:
            masks.append(grey <= otsu_threshold(histogram))
    return superpixel_area(masks)


def _whole_histogram(image: Volume, method: Method, total: int) -> Steps[GreyHistogram]:
    planes = image.n_planes
    low, high = np.inf, -np.inf
    for index in range(planes):
        bottom, top = grey_range([seen_dark(image.plane(index), method)])
        low, high = min(low, bottom), max(high, top)
        yield Progress(index, total, f"reading plane {index + 1} of {planes}")
    sums: GreyHistogram | None = None
    for index in range(planes):
        counted = grey_histogram(seen_dark(image.plane(index), method), (low, high))
        sums = counted if sums is None else added([sums, counted])
        yield Progress(planes + index, total, f"counting plane {index + 1} of {planes}")
    assert sums is not None  # an image has a plane
    return sums


def _in_threads(
    image: Volume, work: Callable[[int, np.ndarray], LabelledPlane], done: int, total: int
) -> Steps[list[LabelledPlane]]:
    """Run ``work`` on each plane; a tick at least four times a second, results in order."""
    workers = min(
        4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    pool = ThreadPoolExecutor(workers)
    running: set[Future[LabelledPlane]] = set()
    futures: list[Future[LabelledPlane]] = []
    try:
        for index in range(image.n_planes):
            futures.append(pool.submit(work, index, image.plane(index)))
            running.add(futures[-1])
            while len(running) > workers or (running and index == image.n_planes - 1):
                finished, running = wait(running, _TICK, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                ready = len(futures) - len(running)
                yield Progress(done + ready, total, f"segmented {ready} of {image.n_planes} planes")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [future.result() for future in futures]


def _told(
    image: Volume, found: list[LabelledPlane], method: Method, area: float
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the facts and the notes of a labelled stack."""
    told = found if method.per == "slice" else found[:1]
    thresholds = [plane.thresholds for plane in told]
    facts: dict[str, Any] = {
        "thresholds": [_as_given(t.otsu, image.dtype, method) for t in thresholds],
        "separability": [round(plane.separability, 4) for plane in told],
    }
    notes = [*_data_bar(image), *_odd_planes(told)]
    if method.hybrid:
        facts["foot_thresholds"] = [_as_given(t.foot, image.dtype, method) for t in thresholds]
        facts["superpixel_area"] = round(area, 2)
        lost = [index for index, t in enumerate(thresholds) if t.fallback]
        if lost:
            notes.append(
                f"no foot of the solid's peak in the histogram of {_listed(lost)}; Otsu's threshold was used"
            )
    return facts, tuple(notes)


def _odd_planes(planes: list[LabelledPlane]) -> list[str]:
    """Say which planes have a threshold far from the others: they may hold one phase only."""
    if len(planes) < 5:
        return []
    thresholds = np.array([plane.thresholds.otsu for plane in planes])
    distance = np.abs(thresholds - np.median(thresholds))
    usual = 1.4826 * float(np.median(distance))
    odd = np.flatnonzero(distance > max(8 * usual, 0.15 * float(np.median([p.spread for p in planes]))))
    if not odd.size:
        return []
    return [
        f"the threshold of {_listed(list(odd))} is far from the others; one phase only? (--per volume helps)"
    ]


def _data_bar(image: Volume) -> list[str]:
    """Say that a data bar is still in the image."""
    from ..io.data_bar import propose_data_bar

    first = image.plane(0)
    rows = propose_data_bar(first) if min(first.shape) > 1 else 0
    return [f"{rows} rows look like a data bar and were segmented too; crop them first"] if rows else []


def _listed(planes: list[int]) -> str:
    shown = ", ".join(str(int(index)) for index in planes[:8])
    return f"plane{'s' if len(planes) > 1 else ''} {shown}{' and more' if len(planes) > 8 else ''}"
