"""Struts and their diameters against scipy's distance map sampled on scikit-image's skeleton (Lee).

The peer stops at a diameter per skeleton voxel; ours goes on to struts, pruning and centres between voxels.
"""

import numpy as np
from report import alternate, arguments, emit, peak_mib, version
from scipy.ndimage import distance_transform_edt, label
from skimage.measure import euler_number
from skimage.morphology import skeletonize
from volumes import PAPER_SPACING, first_call_seconds, level_cut, volume_arguments, volume_of

from napari_microgen.quantify.skeleton import skeleton
from napari_microgen.quantify.struts import struts

TARGET = {"ratio": 3.0, "cylinder_error_voxel": 0.5}


def main() -> None:
    options = volume_arguments(arguments(__doc__ or "", size=256)).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.struts import struts as f\n"
        "phase = np.random.default_rng(0).random((16, 16, 16)) < 0.5",
        "f(phase, (1.0, 1.0, 1.0))",
    )
    phase = volume_of(options)
    struts(phase[:24, :24, :24], PAPER_SPACING)

    def peer() -> np.ndarray:
        distance = distance_transform_edt(phase, sampling=PAPER_SPACING)
        return 2 * distance[skeletonize(phase) > 0]

    def ours() -> np.ndarray:
        return struts(phase, PAPER_SPACING).diameter

    memory = {"peer": peak_mib(peer), "ours": peak_mib(ours)}
    times = alternate(peer, ours, 1 if options.full else options.runs)
    cylinders = cylinder_errors()
    worst = max(abs(error) for case in cylinders.values() for error in case)
    topology = topology_kept()
    passed = (
        times["ratio"][0] >= TARGET["ratio"]
        and worst < TARGET["cylinder_error_voxel"]
        and all(topology.values())
    )
    emit(
        options,
        benchmark="strut_diameter",
        size=list(phase.shape),
        peer="scipy distance_transform_edt + skimage skeletonize (Lee), sampled",
        peer_version=f"{version('scipy')}, {version('scikit-image')}",
        **times,
        peak_mib=memory,
        accuracy={"cylinder_error_voxel": cylinders, "worst": worst, **topology},
        first_call_s=first,
        target=TARGET,
        passed=bool(passed),
    )


def cylinder_errors() -> dict[str, list[float]]:
    """Error of the mean diameter, in finest voxels, of eight randomly placed cylinders per case."""
    random = np.random.default_rng(0)
    found = {}
    for spacing in ((1.0, 1.0, 1.0), (1.344, 1.0, 1.0)):
        axes = [(np.arange(round(56 / h)) - (round(56 / h) - 1) / 2) * h for h in spacing]
        place = np.stack(np.meshgrid(*axes, indexing="ij"), -1)
        for radius in (3.0, 5.0, 9.0):
            errors = []
            for _ in range(8):
                direction = random.standard_normal(3)
                direction /= np.linalg.norm(direction)
                here = place - random.uniform(-0.5, 0.5, 3)
                inside = (here**2).sum(-1) - (here @ direction) ** 2 <= radius**2
                errors.append(round(float(struts(inside, spacing).diameter.mean() - 2 * radius), 4))
            found[f"R {radius:g}, {spacing[0]:g}:1"] = errors
    return found


def topology_kept() -> dict[str, bool]:
    """Whether skeleton and phase agree in Euler number and parts."""
    phase = level_cut((64, 64, 64), 4.0)
    lines = skeleton(phase, PAPER_SPACING)
    everywhere = np.ones((3, 3, 3))
    return {
        "same_euler_number": bool(euler_number(lines, 3) == euler_number(phase, 3)),
        "same_parts": bool(label(lines, everywhere)[1] == label(phase, everywhere)[1]),
    }


if __name__ == "__main__":
    main()
