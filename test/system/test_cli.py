"""The weft command: every verb, format and error, against a real controller and real agents."""
import csv
import io
import json
import pathlib
import subprocess

import pytest
from conftest import TOP, WEFT, run


@pytest.fixture(scope="module")
def lab(module_lab):
    """A network with guests a (h1) and b (h2)."""
    module_lab.network("net1")
    module_lab.a = module_lab.guest("a", 1, "net1", fixed_ip="10.0.0.11")
    module_lab.b = module_lab.guest("b", 2, "net1", fixed_ip="10.0.0.12")
    assert module_lab.pings("a", "10.0.0.12")
    return module_lab


def refused(lab, *words, env=None):
    """Exit code and the line of the error."""
    done = lab.weft(*words, check=False, env=env)
    assert done.returncode and done.stdout == "", done
    return done.returncode, done.stderr.strip().splitlines()[0]


def test_network_from_creation_to_deletion(lab):
    """B2: all of the topology can be read and written by the API."""
    made = lab.json("network", "create", "n1", "--mtu", "1300", "--dns-domain", "example.org.", "--tag", "x", "--disable")
    assert (made["mtu"], made["dns_domain"], made["tags"], made["admin_state_up"]) == (1300, "example.org.", ["x"], False)
    changed = lab.json("network", "set", "n1", "--name", "n2", "--enable", "--no-tag", "--description", "words")
    assert (changed["name"], changed["admin_state_up"], changed["tags"]) == ("n2", True, [])
    assert lab.json("network", "show", made["id"]) == lab.json("network", "show", "n2")
    assert [n["id"] for n in lab.json("network", "list", "--name", "n2")] == [made["id"]]
    lab.weft("network", "delete", "n2")
    assert refused(lab, "network", "show", "n2") == (
        3, "weft network show: there is no network 'n2'; 'weft network list' shows what there is")


def test_subnet_from_creation_to_deletion(lab):
    lab.weft("network", "create", "sn")
    made = lab.json("subnet", "create", "s1", "--network", "sn", "--subnet-range", "10.9.0.0/24", "--gateway", "none",
                    "--allocation-pool", "start=10.9.0.10,end=10.9.0.20", "--dns-nameserver", "192.0.2.1",
                    "--host-route", "destination=10.8.0.0/16,gateway=10.9.0.1", "--no-dhcp")
    assert made["gateway_ip"] is None and made["enable_dhcp"] is False
    assert made["allocation_pools"] == [{"start": "10.9.0.10", "end": "10.9.0.20"}]
    assert made["host_routes"] == [{"destination": "10.8.0.0/16", "nexthop": "10.9.0.1"}]
    changed = lab.json("subnet", "set", "s1", "--gateway", "10.9.0.2", "--dhcp", "--no-dns-nameserver")
    assert (changed["gateway_ip"], changed["enable_dhcp"], changed["dns_nameservers"]) == ("10.9.0.2", True, [])
    assert [s["name"] for s in lab.json("subnet", "list", "--network", "sn")] == ["s1"]
    lab.weft("subnet", "delete", "s1")
    lab.weft("network", "delete", "sn")


def test_port_from_creation_to_deletion(lab):
    made = lab.json("port", "create", "p1", "--network", "net1", "--fixed-ip", "subnet=net1,ip-address=10.0.0.77",
                    "--allowed-address", "ip-address=10.0.0.100", "--device-owner", "compute:x",
                    "--extra-dhcp-option", "name=mtu,value=1300")
    assert [ip["ip_address"] for ip in made["fixed_ips"]] == ["10.0.0.77"]
    assert made["allowed_address_pairs"][0]["ip_address"] == "10.0.0.100"
    assert made["extra_dhcp_opts"][0]["opt_value"] == "1300"
    assert lab.json("port", "list", "--fixed-ip", "ip-address=10.0.0.77")[0]["id"] == made["id"]
    changed = lab.json("port", "set", "p1", "--host", "h1", "--no-allowed-address", "--disable-port-security",
                       "--no-security-group")
    assert changed["binding:host_id"] == "h1" and changed["port_security_enabled"] is False
    assert {p["name"] for p in lab.json("port", "list", "--host", "h1")} == {"a", "p1"}
    lab.weft("port", "delete", "p1", made["id"], check=False)
    assert lab.json("port", "list", "--name", "p1") == []


