"""Conntrack helpers of routers, with real servers and clients: vsftpd, tftpd-hpa, ftplib, curl and sipp. Proves Z7, Z36.

    net1 10.1.0.0/24 ── r ── public (flat, 203.0.113.0/24) ── the world of outside.py, FAR among it
    h1: a     h2: b     one of the two has the router's gateway
"""
import json
import pathlib
import shutil
import sys
import tempfile
import textwrap

import pytest

import openstack_cli
import outside
from conftest import labs, wait_until
from outside_cloud import Cloud

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
# Both ends of SIP calls as scripts, for what sipp does not look at: they answer to where messages say, not to where they came from.
SIP = textwrap.dedent("""
    import json, re, socket, sys

    def bound(address, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(4)
        s.bind((address, port))
        return s

    def sdp(address, port):
        return f"v=0\\r\\no=- 1 1 IN IP4 {address}\\r\\ns=-\\r\\nc=IN IP4 {address}\\r\\nt=0 0\\r\\nm=audio {port} RTP/AVP 0\\r\\n"

    def message(start, body="", **headers):
        lines = [start, *(f"{name}: {value}" for name, value in headers.items())]
        if body:
            lines.append("Content-Type: application/sdp")
        return ("\\r\\n".join([*lines, f"Content-Length: {len(body)}"]) + "\\r\\n\\r\\n" + body).encode()

    def header(text, name):
        return re.search(rf"^{name}: (.*?)\\r", text, re.M).group(1)

    def place(text):
        host, port = re.search(r"(\\d+\\.\\d+\\.\\d+\\.\\d+)(?::(\\d+))?", text).groups()
        return host, int(port or 5060)

    def media(text):
        head, body = text.split("\\r\\n\\r\\n")
        assert int(header(head + "\\r", "Content-Length")) == len(body), text
        return re.search(r"^c=IN IP4 (\\S+)", body, re.M).group(1), int(re.search(r"^m=audio (\\d+)", body, re.M).group(1))

    def heard(s, about):
        data, sender = s.recvfrom(2000)
        return [data.decode(), about(sender)]
    """)
# At 203.0.113.1: answers a registration and a call, then calls back where it was told, from another port.
SIP_PEER = SIP + textwrap.dedent("""
    me = sys.argv[1]
    s, back, port = bound(me, 5060), bound(me, 5080), 9000
    s.settimeout(None)
    print("ready", flush=True)
    while True:
        text, sender = s.recvfrom(2000)
        text = text.decode()
        via = header(text, "Via")
        if text.startswith("REGISTER"):
            port += 2  # what is translated of the last call lives on for a while
            rtp, rtcp = bound(me, port), bound(me, port + 1)
            seen = {"port": port, "contact": place(header(text, "Contact")), "via": place(via[12:]), "sender": sender}
            s.sendto(message("SIP/2.0 200 OK", Via=via + f";received={sender[0]}"), place(via[12:]))
        elif text.startswith("INVITE"):
            to = seen["media"] = media(text)
            s.sendto(message("SIP/2.0 200 OK", sdp(me, port), Via=via, Contact=f"<sip:peer@{me}:5060>"), place(via[12:]))
            rtp.sendto(b"rtp", to)
            rtcp.sendto(b"rtcp", (to[0], to[1] + 1))
        elif text.startswith("ACK"):
            try:
                seen["heard"] = heard(rtp, list)
                uri = "sip:guest@%s:%d" % seen["contact"]
                back.sendto(message(f"INVITE {uri} SIP/2.0", sdp(me, port), Via=f"SIP/2.0/UDP {me}:5080", To=f"<{uri}>"), seen["contact"])
                answer = back.recv(2000).decode()
                seen["answer"] = [answer.split("\\r\\n")[0], place(header(answer, "To")), media(answer)]
            except OSError as error:
                seen["error"] = str(error)
            print(json.dumps(seen), flush=True)
    """)
