"""The metadata service: what guests are told of themselves, at the edge of every host.

    g1 ─ h1 ═══ h2 ─ g2      net-a 10.0.0.0/24, g1 and g2, of two projects; both have the same address on networks of their own
    g3 ─ h1                  net-b 10.0.0.0/24

Proves what issue 6 asks for in point 7, B10.
"""
import base64
import gzip
import json
import sys

import pytest

from conftest import wait_until

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIUx3i8s tester"
USER_DATA = "#cloud-config\nhostname: ünïcode\n" + "# filler\n" * 2000
URL = "http://169.254.169.254"


@pytest.fixture(scope="module")
def cloud(module_lab):
    lab = module_lab
    api = lab.api()
    lab.ports = {}
    for name, host, network in (("g1", 1, "net-a"), ("g2", 2, "net-b"), ("g3", 1, "net-c")):
        net = api.make("network", name=network)
        subnet = api.make("subnet", network_id=net["id"], ip_version=4, cidr="10.0.0.0/24", dns_nameservers=["192.0.2.53"])
        api.make("subnet", network_id=net["id"], ip_version=6, cidr="fd00:1::/64", ipv6_ra_mode="slaac", ipv6_address_mode="slaac")
        port = api.make("port", name=f"{name}-port", network_id=net["id"], device_id=f"0000000{host}-{name}", device_owner="compute:nova",
                        fixed_ips=[{"subnet_id": subnet["id"], "ip_address": "10.0.0.5"}], security_groups=[],
                        metadata={"hostname": f"{name}.example.org", "public_keys": [{"name": "mine", "public_key": KEY}], "user_data": USER_DATA,
                                  "meta": {"role": name}, "vendor_data": {"vendor": 1}} if name != "g3" else None)
        lab.guest(name, host, None, port=port["id"])
        lab.ports[name] = port
    return lab


def get(lab, guest, path, *flags, url=URL, check=True):
    return lab.exec(guest, "curl", "-sS", "--max-time", "10", "--fail", *flags, url + path, check=check).stdout


def test_openstack_format(cloud):
    """Three guests with the same address, two of them on one host: each is told of itself, whatever its groups say and its headers claim."""
    for name in ("g1", "g2"):
        data = json.loads(get(cloud, name, "/openstack/latest/meta_data.json", "-H", "X-Forwarded-For: 10.0.0.9", "-H", "X-Instance-ID: other"))
        assert (data["uuid"], data["hostname"], data["name"]) == (cloud.ports[name]["device_id"], f"{name}.example.org", f"{name}-port")
        assert (data["public_keys"], data["meta"], data["project_id"]) == ({"mine": KEY}, {"role": name}, cloud.ports[name]["project_id"])
    assert json.loads(get(cloud, "g3", "/openstack/latest/meta_data.json"))["hostname"] == "host-10-0-0-5"
    assert get(cloud, "g1", "/openstack/latest/user_data").rstrip() == USER_DATA.rstrip()
    assert json.loads(get(cloud, "g1", "/openstack/2018-08-27/vendor_data.json")) == {"vendor": 1}
    assert "latest" in get(cloud, "g1", "/openstack").split()
    assert "error: 404" in cloud.exec("g3", "curl", "-sS", "--fail", URL + "/openstack/latest/user_data", check=False).stderr


def test_network_data(cloud):
    data = json.loads(get(cloud, "g1", "/openstack/latest/network_data.json"))
    link, = data["links"]
    assert (link["ethernet_mac_address"], link["vif_id"]) == (cloud.ports["g1"]["mac_address"], cloud.ports["g1"]["id"])
    four = next(network for network in data["networks"] if network["type"] == "ipv4_dhcp")
    assert (four["ip_address"], four["netmask"], four["link"]) == ("10.0.0.5", "255.255.255.0", link["id"])
    assert {"network": "0.0.0.0", "netmask": "0.0.0.0", "gateway": "10.0.0.1"} in four["routes"]
    assert {"type": "dns", "address": "192.0.2.53"} in data["services"]


