"""Flavors and service profiles by Debian's `openstack` CLI and openstacksdk (extensions "flavors" and "l3-flavors")."""
import pytest

from weftd import MEMBER, refused


def test_cli(cli):
    """Every verb of `openstack network flavor` and `openstack network flavor profile`."""
    profile = cli.json("network", "flavor", "profile", "create", "--metainfo", "size=small", "--description", "one")
    assert (profile["meta_info"], profile["enabled"] if "enabled" in profile else profile["is_enabled"]) == ("size=small", True)
    flavor = cli.json("network", "flavor", "create", "--service-type", "L3_ROUTER_NAT", "gold")
    cli("network", "flavor", "add", "profile", "gold", profile["id"])
    assert cli.json("network", "flavor", "show", "gold")["service_profile_ids"] == [profile["id"]]
    assert "is used by flavor " + flavor["id"] in cli("network", "flavor", "profile", "delete", profile["id"], fails=True)
    cli("network", "flavor", "set", "gold", "--disable", "--description", "old", "--name", "silver")
    assert [(f["Name"], f["Enabled"], f["Service Type"]) for f in cli.json("network", "flavor", "list", token=MEMBER)] == [
        ("silver", False, "L3_ROUTER_NAT")]
    assert "is used by flavor" in cli("network", "flavor", "profile", "set", profile["id"], "--disable", fails=True)
    cli("network", "flavor", "remove", "profile", "silver", profile["id"])
    cli("network", "flavor", "profile", "set", profile["id"], "--disable", "--driver", "weft")
    assert [p["Enabled Profile"] if "Enabled Profile" in p else p["Enabled"]
            for p in cli.json("network", "flavor", "profile", "list")] == [False]
    cli("network", "flavor", "profile", "delete", profile["id"])
    cli("network", "flavor", "delete", "silver")
    assert cli.json("network", "flavor", "list") == []


def test_sdk(sdk):
    profile = sdk.create_service_profile(metainfo="x")
    flavor = sdk.create_flavor(name="f", service_type="VPN", service_profiles=[profile.id])
    assert sdk.get_flavor(flavor.id).service_profile_ids == [profile.id]
    again = sdk.associate_flavor_with_service_profile(flavor, profile)  # which gives the answer as it is
    assert again["NeutronError"]["type"] == "FlavorServiceProfileBindingExists"
    sdk.disassociate_flavor_from_service_profile(flavor, profile)
    assert sdk.find_flavor("f").service_profile_ids == []
    sdk.delete_flavor(flavor)
    sdk.delete_service_profile(profile)
    assert [list(sdk.flavors()), list(sdk.service_profiles())] == [[], []]


@pytest.mark.parametrize("kind, body, status, error", [
    ("flavor", {"name": "x"}, 400, "BadRequest"),
    ("flavor", {"name": "x", "service_type": "TELEPATHY"}, 400, "InvalidInput"),
    ("flavor", {"service_type": "VPN", "service_profiles": ["2f6c9d5e-0000-4000-8000-000000000000"]}, 404, "ServiceProfileNotFound"),
    ("service_profile", {"description": "nothing"}, 400, "ServiceProfileEmpty"),
    ("service_profile", {"driver": "no.such.Driver"}, 404, "ServiceProfileDriverNotFound")])
def test_bad_input(weftd, kind, body, status, error):
    answer = weftd.client().call("POST", f"/v2.0/{kind}s", {kind: body})
    assert (answer.status, answer.error) == (status, error), answer.text


@pytest.fixture
def flavor(admin):
    """Of routers, with a profile."""
    profile = admin.make("service_profile", driver="weft")
    flavor = admin.make("flavor", service_type="L3_ROUTER_NAT", name="router", service_profiles=[profile["id"]])
    yield flavor
    for router in admin.get("/v2.0/routers").json["routers"]:
        assert admin.call("DELETE", f"/v2.0/routers/{router['id']}").status == 204
    assert admin.call("DELETE", f"/v2.0/flavors/{flavor['id']}").status == 204
    assert admin.call("DELETE", f"/v2.0/service_profiles/{profile['id']}").status == 204


def test_router(flavor, admin, member, sdk, cli):
    """Whoever may make routers chooses a flavor, which stays as long as the router."""
    router = member.make("router", name="r", flavor_id=flavor["id"])
    assert router["flavor_id"] == flavor["id"] and member.make("router")["flavor_id"] is None
    assert [r["id"] for r in sdk.routers(flavor_id=flavor["id"])] == [router["id"]]
    assert cli.json("router", "show", "r")["flavor_id"] == flavor["id"]
    assert sdk.create_router(flavor_id=flavor["id"]).flavor_id == flavor["id"]
    refused(admin.call("DELETE", f"/v2.0/flavors/{flavor['id']}"), 409, "FlavorInUse")
    refused(member.call("PUT", f"/v2.0/routers/{router['id']}", {"router": {"flavor_id": None}}), 400, "BadRequest")


def test_flavors_that_no_router_has(flavor, admin, member):
    def refuses(status, error, **router):
        refused(member.call("POST", "/v2.0/routers", {"router": {"flavor_id": flavor["id"], **router}}), status, error)

    path = f"/v2.0/flavors/{flavor['id']}"
    refuses(404, "FlavorNotFound", flavor_id="2f6c9d5e-0000-4000-8000-000000000000")
    other = admin.make("flavor", service_type="VPN", service_profiles=flavor["service_profiles"])
    refuses(400, "InvalidInput", flavor_id=other["id"])
    assert admin.call("DELETE", f"/v2.0/flavors/{other['id']}").status == 204
    admin.call("PUT", path, {"flavor": {"enabled": False}})
    refuses(503, "FlavorDisabled")
    admin.call("PUT", path, {"flavor": {"enabled": True, "service_profiles": []}})
    refuses(404, "FlavorServiceProfileBindingNotFound")
    profile = flavor["service_profiles"][0]
    assert admin.call("PUT", f"/v2.0/service_profiles/{profile}", {"service_profile": {"enabled": False}}).status == 200
    assert admin.call("POST", f"{path}/service_profiles", {"service_profile": {"id": profile}}).status == 201
    refuses(503, "ServiceProfileDisabled")
    refused(admin.call("PUT", f"/v2.0/service_profiles/{profile}", {"service_profile": {"enabled": True}}), 409, "ServiceProfileInUse")
    assert admin.get("/v2.0/routers").json == {"routers": []}


def test_who_may(weftd):
    """A member sees flavors and changes none; service profiles are the administrator's."""
    admin, member = weftd.client(), weftd.client(MEMBER)
    flavor = admin.make("flavor", service_type="VPN")
    path = f"/v2.0/flavors/{flavor['id']}"
    assert member.get(path).json["flavor"]["service_type"] == "VPN"
    assert member.call("DELETE", path).status == 403
    assert member.call("POST", f"{path}/service_profiles", {"service_profile": {"id": flavor["id"]}}).status == 403
    assert member.get("/v2.0/service_profiles").json == {"service_profiles": []}
    assert admin.call("DELETE", f"{path}/service_profiles/{flavor['id']}").error == "FlavorServiceProfileBindingNotFound"
    assert admin.call("POST", f"{path}/service_profiles", {"service_profile": {}}).status == 400
    assert admin.call("DELETE", path).status == 204
