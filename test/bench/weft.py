"""A weft cloud for the benchmark: weftd and an agent per host, each in the host's own namespace.

The controller runs in a namespace of its own; a veth pair joins it to each host, apart from the underlay.
"""
import json
import os

from measure import BUILD
from shell import folder, namespace, sh, spawn, wait_until

TOKEN = "bench-token"
PORT = 9696


class Weft:
    def __init__(self, name, hosts, tunnel_ips, encapsulation, underlay_mtu, mappings=None, settings=()):
        self.mappings = mappings or [None] * len(hosts)  # of each host its physical networks, as agent.conf has them
        self.settings = settings  # more lines of agent.conf
        self.run = folder(f"{name}-weft")
        self.hosts = hosts
        self.control = namespace(f"{name}-ctl")
        self.ids = {}
        self.agents = []
        with open(f"{self.run}/weftd.conf", "w") as conf:
            conf.write(f"[weftd]\nlisten = 0.0.0.0:{PORT}\nstore = sqlite:{self.run}/weft.db\nunderlay-mtu = {underlay_mtu}\nallow-plain-http = true\n"
                       f"[quotas]\ndefault = -1\n[tokens]\n{TOKEN} = bench:admin\n")
        self.weftd = spawn([str(BUILD / "src/controller/weftd"), "--config", f"{self.run}/weftd.conf"], self.control,
                           log=f"{self.run}/weftd.log")
        wait_until(lambda: "200" in sh(f"curl -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{PORT}/healthz",
                                       self.control, check=False), f"weftd; see {self.run}/weftd.log")
        for i, host in enumerate(hosts):
            self.agent(i, host, tunnel_ips[i], encapsulation)

    def agent(self, i, host, tunnel_ip, encapsulation):
        here, there = f"100.127.{i}.1", f"100.127.{i}.2"
        sh(f"ip link add c{i} netns {self.control} type veth peer name ctl netns {host}")
        sh(f"ip addr add {here}/30 dev c{i}; ip link set c{i} up", netns=self.control)
        sh(f"ip addr add {there}/30 dev ctl; ip link set ctl up", netns=host)
        answer = self.api("POST", "/v2.0/hosts", {"host": {"name": f"h{i}", "tunnel_ips": [tunnel_ip],
                                                            "encapsulations": [encapsulation]}})["host"]
        state = f"{self.run}/h{i}"
        os.makedirs(state)
        with open(f"{state}/credential", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(answer["credential"] + "\n")
        with open(f"{state}/agent.conf", "w") as conf:
            conf.write(f"[agent]\nhost = h{i}\ncontroller = http://{here}:{PORT}\ncredential-file = {state}/credential\n"
                       f"uplinks = u0\ntunnel-ips = {tunnel_ip}\nstate-dir = {state}\nrun-dir = {state}\nbpf-dir = {state}/bpf\n"
                       + (f"bridge-mappings = {self.mappings[i]}\n" if self.mappings[i] else "") + "".join(f"{line}\n" for line in self.settings))
        self.agents.append(spawn([str(BUILD / "src/agent/weft-agent"), "--config", f"{state}/agent.conf"], host,
                                 log=f"{state}/log"))
        wait_until(lambda: os.path.exists(f"{state}/agent.sock"), f"agent h{i}; see {state}/log")

    def api(self, method, path, body=None):
        out = sh(f"curl -s -X {method} -H 'X-Auth-Token: {TOKEN}' -H 'Content-Type: application/json' --data-binary @- "
                 f"http://127.0.0.1:{PORT}{path}", self.control, stdin=json.dumps(body) if body else "")
        answer = json.loads(out) if out else {}
        if "NeutronError" in answer or "error" in answer:
            raise RuntimeError(f"{method} {path}: {out}")
        return answer

    def network(self, name, cidr):
        self.ids[name] = self.api("POST", "/v2.0/networks", {"network": {"name": name}})["network"]["id"]
        self.api("POST", "/v2.0/subnets", {"subnet": {"network_id": self.ids[name], "cidr": cidr, "ip_version": 4}})

    def port(self, network, host, mac, address):
        return self.api("POST", "/v2.0/ports", {"port": {
            "network_id": self.ids[network], "mac_address": mac, "fixed_ips": [{"ip_address": address}],
            "binding:host_id": f"h{host}"}})["port"]["id"]

    def plug(self, port, host, device):
        sh(f"ip link set {device} alias iface-id={port}", netns=self.hosts[host])
        self.api("GET", f"/weft/v1/wait?port={port}&status=ACTIVE&timeout=10")
