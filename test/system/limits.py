"""Limits of what leads outside: QoS policies of a test's cloud, and what TCP makes of them."""
import time

import stalls
from conftest import wait_until


class Policy:
    """A QoS policy with limits; the way that all of it goes to hosts."""

    def __init__(self, cloud, **rules):
        self.cloud, self.path = cloud, "/v2.0/qos/policies"
        self.id = self.call("POST", self.path, {"policy": {"name": "limits"}})["policy"]["id"]
        self.path += f"/{self.id}"
        self.rules = [self.call("POST", f"{self.path}/{kind}_rules", {f"{kind}_rule": rule})[f"{kind}_rule"]["id"]
                      for kind, several in rules.items() for rule in several]

    def call(self, method, path, body):
        """Returns when all hosts have it."""
        answer = self.cloud.api.call(method, path, body)
        assert answer.status in (200, 201), answer.text
        waited = self.cloud.api.get("/weft/v1/wait", revision=answer.headers["X-Weft-Revision"], timeout=10)
        assert waited.status == 200, waited.text
        return answer.json

    def give(self, kind, object, **attributes):
        return self.call("PUT", f"/v2.0/{kind}s/{object['id']}", {kind: attributes or {"qos_policy_id": self.id}})[kind]

    def change(self, max_kbps):
        for rule in self.rules:
            self.call("PUT", f"{self.path}/bandwidth_limit_rules/{rule}", {"bandwidth_limit_rule": {"max_kbps": max_kbps}})

    def counters(self, kind, host):
        """What hosts other than that one have none of: by direction."""
        limits = {name: self.cloud.lab.agent(name, "limits")["limits"] for name in ("h1", "h2", "h3")}
        assert [name for name in limits if any(limit["kind"] == kind for limit in limits[name])] == [host], limits
        return {limit["direction"]: limit for limit in limits[host] if limit["kind"] == kind}


BOTH_WAYS = [{"max_kbps": 20000, "direction": direction} for direction in ("egress", "ingress")]


def mbits(*runs):
    """Megabits a second of TCP, of all together."""
    return sum(run.result()[0] for run in runs) / 1e6


def together(policy, host, direction, *runs):
    """Of several at once, whose starts and ends differ: what the limit lets through while all run."""
    def at():
        return time.monotonic(), policy.counters("router", host)[direction]["bytes"]
    begin = at()
    first = wait_until(lambda: (now := at())[1] > begin[1] + 2e6 and now, what="they run")
    last = wait_until(lambda: (now := at())[0] > first[0] + 1 and now, what="a second passes")
    got = sum(run.result()[0] for run in runs) * 3 / 8
    assert at()[1] - begin[1] > 0.95 * got, "all goes through one limit"
    return (last[1] - first[1]) * 8 / (last[0] - first[0]) / 1e6


def assert_near(limit, measure, least=0.6, most=1.4):
    """measure() gives Mbit/s. TCP's payload is 95 % of its frames, and the machine may be busy; without a limit it is ten times that."""
    stalls.measured(measure, lambda rate: least * limit <= rate <= most * limit)


def assert_free(measure):
    """The same where there is no limit."""
    stalls.measured(measure, lambda rate: rate > 100)
