"""Networks, ports and hosts change while guests talk; whoever is not meant does not notice.

    h1: a  c ─┐                  ┌─ b :h2
              └── edge ═════ edge
"""
import pytest

from conftest import wait_until
from traffic import Ping


@pytest.fixture
def talking(lab):
    """The lab of the drawing; lab.ports has the ports by name."""
    lab.network("net1")
    lab.ports = {name: lab.guest(name, host, "net1") for name, host in (("a", 1), ("c", 1), ("b", 2))}
    for one, other in (("a", "b"), ("a", "c")):
        wait_until(lambda: lab.pings(one, lab.address(lab.ports[other])), what=f"{one} reaches {other}")
    return lab


def test_others_come_and_go_unnoticed(talking):
    """L4, B45: a hundred ports, five networks and their guests come and go beside two that talk: no packet is lost."""
    lab = talking
    pings = [Ping(lab.netns("a"), lab.address(lab.ports[other]), 0.005) for other in ("b", "c")]
    for number in range(5):
        lab.network(f"other{number}", f"10.{number + 1}.0.0/24")
        lab.guest(f"o{number}", number % 2 + 1, f"other{number}")
    for number in range(100):
        lab.weft("port", "create", f"p{number}", "--network", "net1", "--host", f"h{number % 2 + 1}")
    lab.weft("wait", "revision")
    for number in range(100):
        lab.weft("port", "delete", f"p{number}")
    for number in range(5):
        lab.weft("lab", "remove", f"o{number}")
    lab.weft("wait", "revision")
    for ping in pings:
        sent, lost = ping.stop()
        assert sent > 200 and lost == 0, (sent, lost)


def test_cold_move(talking):
    """B6, B39: a guest stops on one host and starts on the other with its port: MAC and addresses stay, its peers find it."""
    lab = talking
    port = lab.json("port", "create", "mover", "--network", "net1", "--host", "h2")
    address = lab.address(port)
    lab.guest("m", 2, None, port=port["id"])
    wait_until(lambda: lab.pings("a", address), what="a reaches the guest on h2")
    lab.weft("lab", "remove", "m")
    lab.weft("port", "set", port["id"], "--host", "h1")
    moved = lab.guest("m", 1, None, port=port["id"])
    assert (moved["mac_address"], moved["fixed_ips"]) == (port["mac_address"], port["fixed_ips"])
    wait_until(lambda: lab.pings("a", address) and lab.pings("b", address), what="both reach it on h1")
    assert port["id"] not in [record["id"] for record in lab.agent("h2", "view", kind="port")["records"]]
    assert port["id"] in [record["id"] for record in lab.agent("h1", "view", kind="port")["records"]]


def test_an_address_that_moves_between_guests(talking):
    """A virtual address in the allowed pairs of two ports is reached where it is now (as VRRP needs it)."""
    lab = talking
    for name in ("b", "c"):
        lab.weft("port", "set", lab.ports[name]["id"], "--allowed-address", "ip-address=10.0.0.200")
    lab.weft("wait", "revision")
    for holder, other in (("b", "c"), ("c", "b")):
        lab.exec(other, "ip", "address", "del", "10.0.0.200/24", "dev", "eth0", check=False)
        lab.exec(holder, "ip", "address", "add", "10.0.0.200/24", "dev", "eth0")
        lab.exec("a", "ip", "neighbour", "flush", "dev", "eth0")
        wait_until(lambda: lab.pings("a", "10.0.0.200"), what=f"the address at {holder}")
        neighbours = lab.exec("a", "ip", "neighbour", "show", "10.0.0.200").stdout
        assert lab.ports[holder]["mac_address"] in neighbours
    lab.exec("a", "ip", "address", "add", "10.0.0.200/24", "dev", "eth0")
    assert not lab.exec("a", "ping", "-c", "1", "-W", "1", "-I", "10.0.0.200", lab.address(lab.ports["b"]),
                        check=False).returncode == 0, "a has no right to the address"
