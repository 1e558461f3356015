"""Runs a program inside a QEMU guest that boots Debian's own kernel (linux-image-amd64).

The machine that tests run on may have a newer kernel, or one without modules that users have. The guest has Debian's: an
initramfs made on the spot holds busybox, the wanted programs with their libraries, and the wanted kernel modules;
/init loads the modules, runs the command, prints its exit status on the serial console and powers off. Emulated in software
(TCG), so it works wherever QEMU does; booting takes some seconds.

run_in_vm() has a guest with that and nothing else. run_on_these_files() has one with all of this machine's files (9p, read-only, below a
layer in memory), so with every program that is installed here, and modules as they are wanted; its /run is its own.
"""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

BUSYBOX = "/bin/busybox"
STATUS = re.compile(r"^WEFT-EXIT (\d+)\s*$", re.M)
INIT = """#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t bpf bpf /sys/fs/bpf
mkdir -p /dev/net
for module in $(cat /modules.order); do insmod $module || echo "insmod $module failed"; done
[ -e /dev/net/tun ] || mknod /dev/net/tun c 10 200
ip link set lo up
echo WEFT-BEGIN
%s
echo "WEFT-EXIT $?"
poweroff -f
"""


# Instructions are the clock there (2^2 ns each), so what a busy machine does to it is not seen in its times: they are those of a
# processor of 250 million instructions a second, which has nothing else to do.
CLOCK = "shift=2"
INIT_ON_FILES = """#!/bin/sh
export PATH=/bin:/sbin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules.order); do insmod $module || echo "insmod $module failed"; done
mkdir /host /layer /root
mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=524288 host /host
mount -t tmpfs layer /layer
mkdir /layer/upper /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /root
mount -t tmpfs run /root/run
cp /begin /root/run
for folder in proc sys dev; do mount --move /$folder /root/$folder; done
exec switch_root /root /bin/sh /run/begin
"""
BEGIN = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mkdir -p /dev/shm /dev/pts /run/netns /run/lock
mount -t tmpfs shm /dev/shm
mount -t devpts devpts /dev/pts
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
echo WEFT-BEGIN
(%s)
echo "WEFT-EXIT $?"
exec busybox poweroff -f
"""


def kernel_release():
    """Newest installed Debian kernel that has its modules, or None."""
    found = [os.path.basename(p)[len("vmlinuz-"):] for p in sorted(glob.glob("/boot/vmlinuz-*"))]
    found = [r for r in found if os.path.isdir(f"/lib/modules/{r}")]
    return found[-1] if found else None


def module_files(release, names):
    """Paths of the modules and all they depend on, in loading order; built-in ones are left out."""
    base = pathlib.Path("/lib/modules") / release
    depends, by_name, order = {}, {}, []
    for line in (base / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        depends[path] = rest.split()
        by_name[pathlib.Path(path).name.split(".ko")[0].replace("-", "_")] = path

    def add(path):
        for other in depends[path]:
            add(other)
        if path not in order:
            order.append(path)

    for name in names:
        if name.replace("-", "_") in by_name:
            add(by_name[name.replace("-", "_")])
    return [base / path for path in order]


def libraries(program):
    """Shared objects that the program needs, loader included."""
    out = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return [w for line in out.splitlines() for w in line.split() if w.startswith("/")]


def build_initramfs(folder, release, init, programs, modules, files):
    root = pathlib.Path(folder) / "root"
    for name in ("bin", "sbin", "usr/bin", "usr/sbin", "proc", "sys", "dev", "tmp", "run", "etc", "modules"):
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for applet in subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")

    def copy(source, target):
        target = root / str(target).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        shutil.copy(source, target)
        target.chmod(0o755)

    for program in programs:
        path = shutil.which(program) or program
        copy(path, pathlib.Path("bin") / pathlib.Path(path).name)
        for library in libraries(path):
            copy(library, library)
    for target, source in (files or {}).items():
        copy(source, target)
    names = []
    for number, path in enumerate(module_files(release, modules)):
        names.append(f"/modules/{number:03}-{path.name}")
        copy(path, names[-1])
    (root / "modules.order").write_text("\n".join(names) + "\n")
    (root / "init").write_text(init)
    (root / "init").chmod(0o755)
    image = pathlib.Path(folder) / "initramfs"
    with open(image, "wb") as out:
        names = subprocess.run(["find", "."], cwd=root, capture_output=True, check=True).stdout
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)
    return image


def required_release():
    release = kernel_release()
    if release is None:
        raise RuntimeError("no Debian kernel in /boot with modules in /lib/modules: install linux-image-amd64")
    return release


def boot(release, image, memory_mib, timeout, *more):
    """(exit status of the guest's command, console text)"""
    # A plain CPU: what "max" has beside (SMAP, la57, AVX) costs the emulation a third of the time.
    guest = subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64", "-smp", "1", "-m", str(memory_mib), "-nographic",
         "-no-reboot", "-nodefaults", "-serial", "stdio", "-kernel", f"/boot/vmlinuz-{release}", "-initrd", str(image),
         "-append", "console=ttyS0 panic=-1 quiet", *more],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=timeout)
    status = STATUS.search(guest.stdout)
    if not status:
        raise RuntimeError(f"the guest gave no exit status; its console:\n{guest.stdout[-4000:]}\n{guest.stderr[-1000:]}")
    return int(status.group(1)), guest.stdout.partition("WEFT-BEGIN")[2]


def run_in_vm(command, programs=(), modules=(), files=None, timeout=400, memory_mib=1024):
    """Boots, runs the shell command, powers off. Returns (exit status, console text). Raises on a guest that gives no status."""
    release = required_release()
    with tempfile.TemporaryDirectory(prefix="weft-vm-") as folder:
        image = build_initramfs(folder, release, INIT % command, programs, modules, files)
        return boot(release, image, memory_mib, timeout)


def run_on_these_files(command, timeout=400, memory_mib=1536):
    """The same on this machine's files."""
    release = required_release()
    with tempfile.TemporaryDirectory(prefix="weft-vm-") as folder:
        begin = pathlib.Path(folder, "begin")
        begin.write_text(BEGIN % command)
        image = build_initramfs(folder, release, INIT_ON_FILES, [], ["virtio_pci", "9pnet_virtio", "9p", "overlay"], {"/begin": begin})
        return boot(release, image, memory_mib, timeout, "-icount", CLOCK,
                    "-fsdev", "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap", "-device", "virtio-9p-pci,fsdev=host,mount_tag=host")
