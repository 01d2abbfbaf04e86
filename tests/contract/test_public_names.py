"""The library as its README shows it, whatever was imported before."""

import subprocess
import sys

import pytest

import napari_microgen as microgen


def test_every_public_name_is_there():
    for name in microgen.__all__:
        assert getattr(microgen, name) is not None
    assert set(microgen.__all__) <= set(dir(microgen))


@pytest.mark.parametrize(
    "before", ["", "import napari_microgen.segment.otsu, napari_microgen.quantify.table"]
)
def test_operations_can_be_called_by_their_name(before):
    code = f"""
{before}
import numpy as np, napari_microgen as microgen
image = np.where(np.arange(64 * 64).reshape(64, 64) % 64 < 16, 40, 200).astype(np.uint8)
volume = microgen.Volume(image, "YX")
phases = microgen.segment(microgen.prepare(volume, denoise="gaussian"), method="otsu")
print(len(list(microgen.segment.steps(volume, method="otsu"))) > 0)
print(microgen.quantify(phases, features=("relative_density",))["relative_density"].value)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    ticks, density = found.split()
    assert ticks == "True"
    assert float(density) == pytest.approx(0.75, abs=0.02)


def test_rooms_keep_their_methods():
    from napari_microgen.segment import otsu

    assert microgen.segment.otsu is otsu