def test_host_from_creation_to_deletion(lab):
    made = lab.json("host", "create", "tor1", "--tunnel-ip", "192.0.2.99", "--encapsulation", "vxlan", "--no-managed")
    assert (made["tunnel_ips"], made["encapsulations"], made["managed"]) == (["192.0.2.99"], ["vxlan"], False)
    assert len(lab.weft("host", "create", "hv9", "--tunnel-ip", "192.0.2.98", "-f", "value", "-c", "credential")
               .stdout.strip()) >= 32
    lab.weft("host", "delete", "tor1", "hv9")
    assert {h["name"]: h["alive"] for h in lab.json("host", "list")} == {"h1": True, "h2": True}


def test_output_has_four_forms(lab):
    words = ("port", "list", "--sort", "name:desc", "-c", "name", "-c", "mac_address")
    table = lab.weft(*words).stdout.splitlines()
    assert table[0].split() == ["NAME", "MAC_ADDRESS"]
    assert [line.split()[0] for line in table[1:]] == ["b", "a"]
    assert json.loads(lab.weft(*words, "-f", "json").stdout)[1] == {
        "name": "a", "mac_address": lab.a["mac_address"]}
    assert lab.weft(*words, "-f", "value").stdout.splitlines()[1] == f"a {lab.a['mac_address']}"
    rows = list(csv.DictReader(io.StringIO(lab.weft("port", "list", "-f", "csv").stdout)))
    assert {row["name"]: row["status"] for row in rows} == {"a": "ACTIVE", "b": "ACTIVE"}
    assert lab.weft("port", "show", "a", "-f", "value", "-c", "id").stdout == lab.a["id"] + "\n"


def test_errors_say_what_is_wrong_and_what_is_right(lab):
    lab.weft("network", "create", "twice")
    ids = [lab.json("network", "create", "twice")["id"]]
    code, line = refused(lab, "network", "show", "twice")
    assert code == 1 and "2 networks are called 'twice'" in line and ids[0] in line
    for network in lab.json("network", "list", "--name", "twice"):
        lab.weft("network", "delete", network["id"])
    for words, code, message in [
        (("network", "paint"), 2, "'network paint' is no command; there are: network create"),
        (("network",), 2, "'network' wants a word more"),
        (("port", "create", "--network", "nowhere"), 3, "there is no network 'nowhere'"),
        (("port", "create", "x"), 1, "network_id"),
        (("port", "create", "x", "--colour", "red"), 2, "Unknown option --colour"),
        (("port", "create", "x", "--network", "net1", "--fixed-ip", "ip-address=10.0.0.11"), 1, "10.0.0.11"),
        (("subnet", "create", "--network", "net1", "--subnet-range", "10.0.0.0/25"), 1, "10.0.0.0/25"),
        (("network", "list", "-f", "xml"), 2, "must be one of table, json, value, csv"),
        (("network", "list", "-c", "colour"), 2, "there is no column 'colour'; there are: id"),
        (("network", "set", "net1"), 2, "nothing to set"),
        (("network", "create", "x", "--mtu", "large"), 2, "--mtu large: must be a number"),
        (("network", "delete", "net1"), 1, "net1"),
        (("plug", "a", "nodevice"), 3, "nodevice"),
        (("plug", "nobody", "eth0"), 3, "there is no port 'nobody'"),
        (("trace", "a"), 2, "which packet?"),
        (("trace", "a", "--to", "nonsense"), 2, "'nonsense' is no IP address"),
        (("trace", "a", "--to", "10.0.0.12", "--dport", "80"), 2, "icmp has no ports"),
        (("trace", "a", "--hex", "abc"), 1, "is no byte"),
        (("status", "--socket", "/nonexistent"), 4, "no answer from weft-agent at /nonexistent"),
    ]:
        if words == ("network", "delete", "net1"):
            assert refused(lab, *words)[0] == 1
            continue
        got = refused(lab, *words)
        assert got[0] == code and message in got[1], (words, got)


def test_exit_codes_tell_kinds_of_failure(lab):
    for changes, code in [({"WEFT_TOKEN": "wrong"}, 6), ({"WEFT_URL": "http://127.0.0.1:1"}, 4),
                          ({"WEFT_URL": "nonsense"}, 1), ({"WEFT_URL": "", "OS_ENDPOINT": ""}, 2)]:
        assert refused(lab, "network", "list", env={**lab.env, **changes})[0] == code, changes
    tenant = lab.environment("red")
    assert refused(lab, "host", "create", "mine", "--tunnel-ip", "192.0.2.97", env=tenant)[0] == 6
    assert lab.json("host", "list", env=tenant) == []


