"""The real clients of OpenStack, unmodified: Debian's `openstack` CLI and openstacksdk. Proves B2, B9 (the API that users
already have) for networks, subnets and ports."""
import pytest

from weftd import ADMIN, MEMBER

openstack = pytest.importorskip("openstack")


@pytest.fixture
def sdk(weftd):
    connection = openstack.connect(auth_type="admin_token", auth={"endpoint": weftd.url, "token": ADMIN},
                                   load_envvars=False, load_yaml_config=False)
    yield connection.network
    connection.close()


def test_cli_network(cli):
    made = cli.json("network", "create", "cli-net", "--mtu", "1400", "--tag", "red", "--description", "d")
    assert (made["name"], made["mtu"], made["tags"]) == ("cli-net", 1400, ["red"])
    assert [n["Name"] for n in cli.json("network", "list", "--name", "cli-net")] == ["cli-net"]
    assert [n["Name"] for n in cli.json("network", "list", "--tags", "red")] == ["cli-net"]
    cli("network", "set", "cli-net", "--name", "renamed", "--disable", "--tag", "blue")
    shown = cli.json("network", "show", "renamed")
    assert (shown["admin_state_up"], sorted(shown["tags"])) == (False, ["blue", "red"])
    cli("network", "unset", "renamed", "--tag", "red")
    assert cli.json("network", "show", made["id"])["tags"] == ["blue"]
    cli("network", "delete", "renamed")
    assert "No Network found for renamed" in cli("network", "show", "renamed", fails=True)


def test_cli_subnet_and_port(cli):
    cli("network", "create", "net")
    subnet = cli.json("subnet", "create", "sub", "--network", "net", "--subnet-range", "10.0.0.0/24", "--dns-nameserver",
                      "9.9.9.9", "--host-route", "destination=192.168.0.0/16,gateway=10.0.0.9", "--allocation-pool",
                      "start=10.0.0.10,end=10.0.0.99")
    assert subnet["gateway_ip"] == "10.0.0.1"
    cli("subnet", "set", "sub", "--dns-nameserver", "8.8.8.8", "--no-dhcp")
    assert cli.json("subnet", "show", "sub")["enable_dhcp"] is False
    cli("subnet", "unset", "sub", "--dns-nameserver", "9.9.9.9")
    assert cli.json("subnet", "show", "sub")["dns_nameservers"] == ["8.8.8.8"]
    v6 = cli.json("subnet", "create", "six", "--network", "net", "--ip-version", "6", "--subnet-range", "fd00::/64",
                  "--ipv6-ra-mode", "slaac", "--ipv6-address-mode", "slaac")
    assert v6["ipv6_ra_mode"] == "slaac"
    assert [s["Name"] for s in cli.json("subnet", "list", "--network", "net")] == ["sub", "six"]

    port = cli.json("port", "create", "p", "--network", "net", "--fixed-ip", "subnet=sub,ip-address=10.0.0.77",
                    "--allowed-address", "ip-address=10.9.9.0/24", "--dns-name", "guest")
    assert port["status"] == "DOWN" and port["dns_name"] == "guest"
    assert [p["Name"] for p in cli.json("port", "list", "--network", "net", "--fixed-ip", "ip-address=10.0.0.77")] == ["p"]
    cli("port", "set", "p", "--name", "q", "--device", "vm1", "--device-owner", "compute:nova")
    assert cli.json("port", "show", "q")["device_id"] == "vm1"
    cli("port", "unset", "q", "--allowed-address", "ip-address=10.9.9.0/24,mac-address=" + port["mac_address"])
    assert "10.0.0.77" in cli("port", "create", "r", "--network", "net", "--fixed-ip", "ip-address=10.0.0.77", fails=True)
    cli("network", "delete", "net", fails=True)
    cli("port", "delete", "q")
    cli("network", "delete", "net")
    cli("subnet", "show", "sub", fails=True)


def test_cli_extensions_and_refusals(cli):
    aliases = {e["Alias"] for e in cli.json("extension", "list", "--network")}
    assert "binding" in aliases
    assert "401" in cli("network", "list", token="wrong-token", fails=True)
    assert "403" in cli("network", "create", "x", "--share", token=MEMBER, fails=True)


def test_sdk_crud(sdk):
    network = sdk.create_network(name="sdk", tags=["a"])
    subnet = sdk.create_subnet(network_id=network.id, ip_version=4, cidr="10.0.0.0/24")
    port = sdk.create_port(network_id=network.id, name="p")
    assert port.fixed_ips[0]["subnet_id"] == subnet.id
    assert sdk.find_network("sdk").id == network.id == sdk.find_network(network.id).id
    assert sdk.find_network("none") is None
    assert sdk.update_port(port, name="q").name == "q"
    assert sdk.find_port("q").id == port.id
    assert [p.id for p in sdk.ports(network_id=network.id)] == [port.id]
    sdk.set_tags(port, ["x", "y"])
    assert sdk.get_port(port.id).tags == ["x", "y"]
    with pytest.raises(openstack.exceptions.ConflictException):
        sdk.delete_network(network.id)
    with pytest.raises(openstack.exceptions.BadRequestException, match="mtu"):
        sdk.create_network(mtu=65000)
    sdk.delete_port(port.id)
    sdk.delete_network(network.id)
    with pytest.raises(openstack.exceptions.NotFoundException):
        sdk.get_subnet(subnet.id)


def test_sdk_follows_pages(sdk):
    network = sdk.create_network(name="pages")
    made = sdk.create_ports([{"network_id": network.id, "name": f"p{i}"} for i in range(25)])
    assert [p.name for p in sdk.ports(network_id=network.id, limit=10)] == [f"p{i}" for i in range(25)]
    assert len(list(made)) == 25


def test_sdk_if_match(sdk):
    network = sdk.create_network(name="match")
    stale = sdk.get_network(network.id)
    sdk.update_network(network, description="changed")
    with pytest.raises(openstack.exceptions.SDKException) as refused:
        sdk.update_network(stale, if_revision=stale.revision_number, description="lost")
    assert refused.value.status_code == 412
