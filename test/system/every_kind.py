"""Tests that hold for every kind of resource: with an example of each, they say what is wrong with it."""
import functools
import itertools
import re

numbers = itertools.count()


def of_every_kind(test):
    """The test is called with an example of each kind, and fails with what is wrong with all of them."""
    @functools.wraps(test)
    def run(examples, weftd):
        wrong = []
        for name, kind in examples.kinds.items():
            wrong += [f"{name}: {complaint}" for complaint in test(examples, weftd, kind) or ()]
        assert not wrong, "\n".join(wrong)
    del run.__wrapped__
    return run


def show(client, kind, one):
    answer = client.get(one["_path"])
    assert answer.status == 200, (kind, answer.text)
    return answer.json[kind.singular]


def collection_of(one):
    return one["_path"].rsplit("/", 1)[0]


def changed_value(schema, value):
    """Another value of a boolean or a number; None: there is none to be had."""
    if schema.get("type") == "boolean":
        return not value
    return value + 1 if schema.get("type") == "integer" and schema.get("maximum", 0) > value else None


# Where not every number is a value.
CHANGES = {"qos_dscp_marking_rule": {"dscp_mark": 46}}


def a_change(kind, shown):
    """An update of the kind's first attribute that can be changed freely; {} if it has none."""
    if kind.name in CHANGES:
        return CHANGES[kind.name]
    for name in ("description", "name", "summary", "metainfo"):
        if name in kind.update["properties"]:
            return {name: f"other{next(numbers)}"}
    for name, schema in kind.update["properties"].items():
        if name in shown and (value := changed_value(schema, shown[name])) is not None:
            return {name: value}
    return {}


def requests_of(document, kind, one):
    """(method, path, body) of each request to the object and what is below it."""
    prefix = kind.path + "/{id}"
    for path, item in document["paths"].items():
        if path == prefix or path.startswith(prefix + "/"):
            below = re.sub(r"{\w+}", "x", path[len(prefix):])
            for method in ("get", "put", "post", "delete"):
                if method in item:
                    body = None if method in ("get", "delete") else {"tags": ["x"]} if below.startswith("/tags") else \
                        {kind.singular: {}} if not below else {}
                    yield method.upper(), one["_path"] + below, body