# A guest that registers, calls, and is called.
SIP_GUEST = SIP + textwrap.dedent("""
    me, peer = sys.argv[1], (sys.argv[2], 5060)
    s, rtp, rtcp = bound(me, 5060), bound(me, 4000), bound(me, 4001)
    mine = {"Via": f"SIP/2.0/UDP {me}:5060;branch=1", "From": f"<sip:guest@{me}>", "Contact": f"<sip:guest@{me}:5060>"}
    said = {}
    try:
        s.sendto(message(f"REGISTER sip:{peer[0]} SIP/2.0", Expires="60", **mine), peer)
        said["registered"] = header(s.recv(2000).decode(), "Via")
        s.sendto(message(f"INVITE sip:peer@{peer[0]} SIP/2.0", sdp(me, 4000), **mine), peer)
        rtp.sendto(b"from the guest", media(s.recv(2000).decode()))
        said["media"] = heard(rtp, list) + heard(rtcp, list)
        s.sendto(message(f"ACK sip:peer@{peer[0]} SIP/2.0", **mine), peer)
        call, sender = s.recvfrom(2000)
        call = call.decode()
        said["called"] = [place(call), place(header(call, "To")), media(call)]
        s.sendto(message("SIP/2.0 200 OK", sdp(me, 4000), Via=header(call, "Via"), To=header(call, "To")), place(header(call, "Via")[12:]))
    except OSError as error:
        said["error"] = str(error)
    print(json.dumps(said))
    """)
# The same by TCP: all on the guest's connection, several messages at once.
SIP_STREAM = SIP + textwrap.dedent("""
    class Stream:
        def __init__(self, s):
            self.s, self.buffer = s, b""
            s.settimeout(30)

        def read(self):
            while True:
                head, end, rest = self.buffer.lstrip().partition(b"\\r\\n\\r\\n")
                n = int(header(head.decode() + "\\r", "Content-Length")) if end else 0
                if end and len(rest) >= n:
                    self.buffer = rest[n:]
                    return (head + end + rest[:n]).decode()
                got = self.s.recv(65536)
                assert got, "the other side has closed"
                self.buffer += got
    """)
SIP_STREAM_PEER = SIP_STREAM + textwrap.dedent("""
    me, port = sys.argv[1], 9500
    listener = socket.create_server((me, 5060))
    print("ready", flush=True)
    while True:
        s, sender = listener.accept()
        stream, port, seen = Stream(s), port + 2, {"sender": sender}
        rtp, rtcp = bound(me, port), bound(me, port + 1)
        try:
            text = stream.read()
            seen.update(port=port, contact=place(header(text, "Contact")), via=place(header(text, "Via")[12:]))
            s.sendall(message("SIP/2.0 200 OK", Via=header(text, "Via")))
            for n in range(40):
                text = stream.read()
                assert text.startswith("INVITE") and place(header(text, "Contact")) == seen["contact"], text
                seen["media"] = media(text)
                s.sendall(message("SIP/2.0 200 OK", sdp(me, port), Via=header(text, "Via"), CSeq=n))
            rtp.sendto(b"rtp", tuple(seen["media"]))
            assert stream.read().startswith("ACK")
            seen["heard"] = heard(rtp, list)
            uri = "sip:guest@%s:%d" % seen["contact"]
            calls = [message(f"INVITE {uri} SIP/2.0", sdp(me, port), Via=f"SIP/2.0/TCP {me}", To=f"<{uri}>", CSeq=n) for n in range(3)]
            s.sendall(b"".join(calls))
            seen["answers"] = [[header(text, "CSeq"), place(header(text, "To")), media(text)] for text in (stream.read() for _ in calls)]
            s.sendall(b"the end")
        except Exception as error:
            seen["error"] = repr(error)
        s.close()
        print(json.dumps(seen), flush=True)
    """)
SIP_STREAM_GUEST = SIP_STREAM + textwrap.dedent("""
    me, peer = sys.argv[1], sys.argv[2]
    rtp, rtcp = bound(me, 4000), bound(me, 4001)
    s = socket.create_connection((peer, 5060), 30, (me, 0))
    stream, port = Stream(s), s.getsockname()[1]
    mine = {"Via": f"SIP/2.0/TCP {me}:{port};branch=1", "From": f"<sip:guest@{me}>", "Contact": f"<sip:guest@{me}:{port};transport=tcp>"}
    said = {"port": port}
    try:
        invites = [message(f"INVITE sip:peer@{peer} SIP/2.0", sdp(me, 4000), CSeq=n, **mine) for n in range(40)]
        s.sendall(message(f"REGISTER sip:{peer} SIP/2.0", Expires="60", **mine) + b"\\r\\n\\r\\n" + b"".join(invites[:4]))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for n, invite in enumerate(invites[4:]):
            for at, end in ((0, 7 + n), (7 + n, 150 + n), (150 + n, None)):  # of three segments
                s.sendall(invite[at:end])
        answers = [stream.read() for _ in range(41)]
        said["registered"], said["answered"] = header(answers[0], "Via"), [int(header(text, "CSeq")) for text in answers[1:]]
        rtp.sendto(b"from the guest", media(answers[-1]))
        said["media"] = heard(rtp, list)
        s.sendall(message(f"ACK sip:peer@{peer} SIP/2.0", **mine))
        calls = [stream.read() for _ in range(3)]
        said["called"] = [[place(call), place(header(call, "To")), media(call)] for call in calls]
        s.sendall(b"".join(message("SIP/2.0 200 OK", sdp(me, 4000), Via=header(call, "Via"), To=header(call, "To"), CSeq=header(call, "CSeq"))
                           for call in calls))
        said["end"] = stream.buffer.decode()
        while got := s.recv(100):
            said["end"] += got.decode()
    except Exception as error:
        said["error"] = repr(error)
    print(json.dumps(said))
    """)
