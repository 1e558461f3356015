"""docs/quickstart.md, followed to the letter."""
import os
import re

from conftest import TOP, WEFT, run


def test_quickstart_works_as_written():
    """B53: the page's commands, pasted into a shell one block after another, do what it says."""
    blocks = re.findall(r"^```\n(.*?)^```$", (TOP / "docs/quickstart.md").read_text(), re.M | re.S)
    assert "make deps" in blocks[0] and len(blocks) >= 8
    env = {k: v for k, v in os.environ.items() if not k.startswith(("WEFT_", "OS_"))}
    env.update(WEFT_LAB=f"t{os.getpid()}-q", PATH=f"{WEFT.parent}:{env['PATH']}")
    # A ping that must not be answered is the page's one command that fails.
    script = "set -e\n" + "\n".join(blocks[1:]).replace("ping -c 1 -W 1 10.0.0.3", "ping -c 1 -W 1 10.0.0.3 || true")
    try:
        done = run("bash", "-c", script, env=env, timeout=400, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        # The first packet to a neighbour outside may be lost, which the page's `-w` is for; so it is no count of all.
        assert done.stdout.count(" 0% packet loss") >= 3 and done.stdout.count(" 1 received") >= 2 and "Verdict: sent out on the physical network." in done.stdout
        assert "Verdict: sent to another host." in done.stdout
        assert "100% packet loss" in done.stdout
        assert f"lab '{env['WEFT_LAB']}' is gone" in done.stdout
    finally:
        run(WEFT, "lab", "down", env=env, check=False)
        run("ip", "netns", "delete", f"outside-{env['WEFT_LAB']}", check=False)
