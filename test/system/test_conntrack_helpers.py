"""Conntrack helpers of routers, with real servers and clients: vsftpd, tftpd-hpa, ftplib and curl. Proves Z7, Z36.

    net1 10.1.0.0/24 ── r ── public (flat, 203.0.113.0/24) ── the world of outside.py, FAR among it
    h1: a     h2: b     one of the two has the router's gateway
"""
import pathlib
import shutil
import sys
import tempfile
import textwrap

import pytest

import openstack_cli
import outside
from conftest import labs, run, wait_until
from test_outside import Cloud

# Does what its words say over one control connection, and says how that went.
SESSION = textwrap.dedent("""
    import ftplib, io, sys

    class Session(ftplib.FTP):
        trust_server_pasv_ipv4_address = True
        extended = False

        def sendport(self, host, port):
            return self.sendcmd(f"EPRT |1|{host}|{port}|") if self.extended else super().sendport(host, port)

        def makepasv(self):
            return ftplib.parse229(self.sendcmd("EPSV"), self.sock.getpeername()) if self.extended else super().makepasv()

        def get(self, passive, extended):
            self.set_pasv(passive)
            self.extended = extended
            got = io.BytesIO()
            self.retrbinary("RETR file", got.write)
            return got.getvalue().decode().strip()

    WORDS = {"PORT": (False, False), "EPRT": (False, True), "PASV": (True, False), "EPSV": (True, True)}
    try:
        ftp = Session(timeout=4)
        ftp.connect(sys.argv[1], int(sys.argv[2]))
        ftp.login()
        for word in sys.argv[3:]:
            print(ftp.get(*WORDS[word]) if word in WORDS else len(ftp.sendcmd(word).splitlines()), flush=True)
        ftp.quit()
    except (OSError, EOFError, ftplib.Error) as error:
        print(type(error).__name__, error, flush=True)
    """)
ALL = ["PORT", "EPRT", "PASV", "EPSV", "STAT many", "PORT", "EPSV"]
ALL_SAID = ["from the server"] * 4 + ["404"] + ["from the server"] * 2
FTP_CONF = """
listen=YES
anonymous_enable=YES
anon_root={root}
background=NO
seccomp_sandbox=NO
connect_from_port_20=YES
no_anon_password=YES
vsftpd_log_file=/dev/null
secure_chroot_dir={root}/empty
"""


class Helped(Cloud):
    PLACES = (("a", 1), ("b", 2))

    def __init__(self, lab, world):
        super().__init__(lab, world)
        self.cli = openstack_cli.Cli(**{key: value for key, value in lab.env.items() if key.startswith("OS_")})
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="weft-served-"))
        (self.root / "many").mkdir()
        (self.root / "empty").mkdir()
        (self.root / "file").write_text("from the server\n")
        for n in range(400):
            (self.root / "many" / f"a-file-with-a-long-name-{n}").touch()
        for path in (self.root, self.root / "many", self.root / "empty"):
            path.chmod(0o555)
        self.conf = lab.folder / "vsftpd.conf"
        self.conf.write_text(FTP_CONF.format(root=self.root))
        self.servers(world.out)

    def servers(self, namespace):
        """Of FTP and TFTP."""
        self.world.start(namespace, "vsftpd", str(self.conf))
        self.world.start(namespace, "in.tftpd", "-L", "-4", "-s", str(self.root))
        for kind, port in (("t", 21), ("u", 69)):
            wait_until(lambda kind=kind, port=port: f":{port} " in self.world.exec("ss", f"-{kind}lnH", namespace=namespace).stdout, what="the server listens")

    def ftp(self, namespace, address, *words, port=21):
        said = self.world.exec(sys.executable, "-c", SESSION, address, str(port), *words, namespace=namespace).stdout
        return said.strip().splitlines()

    def tftp(self, namespace, address):
        return self.world.exec("curl", "-sS", "-m", "3", f"tftp://{address}/file", namespace=namespace, check=False).stdout.strip()

    def path(self, helper=None):
        return f"/v2.0/routers/{self.router['id']}/conntrack_helpers" + (f"/{helper['id']}" if helper else "")

    def help(self, helper, protocol, port):
        answer = self.api.call("POST", self.path(), {"conntrack_helper": {"helper": helper, "protocol": protocol, "port": port}})
        assert answer.status == 201, answer.text
        self.settle()
        return answer.json["conntrack_helper"]

    def settle(self):
        self.lab.weft("wait", "revision")

    def count(self, outcome):
        """Of all hosts."""
        return sum(int(line.split()[-1]) for host in ("h1", "h2") for line in self.lab.agent(host, "metrics")["text"].splitlines()
                   if line.startswith(f'weft_conntrack_helper_total{{outcome="{outcome}"}}'))

    def down(self):
        self.cli.close()
        shutil.rmtree(self.root)


