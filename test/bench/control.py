"""The control plane: latency from creating a port to ACTIVE, requests per second, memory.

The latency is measured from a process beside the agent (in the host's namespace), so it re-executes itself there.
"""
import http.client
import json
import socket
import statistics
import subprocess
import sys
import time

import neutron
import startup
from measure import BUILD
from shell import namespace, remove_all, sh
from weft import PORT, TOKEN, Weft

APILOAD = BUILD / "test/bench/apiload"
CONTROLLER = "100.127.0.1"  # as the first host sees it, see weft.py
WINDOW = 50  # ports on each side of the counted one whose latencies make a percentile


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def process_in(netns, name):
    for pid in sh(f"ip netns pids {netns}").split():
        with open(f"/proc/{pid}/comm") as comm:
            if comm.read().strip() == name:
                return int(pid)
    raise RuntimeError(f"no process {name} in {netns}")


class Api:
    """One keep-alive connection."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(CONTROLLER, PORT)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body else None,
                                {"X-Auth-Token": TOKEN, "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:400]}")
        return json.loads(text) if text else {}


class Agent:
    """The agent's control socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rwb")

    def send(self, **request):
        self.file.write(json.dumps(request).encode() + b"\n")
        self.file.flush()

    def receive(self):
        answer = json.loads(self.file.readline())
        if not answer["ok"]:
            raise RuntimeError(answer["error"]["message"])
        return answer["result"]


