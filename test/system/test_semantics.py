"""What holds for every kind of resource that the OpenAPI document has: conditional writes, revisions, null, bulk creation, filters,
sorting, pages, fields, tags, projects. No kind is named but where Networking makes an exception of it, which is said there.
Proves B2 (one API for every object) and Q9 (every call is authorised per tenant and role); Q5 for what each service's kinds have in common."""
import json
import urllib.parse

from every_kind import a_change, collection_of, numbers, of_every_kind, requests_of, show
from examples import value_of
from weftd import MEMBER, OTHER, READER

WEFTD = {"store": "memory:"}


# --- changes

@of_every_kind
def test_if_match(examples, weftd, kind):
    """If-Match of another revision: 412, and nothing has happened; of the right one: it is done."""
    admin, one = weftd.client(), examples.make(kind.name)
    before = show(admin, kind, one)
    if "revision_number" not in before:
        return
    change = {kind.singular: a_change(kind, before)}
    stale = {"If-Match": f"revision_number={before['revision_number'] + 1}"}
    right = {"If-Match": f"revision_number={before['revision_number']}"}
    for method, body in (("PUT", change), ("DELETE", None)):
        if method == "PUT" and not kind.update["properties"]:
            continue
        answer = admin.call(method, one["_path"], body, stale)
        if (answer.status, answer.status >= 400 and answer.error) != (412, "RevisionNumberConstraintFailed"):
            yield f"{method} of another revision: {answer.status} {answer.text}"
        for bad in ("x", "revision_number=", "revision_number=1x", "revision_number=-1", "*"):
            if admin.call(method, one["_path"], body, {"If-Match": bad}).status != 400:
                yield f"{method} with If-Match: {bad} is not 400"
    for method, path, body in requests_of(examples.document, kind, one) if "tags" in before else ():
        if "/tags" in path and method != "GET" and not path.endswith("/tags/x"):
            answer = admin.call(method, path, body, stale)
            if answer.status != 412:
                yield f"{method} {path} of another revision: {answer.status} {answer.text}"
    if show(admin, kind, one) != before:
        yield "was changed by what was refused"
    if kind.update["properties"]:
        answer = admin.call("PUT", one["_path"], change, right)
        if answer.status != 200:
            yield f"PUT of its revision: {answer.status} {answer.text}"
        right = {"If-Match": f"revision_number={answer.json[kind.singular]['revision_number']}"}
    answer = admin.call("DELETE", one["_path"], headers=right)
    if answer.status != 204:
        yield f"DELETE of its revision: {answer.status} {answer.text}"


@of_every_kind
def test_a_revision_is_a_change(examples, weftd, kind):
    """An update of nothing, of what is the same, and of all that is shown changes neither revision nor time; a real one counts one."""
    admin, one = weftd.client(), examples.make(kind.name)
    before = show(admin, kind, one)
    same = {name: before[name] for name in kind.update["properties"] if name in before and name != "tenant_id"}
    for what, given in (("nothing", {}), ("the same", same), *((name, {name: value}) for name, value in same.items())):
        answer = admin.call("PUT", one["_path"], {kind.singular: given})
        if answer.status != 200:
            yield f"PUT of {what}: {answer.status} {answer.text}"
        elif answer.json[kind.singular] != before:
            yield f"PUT of {what} made another of it: {answer.text}"
    change = a_change(kind, before)
    if not change or "revision_number" not in before:
        return
    after = admin.call("PUT", one["_path"], {kind.singular: change}).json[kind.singular]
    if {**before, **change, "revision_number": before["revision_number"] + 1, "updated_at": ""} != {**after, "updated_at": ""}:
        yield f"{change} made {after} of {before}"


