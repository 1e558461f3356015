"""What goes wrong with an appliance's machine: it is said in its state, tried again with more and more time between, and costs nobody else
anything. QEMU is a stand-in (fake_qemu.py) that does what is wrong; namespaces are real. Proves Z37's bad input for both runtimes.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from appliance_bed import document
from conftest import BUILD, run, wait_until

FAKE = pathlib.Path(__file__).parent / "fake_qemu.py"
CONFIG = {key: value for key, value in document(1).items() if key in ("id", "revision", "interfaces", "dhcp")}


class Machine:
    """One runtime in a namespace of its own, where its devices are."""

    def __init__(self, runtime, number):
        self.name = f"bad-{os.getpid()}-{number}"
        self.home, self.process = pathlib.Path(f"/run/{self.name}"), None
        self.folder, self.path, self.log = self.home / "folder", self.home / "x.json", self.home / "log"
        self.runtime = runtime
        self.home.mkdir()
        shutil.copy(FAKE, self.home / "qemu")  # it is run by nobody, who may not enter where the tests are
        for name in ("vmlinuz", "initramfs"):
            (self.home / name).touch()
        for name in ("starts", "told"):
            (self.home / name).touch()
            (self.home / name).chmod(0o666)
        run("ip", "netns", "add", self.name)

    def behave(self, *words):
        (self.home / "behaviour").write_text(" ".join(words))

    def describe(self, revision=1, **more):
        nics = [{"name": name, "device": f"d-{name}"} for name in ("mgmt", "public", "guest0")]
        image = {"image": str(self.home), "accelerator": "tcg"} if self.runtime == "qemu" else {}
        self.path.write_text(json.dumps({"nics": nics, **image, **more, "config": {**CONFIG, "dhcp": {**CONFIG["dhcp"], "lease_s": 3600 + revision}, "revision": revision}}))

    def start(self, **more):
        self.describe(**more)
        words = [BUILD / f"src/appliance/weft-appliance-{self.runtime}", "--folder", self.folder]
        if self.runtime == "qemu":
            words += ["--qemu", self.home / "qemu"]
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(["nsenter", f"--net=/run/netns/{self.name}", *words, self.path], stderr=log)
        return self

    def state(self):
        with contextlib.suppress(OSError):
            return json.loads((self.folder / "state.json").read_text())
        return {"status": None, "status_reason": None}

    def until(self, status, reason=None):
        wait_until(lambda: self.state()["status"] == status and (not reason or reason in self.state()["status_reason"]),
                   what=f"{status}: {reason}; it is {self.state()}")

    @property
    def starts(self):
        return [float(line) for line in (self.home / "starts").read_text().split()]

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(10) == 0
        print(self.log.read_text()[-3000:] if self.log.exists() else "")
        run("ip", "netns", "del", self.name, check=False)
        shutil.rmtree(self.home)


@pytest.fixture
def machines():
    made = []

    def make(runtime):
        made.append(Machine(runtime, len(made)))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_a_broken_image(machines):
    """What QEMU said last is the reason; it is tried again after 1 s and 2 s, and works as soon as the image does. Another one is not concerned."""
    well, one = machines("qemu"), machines("qemu")
    well.behave("good")
    one.behave("broken")
    well.start().until("ACTIVE")
    one.start().until("ERROR", "has ended with status 1: qemu: could not load kernel '/x/vmlinuz': invalid kernel header")
    wait_until(lambda: len(one.starts) == 2, what="the second try")
    one.until("ERROR", "invalid kernel header")
    one.behave("good")
    one.until("ACTIVE")
    first, second, third = one.starts
    assert 0.9 < second - first < third - second
    assert well.state() == {"status": "ACTIVE", "status_reason": None} and len(well.starts) == 1


def test_it_is_killed(machines):
    """Whoever kills it, it is made again; and with who watches over it, it ends."""
    one = machines("qemu")
    one.behave("good")
    one.start().until("ACTIVE")
    old = int(run("pgrep", "-P", str(one.process.pid)).stdout)
    os.kill(old, 9)
    one.until("ERROR", "has ended by signal 9")
    one.until("ACTIVE")
    new = int(run("pgrep", "-P", str(one.process.pid)).stdout)
    one.process.kill()
    one.process.wait()
    wait_until(lambda: not pathlib.Path(f"/proc/{new}").exists(), what="it ends with who made it")
    wait_until(lambda: "d-mgmt" not in run("ip", "-n", one.name, "-br", "link").stdout, what="its devices too")


def test_no_image(machines):
    """The image is not there yet, and then it is."""
    one = machines("qemu")
    one.behave("good")
    (one.home / "initramfs").unlink()
    one.start().until("ERROR", "lacks initramfs; tools/build-appliance makes both")
    (one.home / "initramfs").touch()
    one.until("ACTIVE")


def test_an_agent_that_never_answers(machines):
    one = machines("qemu")
    one.behave("silent")
    one.start(start_timeout_s=1).until("ERROR", "has not answered since its start, 1 s ago")
    wait_until(lambda: len(one.starts) >= 2, what="another machine")
    one.behave("good")
    one.until("ACTIVE")


@pytest.mark.parametrize("name", [CONFIG["id"], "0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0002"])
def test_a_wrong_certificate(machines, name):
    """Somebody else answers, in the appliance's name or in another's: he is told nothing, it is said whom he takes himself for, and the machine is
    made again when its time is over."""
    one = machines("qemu")
    one.behave("certificate", name)
    one.start(start_timeout_s=2).until("ERROR", f'it shows another certificate than its own, that of "CN={name}"')
    wait_until(lambda: len(one.starts) >= 2, what="another machine")
    assert "has not answered since its start" in one.log.read_text()
    assert (one.home / "told").read_text() == ""


def test_certificates_are_renewed(machines):
    """Long before they end, while it runs: it is ACTIVE all the time, and told what is new with the new ones."""
    one = machines("qemu")
    one.behave("good")
    one.start(certificate_lifetime_s=10).until("ACTIVE")
    states, seen = set(), set()

    def several():
        states.add(one.state()["status"])
        with contextlib.suppress(OSError):
            seen.add((one.folder / "cert.pem").read_text() + (one.folder / "client.pem").read_text())
        return len(seen) > 3 and not (one.folder / "cert.pem.next").exists()

    wait_until(several, what="the second ones by now")
    assert states == {"ACTIVE"} and len(one.starts) == 1
    one.describe(revision=2, certificate_lifetime_s=10)
    one.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "2" in (one.home / "told").read_text().split(), what="revision 2")
    one.until("ACTIVE")
    assert len(one.starts) == 1


def test_a_certificate_that_expires(machines):
    """It can't be renewed, so that it ends some time: that is said, and another machine has another one."""
    one = machines("qemu")
    one.behave("keeps")
    one.start(certificate_lifetime_s=10).until("ACTIVE")
    one.until("ERROR", "its certificate has expired, at ")
    assert 'and could not be renewed: {"error": {"type": "InternalServerError", "message": "I keep it."}}' in one.log.read_text()
    one.behave("good")
    one.until("ACTIVE")
    assert len(one.starts) >= 2


