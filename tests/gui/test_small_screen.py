"""On a screen of 1366 x 768 every button can be reached and nothing is cut off."""

import pytest
from qtpy.QtWidgets import QAbstractButton, QScrollArea, QWidget

PAGES = [
    (name, page)
    for name, pages in {
        "Load and Prepare": ("Load", "Prepare", "Crop"),
        "Segment": ("Phase map", "Annotate", "Train", "Compare"),
        "Measure": ("Measure", "Plots", "Fields"),
        "Property": ("Relate", "Predict"),
        "Compare": ("Images", "Side by side", "Numbers"),
        "Grains": ("Grains", "Plots", "Growth"),
        "Generate": ("Make", "Train", "Choose"),
        "Zones": ("Map", "Cell", "Window", "Find"),
    }.items()
    for page in pages
]
DOCKS = tuple(dict.fromkeys(name for name, _ in PAGES))


@pytest.fixture
def room(bench, phases):
    grey, truth = phases()
    bench.image(grey, unit=None, name="an image with quite a long name, as files from a microscope have it")
    bench.labels(truth, unit=None, name="its phase map, with a long name as well")
    return bench


def unfold(page):
    """Open everything that can be opened on a page."""
    for form in page.findChildren(QWidget):
        if hasattr(form, "more"):
            form.more.setChecked(True)
        if hasattr(form, "show_details"):
            form.show_details(True)


@pytest.mark.parametrize("name", DOCKS)
def test_every_page_fits(room, name):
    bench, dock = room, room.open(name)
    for title in (page for dock_name, page in PAGES if dock_name == name):
        page = dock.turn_to(title)
        unfold(page)
        bench.settle(50)
        window = dock.window()
        assert (window.width(), window.height()) == (1366, 768), f"{title} forces the window to grow"
        for button in (dock.run_button, dock.cancel_button, dock.help_button):
            corner = button.mapTo(window, button.rect().bottomRight())
            assert button.isVisible()
            assert corner.x() <= 1366
            assert corner.y() <= 768
        area = dock.tabs.currentWidget()
        assert isinstance(area, QScrollArea)
        assert page.width() <= area.viewport().width(), f"{title} is cut off on the right"
        for part in page.findChildren(QWidget):
            if part.isVisible() and part.parent() is page:
                assert part.geometry().right() <= page.width(), (title, part)


@pytest.mark.parametrize("name", DOCKS)
def test_everything_that_can_be_pressed_explains_itself(room, name):
    dock = room.open(name)
    for title in (page for dock_name, page in PAGES if dock_name == name):
        page = dock.turn_to(title)
        room.settle()
        for button in [*page.findChildren(QAbstractButton), dock.run_button, dock.cancel_button]:
            if button.isVisible() and not button.isEnabled():
                assert button.toolTip(), f"{button.text()!r} on {title} is off without a word"
        for form in page.findChildren(QWidget):
            for field in getattr(form, "fields", {}).values():
                assert field.toolTip(), f"{field.objectName()} on {title} has no help"


@pytest.mark.parametrize("name", DOCKS)
def test_the_help_names_every_page(room, name):
    dock = room.open(name)
    room.click(dock.help_button)
    from qtpy.QtWidgets import QMessageBox

    (box,) = dock.findChildren(QMessageBox)
    assert box.isVisible()
    for dock_name, page in PAGES:
        if dock_name == name:
            assert f"**{page}**" in box.text()
    box.accept()
