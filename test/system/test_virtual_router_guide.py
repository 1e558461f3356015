"""docs/virtual-router.md, followed to the letter."""
import os
import re

from conftest import TOP, WEFT, run


def test_the_walk_through_works_as_written():
    """Z3, Z4, Z5, Z6, Z7, Z44, B33: from nothing to a network with DHCP, DNS, SNAT, a floating IP and a forwarded port, in as many calls as the page says."""
    page = (TOP / "docs/virtual-router.md").read_text()
    walk = page[page.index("## From nothing"):page.index("## Offerings")]
    blocks = re.findall(r"^```\n(.*?)^```$", walk, re.M | re.S)
    calls = [[line for line in block.splitlines() if line.startswith("weft ") and " lab " not in line and " list " not in line.split("$")[0] and " set far " not in line] for block in blocks]
    assert [len(lines) for lines in calls[1:5] if lines] == [5, 4, 4] and "Thirteen calls in all" in walk
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WEFT_", "OS_"))}
    env.update(WEFT_LAB=f"t{os.getpid()}-w", PATH=f"{WEFT.parent}:{env['PATH']}")
    try:
        done = run("bash", "-c", "set -e\n" + "\n".join(blocks), env=env, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count(" 0% packet loss") == 2
        assert "floating IP: 200" in done.stdout and "forwarded port: 200" in done.stdout
        assert re.search(r"router +h[12] +(ACTIVE|BUILD)", done.stdout)
    finally:
        run(WEFT, "lab", "down", env=env, check=False)