FTP, TFTP = ("ftp", "tcp", 21), ("tftp", "udp", 69)
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
        for namespace in (world.out, lab.netns("a"), lab.netns("b")):
            self.servers(namespace)

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

    def help(self, *helpers):
        """Has exactly these."""
        wanted = [{"helper": helper, "protocol": protocol, "port": port} for helper, protocol, port in helpers]
        for made in self.api.get(self.path()).json["conntrack_helpers"]:
            assert self.api.call("DELETE", self.path(made)).status == 204
        for one in wanted:
            answer = self.api.call("POST", self.path(), {"conntrack_helper": one})
            assert answer.status == 201, answer.text
        self.settle()

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
    cloud.help()
    assert cloud.ftp(here("a"), outside.FAR, "EPSV")[0] == "from the server"
    assert "500 Illegal PORT" in cloud.ftp(here("a"), outside.FAR, "PORT")[0] and not cloud.tftp(here("a"), outside.FAR)
    made = cloud.cli.json("network", "l3", "conntrack", "helper", "create", cloud.router["id"], "--helper", "ftp", "--protocol", "tcp", "--port", "21")
    tftp = cloud.api.call("POST", cloud.path(), {"conntrack_helper": {"helper": "tftp", "protocol": "udp", "port": 69}})
    assert tftp.status == 201, tftp.text
    cloud.settle()
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
    cloud.help(FTP)
    refused, expected = cloud.count("refused"), cloud.count("expected")
    port = f"PORT {cloud.ip['b'].replace('.', ',')},8,1"
    low = f"PORT {cloud.ip['a'].replace('.', ',')},0,80"
    for words in (port, low):
        assert "500 Illegal PORT" in cloud.ftp(cloud.lab.netns("a"), outside.FAR, words)[0]
    assert cloud.count("refused") == refused + 2 and cloud.count("expected") == expected


def test_servers_behind_a_floating_ip(cloud):
    cloud.help(FTP, TFTP)
    made = cloud.float("b")
    at = made["floating_ip_address"]
    assert cloud.ftp(cloud.world.out, at, *ALL) == ALL_SAID
    assert cloud.tftp(cloud.world.out, at) == "from the server"
    assert cloud.ftp(cloud.lab.netns("b"), outside.FAR, *ALL) == ALL_SAID  # as a client
    assert cloud.ftp(cloud.lab.netns("a"), at, *ALL) == ALL_SAID  # through both translations of one host or two
    cloud.delete("floatingip", made)


def test_servers_behind_a_port_forwarding(cloud):
    """Of a guest on the host that has the gateway, and of one on another: it leaves by the gateway's as long as there is a helper."""
    cloud.help(FTP, TFTP)
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


def calls(cloud, name, seen_as, kept=True):
    """A guest registers, calls and is called: all that the peer is told is where it reaches the guest; @kept: with the same ports."""
    ip = cloud.ip[name]
    said = json.loads(cloud.world.exec(sys.executable, "-c", SIP_GUEST, ip, outside.ROUTER, namespace=cloud.lab.netns(name)).stdout)
    assert "error" not in said, said
    seen = json.loads(cloud.peer.stdout.readline())
    assert said["registered"] == f"SIP/2.0/UDP {ip}:5060;branch=1;received={ip}"
    assert said["media"] == ["rtp", [outside.ROUTER, seen["port"]], "rtcp", [outside.ROUTER, seen["port"] + 1]]
    assert said["called"] == [[ip, 5060], [ip, 5060], [outside.ROUTER, seen["port"]]]
    assert seen["contact"] == seen["via"] == seen["sender"] and seen["contact"][0] == seen["media"][0] == seen_as
    assert seen["heard"] == ["from the guest", seen["media"]]
    assert seen["answer"] == ["SIP/2.0 200 OK", seen["contact"], seen["answer"][2]] and seen["answer"][2][0] == seen_as
    assert not kept or (seen["contact"][1] == 5060 and seen["media"][1] == 4000)


