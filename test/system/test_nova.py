"""weftd as the network service of Nova: what Nova's own network API asks for, in its order and its words, from boot to deletion
with a live migration between, by a service user's token and with what Nova reads of the answers. Proves B9, B45.

                    weftd ── report ── h1, h2 (scripted)
    Nova's calls ────┘ └──── external events ────► a real HTTP server
"""
import uuid

import pytest

from conftest import wait_until
from test_notify import Nova
from weftd import MEMBER, Weftd

ZONE = "compute:nova"


class Cloud:
    def __init__(self, folder, nova):
        (folder / "token").write_text("nova-secret\n")
        self.weftd = Weftd(folder, notify={"url": nova.url, "token-file": folder / "token"}, quotas={"port": 10}).start()
        self.nova, self.admin, self.user = nova, self.weftd.client(), self.weftd.client(MEMBER)
        self.hosts = {name: self.admin.make("host", name=name, tunnel_ips=[f"192.0.2.{n}"]) for n, name in enumerate(("h1", "h2"), 1)}
        self.network = self.user.make("network", name="net")
        self.subnet = self.user.make("subnet", network_id=self.network["id"], ip_version=4, cidr="10.0.0.0/24")

    def report(self, host, port, wired=True):
        state = {"wired": True} if wired else {"wired": False, "reason": "unplugged"}
        body = {"instance": str(uuid.uuid4()), "revision": 1, "full": False, "ports": {port: state}, "agent": {}}
        answer = self.weftd.client(self.hosts[host]["credential"]).call("POST", f"/weft/v1/hosts/{host}/report", body)
        assert answer.status == 200, answer.text

    def get(self, path, **query):
        answer = self.admin.get(f"/v2.0/{path}", **query)
        assert answer.status == 200, answer.text
        return answer.json

    def send(self, method, path, body=None, status=200):
        answer = self.admin.call(method, f"/v2.0/{path}", body)
        assert answer.status == status, answer.text
        return answer.json if answer.text else None

    def port(self, ident):
        return self.get(f"ports/{ident}")["port"]

    def events(self, port):
        return self.nova.names({"id": port})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    nova = Nova()
    made = Cloud(tmp_path_factory.mktemp("nova"), nova)
    yield made
    made.weftd.stop()
    nova.shutdown()
    nova.server_close()


def boot(cloud, device, host="h1"):
    """As allocate_for_instance() does: an unbound port with the user's token, bound by the service user afterwards."""
    body = {"port": {"device_id": device, "network_id": cloud.network["id"], "admin_state_up": True, "tenant_id": "project-1"}}
    made = cloud.user.call("POST", "/v2.0/ports", body)
    assert made.status == 201, made.text
    ident = made.json["port"]["id"]
    return cloud.send("PUT", f"ports/{ident}", {"port": {"device_id": device, "device_owner": ZONE, "binding:host_id": host,
                                                         "binding:profile": {}, "binding:vnic_type": "normal"}})["port"]


def test_extensions_that_nova_looks_for(cloud):
    """Nova decides by names and aliases how it talks: without "binding-extended" there is no live migration in its new way."""
    aliases = {e["alias"] for e in cloud.get("extensions")["extensions"]}
    wanted = {"binding", "binding-extended", "port-security", "security-group", "external-net", "quotas", "extra_dhcp_opt", "dns-integration",
              "net-mtu", "provider", "port-resource-request", "port-resource-request-groups", "ip-substring-filtering"}
    assert not wanted - aliases
    assert all(e["name"] and e["updated"] for e in cloud.get("extensions")["extensions"])


def test_before_boot(cloud):
    """validate_networks(): the networks, quota and the ports of the project, as the user."""
    user = cloud.user
    found = user.get("/v2.0/networks", id=[cloud.network["id"]]).json["networks"]
    assert [n["subnets"] for n in found] == [[cloud.subnet["id"]]] and found[0]["port_security_enabled"] is True
    assert user.get("/v2.0/networks", tenant_id="project-1", shared="False").json["networks"][0]["id"] == cloud.network["id"]
    assert user.get("/v2.0/networks", shared="True").json["networks"] == []
    assert user.get("/v2.0/quotas/project-1").json["quota"]["port"] == 10
    assert user.get("/v2.0/ports", tenant_id="project-1", fields="id").json["ports"] == []
    groups = user.get("/v2.0/security-groups", tenant_id="project-1", fields=["id", "name"]).json["security_groups"]
    assert [sorted(g) for g in groups] == [["id", "name"]] and groups[0]["name"] == "default"
    port = user.make("port", network_id=cloud.network["id"])
    shown = cloud.get(f"ports/{port['id']}", fields=["id", "resource_request", "network_id", "binding:vnic_type"])["port"]
    assert shown == {"id": port["id"], "resource_request": None, "network_id": cloud.network["id"], "binding:vnic_type": "normal"}
    admin = cloud.port(port["id"])
    assert (admin["binding:host_id"], admin["binding:vif_type"], admin["device_id"], admin["binding:profile"]) == ("", "unbound", "", {})
    assert user.call("DELETE", f"/v2.0/ports/{port['id']}").status == 204


