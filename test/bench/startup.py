"""How long weftd takes from its start until it answers with many ports in its store, and what memory they take: in a namespace of its
own. The processor time is given beside the wall clock's: it says more where other work is on the machine."""
import json
import os
import time

from measure import BUILD
from shell import folder, namespace, sh, spawn, stop, wait_line

TOKEN, PORT, BULK = "bench-token", 9696, 1000
TICKS = os.sysconf("SC_CLK_TCK")


def rss_bytes(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def start(netns, conf):
    process = spawn([str(BUILD / "src/controller/weftd"), "--config", conf], netns)
    wait_line(process, "listening on")
    return process


def post(netns, path, body):
    out = sh(f"curl -sS --fail-with-body -H 'X-Auth-Token: {TOKEN}' --data-binary @- http://127.0.0.1:{PORT}{path}", netns, stdin=json.dumps(body))
    return json.loads(out)


def fill(netns, ports):
    network = post(netns, "/v2.0/networks", {"network": {"name": "many"}})["network"]["id"]
    post(netns, "/v2.0/subnets", {"subnet": {"network_id": network, "cidr": "10.0.0.0/8", "ip_version": 4}})
    for first in range(0, ports, BULK):
        names = range(first, min(first + BULK, ports))
        post(netns, "/v2.0/ports", {"ports": [{"network_id": network, "name": f"port {name}"} for name in names]})


def measure(options):
    run, netns = folder("startup"), namespace("startup")
    conf = f"{run}/weftd.conf"
    with open(conf, "w") as file:
        file.write(f"[weftd]\nlisten = 127.0.0.1:{PORT}\nstore = sqlite:{run}/weft.db\n[quotas]\ndefault = -1\n[tokens]\n{TOKEN} = bench:admin\n")
    weftd = start(netns, conf)
    before = rss_bytes(weftd.pid)
    fill(netns, options.stored)
    result = {"ports": options.stored, "bytes_per_port": round((rss_bytes(weftd.pid) - before) / options.stored)}
    stop(weftd)
    begin = time.monotonic()
    weftd = start(netns, conf)
    result["start_s"] = round(time.monotonic() - begin, 2)
    result["start_cpu_s"] = round(cpu_s(weftd.pid), 2)
    result["bytes_per_port_after_start"] = round((rss_bytes(weftd.pid) - before) / options.stored)
    stop(weftd)
    return result


def print_table(figures):
    print(f"  start with {figures['ports']:,} ports (to reach at 100,000: 3 s)\n"
          f"    weftd          {figures['start_s']:>9} s   {figures['start_cpu_s']} s of processor time\n"
          f"    memory per port (to reach: 2,048 bytes): {figures['bytes_per_port']} bytes, after a start {figures['bytes_per_port_after_start']}")
