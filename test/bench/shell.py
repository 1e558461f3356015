"""Commands, namespaces and processes of the benchmark, all of which one call removes."""
import contextlib
import ctypes
import os
import shlex
import signal
import subprocess
import tempfile
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
PREFIX = f"wb{os.getpid()}"
_namespaces, _processes, _folders = [], [], []


def sh(command, netns=None, check=True, stdin=None, env=None):
    """Runs a shell command (in a namespace); returns what it printed."""
    words = ["sh", "-c", command]
    if netns:
        words = ["ip", "netns", "exec", netns, *words]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, env=env)
    if check and done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout}{done.stderr}")
    return done.stdout


def spawn(command, netns=None, env=None, log=None):
    """A process that remove_all() ends if stop() has not. Its output goes to a pipe, or to the log."""
    words = shlex.split(command) if isinstance(command, str) else list(command)
    if netns:
        words = ["ip", "netns", "exec", netns, *words]
    out = open(log, "ab") if log else subprocess.PIPE
    process = subprocess.Popen(words, stdout=out, stderr=subprocess.STDOUT, env=env, stdin=subprocess.DEVNULL,
                               text=None if log else True)
    _processes.append(process)
    return process


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in _processes:
        _processes.remove(process)


def wait_line(process, text):
    """Reads the process's output up to the line that holds the text."""
    for line in process.stdout:
        if text in line:
            return
    raise RuntimeError(f"{process.args} ended without saying {text!r}")


def wait_until(condition, what, seconds=20):
    """Polls a condition that has no event to wait for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {seconds} s: still no {what}")
        time.sleep(0.02)


def namespace(name):
    full = f"{PREFIX}-{name}"
    sh(f"ip netns add {full}")
    _namespaces.append(full)
    sh("ip link set lo up; sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1", netns=full)
    return full


@contextlib.contextmanager
def inside(netns):
    """What this thread opens meanwhile is in the namespace."""
    with open("/proc/thread-self/ns/net", "rb") as own, open(f"/run/netns/{netns}", "rb") as other:
        enter(other)
        try:
            yield
        finally:
            enter(own)


def enter(file):
    if libc.setns(file.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def folder(name):
    path = tempfile.mkdtemp(prefix=f"{PREFIX}-{name}-")
    _folders.append(path)
    return path


def remove_all():
    for process in list(_processes):
        stop(process)
    for name in _namespaces:
        for pid in sh(f"ip netns pids {name}", check=False).split():
            os.kill(int(pid), signal.SIGKILL)  # only ours can be in there
        sh(f"ip netns del {name}", check=False)
    for path in _folders:
        sh(f"for m in $(awk '$2 ~ \"^{path}\" {{print $2}}' /proc/mounts); do umount $m; done; rm -rf {path}", check=False)
    _namespaces.clear()
    _folders.clear()
