"""The real clients of OpenStack, unmodified: the `openstack` command line and openstacksdk.

The command line is run inside of the test's process: loading it takes longer than what a test asks of it."""
import contextlib
import io
import json
import os

import openstack
from openstackclient import shell
from osc_lib.clientmanager import ClientCache, ClientManager

from weftd import ADMIN


class Cli:
    """cli("network", "delete", "n") gives its output, cli.json(…) what it shows, cli.fails(…) what it complains of."""

    def __init__(self, weftd, token=ADMIN):
        self.variables = {"OS_AUTH_TYPE": "admin_token", "OS_ENDPOINT": weftd.url, "OS_TOKEN": token}

    @contextlib.contextmanager
    def _environment(self):
        before = dict(os.environ)
        for name in [name for name in os.environ if name.startswith("OS_")]:
            del os.environ[name]
        os.environ.update(self.variables)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    @staticmethod
    def _forget():
        """The command line keeps its clients for the time of the process, which here is that of all weftds."""
        for value in vars(ClientManager).values():
            if isinstance(value, ClientCache):
                value._handle = None

    def _run(self, words):
        out, errors = io.StringIO(), io.StringIO()
        self._forget()
        with self._environment(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                status = shell.OpenStackShell().run(list(words))
            except SystemExit as end:
                status = end.code
        return status, out.getvalue(), errors.getvalue()

    def __call__(self, *words):
        status, out, errors = self._run(words)
        assert not status, f"openstack {' '.join(words)}:\n{out}{errors}"
        return out

    def fails(self, *words):
        status, out, errors = self._run(words)
        assert status, f"openstack {' '.join(words)} should have failed:\n{out}"
        return errors

    def json(self, *words):
        return json.loads(self(*words, "-f", "json"))


def connect(weftd, token=ADMIN):
    """The network proxy of openstacksdk; close it with .session.close()."""
    return openstack.connect(auth_type="admin_token", auth={"endpoint": weftd.url, "token": token},
                             load_envvars=False, load_yaml_config=False).network
