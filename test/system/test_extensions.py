"""What weftd says it has is there, by the attribute maps of the neutron_lib that is installed: for every listed extension each
attribute is taken, refused, shown, filtered and sorted by as its map says, with the same limits and defaults, `null` where its
validator takes it, and a rule of its own in policy files; its verbs and the extensions that it requires are there;
docs/extensions.md is the list. Proves B2.

test_openapi.py proves that the OpenAPI document, which is compared here, is what weftd does."""
import collections
import importlib
import json
import pkgutil
import re

import pytest

from examples import Examples, kinds_of
from weftd import TOP, Weftd

definitions = pytest.importorskip("neutron_lib.api.definitions")
from neutron_lib import constants  # noqa: E402
from neutron_lib.api import validators  # noqa: E402
from neutron_lib.api.definitions import base  # noqa: E402

CORE = ["network", "subnet", "port"]  # have maps, and are no extensions
NOT_SERVED = {"dummy", *CORE}

# Where weftd differs on purpose: "collection.attribute: what" → why. One that is not needed any more is an error.
ON_PURPOSE = {
    **{f"{kind}.protocol: enum is ['dccp', 'icmp', 'ipv6-icmp', 'sctp', 'tcp', 'udp'], weftd has ['tcp', 'udp']":
       "it is about ports, and hosts translate those of TCP and UDP" for kind in ("port_forwardings", "conntrack_helpers")},
    "rule_types.*: there is no such collection": "they are no objects: test_qos_api.py",
    **{f"alias_{rules}_rules.*: there is no such collection": "rules found by their id alone: test_qos_api.py"
       for rules in ("bandwidth_limit", "dscp_marking", "minimum_bandwidth", "minimum_packet_rate")},
    **{f"{rules}_rules.tenant_id: {key} is True, but it is not {what}": "a rule is its policy's project's"
       for rules in ("bandwidth_limit", "dscp_marking", "minimum_bandwidth", "packet_rate_limit", "minimum_packet_rate")
       for key, what in (("is_visible", "shown"), ("allow_post", "taken when created"))},
    "metering_label_rules.tenant_id: is_visible is True, but it is not shown": "a rule is its label's project's",
    "metering_label_rules.*: there is no such collection of metering_label_rules":
        "means the rules themselves: test_logs_and_meters.py",
    "networks.mtu: default is 0, weftd has 1422": "0 says what weftd shows: what the underlay leaves",
    **{f"networks.provider:{name}: allow_put is True, but it is not taken in an update": "a network stays what it is, in Neutron too"
       for name in ("network_type", "physical_network")},
    "networks.l2_adjacency: allow_post is False, but it is taken when created": "false asks for a network that is routed between its ports: docs/api.md",
    "networks.segments: allow_put is True, but it is not taken in an update": "a network stays what it is, in Neutron too",
    **{f"{kind}.tenant_id: {what}": "they are everybody's, in Neutron too"
       for kind in ("flavors", "service_profiles")
       for what in ("is_visible is True, but it is not shown", "allow_post is True, but it is not taken when created")},
    "bindings.*: there is no such collection of ports": "it has handlers of its own, which test_trunks.py compares",
    "auto_allocated_topologies.*: there is no such collection": "one a project, by its name: test_auto_allocated_topology.py",
    "dhcp_networks.*: there is no such collection of agents": "they are networks: test_agents_api.py",
    "dhcp_agents.*: there is no such collection of networks": "they are agents: test_agents_api.py",
    "service_profiles.*: there is no such collection of flavors": "it has handlers of its own",
    "ports.numa_affinity_policy: enum is ['legacy', 'preferred', 'required'], weftd has ['legacy', 'preferred', 'required', 'socket']":
        "port-numa-affinity-policy-socket, which is newer",
    "ports.propagate_uplink_status: allow_put is False, but it is taken in an update": "uplink-status-propagation-updatable, which is newer",
    "next_providers.*: there is no such collection of flavors": "not in OpenStack's description of the API",
    **{f"firewall_{kind}.tenant_id: maxLength is 36, weftd has 255": "projects are named as everywhere" for kind in ("rules", "groups", "policies")},
    "firewall_rules.protocol: enum is ['dccp', 'icmp', 'ipv6-icmp', 'sctp', 'tcp', 'udp'], weftd has []": "these, in any case, or any number",
    "subnets.shared: is no filter": "it is not shown either; networks have it",
    "ipsec_site_connections.dpd: default is {}, weftd has {'action': 'hold', 'interval': 30, 'timeout': 120}": "what {} means in Neutron too",
    **{f"{kind}.lifetime: default is {{}}, weftd has {{'units': 'seconds', 'value': 3600}}": "what {} means in Neutron too"
       for kind in ("ikepolicies", "ipsecpolicies")},
}


