"""How long the import and the help of the command take, and what they load."""

import statistics
import subprocess
import sys
from pathlib import Path

from report import arguments, emit, seconds

TARGETS = {"import napari_microgen": 0.15, "microgen --help": 0.4}


def child(code: str) -> float:
    """Return the seconds a fresh interpreter takes, less those of an empty one."""
    return seconds(
        lambda: subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
    )


def main() -> None:
    options = arguments(__doc__).parse_args()
    runs = max(5, options.runs)
    empty = statistics.median(child("pass") for _ in range(runs))
    package = statistics.median(child("import napari_microgen") for _ in range(runs)) - empty
    microgen = Path(sys.executable).with_name("microgen")
    command = statistics.median(
        seconds(lambda: subprocess.run([microgen, "--help"], check=True, stdout=subprocess.DEVNULL))
        for _ in range(runs)
    )
    found = {"import napari_microgen": round(package, 4), "microgen --help": round(command, 4)}
    passed = all(found[name] <= target for name, target in TARGETS.items())
    emit(options, benchmark="import_time", runs=runs, ours_s=found, target=TARGETS, passed=passed)


if __name__ == "__main__":
    main()
