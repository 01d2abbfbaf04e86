"""Damaged images raise errors of this package only, quickly and within the memory allowed.

Each mutated file is read in a child with 2 GiB of address space, a memory budget of
64 MB and an alarm at 10 s. A file is known by its number, so that a find can be made again.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

BUDGET = 64_000_000
SLOWEST = 5.0
FEI = "[Scan]\nPixelWidth=1.86e-008\nPixelHeight=1.86e-008\n[Image]\nResolutionX=32\nResolutionY=20\n"


def seeds(folder):
    """Write the small whole images that are then damaged; return their paths."""
    from PIL import Image

    from napari_microgen import Volume, write

    rng = np.random.default_rng(0)
    grey = rng.integers(0, 9, (5, 24, 32)).astype(np.uint8)
    colour = rng.integers(0, 255, (24, 32, 3)).astype(np.uint8)
    table = rng.integers(0, 65535, (3, 256)).astype(np.uint16)
    plain = {"photometric": "minisblack"}
    tifffile.imwrite(folder / "0.tif", grey, **plain)
    tifffile.imwrite(folder / "1.tif", grey, compression="zlib", predictor=True, **plain)
    tifffile.imwrite(folder / "2.tif", grey, compression="lzw", rowsperstrip=5, **plain)
    tifffile.imwrite(
        folder / "3.tif", grey.astype(">u2"), byteorder=">", imagej=True, metadata={"axes": "ZYX"}
    )
    tifffile.imwrite(
        folder / "4.tif", grey, ome=True, metadata={"axes": "ZYX", "PhysicalSizeX": 2.0}, **plain
    )
    tifffile.imwrite(folder / "5.tif", colour, photometric="rgb", tile=(16, 16), compression="packbits")
    tifffile.imwrite(folder / "6.tif", colour.transpose(2, 0, 1), photometric="rgb", planarconfig="separate")
    tifffile.imwrite(folder / "7.tif", grey[0], photometric="palette", colormap=table)
    tifffile.imwrite(folder / "8.tif", grey, bigtiff=True, compression="zstd", **plain)
    tifffile.imwrite(folder / "9.tif", grey[0], extratags=[(34682, 2, None, FEI, True)], **plain)
    Image.fromarray(colour).save(folder / "10.png")
    Image.fromarray(grey[0]).save(folder / "11.bmp")
    Image.fromarray(colour).save(folder / "12.jpg")
    write(Volume(grey, "ZYX", (2.0, 1.0, 1.0), "um"), folder / "13.npy")
    return sorted((p for p in folder.iterdir() if p.stem.isdigit()), key=lambda p: int(p.stem))


def mutate(content, number):
    """Return a damaged copy: some bytes changed, most of them where the structure is."""
    rng = np.random.default_rng(number)
    damaged = bytearray(content)
    extremes = (0, 1, 2, 127, 128, 254, 255)
    for _ in range(rng.integers(1, 9)):
        near = rng.random() < 0.7
        at = int(rng.integers(0, min(len(damaged), 400) if near else len(damaged)))
        damaged[at] = int(rng.choice(extremes) if rng.random() < 0.5 else rng.integers(0, 256))
    kind = rng.random()
    if kind < 0.1:
        del damaged[int(rng.integers(0, len(damaged))) :]
    elif kind < 0.2:
        start, stop = sorted(int(n) for n in rng.integers(0, len(damaged), 2))
        damaged[start:stop] = bytes(stop - start)
    elif kind < 0.3:
        at = int(rng.integers(0, max(len(damaged) - 4, 1)))
        damaged[at : at + 4] = int(rng.integers(0, 2**32)).to_bytes(4, "little")
    return bytes(damaged)


def try_them(folder, first, count):
    """Read ``count`` mutated files; report what went wrong. Runs in a child."""
    import resource

    from napari_microgen import read
    from napari_microgen.errors import MicrogenError

    resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
    originals = [(path.suffix, path.read_bytes()) for path in seeds(folder)]
    for suffix, content in originals:
        np.asarray(read(_placed(folder, suffix, content)).data)
    start = _highest()
    foreign, slow, outcome = [], [], {}
    for number in range(first, first + count):
        suffix, content = originals[number % len(originals)]
        path = _placed(folder, suffix, mutate(content, number))
        signal.alarm(10)
        begun = time.perf_counter()
        try:
            np.asarray(read(path).data)
            kind = "read"
        except MicrogenError as error:
            kind = type(error).__name__
        except Exception as error:
            kind = type(error).__name__
            foreign.append((number, suffix, f"{kind}: {error}"[:300]))
        finally:
            signal.alarm(0)
        outcome[kind] = outcome.get(kind, 0) + 1
        if time.perf_counter() - begun > SLOWEST:
            slow.append((number, suffix, time.perf_counter() - begun))
    return {"foreign": foreign, "slow": slow, "outcome": outcome, "peak": _highest() - start}


def _highest():
    """Return the most memory this process has had, in bytes; getrusage would count that of the parent in."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _placed(folder, suffix, content):
    path = folder / f"mutated{suffix}"
    path.write_bytes(content)
    return path


def report_of(folder, first, count):
    code = f"import sys, json; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    code += "import pathlib, test_mutations as t; "
    code += f"print(json.dumps(t.try_them(pathlib.Path(sys.argv[1]), {first}, {count})))"
    surroundings = os.environ | {
        "MICROGEN_MEMORY": str(BUDGET),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    child = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:A voxel edge", "-c", code, str(folder)],
        capture_output=True,
        text=True,
        env=surroundings,
    )
    assert child.returncode == 0, child.stderr[-3000:]
    return json.loads(child.stdout.splitlines()[-1])


def judge(report, count):
    assert sum(report["outcome"].values()) == count
    assert report["foreign"] == []
    assert report["slow"] == []
    assert report["peak"] <= 4 * BUDGET
    assert report["outcome"].get("CorruptFileError", 0) > count / 10


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc and limits its address space")
def test_280_mutations_raise_our_errors_only(tmp_path):
    judge(report_of(tmp_path, 0, 280), 280)


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("part", range(14))
def test_10000_mutations_raise_our_errors_only(part, tmp_path):
    judge(report_of(tmp_path, 1_000_000 + part * 720, 720), 720)