@of_every_kind
def test_what_is_unknown_or_read_only(examples, weftd, kind):
    """Neither is taken, by name; the object stays as it was."""
    admin, one = weftd.client(), examples.make(kind.name)
    before = show(admin, kind, one)
    path, attributes = examples.request(kind.name)
    unknown = admin.call("POST", path, {kind.singular: {**attributes, "no_such_attribute": 1}})
    if unknown.status != 400 or "no_such_attribute" not in unknown.message:
        yield f"POST of an unknown attribute: {unknown.status} {unknown.text}"
    for name in {"no_such_attribute", "id", *before} - set(kind.update["properties"]) - {"tenant_id"}:  # another name of project_id
        answer = admin.call("PUT", one["_path"], {kind.singular: {name: before.get(name)}})
        if answer.status != 400 or name not in answer.message:
            yield f"PUT of {name}: {answer.status} {answer.text}"
    if show(admin, kind, one) != before:
        yield "was changed by what was refused"


@of_every_kind
def test_null(examples, weftd, kind):
    """Null is taken where the document says so, and refused by name elsewhere."""
    admin, one = weftd.client(), examples.make(kind.name)
    before = show(admin, kind, one)
    for name, schema in kind.update["properties"].items():
        answer = admin.call("PUT", one["_path"], {kind.singular: {name: None}})
        if "type" in schema and not schema.get("nullable") and (answer.status != 400 or name not in answer.message):
            yield f"PUT of null as {name}: {answer.status} {answer.text}"
        if before.get(name, "") is None and answer.status != 200:
            yield f"PUT of null as {name}, which is null: {answer.status} {answer.text}"


@of_every_kind
def test_bulk(examples, weftd, kind):
    """All of several are created, or none, and the message says which was wrong."""
    admin = weftd.client()
    path, first = examples.request(kind.name)
    if kind.name == "host":  # each answer shows a credential
        return
    second = examples.request(kind.name)[1] if not kind.parent else first
    if kind.name == "security_group_rule":  # which one request makes are of one group
        second = {**second, "security_group_id": first["security_group_id"], "remote_group_id": None, "remote_ip_prefix": "198.51.100.0/24"}
    count = len(admin.get(path).json[kind.collection])
    bad = admin.call("POST", path, {kind.collection: [first, {**second, "no_such_attribute": 1}]})
    if bad.status != 400 or f"{kind.collection}[1]" not in bad.message or "no_such_attribute" not in bad.message:
        yield f"a bad second one: {bad.status} {bad.text}"
    if len(admin.get(path).json[kind.collection]) != count:
        yield "the first of two is there although the second was refused"
    if kind.parent:
        return  # two alike are refused as such
    made = admin.call("POST", path, {kind.collection: [first, second]})
    if made.status != 201 or [list(made.json), len(made.json[kind.collection])] != [[kind.collection], 2]:
        yield f"two at once: {made.status} {made.text}"


# --- lists

def as_text(value):
    return {True: "true", False: "false", None: ""}.get(value, value) if not isinstance(value, (int, str)) or isinstance(value, bool) else str(value)


@of_every_kind
def test_filters(examples, weftd, kind):
    """Each attribute that is shown is a filter: by its value, by one of several, by another; an unknown one is refused."""
    admin, one = weftd.client(), examples.make(kind.name)
    shown, path = show(admin, kind, one), collection_of(one)
    key = kind.found_by(shown)

    def listed(**query):
        answer = admin.get(path, **query)
        assert answer.status == 200, (kind, query, answer.text)
        return [kind.found_by(other) for other in answer.json[kind.collection]]

    if admin.get(path, no_such_attribute="x").status != 400:
        yield "an unknown filter is taken"
    for name, value in shown.items():
        if isinstance(value, (list, dict)) or kind.answer["properties"][name].get("type") in ("array", "object"):
            continue  # by their items; tested with the kinds that have such
        if value is None and kind.answer["properties"][name].get("type") == "boolean":
            continue
        text = as_text(value)
        if key not in listed(**{name: text}):
            yield f"{name}={text} does not find it"
        if key not in listed(**{name: [text, "" if text else "x"] if not isinstance(value, bool) else ["true", "false"]}):
            yield f"one of two of {name} does not find it"
        answer = admin.get(path, **{name: ("false" if value else "true") if isinstance(value, bool) else "00000000-0000-0000-0000-000000000001"})
        if answer.status == 200 and key in [kind.found_by(other) for other in answer.json[kind.collection]]:
            yield f"another {name} finds it"


