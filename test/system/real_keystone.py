"""A real Keystone, Debian's, for a test: SQLite in a folder of its own, one uwsgi process on loopback."""
import contextlib
import itertools
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import urllib.request

from conftest import wait_until

PORT = 5000
URL = f"http://127.0.0.1:{PORT}/v3"
ADMIN_PASSWORD = "keystone's admin"
CONFIG = """[database]
connection = sqlite:///{folder}/keystone.db
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[token]
expiration = {lifetime}
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
"""


def is_installed():
    return shutil.which("keystone-manage") and shutil.which("uwsgi_python3")


class Keystone:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.process = None
        self.marks = itertools.count()
        self.token = None

    def configure(self, lifetime=3600):
        """How many seconds its next tokens live."""
        (self.folder / "keystone.conf").write_text(CONFIG.format(folder=self.folder, lifetime=lifetime))

    def manage(self, *words):
        done = subprocess.run(["keystone-manage", "--config-file", self.folder / "keystone.conf", *words], text=True,
                              capture_output=True, timeout=180)
        assert done.returncode == 0, done.stderr

    def set_up(self):
        for name in ("fernet", "credential"):
            (self.folder / name).mkdir(mode=0o700)
        self.configure()
        self.manage("db_sync")
        # It writes while a session of its own still reads, which SQLite's default journal locks up on.
        with contextlib.closing(sqlite3.connect(self.folder / "keystone.db")) as database:
            assert database.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        self.manage("fernet_setup", "--keystone-user", "root", "--keystone-group", "root")
        self.manage("bootstrap", "--bootstrap-password", ADMIN_PASSWORD, "--bootstrap-public-url", URL,
                    "--bootstrap-region-id", "here")
        return self.start()

    def start(self):
        with open(self.folder / "log", "a") as log:
            self.process = subprocess.Popen(
                ["uwsgi_python3", "--http-socket", f"127.0.0.1:{PORT}", "--need-app", "--wsgi-file",
                 "/usr/bin/keystone-wsgi-public", "--pyargv", f"--config-file {self.folder}/keystone.conf",
                 "--buffer-size", "65535", "--add-header", "Connection: close"],
                stdout=log, stderr=log, env={**os.environ, "HOME": str(self.folder)}, cwd=self.folder)
        try:
            wait_until(self.answers, 150, "Keystone answers")
        except BaseException:
            self.kill()
            raise
        return self

    def answers(self):
        assert self.process.poll() is None, self.log()
        try:
            return urllib.request.urlopen(URL, timeout=5).status == 200
        except OSError:
            return False

    def kill(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def log(self):
        return (self.folder / "log").read_text()

    def questions(self):
        """How often somebody has asked it about a token. It logs one after the other, after its answer: once a request of our
        own is in the log, all before it are."""
        mark = f"GET /v3?mark={next(self.marks)} "
        urllib.request.urlopen(f"{URL}{mark.strip()[7:]}", timeout=20).close()
        wait_until(lambda: mark in self.log(), what="Keystone has logged what it was asked")
        return self.log().count("GET /v3/auth/tokens")

    def call(self, method, path, body=None, token=None, **headers):
        """As the administrator, unless a token is given; (body, headers)."""
        headers = {"X-Auth-Token": token or self.token or "", "Content-Type": "application/json", **headers}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(URL + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
            return json.loads(text) if text else None, answer.headers

    def log_in(self, user="admin", password=ADMIN_PASSWORD, project="admin", scope=None):
        """A token; of no project when project is None and there is no scope."""
        default = {"domain": {"id": "default"}}
        auth = {"identity": {"methods": ["password"], "password": {"user": {"name": user, "password": password,
                                                                            **default}}}}
        if scope or project:
            auth["scope"] = scope or {"project": {"name": project, **default}}
        return self.call("POST", "/auth/tokens", {"auth": auth})[1]["X-Subject-Token"]

    def make(self, kind, **attributes):
        return self.call("POST", f"/{kind}s", {kind: attributes})[0][kind]

    def role(self, name):
        return self.call("GET", f"/roles?name={name}")[0]["roles"][0]["id"]

    def revoke(self, token):
        self.call("DELETE", "/auth/tokens", **{"X-Subject-Token": token})
