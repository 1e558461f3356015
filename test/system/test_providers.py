"""Providers of services: plug-ins in processes of their own, webhooks, and which of them gives what (Z1, Z2, Z9, Z42).

    client ──► weftd ──► plug-in's process (naming.so, branch_vpn.so, and bad ones)
                  └────► examples/providers/webhook.py
"""
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from conftest import TOP, run, wait_until
from openstack_clients import connect
from weftd import BUILD, MEMBER, Weftd, refused

EXAMPLES = BUILD / "examples/providers"
BAD = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weft/provider.h>
static int apply(const struct weft_provider_request *request)
{
	if (strstr(request->document, "name\\":\\"crash"))
		raise(SIGSEGV);
	if (strstr(request->document, "name\\":\\"hang"))
		pause();
	if (strstr(request->document, "name\\":\\"babble"))
		return write(3, "nonsense\\n", 9) ? WEFT_PROVIDER_OK : WEFT_PROVIDER_OK;
	if (strstr(request->document, "name\\":\\"wrong")) {
		const char *text = "{\\"edge\\":{\\"subnets\\":7}}";
		request->answer(request->context, text, strlen(text));
		return WEFT_PROVIDER_OK;
	}
	if (strstr(request->document, "name\\":\\"refuse")) {
		request->explain(request->context, "not for networks like that");
		return WEFT_PROVIDER_REFUSED;
	}
	return WEFT_PROVIDER_OK;
}
static const char *const services[] = { "service-function", NULL };
extern const struct weft_provider weft_provider;
const struct weft_provider weft_provider = { .size = sizeof(struct weft_provider), .abi = %(abi)s, .name = "%(name)s", .services = services, .apply = apply };
"""


def compile_plugin(folder, name, text):
    source = folder / f"{name}.c"
    source.write_text(text)
    run("cc", "-shared", "-fPIC", "-I", TOP / "include", source, "-o", folder / f"{name}.so")
    source.unlink()


class Vendor:
    """The example of a webhook, which can be away."""

    def __init__(self, folder):
        self.secret = folder / "secret"
        self.secret.write_text("a-secret-of-more-than-16-bytes\n")
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.process = None

    @property
    def config(self):
        return {"type": "webhook", "url": f"http://127.0.0.1:{self.port}/weft", "secret-file": self.secret, "services": "vpn, load-balancer",
                "timeout": 2}

    def start(self):
        self.process = subprocess.Popen([sys.executable, TOP / "examples/providers/webhook.py", str(self.port), self.secret],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert "listening" in self.process.stdout.readline()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def has(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/") as answer:
            return json.load(answer)["attachments"]

    def post(self, body, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/weft", body, {name.replace("_", "-"): text for name, text in headers.items()})
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    folder = tmp_path_factory.mktemp("providers")
    plugins = folder / "plugins"
    plugins.mkdir(mode=0o755)
    for name in ("naming", "branch_vpn"):
        shutil.copy(EXAMPLES / f"{name}.so", plugins)
    compile_plugin(plugins, "faulty", BAD % {"abi": "WEFT_PROVIDER_ABI", "name": "faulty"})
    compile_plugin(plugins, "old", BAD % {"abi": 77, "name": "old"})
    compile_plugin(plugins, "twice", BAD % {"abi": "WEFT_PROVIDER_ABI", "name": "faulty"})
    compile_plugin(plugins, "open", BAD % {"abi": "WEFT_PROVIDER_ABI", "name": "open"})
    compile_plugin(plugins, "empty", "int nothing;")
    (plugins / "open.so").chmod(0o666)
    compile_plugin(plugins, "owned", BAD % {"abi": "WEFT_PROVIDER_ABI", "name": "owned"})
    os.chown(plugins / "owned.so", 1, 0)
    (plugins / "linked.so").symlink_to(EXAMPLES / "naming.so")
    (plugins / "ignored.txt").write_text("no plug-in")
    (plugins / "text.so").write_text("no ELF file" * 100)
    vendor = Vendor(folder)
    weftd = Weftd(folder, providers={"folder": plugins, "call-timeout": 1, "reconcile-interval": 2},
                  webhooks={"acme": vendor.config}).start()
    weftd.api, weftd.vendor = weftd.client(), vendor
    yield weftd
    vendor.stop()
    print("".join(weftd.lines[-60:]))
    weftd.stop()


def attachment_of(weftd, one, provider):
    found = weftd.api.get("/v2.0/service_attachments", object_id=one["id"], provider=provider).json["service_attachments"]
    return found[0] if found else None


def has_status(weftd, one, provider, status, reason=""):
    def check():
        found = attachment_of(weftd, one, provider)
        return found if found and found["status"] == status and reason in found["status_reason"] else None
    return wait_until(check, what=f"{provider}: {status} {reason}, not {attachment_of(weftd, one, provider)}")


def state_of(weftd, name):
    return next(p for p in weftd.api.get("/weft/v1/providers").json["providers"] if p["name"] == name)


def test_what_is_loaded_and_what_is_not(cloud):
    """Z1, Z2: every provider with what it gives; what is wrong with a file is said, and stops nothing else."""
    sdk = connect(cloud)
    rows = {(p.service_type, p.name): p.is_default for p in sdk.service_providers()}
    sdk.session.session.close()
    assert rows[("L3_ROUTER_NAT", "edge")] and rows[("DHCP", "edge")] and rows[("SECURITY_GROUP", "security-group")]
    assert rows[("DHCP", "naming")] is False and ("VPN", "branch-vpn") in rows and ("VPN", "acme") in rows
    assert not [row for row in rows if row[1] in ("old", "open", "owned", "linked", "empty", "text", "twice")]
    for name, reason in (("old", "made for version 77"), ("open", "can be written by others than root"), ("owned", "belongs to user 1; it must be root's"), ("linked", "is no ordinary file"), ("empty", "does not export 'weft_provider'"),
                         ("text", "invalid ELF header")):
        state = state_of(cloud, name)
        assert state["state"] == "ERROR" and reason in state["reason"], state
    assert any("another provider faulty" in line for line in cloud.lines), cloud.lines
    refused(cloud.client(MEMBER).get("/weft/v1/providers"), 403, "PolicyNotAuthorized")


def test_what_a_provider_lacks_is_refused(cloud):
    """Z2: with the list of what it has."""
    def refuses(status, error, part, kind="network", **services):
        refused(cloud.api.call("POST", f"/v2.0/{kind}s", {kind: {"service_providers": services}}), status, error, part)

    refuses(400, "ServiceNotProvided", "naming does not have the service dns; it has dhcp", dns="naming")
    refuses(400, "ServiceNotProvided", "edge does not have the service vpn; it has dhcp, dns", "router", vpn="edge")
    refuses(400, "InvalidInput", "there is no provider nobody for dhcp; there are edge, security-group", dhcp="nobody")
    refuses(503, "ServiceProviderUnavailable", "made for version 77", dhcp="old")
    refuses(400, "InvalidInput", "what it may have is dhcp, dns", **{"security-group": "naming"})
    refused(cloud.client(MEMBER).call("POST", "/v2.0/networks", {"network": {"service_providers": {"dhcp": "naming"}}}), 403, "PolicyNotAuthorized")


def test_edge_style_plugin(cloud):
    """Z42: DHCP by the plug-in, DNS by the edge: the hosts' records are what the plug-in says, from the first to the last moment."""
    cloud.api.make("host", name="h1", tunnel_ips=["192.0.2.11"])
    network = cloud.api.make("network", service_providers={"dhcp": "naming"})
    assert {name: network["service_providers"][name] for name in ("dhcp", "dns")} == {"dhcp": "naming", "dns": "edge"}
    subnet = cloud.api.make("subnet", network_id=network["id"], ip_version=4, cidr="10.0.0.0/24")
    port = cloud.api.make("port", network_id=network["id"], **{"binding:host_id": "h1"})

    def record():
        lines = cloud.api.get("/weft/v1/hosts/h1/view").text.splitlines()
        return next(line["data"] for line in map(json.loads, lines) if line.get("kind") == "subnet" and line["id"] == subnet["id"])

    wait_until(lambda: record()["dns_nameservers"] == ["192.0.2.53", "192.0.2.54"], what="what the plug-in says")
    assert record()["enable_dhcp"] and record()["host_routes"] == [{"destination": "192.0.2.0/24", "nexthop": "10.0.0.1"}]
    found = has_status(cloud, network, "naming", "ACTIVE")
    assert (found["services"], found["object_type"], found["drift"]) == (["dhcp"], "network", "")
    assert cloud.api.call("PUT", f"/v2.0/subnets/{subnet['id']}", {"subnet": {"enable_dhcp": False}}).status == 200
    wait_until(lambda: not record()["enable_dhcp"], what="what the plug-in leaves out is not served")
    path = f"/v2.0/networks/{network['id']}"
    assert cloud.api.call("PUT", path, {"network": {"service_providers": {"dhcp": None, "dns": None}}}).status == 200
    wait_until(lambda: record()["dns_nameservers"] == [], what="the edge's own again")
    wait_until(lambda: not attachment_of(cloud, network, "naming"), what="forgotten")
    for one in (f"/v2.0/ports/{port['id']}", path):
        assert cloud.api.call("DELETE", one).status == 204


