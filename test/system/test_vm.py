"""A virtual machine as a guest.

    [h1: namespace a on a veth] ── underlay ── [h2: QEMU machine vm on a tap whose alias names the port]
"""


def test_machine_takes_its_address_and_reaches_a_guest_on_the_other_host(lab):
    """L25, L26, B5, B46: an unmodified system on a tap, attached by its alias, works as on a wire."""
    lab.network("net1")
    a = lab.guest("a", 1, "net1")
    vm = lab.guest("vm", 2, "net1", "--vm", timeout=150)
    assert vm["status"] == "ACTIVE"
    address = lab.exec("vm", "ip", "-4", "address", "show", "eth0").stdout
    assert f"{lab.address(vm)}/24" in address
    assert f"mtu {lab.json('network', 'show', 'net1')['mtu']} " in address
    assert "2 packets received" in lab.exec("vm", "ping", "-c", "2", "-W", "5", lab.address(a)).stdout
    assert lab.pings("a", lab.address(vm), deadline=5)
    assert lab.address(a) in lab.exec("vm", "nslookup", "a").stdout
    assert lab.agent("h2", "ports", port=vm["id"])["ports"][0]["kind"] == "tun"
    # Commands in it: their output, their exit code, one after another.
    failed = lab.exec("vm", "sh", "-c", "echo out; echo 'it''s'; exit 3", check=False)
    assert (failed.returncode, failed.stdout) == (3, "out\nits\n")
    lab.weft("lab", "remove", "vm")
    assert "t-vm" not in lab.exec("h2", "ip", "link").stdout
