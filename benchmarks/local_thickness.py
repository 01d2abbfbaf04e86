"""Local thickness against PoreSpy, with the error on cylinders."""

from importlib.util import find_spec

import numpy as np
from report import alternate, arguments, emit, peak_mib, version
from volumes import first_call_seconds, volume_arguments, volume_of

from napari_microgen.quantify.local_thickness import local_thickness

TARGET = {"ratio": 2.5, "mean_error": 0.01}
SPACING = (1.0, 1.0, 1.0)


def main() -> None:
    options = volume_arguments(arguments(__doc__ or "", size=128)).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.local_thickness import local_thickness as f\n"
        "phase = np.random.default_rng(0).random((16, 16, 16)) < 0.5",
        "f(phase, (1.0, 1.0, 1.0))",
    )
    phase = volume_of(options)
    local_thickness(phase[:24, :24, :24], SPACING)
    peer = None
    if find_spec("porespy"):
        import porespy

        def peer() -> np.ndarray:
            return 2 * porespy.filters.local_thickness(phase)

    def ours() -> np.ndarray:
        return local_thickness(phase, SPACING)

    memory = {"peer": peak_mib(peer) if peer else None, "ours": peak_mib(ours)}
    times = alternate(peer, ours, 1 if options.full else options.runs)
    cylinders = cylinder_errors()
    worst = max(abs(float(np.mean(case))) for case in cylinders.values())
    fast = times["ratio"] is not None and times["ratio"][0] >= TARGET["ratio"]
    emit(
        options,
        benchmark="local_thickness",
        size=list(phase.shape),
        peer="porespy.filters.local_thickness",
        peer_version=version("porespy"),
        **times,
        reason=None if peer else "porespy is not installed",
        peak_mib=memory,
        accuracy={"relative_error_of_cylinders": cylinders, "worst_mean": worst},
        first_call_s=first,
        target=TARGET,
        passed=bool(worst <= TARGET["mean_error"] and fast),
    )


def cylinder_errors() -> dict[str, list[float]]:
    """Relative error of the mean thickness of eight randomly placed cylinders per radius."""
    random = np.random.default_rng(0)
    place = np.stack(np.meshgrid(*[np.arange(56) - 27.5] * 3, indexing="ij"), -1)
    inner = (slice(15, -15),) * 3
    found = {}
    for radius in (4.0, 6.0, 9.0):
        errors = []
        for _ in range(8):
            direction = random.standard_normal(3)
            direction /= np.linalg.norm(direction)
            here = place - random.uniform(-0.5, 0.5, 3)
            phase = (here**2).sum(-1) - (here @ direction) ** 2 <= radius**2
            values = local_thickness(phase, SPACING)[inner][phase[inner]]
            errors.append(round(float(values.mean(dtype=float) / (2 * radius) - 1), 5))
        found[f"R {radius:g}"] = errors
    return found


if __name__ == "__main__":
    main()
