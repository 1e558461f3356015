"""An appliance in a virtual machine of a hypervisor, with Debian's own kernel (Linux 6.1), between real networks; emulated in software
(Z16, Z17, Z22, Z25, Z27, Z39; docs/appliances.md). One boot is for most of it.

    weftd ── [h1] weft-appliance-qemu: mgmt on network m, public on network out, guest0 on network in, each a tap
          └─ [h2] g on network in (its address by DHCP of the appliance), far on network out, ctl on network m
"""
import gzip
import hashlib
import json
import os
import pathlib
import runpy
import shutil
import signal
import subprocess
import tarfile
import time

import pytest

import test_appliance_netns as netns
import test_virtual_router as virtual_router
from appliance_pair import Pings
from conftest import BUILD, run, wait_until

ANSWERS = 250  # for 5 s: 25 advertisements, of which three may not be late one behind the other
GAP_S = 3
ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/build-appliance"
FORWARDED = {"floating_ips": [{"floating_ip_address": "203.0.113.6", "fixed_ip_address": None}],
             "port_forwardings": [{"protocol": "tcp", "external_ip_address": "203.0.113.5", "external_port": "8080", "internal_ip_address": None,
                                   "internal_port": "7001"}]}


def build(folder, *words, options=("--small", "--services", "balancer,vpn,redundancy")):
    run(TOOL, "--programs", BUILD / "src/appliance", *options, "-o", folder, *words, timeout=240)
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def image():
    """Where QEMU, which is nobody, can read it, in a folder of images."""
    folder = pathlib.Path(f"/run/weft-images-{os.getpid()}")
    build(folder / "weft-appliance", "kernel", "tar", "qcow2", "raw")
    yield folder / "weft-appliance"
    shutil.rmtree(folder)


class Machine(netns.Router):
    PROGRAM = BUILD / "src/appliance/weft-appliance-qemu"
    image = None

    def write(self, revision, size=None, **more):
        super().write(revision, {"image": str(self.image), "accelerator": "tcg", "memory_mib": 224, **(size or {})}, **more)

    def describe(self, **more):
        """The description that is there, but for that."""
        self.path.write_text(json.dumps({**json.loads(self.path.read_text()), **more}))

    def start(self):
        self.launch()
        wait_until(lambda: self.state().get("status") == "ACTIVE", deadline=150, what="the appliance is ACTIVE")

    def state(self):
        path = self.folder / "state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def ask(self, what, *words, credential=None, certificate=None, client=None):
        credential = credential or (self.folder / "credential").read_text()
        return run("curl", "-s", "-m", "10", "--cacert", certificate or self.folder / "cert.pem", *(client or ("--cert", self.folder / "client.pem")),
                   "--unix-socket", self.folder / "api.sock", "-H", f"Authorization: Bearer {credential}", *words, f"https://appliance/v1/{what}", check=False)

    def get(self, what):
        return json.loads(self.ask(what).stdout or "{}")

    @property
    def qemu(self):
        return int(run("pgrep", "-P", str(self.process.pid)).stdout)


@pytest.fixture(scope="module")
def machine(module_lab, image, tmp_path_factory):
    netns.prepare(module_lab)
    one = Machine(module_lab, tmp_path_factory.mktemp("qemu"))
    one.image = image
    address = module_lab.address(module_lab.guests["g"])
    FORWARDED["floating_ips"][0]["fixed_ip_address"] = FORWARDED["port_forwardings"][0]["internal_ip_address"] = address
    one.write(1)
    try:
        one.start()
        yield one
    finally:
        one.finish()


@pytest.mark.parametrize("digits", [b"7", b"e79f", b"25f0a4c1"])
def test_content_id(digits):
    """Z17: an OVA is the same once more, whatever number qemu-img draws for the content of its disk, with as few digits as it has."""
    with_content_id = runpy.run_path(TOOL, run_name="build_appliance")["with_content_id"]
    disk = b"KDMV\0# Disk DescriptorFile\nCID=%s\nparentCID=ffffffff\n" % digits
    padded = with_content_id(disk.ljust(1024, b"\0") + b"grain", b"0123abcd")
    assert padded.rstrip(b"grain").rstrip(b"\0") == b"KDMV\0# Disk DescriptorFile\nCID=0123abcd\nparentCID=ffffffff\n"
    assert padded[1024:] == b"grain"