@pytest.fixture(scope="module")
def cloud(request):
    make = labs(request)
    lab = next(make)(hosts=2)
    world = outside.World(lab, ["h1", "h2"])
    try:
        world.up()
        cloud = Helped(lab, world)
        wait_until(lambda: cloud.gateway()["status"] == "ACTIVE", what="the gateway is ACTIVE")
        yield cloud
        cloud.down()
    finally:
        world.down()
        next(make, None)


def test_clients_behind_the_routers_address(cloud):
    """By a host's own ports, and by the gateway's; before there is a helper, and with it."""
    here = cloud.lab.netns
    assert cloud.ftp(here("a"), outside.FAR, "EPSV")[0] == "from the server"
    assert "500 Illegal PORT" in cloud.ftp(here("a"), outside.FAR, "PORT")[0] and not cloud.tftp(here("a"), outside.FAR)
    made = cloud.cli.json("network", "l3", "conntrack", "helper", "create", cloud.router["id"], "--helper", "ftp", "--protocol", "tcp", "--port", "21")
    cloud.help("tftp", "udp", 69)
    for name in ("a", "b"):
        assert cloud.ftp(here(name), outside.FAR, *ALL) == ALL_SAID, name
        assert cloud.tftp(here(name), outside.FAR) == "from the server", name
    steps = cloud.lab.weft("trace", "a", "--to", outside.FAR, "--proto", "tcp", "--dport", "21").stdout
    assert "the router's conntrack helper for FTP" in steps, steps
    # Another port than the helper's is not helped; a helper that moves there helps there.
    cloud.cli("network", "l3", "conntrack", "helper", "set", cloud.router["id"], made["id"], "--port", "2121")
    cloud.settle()
    assert "500 Illegal PORT" in cloud.ftp(here("a"), outside.FAR, "PORT")[0]
    cloud.cli("network", "l3", "conntrack", "helper", "set", cloud.router["id"], made["id"], "--port", "21")
    cloud.settle()
    assert cloud.ftp(here("a"), outside.FAR, "PORT")[0] == "from the server"


def test_nobody_names_others(cloud):
    """What a client names must be its own, and no low port: else nothing is translated or opened, and it is counted."""
    refused, expected = cloud.count("refused"), cloud.count("expected")
    port = f"PORT {cloud.ip['b'].replace('.', ',')},8,1"
    low = f"PORT {cloud.ip['a'].replace('.', ',')},0,80"
    for words in (port, low):
        assert "500 Illegal PORT" in cloud.ftp(cloud.lab.netns("a"), outside.FAR, words)[0]
    assert cloud.count("refused") == refused + 2 and cloud.count("expected") == expected


def test_servers_behind_a_floating_ip(cloud):
    for name in ("a", "b"):
        cloud.servers(cloud.lab.netns(name))
    made = cloud.float("b")
    at = made["floating_ip_address"]
    assert cloud.ftp(cloud.world.out, at, *ALL) == ALL_SAID
    assert cloud.tftp(cloud.world.out, at) == "from the server"
    assert cloud.ftp(cloud.lab.netns("b"), outside.FAR, *ALL) == ALL_SAID  # as a client
    assert cloud.ftp(cloud.lab.netns("a"), at, *ALL) == ALL_SAID  # through both translations of one host or two
    cloud.delete("floatingip", made)


def test_servers_behind_a_port_forwarding(cloud):
    """Of a guest on the host that has the gateway, and of one on another: it leaves by the gateway's as long as there is a helper."""
    made = cloud.api.make("floatingip", floating_network_id=cloud.public["id"])
    at, path = made["floating_ip_address"], f"/v2.0/floatingips/{made['id']}/port_forwardings"
    for name in ("a", "b"):
        ids = []
        for protocol, port in (("tcp", 21), ("udp", 69)):
            body = {"internal_port_id": cloud.ports[name]["id"], "internal_ip_address": cloud.ip[name], "protocol": protocol,
                    "external_port": port, "internal_port": port}
            answer = cloud.api.call("POST", path, {"port_forwarding": body})
            assert answer.status == 201, answer.text
            ids.append(answer.json["port_forwarding"]["id"])
        cloud.settle()
        assert cloud.ftp(cloud.world.out, at, *ALL) == ALL_SAID, name
        assert cloud.tftp(cloud.world.out, at) == "from the server", name
        for id in ids:
            assert cloud.api.call("DELETE", f"{path}/{id}").status == 204
    cloud.delete("floatingip", made)
    wait_until(lambda: cloud.count("expected") == cloud.count("fulfilled"), what="all that was announced has come")
