"""What tests that measure rely on: time in which the machine stood still is taken off, and no other (stalls.py)."""
import os
import signal
import time

import pytest

import stalls

STALLS = [[10.0, 11.0], [10.5, 12.0], [20.0, 21.0]]  # of two processors


@pytest.fixture
def stalled(monkeypatch):
    monkeypatch.setattr(stalls, "ask", lambda: STALLS)


def test_what_is_taken_off(stalled):
    """Both at once count once, and of each what is within the time."""
    assert stalls.within(STALLS, 9, 30) == 3 and stalls.within(STALLS, 11.5, 20.25) == 0.75 and stalls.within(STALLS, 12, 20) == 0
    assert stalls.worked(9, 13) == 2 and stalls.longest_gap([9, 13, 15.5]) == 2.5 and stalls.longest_gap([9]) == 0


def test_a_figure_without_stalls_is_not_asked_for_again(monkeypatch):
    monkeypatch.setattr(stalls, "ask", list)
    tries = iter([1, 5])
    with pytest.raises(pytest.fail.Exception, match="measured"):
        stalls.measured(lambda: next(tries), lambda figure: figure > 3)
    assert next(tries) == 5


def test_a_figure_with_stalls_is_asked_for_thrice_at_most(monkeypatch):
    monkeypatch.setattr(stalls, "ask", lambda: [[0, 1e12]])
    tries = iter([1, 5, 1, 1, 1, 5])

    def measure():
        time.sleep(0.002)  # all of it stood still
        return next(tries)
    assert stalls.measured(measure, lambda figure: figure > 3) == 5
    with pytest.raises(pytest.fail.Exception):
        stalls.measured(measure, lambda figure: figure > 3)
    assert next(tries) == 5


def test_a_stall_is_seen():
    """Of the watcher itself, which is stopped: to its threads that is a machine that stands still."""
    begin = stalls.now()
    os.kill(stalls.watcher.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, stalls.watcher.pid, os.WSTOPPED)
    time.sleep(0.2)
    os.kill(stalls.watcher.pid, signal.SIGCONT)
    assert stalls.within(stalls.ask(), begin, time.time()) > 0.15
