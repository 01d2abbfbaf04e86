"""A tiny trained U-Net, made once for all tests that apply one."""

import numpy as np
import pytest
from scipy import ndimage as ndi


@pytest.fixture(scope="session")
def small_stack():
    """Return a grey stack and where its solid is: bright solid, dark pores, noise."""
    noise = np.random.default_rng(0).standard_normal((8, 80, 100))
    solid = ndi.gaussian_filter(noise, (1, 4, 4)) > 0
    grey = (80 * solid + 60 + 20 * np.random.default_rng(1).standard_normal(solid.shape)).clip(0, 255)
    return grey.astype(np.uint8), solid


@pytest.fixture(scope="session")
def small_models(small_stack, tmp_path_factory):
    """Return the folders of a default network (context 1) and of the paper's network."""
    from napari_microgen.io.writing import write
    from napari_microgen.segment.unet_training import train_unet
    from napari_microgen.volume import Volume

    folder = tmp_path_factory.mktemp("models")
    grey, solid = small_stack
    image = write(Volume(grey, "ZYX", (25.0, 18.6, 18.6), "nm"), folder / "grey.tif")
    labels = write(
        Volume(np.where(solid, 1, 2).astype(np.uint8), "ZYX", kind="labels"), folder / "labels.tif"
    )
    options = {"precision": "fp32", "threads": 1, "device": "cpu", "validation": 0.0}
    small = {"context": 1, "base_channels": 8, "patch_size": 48, "learning_rate": 5e-3}
    train_unet([image], [labels], folder / "default", steps=80, **small, **options)
    train_unet([image], [labels], folder / "paper", preset="paper-002", every_nth=1, steps=600, **options)
    return {"default": folder / "default", "paper": folder / "paper"}
