"""The real clients of OpenStack, unmodified: the `openstack` command line and openstacksdk, with a token of the configuration."""
import openstack

import openstack_cli
from weftd import ADMIN


class Cli(openstack_cli.Cli):
    """cli("network", "list", token=MEMBER) with another token than the one given here."""

    def __init__(self, weftd, token=ADMIN):
        super().__init__(OS_AUTH_TYPE="admin_token", OS_ENDPOINT=weftd.url, OS_TOKEN=token)

    def __call__(self, *words, token=None, **options):
        return super().__call__(*words, **({"OS_TOKEN": token} if token else {}), **options)


def connect(weftd, token=ADMIN):
    """The network proxy of openstacksdk; close it with .session.close()."""
    return openstack.connect(auth_type="admin_token", auth={"endpoint": weftd.url, "token": token},
                             load_envvars=False, load_yaml_config=False).network
