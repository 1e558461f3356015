"""The edge decides as a simple model of the rules does, which shares nothing with it.

bpf_firewall_property_test makes random rules, tiers, groups and packets, sends them through the forwarding program itself, and writes
down what it stated and what became of each packet; the model reads that line by line. (It compares with a model of its own, too.)
"""
import ipaddress
import json
import os
import subprocess

from weftd import BUILD

CASES = 10000
TCP, ICMPS = 6, (1, 58)
SYN, ACK = 2, 16
HEADERS = {6: 3, 47: 0}  # in 8 bytes, of TCP and GRE; of others 1
WHOLE, FIRST, LATER = 0, 1, 2
ECHO = {8: "request", 128: "request", 0: "reply", 129: "reply"}
IN, OUT = "ingress", "egress"


class Model:
    """Rules are walked one by one, connections are in a dictionary by port and both ends."""

    def __init__(self):
        self.policies, self.tiers, self.chains, self.members, self.connections, self.fragments = {}, {}, {}, [], {}, {}

    def state(self, line):
        if "policy" in line:
            self.policies[line["policy"]] = line["rules"]
        elif "tier" in line:
            self.tiers[line["tier"]] = line["rules"]
        elif "chain" in line:
            self.chains[line["chain"]] = line
        else:
            self.members = [(group, ipaddress.ip_network(prefix)) for group, prefix in line["members"]]

    def is_about(self, rule, direction, packet, remote, port, kind):
        if (rule["direction"], rule["family"]) != (direction, packet["family"]) or rule["protocol"] not in (-1, packet["protocol"]):
            return False
        remote = ipaddress.ip_address(remote)
        if "prefix" in rule and remote not in ipaddress.ip_network(rule["prefix"]):
            return False
        if "group" in rule and not any(group == rule["group"] and remote in net for group, net in self.members):
            return False
        if rule["first"] < 0:
            return True
        if packet["protocol"] in ICMPS:
            return rule["first"] == kind and rule["last"] in (-1, 0)  # all codes are 0
        return rule["first"] <= port <= rule["last"]

    def judge(self, at, direction, packet, port, kind):
        remote = packet["dst"] if direction == OUT else packet["src"]
        chain = self.chains[at]
        stages = [self.tiers[tier] for tier in chain["tiers"]]
        if chain["own"]:
            stages.insert(chain["before"], self.policies[at])
        return self.first_word(stages, direction, packet, remote, port, kind, otherwise=not chain["own"])

    def first_word(self, stages, direction, packet, remote, port, kind, otherwise):
        for rules in stages:
            found = next((rule for rule in rules if self.is_about(rule, direction, packet, remote, port, kind)), None)
            if found and found["action"] != "pass":
                return found["action"] == "allow"
        return otherwise

    def passes_port(self, at, sent, packet):
        """@sent: OUT by the guest of the port, or IN to it."""
        def judge(opener):
            """By the rules for the direction that it was opened in, with what the opening had."""
            forth = opener == sent
            port = packet["dport"] if forth else packet["sport"]
            kind = packet["type"] if forth else {4: 8, 6: 128}[packet["family"]]
            turned = packet if forth else {**packet, "src": packet["dst"], "dst": packet["src"]}
            return self.judge(at, opener, turned, port, kind)
        protocol, kind, flags = packet["protocol"], packet["type"], packet["flags"]
        if (protocol in ICMPS and kind not in ECHO) or self.chains[at]["stateless"]:
            return judge(sent)
        ends = [(packet["src"], packet["sport"]), (packet["dst"], packet["dport"])]
        if protocol in ICMPS:  # both directions of an exchange have the asker's identifier
            ends = [(packet["src"], ECHO[kind] == "request"), (packet["dst"], ECHO[kind] == "reply")]
        key = (at, protocol, *(ends if sent == OUT else reversed(ends)))
        known = self.connections.get(key)
        if known is None and flags == SYN | ACK:
            return False
        against = known is not None and flags == SYN and known["opener"] != sent
        if against and known["unheard"] and not known["connected"] and judge(OUT):  # both open at once
            known["replied"] = True
            return True
        if known is None or against:
            if not judge(sent):
                return False
            if (known is None and ECHO.get(kind if protocol in ICMPS else None) != "reply") or (known and not known["connected"]):
                self.connections[key] = {"opener": sent, "replied": False, "connected": False, "unheard": sent == OUT and flags == SYN}
            return True
        if not judge(known["opener"]):
            return False
        if sent == OUT and flags & ACK:
            known["unheard"] = False
        if sent != known["opener"]:
            known["replied"] = True
        elif known["replied"] and not flags & SYN:
            known["connected"] = True
        return True

    def passes_in_fragments(self, at, sent, packet):
        """A later fragment follows its first one, and does not begin in its headers."""
        if packet["fragment"] == LATER:
            return packet["offset"] >= self.fragments.get((at, packet["id"]), 1 << 16)
        self.fragments.pop((at, packet["id"]), None)
        if not self.passes_port(at, sent, packet):
            return False
        if packet["fragment"] == FIRST:
            self.fragments[at, packet["id"]] = HEADERS.get(packet["protocol"], 1)
        return True

    def passes(self, packet):
        sender = packet["packet"]
        return self.passes_in_fragments(sender, OUT, packet) and self.passes_in_fragments(1 - sender, IN, packet)


def test_ten_thousand_packets(tmp_path):
    """Z8, L7: rules, tiers, members and the agent change in between."""
    transcript = tmp_path / "transcript"
    ran = subprocess.run([BUILD / "test/bpf/bpf_firewall_property_test"], capture_output=True, text=True, timeout=120,
                         env={**os.environ, "WEFT_CASES": str(CASES), "WEFT_TRANSCRIPT": str(transcript)})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    model, passed, judged = Model(), 0, 0
    for number, text in enumerate(transcript.read_text().splitlines()):
        line = json.loads(text)
        if "packet" not in line:
            model.state(line)
            continue
        expected = model.passes(line)
        assert line["passed"] == expected, f"line {number}: {text}: the model {'lets it pass' if expected else 'drops it'}\n{ran.stdout}"
        judged, passed = judged + 1, passed + expected
    assert judged == CASES and CASES / 20 < passed < CASES * 19 / 20, (judged, passed)
