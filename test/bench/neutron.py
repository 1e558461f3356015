"""Debian's neutron-server for comparison, where it is installed (packages neutron-server, mariadb-server): in a namespace of its own,
ML2 without mechanism drivers, no authentication, MariaDB with its defaults, so that what is acknowledged is on disk, too.

Nothing of the machine's own neutron or MariaDB is touched: configuration, database and sockets are in a folder that goes away.
"""
import json
import shutil
import statistics

from measure import BUILD
from shell import folder, namespace, sh, spawn, stop, wait_until

APILOAD = BUILD / "test/bench/apiload"
PORT = 9696
NEEDED = ["neutron-server", "mariadbd", "mariadb-install-db"]
PYTHON = "/usr/bin/python3"  # that neutron is installed for

CONFIG = """[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
core_plugin = ml2
service_plugins =
auth_strategy = noauth
api_paste_config = /etc/neutron/api-paste.ini
transport_url = fake:/
api_workers = {workers}
rpc_workers = 0
state_path = {folder}
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
[database]
connection = mysql+pymysql://root@localhost/neutron?unix_socket={folder}/mysql.sock&charset=utf8
max_pool_size = 40
[oslo_concurrency]
lock_path = {folder}/lock
[quotas]
quota_port = -1
quota_network = -1
[ml2]
type_drivers = vxlan
tenant_network_types = vxlan
mechanism_drivers =
extension_drivers = port_security
[ml2_type_vxlan]
vni_ranges = 1:1000
"""

# All tables at once: the migrations of ten years come to the same, and take a minute.
TABLES = """
import sys
import sqlalchemy
from neutron.db.migration.models import head
head.get_metadata().create_all(sqlalchemy.create_engine(sys.argv[1]))
"""


def installed():
    return all(shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin") for name in NEEDED)


class Neutron:
    def __init__(self, workers):
        self.folder = folder("neutron")
        self.netns = namespace("neutron")
        sh(f"chmod 755 {self.folder}; mkdir {self.folder}/lock")
        self.database()
        with open(f"{self.folder}/neutron.conf", "w") as conf:
            conf.write(CONFIG.format(port=PORT, folder=self.folder, workers=workers))
        self.server = spawn([PYTHON, "/usr/bin/neutron-server", "--config-file", f"{self.folder}/neutron.conf"], self.netns,
                            log=f"{self.folder}/log")
        wait_until(lambda: self.server.poll() is not None or "networks" in self.get("/v2.0/networks", check=False),
                   f"neutron-server; see {self.folder}/log", 90)
        if self.server.poll() is not None:
            raise RuntimeError("neutron-server ended:\n" + sh(f"tail -20 {self.folder}/log"))

    def database(self):
        data, socket = f"{self.folder}/data", f"{self.folder}/mysql.sock"
        sh(f"mariadb-install-db --no-defaults --datadir={data} --user=root --auth-root-authentication-method=normal --skip-test-db")
        self.mariadb = spawn(f"mariadbd --no-defaults --datadir={data} --user=root --socket={socket} --skip-networking "
                             f"--pid-file={self.folder}/mysql.pid --max-connections=500", log=f"{self.folder}/mysql.log")
        wait_until(lambda: "1" in sh(f"mariadb -u root -S {socket} -e 'select 1'", check=False), f"MariaDB; see {self.folder}/mysql.log", 60)
        sh(f"mariadb -u root -S {socket} -e 'create database neutron character set utf8'")
        sh(f"{PYTHON} - 'mysql+pymysql://root@localhost/neutron?unix_socket={socket}&charset=utf8'", stdin=TABLES)

    def get(self, path, check=True):
        return sh(f"curl -s 'http://127.0.0.1:{PORT}{path}'", self.netns, check=check)

    def post(self, path, body):
        out = sh(f"curl -s -H 'Content-Type: application/json' --data-binary @- http://127.0.0.1:{PORT}{path}", self.netns, stdin=json.dumps(body))
        answer = json.loads(out)
        if "NeutronError" in answer:
            raise RuntimeError(f"POST {path}: {out}")
        return answer

    def load(self, words, stdin):
        out = sh(f"taskset -c 0 {APILOAD} 127.0.0.1 {PORT} none 32 {words}", self.netns, stdin=stdin).split()
        return {"per_s": int(out[0]), "p50_ms": int(out[1]) / 1e3, "p99_ms": int(out[2]) / 1e3, "errors": int(out[3])}

    def close(self):
        stop(self.server)
        stop(self.mariadb)


def measure(options):
    """The same figures as of weftd, of fewer requests: each takes a hundred times as long. None: not installed, or not wanted."""
    creates, listed = options.neutron, 1000 if options.neutron >= 320 else options.neutron
    if not creates or not installed():
        return None
    neutron = Neutron(workers=2)
    try:
        network = neutron.post("/v2.0/networks", {"network": {"name": "bench"}})["network"]["id"]
        neutron.post("/v2.0/subnets", {"subnet": {"network_id": network, "cidr": "10.64.0.0/16", "ip_version": 4}})
        body = {"network_id": network, "name": "bench"}
        result = {"creates": neutron.load(f"post /v2.0/ports {creates}", json.dumps({"port": body}))}
        made = len(json.loads(neutron.get("/v2.0/ports?fields=id"))["ports"])
        while made < listed:
            made += len(neutron.post("/v2.0/ports", {"ports": [body] * min(50, listed - made)})["ports"])
        ports = json.loads(neutron.get(f"/v2.0/ports?limit={listed}"))["ports"]
        result["shows"] = neutron.load(f"get {creates * 4}", "\n".join(f"/v2.0/ports/{port['id']}" for port in ports))
        result["list_of"] = len(ports)
        result["list_ms"] = round(statistics.median(
            float(sh(f"curl -s -o /dev/null -w '%{{time_total}}' 'http://127.0.0.1:{PORT}/v2.0/ports?limit={listed}'", neutron.netns))
            for _ in range(5)) * 1e3, 1)
        return result
    finally:
        neutron.close()
