"""GET /openapi.json: it is a valid OpenAPI 3.0 document by a validator that is not ours, and it is true: what weftd answers
is what the document says, for every kind of the tables, and each limit of a schema is one. Proves B2."""
import copy
import ipaddress
import json
import re
import subprocess
import uuid

import jsonschema
import pytest

from examples import Examples, as_json_schema, kinds_of
from weftd import MEMBER, Weftd

VALIDATE = """
use JSON::Validator;
my $schema = JSON::Validator->new->schema("file://$ARGV[0]")->schema;
print ref($schema), "\n";
print "$_\n" for @{$schema->errors};
"""


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("openapi"), store="memory:").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def document(weftd):
    answer = weftd.client(None).get("/openapi.json")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/json"
    return answer.json


@pytest.fixture(scope="module")
def examples(weftd, document):
    return Examples(weftd.client(), document)


def complaints(document, folder):
    """What JSON::Validator says against the document."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(document))
    made = subprocess.run(["perl", "-e", VALIDATE, path], capture_output=True, text=True, timeout=300, check=True)
    kind, *errors = made.stdout.splitlines()
    assert kind == "JSON::Validator::Schema::OpenAPIv3", kind
    return errors


def test_valid(document, tmp_path):
    assert complaints(document, tmp_path) == []
    broken = copy.deepcopy(document)
    del broken["paths"]["/v2.0/ports"]["get"]["responses"]
    assert complaints(broken, tmp_path), "the validator would not notice"


def operations(document):
    return [(path, method, operation) for path, item in document["paths"].items()
            for method, operation in item.items() if method != "parameters"]


def references(node):
    if isinstance(node, dict):
        yield from [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_whole(document, weftd):
    """Every collection that /v2.0/ lists is described; names are unique; what is referred to is there; so are path parameters."""
    listed = {(r["collection"], "/" + r["links"][0]["href"].split("/", 3)[-1])
              for r in weftd.client(None).get("/v2.0/").json["resources"]}
    described = {path.removesuffix("/{id}") for path in document["paths"]}  # of some there is one for each project, and no list
    assert {path for _, path in listed} <= described
    names = [operation["operationId"] for _, _, operation in operations(document) if "operationId" in operation]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
    for reference in set(references(document)):
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for path, item in document["paths"].items():
        declared = [p["name"] for p in item["parameters"]]
        assert sorted(declared) == sorted(re.findall(r"{(\w+)}", path)), path


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("uuid", raises=ValueError)
def is_uuid(text):
    return not isinstance(text, str) or bool(uuid.UUID(text))


@FORMATS.checks("ip", raises=ValueError)
def is_ip(text):
    return not isinstance(text, str) or str(ipaddress.ip_address(text)) == text


@FORMATS.checks("cidr", raises=ValueError)
def is_cidr(text):
    return not isinstance(text, str) or str(ipaddress.ip_network(text)) == text


@FORMATS.checks("ip-or-cidr", raises=ValueError)
def is_address(text):
    return not isinstance(text, str) or (is_cidr(text) if "/" in text else is_ip(text))


@FORMATS.checks("mac")
def is_mac(text):
    return not isinstance(text, str) or bool(re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", text))


@FORMATS.checks("date-time")
def is_time(text):
    return not isinstance(text, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text))


def check(document, schema, value):
    whole = {**as_json_schema(schema), "components": as_json_schema(document["components"])}
    errors = jsonschema.Draft7Validator(whole, format_checker=FORMATS).iter_errors(value)
    assert not (told := [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in errors]), told


def answer_schema(document, path, method, status):
    return document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]


def test_answers(document, examples, weftd):
    """What is created, shown, updated and listed of every kind is what the document says; so is what a member sees."""
    admin, member = weftd.client(), weftd.client(MEMBER)
    for kind in examples.kinds.values():
        path, attributes = examples.request(kind.name)
        made = admin.call("POST", path, {kind.singular: attributes})
        assert made.status == 201, (kind, made.text)
        body = made.json
        body[kind.singular].pop("credential", None)  # of a host, this one time
        check(document, answer_schema(document, kind.path, "post", "201")["oneOf"][0], body)
        one = f"{path}/{kind.found_by(body[kind.singular])}"
        for client in (admin, member):
            listed = client.get(path, limit=1)
            if listed.status == 200:
                check(document, answer_schema(document, kind.path, "get", "200"), listed.json)
        shown = admin.get(one)
        if shown.status == 200:  # below a parent an object may be found by something else than its id
            check(document, answer_schema(document, kind.path + "/{id}", "get", "200"), shown.json)
        given = {"name": "other"} if "name" in kind.update["properties"] else {}
        updated = admin.call("PUT", one, {kind.singular: given})
        if updated.status == 200:
            check(document, answer_schema(document, kind.path + "/{id}", "put", "200"), updated.json)
        assert {shown.status, updated.status} <= {200, 404, 400, 403}, (kind, shown.text, updated.text)


def test_errors(document, weftd):
    admin = weftd.client()
    schemas = document["components"]["schemas"]
    check(document, schemas["unauthorized"], weftd.client(None).get("/v2.0/networks").json)
    for method, path in (("GET", "/v2.0/networks/x"), ("GET", "/v2.0/ports?x=1"), ("POST", "/v2.0/ports"), ("PATCH", "/v2.0/ports")):
        check(document, schemas["error"], admin.call(method, path).json)


def too_much(schema):
    """Values just beyond what the schema allows."""
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "enum" in schema:
        yield "no-such-choice"
    if "minimum" in schema:
        yield schema["minimum"] - 1
        yield schema["maximum"] + 1
    if schema.get("type") == "array":
        yield "no-list"
        if "maxItems" in schema:
            yield [{}] * (schema["maxItems"] + 1)
    if schema.get("type") == "object":
        yield "no-object"
    if schema.get("format") in ("ip", "cidr", "ip-or-cidr", "mac"):
        yield "nonsense"
    if schema.get("type") and not schema.get("nullable"):
        yield None


# Taken although the schema has no such value, because clients send it for "the default".
TAKEN = {("network", "mtu", None)}


def test_limits(document, examples, weftd):
    """A value beyond a schema's limits is refused, and the message names the attribute."""
    admin, accepted = weftd.client(), []
    for kind in examples.kinds.values():
        path, attributes = examples.request(kind.name)
        for name, schema in kind.create["properties"].items():
            for value in too_much(schema):
                if value is None and (kind.name, name, value) in TAKEN:
                    continue
                answer = admin.call("POST", path, {kind.singular: {**attributes, name: value}})
                if answer.status != 400 or name not in answer.message:
                    accepted.append(f"{kind}.{name}={str(value)[:40]}: {answer.status} {answer.text.decode()[:200]}")
    assert not accepted, "\n".join(accepted)


def test_nothing_else(examples, weftd):
    """What a create schema lacks can't be given, and neither can what an update schema lacks."""
    admin, accepted = weftd.client(), []
    for kind in examples.kinds.values():
        path, attributes = examples.request(kind.name)
        for name in set(kind.answer["properties"]) - set(kind.create["properties"]):
            answer = admin.call("POST", path, {kind.singular: {**attributes, name: "x"}})
            if answer.status != 400:
                accepted.append(f"POST {kind}.{name}: {answer.text.decode()[:200]}")
        one = examples.make(kind.name)
        for name in set(kind.answer["properties"]) - set(kind.update["properties"]):
            answer = admin.call("PUT", one["_path"], {kind.singular: {name: "x"}})
            if answer.status not in (400, 404):
                accepted.append(f"PUT {kind}.{name}: {answer.text.decode()[:200]}")
    assert not accepted, "\n".join(accepted)


def test_every_kind_has_an_example(examples, document):
    assert set(kinds_of(document)) == set(examples.kinds) and len(examples.kinds) >= 5
    for name in examples.kinds:
        examples.make(name)