def test_appliance_style_plugin_by_flavor(cloud):
    """Z9, Z19: a flavor has a provider without services of routers refused; named by the router it describes its appliance, which is stored."""
    profile = cloud.api.make("service_profile", driver="branch-vpn", metainfo="large")
    flavor = cloud.api.make("flavor", service_type="L3_ROUTER_NAT", service_profiles=[profile["id"]])
    refused(cloud.api.call("POST", "/v2.0/routers", {"router": {"flavor_id": flavor["id"]}}), 400, "ServiceNotProvided", "it has load-balancer, vpn")
    network = cloud.api.make("network")
    subnet = cloud.api.make("subnet", network_id=network["id"], ip_version=4, cidr="10.9.0.0/24")
    router = cloud.api.make("router", service_providers={"vpn": "branch-vpn"})
    cloud.api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]})
    appliance = wait_until(lambda: (has_status(cloud, router, "branch-vpn", "ACTIVE")["appliances"] or [{"nics": []}])[0], what="described")
    wait_until(lambda: len(attachment_of(cloud, router, "branch-vpn")["appliances"][0]["nics"]) == 1, what="a NIC on the router's network")
    appliance = attachment_of(cloud, router, "branch-vpn")["appliances"][0]
    assert (appliance["name"], appliance["image"], appliance["services"], appliance["cpus"]) == ("vpn", "branch-vpn-1", ["vpn"], 1)
    assert appliance["nics"][0]["network_id"] == network["id"]
    cloud.api.call("PUT", f"/v2.0/routers/{router['id']}", {"router": {"service_providers": {"load-balancer": "branch-vpn"}}})
    wait_until(lambda: attachment_of(cloud, router, "branch-vpn")["appliances"][0]["services"] == ["load-balancer", "vpn"], what="both services")


