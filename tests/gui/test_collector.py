"""Full collections are kept small while a live view is open, and nothing is lost by that."""

import gc
import weakref

from qtpy.QtCore import QObject

from napari_microgen.widgets import collector


class Ring:
    """An object that only a collection frees."""

    def __init__(self):
        self.own = self


def test_what_comes_later_is_collected_and_what_was_there_is_after_the_last_view():
    gc.collect()
    first, second, before = QObject(), QObject(), Ring()
    gone = weakref.ref(before)
    try:
        collector.rest(first)
        collector.rest(second)
        assert gc.get_freeze_count() > 1000
        later = weakref.ref(Ring())
        del before
        gc.collect()
        assert later() is None
        assert gone() is not None, "it was there before and is left alone"
        collector.wake(first)
        assert gc.get_freeze_count() > 1000, "another view is still open"
        collector.wake(QObject())
        assert gc.get_freeze_count() > 1000, "somebody who holds nothing changes nothing"
    finally:
        collector.wake(first)
        collector.wake(second)
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert gone() is None


def test_a_view_that_is_destroyed_without_a_word_holds_nothing_back(qtbot):
    from qtpy.QtWidgets import QWidget

    window = QWidget()
    collector.rest(QWidget(window))
    assert gc.get_freeze_count() > 1000
    window.deleteLater()
    qtbot.waitUntil(lambda: gc.get_freeze_count() == 0)