def order_of(value):
    """As text or number sorts; what is null comes first."""
    return (value is not None, value if not isinstance(value, (list, dict)) else json.dumps(value))


@of_every_kind
def test_sorting(examples, weftd, kind):
    """Each stored attribute sorts, both ways; what isn't one is refused by name."""
    admin = weftd.client()
    one = examples.make(kind.name)
    path = collection_of(one)
    if not kind.parent:
        examples.make(kind.name)
        examples.make(kind.name)
    for bad in ({"sort_key": "no_such_attribute"}, {"sort_key": "name", "sort_dir": "sideways"}, {"sort_dir": ["asc", "asc"]}):
        answer = admin.get(path, **bad)
        if answer.status != 400 or not any(word in answer.message for value in bad.values() for word in ([value] if isinstance(value, str) else ["sort_dir"])):
            yield f"{bad}: {answer.status} {answer.text}"
    for name, schema in kind.answer["properties"].items():
        answer = admin.get(path, sort_key=name)
        if answer.status == 400 and name in answer.message:
            continue
        if answer.status != 200:
            yield f"sort_key={name}: {answer.status} {answer.text}"
            continue
        up = [order_of(other[name]) for other in answer.json[kind.collection]]
        down = [order_of(other[name]) for other in admin.get(path, sort_key=name, sort_dir="desc").json[kind.collection]]
        if schema.get("type") not in ("array", "object") and (up != sorted(up) or down != sorted(up, reverse=True)):
            yield f"sort_key={name}: {up} {down}"


def walk(client, kind, path, **query):
    """The ids of all pages, by the links: forward to the end, and from there back to the beginning."""
    page, forth, back = client.get(path, **query), [], []
    for seen, rel in ((forth, "next"), (back, "previous")):
        while True:
            assert page.status == 200, page.text
            found = [kind.found_by(one) for one in page.json[kind.collection]]
            assert len(found) <= query["limit"]
            seen[len(seen) if rel == "next" else 0:0] = found
            links = {link["rel"]: link["href"] for link in page.json.get(kind.collection + "_links", [])}
            if rel not in links:
                break
            url = urllib.parse.urlsplit(links[rel])
            page = client.call("GET", f"{url.path}?{url.query}")
    return forth, back


@of_every_kind
def test_pages(examples, weftd, kind):
    """Pages by their links, both ways, are the list; a marker that is not there is refused."""
    admin = weftd.client()
    one = examples.make(kind.name)
    if kind.found_by(one) != one["id"] if "id" in one else True:
        return  # it has no id to be a marker
    path = collection_of(one)
    for _ in range(0 if kind.parent else 4):
        examples.make(kind.name)
    for query in ({}, {"sort_key": "id"}, {"sort_key": "id", "sort_dir": "desc"}):
        whole = [other["id"] for other in admin.get(path, **query).json[kind.collection]]
        forth, back = walk(admin, kind, path, limit=2, **query)
        if forth != whole:
            yield f"{query}: forward {forth}, not {whole}"
        if back != whole:
            yield f"{query}: back {back}, not {whole}"
    last = admin.get(path, limit=2, page_reverse="True").json
    if [other["id"] for other in last[kind.collection]] != [other["id"] for other in admin.get(path).json[kind.collection]][-2:]:
        yield "the last page is not the end of the list"
    missing = admin.get(path, limit=1, marker="00000000-0000-0000-0000-000000000001")
    if missing.status != 400 or "marker" not in missing.message:
        yield f"a marker that is not there: {missing.status} {missing.text}"


