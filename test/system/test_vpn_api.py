"""VPNaaS: `openstack vpn …` and openstacksdk; what is refused; what can't be taken away (Z34). What does it is test_appliance_vpn.py's."""
import pytest

from weftd import refused

OUTSIDE = "203.0.113.0/24"


@pytest.fixture(scope="module")
def site(weftd):
    """A router with a gateway and a subnet."""
    api = weftd.client()
    public, inside = api.make("network", name="public", **{"router:external": True}), api.make("network", name="in")
    api.make("subnet", network_id=public["id"], ip_version=4, cidr=OUTSIDE, enable_dhcp=False)
    subnet = api.make("subnet", name="s", network_id=inside["id"], ip_version=4, cidr="10.0.0.0/24")
    router = api.make("router", name="r", external_gateway_info={"network_id": public["id"]}, service_providers={"vpn": "virtual-router"})
    assert api.call("PUT", f"/v2.0/routers/{router['id']}/add_router_interface", {"subnet_id": subnet["id"]}).status == 200
    return {"router": router, "subnet": subnet, "address": router["external_gateway_info"]["external_fixed_ips"][0]["ip_address"]}


def test_cli(cli, site):
    """Each verb of each resource by the command line."""
    ike = cli.json("vpn", "ike", "policy", "create", "--ike-version", "v2", "--encryption-algorithm", "aes-256", "--auth-algorithm", "sha256",
                   "--pfs", "group14", "--lifetime", "units=seconds,value=600", "ike1")
    assert (ike["IKE Version"], ike["Phase1 Negotiation Mode"]) == ("v2", "main") and ike["Lifetime"] == {"units": "seconds", "value": 600}
    cli("vpn", "ike", "policy", "set", "--pfs", "group5", "ike1")
    assert cli.json("vpn", "ike", "policy", "show", "ike1")["Perfect Forward Secrecy (PFS)"] == "group5"
    ipsec = cli.json("vpn", "ipsec", "policy", "create", "ipsec1")
    assert (ipsec["Transform Protocol"], ipsec["Encapsulation Mode"], ipsec["Encryption Algorithm"]) == ("esp", "tunnel", "aes-128")
    service = cli.json("vpn", "service", "create", "--router", "r", "--subnet", "s", "vpn1")
    assert (service["external_v4_ip"], service["Status"], service["State"]) == (site["address"], "DOWN", True)
    made = cli.json("vpn", "ipsec", "site", "connection", "create", "--vpnservice", "vpn1", "--ikepolicy", "ike1", "--ipsecpolicy", "ipsec1",
                    "--peer-address", "198.51.100.9", "--peer-id", "berlin.example.org", "--peer-cidr", "10.1.0.0/24", "--psk", "a secret",
                    "--dpd", "action=restart,interval=5,timeout=20", "c1")
    assert (made["Status"], made["Authentication Algorithm"], made["Route Mode"], made["MTU"]) == ("DOWN", "psk", "static", 1500)
    assert made["dpd"] == {"action": "restart", "interval": 5, "timeout": 20} and made["Peer CIDRs"] == ["10.1.0.0/24"]
    assert "in use by existing IPsecSiteConnection" in cli.fails("vpn", "ike", "policy", "set", "--pfs", "group14", "ike1")
    cli("vpn", "ipsec", "site", "connection", "set", "--initiator", "response-only", "c1")
    assert cli.json("vpn", "ipsec", "site", "connection", "show", "c1")["Initiator"] == "response-only"
    assert [one["Name"] for one in cli.json("vpn", "ipsec", "site", "connection", "list")] == ["c1"]
    for words in (("ipsec", "site", "connection", "delete", "c1"), ("service", "delete", "vpn1"), ("ike", "policy", "delete", "ike1"),
                  ("ipsec", "policy", "delete", "ipsec1")):
        cli("vpn", *words)
    group = cli.json("vpn", "endpoint", "group", "create", "--type", "subnet", "--value", site["subnet"]["id"], "g1")
    assert (group["Type"], group["Endpoints"]) == ("subnet", [site["subnet"]["id"]])
    cli("vpn", "endpoint", "group", "delete", "g1")