@pytest.mark.parametrize("name, reason", [("crash", "ended by signal 11"), ("hang", "did not answer within 1 s"), ("babble", "no message"),
                                          ("wrong", "edge of the answer must be")])
def test_a_faulty_plugin_is_isolated(cloud, name, reason):
    """It crashes, hangs, babbles: the object says so, weftd and other objects go on, and it is asked again until it works."""
    bad = cloud.api.make("network", name=name, service_providers={"service-function": "faulty"})
    has_status(cloud, bad, "faulty", "ERROR", reason)
    good = cloud.api.make("network", name="good", service_providers={"service-function": "faulty"})
    has_status(cloud, good, "faulty", "ACTIVE")
    assert cloud.api.call("PUT", f"/v2.0/networks/{bad['id']}", {"network": {"name": "mended"}}).status == 200
    has_status(cloud, bad, "faulty", "ACTIVE")
    for network in (bad, good):
        assert cloud.api.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204


def test_a_plugin_refuses(cloud):
    network = cloud.api.make("network", name="refuse", service_providers={"service-function": "faulty"})
    has_status(cloud, network, "faulty", "ERROR", "not for networks like that")


def replayed(vendor, attachment):
    """What somebody has recorded is no other request: not another event or digest with the same body, not after a later one."""
    body, now = json.dumps({"attachment": attachment, "services": [], "object_type": "router", "object_id": "x"}).encode(), int(time.time())
    def post(event, digest, stamp, signed=None):
        text = f"{stamp}.{'.'.join(signed or (event, digest))}.".encode() + body
        signature = hmac.new(vendor.secret.read_bytes().strip(), text, "sha256").hexdigest()
        return vendor.post(body, X_Weft_Event=event, X_Weft_Digest=digest, X_Weft_Timestamp=str(stamp), X_Weft_Signature=f"sha256={signature}")
    before = vendor.has
    assert post("remove", "", now, ("apply", "")) == 401 and post("apply", "d2", now, ("apply", "d1")) == 401
    assert post("apply", "d1", now - 100) == 401 and vendor.has == before
    assert post("status", "d1", now) == 200


