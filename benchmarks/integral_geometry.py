"""Euler number against scikit-image, Gauss-Bonnet, and the integral of the mean curvature on known bodies."""

import numpy as np
from report import alternate, arguments, emit, peak_mib, version
from skimage.measure import euler_number as peer_euler_number
from volumes import ball, first_call_seconds, torus, volume_arguments, volume_of

from napari_microgen.quantify.euler_number import euler_number, euler_numbers
from napari_microgen.quantify.integral_geometry import curvature_integrals

TARGET = {"ratio": 6.0, "gauss_bonnet": 1e-9, "mean_curvature": 0.02}
SPACINGS = {"cubic": (1.0, 1.0, 1.0), "25:18.6": (1.344, 1.0, 1.0)}


def main() -> None:
    options = volume_arguments(arguments(__doc__ or "", size=256)).parse_args()
    first = first_call_seconds(
        "import numpy as np\nfrom napari_microgen.quantify.euler_number import euler_numbers as f\n"
        "phase = np.random.default_rng(0).random((32, 32, 32)) < 0.5",
        "f(phase)",
    )
    phase = volume_of(options)
    equal = all(
        euler_number(phase, connectivity=ours) == peer_euler_number(phase, connectivity=theirs)
        for ours, theirs in ((6, 1), (26, 3))
    )
    memory = {
        "peer": peak_mib(lambda: peer_euler_number(phase, connectivity=3)),
        "ours": peak_mib(lambda: euler_number(phase)),
    }
    times = alternate(
        lambda: peer_euler_number(phase, connectivity=3),
        lambda: euler_number(phase),
        1 if options.full else options.runs,
    )
    integrals = alternate(None, lambda: curvature_integrals(phase, SPACINGS["25:18.6"]), 3)["ours_s"]
    errors, gauss_bonnet = bodies()
    worst = max(abs(error) for error in errors.values())
    passed = (
        equal
        and times["ratio"][0] >= TARGET["ratio"]
        and gauss_bonnet <= TARGET["gauss_bonnet"]
        and worst <= TARGET["mean_curvature"]
    )
    emit(
        options,
        benchmark="integral_geometry",
        size=list(phase.shape),
        peer="skimage.measure.euler_number",
        peer_version=version("scikit-image"),
        **times,
        peak_mib=memory,
        all_integrals_s=integrals,
        accuracy={
            "euler_numbers_equal": equal,
            "gauss_bonnet_error": gauss_bonnet,
            "integral_of_mean_curvature": errors,
            "worst": worst,
        },
        first_call_s=first,
        target=TARGET,
        passed=bool(passed),
    )


def bodies() -> tuple[dict[str, float], float]:
    """Mean relative error of the integral of M, and the largest error of Gauss-Bonnet."""
    random = np.random.default_rng(0)
    errors: dict[str, float] = {}
    largest = 0.0
    for name, spacing in SPACINGS.items():
        cases = {
            **{
                f"ball R {r}, {name}": (
                    [ball(r, spacing, centre=tuple(random.uniform(-0.5, 0.5, 3))) for _ in range(8)],
                    4 * np.pi * r,
                )
                for r in (6, 10, 20)
            },
            f"torus 20/7, any orientation, {name}": (
                [turned(torus_20_7, 27, spacing, seed) for seed in range(12)],
                2 * np.pi**2 * 20,
            ),
            f"capsule 30/8, any orientation, {name}": (
                [turned(capsule_30_8, 23, spacing, seed) for seed in range(12)],
                np.pi * 30 + 4 * np.pi * 8,
            ),
        }
        for case, (phases, truth) in cases.items():
            found = []
            for phase in phases:
                box = np.prod((np.array(phase.shape) - 1) * spacing)
                integrals = curvature_integrals(phase, spacing)
                found.append(integrals.mean * box / truth - 1)
                for gaussian, euler in zip(
                    integrals.gaussian_range, euler_numbers(phase).values(), strict=True
                ):
                    largest = max(largest, abs(gaussian * box / (4 * np.pi) - euler))
            errors[case] = round(float(np.mean(found)), 5)
    phase = torus(30, 10)
    box = np.prod(np.array(phase.shape) - 1)
    errors["torus 30/10 along the axes, cubic"] = round(
        float(curvature_integrals(phase, SPACINGS["cubic"]).mean * box / (2 * np.pi**2 * 30) - 1), 5
    )
    return errors, largest


def torus_20_7(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return (np.hypot(y, x) - 20) ** 2 + z**2 <= 7**2


def capsule_30_8(z: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(z) - 15, 0) ** 2 + y**2 + x**2 <= 8**2


def turned(body, extent: float, spacing: tuple[float, ...], seed: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Sample a body, given by a function of z, y, x, in a random orientation."""
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    half = [int(np.ceil(extent / s)) + 3 for s in spacing]
    grid = np.meshgrid(*(np.arange(-n, n + 1) * s for n, s in zip(half, spacing, strict=True)), indexing="ij")
    return body(*np.tensordot(rotation, np.stack(grid), 1))


if __name__ == "__main__":
    main()
