"""Persistence image against gudhi's, from the same intervals, and a whole patch from grey values to image.

gudhi takes the Gaussian at the centre of each cell; ours is its exact integral over the cell. Accuracy is
the largest difference from sums of error functions.
"""

import numpy as np
from patches import patches
from report import alternate, arguments, emit, seconds, version
from scipy.special import erf
from volumes import first_call_seconds

from napari_microgen.quantify.persistence import persistence_intervals, persistence_of_patches
from napari_microgen.quantify.persistence_image import persistence_image, persistence_images

TARGET = {"ratio": 10.0, "largest_difference": 1e-10, "whole_patch_ms": 1.5}


def main() -> None:
    options = arguments(__doc__ or "", size=128).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.persistence_image import persistence_image as f",
        "f(np.array([[0.2, 0.7]]))",
    )
    images = patches(options.size)
    rings = [persistence_intervals(image, construction="top_cells").rings for image in images]
    peer = gudhi_images(rings)
    times = alternate(peer, lambda: persistence_images(rings), options.runs)
    single = alternate(peer, lambda: persistence_images(rings, threads=1), options.runs)
    whole = [
        seconds(
            lambda: [
                persistence_images([found.rings, found.components], threads=1)
                for found in persistence_of_patches(images)
            ]
        )
        for _ in range(options.runs)
    ]
    largest = max(float(np.abs(persistence_image(found) - summed(found)).max()) for found in rings[:4])
    per_patch = round(1e3 * float(np.median(whole)) / len(images), 3)
    passed = (
        peer is not None
        and times["ratio"][0] >= TARGET["ratio"]
        and largest <= TARGET["largest_difference"]
        and per_patch <= TARGET["whole_patch_ms"]
    )
    emit(
        options,
        benchmark="persistence_image",
        size=options.size,
        patches=len(images),
        intervals=int(np.mean([len(found) for found in rings])),
        peer="gudhi.representations.PersistenceImage",
        peer_version=version("gudhi"),
        **times,
        reason=None if peer else "gudhi and scikit-learn are not installed",
        ratio_one_thread=single["ratio"],
        ours_ms_per_patch=round(1e3 * times["ours_s"] / len(images), 4),
        whole_patch_ms=per_patch,
        accuracy={"largest_difference": largest},
        first_call_s=first,
        target=TARGET,
        passed=bool(passed),
    )


def gudhi_images(rings: list[np.ndarray]):  # type: ignore[no-untyped-def]
    try:
        from gudhi.representations import PersistenceImage
    except ImportError:
        return None
    transform = PersistenceImage(
        bandwidth=0.05, weight=lambda interval: interval[1], resolution=[10, 10], im_range=[0, 1, 0, 1]
    )
    transform.fit(rings)
    return lambda: transform.transform(rings)


def summed(intervals: np.ndarray, bins: int = 10, sigma: float = 0.05) -> np.ndarray:
    """Integrate each Gaussian over each cell with error functions."""
    edges = np.linspace(0, 1, bins + 1)
    length = intervals[:, 1] - intervals[:, 0]
    kept = length >= 1 / 255
    shares = [
        0.5 * np.diff(erf((edges - centre[kept, None]) / (sigma * np.sqrt(2))), axis=1)
        for centre in (length, intervals[:, 0])
    ]
    return (shares[0] * length[kept, None]).T @ shares[1]


if __name__ == "__main__":
    main()
