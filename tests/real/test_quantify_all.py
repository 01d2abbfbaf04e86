"""Everything at once, as a user asks for it, on published and real volumes."""

import numpy as np
import pytest
import tifffile

from napari_microgen.io.reading import read
from napari_microgen.quantify.catalogue import quantities
from napari_microgen.quantify.table import quantify
from napari_microgen.volume import Volume


def test_gold_with_its_anisotropic_voxels_runs_through_everything(real_data):
    grey = tifffile.imread(real_data("nanoporous-gold") / "fib_serial_130x150x150.tif")
    labels = Volume((grey > 127).astype(np.uint8), "ZYX", (46.18, 40.0, 40.0), "nm", kind="labels")
    table = quantify(labels)
    names = {name for q in quantities() if 3 in q.dimensions for name in q.names[:1]}
    assert names <= {feature.name for feature in table}
    for feature in table:
        assert feature.value is not None, feature
        assert feature.bias, feature
    assert 1 < table["geodesic_tortuosity"].value < 1.5
    assert table["percolating_fraction"].value > 0.95
    # the strut, the largest ball and the mean chord of the same ligaments are of one size
    strut, ball, chord = (table[name].value for name in ("strut_diameter", "local_thickness", "chord_length"))
    assert 0.5 < strut / ball < 1.5
    assert 0.5 < chord / ball < 2
    assert table["bruggeman_exponent"].value == pytest.approx(
        -np.log(table["geodesic_tortuosity"].value) / np.log(table["relative_density"].value)
    )


def test_electrode_with_three_phases_and_gaps_between_the_labels(real_data):
    path = real_data("electrode") / "taufactor_electrode_256_GENERATED.tif"
    labels = read(path, kind="labels", voxel_size=(100 / 256,) * 3, unit="um")
    published = {0: (0.44992, 785502), 85: (0.40047, 374028), 170: (0.14962, 876100)}
    for phase, (fraction, per_metre) in published.items():
        table = quantify(labels, phase=phase, features=("relative_density", "specific_surface_area"))
        assert round(table["relative_density"].value, 5) == fraction
        faces = table["specific_surface_area"].details["voxel_faces"]
        assert faces * 1e6 == pytest.approx(per_metre, abs=0.5)
    absent = quantify(labels, phase=1, features=("relative_density",))["relative_density"]
    assert absent.value == 0
    assert "the labels hold 0, 85, 170" in absent.reason


def test_berea_in_sub_volumes(real_data):
    """Published cube: the surface within 1.5 %, and sub-volumes side by side average to the whole."""
    volume = tifffile.imread(real_data("sandstone") / "berea_400_solid1.tif")[:200, :200, :200]
    labels = Volume((volume > 0).astype(np.uint8), "ZYX", (1.0,) * 3, "um", kind="labels")
    names = ("relative_density", "specific_surface_area")
    whole = quantify(labels, features=names)
    parts = quantify(labels, features=names, voi_count=8, voi_size=(100,))
    assert parts["relative_density"].value == pytest.approx(whole["relative_density"].value)
    surface = parts["specific_surface_area"]
    assert surface.low < whole["specific_surface_area"].value < surface.high
    assert parts.facts["sub_volumes"]["side_by_side"] == 8