def test_a_configuration_that_is_half_applied(machines):
    """It says what failed; told again, it does all of it. The machine is the same."""
    one = machines("qemu")
    one.behave("half", "2")
    one.start().until("ERROR", "nft failed: No space left on device")
    one.until("ACTIVE")
    assert len(one.starts) == 1


def test_a_full_disk_inside(machines):
    """Z37: in namespaces, with the real weft-appliance: its memory for files is full, and then it is not."""
    one = machines("netns").start()
    one.until("ACTIVE")
    inside = int(run("pgrep", "-P", run("pgrep", "-P", str(one.process.pid)).stdout.strip()).stdout)
    filler = pathlib.Path(f"/proc/{inside}/root/run/filler")
    with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
        while file.write(bytes(1 << 20)):
            pass
    one.describe(revision=2)
    one.process.send_signal(1)
    one.until("ERROR", "No space left on device")
    filler.unlink()
    one.until("ACTIVE")
    assert "revision 2 is applied" in one.log.read_text()


def test_a_full_disk_here(machines):
    """Nothing is started that could not be known or watched; said on standard error, as the folder can't hold it."""
    one = machines("qemu")
    one.behave("good")
    one.folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", one.folder)
    try:
        one.start()
        assert one.process.wait(10) == 1 and not one.starts
        assert "No space left on device" in one.log.read_text()
    finally:
        run("umount", one.folder)


def test_a_device_that_is_there(machines):
    """The name of a NIC's device is somebody else's: that one stays, and the machine comes when it is gone."""
    one = machines("netns")
    run("ip", "-n", one.name, "link", "add", "d-public", "type", "bridge")
    one.start().until("ERROR", "can't be made: nics[1]: ip failed: RTNETLINK answers: File exists")
    wait_until(lambda: "d-mgmt" not in run("ip", "-n", one.name, "-br", "link").stdout, what="between two tries, there is none of it")
    run("ip", "-n", one.name, "link", "delete", "d-public")
    one.until("ACTIVE")


def test_told_again_and_again(machines):
    """Whenever it is told something new, it does that: also when a connection to it that is idle, and offered to be kept, is given up just as
    the next message would take it, which was never answered then."""
    one = machines("qemu")
    one.behave("idle")
    one.start().until("ACTIVE")
    for revision in range(2, 5):
        one.describe(revision=revision)
        one.process.send_signal(signal.SIGHUP)
        wait_until(lambda: str(revision) in (one.home / "told").read_text().split(), what=f"revision {revision}")


def test_what_a_runtime_has_no_use_for(machines):
    """Z39: what the other runtime knows is refused, and so is a virtual function that is not there, by its address."""
    for runtime, more, says in (("netns", {"image": "/x"}, "weft-appliance-qemu"), ("qemu", {"image": None}, "image: must be"),
                                ("qemu", {"memory_mib": 64}, "needs 128 at least"), ("netns", {"accelerator": "kvm"}, "weft-appliance-qemu")):
        one = machines(runtime)
        one.start(**more)
        assert one.process.wait(10) == 1 and says in one.log.read_text(), (runtime, more)
    one = machines("qemu")
    one.behave("good")
    one.start(nics=[{"name": "mgmt", "pci_address": "0000:ff:1f.7"}, *({"name": name, "device": name} for name in ("public", "guest0"))])
    one.until("ERROR", "nics[0]: there is no PCI function 0000:ff:1f.7 here")
