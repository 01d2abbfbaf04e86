"""Temperature and calibration error against logits whose miscalibration is known."""

import numpy as np
import pytest

from napari_microgen.errors import ParameterError
from napari_microgen.zones.calibration import (
    calibration_error,
    fitted_temperature,
    log_loss,
    probabilities,
)


def drawn(count=20_000, classes=4, seed=0):
    """Return logits whose softmax is exactly the chance of each label."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (count, classes))
    chance = probabilities(logits).cumsum(1)
    return logits, (random.random((count, 1)) > chance).sum(1)


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_that_spoiled_logits_is_found(factor):
    logits, labels = drawn()
    assert fitted_temperature(factor * logits, labels) == pytest.approx(factor, rel=0.03)


def test_calibration_removes_the_error_of_overconfident_logits():
    logits, labels = drawn()
    spoiled = 3 * logits
    before = calibration_error(probabilities(spoiled), labels)
    after = calibration_error(probabilities(spoiled, fitted_temperature(spoiled, labels)), labels)
    assert before > 0.15
    assert after < 0.015
    assert log_loss(spoiled, labels, 3.0) < log_loss(spoiled, labels)


def test_the_answer_does_not_change_with_the_temperature():
    logits, _ = drawn(100)
    assert (probabilities(logits, 0.3).argmax(1) == logits.argmax(1)).all()
    np.testing.assert_allclose(probabilities(logits, 7.0).sum(1), 1)


def test_large_logits_do_not_overflow():
    assert probabilities(np.array([[1e4, 0.0]])).tolist() == [[1.0, 0.0]]


def test_nothing_to_fit_is_said():
    with pytest.raises(ParameterError, match="one row of logits and one label"):
        fitted_temperature(np.zeros((0, 3)), np.zeros(0, int))