@of_every_kind
def test_fields(examples, weftd, kind):
    """Each attribute alone, in the list and of the one; what is unknown is as if it had not been asked for."""
    admin, one = weftd.client(), examples.make(kind.name)
    shown, path = show(admin, kind, one), collection_of(one)
    for name in shown:
        alone = admin.get(one["_path"], fields=name).json[kind.singular]
        if alone.get(name, alone) != shown[name] or not set(alone) <= {name, "project_id", "tenant_id"}:
            yield f"fields={name}: {alone}"
        for other in admin.get(path, fields=name, limit=3).json[kind.collection]:
            if name not in other or not set(other) <= {name, "project_id", "tenant_id"}:
                yield f"fields={name} of the list: {other}"
    names = [name for name in shown if name not in ("project_id", "tenant_id")][:2]
    two = admin.get(one["_path"], fields=names).json[kind.singular]
    if two != {name: shown[name] for name in names}:
        yield f"two fields: {two}"


# --- who may

NOWHERE = "00000000-0000-0000-0000-00000000dead"

# What every project sees, as Networking has it: what an administrator offers, or says for all.
SEEN_BY_ALL = {"default_security_group_rule", "flavor"}


@of_every_kind
def test_another_projects(examples, weftd, kind):
    """For another project it is not there: each request is answered as if there were no such object."""
    other, one = weftd.client(OTHER), examples.make(kind.name)
    seen = other.get(one["_path"]).status == 200
    if seen != (kind.name in SEEN_BY_ALL):
        yield f"seen by another project: {seen}"
    key = kind.found_by(one)
    if not seen and key in [kind.found_by(it) for it in other.get(collection_of(one)).json.get(kind.collection, [])]:
        yield "listed for another project"
    for method, path, body in requests_of(examples.document, kind, one):
        for headers in ({}, {"If-Match": "revision_number=77"}):
            answer = other.call(method, path, body, headers)
            missing = other.call(method, path.replace(key, NOWHERE), body, headers)
            if seen and path == one["_path"] and method != "GET" and (answer.status, answer.error) != (403, "PolicyNotAuthorized"):
                yield f"{method} {path}: {answer.status} {answer.text}"
            if not seen and (answer.status != 404 or answer.text.replace(key.encode(), NOWHERE.encode()) != missing.text):
                yield f"{method} {path}: {answer.status} {answer.text}, not as {missing.status} {missing.text}"


@of_every_kind
def test_reference_to_another_projects(examples, weftd, kind):
    """Who refers to what is not his is told the same as who refers to what is not there."""
    other = weftd.client(OTHER)
    path, attributes = examples.request(kind.name)
    for name, schema in kind.create["properties"].items():
        if "x-weft-refers" not in schema or schema["x-weft-refers"] not in examples.kinds:
            continue
        theirs = examples.make(schema["x-weft-refers"])["id"]
        answers = [other.call("POST", path, {kind.singular: {**attributes, name: id}}) for id in (theirs, NOWHERE)]
        if schema["x-weft-refers"] not in SEEN_BY_ALL and \
                answers[0].text.replace(theirs.encode(), NOWHERE.encode()) != answers[1].text:
            yield f"{name}: {answers[0].text}, not as {answers[1].text}"


@of_every_kind
def test_administrators_attributes(examples, weftd, kind):
    """A member can neither give them nor see them, nor filter or sort by them."""
    member = weftd.client(MEMBER)
    examples.make(kind.name)
    path, attributes = examples.request(kind.name)
    for name, schema in kind.create["properties"].items():
        if schema.get("x-weft-admin-set") and "enum" not in schema and schema.get("type") not in ("array", "object"):
            answer = member.call("POST", path, {kind.singular: {**attributes, name: value_of(schema, examples.make)}})
            if answer.status not in (403, 404):
                yield f"POST of {name}: {answer.status} {answer.text}"
    for name, schema in kind.answer["properties"].items():
        if schema.get("x-weft-admin-read") and not kind.parent:
            for query in ({name: "x"}, {"sort_key": name}):
                answer = member.get(path, **query)
                if answer.status != 400 or name not in answer.message:
                    yield f"{query}: {answer.status} {answer.text}"
            if any(name in it for it in member.get(path, fields=[name, "id"]).json[kind.collection]):
                yield f"{name} is shown to a member"