def test_images(image, tmp_path):
    """Z16, Z17: one build gives what KVM, Xen, VMware, Hyper-V and containers take; it says what is in it, and is the same once more."""
    manifest = json.loads((image / "manifest.json").read_text())
    assert {"nftables", "dnsmasq-base", "iproute2"} <= set(manifest["packages"]) and manifest["kernel"].startswith("6.1.")
    for name, sum_ in manifest["sha256"].items():
        assert hashlib.sha256((image / name).read_bytes()).hexdigest() == sum_, name
    head = (image / "weft-appliance.raw").read_bytes()[:512]
    assert head[510:] == b"\x55\xaa" and head[446] == 0x80, "it boots from its partition"
    assert json.loads(run("qemu-img", "info", "--output", "json", image / "weft-appliance.qcow2").stdout)["format"] == "qcow2"
    assert run("qemu-img", "compare", image / "weft-appliance.raw", image / "weft-appliance.qcow2").returncode == 0
    assert manifest["hypervisors"] == ["kvm"]
    again = build(tmp_path / "small", "raw")["sha256"]
    assert again == {name: manifest["sha256"][name] for name in again} and again
    for name in ("ova", "vhd", "vhdx"):
        refused = run(TOOL, "--programs", BUILD / "src/appliance", "--small", "-o", tmp_path / "small", name, check=False)
        assert refused.returncode and f"{name} is for " in refused.stderr and "--small leaves out" in refused.stderr


@pytest.fixture(scope="module")
def other_images(tmp_path_factory):
    """With the drivers of all hypervisors."""
    folder = tmp_path_factory.mktemp("images")
    build(folder, "raw", "ova", "vhd", "vhdx", options=("--services", "none"))
    return folder


def test_images_of_other_hypervisors(other_images, tmp_path):
    """Z17: VMware's, Xen's and Hyper-V's have the same disk, whose system has the drivers of their disks and NICs."""
    image, manifest = other_images, json.loads((other_images / "manifest.json").read_text())
    assert manifest["hypervisors"] == ["kvm", "vmware", "hyperv", "xen"]
    with tarfile.open(image / "weft-appliance.ova") as ova:
        names = ova.getnames()
        ova.extractall(tmp_path)
    assert names == ["weft-appliance.ovf", "weft-appliance.mf", "weft-appliance-disk1.vmdk"]
    for line in (tmp_path / names[1]).read_text().splitlines():
        name, _, sum_ = line.removeprefix("SHA256(").partition(")= ")
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == sum_
    for form, path in (("vmdk", tmp_path / names[2]), ("vpc", image / "weft-appliance.vhd"), ("vhdx", image / "weft-appliance.vhdx")):
        assert run("qemu-img", "compare", "-f", "raw", "-F", form, image / "weft-appliance.raw", path).returncode == 0, form
    initramfs = subprocess.run(["mcopy", "-i", f"{image / 'weft-appliance.raw'}@@1M", "::initramfs", "-"], capture_output=True, check=True).stdout
    listed = subprocess.run(["cpio", "-t", "--quiet"], input=gzip.decompress(initramfs), capture_output=True, check=True).stdout.decode()
    for driver in ("hv_storvsc", "hv_netvsc", "xen-blkfront", "xen-netfront", "vmw_pvscsi", "mptspi", "vmxnet3", "virtio_blk", "virtio_net"):
        assert f"/{driver}.ko\n" in listed, driver
    again = build(tmp_path / "again", "raw", "ova", "vhd", options=("--services", "none"))["sha256"]
    assert len(again) == 3 and again == {name: manifest["sha256"][name] for name in again}


DISKS = {  # as QEMU can have what the hypervisor has: of VMware the disk and the NIC, of Hyper-V and of Xen (HVM) the disk that they boot from
    "vmdk": ("pvscsi,id=s", "none", "scsi-hd,drive=d,bus=s.0", "scsi-cd,drive=c,bus=s.0", "vmxnet3"),
    "vpc": (None, "ide", None, None, "e1000"),
    "vhdx": (None, "ide", None, None, "e1000"),
}