# In the API, but what they promise is not true yet: docs/extensions.md says what is missing.
NOT_YET = set()


def modules():
    found = {}
    for info in pkgutil.iter_modules(definitions.__path__):
        module = importlib.import_module(f"{definitions.__name__}.{info.name}")
        if hasattr(module, "ALIAS"):
            found[module.ALIAS] = module
    return found


MODULES = modules()


@pytest.fixture(scope="module")
def weftd(tmp_path_factory):
    server = Weftd(tmp_path_factory.mktemp("extensions"), store="memory:").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def listed(weftd):
    return [e["alias"] for e in weftd.client().get("/v2.0/extensions").json["extensions"]]


@pytest.fixture(scope="module")
def document(weftd):
    return weftd.client().get("/openapi.json").json


@pytest.fixture(scope="module")
def kinds(document):
    """The kinds by (collection of the parent or None, collection)."""
    found = {}
    for kind in kinds_of(document, "list").values():
        head = kind.path.split("/{")[0]
        parent = plain(head.rsplit("/", 1)[1]) if kind.parent else None
        found[parent, plain(kind.path.rsplit("/", 1)[1])] = kind
    return found


def plain(collection):
    return collection.replace("-", "_")


def in_order(aliases):
    """Those with a map, behind the ones that they require: a later map changes what an earlier one says."""
    done, begun = [], set()

    def add(alias):
        if alias in MODULES and alias not in done and alias not in begun:
            begun.add(alias)  # two may name each other
            for required in MODULES[alias].REQUIRED_EXTENSIONS + MODULES[alias].OPTIONAL_EXTENSIONS:
                if required in aliases:
                    add(required)
            if alias not in done:
                done.append(alias)
    for alias in [*CORE, *sorted(aliases)]:
        add(alias)
    return done


def maps_of(module):
    """(parent's collection, collection, attributes) of a definition."""
    for collection, attributes in (module.RESOURCE_ATTRIBUTE_MAP or {}).items():
        yield None, plain(collection), attributes
    for collection, sub in (module.SUB_RESOURCE_ATTRIBUTE_MAP or {}).items():
        parent = sub.get("parent")
        yield plain(parent["collection_name"]) if parent else "?", plain(collection), sub["parameters"]


@pytest.fixture(scope="module")
def expected(listed):
    """{(parent, collection): {attribute: (alias, its map)}}; the later definition of an attribute counts."""
    found = collections.defaultdict(dict)
    for alias in in_order(listed):
        for parent, collection, attributes in maps_of(MODULES[alias]):
            if parent == "?":  # it changes what another one has
                parent = next((p for p, c in found if c == collection and p), None)
            for name, attribute in attributes.items():
                old = found[parent, collection].get(name, (None, {}))[1]
                found[parent, collection][name] = alias, {**old, **attribute}
    return found


class Differences:
    """Collected, so that one run shows all that a test found."""

    def __init__(self):
        self.lines, self.seen = [], set()

    def add(self, collection, attribute, alias, what):
        key = f"{collection}.{attribute}: {what}"
        self.seen.add(key)
        if key not in ON_PURPOSE:
            self.lines.append(f"{collection}.{attribute} ({alias}): {what}")

    def done(self):
        lines, self.lines = self.lines, []
        assert not lines, "\n".join(["weftd differs from neutron_lib:", *lines])


def default_of(attribute):
    """JSON of the default by the map; a list without one: there is none that could be compared."""
    value = attribute.get("default", constants.ATTR_NOT_SPECIFIED)
    if value is constants.ATTR_NOT_SPECIFIED:
        return []
    if "convert_to" in attribute:
        try:
            value = attribute["convert_to"](value)
        except Exception:  # a default that the converter would not take
            return []
    return [] if value is constants.ATTR_NOT_SPECIFIED else [json.loads(json.dumps(value))]


