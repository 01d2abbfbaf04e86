"""Joint density of two quantities against scipy's gaussian_kde, on a grid of 128 x 128.

At 100 000 points both sides run whole. At 2 000 000 scipy runs on 10 000 points and its time, which is
proportional to their number, is extrapolated. Accuracy is the largest difference over the peak, from the
same 10 000 points.
"""

import numpy as np
from report import arguments, emit, peak_mib, seconds, version
from scipy.stats import gaussian_kde
from volumes import first_call_seconds

from napari_microgen.quantify.kde import joint_density

TARGET = {"ratio_100k": 200.0, "ratio_2m": 900.0, "error_over_peak": 0.003}
LIMITS = ((-4.0, 4.0), (-1.0, 6.0))
BINS = (128, 128)


def points(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    return np.stack([random.standard_normal(count), 0.5 * random.standard_normal(count) ** 2])


def main() -> None:
    options = arguments(__doc__ or "", size=2_000_000).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.kde import joint_density as f\n"
        "x, y = np.random.default_rng(0).random((2, 100))",
        "f(x, y)",
    )
    grid = np.array(
        np.meshgrid(*(np.linspace(*r, n) for r, n in zip(LIMITS, BINS, strict=True)), indexing="ij")
    ).reshape(2, -1)

    def theirs(count: int) -> np.ndarray:
        return gaussian_kde(points(count))(grid)

    def ours(values: np.ndarray) -> np.ndarray:
        return joint_density(*values, bins=BINS, limits=LIMITS).density

    few, some, many = points(10_000), points(100_000), points(options.size)
    exact = theirs(10_000).reshape(BINS)
    error = float(np.abs(ours(few) - exact).max() / exact.max())
    whole, ours_some = seconds(lambda: theirs(100_000)), [seconds(lambda: ours(some)) for _ in range(5)]
    pairs = [
        (seconds(lambda: theirs(10_000)) * options.size / 10_000, seconds(lambda: ours(many)))
        for _ in range(options.runs)
    ]
    ratios = [a / b for a, b in pairs]
    ratio_some = whole / float(np.median(ours_some))
    passed = (
        error <= TARGET["error_over_peak"]
        and ratio_some >= TARGET["ratio_100k"]
        and np.median(ratios) >= TARGET["ratio_2m"]
    )
    emit(
        options,
        benchmark="kde",
        size=options.size,
        peer="scipy.stats.gaussian_kde (extrapolated from 10 000 points)",
        peer_version=version("scipy"),
        runs=options.runs,
        peer_s=round(float(np.median([a for a, _ in pairs])), 2),
        ours_s=round(float(np.median([b for _, b in pairs])), 4),
        ratio=[round(float(v), 1) for v in (np.median(ratios), min(ratios), max(ratios))],
        run_whole_100k={
            "peer_s": round(whole, 2),
            "ours_s": round(float(np.median(ours_some)), 4),
            "ratio": round(ratio_some, 1),
        },
        peak_mib=peak_mib(lambda: ours(many)),
        accuracy={"largest_error_over_peak": error},
        first_call_s=first,
        target=TARGET,
        passed=bool(passed),
    )


if __name__ == "__main__":
    main()