def test_options_may_stand_anywhere_and_replace_the_environment(lab):
    bare = {k: v for k, v in lab.env.items() if not k.startswith(("WEFT_", "OS_"))}
    url, token = lab.env["WEFT_URL"], lab.env["WEFT_TOKEN"]
    for words in [("--url", url, "--token", token, "network", "list"), ("network", "list", "--url", url, "--token", token)]:
        assert "net1" in lab.weft(*words, env=bare).stdout
    old = {**bare, "OS_ENDPOINT": url + "/v2.0/", "OS_TOKEN": token}
    assert "net1" in lab.weft("network", "list", env=old).stdout


def test_plug_and_unplug(lab):
    """L25: a device is attached to a port and taken away by hand."""
    lab.weft("lab", "guest", "c", "--host", "1", "--network", "net1", "--fixed-ip", "10.0.0.13")
    assert lab.pings("c", "10.0.0.12")
    lab.weft("unplug", "c")
    lab.weft("wait", "port", "c", "--status", "DOWN", "--timeout", "10")
    assert not lab.pings("c", "10.0.0.12")
    assert lab.json("plug", "c", "v-c")["device"] == "v-c"
    lab.weft("wait", "port", "c", "--status", "ACTIVE", "--timeout", "10")
    assert lab.pings("c", "10.0.0.12")
    lab.weft("lab", "remove", "c")


def test_wait_ends_when_it_is_so_or_in_time(lab):
    lab.weft("wait", "port", "a", "--timeout", "5")
    port = lab.json("port", "create", "--network", "net1")
    done = lab.weft("wait", "port", port["id"], "--timeout", "1", check=False)
    assert done.returncode == 5 and "bound to no host" in done.stderr
    lab.weft("port", "delete", port["id"])
    assert int(lab.weft("wait", "revision", "--timeout", "10").stdout) > 0
    assert lab.weft("wait", "revision", "999999", "--timeout", "0", check=False).returncode == 5


def test_status_of_controller_and_agent(lab):
    status = lab.weft("status").stdout
    assert "ACTIVE=2" in status and status.count("up to date") == 2
    assert lab.json("status")["ports_by_status"] == {"ACTIVE": 2}
    assert lab.json("status", "--host", "h1")["ports"] == {"total": 1, "wired": 1}


def test_trace_runs_the_program_that_forwards(lab):
    """B1, B22: the steps and the verdict of packets that are forwarded, answered here, punted and dropped."""
    mac = lab.a["mac_address"].replace(":", "")
    for words, verdict, step in [
        (("--to", "10.0.0.12", "--proto", "tcp", "--dport", "80"), "sent to another host", "192.0.2.2"),
        (("--arp", "10.0.0.12"), "answered by the edge switch", lab.b["mac_address"]),
        (("--dhcp",), "answered by the agent", "given to the agent: DHCP"),
        (("--to", "10.0.0.12", "--from", "10.0.0.99"), "dropped", "spoofed-ip"),
        (("--hex", f"{lab.b['mac_address']} 02:00:00:00:00:99 0800" + "00" * 46), "dropped", "dropped: "),
        (("--hex", f"ffffffffffff{mac}0800" + "00" * 46), "dropped", "dropped: "),
    ]:
        result = lab.json("trace", "a", *words)
        assert result["verdict"] == verdict and any(step in s for s in result["steps"]), (words, result)
    text = lab.weft("trace", "a", "--arp", "10.0.0.12").stdout
    assert text.startswith(" 1. ") and text.endswith("Verdict: answered by the edge switch.\n")


