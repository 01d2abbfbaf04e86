"""The models that come with the package: there, small, honest about what they are, and of use at once."""

import subprocess
import sys

import numpy as np
import pytest

from napari_microgen.generate.card import SHIPPED, builtin_models, describe_model
from napari_microgen.generate.operation import generate
from napari_microgen.zones.classifier import builtin_classifiers, class_probabilities, read_classifier

LARGEST = 8_000_000
FILM = {"aluminium": 5, "oxygen": 1, "ionisation": 1, "ion energy": 10, "pressure": 0.5}


def made(temperature, count=12):
    """Return images of the shipped generator at one temperature."""
    wanted = [f"{name}={value}" for name, value in (FILM | {"temperature": temperature}).items()]
    return generate("builtin:thin-film", set=wanted, count=count, seed=3)


def autocorrelation_length(images):
    """Return the distance in px at which the grey values have lost half their correlation."""
    x = images.astype(float) - images.mean()
    power = (np.abs(np.fft.rfft(x, axis=2)) ** 2).mean((0, 1))
    curve = np.fft.irfft(power)
    return int(np.argmax(curve < curve[0] / 2))


def test_models_and_classifiers_are_small_and_free():
    assert "thin-film" in builtin_models()
    assert "thin-film-classes" in builtin_classifiers()
    folders = [SHIPPED, SHIPPED.parents[1] / "zones" / "models"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= LARGEST
    assert {path.name for path in files} == {"model.safetensors", "card.json"}
    details = describe_model("builtin:thin-film")
    assert details["licence"] == "BSD-3-Clause"
    assert "simulated" in " ".join(details["notes"])


def test_an_image_does_not_load_the_compiler():
    """The compiler of torch takes longer to import than the rest of it; somebody is waiting for the image."""
    wanted = [f"{name}={value}" for name, value in (FILM | {"temperature": 200}).items()]
    lines = (
        "import sys",
        "from napari_microgen.generate.operation import generate",
        f"generate('builtin:thin-film', set={wanted!r}, evaluations=4, threads=1, device='cpu')",
        "print('torch' in sys.modules, 'torch._dynamo' in sys.modules)",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "True False\n", done.stderr


def test_images_follow_the_temperature_and_carry_the_pixel_size():
    cold, hot = made(150), made(600)
    assert cold.voxel_size[1:] == pytest.approx((0.0037, 0.0037))
    assert cold.unit == "um"
    assert autocorrelation_length(np.asarray(hot.data)) > 1.25 * autocorrelation_length(np.asarray(cold.data))


def test_classes_of_generated_images_are_those_of_the_law():
    from napari_microgen.simulate.film_rule import FilmConditions, film_law

    classifier = read_classifier("builtin:thin-film-classes")
    for temperature in (150, 600):
        law = film_law(FilmConditions(temperature, 5.0, 1.0, 1.0, 10.0, 0.5)).structure
        images = np.asarray(made(temperature).data)
        shares = class_probabilities(classifier, images).mean(axis=0)
        assert classifier.classes[int(shares.argmax())] == law
