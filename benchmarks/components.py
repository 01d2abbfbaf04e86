"""Connected parts against scipy, with the package cc3d beside it if it is installed."""

from importlib.util import find_spec

import numpy as np
from report import alternate, arguments, emit, peak_mib, version
from scipy.ndimage import label
from volumes import first_call_seconds, volume_arguments, volume_of

from napari_microgen.quantify.connected_components import connected_components

TARGET = {"ratio_faces": 2.5, "ratio_corners": 5.0}
CASES = {"faces": (None, 6), "corners": (np.ones((3, 3, 3)), 26)}


def main() -> None:
    options = volume_arguments(arguments(__doc__ or "", size=256)).parse_args()
    first = first_call_seconds(
        "import numpy as np\n"
        "from napari_microgen.quantify.connected_components import connected_components as f",
        "f(np.eye(9, dtype=bool))",
    )
    phase = volume_of(options)
    connected_components(phase[:9, :9, :9])
    found: dict[str, dict] = {}
    for neighbours, (structure, count) in CASES.items():

        def peer(structure=structure) -> tuple[np.ndarray, int]:
            return label(phase, structure)

        def ours(neighbours=neighbours) -> tuple[np.ndarray, int]:
            return connected_components(phase, neighbours=neighbours)

        case = alternate(peer, ours, options.runs)
        expected, labels = peer(), ours()
        case["same_partition"] = bool(expected[1] == labels[1] and np.array_equal(expected[0], labels[0]))
        case["parts"] = labels[1]
        if find_spec("cc3d"):
            import cc3d

            beside = alternate(lambda count=count: cc3d.connected_components(phase, connectivity=count), ours)
            case["against_cc3d"] = beside["ratio"]
        found[neighbours] = case
    passed = all(
        case["same_partition"] and case["ratio"][0] >= TARGET[f"ratio_{name}"] for name, case in found.items()
    )
    emit(
        options,
        benchmark="components",
        size=list(phase.shape),
        peer="scipy.ndimage.label",
        peer_version=version("scipy"),
        runs=options.runs,
        peer_s={name: case["peer_s"] for name, case in found.items()},
        ours_s={name: case["ours_s"] for name, case in found.items()},
        ratio={name: case["ratio"] for name, case in found.items()},
        against_cc3d={name: case.get("against_cc3d") for name, case in found.items()},
        peak_mib={
            "peer": peak_mib(lambda: label(phase)),
            "ours": peak_mib(lambda: connected_components(phase)),
        },
        accuracy={
            name: {"same_partition": c["same_partition"], "parts": c["parts"]} for name, c in found.items()
        },
        first_call_s=first,
        target=TARGET,
        passed=passed,
    )


if __name__ == "__main__":
    main()
