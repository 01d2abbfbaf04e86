"""A full comparison of 1,000 real with 1,000 synthetic images of 128 x 128 pixels, from files to report.

Half of the real images are the training images, so that everything is computed: descriptors, floors,
baselines, significance, the search for copies and the page. The child process is fresh: imports count.
No other tool does this work, so there is no ratio; the figure is the time on two cores.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from report import arguments, emit
from scipy.ndimage import gaussian_filter

TARGET = {"seconds": 90.0, "auc": [0.45, 0.55]}
TEMPERATURES = (100, 200, 300, 400, 500)


def main() -> None:
    parser = arguments(__doc__ or "", size=128)
    parser.add_argument("--count", type=int, default=1000, help="images of each side")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_images(root, options.count, options.size)
        times, peaks, content = [], [], {}
        for run in range(options.runs):
            seconds, peak, content = one_run(root, root / f"out{run}", options.count)
            times.append(seconds)
            peaks.append(peak)
    auc = {name: content["metrics"][name]["value"] for name in ("descriptors.auc", "persistence_image.auc")}
    middle = float(np.median(times))
    alike = all(TARGET["auc"][0] <= value <= TARGET["auc"][1] for value in auc.values())
    emit(
        options,
        benchmark="compare",
        size=options.size,
        count=options.count,
        peer=None,
        ratio=None,
        reason="no other tool makes such a report",
        runs=options.runs,
        ours_s=round(middle, 1),
        all_s=[round(t, 1) for t in times],
        peak_mib=round(max(peaks), 0),
        accuracy=auc | {"trust": content["trust"], "memorisation.auc": content["memorisation"]["auc"]},
        target=TARGET,
        passed=middle <= TARGET["seconds"] and alike,
    )


def write_images(root: Path, count: int, edge: int) -> None:
    """Write spots whose density follows a temperature as two stacks with tables."""
    random = np.random.default_rng(0)
    for name in ("real", "synthetic"):
        temperature = np.repeat(TEMPERATURES, -(-count // len(TEMPERATURES)))[:count]
        images = np.stack([spots(random, edge, t / 5) for t in temperature])
        np.save(root / f"{name}.npy", images)
        lines = [
            "temperature [C],part",
            *(f"{t},{'test' if k % 2 else 'train'}" for k, t in enumerate(temperature)),
        ]
        (root / f"{name}.csv").write_text("\n".join(lines) + "\n")


def spots(random: np.random.Generator, edge: int, density: float) -> np.ndarray:
    """Bright round spots on a dark noisy ground; ``density`` per 64 x 64 pixels."""
    impulses = np.zeros((edge + 24, edge + 24))
    number = random.poisson(density * (impulses.size / 64**2))
    np.add.at(impulses, tuple(random.integers(edge + 24, size=(2, number))), random.uniform(0.5, 1, number))
    grey = 0.15 + 0.45 * gaussian_filter(impulses, 2.5)[12:-12, 12:-12] * (2 * np.pi * 2.5**2)
    grey += 0.02 * random.standard_normal(grey.shape)
    return np.clip(np.rint(grey * 255), 0, 255).astype(np.uint8)


def one_run(root: Path, out: Path, count: int) -> tuple[float, float, dict]:
    """Run the command in a fresh process; return seconds, peak memory in MiB and its JSON."""
    words = ["compare", root / "real.npy", root / "synthetic.npy", "--out", out, "--json", "--quiet"]
    words += ["--conditions", root / "real.csv", "--synthetic-conditions", root / "synthetic.csv"]
    words += ["--held-out", "part=test", "--columns", "temperature", "--count", count]
    code = "import resource,sys; from napari_microgen.cli import main; rc = main(sys.argv[1:]); "
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr); sys.exit(rc)"
    command = [sys.executable, "-c", code, *map(str, words)]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    seconds = time.perf_counter() - start
    return seconds, float(done.stderr.split()[-1]) / 1024, json.loads(done.stdout)


if __name__ == "__main__":
    main()
