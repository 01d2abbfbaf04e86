"""Full collections are kept small while a live view is open, and nothing is lost by that."""

import gc
import weakref

from napari_microgen.widgets import collector


class Ring:
    """An object that only a collection frees."""

    def __init__(self):
        self.own = self


def test_what_comes_later_is_collected_and_what_was_there_is_after_the_last_view():
    gc.collect()
    first, second, before = object(), object(), Ring()
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
        collector.wake(object())
        assert gc.get_freeze_count() > 1000, "somebody who holds nothing changes nothing"
    finally:
        collector.wake(first)
        collector.wake(second)
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert gone() is None
