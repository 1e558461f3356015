"""The `openstack` CLI, many times for the price of one start: its own entry point, run inside of the test's process.

Loading the command takes longer than what a test asks of it. That it also works as a program of its own is for test_lab.py."""
import contextlib
import io
import json
import logging
import os
import signal

import pytest

TIMEOUT_S = 60


def clean():
    """Our variables without those that a cloud would be found by."""
    return {key: value for key, value in os.environ.items() if not key.startswith("OS_")}


@contextlib.contextmanager
def environment(variables):
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def time_limit(words):
    def end(*_):
        raise TimeoutError(f"openstack {' '.join(words)}: no end after {TIMEOUT_S} s")
    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(TIMEOUT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def forget():
    """The command keeps its clients and its log's streams for the time of the process, which here is that of all weftds."""
    from openstackclient.volume import client as volume
    from osc_lib.clientmanager import ClientCache, ClientManager

    for number in ("1", "2"):  # old versions, which it strikes out once, and fails to a second time
        volume.API_VERSIONS.setdefault(number, f"cinderclient.v{number}.client.Client")
    for value in vars(ClientManager).values():
        if isinstance(value, ClientCache):
            value._handle = None
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if type(handler) is logging.StreamHandler]:
        root.removeHandler(handler)


def run(words, variables):
    """(exit status, standard output, standard error) of `openstack WORDS` with exactly these variables."""
    from openstackclient import shell

    out, errors = io.StringIO(), io.StringIO()
    forget()
    with environment(variables), time_limit(words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            status = shell.OpenStackShell().run(list(words))
        except SystemExit as end:
            status = end.code
    return status, out.getvalue(), errors.getvalue()


class Cli:
    """cli("network", "delete", "n") gives what it prints, cli.json(…) what it shows, cli(…, fails=True) what it complains of.

    It has the variables OS_… that are given here; a call may change some, or have others `only`."""

    def __init__(self, **variables):
        pytest.importorskip("openstackclient")
        self.variables = variables

    def __call__(self, *words, fails=False, only=None, **changes):
        status, out, errors = run(words, {**clean(), **(only or self.variables), **changes})
        assert bool(status) == fails, f"openstack {' '.join(words)} → {status}\n{out}{errors}"
        return errors if fails else out

    def fails(self, *words, **options):
        return self(*words, fails=True, **options)

    def json(self, *words, **options):
        return json.loads(self(*words, "-f", "json", **options))

    def close(self):
        forget()
