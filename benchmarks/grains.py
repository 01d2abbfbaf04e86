"""Watershed of grains and their neighbours against scikit-image, on a simulated structure known exactly.

Both sides start from the same exact distance map. The peer finds peaks 4 px apart and floods from them with
`skimage.segmentation.watershed`; its neighbours come from `skimage.graph.RAG`.
"""

import numpy as np
from report import arguments, emit, seconds, version

from napari_microgen.progress import finish
from napari_microgen.quantify.grain_contacts import grain_contacts
from napari_microgen.quantify.grain_laws import radius_by_neighbours
from napari_microgen.quantify.grain_table import grain_table
from napari_microgen.segment.watershed_grains import watershed_grains
from napari_microgen.simulate.grain_growth import Stage, grow
from napari_microgen.simulate.grain_maps import boundary_distance, grain_boundaries
from napari_microgen.simulate.grain_phase_field import PhaseField
from napari_microgen.simulate.grain_start import voronoi_start

TARGET = {"found": 0.99, "false_per_100": 0.0, "mean_neighbours": 0.02, "edges_equal": True}
RADIUS = 14.0


def score(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Share of true grains found (over half of the union), and false ones for 100 true ones."""
    names, index = np.unique(truth, return_inverse=True)
    width = int(found.max()) + 1
    both = np.bincount(
        (index.reshape(truth.shape).astype(np.int64) * width + found).ravel(), minlength=len(names) * width
    ).reshape(len(names), width)
    overlap = both / (both.sum(1)[:, None] + both.sum(0) - both).clip(1)
    right = int((overlap.max(1) > 0.5).sum())
    return {
        "grains": len(names),
        "found": round(right / len(names), 4),
        "false_per_100": round(100 * (int(found.max()) - right) / len(names), 2),
        "pixels": round(float(both.max(1).sum() / truth.size), 4),
    }


def peer_watershed(distance: np.ndarray) -> np.ndarray:
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    peaks = peak_local_max(distance, min_distance=4, exclude_border=False)
    markers = np.zeros(distance.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-distance, markers)


def peer_neighbours(labels: np.ndarray) -> set[tuple[int, int]]:
    from skimage.graph import RAG

    return {(min(a, b), max(a, b)) for a, b in RAG(labels, connectivity=1).edges}


def our_neighbours(labels: np.ndarray) -> set[tuple[int, int]]:
    pairs, lengths = grain_contacts(labels, background=None)
    return {(int(a), int(b)) for a, b in pairs[lengths > 0]}


def compared(peer, ours, runs: int) -> dict[str, object]:
    times = [(seconds(peer), seconds(ours)) for _ in range(runs)]
    ratios = [a / b for a, b in times]
    return {
        "peer_s": round(float(np.median([a for a, _ in times])), 4),
        "ours_s": round(float(np.median([b for _, b in times])), 4),
        "ratio": [round(float(v), 2) for v in (np.median(ratios), min(ratios), max(ratios))],
    }


def main() -> None:
    options = arguments(__doc__ or "", size=1000).parse_args()
    size = options.size
    start = finish(voronoi_start((size, size), round(size**2 / 267), 0))
    stages = grow(PhaseField(start), (RADIUS,))
    truth = next(tick.labels for tick in stages if isinstance(tick, Stage)).astype(np.int32) + 1
    distance = boundary_distance(grain_boundaries(truth))
    first = seconds(lambda: watershed_grains(distance, periodic=True))
    found = watershed_grains(distance, periodic=True)
    published = watershed_grains(distance, periodic=True, trimming="peaks", smoothing=0.4)
    exact, measured = grain_table(truth, periodic=True), grain_table(found, periodic=True)
    slopes = radius_by_neighbours(exact), radius_by_neighbours(measured)
    accuracy = {
        "ours": score(truth, found),
        "published_way": score(truth, published),
        "peer": score(truth, peer_watershed(distance)),
        "mean_neighbours": [round(float(t.neighbours.mean()), 4) for t in (exact, measured)],
        "slope_error": round(slopes[1].slope / slopes[0].slope - 1, 4),
        "edges_equal": our_neighbours(truth) == peer_neighbours(truth),
    }
    good = (
        accuracy["ours"]["found"] >= TARGET["found"]
        and accuracy["ours"]["false_per_100"] <= TARGET["false_per_100"]
        and abs(accuracy["mean_neighbours"][0] - 6) <= TARGET["mean_neighbours"]
        and accuracy["edges_equal"]
    )
    emit(
        options,
        benchmark="grains",
        size=size,
        peer="skimage.segmentation.watershed, skimage.graph.RAG",
        peer_version=version("scikit-image"),
        runs=options.runs,
        watershed=compared(
            lambda: peer_watershed(distance), lambda: watershed_grains(distance), options.runs
        ),
        neighbours=compared(lambda: peer_neighbours(truth), lambda: our_neighbours(truth), options.runs),
        accuracy=accuracy,
        first_call_s=round(first, 2),
        target=TARGET,
        passed=bool(good),
    )


if __name__ == "__main__":
    main()
