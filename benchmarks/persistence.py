"""Persistence intervals against gudhi's cubical complex: both constructions, decimal and 8-bit values.

Both sides give H0 and H1. Patches go over two threads on our side; gudhi has no such option. A ratio for
one thread stands beside it. The intervals must be identical.
"""

import numpy as np
from patches import patches
from report import arguments, emit, peak_mib, seconds, version
from volumes import first_call_seconds

from napari_microgen.quantify.persistence import Intervals, persistence_intervals, persistence_of_patches

TARGET = {"ratio": 10.0, "identical": True}
CELLS = {"vertices": "vertices", "top_cells": "top_dimensional_cells"}


def main() -> None:
    options = arguments(__doc__ or "", size=128).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.persistence import persistence_intervals as f\n"
        "image = np.random.default_rng(0).random((32, 32))",
        "f(image)",
    )
    decimal = patches(options.size)
    inputs = {"decimal": decimal, "8-bit": [np.round(patch * 255) for patch in decimal]}
    cases = {
        f"{construction}, {kind}": case(images, construction, options.runs)
        for construction in CELLS
        for kind, images in inputs.items()
    }
    known = [c for c in cases.values() if c["ratio"] is not None]
    worst = min((c["ratio"][0] for c in known), default=None)
    passed = bool(known) and worst >= TARGET["ratio"] and all(c["identical"] for c in known)
    emit(
        options,
        benchmark="persistence",
        size=options.size,
        patches=len(decimal),
        peer="gudhi.CubicalComplex",
        peer_version=version("gudhi"),
        runs=options.runs,
        ratio=worst,
        reason=None if known else "gudhi is not installed: pip install gudhi",
        cases=cases,
        peak_mib=peak_mib(lambda: list(persistence_of_patches(decimal))),
        first_call_s=first,
        target=TARGET,
        passed=passed,
    )


def case(images: list[np.ndarray], construction: str, runs: int) -> dict[str, object]:
    """Milliseconds per patch and ratios of one construction and kind of image."""
    theirs: list[float] = []
    one: list[float] = []
    two: list[float] = []
    available = gudhi_intervals(images[0], construction) is not None
    for _ in range(runs):
        if available:
            theirs.append(seconds(lambda: [gudhi_intervals(i, construction) for i in images]))
        one.append(seconds(lambda: [persistence_intervals(i, construction=construction) for i in images]))
        two.append(seconds(lambda: list(persistence_of_patches(images, construction=construction))))
    per_patch = 1e3 / len(images)
    ratios = [a / b for a, b in zip(theirs, two, strict=False)]
    single = [a / b for a, b in zip(theirs, one, strict=False)]
    return {
        "peer_ms": round(float(np.median(theirs)) * per_patch, 3) if available else None,
        "ours_ms": round(float(np.median(two)) * per_patch, 3),
        "ours_one_thread_ms": round(float(np.median(one)) * per_patch, 3),
        "ratio": [round(float(v), 1) for v in (np.median(ratios), min(ratios), max(ratios))]
        if available
        else None,
        "ratio_one_thread": round(float(np.median(single)), 1) if available else None,
        "identical": available and all(identical(i, construction) for i in images),
        "rings": len(persistence_intervals(images[0], construction=construction).rings),
    }


def gudhi_intervals(image: np.ndarray, construction: str) -> Intervals | None:
    try:
        import gudhi
    except ImportError:
        return None
    complex_ = gudhi.CubicalComplex(**{CELLS[construction]: image})
    complex_.compute_persistence()
    return Intervals(*(complex_.persistence_intervals_in_dimension(d) for d in (0, 1)))


def identical(image: np.ndarray, construction: str) -> bool:
    ours, theirs = (
        persistence_intervals(image, construction=construction),
        gudhi_intervals(image, construction),
    )
    assert theirs is not None
    return all(
        np.array_equal(in_order(a), in_order(b))
        for a, b in ((ours.components, theirs.components), (ours.rings, theirs.rings))
    )


def in_order(intervals: np.ndarray) -> np.ndarray:
    """Sort intervals, without infinite and empty ones."""
    kept = intervals[np.isfinite(intervals).all(axis=1) & (intervals[:, 0] < intervals[:, 1])]
    return kept[np.lexsort(kept.T)]


if __name__ == "__main__":
    main()
