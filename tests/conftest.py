"""What all tests share: real data, hypothesis profiles, and which runs are nightly."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("develop", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "develop"))


def pytest_collection_modifyitems(config, items):
    """Leave nightly runs out unless they are asked for with ``-m nightly``."""
    if "nightly" in (config.getoption("-m") or ""):
        return
    nightly = [item for item in items if item.get_closest_marker("nightly")]
    if nightly:
        config.hook.pytest_deselected(items=nightly)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]


def pytest_sessionfinish(session, exitstatus):
    """Let a run of one kind of test end well where the named folders hold none of that kind."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.getoption("-m"):
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="session")
def real_data():
    """Return a function that gives the folder of a real data set, or skips the test."""
    root = Path(os.environ.get("MICROGEN_DATA") or Path(__file__).parents[2] / "shared" / "data")

    def folder(name):
        if not (root / name).is_dir():
            pytest.skip(f"real data set '{name}' is absent (set MICROGEN_DATA)")
        return root / name

    return folder