def test_ec2_format(cloud):
    assert get(cloud, "g2", "/latest/meta-data/instance-id") == "i-00000002"
    assert get(cloud, "g2", "/2009-04-04/meta-data/local-ipv4") == "10.0.0.5"
    assert get(cloud, "g2", "/latest/meta-data/public-keys/") == "0=mine"
    assert get(cloud, "g2", "/latest/meta-data/public-keys/0/openssh-key").strip() == KEY
    assert get(cloud, "g2", "/latest/meta-data/hostname") == "g2.example.org"
    assert get(cloud, "g2", "/latest/user-data").startswith("#cloud-config")
    assert {"instance-id", "public-keys/"} <= set(get(cloud, "g2", "/latest/meta-data/").split())


CRAWL = """
import json, sys, urllib.error, urllib.request
def get(path):
    try:
        with urllib.request.urlopen(sys.argv[1] + path, timeout=10) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        sys.exit(f"{path} is listed, and answered with {error.code}")
def walk(path):
    found = {}
    for name in get(path).decode().split():
        number, is_key, key = name.partition("=")
        if is_key:
            found[key] = get(f"{path}{number}/openssh-key").decode()
        else:
            found[name] = walk(path + name) if name.endswith("/") else get(path + name).hex()
    return found
print(json.dumps({path: walk(path) for path in ("/2009-04-04/", "/latest/", "/openstack/latest/")}))
"""


def crawl(lab, guest, url=URL):
    """All that the indexes list, as cloud-init walks them: of EC2's it gives up everything when one thing is not there. Contents in hex."""
    done = lab.exec(guest, sys.executable, "-c", CRAWL, url, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def test_what_is_listed_is_there(cloud):
    """Of a guest that was given something, and of one that was not: what an index lists is answered, by IPv6 too; user data that is no text arrives as it is."""
    full, bare = crawl(cloud, "g2"), crawl(cloud, "g3")
    assert full == crawl(cloud, "g2", "http://[fe80::a9fe:a9fe%25eth0]")
    assert full["/latest/"]["meta-data/"]["public-keys/"] == {"mine": KEY} and bytes.fromhex(full["/latest/"]["user-data"]).decode() == USER_DATA
    assert full["/latest/"] == full["/2009-04-04/"] and full["/openstack/latest/"]["user_data"] == full["/latest/"]["user-data"]
    assert "public-keys/" not in bare["/latest/"]["meta-data/"] and set(bare["/latest/"]) == {"meta-data/"} and "user_data" not in bare["/openstack/latest/"]
    path, packed = f"/v2.0/ports/{cloud.ports['g3']['id']}", gzip.compress(USER_DATA.encode())
    for encoded, status in (("a", 400), (base64.b64encode(bytes(65536)).decode(), 400), (base64.b64encode(packed).decode(), 200)):
        assert cloud.api().call("PUT", path, {"port": {"metadata": {"user_data_base64": encoded}}}).status == status
    wait_until(lambda: "user-data" in crawl(cloud, "g3")["/latest/"], what="the user data")
    assert {crawl(cloud, "g3")[folder][name] for folder, name in (("/latest/", "user-data"), ("/openstack/latest/", "user_data"))} == {packed.hex()}


def test_ipv6(cloud):
    data = json.loads(get(cloud, "g1", "/openstack/latest/meta_data.json", url="http://[fe80::a9fe:a9fe%25eth0]"))
    assert data["hostname"] == "g1.example.org"


def test_changes_are_told_at_once(cloud):
    """What the API is given is what the next request gets; a network may have it from somebody else, or from nobody."""
    port = cloud.ports["g1"]
    assert cloud.api().call("PUT", f"/v2.0/ports/{port['id']}", {"port": {"metadata": {"hostname": "other"}}}).status == 200
    wait_until(lambda: json.loads(get(cloud, "g1", "/openstack/latest/meta_data.json"))["hostname"] == "other", what="the new name")
    assert json.loads(get(cloud, "g1", "/openstack/latest/meta_data.json"))["public_keys"] == {}


def test_nothing_else_is_served(cloud):
    """Other paths, methods and ports; a request of several segments is as good as a small one."""
    for words in (["-X", "POST", URL + "/latest/"], [URL + "/../../etc/passwd"], [URL + "/openstack/latest/password"]):
        assert cloud.exec("g2", "curl", "-sS", "--fail", "--max-time", "5", *words, check=False).returncode == 22
    assert cloud.exec("g2", "curl", "-sS", "--max-time", "2", URL + ":8080/", check=False).returncode != 0
    assert get(cloud, "g2", "/latest/meta-data/instance-id", "-H", "X: " + "y" * 15000) == "i-00000002"
