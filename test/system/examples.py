"""What weftd's OpenAPI document says of each kind of resource, and an example object of each, made from it."""
import base64
import os
import itertools
import subprocess

numbers = itertools.count(1)



def external(make):
    """An external network with a subnet."""
    network = make("network", **{"router:external": True})
    make("subnet", network_id=network["id"], cidr="198.51.100.0/24")
    return network


def routed(make):
    """A floating IP and a port inside that a router connects with its network."""
    outside, inside = external(make), make("network")
    subnet = make("subnet", network_id=inside["id"])
    port = make("port", network_id=inside["id"])
    router = make("router", external_gateway_info={"network_id": outside["id"]})
    make.__self__.client.call("PUT", router["_path"] + "/add_router_interface", {"subnet_id": subnet["id"]})
    return make("floatingip", floating_network_id=outside["id"]), port


def proxied(make):
    """A router with NDP proxies, and a port behind it."""
    scope = make("address_scope", ip_version=6)
    pool = make("subnetpool", prefixes=[f"2001:db8:{next(numbers):x}::/48"], default_prefixlen=64, address_scope_id=scope["id"])
    outside, inside = make("network", **{"router:external": True}), make("network")
    for network in (outside, inside):
        answer = make.__self__.client.call("POST", "/v2.0/subnets", {"subnet": {
            "network_id": network["id"], "ip_version": 6, "subnetpool_id": pool["id"]}})
        subnet = answer.json["subnet"]["id"]
    router = make("router", external_gateway_info={"network_id": outside["id"]}, enable_ndp_proxy=True)
    make.__self__.client.call("PUT", router["_path"] + "/add_router_interface", {"subnet_id": subnet})
    return {"router_id": router["id"], "port_id": make("port", network_id=inside["id"])["id"]}


def the_tier(make):
    """All examples are in one: ports are asked about a few."""
    tiers = make.__self__.client.get("/v2.0/security-tiers").json["security_tiers"]
    return next((tier for tier in tiers if tier["description"] == "of examples"), None) or make("security_tier", description="of examples")


def addressed(make):
    """A port with an address."""
    return make("port", network_id=make("subnet")["network_id"])


def forwarding(make):
    floating_ip, port = routed(make)
    return {"parent": floating_ip["id"], "protocol": "tcp", "internal_port_id": port["id"], "external_port": 80,
            "internal_port": 8080}


def balanced(make, **more):
    """What a pool, with a load balancer of its own, is made of."""
    return {"loadbalancer_id": make("load_balancer")["id"], "protocol": "TCP", "lb_algorithm": "SOURCE_IP_PORT", **more}


def spoken(make):
    """A listener of HTTP."""
    network = make("network", service_providers={"dhcp": "virtual-router"})
    subnet = make("subnet", network_id=network["id"])
    balancer = make("load_balancer", provider="virtual-router", vip_subnet_id=subnet["id"])
    return make("load_balancer_listener", loadbalancer_id=balancer["id"], protocol="HTTP")


def certificate():
    """PEM texts of a certificate and its key."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=example -keyout - -out -"
    text = subprocess.run(words.split(), check=True, capture_output=True, text=True).stdout
    key, begin, chain = text.partition("-----BEGIN CERTIFICATE-----")
    return {"certificate": begin + chain, "private_key": key}


def vpn(make):
    """A VPN service of a router's subnet."""
    outside, subnet = external(make), make("subnet")
    router = make("router", external_gateway_info={"network_id": outside["id"]}, service_providers={"vpn": "virtual-router", "gre": "virtual-router"})
    make.__self__.client.call("PUT", router["_path"] + "/add_router_interface", {"subnet_id": subnet["id"]})
    return {"router_id": router["id"], "subnet_id": subnet["id"]}


