"""docs/api.md's commands, as they stand there, against a weftd at the address that the page has, in a network namespace."""
import re
import subprocess

from weftd import BUILD, TOP, Weftd


def commands():
    """The shell blocks of the page, and the lines that begin with "$ "."""
    text = (TOP / "docs/api.md").read_text()
    for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S):
        if block.startswith("export "):
            yield block.replace("OS_PASSWORD=…", "OS_PASSWORD=$PASSWORD")
        yield from (line[2:] + "\n" for line in block.splitlines() if line.startswith("$ "))


def test_the_commands_of_the_page(tmp_path):
    """B2, B9: Identity, a token of the configuration, and a host's view by curl."""
    found = list(commands())
    assert len(found) == 3 and sum("openstack network create" in command for command in found) == 2
    weftd = Weftd(tmp_path, identity={}, tokens={"A-LONG-RANDOM-STRING": "admin:admin"}, listen="127.0.0.1:9696")
    script = f"""set -eu; ip link set lo up
    {BUILD}/src/controller/weftd --config {weftd.write_config()} & pid=$!
    until curl -sf http://127.0.0.1:9696/healthz; do kill -0 $pid; sleep 0.05; done
    unset $(env | sed -n 's/^\\(OS_[A-Z_]*\\|[a-z]*_proxy\\|[A-Z]*_PROXY\\)=.*/\\1/p')
    PASSWORD=$(cat {tmp_path}/weft.db.admin-password) TOKEN=A-LONG-RANDOM-STRING
    curl -sSf -H "X-Auth-Token: $TOKEN" -d '{{"host": {{"name": "h1", "tunnel_ips": ["192.0.2.11"]}}}}' http://127.0.0.1:9696/v2.0/hosts
    """ + "".join(f"({command})\n" for command in found) + "kill $pid; wait $pid\n"
    done = subprocess.run(["unshare", "--net", "--pid", "--fork", "--kill-child", "bash", "-c", script], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"^\| name +\| net1 ", done.stdout, re.M)) == 2 and '{"op":"sync"' in done.stdout, done.stdout