def test_webhook(cloud):
    """A webhook that is away is a state of the object, and nothing is lost: not with weftd's restart, not what is deleted meanwhile; drift is repaired."""
    vendor = cloud.vendor
    router = cloud.api.make("router", service_providers={"vpn": "acme"})
    other = cloud.api.make("router", service_providers={"vpn": "acme", "load-balancer": "acme"})
    has_status(cloud, router, "acme", "ERROR", "tried again")
    cloud.kill()
    cloud.start()
    cloud.api = cloud.client()
    vendor.start()
    has_status(cloud, router, "acme", "ACTIVE")
    attached = has_status(cloud, other, "acme", "ACTIVE")
    wait_until(lambda: len(vendor.has) == 2, what="both are there")
    mine = next(one for one in vendor.has if one["object_id"] == other["id"])
    assert (mine["digest"], mine["services"]) == (attached["digest"], ["load-balancer", "vpn"])
    assert vendor.post(b"{}", X_Weft_Event="remove", X_Weft_Timestamp=str(int(time.time())), X_Weft_Signature="sha256=" + "0" * 64) == 401
    replayed(vendor, attached["id"])
    vendor.stop()
    assert cloud.api.call("DELETE", f"/v2.0/routers/{other['id']}").status == 204
    has_status(cloud, other, "acme", "PENDING_DELETE", "tried again")
    vendor.start()  # which has forgotten everything
    wait_until(lambda: not attachment_of(cloud, other, "acme"), what="told of the end", deadline=20)
    wait_until(lambda: [one["object_id"] for one in vendor.has] == [router["id"]], what="applied again")

    def forgets():
        """Drift is what is seen of it; nothing is if weftd asks while it is away, and what fails then is applied again anyway."""
        vendor.stop()
        vendor.start()
        wait_until(lambda: [one["object_id"] for one in vendor.has] == [router["id"]], what="applied again")
        return any("drift of router" in line and "did not have it" in line for line in cloud.lines)
    wait_until(forgets, what="drift is told")
    assert vendor.secret.read_text().strip() not in "".join(cloud.lines)


