"""Work in a thread of its own: its result, or its error, comes where it is waited for."""

import threading

import pytest

from overlap._common.background import in_background


def test_the_result_and_the_error_come_to_who_waits():
    go = threading.Event()
    wait = in_background(lambda: (go.wait(10), threading.current_thread())[1])
    go.set()  # it did not hold up this thread
    assert wait() is not threading.current_thread()
    assert wait() is wait()
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0)()