def limits_of(attribute):
    """What a validator says in the words of a schema: (word, value)."""
    for validator, rule in (attribute.get("validate") or {}).items():
        word = validator.removeprefix("type:")
        if word in ("string", "string_or_none") and isinstance(rule, int):
            yield "maxLength", rule
        elif word == "values":
            yield "enum", [value for value in rule if value is not None]
        elif word in ("range", "range_or_none"):
            yield "minimum", rule[0]
            yield "maximum", rule[1]


def compare_limits(name, attribute, schema):
    for word, value in limits_of(attribute):
        have = schema.get(word)
        if word == "maxLength" and "enum" in schema:
            continue
        if word == "enum":
            have = sorted(choice for choice in have or [] if choice is not None)
            value = sorted(v for v in value if isinstance(v, str))
        if word in ("minimum", "maximum"):
            value = int(value)
        if have != value and value != []:
            yield f"{word} is {value}, weftd has {have}"


def compare(attribute, name, kind):
    """What weftd does otherwise than the map says."""
    shown, create, update = (schema["properties"] for schema in (kind.answer, kind.create, kind.update))
    for key, there, sentence in (("is_visible", name in shown, "shown"), ("allow_post", name in create, "taken when created"),
                                 ("allow_put", name in update, "taken in an update")):
        if bool(attribute.get(key)) != there:
            yield f"{key} is {bool(attribute.get(key))}, but it is {'' if there else 'not '}{sentence}"
    if attribute.get("allow_post") and name in create:
        for default in default_of(attribute):
            have = create[name].get("default")
            if default != have and not (default in (None, [], {}, "") and have in (None, [], {}, "")):
                yield f"default is {default}, weftd has {have}"
        yield from compare_limits(name, attribute, create[name])


@pytest.fixture(scope="module")
def examples(weftd, document):
    return Examples(weftd.client(), document)


def named(examples, kind):
    """The name and kind of what is created at the same place; None: nothing is."""
    return next(((name, other) for name, other in examples.kinds.items() if other.path == kind.path), None)


@pytest.fixture(scope="module")
def differences():
    """Of all tests, for the last one."""
    return Differences()


def test_attributes(expected, kinds, differences):
    for (parent, collection), attributes in expected.items():
        kind = kinds.get((parent, collection))
        if not kind:
            first = next(iter(attributes.values()), ("?",))[0]
            differences.add(collection, "*", first, f"there is no such collection{f' of {parent}' if parent else ''}")
            continue
        for name, (alias, attribute) in attributes.items():
            for what in compare(attribute, name, kind):
                differences.add(collection, name, alias, what)
    differences.done()


def test_nothing_unlisted(expected, kinds):
    """Every collection that a definition describes belongs to an alias that is listed."""
    known = {(parent, collection): alias for alias, module in MODULES.items() for parent, collection, attributes in maps_of(module)}
    unlisted = {f"{kind.path} belongs to {known[key]}" for key, kind in kinds.items() if key in known and key not in expected
                and known[key] not in NOT_YET}
    assert not unlisted


def sample(schema):
    """Some value of a filter."""
    if schema.get("type") == "boolean":
        return "true"
    items = schema.get("items", {}).get("properties")
    return f"{next(iter(items))}=x" if items else "x"


def test_filters_and_sort_keys(expected, kinds, weftd, examples, differences):
    """What the map calls a filter or a sort key is one; weftd has more of both."""
    admin = weftd.client()
    for key, attributes in expected.items():
        kind = kinds.get(key)
        if not kind:
            continue
        path = examples.request(named(examples, kind)[0])[0] if kind.parent else kind.path
        for name, (alias, attribute) in attributes.items():
            value = sample(kind.answer["properties"].get(name, {}))
            if attribute.get("is_filter") and admin.get(path, **{name: value}).status != 200:
                differences.add(key[1], name, alias, "is no filter")
            if attribute.get("is_sort_key") and admin.get(path, sort_key=name, sort_dir="desc").status != 200:
                differences.add(key[1], name, alias, "is no sort key")
    differences.done()


def takes_null(attribute):
    """Does Neutron take null for it? It converts, then asks the validators (neutron_lib.api.attributes, convert_values())."""
    try:
        value = attribute.get("convert_to", lambda value: value)(None)
        if any(validators.get_validator(name)(value, rule) for name, rule in (attribute.get("validate") or {}).items()):
            return False
    except Exception:  # as good as a refusal
        return False
    return True