def boot(form, disk, config, log):
    bus, attached, first, second, nic = DISKS[form]
    words = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64", "-m", "256", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
             "-drive", f"file={disk},format={form},if={attached},id=d,snapshot=on", "-drive", f"file={config},format=raw,if={attached},id=c,snapshot=on",
             "-netdev", "user,id=n,restrict=on"]
    for device in (bus, first, second, f"{nic},netdev=n,mac=fa:16:3e:00:00:01"):
        words += ["-device", device] if device else []
    return subprocess.Popen(words, stdout=log, stderr=log)


def test_disks_of_other_hypervisors_boot(other_images, tmp_path):
    """Z17: each disk in its own format boots in QEMU, with what QEMU has of that hypervisor, finds its configuration on the second disk, and its NIC, whose
    address it listens on. The hypervisors themselves are not here."""
    (tmp_path / "credential").write_text("a-credential-of-this-one")
    (tmp_path / "management").write_text("fa:16:3e:00:00:01 192.0.2.5/24\n")
    (tmp_path / "appliance.conf").write_text("[appliance]\nlisten = 192.0.2.5:9797\ncredential-file = /etc/weft/credential\n"
                                             "tls-cert = /etc/weft/cert.pem\ntls-key = /etc/weft/key.pem\n")
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=box",
        "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem")
    run("tar", "-c", "--format=ustar", "-C", tmp_path, "-f", tmp_path / "config.img", "appliance.conf", "credential", "cert.pem", "key.pem", "management")
    run("tar", "-x", "-C", tmp_path, "-f", other_images / "weft-appliance.ova", "weft-appliance-disk1.vmdk")
    disks = {"vmdk": tmp_path / "weft-appliance-disk1.vmdk", "vpc": other_images / "weft-appliance.vhd", "vhdx": other_images / "weft-appliance.vhdx"}
    logs = {form: open(tmp_path / f"{form}.log", "w") for form in disks}
    machines = {form: boot(form, disk, tmp_path / "config.img", logs[form]) for form, disk in disks.items()}
    try:
        for form in disks:
            wait_until(lambda: "listens on 192.0.2.5:9797" in (tmp_path / f"{form}.log").read_text(errors="replace") or machines[form].poll() is not None,
                       deadline=400, what=f"{form} is up", interval=0.5)
            assert machines[form].poll() is None, (tmp_path / f"{form}.log").read_text(errors="replace")[-2000:]
    finally:
        for machine in machines.values():
            machine.kill()
            machine.wait()


def test_container(image, tmp_path):
    """Z17: the root file system has all that weft-appliance needs, and nothing of this system's."""
    root = tmp_path / "root"
    root.mkdir()
    run("tar", "-xzf", image / "weft-appliance.tar.gz", "-C", root)
    for words, says in ((("weft-appliance", "--version"), "weft-appliance "), (("dnsmasq", "--version"), "Dnsmasq"), (("nft", "--version"), "nftables"),
                        (("ip", "-V"), "iproute2"), (("sh", "-c", "cat /etc/passwd"), "nobody:")):
        as_container = ["unshare", "--mount", "sh", "-c", 'mount --bind /dev "$0/dev" && exec chroot "$0" "$@"', root]  # what runs containers does that
        assert says in run(*as_container, *words).stdout, words
    assert not list((root / "usr/lib").rglob("*.ko"))


def test_guests_are_served(machine):
    """Z22, Z25: a guest of another host has address, names and its way out from it, by ports of weft's."""
    netns.check_services(machine)
    lab = machine.lab
    for port in machine.ports.values():
        assert lab.api().get(f"/v2.0/ports/{port['id']}").json["port"]["status"] == "ACTIVE"
        assert lab.agent("h1", "ports", port=port["id"])["ports"][0]["kind"] == "tun"


