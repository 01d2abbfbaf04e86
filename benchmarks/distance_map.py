"""Exact Euclidean distance transform against scipy, with the package edt beside it if it is installed."""

from importlib.util import find_spec

import numpy as np
from report import alternate, arguments, emit, peak_mib, version
from scipy.ndimage import distance_transform_edt
from volumes import PAPER_SPACING, first_call_seconds, volume_arguments, volume_of

from napari_microgen.quantify.distance_transform import distance_transform

TARGET = {"ratio": 4.5, "ratio_full": 6.0, "deviation": 1e-6, "memory": 0.1}


def main() -> None:
    options = volume_arguments(arguments(__doc__ or "", size=256)).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.distance_transform import distance_transform as f",
        "f(np.eye(9, dtype=bool), (1.0, 1.0))",
    )
    phase = volume_of(options)
    distance_transform(phase[:9, :9, :9] & (np.arange(9) > 0), PAPER_SPACING)

    def peer() -> np.ndarray:
        return distance_transform_edt(phase, sampling=PAPER_SPACING)

    def ours() -> np.ndarray:
        return distance_transform(phase, PAPER_SPACING)

    memory = {"peer": peak_mib(peer), "ours": peak_mib(ours), "result_alone": phase.size * 4 / 2**20}
    times = alternate(peer, ours, 1 if options.full else options.runs)
    package = None
    if find_spec("edt"):
        import edt

        package = alternate(
            lambda: edt.edt(phase, anisotropy=PAPER_SPACING, black_border=False, parallel=2),
            ours,
            options.runs,
        ) | {"version": version("edt")}
    exact, found = peer(), ours()
    inside = exact > 0
    deviation = float(np.abs(found[inside] / exact[inside] - 1).max())
    passed = (
        times["ratio"][0] >= TARGET["ratio_full" if options.full else "ratio"]
        and deviation <= TARGET["deviation"]
        and memory["ours"] <= TARGET["memory"] * memory["peer"]
    )
    emit(
        options,
        benchmark="distance_map",
        size=list(phase.shape),
        peer="scipy.ndimage.distance_transform_edt",
        peer_version=version("scipy"),
        **times,
        against_edt=package,
        peak_mib=memory,
        accuracy={"largest_relative_deviation": deviation},
        first_call_s=first,
        target=TARGET,
        passed=bool(passed),
    )


if __name__ == "__main__":
    main()
