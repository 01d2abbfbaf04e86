"""What the first picture layer needs is there before anybody waits for it, and no layer is left behind."""

import sys

from napari_microgen.widgets.first_layer import NEEDED, FirstLayer


def test_a_layer_is_made_off_stage(qtbot):
    first = FirstLayer()
    with qtbot.waitSignal(first.done, timeout=30_000) as told:
        pass
    assert [module.__name__ for module in told.args[0]] == list(NEEDED)
    assert all(name in sys.modules for name in (*NEEDED, "napari.layers"))
    assert not first.busy


def test_a_window_that_closes_at_once_is_not_waited_for(qtbot):
    first, told = FirstLayer(), []
    first.done.connect(told.append)
    first.forget()
    first.join(30)
    qtbot.wait(20)
    assert told == []