def test_linux_6_1_takes_the_whole_configuration(machine):
    """What a later kernel takes, such as a map as the set of its keys, this one may not: floating IP, port forwarding, firewall."""
    lab = machine.lab
    interfaces = machine.document(2)["interfaces"]
    interfaces[1]["addresses"].append("203.0.113.6/32")
    addresses = {"port": {"fixed_ips": [{"ip_address": "203.0.113.5"}, {"ip_address": "203.0.113.6"}]}}
    assert lab.api().call("PUT", f"/v2.0/ports/{machine.ports['public']['id']}", addresses).status == 200
    before = machine.get("status")["uptime_s"]
    machine.write(2, interfaces=interfaces, firewall={"rules": [{"action": "deny", "protocol": "tcp", "destination_port": "7002"}, {"action": "allow"}]},
                  **FORWARDED)
    machine.process.send_signal(1)
    wait_until(lambda: machine.get("status").get("revision") == 2, what="it has the second one")
    status = machine.get("status")
    assert status["status"] == "ACTIVE" and status["uptime_s"] >= before, status
    servers = [lab.popen("g", "socat", f"TCP4-LISTEN:{port},fork,reuseaddr", f"SYSTEM:echo {port}") for port in (7001, 7002)]
    wait_until(lambda: ":7002 " in lab.exec("g", "ss", "-ltn").stdout, what="g serves")

    def reach(address, port):
        return lab.exec("far", "socat", "-u", f"TCP4:{address}:{port},connect-timeout=5", "-", check=False).stdout.strip()

    open_up = {"port": {"port_security_enabled": False, "security_groups": []}}  # it is the appliance's filter that this is about
    assert lab.api().call("PUT", f"/v2.0/ports/{lab.guests['g']['id']}", open_up).status == 200
    wait_until(lambda: reach("203.0.113.5", 8080) == "7001", what="the forwarded port")
    wait_until(lambda: reach("203.0.113.6", 7001) == "7001", what="the floating IP")
    assert reach("203.0.113.6", 7002) == ""
    counters = machine.get("counters")["counters"]
    assert min(counters[name]["packets"] for name in ("connections_floating_ip", "connections_port_forwarding", "firewall_dropped")) >= 1, counters
    for server in servers:
        server.terminate()