# What a kind needs beside what its schema requires, or where the schema can't tell what makes sense together.
SPECIAL = {
    "security_group_rule": lambda make: {"security_group_id": make("security_group")["id"], "direction": "ingress",
                                         "protocol": "udp", "port_range_min": next(numbers), "port_range_max": 9999},
    "default_security_group_rule": lambda make: {"direction": "ingress", "protocol": "udp", "port_range_min": next(numbers),
                                                 "port_range_max": 9999},
    "security_tier": lambda make: {"name": f"tier{next(numbers)}", "priority": next(numbers)},
    "security_policy": lambda make: {"security_tier_id": the_tier(make)["id"], "priority": next(numbers)},
    "security_policy_rule": lambda make: {"security_policy_id": make("security_policy")["id"], "priority": next(numbers),
                                          "action": "deny", "direction": "ingress"},
    "host": lambda make: {"name": f"example{next(numbers)}", "tunnel_ips": ["192.0.2.1"]},
    "network_segment_range": lambda make: {"network_type": "vlan", "physical_network": f"example{next(numbers)}", "minimum": 1,
                                           "maximum": 4094},
    "bgp_peer": lambda make: {"peer_ip": f"192.0.2.{next(numbers) % 250}", "remote_as": 65000, "auth_type": "none"},
    "bgp_speaker": lambda make: {"local_as": 65001, "ip_version": 4},
    "address_scope": lambda make: {"ip_version": 4},
    "subnet": lambda make: {"network_id": make("network")["id"], "ip_version": 4, "cidr": "10.0.0.0/24"},
    "subnetpool": lambda make: {"name": f"example{next(numbers)}", "prefixes": [f"10.{next(numbers) % 250}.0.0/16"], "default_prefixlen": 24},
    "metering_label_rule": lambda make: {"metering_label_id": make("metering_label")["id"], "direction": "ingress",
                                         "source_ip_prefix": "10.0.0.0/24"},
    "network_log": lambda make: {"resource_type": "security_group"},
    "service_profile": lambda make: {"metainfo": f"example{next(numbers)}"},
    "ndp_proxy": proxied,
    "local_ip": lambda make: {"local_port_id": addressed(make)["id"]},
    "local_ip_port_association": lambda make: {"parent": make("local_ip")["id"], "fixed_port_id": addressed(make)["id"]},
    "floatingip": lambda make: {"floating_network_id": external(make)["id"]},
    "floatingip_port_forwarding": forwarding,
    "router_conntrack_helper": lambda make: {"helper": "ftp", "protocol": "tcp", "port": 21},
    "load_balancer": lambda make: {"vip_subnet_id": make("subnet")["id"]},
    "load_balancer_pool": balanced,
    "load_balancer_listener": lambda make: {"loadbalancer_id": make("load_balancer")["id"], "protocol": "TCP", "protocol_port": 80},
    "load_balancer_certificate": lambda make: certificate(),
    "load_balancer_l7policy": lambda make: {"listener_id": spoken(make)["id"], "action": "REJECT"},
    "load_balancer_l7rule": lambda make: {"parent": make("load_balancer_l7policy")["id"], "type": "PATH", "compare_type": "EQUAL_TO", "value": "/"},
    "load_balancer_member": lambda make: {"parent": make("load_balancer_pool")["id"], "address": "10.0.0.9", "protocol_port": 80},
    "load_balancer_health_monitor": lambda make: {"pool_id": make("load_balancer_pool")["id"], "type": "TCP", "delay": 5,
                                                  "timeout": 2, "max_retries": 1},
    "vpn_endpoint_group": lambda make: {"type": "cidr", "endpoints": ["10.9.0.0/24"]},
    "vpnservice": vpn,
    "gre_tunnel": lambda make: {"router_id": vpn(make)["router_id"], "peer_address": "192.0.2.9"},
    "wireguard_interface": lambda make: {"router_id": vpn(make)["router_id"]},
    "wireguard_peer": lambda make: {"wireguard_interface_id": make("wireguard_interface")["id"], "allowed_ips": ["10.9.0.0/24"],
                                    "public_key": base64.b64encode(os.urandom(32)).decode()},
    "ipsec_site_connection": lambda make: {"vpnservice_id": make("vpnservice")["id"], "ikepolicy_id": make("ikepolicy")["id"],
                                           "ipsecpolicy_id": make("ipsecpolicy")["id"], "peer_address": "192.0.2.9", "peer_id": "192.0.2.9",
                                           "peer_cidrs": ["10.9.0.0/24"], "psk": "a secret"},
    "rbac_policy": lambda make: {"object_type": "network", "object_id": make("network")["id"], "action": "access_as_shared",
                                 "target_tenant": f"project-{next(numbers)}"},
}