def test_a_guests_life(cloud):
    device = str(uuid.uuid4())
    port = boot(cloud, device)
    ident = port["id"]
    assert (port["binding:vif_type"], port["binding:host_id"], port["status"]) == ("tap", "h1", "DOWN")
    assert isinstance(port["binding:vif_details"], dict) and port["project_id"] == port["tenant_id"] == "project-1"
    # _build_network_info_model(): by device and tenant; addresses, subnets, DHCP server, floating IPs, network
    mine = cloud.get("ports", tenant_id="project-1", device_id=device)["ports"]
    assert [p["id"] for p in mine] == [ident]
    address = mine[0]["fixed_ips"][0]
    assert cloud.get("subnets", id=[address["subnet_id"]])["subnets"][0]["gateway_ip"] == "10.0.0.1"
    assert cloud.get("ports", network_id=cloud.network["id"], device_owner="network:dhcp", fixed_ips=f"subnet_id={address['subnet_id']}") == {"ports": []}
    assert cloud.get("floatingips", fixed_ip_address=address["ip_address"], port_id=ident) == {"floatingips": []}
    assert cloud.get("networks", id=[mine[0]["network_id"]])["networks"][0]["mtu"] > 1000
    # the host wires it; Nova waits for the event of this port
    cloud.report("h1", ident)
    wait_until(lambda: cloud.events(ident) == ["network-vif-plugged"], what="told that it is plugged")
    assert cloud.port(ident)["status"] == "ACTIVE"
    # deallocate_for_instance(): what Nova made it deletes
    cloud.report("h1", ident, wired=False)
    cloud.send("DELETE", f"ports/{ident}", status=204)
    wait_until(lambda: cloud.events(ident)[-1] == "network-vif-deleted", what="told of the end")
    assert cloud.get("ports", device_id=device) == {"ports": []}
    assert cloud.admin.get(f"/v2.0/ports/{ident}").status == 404
    assert cloud.admin.call("DELETE", f"/v2.0/ports/{ident}").error == "PortNotFound"


def test_a_port_of_the_user_survives_its_guest(cloud):
    """_unbind_ports() of what the user made before: given back as it was."""
    port = cloud.user.make("port", network_id=cloud.network["id"], name="kept")
    path, device = f"ports/{port['id']}", str(uuid.uuid4())
    cloud.send("PUT", path, {"port": {"device_id": device, "device_owner": ZONE, "binding:host_id": "h1", "binding:profile": {"k": "v"}}})
    bound = cloud.port(port["id"])
    assert bound["binding:profile"] == {"k": "v"} and bound["binding:vif_type"] == "tap"
    free = cloud.send("PUT", path, {"port": {"device_id": "", "device_owner": "", "binding:host_id": None, "binding:profile": {}}})["port"]
    assert (free["binding:host_id"], free["binding:vif_type"], free["device_id"], free["status"]) == ("", "unbound", "", "DOWN")
    assert free["fixed_ips"] == port["fixed_ips"] and free["mac_address"] == port["mac_address"]
    cloud.send("DELETE", path, status=204)


def test_what_nova_must_be_refused(cloud):
    """The errors by which Nova tells its user what is wrong: PortLimitExceeded, address in use, no such port, unknown host."""
    device, taken = str(uuid.uuid4()), cloud.user.make("port", network_id=cloud.network["id"])
    ip = taken["fixed_ips"][0]["ip_address"]
    again = {"port": {"network_id": cloud.network["id"], "device_id": device, "fixed_ips": [{"ip_address": ip}]}}
    refused = cloud.user.call("POST", "/v2.0/ports", again)
    assert (refused.status, refused.error) == (409, "IpAddressAlreadyAllocated")
    same = {"port": {"network_id": cloud.network["id"], "mac_address": taken["mac_address"]}}
    refused = cloud.user.call("POST", "/v2.0/ports", same)
    assert (refused.status, refused.error) == (409, "MacAddressInUse")
    many = {"ports": [{"network_id": cloud.network["id"]} for _ in range(10)]}
    refused = cloud.user.call("POST", "/v2.0/ports", many)
    assert (refused.status, refused.error) == (409, "OverQuota")
    assert [p["id"] for p in cloud.user.get("/v2.0/ports").json["ports"]] == [taken["id"]]
    bare = cloud.user.make("network")
    assert cloud.user.make("port", network_id=bare["id"])["fixed_ips"] == []
    assert cloud.user.call("PUT", f"/v2.0/ports/{taken['id']}", {"port": {"binding:host_id": "h1"}}).status == 403
    for made in cloud.user.get("/v2.0/ports").json["ports"]:
        cloud.send("DELETE", f"ports/{made['id']}", status=204)


