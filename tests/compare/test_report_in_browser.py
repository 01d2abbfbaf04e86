"""The report in a real browser, without a network."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from napari_microgen.compare.operation import compare

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OFFLINE = ("--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND")


@pytest.fixture(scope="module")
def browser():
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed, so the report cannot be opened in a browser")

    def run(folder, *words):
        command = [found, *OFFLINE, f"--user-data-dir={folder / 'profile'}", *map(str, words)]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=True)

    return run


@pytest.fixture(scope="module")
def report(tmp_path_factory, precipitates):
    """A report of few images of one condition."""
    root = tmp_path_factory.mktemp("browser")
    random = np.random.default_rng(0)
    for name in ("real", "synthetic"):
        np.save(root / f"{name}.npy", precipitates(random, 24))
    content = compare(root / "real.npy", root / "synthetic.npy", out=root / "out", repeats=3, planes="each")
    return root, root / "out" / "report.html", content


def test_the_browser_shows_the_verdict_and_every_picture(browser, report):
    root, page, content = report
    shown = browser(root, "--dump-dom", "--enable-logging=stderr", f"file://{page}")
    text = re.sub("<[^>]*>", "", shown.stdout).replace("&amp;", "&")
    for line in content["verdict"]:
        assert " ".join(line.split()) in " ".join(text.split())
    assert "CONSOLE" not in shown.stderr
    assert shown.stdout.count("<img") >= 5


def test_the_page_is_drawn(browser, report):
    root, page, _ = report
    browser(root, "--window-size=1200,2400", f"--screenshot={root / 'shot.png'}", f"file://{page}")
    drawn = np.asarray(Image.open(root / "shot.png").convert("L"))
    assert drawn.shape == (2400, 1200)
    bands = drawn.reshape(12, 200, 1200)
    assert (bands.std(axis=(1, 2)) > 3).all(), "a band of 200 rows is empty"


def test_the_page_prints(browser, report):
    root, page, _ = report
    browser(root, "--no-pdf-header-footer", f"--print-to-pdf={root / 'report.pdf'}", f"file://{page}")
    content = (root / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    pages = max(int(n) for n in re.findall(rb"/Count (\d+)", content))
    assert 2 <= pages <= 20