# What is an administrator's, and what is seen with something else.
NOT_BY_PROJECT = {"bgp_peer", "bgp_speaker", "network_log", "security_group_rule"}


@of_every_kind
def test_administrators_attributes_of_ones_own(examples, weftd, kind):
    """A member cannot change them of what is its project's either."""
    path, attributes = examples.request(kind.name)
    if "project_id" not in kind.create["properties"] or kind.name in NOT_BY_PROJECT:
        return
    made = weftd.client().call("POST", path, {kind.singular: {**attributes, "project_id": "project-1"}})
    if made.status != 201 or made.json[kind.singular].get("project_id") != "project-1":
        return
    member, one = weftd.client(MEMBER), f"{path}/{kind.found_by(made.json[kind.singular])}"
    for name, schema in kind.update["properties"].items():
        if schema.get("x-weft-admin-set") and schema.get("type") in ("boolean", "string", "integer") and "enum" not in schema:
            value = made.json[kind.singular].get(name)
            other = not value if schema["type"] == "boolean" else 7 if schema["type"] == "integer" else "other"
            answer = member.call("PUT", one, {kind.singular: {name: other}})
            if (answer.status, answer.status >= 400 and answer.error) not in ((403, "PolicyNotAuthorized"), (400, "InvalidInput")):
                yield f"PUT of {name}={other}: {answer.status} {answer.text}"


@of_every_kind
def test_a_reader_changes_nothing(examples, weftd, kind):
    """A reader of the project sees what is its own, and each change is refused with 403."""
    path, attributes = examples.request(kind.name)
    own = {"project_id": "project-1"} if "project_id" in kind.create["properties"] else {}
    reader = weftd.client(READER)
    made = weftd.client().call("POST", path, {kind.singular: {**attributes, **own}})
    if made.status != 201 or made.json[kind.singular].get("project_id") != "project-1" or kind.name in NOT_BY_PROJECT:
        return
    one = f"{path}/{kind.found_by(made.json[kind.singular])}"
    seen = reader.get(one)
    if seen.status != 200:
        yield f"is not seen: {seen.status} {seen.text}"
        return
    for method, body in (("PUT", {kind.singular: a_change(kind, seen.json[kind.singular])}), ("DELETE", None)):
        answer = reader.call(method, one, body)
        if (answer.status, answer.status >= 400 and answer.error) != (403, "PolicyNotAuthorized"):
            yield f"{method}: {answer.status} {answer.text}"


def test_shared_by_policies(examples, weftd):
    """Of each kind that RBAC policies share: it is there for the project as long as there is the policy, to see and not to change."""
    admin, other, wrong = weftd.client(), weftd.client(OTHER), []
    shared = [kind for kind in examples.kinds.values() if kind.answer.get("x-weft-rbac")]
    assert len(shared) >= 6
    for kind in shared:
        name = kind.name
        one = examples.make(name)
        policy = {"object_type": name, "object_id": one["id"], "action": "access_as_shared", "target_tenant": "project-2"}
        if other.get(one["_path"]).status != 404:
            wrong.append(f"{name}: seen without a policy")
        made = admin.call("POST", "/v2.0/rbac-policies", {"rbac_policy": policy})
        assert made.status == 201, (name, made.text)
        seen = other.get(one["_path"])
        if seen.status != 200 or seen.json[kind.singular].get("shared", True) is not True:
            wrong.append(f"{name}: not seen as shared: {seen.text}")
        if show(admin, kind, one).get("shared"):
            wrong.append(f"{name}: shared for everybody")
        for query, expected in (({"id": one["id"]}, True), ({"shared": "True"}, True), ({"shared": "False"}, False)):
            if "shared" in query and "shared" not in one:
                continue
            if (one["id"] in [it["id"] for it in other.get(kind.path, **query).json[kind.collection]]) != expected:
                wrong.append(f"{name}: {query} finds it: {not expected}")
        for method, body in (("PUT", {kind.singular: {}}), ("DELETE", None)):
            if other.call(method, one["_path"], body).status != 403:
                wrong.append(f"{name}: {method} by whom it is shared to")
        if admin.call("DELETE", f"/v2.0/rbac-policies/{made.json['rbac_policy']['id']}").status != 204 or other.get(one["_path"]).status != 404:
            wrong.append(f"{name}: seen after the policy")
    assert not wrong, "\n".join(wrong)