def test_drops_and_counters(lab):
    """A drop is counted at the port, with a reason and a sentence; a trace counts nothing."""
    def spoofed():
        return sum(r["count"] for r in lab.json("drops", "a") if r["reason"] == "spoofed-ip")
    before = spoofed()
    lab.exec("a", "ip", "address", "add", "10.0.0.99/24", "dev", "eth0")
    lab.exec("a", "ping", "-c", "3", "-i", "0.1", "-W", "1", "-I", "10.0.0.99", "10.0.0.12", check=False)
    lab.exec("a", "ip", "address", "delete", "10.0.0.99/24", "dev", "eth0")
    after = spoofed()
    assert after >= before + 3
    lab.weft("trace", "a", "--to", "10.0.0.12", "--from", "10.0.0.99")
    assert spoofed() == after
    assert all(r["meaning"] for r in lab.json("drops", "a"))
    assert len(lab.json("drops", "--host", "h1", "--all")) >= len(lab.json("drops", "--host", "h1"))
    counters = lab.json("port", "counters", "a")
    sent = counters["rx_packets"]
    lab.exec("a", "ping", "-c", "2", "-i", "0.1", "10.0.0.12")
    assert lab.json("port", "counters", "a")["rx_packets"] >= sent + 2


def test_agent_alone_is_enough_on_a_hypervisor(lab):
    """L8: without a controller, names are looked up in the agent's view."""
    bare = {k: v for k, v in lab.env.items() if not k.startswith(("WEFT_", "OS_"))}
    socket = str(lab.folder / "h1/run/agent.sock")
    assert lab.weft("port", "counters", "a", "--socket", socket, env=bare).returncode == 0
    assert "wired" in lab.weft("status", "--socket", socket, env=bare).stdout
    done = lab.weft("trace", "b", "--arp", "10.0.0.11", "--socket", socket, env=bare, check=False)
    assert done.returncode == 3 and "no port that is bound to this host is called 'b'" in done.stderr


def topics_of_help():
    """ "network qos policy" and so on."""
    return [line[2:].split("  ")[0] for line in run(WEFT, "help").stdout.splitlines() if line.startswith("  ")]


def test_every_kind_is_listed(lab):
    """B2: each kind that the API lists has a command, by the names of `openstack`."""
    commands = [line[2:].split("  ")[0] for topic in topics_of_help() for line in run(WEFT, "help", *topic.split()).stdout.splitlines()
                if line.startswith("  ") and line[2:].split("  ")[0].endswith(" list")]
    nested = [words for words in commands if f"weft {words} [OPTIONS]" not in run(WEFT, "help", *words.split()).stdout]
    assert {"floating ip list", "subnet pool list", "network rbac list", "network agent list", "network trunk list"} <= set(commands)
    assert {"network qos dscp marking rule list", "floating ip port forwarding list"} <= set(nested)
    of_a_user = {"application credential list", "access rule list"}  # the token's, and the lab's is nobody's (test_identity_cli.py)
    assert of_a_user <= set(commands)
    for words in set(commands) - set(nested) - of_a_user:
        assert isinstance(lab.json(*words.split()), list), words


def test_parts_of_objects(lab):
    """What is part of another object is named behind that."""
    assert lab.json("network", "qos", "policy", "create", "gold", "--share")["shared"] is True
    rule = lab.json("network", "qos", "bandwidth", "limit", "rule", "create", "gold", "--max-kbps", "1000", "--direction", "ingress")
    words = ("network", "qos", "bandwidth", "limit", "rule")
    assert (rule["max_kbps"], rule["direction"]) == (1000, "ingress")
    assert lab.json(*words, "set", "gold", rule["id"], "--max-kbps", "2000")["max_kbps"] == 2000
    assert lab.json(*words, "show", "gold", rule["id"])["max_kbps"] == 2000
    assert [r["id"] for r in lab.json(*words, "list", "gold")] == [rule["id"]]
    assert complete(lab, *words, "show", "") == ["gold"] and complete(lab, *words, "show", "gold", "") == [rule["id"]]
    assert "weft network qos bandwidth limit rule delete QOS-POLICY ID…" in lab.weft(*words, "delete", "--help").stdout
    assert refused(lab, *words, "show", "silver", rule["id"]) == (
        3, "weft network qos bandwidth limit rule show: there is no qos policy 'silver'; "
           "'weft network qos policy list' shows what there is")
    assert refused(lab, *words, "show", "gold")[0] == 2
    lab.weft(*words, "delete", "gold", rule["id"])
    assert lab.json(*words, "list", "gold") == []
    lab.weft("network", "qos", "policy", "delete", "gold")


