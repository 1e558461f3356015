"""The fuzz targets of the whole request path begin with every verb of every kind: their seeds are made of the tables, and are taken."""
import collections
import os
import re
import subprocess
import sys

from weftd import BUILD, TOP

# Verbs of which an example can't be done as it stands: without a body, they are refused; and what Networking never changes.
NEVER = {"metering_label": {"PUT"}, "metering_label_rule": {"PUT"}}


# Below /v3: what the seeds of `identity` do there with success; "*" is any id.
OBJECTS = ("users", "projects", "domains", "groups", "roles", "regions", "services", "endpoints", "credentials")
IDENTITY = {f"{verb} /v3/{kind}" for kind in OBJECTS for verb in ("POST", "GET")} \
    | {f"{verb} /v3/{kind}/*" for kind in (*OBJECTS, "limits", "registered_limits") for verb in ("GET", "PATCH", "DELETE")} \
    | {f"{verb} /v3/{path}" for verb in ("PUT", "HEAD", "DELETE") for path in (
        "projects/*/users/*/roles/*", "domains/*/groups/*/roles/*", "system/users/*/roles/*", "OS-INHERIT/projects/*/users/*/roles/*/*")
       if (verb, path[:3]) not in (("DELETE", "dom"), ("DELETE", "sys"))} \
    | {f"{verb} /v3/{path}" for verb in ("POST", "GET") for path in (
        "auth/tokens", "limits", "registered_limits", "OS-TRUST/trusts", "users/*/application_credentials")} \
    | {f"{verb} /v3/{path}" for verb in ("GET", "DELETE") for path in (
        "users/*/application_credentials/*", "users/*/access_rules/*", "OS-TRUST/trusts/*", "projects/*/tags", "roles/*/implies/*")} \
    | {"DELETE /v3/auth/tokens", "GET /v3/auth/catalog", "PUT /v3/projects/*/tags/*", "PUT /v3/groups/*/users/*", "GET /v3/role_assignments",
       "GET /v3/OS-TRUST/trusts/*/roles/*", "POST /v3/users/*/password"}


def seeds_of(target, folder):
    environment = dict(os.environ, WEFT_BUILD=str(BUILD))
    subprocess.run([sys.executable, TOP / f"test/fuzz/{target}_seeds.py", folder], env=environment, check=True, timeout=120)
    seeds = sorted(folder.iterdir())
    for seed in seeds:
        assert seed.stat().st_size <= 16384, f"{seed.name} is more than tools/fuzz gives the fuzzer"
    return seeds


def replay(target, seed):
    """The lines "METHOD path … => status …" of what is asked and answered."""
    replayed = subprocess.run([BUILD / f"test/fuzz/fuzz_{target}", seed], env=dict(os.environ, FUZZ_ANSWERS="1"), capture_output=True, text=True, timeout=60)
    assert replayed.returncode == 0, (seed.name, replayed.stderr)
    assert not re.findall(r" => (?!HTTP/1.1 )", replayed.stdout), (seed.name, replayed.stdout)
    return replayed.stdout


def test_every_verb_of_every_kind(tmp_path):
    """B2: each kind's seed is replayed through HTTP, router, model and store: creation, lists, update and deletion succeed in it."""
    seeds = seeds_of("request", tmp_path)
    assert len(seeds) > 25
    for seed in seeds:
        said = replay("request", seed)
        good = collections.Counter(re.findall(r"^(\w+) .* => HTTP/1.1 2", said, re.M))
        kind = seed.name.removeprefix("kind-")
        assert seed.name != "rest" or good["GET"] > 20, said
        assert {"POST", "GET", "PUT", "DELETE"} - NEVER.get(kind, set()) <= set(good) and good["GET"] >= 3, (kind, good, said)


def test_identity(tmp_path):
    """B2: the seeds of Identity v3 are replayed the same way; every collection's verbs succeed, by log-ins of each method."""
    good = set()
    for seed in seeds_of("identity", tmp_path):
        for verb, path in re.findall(r"^(\w+) ([^ ?]+)\S* HTTP/1.1 => HTTP/1.1 2", replay("identity", seed), re.M):
            good.add(f"{verb} " + re.sub(r"/[0-9a-f-]{36}\b|(?<=s)/(?:there|far|x|z|default|inherited_to_projects)\b|/inherited_to_projects", "/*", path))
    assert not IDENTITY - good, (sorted(IDENTITY - good), sorted(good))
