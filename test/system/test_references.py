"""What refers to what, for every kind: what a deletion refuses, takes along or clears, and what a change of a part means for the whole.
Proves B2, B34 (objects with attributes, and the graph of what refers to what, kept whole)."""
from every_kind import a_change, collection_of, numbers, of_every_kind, show
from examples import routed, spoken, vpn

WEFTD = {"store": "memory:"}

# What becomes of it when that is deleted which its attribute refers to: the error that refuses it, GONE with it, or CLEARED. Of what is not
# here it must be one of these all the same.
GONE, CLEARED = "gone", "cleared"
REFERENCES = {
    ("load_balancer_pool", "loadbalancer_id"): "BadRequest", ("load_balancer_listener", "loadbalancer_id"): "BadRequest",
    ("subnetpool", "address_scope_id"): "AddressScopeInUse",
    ("security_group_rule", "remote_group_id"): GONE,
    ("security_group_rule", "remote_address_group_id"): "AddressGroupInUse",
    ("security_group_rule", "security_group_id"): GONE,
    ("default_security_group_rule", "remote_address_group_id"): "AddressGroupInUse",
    ("qos_bandwidth_limit_rule", "qos_policy_id"): GONE,
    ("qos_dscp_marking_rule", "qos_policy_id"): GONE,
    ("qos_minimum_bandwidth_rule", "qos_policy_id"): GONE,
    ("qos_packet_rate_limit_rule", "qos_policy_id"): GONE,
    ("qos_minimum_packet_rate_rule", "qos_policy_id"): GONE,
    ("network", "qos_policy_id"): "QosPolicyInUse",
    ("segment", "network_id"): GONE,
    ("subnet", "network_id"): GONE,
    ("subnet", "segment_id"): "SegmentInUse",
    ("subnet", "subnetpool_id"): "SubnetPoolDeleteError",
    ("port", "network_id"): "NetworkInUse",
    ("port", "qos_policy_id"): "QosPolicyInUse",
    ("firewall_group", "ingress_firewall_policy_id"): "FirewallPolicyInUse",
    ("firewall_group", "egress_firewall_policy_id"): "FirewallPolicyInUse",
    ("trunk", "port_id"): "PortInUseAsTrunkParent",
    ("router", "flavor_id"): "FlavorInUse",
    ("vpnservice", "flavor_id"): "FlavorInUse",
    ("floatingip", "floating_network_id"): "NetworkInUse",
    ("floatingip", "port_id"): CLEARED,
    ("floatingip", "router_id"): "RouterInUse",
    ("floatingip", "qos_policy_id"): "QosPolicyInUse",
    ("floatingip_port_forwarding", "internal_port_id"): GONE,
    ("metering_label_rule", "metering_label_id"): GONE,
    ("network_log", "resource_id"): GONE,
    ("network_log", "target_id"): GONE,
    ("local_ip", "local_port_id"): "ServicePortInUse",
    ("local_ip", "network_id"): "NetworkInUse",
    ("local_ip_port_association", "local_ip_id"): "LocalIPInUse",
    ("local_ip_port_association", "fixed_port_id"): GONE,
    ("ndp_proxy", "router_id"): "RouterInUse",
    ("ndp_proxy", "port_id"): GONE,
}


def pooled(make):
    pool = make("subnetpool")
    return make("subnet", network_id=make("network")["id"], cidr=pool["prefixes"][0].replace("/16", "/24"), subnetpool_id=pool["id"])


def associated(make):
    floating_ip, port = routed(make)
    make.__self__.client.call("PUT", floating_ip["_path"], {"floatingip": {"port_id": port["id"]}})
    return floating_ip


def on_segment(make):
    segment = make("segment")
    return make("subnet", network_id=segment["network_id"], segment_id=segment["id"])


def flavored(make):
    return make("router", flavor_id=make("flavor", service_type="L3_ROUTER_NAT", service_profiles=[make("service_profile")["id"]])["id"])


def offered(make):
    flavor = make("flavor", service_type="VPN", service_profiles=[make("service_profile")["id"]])
    return make("vpnservice", flavor_id=flavor["id"])


def listening(make):
    pool = make("load_balancer_pool")
    return make("load_balancer_listener", loadbalancer_id=pool["loadbalancer_id"], default_pool_id=pool["id"])


def terminating(make):
    certificate = make("load_balancer_certificate")
    return make("load_balancer_listener", loadbalancer_id=spoken(make)["loadbalancer_id"], protocol="TERMINATED_HTTPS", protocol_port=443,
                default_tls_container_ref=certificate["id"])


def redirecting(make):
    listener = spoken(make)
    pool = make("load_balancer_pool", loadbalancer_id=listener["loadbalancer_id"], protocol="HTTP", lb_algorithm="ROUND_ROBIN")
    return make("load_balancer_l7policy", listener_id=listener["id"], action="REDIRECT_TO_POOL", redirect_pool_id=pool["id"])


