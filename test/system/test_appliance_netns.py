"""An appliance in namespaces of a hypervisor, between real networks (Z22, Z25, Z27, Z38; docs/appliances.md).

    weftd ── [h1] the machine "vr": mgmt on network m, public on network out, guest0 on network in
          └─ [h2] g on network in (its address by DHCP of the appliance), far on network out, ctl on network m
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from conftest import BUILD, run, wait_until

PROGRAM = BUILD / "src/appliance/weft-appliance-netns"
ID = "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002"
POOL = "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0003"
KEPT = sum(1 << n for n in (5, 6, 7, 10, 12, 13))  # kill, setgid, setuid, net_bind_service, net_admin, net_raw


class Router:
    """One weft-appliance-netns on h1."""
    PROGRAM = PROGRAM

    def __init__(self, lab, folder):
        self.lab, self.folder, self.process = lab, pathlib.Path(f"/run/weft-{lab.name}-vr"), None
        self.path, self.log = folder / "vr.json", folder / "log"
        self.enter = ["nsenter", f"--net=/run/netns/{lab.netns('h1')}"]  # with the control groups, which `ip netns exec` hides
        api = lab.api()
        self.ports = {}
        for nic, network, address in (("mgmt", "m", "192.0.2.5"), ("public", "out", "203.0.113.5"), ("guest0", "in", "10.0.0.1")):
            self.ports[nic] = api.make("port", name=f"vr-{nic}", network_id=lab.networks[network]["id"], fixed_ips=[{"ip_address": address}],
                                       port_security_enabled=False, device_owner="network:appliance", device_id=ID, **{"binding:host_id": "h1"})

    def document(self, revision, **more):
        guest = self.lab.guests["g"]
        roles = {"mgmt": "management", "public": "public", "guest0": "guest"}
        return {
            "id": ID, "revision": revision,
            "interfaces": [{"name": nic, "role": roles[nic], "mac_address": port["mac_address"], "mtu": 1400,
                            "addresses": [f"{port['fixed_ips'][0]['ip_address']}/24"]} for nic, port in self.ports.items()],
            "dhcp": {"subnets": [{"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1", "dns_nameservers": ["10.0.0.1"]}],
                     "hosts": [{"mac_address": guest["mac_address"], "ip_address": self.lab.address(guest), "hostname": "g"}]},
            "dns": {"domain": "example.org", "names": [{"name": "g", "addresses": [self.lab.address(guest)]}]},
            "snat": [{"cidr": "10.0.0.0/24", "address": "203.0.113.5"}],
            "load_balancers": [{"id": ID, "vip_addresses": ["10.0.0.1"],
                                "listeners": [{"id": ID, "protocol": "TCP", "protocol_port": 8080, "default_pool_id": POOL}],
                                "pools": [{"id": POOL, "protocol": "TCP", "lb_algorithm": "ROUND_ROBIN", "members": [
                                    {"id": ID, "address": self.lab.address(self.lab.guests["far"]), "protocol_port": 7000}]}]}], **more}

    def write(self, revision, size=None, **more):
        nics = [{"name": nic, "device": f"vr-{nic}", "port_id": port["id"]} for nic, port in self.ports.items()]
        self.path.write_text(json.dumps({**(size or {}), "nics": nics, "config": self.document(revision, **more)}))

    def launch(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([*self.enter, self.PROGRAM, "--folder", self.folder, self.path], stderr=log)

    def start(self):
        self.launch()
        wait_until(lambda: self.get("status").get("status") == "ACTIVE", what="the appliance is ACTIVE")

    def get(self, what):
        credential = self.folder / "credential"
        if not credential.exists():
            return {}
        done = run("curl", "-s", "-m", "20", "--unix-socket", self.folder / "api.sock", "-H", f"Authorization: Bearer {credential.read_text()}",
                   f"http://appliance/v1/{what}", check=False)
        return json.loads(done.stdout or "{}")

    @property
    def pid(self):
        """Of weft-appliance, as it is seen here: the grandchild of what was started."""
        words = run("pgrep", "-P", str(self.process.pid), check=False).stdout.split()
        words = run("pgrep", "-P", words[0], check=False).stdout.split() if words else []
        return int(words[0]) if words else None

    def stop(self):
        self.process.terminate()
        assert self.process.wait(10) == 0

    def finish(self):
        """What it said is for who looks why a test has failed."""
        print(self.log.read_text()[-6000:] if self.log.exists() else "")
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def devices(self):
        return [name for name in ("vr-mgmt", "vr-public", "vr-guest0") if name in self.lab.exec("h1", "ip", "-br", "link").stdout]


def prepare(lab):
    """Networks without DHCP of the edge's, and a guest on each."""
    lab.networks = {name: lab.network(name, cidr) for name, cidr in (("m", "192.0.2.0/24"), ("out", "203.0.113.0/24"), ("in", "10.0.0.0/24"))}
    api = lab.api()
    for subnet in api.get("/v2.0/subnets").json["subnets"]:
        assert api.call("PUT", f"/v2.0/subnets/{subnet['id']}", {"subnet": {"enable_dhcp": False}}).status == 200
    lab.guests = {name: lab.guest(name, 2, network) for name, network in (("g", "in"), ("far", "out"), ("ctl", "m"))}
    for name in ("far", "ctl"):
        body = {"port": {"port_security_enabled": False, "security_groups": []}}
        assert api.call("PUT", f"/v2.0/ports/{lab.guests[name]['id']}", body).status == 200
    lab.exec("g", "ip", "address", "flush", "dev", "eth0")


