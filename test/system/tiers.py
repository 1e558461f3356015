"""For tests of the provider's tiers: a bed with open ports, and the provider of its cloud."""
from conftest import wait_until
from firewall_lab import Firewall

OPEN = [{}, {"version": 6}, {"direction": "egress"}, {"direction": "egress", "version": 6}]


class Tiers(Firewall):
    """A project whose ports are open, and the provider."""

    def provider(self, kind, **attributes):
        collection = {"security_policy": "security-policies"}.get(kind, kind.replace("_", "-") + "s")
        return self.call("POST", f"/v2.0/{collection}", {kind: attributes}, admin=True)[kind]

    def tier(self, name, priority, **more):
        return self.provider("security_tier", name=name, priority=priority, **more)["id"]

    def policy(self, tier, priority, **more):
        return self.provider("security_policy", security_tier_id=tier, priority=priority, **more)["id"]

    def rule_of(self, policy, priority, action, direction="ingress", version=4, protocol=None, ports=(None, None), **remote):
        return self.provider("security_policy_rule", security_policy_id=policy, priority=priority, action=action,
                             direction=direction, ethertype=f"IPv{version}", protocol=protocol,
                             port_range_min=ports[0], port_range_max=ports[1], **remote)["id"]

    def change(self, path, **attributes):
        kind = {"security-policies": "security_policy", "security-policy-rules": "security_policy_rule"}[path.split("/")[0]]
        self.call("PUT", f"/v2.0/{path}", {kind: attributes}, admin=True)

    def delete(self, path):
        self.call("DELETE", f"/v2.0/{path}", admin=True)

    def clear(self):
        for collection in ("security-policies", "security-tiers"):
            for one in self.call("GET", f"/v2.0/{collection}", admin=True)[collection.replace("-", "_")]:
                self.delete(f"{collection}/{one['id']}")


def denied(send, at):
    """What send() sends is counted at @at as denied by a tier, and does not arrive."""
    def count():
        return at.lab.agent(at.host, "ports", port=at.id)["ports"][0]["drop_reasons"].get("denied-tier", 0)
    before = count()
    kept, arrived = send()
    wait_until(lambda: count() > before, what=f"a tier denies it at {at.name}", interval=0.001)
    assert not arrived()
    del kept
