"""Feret diameters of about 1600 ellipses against scikit-image's feret_diameter_max.

The peer gives the largest diameter only; ours gives largest, smallest, angle, area and hull area together.
Bias and spread are relative to the true axes of the ellipses, for each convention.
"""

import numpy as np
from report import arguments, emit, peak_mib, seconds, version
from skimage.measure import regionprops
from volumes import first_call_seconds

from napari_microgen.quantify.feret_diameter import feret_diameters

TARGET = {"ratio": 50.0, "midway_bias": 0.01}
PITCH = 50


def main() -> None:
    options = arguments(__doc__ or "", size=2048).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.feret_diameter import feret_diameters as f\n"
        "labels = np.eye(9, dtype=np.int32)",
        "f(labels, (1.0, 1.0))",
    )
    labels, major, minor = ellipses(options.size)
    times = []
    for _ in range(options.runs):
        theirs = seconds(lambda: [region.feret_diameter_max for region in regionprops(labels)])
        times.append(
            (
                theirs,
                float(np.median([seconds(lambda: feret_diameters(labels, (1.0, 1.0))) for _ in range(3)])),
            )
        )
    ratios = [a / b for a, b in times]
    accuracy = {}
    for convention in ("corners", "midway", "centres"):
        found = feret_diameters(labels, (1.0, 1.0), convention=convention)
        accuracy[convention] = {
            f"{name}_{kind}": round(float(value), 4)
            for name, errors in (
                ("largest", found.largest / major - 1),
                ("smallest", found.smallest / minor - 1),
            )
            for kind, value in (("bias", errors.mean()), ("spread", errors.std()))
        }
    bias = max(abs(accuracy["midway"][f"{name}_bias"]) for name in ("largest", "smallest"))
    emit(
        options,
        benchmark="feret",
        size=options.size,
        particles=len(major),
        peer="skimage.measure.regionprops feret_diameter_max",
        peer_version=version("scikit-image"),
        runs=options.runs,
        peer_s=round(float(np.median([a for a, _ in times])), 4),
        ours_s=round(float(np.median([b for _, b in times])), 5),
        ratio=[round(float(v), 1) for v in (np.median(ratios), min(ratios), max(ratios))],
        us_per_particle=round(1e6 * float(np.median([b for _, b in times])) / len(major), 2),
        peak_mib=peak_mib(lambda: feret_diameters(labels, (1.0, 1.0))),
        accuracy=accuracy,
        first_call_s=first,
        target=TARGET,
        passed=bool(np.median(ratios) >= TARGET["ratio"] and bias <= TARGET["midway_bias"]),
    )


def ellipses(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Label image of ellipses on a grid, with their true axes in pixels."""
    random = np.random.default_rng(0)
    labels = np.zeros((size, size), np.int32)
    axes = []
    for row in range(PITCH // 2, size - PITCH // 2, PITCH):
        for column in range(PITCH // 2, size - PITCH // 2, PITCH):
            major = random.uniform(8, 22)
            minor, turn = major * random.uniform(0.4, 1), random.uniform(0, np.pi)
            y, x = np.mgrid[-24:25, -24:25] - random.uniform(-0.5, 0.5, (2, 1, 1))
            along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
            axes.append((2 * major, 2 * minor))
            inside = (along / major) ** 2 + (across / minor) ** 2 <= 1
            labels[row - 24 : row + 25, column - 24 : column + 25][inside] = len(axes)
    return labels, *np.array(axes).T


if __name__ == "__main__":
    main()