# What an object is found by below its parent, of kinds without an id.
FOUND_BY = {"local_ip_port_association": "fixed_port_id"}


class Kind:
    """One kind of the document: its schemas and paths."""

    def __init__(self, document, name, path, operation):
        schemas = document["components"]["schemas"]
        self.name, self.path = name, path
        self.answer, self.create, self.update = (schemas[name + suffix] for suffix in ("", "_create", "_update"))
        self.singular = self.collection = None
        if "requestBody" in operation:
            one, many = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
            self.singular, = one["properties"]
            self.collection, = many["properties"]
        self.parent = path.split("{")[1].split("}")[0] if "{" in path else None

    def __repr__(self):
        return self.name

    def found_by(self, answer):
        """What the path of an object ends with."""
        return answer[FOUND_BY.get(self.name, "id")]


def kinds_of(document, verb="create"):
    """The kinds of which a request creates one, or with "list" all that are listed, by name."""
    found = {}
    for path, item in document["paths"].items():
        operation = item.get("post" if verb == "create" else "get", {})
        said, _, name = operation.get("operationId", "").partition("_")
        if said == verb and name in document["components"]["schemas"]:
            found[name] = Kind(document, name, path, operation)
    return found


def value_of(schema, make):
    """Some value that the schema allows."""
    if "x-weft-refers" in schema:
        return make(schema["x-weft-refers"])["id"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return []
    if schema.get("type") == "object":
        return {name: value_of(schema["properties"][name], make) for name in schema.get("required", [])}
    if schema.get("type") == "integer":
        return schema.get("minimum", 1)
    if schema.get("type") == "boolean":
        return True
    return {"ip": "192.0.2.1", "cidr": "192.0.2.0/24", "ip-or-cidr": "192.0.2.1", "mac": "fa:16:3e:00:00:01"}.get(
        schema.get("format"), f"example{next(numbers)}")


class Examples:
    """Makes examples; what they need is made before them."""

    def __init__(self, client, document):
        self.client, self.document, self.kinds = client, document, kinds_of(document)

    def request(self, name):
        """Where and with which attributes an example of the kind is created."""
        kind = self.kinds[name]
        if name in SPECIAL:
            attributes = SPECIAL[name](self.make)
        else:
            attributes = {attribute: value_of(kind.create["properties"][attribute], self.make)
                          for attribute in kind.create.get("required", [])}
        path = kind.path
        if kind.parent:
            path = path.replace("{%s}" % kind.parent, attributes.pop("parent", None) or self.parent_of(kind)["id"])
        return path, attributes

    def parent_of(self, kind):
        parents = [other for other in self.kinds.values() if other.singular + "_id" == kind.parent and
                   kind.path.startswith(other.path + "/")]
        assert len(parents) == 1, f"SPECIAL must say what a {kind.name} is part of: one of {parents}"
        return self.make(parents[0].name)

    def make(self, name, **more):
        kind = self.kinds[name]
        path, attributes = self.request(name)
        attributes.update(more)
        answer = self.client.call("POST", path, {kind.singular: attributes})
        assert answer.status == 201, f"an example of {name} needs an entry in SPECIAL of examples.py: " \
            f"{attributes} was answered {answer.text.decode()}"
        made = answer.json[kind.singular]
        return dict(made, _path=f"{path}/{kind.found_by(made)}")


def as_json_schema(node):
    """A schema of OpenAPI 3.0 as one of JSON Schema, which has no `nullable`."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: as_json_schema(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        copy["type"] = [node["type"], "null"]
    return copy