def percentiles(samples):
    ordered = sorted(samples)
    return {"p50_ms": round(statistics.median(ordered), 3), "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 3)}


def latencies(network, sock, count, marks):
    """Creates `count` bound ports with a device each, one after the other: milliseconds from sending the request until the API
    says ACTIVE. Returns all of them."""
    api, waiter, agent, samples = Api(), Api(), Agent(sock), []
    for number in range(1, count + 1):
        begin = time.perf_counter()
        port = api.call("POST", "/v2.0/ports", {"port": {"network_id": network, "binding:host_id": "h0"}})["port"]["id"]
        agent.send(op="plug", port=port, device=f"g{number}")
        waiter.call("GET", f"/weft/v1/wait?port={port}&status=ACTIVE&timeout=20")
        samples.append((time.perf_counter() - begin) * 1e3)
        agent.receive()
        if number in marks:
            print(f"  port {number}: {samples[-1]:.2f} ms", file=sys.stderr, flush=True)
    return samples


def inner(argument):
    """In the namespace: prints the latencies as JSON."""
    task = json.loads(argument)
    print(json.dumps(latencies(task["network"], task["socket"], task["count"], task["marks"])))


def load(netns, words, stdin):
    out = sh(f"taskset -c 0 {APILOAD} 127.0.0.1 {PORT} {TOKEN} 32 {words}", netns, stdin=stdin).split()
    return {"per_s": int(out[0]), "p50_ms": int(out[1]) / 1e3, "p99_ms": int(out[2]) / 1e3, "errors": int(out[3])}


def devices(netns, count):
    batch = "".join(f"link add g{i} type veth peer name x{i}\n" for i in range(1, count + 1))
    sh("ip -batch -", netns, stdin=batch)


def measure_latency(netns, cloud, options):
    cloud.network("many", "10.64.0.0/16")
    devices(netns, options.ports)
    agent = process_in(netns, "weft-agent")
    result = {"agent_rss_kib_empty": rss_kib(agent)}
    marks = [n for n in (1, 100, 1000, 5000) if n <= options.ports]
    task = json.dumps({"network": cloud.ids["many"], "socket": f"{cloud.run}/h0/agent.sock", "count": options.ports, "marks": marks})
    out = subprocess.run(["ip", "netns", "exec", netns, sys.executable, __file__, task], check=True, stdout=subprocess.PIPE, text=True).stdout
    samples = json.loads(out)
    result["ports"] = {n: percentiles(samples[max(0, n - 2 * WINDOW if n == options.ports else n - WINDOW):n + WINDOW]) for n in marks}
    result["agent_rss_kib_full"] = rss_kib(agent)
    result["agent_kib_per_port"] = round((result["agent_rss_kib_full"] - result["agent_rss_kib_empty"]) / options.ports, 2)
    return result


def measure_requests(cloud, options):
    netns, weftd = cloud.control, process_in(cloud.control, "weftd")
    cloud.network("api", "10.128.0.0/9")
    before = rss_kib(weftd)
    body = json.dumps({"port": {"network_id": cloud.ids["api"], "name": "bench"}})
    result = {"creates": load(netns, f"post /v2.0/ports {options.creates}", body)}
    result["weftd_bytes_per_port"] = round((rss_kib(weftd) - before) * 1024 / options.creates)
    ports = json.loads(sh(f"curl -s -H 'X-Auth-Token: {TOKEN}' 'http://127.0.0.1:{PORT}/v2.0/ports?limit=1000'", netns))["ports"]
    paths = "\n".join(f"/v2.0/ports/{port['id']}" for port in ports)
    result["shows"] = load(netns, f"get {options.creates}", paths)
    result["list_1000_ms"] = round(statistics.median(
        float(sh(f"curl -s -o /dev/null -w '%{{time_total}}' -H 'X-Auth-Token: {TOKEN}' "
                 f"'http://127.0.0.1:{PORT}/v2.0/ports?limit=1000'", netns)) for _ in range(15)) * 1e3, 2)
    result["weftd_rss_kib"] = rss_kib(weftd)
    return result


def run(options):
    host = namespace("control")
    sh("ip link add u0 type veth peer name u1; ip addr add 192.0.2.1/24 dev u0; ip link set u0 up; ip link set u1 up", host)
    cloud = Weft("control", [host], ["192.0.2.1"], "geneve", 1500)
    try:
        result = {"latency": measure_latency(host, cloud, options), "requests": measure_requests(cloud, options)}
    finally:
        remove_all()
    try:
        result["startup"] = startup.measure(options)
    finally:
        remove_all()
    try:
        result["neutron"] = neutron.measure(options)
    finally:
        remove_all()
    print_table(result)
    return result


def print_table(result):
    latency, requests, other = result["latency"], result["requests"], result["neutron"]
    print("\nControl plane: create + bind + plug + ACTIVE, one port after the other")
    for number, figures in latency["ports"].items():
        print(f"  around port {number:>5}: p50 {figures['p50_ms']:6.2f} ms   p99 {figures['p99_ms']:6.2f} ms")
    print("    to reach at port 5,000: p50 < 3 ms, p99 < 10 ms")
    print(f"  weft-agent: {latency['agent_rss_kib_empty'] / 1024:.1f} MiB without ports, {latency['agent_kib_per_port']} KiB per port (to keep: 30 MiB + 1 KiB)")
    for name, target in (("creates", "2,000/s durable, p99 20 ms"), ("shows", "10,000/s")):
        print(f"  port {name} at 32 connections (to reach: {target})")
        for who, figures in (("weftd", requests[name]), ("neutron-server", other and other[name])):
            if figures:
                print(f"    {who:<15}{figures['per_s']:>7}/s   p50 {figures['p50_ms']:9.2f} ms   p99 {figures['p99_ms']:9.2f} ms   {figures['errors']} errors")
    print(f"  list of 1,000 ports (to reach: 10 ms)\n    weftd          {requests['list_1000_ms']:>9} ms")
    if other:
        print(f"    neutron-server {other['list_ms']:>9} ms (of {other['list_of']})")
    else:
        print("    neutron-server: not measured; packages neutron-server and mariadb-server make it so")
    print(f"  weftd: {requests['weftd_bytes_per_port']} bytes per port, {requests['weftd_rss_kib'] / 1024:.0f} MiB in all")
    startup.print_table(result["startup"])


if __name__ == "__main__":
    inner(sys.argv[1])
