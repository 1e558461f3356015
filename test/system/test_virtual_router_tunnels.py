"""WireGuard and GRE between routers that virtual routers have, from the API to the packets (Z2, Z34, Z35; docs/vpn.md). The topology is that of
test_virtual_router_vpn.py, but the router of site b is a pair.
"""
import os
import signal

import pytest

from conftest import wait_until
from test_virtual_router import Cloud
from test_virtual_router_vpn import CIDR, CLEAR, PEER, WAIT_S, Site, captured

SERVICES = {service: "virtual-router" for service in ("router", "snat", "vpn", "gre")}


@pytest.fixture(scope="module")
def cloud(module_lab):
    one = Cloud(module_lab)
    one.offering(default=True)
    assert one.api.call("PUT", f"/v2.0/networks/{one.networks['out']['id']}", {"network": {"router:external": True}}).status == 200
    one.sites = {name: Site(one, name, host, SERVICES, ha=name == "b") for name, host in (("a", 1), ("b", 2))}
    for site in one.sites.values():
        one.has_status(site.router)
    try:
        yield one
    finally:
        for log in module_lab.folder.glob("h*/run/appliance/*.log"):
            print(log, log.read_text()[-3000:])


def call(cloud, method, path, body=None):
    answer = cloud.api.call(method, path, body)
    assert answer.status in (200, 201, 204), answer.text
    return next(iter(answer.json.values())) if method != "DELETE" else None


def becomes(cloud, path, status):
    wait_until(lambda: call(cloud, "GET", path)["status"] == status, what=f"{status}, not {call(cloud, 'GET', path)}", deadline=WAIT_S)


def carries(cloud, expected):
    for site in cloud.sites.values():
        wait_until(lambda: site.pings() is expected, what=f"a ping from {site.name}: {expected}", deadline=WAIT_S)


def test_wireguard(cloud, tmp_path):
    """Z34: by the keys of both two sites reach each other, and outside there is nothing in clear text; switched off it is DOWN."""
    lab, sites = cloud.lab, cloud.sites
    ends = {name: lab.json("wireguard", "interface", "create", f"wg-{name}", "--router", site.router["id"]) for name, site in sites.items()}
    assert "private_key" not in ends["a"] and ends["a"]["external_v4_ip"] == sites["a"].address
    paths = {}
    with captured(cloud, tmp_path) as count:
        for name in sites:
            other = sites[PEER[name]]
            peer = call(cloud, "POST", "/v2.0/wireguard-peers", {"wireguard_peer": {
                "wireguard_interface_id": ends[name]["id"], "public_key": ends[other.name]["public_key"], "peer_address": other.address,
                "allowed_ips": [CIDR[other.name]]}})
            assert peer["status"] == "DOWN"
            paths[name] = f"/v2.0/wireguard-peers/{peer['id']}"
        carries(cloud, True)
        for path in paths.values():
            becomes(cloud, path, "ACTIVE")
        call(cloud, "PUT", paths["a"], {"wireguard_peer": {"admin_state_up": False}})
        assert call(cloud, "GET", paths["a"])["status"] == "DOWN"
        carries(cloud, False)
        wait_until(lambda: count("udp", "port", "51820") > 4, what="what it carried is in the capture")
    assert count(*CLEAR) == 0
    assert cloud.api.call("PUT", f"/v2.0/routers/{sites['a'].router['id']}", {"router": {"external_gateway_info": None}}).error == "RouterInUseByVPNService"
    for name, path in paths.items():
        call(cloud, "DELETE", path)
        call(cloud, "DELETE", f"/v2.0/wireguard-interfaces/{ends[name]['id']}")


def test_gre(cloud, tmp_path):
    """Z35: a tunnel with a key carries what is between two sites with their own addresses; with another key nothing. Of a pair the one that is master has it (Z37)."""
    lab, sites = cloud.lab, cloud.sites
    made = {name: lab.json("gre", "tunnel", "create", f"gre-{name}", "--router", site.router["id"], "--peer-address", sites[PEER[name]].address,
                           "--key", "7", "--destination", CIDR[PEER[name]]) for name, site in sites.items()}
    with captured(cloud, tmp_path) as count:
        carries(cloud, True)
        for tunnel in made.values():
            becomes(cloud, f"/v2.0/gre-tunnels/{tunnel['id']}", "ACTIVE")
        wait_until(lambda: count("ip", "proto", "47") >= 4, what="a ping and its answer, at both ends, are in the capture")
    path = f"/v2.0/gre-tunnels/{made['a']['id']}"
    call(cloud, "PUT", path, {"gre_tunnel": {"key": 8}})
    carries(cloud, False)
    call(cloud, "PUT", path, {"gre_tunnel": {"key": 7}})
    carries(cloud, True)
    pair = cloud.api.get("/v2.0/appliances", object_id=sites["b"].router["id"]).json["appliances"]
    assert len(pair) == 2
    master = next(one for one in pair if one["tunnels"])
    os.kill(cloud.process(master), signal.SIGKILL)
    carries(cloud, True)
    becomes(cloud, f"/v2.0/gre-tunnels/{made['b']['id']}", "ACTIVE")
    call(cloud, "PUT", path, {"gre_tunnel": {"admin_state_up": False}})
    assert call(cloud, "GET", path)["status"] == "DOWN"
    carries(cloud, False)
    for tunnel in made.values():
        call(cloud, "DELETE", f"/v2.0/gre-tunnels/{tunnel['id']}")
