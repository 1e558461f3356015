"""Fixtures of the system tests: labs of their own, and waiting for conditions.

A test draws its topology in its docstring and asks for

    lab        a lab with two hosts of its own, gone afterwards (`weft lab`, docs/lab.md)
    module_lab the same, shared by the tests of a file
    lab_with   a function that makes labs of other shapes: lab_with(hosts=3, underlay=6, mtu=9000)
    weftd      a weftd without hosts, shared by the tests of a file; admin, member, other, cli and sdk are its clients

Names are unique, so tests run in parallel (tools/test) and beside labs of yours. What measures time or rates, or loads the
machine so that others could not, is marked `alone` and runs when nothing else does. WEFT_BUILD names the build folder.
"""
import itertools
import json
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest

from weftd import MEMBER, OTHER, Client, Weftd

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", TOP / "build")).resolve()
WEFT = BUILD / "src/cli/weft"
numbers = itertools.count()
standing = []  # the labs that are up


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time or rates, so nothing may run beside it")
    config.addinivalue_line("markers", "longest: takes minutes, so it is begun before all others")


def has_module_fixture(item):
    return any(definitions[-1].scope == "module" for definitions in item._fixtureinfo.name2fixturedefs.values())


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """The tests that share a fixture of their file run in one process, in order; they come first, as they take longest, but for those marked so."""
    for item in items:
        if has_module_fixture(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=lambda item: (item.get_closest_marker("longest") is None, item.get_closest_marker("xdist_group") is None))


def pytest_sessionstart():
    """A run that is ended (`timeout 60 pytest …`) takes its labs down too."""
    def end(*_):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, end)


def wait_until(condition, deadline=60.0, what=None, interval=0.02):
    """Calls condition() until it gives something true, which is returned; fails after `deadline` seconds, which are many: the machine may be busy."""
    end = time.monotonic() + deadline
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            pytest.fail(f"not within {deadline} s: {what or getattr(condition, '__name__', condition)}")
        time.sleep(interval)


def run(*words, check=True, timeout=60, env=None, input=None):
    """Runs a program; its CompletedProcess with text output. With check, a failure fails the test and shows the output."""
    words = [str(word) for word in words]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout, env=env, input=input)
    except subprocess.TimeoutExpired as expired:
        said = b"".join(part or b"" for part in (expired.stdout, expired.stderr)).decode(errors="replace")
        pytest.fail(f"{shlex.join(words)} takes more than {timeout} s; it has said\n{said}")
    if check and done.returncode:
        pytest.fail(f"{shlex.join(words)} → {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Lab:
    """A lab that is up. Hosts are "h1", "h2" …; guests have the names they are given."""

    def __init__(self, name, **shape):
        self.name = name
        self.shape = shape
        self.folder = pathlib.Path(os.environ.get("WEFT_LAB_DIR", "/run/weft/lab")) / name

    def up(self):
        options = [word for key, value in self.shape.items() for word in (f"--{key}", str(value))]
        run(WEFT, "lab", "up", "--lab", self.name, *options, timeout=120)
        self.env = self.environment()
        return self

    def down(self):
        run(WEFT, "lab", "down", "--lab", self.name, timeout=120)

    def environment(self, project=None):
        """The variables of `weft lab env`, in a copy of ours."""
        words = [WEFT, "lab", "env", "--lab", self.name] + (["--project", project] if project else [])
        script = run(*words).stdout
        text = run("sh", "-c", script + "\nexec env -0").stdout
        return dict(item.split("=", 1) for item in text.split("\0") if item)

    def weft(self, *words, check=True, env=None, timeout=60):
        """`weft WORDS` with the lab's environment; a CompletedProcess."""
        return run(WEFT, *words, check=check, env=env or self.env, timeout=timeout)

    def json(self, *words, env=None):
        """The same with `-f json`, parsed."""
        return json.loads(self.weft(*words, "-f", "json", env=env).stdout)

    def api(self, env=None):
        """The Networking API as plain HTTP, as the administrator or as whom environment() gave."""
        env = env or self.env
        url = urllib.parse.urlsplit(env["WEFT_URL"])
        return Client(url.port, env["WEFT_TOKEN"], host=url.hostname)

    def network(self, name, cidr="10.0.0.0/24", project=None, **options):
        """Makes a network with one subnet; its object. Options are the subnet's, as `weft subnet create` has them."""
        own = ["--project", project] if project else []
        more = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))]
        network = self.json("network", "create", name, *own)
        self.weft("subnet", "create", name, "--network", network["id"], "--subnet-range", cidr, *own, *more)
        return network

    def guest(self, name, host=1, network=None, *flags, timeout=60, **options):
        """Makes a guest and waits until it works; its port. guest("v", 2, "net1", "--vm")"""
        words = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", str(value))]
        if network:
            words += ["--network", network]
        return json.loads(self.weft("lab", "guest", name, "--host", str(host), "--timeout", str(timeout), *words,
                                    *flags, "-f", "json", timeout=timeout + 60).stdout)

    def exec(self, name, *words, check=True, timeout=60):
        """Runs a command in a guest or on a host ("h1"); a CompletedProcess."""
        return self.weft("lab", "exec", name, "--", *words, check=check, timeout=timeout)

    def popen(self, name, *words, **options):
        """Starts a command in a guest or on a host; a Popen whose output is text. The lab's end ends it."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, **options}
        return subprocess.Popen([WEFT, "lab", "exec", name, "--", *words], env=self.env, **options)

    def netns(self, name):
        """The network namespace of a guest or host."""
        return f"weft-{self.name}-{name}"

    def pings(self, source, address, deadline=1):
        """Does one ping get an answer?"""
        return self.exec(source, "ping", "-c", "1", "-W", str(deadline), address, check=False).returncode == 0

    def address(self, port, version=4):
        """The first address of a port (an object, as guest() gives it) of that IP version."""
        return next(ip["ip_address"] for ip in port["fixed_ips"] if (":" in ip["ip_address"]) == (version == 6))

    def agent(self, host, op, **request):
        """Asks the agent of "h1" … by its control socket (docs/agent.md); the result. Fails the test on an error."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(70)
            client.connect(str(self.folder / host / "run/agent.sock"))
            client.sendall((json.dumps({"op": op, **request}) + "\n").encode())
            answer = json.loads(client.makefile().readline())
        assert answer["ok"], answer
        return answer["result"]

    def pid(self, node):
        """Process of "weftd", "h1" …; 0 if it doesn't run."""
        record = self.folder / node / "pid"
        return int(record.read_text().split()[0]) if record.exists() else 0

    def stop(self, node, kill=False):
        """Ends the daemon of "weftd", "h1" …, by SIGTERM, or SIGKILL."""
        self.weft("lab", "stop", node, *(["--kill"] if kill else []))

    def start(self, node):
        self.weft("lab", "start", node)

    def log(self, node):
        return (self.folder / node / "log").read_text()

    def story(self):
        """What the agents know of each other and of gateways, and what they have dropped: for who reads of a failure."""
        lines = []
        for host in sorted(path.parent.parent.name for path in self.folder.glob("h*/run/agent.sock")):
            try:
                status = self.agent(host, "status")
                drops = {name: drop["count"] for name, drop in self.agent(host, "drops")["host"].items() if drop["count"]}
                lines.append(json.dumps({host: {"hosts": status["hosts"], "gateways": status["gateways"], "drops": drops}}))
            except (OSError, AssertionError, KeyError, ValueError) as error:
                lines.append(f"{host}: {error!r}")
        return "\n".join(lines)


