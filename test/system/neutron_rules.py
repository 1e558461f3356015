"""What Networking's own code makes of security group rules, as far as no database is needed. A process of its own, since that code changes the
interpreter that it is in (eventlet replaces sleep(), threads and sockets). Reads requests, a line of JSON each, and answers so:
[error's type or null, rule or null], or null where the code is not installed, once and before any request."""
import importlib
import json
import sys

STEPS = ("make_canonical_ipv6_icmp_protocol", "make_canonical_port_range", "validate_port_range", "validate_ip_prefix", "validate_ethertype_and_protocol")


class Rules:
    def __init__(self):
        database = importlib.import_module("neutron.db.securitygroups_db").SecurityGroupDbMixin
        self.extension = importlib.import_module("neutron.extensions.securitygroup")
        self.attributes = importlib.import_module("neutron_lib.api.attributes")
        self.failures = (importlib.import_module("neutron_lib.exceptions").NeutronException, importlib.import_module("webob.exc").HTTPError)
        self.checks = type("Checks", (), {name: getattr(database, name) for name in dir(database)
                                          if name.startswith(("_make_canonical", "_validate", "_get_ip_proto"))})()

    def make(self, given):
        rule = {**given, "tenant_id": "p", "project_id": "p"}
        info = self.attributes.AttributeInfo(dict(self.extension.RESOURCE_ATTRIBUTE_MAP["security_group_rules"]))
        try:
            info.fill_post_defaults(rule)
            info.convert_values(rule)
            for step in STEPS:
                getattr(self.checks, "_" + step)(rule)
        except self.failures as error:
            return type(error).__name__.replace("HTTPBadRequest", "InvalidInput"), None
        return None, rule


def main():
    try:
        rules = Rules()
    except ImportError:
        print("null", flush=True)
        return
    print("true", flush=True)
    for line in sys.stdin:
        print(json.dumps(rules.make(json.loads(line)), default=str), flush=True)


main()
