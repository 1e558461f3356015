"""A real weftd for a test, in a folder of its own on a port of its own, and a client to talk to it."""
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", TOP / "build")).resolve()
ASAN_BUILD = BUILD.parent / "build-asan"
ADMIN, MEMBER, READER, OTHER = "admin-token", "member-token", "reader-token", "other-token"
TOKENS = {ADMIN: "admin:admin", MEMBER: "project-1:member", READER: "project-1:reader", OTHER: "project-2:member"}


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def error(self):
        return self.json["NeutronError"]["type"] if "NeutronError" in self.json else self.json["debuginfo"]

    @property
    def message(self):
        return self.json["NeutronError"]["message"] if "NeutronError" in self.json else self.json["faultstring"]

    @property
    def revision(self):
        return int(self.headers["X-Weft-Revision"])


def refused(answer, status, error, part=""):
    """Asserts that the answer is that error, whose message has the part; the message."""
    assert (answer.status, answer.error) == (status, error), answer.text
    assert part in answer.message
    return answer.message


class Client:
    """One keep-alive connection; one per thread."""

    def __init__(self, port, token=ADMIN, timeout=20, host="127.0.0.1"):
        self.connection = http.client.HTTPConnection(host, port, timeout=timeout)
        self.headers = {"X-Auth-Token": token} if token else {}

    def ask(self, method, path, data, headers):
        self.connection.request(method, path, data, {**self.headers, **headers})
        return self.connection.getresponse()

    def call(self, method, path, body=None, headers=None):
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        try:
            answer = self.ask(method, path, data, headers or {})
        except http.client.RemoteDisconnected:  # idle for too long, just as we asked (RFC 9112 section 9.5)
            if method != "GET":
                raise
            answer = self.ask(method, path, data, headers or {})
        return Answer(answer.status, answer.headers, answer.read())

    def get(self, path, **query):
        return self.call("GET", path + ("?" + urllib.parse.urlencode(query, doseq=True) if query else ""))

    def make(self, kind, **attributes):
        """Creates an object and gives it back."""
        answer = self.call("POST", f"/v2.0/{kind}s", {kind: attributes})
        assert answer.status == 201, answer.text
        return answer.json[kind]


class Weftd:
    def __init__(self, folder, build=BUILD, store=None, identity=None, quotas=None, policy=None, keystone=None, notify=None, providers=None, webhooks=None, tokens=None, compliance=None, **settings):
        self.folder, self.build = pathlib.Path(folder), build
        self.store = store or f"sqlite:{self.folder}/weft.db"
        self.groups = {"quotas": {"default": -1} if quotas is None else quotas, "identity": identity, "security_compliance": compliance,
                       "policy": {"file": policy} if policy else None,
                       "keystone": keystone, "notify": notify, "providers": providers,
                       **{f"provider {name}": webhook for name, webhook in (webhooks or {}).items()}}
        self.tokens = TOKENS if tokens is None else tokens
        self.settings = {"listen": "127.0.0.1:0", **settings}
        self.process, self.port, self.lines = None, None, []

    def write_config(self):
        path = self.folder / "weftd.conf"
        lines = ["[weftd]", f"store = {self.store}"]
        lines += [f"{key.replace('_', '-')} = {value}" for key, value in self.settings.items()]
        lines += ["[tokens]"] + [f"{token} = {who}" for token, who in self.tokens.items()]
        for name, group in self.groups.items():
            if group is not None:
                lines += [f"[{name}]"] + [f"{key.replace('_', '-')} = {value}" for key, value in group.items()]
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)
        return path

    def launch(self):
        """Starts the process without waiting for it."""
        environment = {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", **os.environ, "LC_ALL": "C.UTF-8"}
        self.lines = []
        self.process = subprocess.Popen([self.build / "src/controller/weftd", "--config", self.write_config()],
                                        stderr=subprocess.PIPE, text=True, env=environment)
        return self

    def start(self):
        self.launch()
        for line in self.process.stderr:
            self.lines.append(line)
            found = re.search(r"listening on .*, port (\d+)", line)
            if found:
                self.port = int(found.group(1))
                threading.Thread(target=self._drain, daemon=True).start()
                return self
        raise AssertionError(f"weftd ended with {self.process.wait()}:\n" + "".join(self.lines))

    def _drain(self):
        for line in self.process.stderr:
            self.lines.append(line)

    def refused(self, timeout=20):
        """Starts a weftd that must not start; its complaint."""
        self.launch()
        _, text = self.process.communicate(timeout=timeout)
        assert self.process.returncode == 1, (self.process.returncode, text)
        return text

    def stop(self):
        """By SIGTERM; it must end cleanly."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, "".join(self.lines[-60:])

    def kill(self):
        self.process.kill()
        self.process.wait()

    def client(self, token=ADMIN, **options):
        return Client(self.port, token, **options)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"
