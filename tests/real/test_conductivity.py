"""The diffusive tortuosity factor that another solver published for a generated electrode."""

import pytest
import tifffile

from napari_microgen.simulate.conductivity import effective_conductivity


@pytest.mark.nightly
def test_pore_of_the_generated_electrode(real_data):
    labels = tifffile.imread(real_data("electrode") / "taufactor_electrode_256_GENERATED.tif")
    pore = labels == 0
    assert pore.mean() == pytest.approx(0.44992, abs=1e-5)
    factor = pore.mean() / effective_conductivity(pore).value
    assert factor == pytest.approx(2.0776, rel=1e-3)