def labs(request):
    """Makes labs until the end of a fixture's scope, then takes them down; after a failure it shows their logs."""
    made = []

    def make(**shape):
        one = Lab(f"t{os.getpid()}-{next(numbers)}", **shape)
        made.append(one)
        standing.append(one)
        return one.up()

    yield make
    for one in made:
        if getattr(request.node, "failed", False) and one.folder.exists():
            print(run(WEFT, "lab", "logs", "--lab", one.name, "--lines", "40", check=False).stdout)
        if one.folder.exists():
            one.down()
        standing.remove(one)


@pytest.fixture
def lab_with(request):
    """Makes labs of any shape: the options of `weft lab up` as keywords."""
    yield from labs(request)


@pytest.fixture
def lab(lab_with):
    """A lab with two hosts, an IPv4 underlay of MTU 1500, Geneve."""
    return lab_with()


@pytest.fixture(scope="module")
def module_lab(request):
    """One such lab for all tests of a file, which must not stand in each other's way."""
    make = labs(request)
    yield next(make)()
    next(make, None)


# --- a weftd alone, of a file's tests: without a lab

@pytest.fixture(scope="module")
def weftd(request, tmp_path_factory):
    """A weftd of the file's own, with the settings in its WEFTD, if it has one."""
    server = Weftd(tmp_path_factory.mktemp("weftd"), **getattr(request.module, "WEFTD", {})).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def examples(weftd):
    """Makes examples of every kind that the weftd's OpenAPI document has."""
    from examples import Examples
    return Examples(weftd.client(), weftd.client(None).get("/openapi.json").json)


@pytest.fixture
def admin(weftd):
    return weftd.client()


@pytest.fixture
def api(admin):
    return admin


@pytest.fixture
def member(weftd):
    return weftd.client(MEMBER)


@pytest.fixture
def other(weftd):
    return weftd.client(OTHER)


@pytest.fixture
def cli(weftd):
    """`openstack` as the administrator."""
    from openstack_clients import Cli  # loading it takes a second, which most files need not wait for
    return Cli(weftd)


@pytest.fixture
def sdk(weftd):
    """The network proxy of openstacksdk, as the administrator."""
    from openstack_clients import connect
    proxy = connect(weftd)
    yield proxy
    proxy.session.session.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed
        item.parent.failed = getattr(item.parent, "failed", False) or report.failed
        if report.failed:
            report.sections += [(f"agents of {one.name}", one.story()) for one in standing]
