"""What Linux 6.1 as Debian builds it has and the kernel that tests run on may lack: all controllers of cgroup v2, WireGuard, ESP, GRE, geneve.

    QEMU: Linux 6.1, this machine's files ── inside_kernel61.py, which draws what is there

One boot is for all. It is another one than test_kernel61.py's, as its clock is another (kernel_vm.py), and so both may run at once.
"""
import re

import pytest

from conftest import BUILD, TOP
from kernel_vm import run_on_these_files


pytestmark = pytest.mark.longest


@pytest.fixture(scope="module")
def console():
    """What the machine says."""
    return run_on_these_files(f"python3 -B {TOP}/test/system/inside_kernel61.py {BUILD} 2>&1", timeout=2400)[1]


def said(console, check):
    """A check's own words."""
    found = re.search(rf"^WEFT-CHECK {check} (ok|failed) ?(.*)$", console, re.M)
    if not found or found[1] != "ok":
        pytest.fail(f"{check}: {found[2] if found else 'it did not come to that'}\n{console[-12000:]}")
    print(f"{check}: {found[2]}")


def test_limits_are_the_group_s(console):
    """Z28: the limits that an appliance is given are those of its control group, which all of it is in, and nothing else."""
    said(console, "limits")


def test_services(console):
    """Z38: dnsmasq, HAProxy and the packet filter with all that it can, in the sandbox, with the calls that 6.1 has."""
    said(console, "services")


def test_capacity_grows(console):
    """Z40: with 50 % of a processor twice as many requests as with 25 %; with 100 % as many as the clients leave."""
    said(console, "capacity")


def test_a_flood_stays_at_home(console):
    """Z11, Z12: one tenant's router is asked for more than it may give: the other's gives as much as before, and loses no packet."""
    said(console, "flood")


def test_who_eats_too_much(console):
    """Z11, Z28: an appliance that needs more memory than its limit is killed alone, says why, and is made again."""
    said(console, "memory")


def test_a_daemon_eats_too_much(console):
    """Z37: a daemon alone is killed for want of memory: its machine says that it was that, and starts it again."""
    said(console, "daemon_memory")


def test_tunnels_of_the_kernel_s(console):
    """Z34, Z35: WireGuard, ESP and GRE are the kernel's where it has them, and carry packets."""
    said(console, "tunnels")


def test_forms_of_ipsec(console):
    """Z34: AH, and transport mode, are the kernel's where it has them: what passes is authenticated, or encrypted, and nothing else passes."""
    said(console, "forms")


def test_pair(console):
    """Z14: keepalived and conntrackd in the sandbox; the other one takes over."""
    said(console, "pair")


def test_far_geneve_of_the_kernel_s(console):
    """B15, B16, L30: the edge switch on 6.1 from the API to a guest's packets, with the kernel's own geneve device as the other end."""
    said(console, "switch")
