"""A simulated series that is killed at any moment goes on and ends with the bytes of one that was not."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_microgen.io.reading import read
from napari_microgen.simulate.precipitates import simulate_precipitates

TABLE = "file,temper,feed rate [mm/s],strength [MPa]\n" + "".join(
    f"s{row},T{5 + row % 2},{4 + row},{430 + 10 * row}\n" for row in range(12)
)
OPTIONS = {"shape": (192, 256), "images": 2}
CHILD = """
import sys
from pathlib import Path
from napari_microgen.simulate.precipitates import simulate_precipitates
simulate_precipitates(Path(sys.argv[2]), conditions=Path(sys.argv[1]), shape=(16, 16), images=1)
print("READY", flush=True)
simulate_precipitates(Path(sys.argv[3]), conditions=Path(sys.argv[1]), shape=(192, 256), images=2)
"""


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def killed(folder, out, delay):
    """Start the series in a child, kill it after a while, and return how many images were whole."""
    command = [
        sys.executable,
        "-c",
        CHILD,
        str(folder / "table.csv"),
        str(folder / f"warm {out.name}"),
        str(out),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline().strip() == "READY"
        time.sleep(delay)
        os.kill(child.pid, signal.SIGKILL)
    whole = [path for path in out.rglob("*.tif") if not path.name.startswith(".")] if out.exists() else []
    for path in whole:
        assert read(path, kind="labels" if path.parent.name == "labels" else "image").shape == (192, 256)
    return len(whole)


def held_to_it(tmp_path, delays):
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    simulate_precipitates(tmp_path / "clean", conditions=tmp_path / "table.csv", **OPTIONS)
    clean, counts = contents(tmp_path / "clean"), []
    for number, delay in enumerate(delays):
        out = tmp_path / f"out {number}"
        counts.append(killed(tmp_path, out, delay))
        simulate_precipitates(out, conditions=tmp_path / "table.csv", **OPTIONS)
        assert contents(out) == clean
    return counts


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_a_killed_series_goes_on(tmp_path):
    held_to_it(tmp_path, [0.05, 0.4])


@pytest.mark.nightly
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a POSIX signal")
def test_killed_at_many_moments(tmp_path):
    counts = held_to_it(tmp_path, np.random.default_rng(0).uniform(0, 1.5, 30))
    assert len(set(counts)) > 5, "kills fell at different places"
