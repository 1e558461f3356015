"""The verbs of `weft` beside create, list, show, set and delete: interfaces, gateways and routes of routers, subports, addresses of
groups, prefixes of pools, bindings of ports. Proves B31 (the command line has every verb of the API)."""
import json
import os

import pytest

from conftest import WEFT, run
from weftd import ADMIN

WEFTD = {"store": "memory:"}


@pytest.fixture
def weft(weftd):
    env = {**{k: v for k, v in os.environ.items() if not k.startswith(("WEFT_", "OS_"))}, "WEFT_URL": weftd.url, "WEFT_TOKEN": ADMIN}

    def call(words, check=True):
        done = run(WEFT, *words.split(), env=env, check=check)
        return done if not check else json.loads(done.stdout) if "-f json" in words else done.stdout
    return call


def cidrs(api, router):
    """The networks that a router has interfaces on, by its ports."""
    ports = api.get("/v2.0/ports", device_id=router["id"], device_owner="network:router_interface").json["ports"]
    return sorted(ip["ip_address"] for port in ports for ip in port["fixed_ips"])


def test_routers(weft, api):
    weft("network create outside --external")
    weft("subnet create outside --network outside --subnet-range 198.51.100.0/24")
    for number in (1, 2):
        weft(f"network create n{number}")
        weft(f"subnet create s{number} --network n{number} --subnet-range 10.{number}.0.0/24")
    router = weft("router create r1 -f json")
    assert weft("router add subnet r1 s1") == ""
    weft("port create p2 --network n2 --fixed-ip subnet=s2,ip-address=10.2.0.9")
    weft("router add port r1 p2")
    assert cidrs(api, router) == ["10.1.0.1", "10.2.0.9"]
    weft("router add gateway r1 outside")
    assert weft("router show r1 -f json")["external_gateway_info"]["external_fixed_ips"][0]["ip_address"].startswith("198.51.100.")
    weft("router add route r1 10.9.0.0/16 10.1.0.7")
    assert weft("router show r1 -f json")["routes"] == [{"destination": "10.9.0.0/16", "nexthop": "10.1.0.7"}]
    refused = weft("router remove subnet r1 s1", check=False)
    assert refused.returncode == 1 and "required by one or more routes" in refused.stderr
    weft("router remove route r1 10.9.0.0/16 10.1.0.7")
    weft("router remove gateway r1")
    weft("router remove subnet r1 s1")
    weft("router remove port r1 p2")
    assert cidrs(api, router) == [] and weft("router show r1 -f json")["external_gateway_info"] is None
    missing = weft("router add subnet r1 nowhere", check=False)
    assert missing.returncode == 3 and "there is no subnet 'nowhere'" in missing.stderr
    assert weft("router add subnet r1", check=False).returncode == 2


def test_trunks(weft):
    weft("network create tn")
    ports = {name: weft(f"port create {name} --network tn -f json")["id"] for name in ("parent", "a", "b")}
    weft("network trunk create t1 --port parent")
    weft("network trunk add subport t1 a --segmentation-id 100")
    weft("network trunk add subport t1 b --segmentation-id 101")
    subports = weft("network trunk list subport t1 -f json")
    assert [(s["port_id"], s["segmentation_type"], s["segmentation_id"]) for s in subports] == [(ports["a"], "vlan", 100), (ports["b"], "vlan", 101)]
    weft("network trunk remove subport t1 a b")
    assert weft("network trunk list subport t1 -f json") == []
    for tag, says in (("", "--segmentation-id is wanted"), (" --segmentation-id 4095", "4095")):
        refused = weft(f"network trunk add subport t1 a{tag}", check=False)
        assert refused.returncode == 2 and says in refused.stderr


def test_groups_and_pools(weft):
    weft("address group create g1")
    weft("address group add address g1 10.0.0.0/24 2001:db8::/32")
    weft("address group remove address g1 10.0.0.0/24")
    assert weft("address group show g1 -f json")["addresses"] == ["2001:db8::/32"]
    weft("subnet pool create pool1 --prefix 10.0.0.0/16 --default-prefixlen 24")
    weft("subnet pool add prefix pool1 10.3.0.0/16 10.7.0.0/16")
    weft("subnet pool remove prefix pool1 10.7.0.0/16")
    assert weft("subnet pool show pool1 -f json")["prefixes"] == ["10.0.0.0/16", "10.3.0.0/16"]
    weft("network create old")
    weft("subnet create old --network old --subnet-range 10.66.0.0/24")
    weft("subnet pool onboard network pool1 old")
    assert weft("subnet show old -f json")["subnetpool_id"] == weft("subnet pool show pool1 -f json")["id"]
    profile = weft("network flavor profile create --metainfo x -f json")["id"]
    weft("network flavor create gold --service-type L3_ROUTER_NAT")
    assert weft(f"network flavor add profile gold {profile}") == ""
    assert weft("network flavor show gold -f json")["service_profiles"] == [profile]
    weft(f"network flavor remove profile gold {profile}")
    assert weft("network flavor show gold -f json")["service_profiles"] == []


def test_bindings(weft):
    for number in (1, 2):
        weft(f"host create hv{number} --tunnel-ip 192.0.2.{number}")
    weft("network create bn")
    weft("port create vm --network bn --host hv1 --device-owner compute:nova")
    made = weft("port binding create vm hv2 --vnic-type normal -f json")
    assert (made["host"], made["status"]) == ("hv2", "INACTIVE")
    assert [b["host"] for b in weft("port binding list vm -f json")] == ["hv1", "hv2"]
    assert weft("port binding activate vm hv2 -f json")["status"] == "ACTIVE"
    assert weft("port binding show vm hv1 -f json")["status"] == "INACTIVE"
    assert weft("port binding delete vm hv1") == ""
    assert weft("port binding list vm -f value -c host").split() == ["hv2"]
    missing = weft("port binding show vm hv1", check=False)
    assert missing.returncode == 3 and "could not be found" in missing.stderr