def test_calls(cloud):
    """SIP: signalling and media, both ways, through all kinds of translation; and a real user agent's call."""
    cloud.help(("sip", "udp", 5060))
    cloud.peer = cloud.world.start(cloud.world.out, sys.executable, "-c", SIP_PEER, outside.ROUTER, ready="ready")
    for name in ("a", "b"):
        calls(cloud, name, cloud.gateway_ip(), kept=False)
    made = cloud.float("a")
    calls(cloud, "a", made["floating_ip_address"])
    cloud.delete("floatingip", made)
    made = cloud.api.make("floatingip", floating_network_id=cloud.public["id"])
    path = f"/v2.0/floatingips/{made['id']}/port_forwardings"
    body = {"internal_port_id": cloud.ports["b"]["id"], "internal_ip_address": cloud.ip["b"], "protocol": "udp", "external_port": 5060, "internal_port": 5060}
    answer = cloud.api.call("POST", path, {"port_forwarding": body})
    assert answer.status == 201, answer.text
    cloud.settle()
    calls(cloud, "b", made["floating_ip_address"])
    assert cloud.api.call("DELETE", f"{path}/{answer.json['port_forwarding']['id']}").status == 204
    cloud.delete("floatingip", made)
    cloud.settle()
    cloud.world.start(cloud.world.out, "sipp", "-sn", "uas", "-i", outside.FAR, "-p", "5060", "-nostdin")
    wait_until(lambda: f"{outside.FAR}:5060 " in cloud.world.exec("ss", "-ulnH").stdout, what="sipp listens")
    cloud.world.exec("sipp", "-sn", "uac", f"{outside.FAR}:5060", "-i", cloud.ip["a"], "-p", "5062", "-m", "3", "-r", "50", "-d", "10", "-timeout", "10s",
                     "-timeout_error", "-nostdin", namespace=cloud.lab.netns("a"))


def stream_calls(cloud, name, seen_as):
    """The same of a guest by TCP; what is said on the connection to its end arrives in step."""
    ip = cloud.ip[name]
    said = json.loads(cloud.world.exec(sys.executable, "-c", SIP_STREAM_GUEST, ip, outside.ROUTER, namespace=cloud.lab.netns(name)).stdout)
    seen = json.loads(cloud.peer.stdout.readline())
    assert "error" not in said and "error" not in seen, (said, seen)
    assert said["registered"] == f"SIP/2.0/TCP {ip}:{said['port']};branch=1" and said["answered"] == list(range(40))
    assert said["media"] == ["rtp", [outside.ROUTER, seen["port"]]]
    assert said["called"] == [[[ip, said["port"]], [ip, said["port"]], [outside.ROUTER, seen["port"]]]] * 3 and said["end"] == "the end"
    assert seen["contact"] == seen["via"] == seen["sender"] and seen["contact"][0] == seen["media"][0] == seen_as
    assert seen["heard"] == ["from the guest", seen["media"]]
    assert [answer[:2] for answer in seen["answers"]] == [[str(n), seen["contact"]] for n in range(3)]
    assert {answer[2][0] for answer in seen["answers"]} == {seen_as}


def test_calls_by_tcp(cloud):
    """SIP by TCP, several messages behind each other, by the router's address and by a floating IP; and a real user agent's calls."""
    cloud.help(("sip", "tcp", 5060))
    cloud.peer = cloud.world.start(cloud.world.out, sys.executable, "-c", SIP_STREAM_PEER, outside.ROUTER, ready="ready")
    for name in ("a", "b"):
        stream_calls(cloud, name, cloud.gateway_ip())
    made = cloud.float("a")
    stream_calls(cloud, "a", made["floating_ip_address"])
    cloud.delete("floatingip", made)
    cloud.world.start(cloud.world.out, "sipp", "-t", "t1", "-sn", "uas", "-i", outside.FAR, "-p", "5060", "-nostdin")
    wait_until(lambda: f"{outside.FAR}:5060 " in cloud.world.exec("ss", "-tlnH").stdout, what="sipp listens")
    before = cloud.count("rewritten")
    cloud.world.exec("sipp", "-t", "t1", "-sn", "uac", f"{outside.FAR}:5060", "-i", cloud.ip["b"], "-p", "5062", "-m", "3", "-r", "50", "-d", "10",
                     "-timeout", "60s", "-timeout_error", "-nostdin", namespace=cloud.lab.netns("b"))
    assert cloud.count("rewritten") > before