def test_who_it_is(machine, tmp_path):
    """Both sides show who they are; QEMU is nobody, without powers, in a filter of system calls, and holds no file of ours but what it was given."""
    assert machine.ask("status", "-o", "/dev/null", "-w", "%{http_code}", credential="another-credential").stdout == "401"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=appliance", "-keyout", tmp_path / "key", "-out", tmp_path / "cert")
    assert machine.ask("status", certificate=tmp_path / "cert").returncode == 60, "the certificate is any"
    other = ("--cert", tmp_path / "cert", "--key", tmp_path / "key")
    for client, says in (((), "must be shown by TLS; none was"), (other, "is not that of this appliance's controller")):
        assert says in machine.ask("status", client=client or ("--tlsv1.2",)).stdout
    status = netns.status_of(machine.qemu)
    assert status["Uid"].split()[0] == run("id", "-u", "nobody").stdout.strip() and int(status["CapEff"], 16) == 0 and status["Seccomp"] == "2"
    assert not run("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "cat", machine.folder / "client.pem", check=False).stdout


def test_many_clients_at_once(machine):
    """The channel is one, connections are many: one that never says anything stops nobody."""
    idle = subprocess.Popen(["socat", "-u", f"UNIX-CONNECT:{machine.folder}/api.sock", "-"], stdout=subprocess.DEVNULL)
    asked = [subprocess.Popen(["curl", "-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", machine.folder / "cert.pem",
                               "--cert", machine.folder / "client.pem", "--unix-socket",
                               machine.folder / "api.sock", "-H", f"Authorization: Bearer {(machine.folder / 'credential').read_text()}",
                               "https://appliance/v1/digest"], stdout=subprocess.PIPE) for _ in range(4)]
    assert [one.communicate()[0] for one in asked] == [b"200"] * 4
    idle.kill()
    idle.wait()


def test_the_kernel_s_own_tunnels(machine):
    """Z34, Z35: WireGuard, ESP and GRE are Debian's kernel's, which other machines that tests run on may lack."""
    far = machine.lab.address(machine.lab.guests["far"])
    key, between = run("wg", "genkey").stdout.strip(), {"local_address": "203.0.113.5", "peer_address": far}
    machine.write(3, ipsec=[{"name": "c", "psk": "a secret", "local_cidrs": ["10.0.0.0/24"], "peer_cidrs": ["10.9.0.0/24"], **between}],
                  wireguard={"private_key": key, "listen_port": 51820, "peers": [{"public_key": run("wg", "pubkey", input=key).stdout.strip(),
                                                                                  "allowed_ips": ["10.8.0.0/24"]}]},
                  gre=[{"name": "gre1", "destinations": ["10.7.0.0/24"], **between}])
    machine.process.send_signal(1)
    wait_until(lambda: machine.get("status").get("revision") == 3, deadline=30, what="it has the tunnels")
    status = machine.get("status")
    assert status["status"] == "ACTIVE", status["status_reason"]
    running = {name for name, daemon in status["daemons"].items() if daemon["running"]}
    assert "charon" in running and not running & {"wireguard-go", "gre"}, status["daemons"]


def test_a_new_machine_is_the_same(machine):
    """Z17, Z33, Z36: started anew, and from the disk that boots by its BIOS, it has the same files, byte by byte."""
    digest, old = machine.get("digest")["digest"], machine.qemu
    machine.stop()
    machine.describe(image=str(machine.image / "weft-appliance.qcow2"))
    machine.start()
    assert machine.qemu != old and machine.get("digest")["digest"] == digest


def test_the_end(machine):
    """Nothing is left: QEMU, devices, files."""
    assert len(machine.devices()) == 3
    machine.stop()
    assert machine.devices() == [] and not machine.folder.exists()


class Cloud(virtual_router.Cloud):
    """Of the lab whose networks m and out there are."""

    def __init__(self, lab):
        self.lab, self.networks = lab, lab.networks

    @property
    def api(self):
        """A connection of its own each time: one that is idle for a minute is closed."""
        return self.lab.api()

    def host(self, name):
        return self.api.get("/v2.0/hosts", name=name).json["hosts"][0]

    def tagged(self, name, cidr, **offering):
        """A network whose router is of that offering, with a guest on h2 that is only a port."""
        offering = self.offering(public_network=self.networks["out"]["id"], runtime="qemu", memory_mib=224, **offering)
        network = {**self.network(name, cidr, tags=[f"guestL3Network::{offering['id']}"]), "offering": offering}
        self.api.make("port", network_id=network["id"], device_owner="compute:nova", **{"binding:host_id": "h2"})
        return network

    def process(self, appliance, runtime="qemu"):
        return run("pgrep", "-f", f"weft-appliance-{runtime} --folder {self.folder(appliance)} ", check=False).stdout.split()

    def both(self, network):
        """The two of its pair, the one that serves first, when the other one could; else None."""
        found = self.api.get("/v2.0/appliances", object_id=network["id"]).json["appliances"]
        states = [(one["ha_state"], one["status"]) for one in found]
        return sorted(found, key=lambda one: one["ha_state"]) if sorted(states) == [("active", "ACTIVE"), ("standby", "ACTIVE")] else None

    def ask(self, appliance, what):
        """An appliance of namespaces, by its socket."""
        credential = self.folder(appliance) / "credential"
        words = ["-H", f"Authorization: Bearer {credential.read_text() if credential.exists() else ''}", f"http://appliance/v1/{what}"]
        return json.loads(run("curl", "-s", "-m", "5", "--unix-socket", self.folder(appliance) / "api.sock", *words, check=False).stdout or "{}")


def make_mute(image, folder):
    """The same kernel and programs, but its first process starts nothing."""
    folder.mkdir()
    shutil.copy(image / "vmlinuz", folder)
    (folder / "init").write_text("#!/bin/sh\nexec sleep 1000000\n")
    (folder / "init").chmod(0o755)
    packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=folder, input=b"init\n", capture_output=True, check=True).stdout
    first = (image / "initramfs").read_bytes()
    (folder / "initramfs").write_bytes(first + bytes(-len(first) % 4) + packed)  # what comes later replaces


@pytest.fixture(scope="module")
def cloud(module_lab, image):
    """After the tests before it, whose machine is gone: h1 has images, h2 has none."""
    if not hasattr(module_lab, "networks"):
        netns.prepare(module_lab)
    one = Cloud(module_lab)
    broken = image.parent / "broken"
    broken.mkdir()
    for name in ("vmlinuz", "initramfs"):
        (broken / name).write_text("no kernel")
    make_mute(image, image.parent / "mute")
    with open(module_lab.folder / "h1/agent.conf", "a") as conf:
        conf.write(f"appliance-images = {image.parent}\nappliance-accelerator = tcg\n")
    module_lab.stop("h1")
    module_lab.start("h1")
    yield one
    for log in module_lab.folder.glob("h*/run/appliance/*.log"):
        print(log, log.read_text()[-3000:])