def test_references(admin, member, site):
    """What a connection uses stays, unchanged; a project has its own, and sees no other's."""
    def make(path, kind, **body):
        answer = admin.call("POST", f"/v2.0/vpn/{path}", {kind: body})
        assert answer.status == 201, answer.text
        return answer.json[kind]

    ike, ipsec = make("ikepolicies", "ikepolicy"), make("ipsecpolicies", "ipsecpolicy")
    local = make("endpoint-groups", "endpoint_group", type="subnet", endpoints=[site["subnet"]["id"]])
    peer = make("endpoint-groups", "endpoint_group", type="cidr", endpoints=["10.1.0.0/24"])
    service = make("vpnservices", "vpnservice", router_id=site["router"]["id"])
    connection = make("ipsec-site-connections", "ipsec_site_connection", vpnservice_id=service["id"], ikepolicy_id=ike["id"], ipsecpolicy_id=ipsec["id"],
                      local_ep_group_id=local["id"], peer_ep_group_id=peer["id"], peer_address="198.51.100.9", peer_id="198.51.100.9", psk="s")
    for path, thing, error in (("vpn/ikepolicies", ike, "IKEPolicyInUse"), ("vpn/ipsecpolicies", ipsec, "IPsecPolicyInUse"),
                               ("vpn/endpoint-groups", local, "EndpointGroupInUse"), ("vpn/vpnservices", service, "VPNServiceInUse"),
                               ("subnets", site["subnet"], None), ("routers", site["router"], None)):
        answer = admin.call("DELETE", f"/v2.0/{path}/{thing['id']}")
        assert answer.status == 409 and error in (None, answer.error), answer.text
    refused(admin.call("PUT", f"/v2.0/vpn/ikepolicies/{ike['id']}", {"ikepolicy": {"pfs": "group2"}}), 409, "IKEPolicyInUse", "can't be updated")
    path = f"/v2.0/vpn/ipsec-site-connections/{connection['id']}"
    assert (connection["status"], connection["psk"], connection["auth_mode"]) == ("DOWN", "s", "psk")
    refused(member.get(path), 404, "IPsecSiteConnectionNotFound")
    refused(admin.call("PUT", path, {"ipsec_site_connection": {"peer_address": "10.1.0.9"}}), 400, "IpsecValidationFailure", "the peer's own address")
    changed = admin.call("PUT", path, {"ipsec_site_connection": {"dpd": {"interval": 7}}}).json["ipsec_site_connection"]
    assert changed["dpd"] == {"action": "hold", "interval": 7, "timeout": 120}
    old = make("ipsecpolicies", "ipsecpolicy", transform_protocol="ah-esp")
    body = {key: connection[key] for key in ("vpnservice_id", "ikepolicy_id", "local_ep_group_id", "peer_ep_group_id", "peer_address", "peer_id", "psk")}
    refused(admin.call("POST", "/v2.0/vpn/ipsec-site-connections", {"ipsec_site_connection": {**body, "ipsecpolicy_id": old["id"]}}), 400,
            "IpsecValidationFailure", "give 'esp', which authenticates too, or 'ah'")
    assert admin.call("DELETE", path).status == 204


def test_flavors(admin, site):
    """A service's flavor says who provides it: a router whose vpn nobody has is mapped to that; another's is refused."""
    def flavor(driver, kind="VPN", **more):
        profile = admin.make("service_profile", driver=driver, metainfo="{}")
        return admin.make("flavor", name=driver, service_type=kind, service_profiles=[profile["id"]], **more)["id"]

    def service(router, flavor_id):
        return admin.call("POST", "/v2.0/vpn/vpnservices", {"vpnservice": {"router_id": router["id"], "flavor_id": flavor_id}})

    mine, routers = flavor("virtual-router"), flavor("virtual-router", "L3_ROUTER_NAT")
    network = site["router"]["external_gateway_info"]["network_id"]
    router = admin.make("router", external_gateway_info={"network_id": network})
    assert router["service_providers"]["vpn"] is None
    refused(service(router, None), 400, "ServiceNotProvided", "has no provider of the service vpn")
    refused(service(router, routers), 400, "InvalidInput", "choose one of VPN")
    refused(service(router, flavor("edge")), 400, "ServiceNotProvided", "no service of routers that is one of VPN; it has dhcp, dns")
    refused(service(router, flavor("virtual-router", enabled=False)), 503, "FlavorDisabled")
    made = service(router, mine)
    assert made.status == 201 and made.json["vpnservice"]["flavor_id"] == mine, made.text
    path = f"/v2.0/routers/{router['id']}"
    assert admin.get(path).json["router"]["service_providers"]["vpn"] == "virtual-router"
    assert [one["id"] for one in admin.get("/v2.0/vpn/vpnservices", flavor_id=mine).json["vpnservices"]] == [made.json["vpnservice"]["id"]]
    refused(admin.call("DELETE", f"/v2.0/flavors/{mine}"), 409, "FlavorInUse")
    assert admin.call("DELETE", f"/v2.0/vpn/vpnservices/{made.json['vpnservice']['id']}").status == 204
    assert admin.get(path).json["router"]["service_providers"]["vpn"] == "virtual-router"