def test_null(expected, kinds, weftd, examples, differences):
    """Clients send null to unset, as Nova does for binding:host_id. weftd takes more nulls than Neutron, which harms nobody."""
    admin = weftd.client()
    for key, attributes in expected.items():
        found = named(examples, kinds[key]) if key in kinds else None
        for name, (alias, attribute) in attributes.items() if found else ():
            if not attribute.get("allow_post") or name not in found[1].create["properties"] or not takes_null(attribute):
                continue
            path, example = examples.request(found[0])
            answer = admin.call("POST", path, {found[1].singular: {**example, name: None}})
            if answer.status != 201 and "null" in answer.message:
                differences.add(key[1], name, alias, f"null is refused: {answer.message}")
    differences.done()


def test_rules_of_attributes(expected, kinds, examples, tmp_path):
    """A policy file may have a rule for each attribute of which the map says enforce_policy, and weftd would ask for it."""
    rules = []
    for key, attributes in expected.items():
        found = named(examples, kinds[key]) if key in kinds else None
        if not found or key[0]:
            continue
        for name, (_, attribute) in attributes.items():
            for verb, allow, schema in (("create", "allow_post", found[1].create), ("update", "allow_put", found[1].update)):
                if attribute.get("enforce_policy") and attribute.get(allow) and name in schema["properties"] and name != "tenant_id":
                    rules.append(f'"{verb}_{found[1].singular}:{name}": "!"')
    assert '"create_port:binding:vnic_type": "!"' in rules and '"update_network:router:external": "!"' in rules
    (tmp_path / "policy.yaml").write_text("\n".join(rules))
    strict = Weftd(tmp_path, store="memory:", policy=tmp_path / "policy.yaml").start()
    try:
        refused = strict.client().call("POST", "/v2.0/networks", {"network": {"router:external": True}})
        assert refused.status == 403 and "rule:create_network:router:external" in refused.message
    finally:
        strict.stop()


def test_verbs(listed, document):
    missing = []
    for alias in in_order(listed):
        for resource, verbs in (MODULES[alias].ACTION_MAP or {}).items():
            for verb, method in verbs.items():
                if verb.endswith("_extraroutes") and "extraroute-atomic" not in listed:
                    continue  # neutron_lib adds them to the router's own
                paths = [path for path, item in document["paths"].items()
                         if path.endswith(f"/{verb}") and method.lower() in item]
                if not paths:
                    missing.append(f"{method} of {verb} of a {resource} ({alias})")
    assert not missing, "\n".join(missing)


def test_required_extensions(listed, differences):
    for alias in listed:
        for required in MODULES[alias].REQUIRED_EXTENSIONS if alias in MODULES else []:
            if required not in listed:
                differences.add(alias, "*", alias, f"requires {required}")
    differences.done()


def test_extension_by_alias(listed, weftd):
    """The openstack CLI and others ask for one singly."""
    admin = weftd.client()
    assert len(listed) == len(set(listed))
    for alias in listed:
        assert admin.get(f"/v2.0/extensions/{alias}").json["extension"]["alias"] == alias
    assert admin.get("/v2.0/extensions/no-such").status == 404


def table():
    """Alias → what the table of docs/extensions.md says of it: "yes", or what is missing."""
    rows = re.findall(r"^\| `([^`]+)` \| (yes|no) \| (.*?) ?\|$", (TOP / "docs/extensions.md").read_text(), re.M)
    aliases = [alias for alias, _, _ in rows]
    assert len(aliases) == len(set(aliases)), [alias for alias in aliases if aliases.count(alias) > 1]
    return {alias: (state, text) for alias, state, text in rows}


def test_table(listed):
    """docs/extensions.md has every alias that neutron_lib knows, and tells of each what weftd says."""
    rows = table()
    supported = {alias for alias, (state, _) in rows.items() if state == "yes"}
    assert supported == set(listed), f"docs/extensions.md: yes, but not listed by weftd: {supported - set(listed)}; " \
        f"listed, but not yes: {set(listed) - supported}"
    known = (set(MODULES) | set(base.KNOWN_EXTENSIONS)) - NOT_SERVED
    assert known <= set(rows), f"docs/extensions.md lacks {known - set(rows)}"
    unsaid = [alias for alias, (state, text) in rows.items() if state == "no" and not text]
    assert not unsaid, f"docs/extensions.md does not say what is missing for {unsaid}"


def test_on_purpose(differences):
    """No exception is kept longer than it is needed. Runs behind the others."""
    needless = [key for key in ON_PURPOSE if key not in differences.seen]
    assert not needless, needless
