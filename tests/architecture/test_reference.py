"""docs/reference.md says what the functions say."""

import runpy
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_page_is_current():
    if not DOCS.is_dir():
        pytest.skip("docs are not part of this installation")
    page = runpy.run_path(str(DOCS / "make_reference.py"))["page"]()
    assert (DOCS / "reference.md").read_text(encoding="utf-8") == page, "run: python docs/make_reference.py"


def test_every_linked_page_and_picture_is_there():
    import re

    for source in [DOCS.parent / "README.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", source.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (source.parent / target).exists(), f"{source.name} links to {target}"
