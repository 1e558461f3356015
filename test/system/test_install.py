"""docs/install.md, followed to the letter on a machine of its own: a mount namespace in which /etc, /usr/local, /var/lib and systemd's
folder are overlays, and a network namespace. Of what the page has there is no systemd, whose part a script plays that reads the units.

    eth1 192.0.2.11 ── weftd ("controller"), weft-agent ("hv1"), tap0
"""
import re
import subprocess
import sys

from weftd import BUILD, TOP

WORLD = """
set -eu
ip link set lo up
ip link add eth1 type veth peer name eth1-far; ip link set eth1-far up; ip addr add 192.0.2.11/24 dev eth1; ip link set eth1 up
ip tuntap add tap0 mode tap
mount -t tmpfs none {top}; mount -t tmpfs none /run; mount -t bpf none /sys/fs/bpf
for dir in /etc /usr/local /var/lib /usr/lib/systemd /root; do
    mkdir -p {top}/$dir.upper {top}/$dir.work
    mount -t overlay none -o lowerdir=$dir,upperdir={top}/$dir.upper,workdir={top}/$dir.work $dir
done
echo 192.0.2.11 controller >>/etc/hosts
export PATH={top}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
unset $(env | sed -n 's/^\\(OS_[A-Z_]*\\|WEFT_[A-Z_]*\\|[a-z]*_proxy\\|[A-Z]*_PROXY\\)=.*/\\1/p')
mkdir {top}/bin; printf '#!/bin/sh\\nexec {python} {systemctl} "$@"\\n' >{top}/bin/systemctl; chmod +x {top}/bin/systemctl
cd {top}
(cd {source} && meson install -C {build} --no-rebuild --quiet)
set -x
"""


def blocks():
    """The page's blocks in order: (what is written before it, the block)."""
    text = (TOP / "docs/install.md").read_text()
    return [(text[:found.start()].rsplit("\n\n", 1)[-1], found.group(1)) for found in re.finditer(r"^```(?:yaml)?\n(.*?)^```$", text, re.M | re.S)]


def as_script(before, block):
    """A block as a shell's input: files are written where the page says, and what is left out ("…", prompts) is filled in."""
    if block.startswith("make "):
        return ""
    if block.startswith("["):
        path, = re.findall(r"`(/etc/weft/\w+\.conf)`", before)[-1:]
        return f"cat >{path} <<'END'\n{block}END\nchmod 0600 {path}\n"
    if block.startswith("clouds:"):
        return f"mkdir -p ~/.config/openstack; cat >~/.config/openstack/clouds.yaml <<END\n{block.replace('…', '$ADMIN')}END\n"
    block = block.replace("WEFT_TOKEN=…", "WEFT_TOKEN=REPLACE-ME-WITH-A-LONG-RANDOM-STRING")
    block = block.replace("user password set ", "user password set --original-password $ADMIN --password $ADMIN-2; sed -i s/$ADMIN/$ADMIN-2/ "
                          "~/.config/openstack/clouds.yaml ").replace("--password-prompt", "--password secret-of-rita")
    block = block.replace("<port id>", "$(weft port show vm1 -f value -c id)")
    return block + ("ADMIN=$(cat /var/lib/weft/weft.db.admin-password)\n" if "enable --now weftd" in block else "")


def test_the_guide_works_as_written(tmp_path):
    """B9, B31: from the installed programs to an ACTIVE port, with units, certificate, Identity and the openstack command."""
    (tmp_path / "top").mkdir()
    systemctl = tmp_path / "systemctl.py"
    systemctl.write_text(SYSTEMCTL)
    script = WORLD.format(top=tmp_path / "top", python=sys.executable, systemctl=systemctl, source=TOP, build=BUILD)
    script += "".join(as_script(*block) for block in blocks())
    script += "weft status\nsystemctl disable --now weft-agent && weft-agent --cleanup\nls /sys/fs/bpf\n"
    done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150)
    assert done.returncode == 0, done.stdout
    assert "ports       ACTIVE=1" in done.stdout and re.search(r"^hv1 +up to date", done.stdout, re.M), done.stdout
    assert "weft" not in done.stdout.rpartition("ls /sys/fs/bpf")[2], done.stdout


SYSTEMCTL = '''
"""`systemctl enable|disable --now UNIT`, as far as the units of weft go."""
import os, pathlib, pwd, shutil, signal, subprocess, sys, time

def runs(pid):
    """Who ends while this is read, has ended."""
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


verb, _, name = sys.argv[1:]
unit = [line.split("=", 1) for line in pathlib.Path(f"/usr/lib/systemd/system/{name}.service").read_text().splitlines() if "=" in line and line[0] != "#"]
value = dict(unit)
record = pathlib.Path(f"/run/{name}.pid")
if verb == "disable":
    pid = int(record.read_text())
    os.kill(pid, signal.SIGTERM)
    while runs(pid):
        time.sleep(0.01)
    sys.exit()
user = pwd.getpwnam(value.get("User", "root"))
credentials = pathlib.Path(f"/run/credentials-{name}")
credentials.mkdir()
for folder in ("/var/lib/" + value["StateDirectory"], "/run/" + value.get("RuntimeDirectory", name)):
    os.makedirs(folder, exist_ok=True)
    os.chown(folder, user.pw_uid, user.pw_gid)
for credential in (v for k, v in unit if k == "LoadCredential"):
    to, source = credential.split(":")
    shutil.copy(source, credentials / to)
    os.chown(credentials / to, user.pw_uid, user.pw_gid)
    os.chmod(credentials / to, 0o400)
command = value["ExecStart"].replace("${CREDENTIALS_DIRECTORY}", str(credentials)).split()
who = dict(user=user.pw_uid, group=user.pw_gid, extra_groups=[]) if user.pw_uid else {}
log = open(f"/run/{name}.log", "wb")
process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **who)
record.write_text(str(process.pid))
ready = {"weftd": "listening on", "weft-agent": "connected"}[name]
for _ in range(1000):
    text = pathlib.Path(f"/run/{name}.log").read_text()
    if ready in text:
        sys.exit()
    if process.poll() is not None:
        break
    time.sleep(0.02)
sys.exit(f"{name} does not run: {text}")
'''
