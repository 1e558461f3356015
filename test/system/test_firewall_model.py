"""The edge decides as a simple model of the rules does, which shares nothing with it.

bpf_firewall_property_test makes random rules, tiers, groups and packets between four guests, sends them through the forwarding program
itself, and writes down what it stated and what became of each packet; the model reads that line by line. (It compares with a model of
its own, too.) docs/connections.md says what the model does."""
import ipaddress
import json
import os
import subprocess

from weftd import BUILD

CASES = 10000
TCP, ICMPS = 6, (1, 58)
FIN, SYN, RST, ACK = 1, 2, 4, 16
HEADERS = {6: 3, 47: 0}  # in 8 bytes, of TCP and GRE; of others 1
WHOLE, FIRST, LATER = 0, 1, 2
ECHO = {8: "request", 128: "request", 0: "reply", 129: "reply"}
IN, OUT = "ingress", "egress"
SEGMENT, SLACK = 1 << 16, 1 << 20


def distance(start, number):
    """From one sequence number on to another."""
    return (number - start) % (1 << 32)


class Connection:
    """What the port of a guest knows of a connection."""

    def __init__(self, packet, sent):
        ours, begins = sent == OUT, packet["flags"] == SYN
        self.opener, self.state, self.replied, self.ended = sent, "new", False, set()
        self.unheard = ours and begins  # the guest has sent its SYN, and acknowledged nothing
        self.guest_number = None  # what the guest's SYN begins with, where it is the answer
        # The guest's receive window: what it expects next, and how much it takes. Whose SYN has not been seen may scale by 8 bits.
        # Who has acknowledged nothing yet expects 0.
        self.expects = (0 if begins else packet["ack"]) if ours else (packet["seq"] + begins) % (1 << 32)
        self.scale, self.advertised = (0 if ours and begins else 8), (0xffff if ours else 0)

    @property
    def window(self):
        return ((self.advertised >> 8) + 1) << 8 + self.scale

    def hears(self, packet, sent):
        """Of a TCP segment that the rules let through: whether it goes on, and what becomes of the state."""
        ours, forth, flags = sent == OUT, sent == self.opener, packet["flags"]
        if flags & RST:
            return self.resets(packet, ours)
        if ours:
            self.learns(packet)
        self.replied |= not forth
        if flags & FIN:
            if ours or distance(self.expects - SEGMENT, packet["seq"]) < self.window + SEGMENT:
                self.ended.add(sent)
                self.state = "closing" if len(self.ended) == 2 else "half closed"
        elif self.state == "new" and forth and self.replied and not flags & SYN:
            if ours or self.guest_number is None or distance(self.guest_number + 1, packet["ack"]) < SLACK:
                self.state = "connected"
        elif self.state == "closing" and ours and len(self.ended) < 2:
            self.state = "connected"
        return True

    def resets(self, packet, ours):
        first_word = self.state == "new" and self.opener == OUT and not self.replied
        if ours or first_word or packet["seq"] == self.expects:
            self.state = "closing"
            return True
        return distance(self.expects, packet["seq"]) < self.window

    def learns(self, packet):
        if packet["flags"] & ACK:
            self.expects, self.advertised, self.unheard = packet["ack"], 0xffff, False
        if packet["flags"] & SYN:
            self.scale = 0
            if self.state == "new" and self.opener == IN:
                self.guest_number = packet["seq"]


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
        if chain["own"] >= 0:
            stages.insert(chain["before"], self.policies[chain["own"]])
        return self.first_word(stages, direction, packet, remote, port, kind, otherwise=chain["own"] < 0)

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
        if protocol == TCP and (not flags or (flags & SYN and flags & (FIN | RST))):
            return False
        ends = [(packet["src"], packet["sport"]), (packet["dst"], packet["dport"])]
        if protocol in ICMPS:  # both directions of an exchange have the asker's identifier
            ends = [(packet["src"], ECHO[kind] == "request"), (packet["dst"], ECHO[kind] == "reply")]
        key = (at, protocol, *(ends if sent == OUT else reversed(ends)))
        known = self.connections.get(key)
        if known and self.continues(known, packet, sent, judge):
            return judge(known.opener) and (protocol != TCP or known.hears(packet, sent))
        if known is None and flags == SYN | ACK or not judge(sent):
            return False
        opens = not flags & (FIN | RST) and not (protocol in ICMPS and ECHO[kind] == "reply")
        if opens and (known is None or known.state in ("new", "closing")):
            self.connections[key] = Connection(packet, sent)
        return True

    def continues(self, known, packet, sent, judge):
        """Whether the packet is of the connection; else it stands for itself."""
        if packet["flags"] != SYN:
            return True
        if known.state == "closing":
            return False
        return sent == known.opener or (known.state == "new" and known.unheard and judge(OUT))  # both have opened at once

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
        return self.passes_in_fragments(sender, OUT, packet) and self.passes_in_fragments(packet["to"], IN, packet)


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