@pytest.fixture(scope="module")
def router(module_lab, tmp_path_factory):
    prepare(module_lab)
    one = Router(module_lab, tmp_path_factory.mktemp("netns"))
    one.write(1)
    try:
        one.start()
        yield one
    finally:
        one.finish()


def lease(lab):
    """What dhclient says of the guest's lease; an empty text without one."""
    done = lab.exec("g", "timeout", "3", "dhclient", "-4", "-1", "-d", "-lf", "/dev/null", "-pf", "/dev/null", "-sf", "/bin/true", "eth0", check=False)
    return next((line for line in done.stderr.splitlines() if line.startswith("DHCPACK")), "")


def status_of(pid):
    return dict(re.findall(r"^(\w+):\s*(.*)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M))


def check_services(router):
    lab = router.lab
    address = lab.address(lab.guests["g"])
    assert wait_until(lambda: lease(lab), what="a lease") == f"DHCPACK of {address} from 10.0.0.1"
    lab.exec("g", "ip", "address", "replace", f"{address}/24", "dev", "eth0")
    lab.exec("g", "ip", "route", "replace", "default", "via", "10.0.0.1")
    assert lab.exec("g", "dig", "+short", "+time=2", "@10.0.0.1", "g.example.org").stdout.strip() == address
    far = lab.address(lab.guests["far"])
    server = lab.popen("far", "socat", "TCP4-LISTEN:7000,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR")
    wait_until(lambda: ":7000 " in lab.exec("far", "ss", "-ltn").stdout, what="far serves")
    assert lab.exec("g", "socat", "-u", f"TCP4:{far}:7000,connect-timeout=20", "-").stdout.strip() == "203.0.113.5"
    wait_until(lambda: router.get("status")["load_balancers"]["current"], what="haproxy serves")
    assert lab.exec("g", "socat", "-u", "TCP4:10.0.0.1:8080,connect-timeout=20", "-").stdout.strip() == "203.0.113.5"
    server.terminate()
    control = lab.address(lab.guests["ctl"])
    lab.exec("ctl", "ip", "route", "replace", "10.0.0.0/24", "via", "192.0.2.5")  # its answers would find the way
    assert not lab.pings("g", control), "a guest reaches the management network"


def test_guests_are_served(router):
    """Z19, Z22, Z25, Z33: an appliance that is described by hand, of no provider: a guest of another host has address, names, its way out and a load balancer from the appliance, by ports of weft's."""
    check_services(router)


def test_what_it_can_not(router):
    """Z38: it has six of root's powers, no new ones, filtered system calls, processes and files of its own, nothing of the hypervisor's."""
    status = status_of(router.pid)
    assert int(status["CapBnd"], 16) == int(status["CapPrm"], 16) == int(status["CapEff"], 16) == KEPT
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2") and status["NSpid"].split()[-1] == "1"
    inside = pathlib.Path(f"/proc/{router.pid}/root")
    assert {path.name for path in inside.iterdir()} <= {"usr", "bin", "sbin", "lib", "lib64", "etc", "dev", "run", "tmp", "proc", "var", "weft-appliance"}
    assert [os.readlink(path) for path in (inside / "var").iterdir()] == ["/run"]
    assert {path.name for path in (inside / "etc/weft").iterdir()} == {"credential", "appliance.conf"}
    assert not (inside / "etc/shadow").exists() and not (inside / "run/weft").exists()
    mounts = {words[1]: words[3].split(",") for words in map(str.split, pathlib.Path(f"/proc/{router.pid}/mounts").read_text().splitlines())}
    assert all("ro" in mounts[path] for path in ("/", "/usr", "/proc/sys", "/weft-appliance"))
    for kind in ("net", "mnt", "pid", "ipc", "uts", "cgroup"):
        assert os.readlink(f"/proc/{router.pid}/ns/{kind}") != os.readlink(f"/proc/{router.process.pid}/ns/{kind}"), kind
    assert router.folder.stat().st_mode & 0o777 == 0o700


def test_change(router):
    """Z32: SIGHUP tells it another configuration, in the same machine; another machine is refused."""
    pid = router.pid
    router.write(2, floating_ips=[])
    router.process.send_signal(signal.SIGHUP)
    wait_until(lambda: router.get("status").get("revision") == 2, what="revision 2")
    router.write(3, size={"memory_mib": 64})
    router.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "stop it and start it anew" in router.log.read_text(), what="the refusal")
    assert router.get("status")["revision"] == 2 and router.pid == pid


def test_tunnels_inside(router):
    """Z34, Z35: the daemons of tunnels work with the machine's few powers, and the one more device that they need is there."""
    key = run("wg", "genkey").stdout.strip()
    between = {"local_address": "203.0.113.5", "peer_address": router.lab.address(router.lab.guests["far"])}
    router.write(3, ipsec=[{"name": "c", "psk": "a secret", "local_cidrs": ["10.0.0.0/24"], "peer_cidrs": ["10.9.0.0/24"], **between}],
                 wireguard={"private_key": key, "listen_port": 51820, "peers": [{"public_key": run("wg", "pubkey", input=key).stdout.strip(),
                                                                                 "allowed_ips": ["10.8.0.0/24"]}]},
                 gre=[{"name": "gre1", "destinations": ["10.7.0.0/24"], **between}])
    router.process.send_signal(signal.SIGHUP)
    wait_until(lambda: router.get("status").get("revision") == 3, what="revision 3")
    status = router.get("status")
    assert status["status"] == "ACTIVE", status["status_reason"]
    assert all(daemon["running"] and not daemon["restarts"] for daemon in status["daemons"].values() if daemon["wanted"])
    enter = ["nsenter", "-t", str(router.pid), "-m", "-n", "-p", "-r"]
    assert "listening port: 51820" in run(*enter, "wg", "show", "wg0").stdout
    assert "remote: 10.9.0.0/24" in " ".join(run(*enter, "env", "STRONGSWAN_CONF=/run/weft-appliance/strongswan.conf", "swanctl", "--list-conns", "--uri", "unix:///run/weft-appliance/charon.vici").stdout.split())
    assert "10.7.0.0/24 dev gre1" in run(*enter, "ip", "route").stdout
    devices = sorted(str(path.relative_to(f"/proc/{router.pid}/root/dev")) for path in pathlib.Path(f"/proc/{router.pid}/root/dev").rglob("*"))
    assert devices == ["net", "net/tun", "null", "random", "urandom", "zero"]
    router.write(4)
    router.process.send_signal(signal.SIGHUP)
    wait_until(lambda: router.get("status").get("revision") == 4, what="revision 4")
    assert not any(daemon["running"] for name, daemon in router.get("status")["daemons"].items() if name not in ("dnsmasq", "haproxy"))


def test_machine_is_made_again(router):
    """Z13, Z14: killed, it is made again, has the same configuration, and serves; the agent may be away meanwhile, and finds it."""
    lab = router.lab
    router.write(2, floating_ips=[])
    digest, pid = router.get("digest")["digest"], router.pid
    lab.stop("h1")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: router.pid not in (None, pid) and router.get("status").get("status") == "ACTIVE", what="the machine is made again")
    assert router.get("digest")["digest"] == digest
    again = router.pid
    lab.start("h1")
    wait_until(lambda: lease(lab), what="a lease of the new machine")
    assert router.pid == again


