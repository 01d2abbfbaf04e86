"""A full disk or a denied folder: the old file stays, nothing cut takes the final name, and it is said."""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from napari_microgen import FeatureTable, Recipe, Volume, write
from napari_microgen.errors import SaveError
from napari_microgen.features import Feature
from napari_microgen.io import atomic
from napari_microgen.io.weights import save_model
from napari_microgen.io.writing import write_table

LIMITS = 20
CODES = ("ENOSPC", "EDQUOT", "EACCES", "EROFS", "EIO")


def image(seed, axes="ZYX", shape=(4, 64, 64)):
    data = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    return Volume(data, axes, (1.0,) * len(axes), "um", recipe=Recipe("prepare", {"seed": seed}))


def table(seed):
    return FeatureTable(tuple(Feature(name=f"f{k}", value=k + seed, unit="um") for k in range(40)))


def weights(seed):
    return {"w": np.random.default_rng(seed).random((32, 32)).astype(np.float32)}


WRITERS = {
    "tif": lambda folder, seed: write(image(seed), folder / "a.tif"),
    "ome": lambda folder, seed: write(image(seed), folder / "a.ome.tif"),
    "zarr": lambda folder, seed: write(image(seed), folder / "a.zarr"),
    "npy": lambda folder, seed: write(image(seed), folder / "a.npy"),
    "png": lambda folder, seed: write(image(seed, "YX", (64, 64)), folder / "a.png"),
    "slices": lambda folder, seed: write(image(seed), folder / "a"),
    "csv": lambda folder, seed: write_table(table(seed), folder / "a.csv"),
    "model": lambda folder, seed: save_model(folder / "a", weights(seed), {"method": "edm"}),
}
NAMES = {name: {"ome": "a.ome.tif", "slices": "a", "model": "a"}.get(name, f"a.{name}") for name in WRITERS}


def contents(folder):
    """Return every file below a folder with its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def refused(make, folder):
    """Run a writer that must fail; return what it said."""
    try:
        make(folder, 2)
    except SaveError as error:
        return str(error)
    return "silent"


def full_disk_cases(folder):
    """Try every writer under 20 limits on the size of a file; run in a child, whose limits end with it."""
    import resource

    report = []
    for name, make in WRITERS.items():
        place = folder / name
        place.mkdir()
        make(place, 1)
        before = contents(place)
        largest = max(map(len, before.values()))
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        for limit in np.linspace(0, 0.9 * largest, LIMITS).astype(int):
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), hard))
            try:
                said = refused(make, place)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            report.append((name, int(limit), said, contents(place) == before))
    return report


@pytest.mark.skipif(os.name != "posix", reason="limits on file size are a POSIX thing")
def test_full_disk_keeps_the_old_file_160_of_160(tmp_path):
    code = f"import sys, json; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    code += "import pathlib, test_writers as t; "
    code += "print(json.dumps(t.full_disk_cases(pathlib.Path(sys.argv[1]))))"
    child = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    report = json.loads(child.stdout)
    assert len(report) == LIMITS * len(WRITERS)
    assert [case for case in report if case[2] == "silent" or not case[3]] == []
    assert all("could not be written" in said for _, _, said, _ in report)


@pytest.mark.parametrize("call", ["fsync", "replace", "flush"])
@pytest.mark.parametrize("name", WRITERS)
def test_each_system_error_keeps_the_old_file(name, call, tmp_path, monkeypatch):
    """120 cases: 8 writers x 5 errors x 3 calls."""
    make = WRITERS[name]
    make(tmp_path, 1)
    before = contents(tmp_path)
    for code in CODES:
        number = getattr(errno, code)

        def fail(*args, number=number, **kwargs):
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            if call == "replace":
                patched.setattr(atomic, "_exchange", lambda one, other: False)
                patched.setattr(os, "rename", fail)
            if call == "flush":
                patched.setattr(atomic, "_flush", fail)
            patched.setattr(os, "fsync" if call == "fsync" else "replace", fail)
            said = refused(make, tmp_path)
        assert os.strerror(number) in said
        assert NAMES[name] in said
        assert contents(tmp_path) == before
    make(tmp_path, 2)
    assert contents(tmp_path) != before


@pytest.mark.parametrize("name", WRITERS)
def test_a_failure_without_an_old_file_leaves_nothing(name, tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    assert "could not be written" in refused(WRITERS[name], tmp_path)
    assert contents(tmp_path) == {}


def denied_cases(folder):
    """Try every writer in a folder that may not be written, as an ordinary user."""
    for name, make in WRITERS.items():
        (folder / name).mkdir()
        make(folder / name, 1)  # also imports what an ordinary user may not be allowed to read later
    before = contents(folder)
    for place in sorted(folder.rglob("*")):
        if place.is_dir():
            place.chmod(0o555)
    if os.getuid() == 0:
        os.setuid(65534)
    said = {name: refused(make, folder / name) for name, make in WRITERS.items()}
    return said, contents(folder) == before


@pytest.mark.skipif(os.name != "posix", reason="modes of folders are a POSIX thing")
def test_a_denied_folder_is_named():
    """Run as an ordinary user, since a superuser may write anywhere."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    code = f"import sys, json; sys.path.insert(0, {str(Path(__file__).parent)!r}); import pathlib; "
    code += "import test_writers as t; print(json.dumps(t.denied_cases(pathlib.Path(sys.argv[1]))))"
    try:
        child = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True)
        assert child.returncode == 0, child.stderr
        said, untouched = json.loads(child.stdout)
    finally:
        for place in folder.rglob("*"):
            place.chmod(0o755)
        shutil.rmtree(folder)
    assert len(said) == len(WRITERS)
    assert all("denied" in text.lower() for text in said.values()), said
    assert untouched