# --- tags

TAGGED_IN_NETWORKING = {"networks", "subnets", "ports", "subnetpools", "routers", "floatingips", "policies", "security_groups", "trunks"}


@of_every_kind
def test_tags(examples, weftd, kind):
    """Kinds that Networking tags have tags, as resources and as filters; those without say so."""
    admin, one = weftd.client(), examples.make(kind.name)
    tags, listed = one["_path"] + "/tags", collection_of(one)
    if "tags" not in kind.answer["properties"]:
        if kind.collection in TAGGED_IN_NETWORKING or admin.get(tags).status != 404:
            yield f"has tags in Networking: {kind.collection in TAGGED_IN_NETWORKING}; GET {tags}: {admin.get(tags).status}"
        return
    a, b = f"a{next(numbers)}", f"b{next(numbers)}"
    steps = [("PUT", f"{tags}/{a}", None, 201, None), ("PUT", f"{tags}/{a}", None, 201, None), ("GET", f"{tags}/{a}", None, 204, None),
             ("GET", f"{tags}/{b}", None, 404, None), ("DELETE", f"{tags}/{b}", None, 404, None), ("POST", tags, {"tags": [b]}, 201, [a, b]),
             ("GET", tags, None, 200, [a, b]), ("DELETE", f"{tags}/{a}", None, 204, None), ("PUT", tags, {"tags": [a, b]}, 200, [a, b]),
             ("PUT", tags, {"tags": ["x" * 256]}, 400, None), ("PUT", tags, {"tags": "x"}, 400, None), ("PUT", tags, {"tag": []}, 400, None),
             ("PUT", f"{tags}/{'x' * 256}", None, 400, None)]
    for method, path, body, status, expected in steps:
        answer = admin.call(method, path, body)
        if answer.status != status or expected and answer.json != {"tags": expected}:
            yield f"{method} {path} {body}: {answer.status} {answer.text}"
    found = lambda **query: kind.found_by(one) in [kind.found_by(it) for it in admin.get(listed, **query).json[kind.collection]]
    for query, expected in (({"tags": f"{a},{b}"}, True), ({"tags": f"{a},x"}, False), ({"tags-any": f"{a},x"}, True), ({"tags-any": "x"}, False),
                            ({"not-tags": f"{a},{b}"}, False), ({"not-tags": f"{a},x"}, True), ({"not-tags-any": f"{a},x"}, False),
                            ({"not-tags-any": "x"}, True)):
        if found(**query) != expected:
            yield f"{query} finds it: {not expected}"
    before = show(admin, kind, one)["revision_number"]
    admin.call("PUT", tags, {"tags": [a, b]})
    if show(admin, kind, one)["revision_number"] != before:
        yield "the same tags are a change"
    if admin.call("DELETE", tags).status != 204 or admin.get(tags).json != {"tags": []}:
        yield "DELETE of all tags"
    if show(admin, kind, one)["revision_number"] != before + 1:
        yield "other tags are no change, or more than one"