def test_floating_ips_are_called_by_their_address(lab):
    lab.weft("network", "create", "public", "--external")
    lab.weft("subnet", "create", "--network", "public", "--subnet-range", "203.0.113.0/24")
    made = lab.json("floating", "ip", "create", "--floating-network", "public", "--description", "d")
    address = made["floating_ip_address"]
    assert lab.json("floating", "ip", "show", address)["id"] == made["id"]
    assert complete(lab, "floating", "ip", "show", "203.") == [address]
    assert lab.json("floating", "ip", "set", address, "--description", "e")["description"] == "e"
    assert lab.json("floating", "ip", "port", "forwarding", "list", address) == []
    lab.weft("floating", "ip", "delete", address)
    assert refused(lab, "floating", "ip", "show", address)[0] == 3
    lab.weft("network", "delete", "public")


def test_what_can_not_be_done_is_not_offered(lab):
    assert refused(lab, "network", "meter", "set", "m") == (
        2, "weft: 'network meter set m' is no command; there are: network meter create, network meter list, "
           "network meter show, network meter delete")
    assert refused(lab, "network", "agent", "delete", "a")[0] == refused(lab, "availability", "zone", "show", "nova")[0] == 2
    assert refused(lab, "network", "qos") == (
        2, "weft: 'network qos' wants a word more: network qos policy, network qos bandwidth limit rule, network qos dscp marking rule, "
           "network qos minimum bandwidth rule, network qos packet rate limit rule, network qos minimum packet rate rule")


def complete(lab, *words):
    return lab.weft("complete", "--", *words).stdout.split()


def test_completion_offers_commands_options_choices_and_names(lab):
    assert complete(lab, "ne") == ["network"]
    assert {"create", "list", "show", "set", "delete", "qos", "meter"} <= set(complete(lab, "network", ""))
    assert complete(lab, "network", "qos", "p") == ["policy", "packet"]
    assert complete(lab, "network", "meter", "") == ["create", "list", "show", "delete", "rule"]
    assert "--subnet-range" in complete(lab, "subnet", "create", "--sub")
    assert complete(lab, "network", "list", "-f", "j") == ["json"]
    assert complete(lab, "network", "show", "n") == ["net1"]
    assert complete(lab, "port", "create", "x", "--network", "") == ["net1"]
    assert complete(lab, "plug", "") == ["a", "b"]
    script = f"PATH={WEFT.parent}:$PATH; eval \"$(weft completion bash)\"; COMP_WORDS=(weft lab d) COMP_CWORD=2; _weft; " \
             "echo ${COMPREPLY[@]}"
    assert run("bash", "-c", script, env=lab.env).stdout == "down\n"
    assert lab.weft("completion", "tcsh", check=False).returncode == 2


def test_manual_pages_are_well_formed():
    """Every topic has a page that man can show without complaint, and the build installs it."""
    topics = [None] + [topic.replace(" ", "-") for topic in topics_of_help()]
    assert {"network", "lab", "network-qos-policy"} <= set(topics)
    pages = WEFT.parent / "man1"
    for topic in topics:
        page = run(WEFT, "help", "--man", *([topic] if topic else [])).stdout
        done = subprocess.run(["man", "--warnings", "-l", "-"], input=page, capture_output=True, text=True,
                              env={"LC_ALL": "C.UTF-8", "MANWIDTH": "100", "PATH": "/usr/bin:/bin"}, check=False)
        assert (done.returncode, done.stderr) == (0, "") and "NAME" in done.stdout, topic
        name = f"weft-{topic}.1" if topic else "weft.1"
        assert (pages / name).read_text() == page


def test_reference_is_up_to_date():
    """docs/cli.md is what `weft help --markdown` prints; to renew it: build/src/cli/weft help --markdown >docs/cli.md"""
    assert pathlib.Path(TOP, "docs/cli.md").read_text() == run(WEFT, "help", "--markdown").stdout


def test_help_is_found_in_every_way(lab):
    for words in [("help", "network", "qos", "policy"), ("help", "network-qos-policy"), ("network", "qos", "policy", "--help")]:
        assert "Change a qos policy" in lab.weft(*words).stdout
    for words in [("help", "port", "create"), ("port", "create", "--help")]:
        assert "--fixed-ip" in lab.weft(*words).stdout
    assert "port create" in lab.weft("port", "--help").stdout
    assert "weft: virtual networks" in lab.weft("--help").stdout
    assert lab.weft("--version").stdout.startswith("weft 0.")
    assert lab.weft("help", "nonsense", check=False).returncode == 2