def test_live_migration(cloud):
    """An INACTIVE binding for the destination, activated when the guest has moved, the old one deleted afterwards."""
    device = str(uuid.uuid4())
    port = boot(cloud, device)
    ident, bindings = port["id"], f"ports/{port['id']}/bindings"
    cloud.report("h1", ident)
    wait_until(lambda: cloud.events(ident) == ["network-vif-plugged"], what="plugged at the source")
    made = cloud.send("POST", bindings, {"binding": {"host": "h2", "vnic_type": "normal", "profile": {"migrating_to": "h2"}}}, 201)["binding"]
    assert (made["host"], made["status"], made["vif_type"], made["vnic_type"]) == ("h2", "INACTIVE", "tap", "normal")
    assert made["profile"] == {"migrating_to": "h2"} and isinstance(made["vif_details"], dict)
    twice = cloud.admin.call("POST", f"/v2.0/{bindings}", {"binding": {"host": "h2"}})
    assert (twice.status, twice.error) == (409, "PortBindingAlreadyExists")
    states = {b["host"]: b["status"] for b in cloud.get(bindings)["bindings"]}
    assert states == {"h1": "ACTIVE", "h2": "INACTIVE"}
    assert cloud.get(f"{bindings}/h2")["binding"]["status"] == "INACTIVE"
    cloud.send("PUT", f"{bindings}/h2/activate")
    assert {b["host"]: b["status"] for b in cloud.get(bindings)["bindings"]} == {"h1": "INACTIVE", "h2": "ACTIVE"}
    already = cloud.admin.call("PUT", f"/v2.0/{bindings}/h2/activate")
    assert (already.status, already.error) == (409, "PortBindingAlreadyActive")
    moved = cloud.port(ident)
    assert (moved["binding:host_id"], moved["status"]) == ("h2", "DOWN")
    cloud.report("h2", ident)
    wait_until(lambda: cloud.port(ident)["status"] == "ACTIVE", what="wired at the destination")
    wait_until(lambda: cloud.events(ident).count("network-vif-plugged") == 2, what="plugged at the destination")
    known = cloud.port(ident)["revision_number"]
    for method, where, body in (("DELETE", f"{bindings}/h1", None), ("PUT", f"{bindings}/h1", {"binding": {"vnic_type": "normal"}}),
                                ("PUT", f"{bindings}/h1/activate", None)):
        refused = cloud.admin.call(method, f"/v2.0/{where}", body, {"If-Match": f"revision_number={known - 1}"})
        assert (refused.status, refused.error) == (412, "RevisionNumberConstraintFailed"), method
    assert cloud.admin.call("DELETE", f"/v2.0/{bindings}/h1", None, {"If-Match": f"revision_number={known}"}).status == 204
    assert cloud.port(ident)["revision_number"] > known
    gone = cloud.admin.get(f"/v2.0/{bindings}/h1")
    assert (gone.status, gone.error) == (404, "PortBindingNotFound")
    assert [b["host"] for b in cloud.get(bindings)["bindings"]] == ["h2"]
    assert cloud.user.get(f"/v2.0/{bindings}").status == 403
    cloud.send("DELETE", f"ports/{ident}", status=204)
    assert cloud.admin.get(f"/v2.0/{bindings}").status == 404


def test_migration_rolled_back(cloud):
    """The destination's binding is deleted; the port is where it was, ACTIVE all the time."""
    port = boot(cloud, str(uuid.uuid4()))
    ident, bindings = port["id"], f"ports/{port['id']}/bindings"
    cloud.report("h1", ident)
    cloud.send("POST", bindings, {"binding": {"host": "h2"}}, 201)
    cloud.send("DELETE", f"{bindings}/h2", status=204)
    kept = cloud.port(ident)
    assert (kept["binding:host_id"], kept["status"]) == ("h1", "ACTIVE")
    cloud.send("DELETE", f"ports/{ident}", status=204)


def test_resource_request(cloud):
    """What the scheduler asks the placement service for, of a port with minimum packet rates."""
    policy = cloud.send("POST", "qos/policies", {"policy": {"name": "fast", "shared": True}}, 201)["policy"]
    rule = {"minimum_packet_rate_rule": {"min_kpps": 1000, "direction": "any"}}
    cloud.send("POST", f"qos/policies/{policy['id']}/minimum_packet_rate_rules", rule, 201)
    port = cloud.user.make("port", network_id=cloud.network["id"], qos_policy_id=policy["id"])
    assert "resource_request" not in port or port["resource_request"] is None  # the administrator's, as in OpenStack
    request = cloud.port(port["id"])["resource_request"]
    group, = request["request_groups"]
    assert group["resources"] == {"NET_PACKET_RATE_KILOPACKET_PER_SEC": 1000} and "CUSTOM_VNIC_TYPE_NORMAL" in group["required"]
    assert request["same_subtree"] == [group["id"]] and uuid.UUID(group["id"])
    cloud.send("PUT", f"ports/{port['id']}", {"port": {"binding:profile": {"allocation": {group["id"]: str(uuid.uuid4())}}}})
    cloud.send("DELETE", f"ports/{port['id']}", status=204)
