"""Other products' VTEPs as members of a network: declared, not managed.

    [guest] ── h1, weft ══ VXLAN or Geneve over the underlay ══ far VTEP ── [machine] 10.0.0.200
"""
import pytest

from conftest import run, wait_until
from far import KernelVxlan, OpenVSwitch
from packets import transfer

MAC, ADDRESS = "02:00:5e:00:00:c8", "10.0.0.200"


def drops(lab):
    """What h1 dropped, but for questions about addresses that nobody has, and what the guest's security group does not let in
    of what the far side says unasked."""
    reasons = {**lab.agent("h1", "ports")["ports"][0]["drop_reasons"],
               **{name: drop["count"] for name, drop in lab.agent("h1", "drops")["host"].items()}}
    return {reason: count for reason, count in reasons.items() if reason not in ("unknown-target", "unsolicited", "denied-ingress")}


@pytest.mark.parametrize("kind, encapsulation, underlay", [
    (KernelVxlan, "vxlan", 4), (KernelVxlan, "vxlan", 6),
    (OpenVSwitch, "vxlan", 4), (OpenVSwitch, "geneve", 4), (OpenVSwitch, "geneve", 6),
], ids=lambda value: getattr(value, "__name__", str(value)))
def test_far_vtep_joins_a_network(lab_with, request, kind, encapsulation, underlay):
    """B32, B16, B37, B47, L22, L30: a third party's VTEP is on the network: pings and whole transfers both ways, largest packets too.

    The host prefers the other encapsulation: that of a pair of hosts is one that both have.
    """
    lab = lab_with(hosts=1, underlay=underlay, encapsulation="geneve" if encapsulation == "vxlan" else "vxlan")
    far = kind(lab)
    request.addfinalizer(far.remove)
    network = lab.network("net1")
    detail = lab.json("network", "show", network["id"])
    guest = lab.guest("g", 1, "net1")
    far.declare(network, encapsulation, MAC, ADDRESS)
    machine = far.serve(detail["provider:segmentation_id"], encapsulation, MAC, ADDRESS, detail["mtu"])

    wait_until(lambda: lab.pings("g", ADDRESS), what=f"{kind.__name__} answers a ping")
    before = drops(lab)
    for source, destination, to in ((lab.netns("g"), machine, ADDRESS), (machine, lab.netns("g"), lab.address(guest))):
        largest = ["ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", str(detail["mtu"] - 28), to]
        done = run("ip", "netns", "exec", source, *largest)
        assert " 0% packet loss" in done.stdout
        transfer(source, destination, to)
    assert drops(lab) == before
