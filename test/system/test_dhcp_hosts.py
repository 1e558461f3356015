"""Which hosts answer the DHCP of a network, at the datapath.

    g1 ─ h1 ═══ h2 ─ g2      one network, 10.0.0.0/24

Proves B2 for "dhcp_agent_scheduler": what the API says of a host's DHCP is so."""
import struct

from conftest import wait_until
from packets import BROADCAST, IP4, UDP, Wire, ethernet, ip4, mac_bytes, udp

COOKIE = b"\x63\x82\x53\x63"


def discover(mac):
    """A DHCPDISCOVER."""
    bootp = struct.pack("!BBBBIHH4s4s4s4s", 1, 1, 6, 0, 7, 0, 0x8000, b"", b"", b"", b"") + mac_bytes(mac).ljust(16, b"\0") + bytes(192)
    return ethernet(BROADCAST, mac, IP4, ip4("0.0.0.0", "255.255.255.255", UDP, udp(68, 67, bootp + COOKIE + b"\x35\x01\x01\xff")))


def is_dhcp(kind):
    return lambda frame: frame[12:14] == b"\x08\x00" and frame[23] == UDP and frame[278:285] == COOKIE + bytes([53, 1, kind])


def test_a_host_that_does_not_answer(module_lab):
    lab = module_lab
    lab.network("net")
    one, two = (lab.guest(f"g{n}", n, "net") for n in (1, 2))
    lab.weft("port", "set", two["id"], "--no-security-group", "--no-port-security")  # as of who serves DHCP himself
    lab.weft("wait", "revision")
    api = lab.api()
    network = api.get("/v2.0/networks", name="net").json["networks"][0]["id"]
    agent = api.get("/v2.0/agents", host="h1", agent_type="DHCP agent").json["agents"][0]["id"]
    path = f"/v2.0/agents/{agent}/dhcp-networks"

    def is_answered(guest, port, soon=20):
        with Wire(lab.netns(guest), "eth0") as wire:
            wire.send(discover(port["mac_address"]))
            try:
                return wire.expect(is_dhcp(2), soon)
            except AssertionError:
                return None

    assert is_answered("g1", one) and is_answered("g2", two)
    assert api.call("DELETE", f"{path}/{network}").status == 204
    with Wire(lab.netns("g2"), "eth0") as wire:  # it is a broadcast like any other now
        wait_until(lambda: not is_answered("g1", one, 0.5), what="h1 does not answer any more")
        wire.expect(is_dhcp(1))
    assert is_answered("g2", two)
    assert lab.pings("g1", lab.address(two))
    assert api.call("POST", path, {"network_id": network}).status == 201
    wait_until(lambda: is_answered("g1", one, 0.5), what="h1 answers again")