def test_by_an_offering(cloud):
    """Z16, Z17, Z28: an offering says that routers are virtual machines, and of which image: a host that has it runs them, a guest of another one
    is served; why one can't be is its status. Made of namespaces instead, the same router has the same files, byte by byte."""
    lab = cloud.lab
    wait_until(lambda: cloud.host("h1")["machine_images"] == ["broken", "mute", "weft-appliance"], what="h1 says which images it has")
    assert cloud.host("h1")["agent"]["virtual_machines"]["accelerator"] == "tcg"
    assert cloud.host("h2")["machine_images"] == [] and "tools/build-appliance" in cloud.host("h2")["agent"]["virtual_machines"]["problem"]
    good = cloud.tagged("good", "10.4.0.0/24")
    bad = cloud.tagged("bad", "10.5.0.0/24", machine_image="broken")
    nowhere = cloud.tagged("nowhere", "10.6.0.0/24", machine_image="another.qcow2")
    tiny = cloud.tagged("tiny", "10.7.0.0/24", vcpus=65)
    cloud.has_status(tiny, "ERROR", "vcpus of its offering must be a number from 1 to 64")
    cloud.has_status(nowhere, "ERROR", "2 the machine image another.qcow2")
    wait_until(lambda: "has ended with status 1: " in cloud.attachment(bad)["status_reason"], deadline=60, what="a broken image")
    broken = cloud.appliance(bad)
    assert (broken["host"], broken["status"]) == ("h1", "ERROR") and "kernel" in broken["status_reason"]
    guest = lab.guest("v", 2, "good", timeout=300)
    wait_until(lambda: cloud.attachment(good)["status"] == "ACTIVE", deadline=300, what="the virtual machine is ACTIVE", interval=0.2)
    appliance = cloud.appliance(good)
    assert (appliance["runtime"], appliance["machine_image"], appliance["host"]) == ("qemu", "weft-appliance", "h1") and cloud.process(appliance)
    check_guest(cloud, appliance, guest)
    old = cloud.process(appliance)
    lab.stop("h1", kill=True)
    lab.start("h1")
    wait_until(lambda: f"appliance {appliance['id']} does what it is told" in lab.log("h1").partition(f"{appliance['id']}: found as it was left")[2],
               deadline=60, what="the next agent finds it, and is answered by it")
    assert cloud.process(appliance) == old
    mute = cloud.tagged("mute", "10.8.0.0/24", machine_image="mute")
    check_hanging(cloud, good)
    wait_until(lambda: "timed out" in cloud.attachment(mute)["status_reason"], deadline=90, what="whose agent never answers")
    assert cloud.appliance(mute)["status"] == "ERROR" and cloud.process(cloud.appliance(mute)), "it is there, and is told again"
    metainfo = {**json.loads(good["offering"]["metainfo"]), "runtime": "netns", "memory_mib": None}
    body = {"service_profile": {"metainfo": json.dumps({key: value for key, value in metainfo.items() if value})}}
    assert cloud.api.call("PUT", f"/v2.0/service_profiles/{good['offering']['id']}", body).status == 200
    wait_until(lambda: cloud.process(appliance, "netns"), deadline=30, what="it is made of namespaces")
    assert not cloud.process(appliance)
    wait_until(lambda: cloud.ask(appliance, "digest").get("digest") == appliance["digest"] != "", deadline=30, what="the same files")
    wait_until(lambda: cloud.appliance(good)["status"] == "ACTIVE" and cloud.lease("v"), deadline=30, what="a lease of that one")
    old = cloud.process(cloud.appliance(bad))
    assert old and cloud.api.call("DELETE", f"/v2.0/ports/{cloud.api.get('/v2.0/ports', network_id=bad['id'], device_owner='compute:nova').json['ports'][0]['id']}").status == 204
    assert cloud.api.call("DELETE", f"/v2.0/networks/{bad['id']}").status == 204
    wait_until(lambda: not pathlib.Path(f"/proc/{old[0]}").exists(), what="the broken one is no longer tried")