def tunnelled(make):
    """A connection by groups of endpoints, of a service with no subnet of its own."""
    parts = vpn(make)
    local = make("vpn_endpoint_group", type="subnet", endpoints=[parts["subnet_id"]])
    service = make("vpnservice", router_id=parts["router_id"], subnet_id=None)
    return make("ipsec_site_connection", vpnservice_id=service["id"], peer_cidrs=[], local_ep_group_id=local["id"],
                peer_ep_group_id=make("vpn_endpoint_group")["id"])


# How one that refers by that attribute is made, where giving the attribute is not enough.
REFERRING = {("subnet", "subnetpool_id"): pooled, ("subnet", "segment_id"): on_segment, ("router", "flavor_id"): flavored, ("vpnservice", "flavor_id"): offered,
             ("load_balancer_listener", "default_pool_id"): listening,
             ("load_balancer_listener", "default_tls_container_ref"): terminating, ("load_balancer_l7policy", "redirect_pool_id"): redirecting,
             ("ipsec_site_connection", "local_ep_group_id"): tunnelled, ("ipsec_site_connection", "peer_ep_group_id"): tunnelled, ("floatingip", "port_id"): associated, ("floatingip", "router_id"): associated}


def referring(examples, kind, name, other):
    """An example that refers by the attribute `name` to one of the kind `other`; the id of that is what the attribute says."""
    if (kind.name, name) in REFERRING:
        one = REFERRING[kind.name, name](examples.make)
    else:
        one = examples.make(kind.name)
        if not one.get(name):
            one = examples.make(kind.name, **{name: examples.make(other)["id"]})
    one = dict(show(examples.client, kind, one), _path=one["_path"])
    assert one[name], (kind, name)
    return one


@of_every_kind
def test_references(examples, weftd, kind):
    """What is deleted under what refers to it: refused, with the name that Networking has for it, or what refers goes or forgets."""
    admin = weftd.client()
    for name, schema in kind.answer["properties"].items():
        other = examples.kinds.get(schema.get("x-weft-refers"))
        if not other:
            continue
        one = referring(examples, kind, name, other.name)
        answer = admin.call("DELETE", f"{other.path}/{one[name]}")
        after = admin.get(one["_path"])
        found = answer.error if answer.status in (400, 409) else GONE if after.status == 404 else \
            CLEARED if after.json[kind.singular][name] is None else f"{answer.status} and nothing else"
        expected = REFERENCES.get((kind.name, name), found if found in (GONE, CLEARED) or answer.status == 409 else "one of the three")
        if found != expected:
            yield f"{name}: {found}, not {expected}"
        if answer.status in (400, 409) and show(admin, kind, one) != {key: value for key, value in one.items() if key != "_path"}:
            yield f"{name}: was changed although the deletion was refused"


# What is shown as a part of another: a change of the one is a change of the other, as in Networking.
PARTS = {"subnet": "network_id", "security_group_rule": "security_group_id", "qos_bandwidth_limit_rule": "", "qos_dscp_marking_rule": "",
         "floatingip_port_forwarding": "", "router_conntrack_helper": "", "rbac_policy": "object_id"}


@of_every_kind
def test_a_part_revises_the_whole(examples, weftd, kind):
    """The revision of a network counts its subnets' changes, and so on, each request once; If-Match sees it."""
    if kind.name not in PARTS:
        return
    admin, one = weftd.client(), examples.make(kind.name)
    wholes = {"network_id": "networks", "security_group_id": "security-groups", "object_id": "networks"}
    whole = f"/v2.0/{wholes[PARTS[kind.name]]}/{one[PARTS[kind.name]]}" if PARTS[kind.name] else collection_of(one).rsplit("/", 1)[0]
    revision = lambda: next(iter(admin.get(whole).json.values()))["revision_number"]
    before = revision()
    change = {"target_tenant": f"other{next(numbers)}"} if kind.name == "rbac_policy" else a_change(kind, show(admin, kind, one))
    for what, call in (("PUT", lambda: admin.call("PUT", one["_path"], {kind.singular: change})),
                       ("DELETE", lambda: admin.call("DELETE", one["_path"]))):
        answer = call()
        if answer.status not in (200, 204):
            yield f"{what}: {answer.status} {answer.text}"
        if revision() != before + 1:
            yield f"{what} of it made revision {revision()} of {before}"
        before = revision()
    stale = admin.call("DELETE", whole, headers={"If-Match": f"revision_number={before - 1}"})
    if stale.status != 412:
        yield f"DELETE of the whole with the revision before: {stale.status} {stale.text}"