def test_tunnels_are_told(cloud):
    """Z42: a plug-in and a webhook say how tunnels are; what one does not say any more is not known."""
    api, vendor = cloud.api, cloud.vendor
    vendor.stop()
    vendor.start()
    outside = api.make("network", **{"router:external": True})
    api.make("subnet", network_id=outside["id"], ip_version=4, cidr="203.0.113.0/24")

    def vpn(kind, collection=None, **attributes):
        answer = api.call("POST", f"/v2.0/vpn/{collection or kind + 's'}", {kind: attributes})
        assert answer.status == 201, answer.text
        return answer.json[kind]

    policies = {"ikepolicy_id": vpn("ikepolicy", "ikepolicies", ike_version="v2")["id"], "ipsecpolicy_id": vpn("ipsecpolicy", "ipsecpolicies")["id"]}

    def connect_by(provider, n, **attributes):
        network = api.make("network")
        subnet = api.make("subnet", network_id=network["id"], ip_version=4, cidr=f"10.{n}.0.0/24")
        router = api.make("router", external_gateway_info={"network_id": outside["id"]}, service_providers={"vpn": provider})
        assert api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
        service = vpn("vpnservice", router_id=router["id"], subnet_id=subnet["id"])
        return router, service, [vpn("ipsec_site_connection", "ipsec-site-connections", vpnservice_id=service["id"], peer_address=f"198.51.100.{i}",
                                     peer_id=f"198.51.100.{i}", peer_cidrs=[f"10.{n}.{i}.0/24"], psk=f"secret {i}", **policies, **more)
                                 for i, more in enumerate(({}, {"initiator": "response-only"}), 1)]

    def becomes(connection, status, reason):
        def check():
            one = api.get(f"/v2.0/vpn/ipsec-site-connections/{connection['id']}").json["ipsec_site_connection"]
            return (one["status"], one["status_reason"]) == (status, reason)
        wait_until(check, what=f"{status}, {reason}", deadline=30)

    router, service, (begins, waits) = connect_by("branch-vpn", 21)
    becomes(begins, "ACTIVE", None)
    becomes(waits, "DOWN", "it waits for its peer to begin")
    assert api.get(f"/v2.0/vpn/vpnservices/{service['id']}").json["vpnservice"]["status"] == "ACTIVE"
    assert len(attachment_of(cloud, router, "branch-vpn")["tunnels"]) == 2
    hooked, _, (one, _) = connect_by("acme", 22)
    profile = api.make("service_profile", driver="branch-vpn", metainfo="small")
    flavor = api.make("flavor", service_type="VPN", service_profiles=[profile["id"]])["id"]
    refused(api.call("POST", "/v2.0/vpn/vpnservices", {"vpnservice": {"router_id": hooked["id"], "flavor_id": flavor}}), 400, "ServiceNotProvided",
            f"is provided by branch-vpn, and the service vpn of router {hooked['id']} by acme")
    becomes(one, "DOWN", "the box has not reached 198.51.100.1")
    vendor.stop()
    wait_until(lambda: attachment_of(cloud, hooked, "acme")["tunnels"] is None, what="nobody says how they are", deadline=30)
    vendor.start()
    becomes(one, "DOWN", "the box has not reached 198.51.100.1")


@pytest.mark.parametrize("webhook, says", [({"type": "oracle"}, "give webhook"), ({"url": "ftp://x/"}, "give the vendor's URL"),
                                           ({"url": "http://vendor.example.org/"}, "would travel in clear"), ({"secret-file": "/nonexistent"}, "No such file"),
                                           ({"services": "dhcp telepathy"}, "'telepathy' is no service")])
def test_bad_configuration(tmp_path, webhook, says):
    assert says in Weftd(tmp_path, webhooks={"acme": {**Vendor(tmp_path).config, **webhook}}).refused()


def test_the_folder_is_roots(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    folder.chmod(0o777)
    assert "can be written by others than root" in Weftd(tmp_path, providers={"folder": folder}).refused()
    folder.chmod(0o755)
    os.chown(folder, 1, 1)
    assert "must be root's" in Weftd(tmp_path, providers={"folder": folder}).refused()