def check_hanging(cloud, network):
    """Z14, Z37: it runs and does nothing any more, as a machine whose kernel hangs: that is said, it is made anew, and serves."""
    wait_until(lambda: cloud.appliance(network)["digest"], what="what it has is told, by an agent that has just begun")
    appliance = cloud.appliance(network)
    runtime, = cloud.process(appliance)
    qemu = int(run("pgrep", "-P", runtime).stdout)
    os.kill(qemu, signal.SIGSTOP)
    wait_until(lambda: cloud.appliance(network)["status"] == "ERROR", deadline=90, what="that it hangs is said")
    assert "has not answered for 30 s; it is made anew" in cloud.appliance(network)["status_reason"]
    wait_until(lambda: cloud.appliance(network)["status"] == "ACTIVE", deadline=300, what="another machine", interval=0.2)
    assert cloud.process(appliance) != [runtime] and not pathlib.Path(f"/proc/{qemu}").exists()
    assert cloud.appliance(network)["digest"] == appliance["digest"]


def check_guest(cloud, appliance, guest):
    """Its lease, a name, and its way out, which is the router's public address."""
    lab, ports = cloud.lab, cloud.ports(appliance)
    assert ports["guest0"]["fixed_ips"][0]["ip_address"] == "10.4.0.1"
    assert lab.agent("h1", "ports", port=ports["guest0"]["id"])["ports"][0]["kind"] == "tun"
    lease = wait_until(lambda: cloud.lease("v"), deadline=30, what="a lease")
    assert lab.address(guest) in lease and "from 10.4.0.1" in lease
    wait_until(lambda: cloud.dig("v", "v", "10.4.0.1") == lab.address(guest), deadline=30, what="its name")
    lab.exec("v", "ip", "route", "replace", "default", "via", "10.4.0.1")
    server = lab.popen("far", "socat", "TCP4-LISTEN:7005,fork,reuseaddr", "SYSTEM:echo $SOCAT_PEERADDR")
    wait_until(lambda: ":7005 " in lab.exec("far", "ss", "-ltn").stdout, what="far serves")
    far = lab.address(lab.guests["far"])
    wait_until(lambda: lab.exec("v", "socat", "-t", "20", "-", f"TCP4:{far}:7005,connect-timeout=10", check=False).stdout.strip()
               == ports["public"]["fixed_ips"][0]["ip_address"], deadline=30, what="its way out")
    server.terminate()


def run_on_h2_too(cloud, image):
    """The other hypervisor runs virtual machines as well."""
    lab = cloud.lab
    with open(lab.folder / "h2/agent.conf", "a") as conf:
        conf.write(f"appliance-images = {image.parent}\nappliance-accelerator = tcg\n")
    lab.stop("h2")
    lab.start("h2")
    wait_until(lambda: "weft-appliance" in cloud.host("h2")["machine_images"], what="h2 has images")


def test_a_pair(cloud, image, tmp_path):
    """Z15, Z16, Z37: a pair of virtual machines: one serves, and goes on being master by the clock of an emulated processor; it is killed, and the other one serves instead."""
    lab = cloud.lab
    run_on_h2_too(cloud, image)
    began = time.monotonic()
    network = cloud.tagged("pair", "10.8.0.0/24", ha=True)
    active, standby = wait_until(lambda: cloud.both(network), deadline=300, what="one serves, the other one could", interval=0.2)
    up = time.monotonic() - began
    assert {active["host"], standby["host"]} == {"h1", "h2"} and {active["runtime"], standby["runtime"]} == {"qemu"}
    lab.guest("p", 2, "pair")
    wait_until(lambda: lab.pings("p", "10.8.0.1"), what="it is reached")
    pings = Pings(type("Bed", (), {"folder": tmp_path, "popen": lab.popen}), "p", "10.8.0.1")
    wait_until(lambda: len(pings.answers()) > ANSWERS, what="pings are answered")
    assert [one["id"] for one in cloud.both(network)] == [active["id"], standby["id"]], "nobody has taken over"
    times = pings.answers()
    peace = max(after - before for before, after in zip(times, times[1:]))
    os.kill(int(cloud.process(active)[0]), signal.SIGKILL)
    wait_until(lambda: cloud.api.get(f"/v2.0/appliances/{standby['id']}").json["appliance"]["ha_state"] == "active", what="the other one is master")
    gap = pings.end()
    print(f"a pair of virtual machines by TCG: up in {up:.1f} s; {peace:.2f} s without an answer before the master is killed, {gap:.2f} s then")
    assert gap < GAP_S
    wait_until(lambda: "from 10.8.0.1" in cloud.lease("p"), what="a lease of that one")
