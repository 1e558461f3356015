#!/usr/bin/python3
"""Writes inputs for the fuzz target `request` into a folder: for each kind of resource that weftd's OpenAPI document has one, in which
an object is made with all that it needs, and every verb of it is used.  request_seeds.py FOLDER; WEFT_BUILD names the build folder."""
import json
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from every_kind import a_change, requests_of  # noqa: E402
from examples import Examples  # noqa: E402
from weftd import Client, Weftd  # noqa: E402

TOKENS = {"admin-token": "p:admin", "member-token": "p:member", "other-token": "q:member", "reader-token": "p:reader"}  # as fuzz_request.c
ID = re.compile(r'"id":"([0-9a-f-]{36})"')
SEPARATOR = "\n%%\n"


class Recorder(Client):
    """A client that writes down what it asks, as fuzz_request and fuzz_identity read it: with {{n}} in the place of the n-th id that the answers
    had, and with {{token}} and {{receipt}}."""

    def __init__(self, port):
        super().__init__(port, "admin-token")
        self.ids, self.pieces, self.handed_out = [], [], {}

    def place(self, text):
        for name, secret in self.handed_out.items():
            text = text.replace(secret, "{{%s}}" % name)
        for number, known in enumerate(self.ids):
            text = text.replace(known, "{{%d}}" % number)
        return text

    def call(self, method, path, body=None, headers=None):
        answer = super().call(method, path, body, headers)
        lines = [f"{method} {self.place(path)} HTTP/1.1", "Host: x", *(f"{k}: {self.place(v)}" for k, v in {**self.headers, **(headers or {})}.items())]
        lines += [] if body is None else ["Content-Length: {{*}}"]
        self.pieces.append("\r\n".join(lines) + "\r\n\r\n" + ("" if body is None else self.place(json.dumps(body))))
        self.ids += [found for found in dict.fromkeys(ID.findall(answer.text.decode())) if found not in self.ids]
        for name, header in (("token", "X-Subject-Token"), ("receipt", "Openstack-Auth-Receipt")):
            if header in answer.headers:
                self.handed_out[name] = answer.headers[header]
        return answer


def converse(client, examples, kind):
    """Everything that can be asked of one kind."""
    one = examples.make(kind.name)
    collection = one["_path"].rsplit("/", 1)[0]
    shown = client.get(one["_path"]).json[kind.singular]
    change = {kind.singular: a_change(kind, shown)}
    client.get(collection, limit=1, sort_key="id", sort_dir="desc", page_reverse="True", fields=["id", "name"])
    client.get(collection, **{name: value for name, value in shown.items() if isinstance(value, str)})
    for revision in (77, shown.get("revision_number", 1)):
        client.call("PUT", one["_path"], change, {"If-Match": f"revision_number={revision}"})
    for method, path, body in requests_of(examples.document, kind, one):
        if method != "DELETE" or path != one["_path"]:
            client.call(method, path, body)
    client.call("GET", one["_path"], headers={"X-Auth-Token": "other-token"})
    client.call("DELETE", one["_path"], headers={"X-Auth-Token": "reader-token"})
    path, attributes = examples.request(kind.name)
    client.call("POST", path, {kind.collection: [attributes]})
    client.call("DELETE", one["_path"])


BODIES = {"/v2.0/quotas/{id}": {"quota": {"network": 7}}, "/v2.0/agents/{id}": {"agent": {"description": "x"}},
          "/weft/v1/hosts/{id}": {"host": {"tunnel_ips": ["192.0.2.9"]}},
          "/weft/v1/hosts/{id}/report": {"instance": "0b0e4cb2-7c0f-4b4e-8b67-1f0d9f3c9a10", "revision": 1, "full": True, "ports": {}, "agent": {}}}


def converse_of_the_rest(client, examples):
    """What is below no kind that can be created: discovery, quotas, agents, hosts' own calls, bindings, what is computed."""
    hosts = [examples.make("host") for _ in range(2)]
    rule = examples.make("qos_dscp_marking_rule")["id"]
    examples.make("floatingip")
    port = examples.make("port", device_owner="compute:x", **{"binding:host_id": hosts[0]["name"]})
    agent = client.get("/v2.0/agents", limit=1).json["agents"][0]["id"]
    ids = {"quotas": "p", "agents": agent, "hosts": hosts[0]["id"], "rule-types": "dscp_marking", "network-ip-availabilities": port["network_id"],
           "alias_dscp_marking_rules": rule}
    covered = tuple(kind.path for kind in examples.kinds.values())
    for path, item in examples.document["paths"].items():
        if not path.startswith(covered):
            for method in ("get", "post", "put", "delete"):
                filled = path.replace("{id}", ids.get(path.split("/{id}")[0].split("/")[-1], "x")).format(item="details", alias="binding")
                if method in item:
                    client.call(method.upper(), filled, BODIES.get(path, {}) if method in ("post", "put") else None)
    bindings, other = port["_path"] + "/bindings", hosts[1]["name"]
    for method, path, body in (("POST", bindings, {"binding": {"host": other, "vnic_type": "normal"}}), ("GET", bindings, None),
                               ("GET", f"{bindings}/{other}", None), ("PUT", f"{bindings}/{other}", {"binding": {"profile": {"a": 1}}}),
                               ("PUT", f"{bindings}/{other}/activate", None), ("DELETE", f"{bindings}/{hosts[0]['name']}", None)):
        client.call(method, path, body)


def seed(document, talk):
    """One input: what is said in a conversation with a weftd of its own."""
    with tempfile.TemporaryDirectory() as folder:
        weftd = Weftd(folder, store="memory:", tokens=TOKENS).start()
        try:
            client = Recorder(weftd.port)
            talk(client, Examples(client, document))
        finally:
            weftd.stop()
    return SEPARATOR.join(client.pieces)


def kinds_and_document():
    with tempfile.TemporaryDirectory() as folder:
        weftd = Weftd(folder, store="memory:").start()
        try:
            document = weftd.client(None).get("/openapi.json").json
        finally:
            weftd.stop()
    return Examples(None, document).kinds, document


def main(folder):
    kinds, document = kinds_and_document()
    for name, kind in kinds.items():
        text = seed(document, lambda client, examples, kind=kind: converse(client, examples, kind))
        (pathlib.Path(folder) / f"kind-{name}").write_text(text, newline="")
    (pathlib.Path(folder) / "rest").write_text(seed(document, converse_of_the_rest), newline="")


if __name__ == "__main__":
    main(*sys.argv[1:])
