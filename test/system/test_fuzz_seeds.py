"""The fuzz target of the whole request path begins with every verb of every kind: its seeds are made of the tables, and are taken."""
import collections
import os
import re
import subprocess
import sys

from weftd import BUILD, TOP

# Verbs of which an example can't be done as it stands: without a body, they are refused; and what Networking never changes.
NEVER = {"metering_label": {"PUT"}, "metering_label_rule": {"PUT"}}


def test_every_verb_of_every_kind(tmp_path):
    """B2: each kind's seed is replayed through HTTP, router, model and store: creation, lists, update and deletion succeed in it."""
    environment = dict(os.environ, WEFT_BUILD=str(BUILD))
    subprocess.run([sys.executable, TOP / "test/fuzz/request_seeds.py", tmp_path], env=environment, check=True, timeout=120)
    seeds = sorted(tmp_path.iterdir())
    assert len(seeds) > 25
    for seed in seeds:
        assert seed.stat().st_size <= 16384, f"{seed.name} is more than tools/fuzz gives the fuzzer"
        replayed = subprocess.run([BUILD / "test/fuzz/fuzz_request", seed], env=dict(environment, FUZZ_ANSWERS="1"), capture_output=True, text=True,
                                  timeout=60)
        assert replayed.returncode == 0, (seed.name, replayed.stderr)
        good = collections.Counter(re.findall(r"^(\w+) .* => HTTP/1.1 2", replayed.stdout, re.M))
        kind = seed.name.removeprefix("kind-")
        assert seed.name != "rest" or good["GET"] > 20, replayed.stdout
        assert {"POST", "GET", "PUT", "DELETE"} - NEVER.get(kind, set()) <= set(good) and good["GET"] >= 3, (kind, good, replayed.stdout)
        assert not re.findall(r" => (?!HTTP/1.1 )", replayed.stdout), (kind, replayed.stdout)
