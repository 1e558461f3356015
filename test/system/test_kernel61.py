"""The edge switch on the oldest kernel that is supported, Debian 12's 6.1, in an emulated machine.

    QEMU: busybox, Linux 6.1 ── the tests of test/bpf, as they run on this machine's kernel
"""
import re

import pytest

from conftest import BUILD
from kernel_vm import kernel_release, run_in_vm

# Not among them: bpf_qos_test, which counts on rates that an emulated machine does not keep, and bpf_takeover_test, of which the
# kernel's part is the maps; their programs are the same. Every load costs the verifier some 6 s there.
TESTS = ["bpf_guest_test", "bpf_tunnel_test", "bpf_route_test", "bpf_firewall_test", "bpf_connection_test",
         "bpf_firewall_property_test", "bpf_outside_test", "bpf_nat_test", "bpf_snat_test", "bpf_snat_ports_test", "bpf_forward_test", "bpf_trunk_test",
         "bpf_balance_test", "bpf_life_test"]
MODULES = ["veth", "sch_ingress", "cls_bpf", "act_bpf", "vxlan", "tun", "bridge", "sch_htb"]


@pytest.mark.longest
def test_edge_switch_on_linux_6_1():
    """B15: every program passes the verifier of 6.1, is attached, and forwards as on newer kernels."""
    release = kernel_release()
    assert release and release.startswith("6.1."), f"want Debian 12's kernel, found {release}"
    # every packet of the property test costs more there: it is emulated
    command = "uname -r; export WEFT_CASES=500 WEFT_UNTAGGED=1; " + "; ".join(f'echo "TEST {name}"; /bin/{name} 2>&1 || failed="$failed {name}"' for name in TESTS)
    status, console = run_in_vm(command + '; echo "FAILED:$failed"; [ -z "$failed" ]',
                                programs=[str(BUILD / "test/bpf" / name) for name in TESTS] + ["ip", "dash"], modules=MODULES,
                                # busybox's shell would run its own ip
                                files={"/bin/sh": "/bin/dash"}, timeout=800)
    assert release in console
    if status:
        pytest.fail(console)
    # All of them ran: each prints how many tests passed.
    passed = [int(n) for n in re.findall(r"\[  PASSED  \] (\d+) test", console)]
    assert len(passed) == len(TESTS) and all(passed)