def test_limits_are_kept_or_refused(router):
    """Z28, Z40: with the controllers of cgroup v2 the limits are the group's; without them nothing is started, and it is said why."""
    router.stop()
    router.write(4, size={"cpu_percent": 50, "memory_mib": 64})
    mount = next(line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line)
    router.launch()
    if {"cpu", "memory"} <= set(pathlib.Path(mount, "cgroup.controllers").read_text().split()):
        wait_until(lambda: router.get("status").get("status") == "ACTIVE", what="the appliance is ACTIVE")
        group = pathlib.Path(mount, "weft-appliance", router.folder.name)
        assert (group / "cpu.max").read_text().split() == ["50000", "100000"] and int((group / "memory.max").read_text()) == 64 << 20
        assert str(router.pid) in (group / "cgroup.procs").read_text().split()
        router.stop()
        assert not group.exists()
    else:
        assert router.process.wait(10) == 1
        assert re.search(r'no controller "(cpu|memory)" of cgroup v2 at .*limit can\'t be kept', router.log.read_text())
    assert not router.devices() and not router.folder.exists()


def of_folder(router):
    """Processes that have files of the appliance's folder, whoever their parent is."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if router.folder.name in (process / "mountinfo").read_text():
                found.append(process.name)
    return found


def test_killed_while_it_starts(router):
    """Z13: SIGKILL at any moment of a start: no machine is left that nobody watches; nor is a file, when the next one has ended."""
    for after_ms in range(20, 220, 10):
        router.write(5)
        router.launch()
        with pytest.raises(subprocess.TimeoutExpired):  # it must not have ended by itself
            router.process.wait(after_ms / 1000)
        router.process.kill()
        router.process.wait()
        wait_until(lambda: not of_folder(router) and not router.devices(), deadline=20, what=f"nothing is left of what was killed after {after_ms} ms")
    begun = router.folder / "credential.AB12CD"  # a moment that is hardly met
    begun.touch(mode=0o600)


def test_nothing_is_left(router):
    """Stopped or killed, its devices, processes and files are gone; one folder is for one appliance."""
    router.write(5)
    router.start()
    assert len(router.devices()) == 3
    other = subprocess.run([*router.enter, PROGRAM, "--folder", router.folder, router.path], capture_output=True, text=True)
    assert other.returncode == 1 and "belongs to an appliance that runs" in other.stderr
    inside = router.pid
    router.process.kill()
    router.process.wait()
    wait_until(lambda: not router.devices() and not pathlib.Path(f"/proc/{inside}").exists(), what="devices and processes are gone")
    router.start()
    inside = router.pid
    router.stop()
    wait_until(lambda: not router.devices(), what="devices are gone")
    assert not pathlib.Path(f"/proc/{inside}").exists() and not router.folder.exists()
