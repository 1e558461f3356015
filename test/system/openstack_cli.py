"""The `openstack` CLI, many times for the price of one start: its own entry point, in a process that keeps its modules.

As a program (the tests run it by Debian's Python) it reads one JSON list of words per line, runs the CLI with them, and
writes one JSON line: [exit code, standard output, standard error].
"""
import contextlib
import io
import json
import os
import subprocess
import sys


class Cli:
    """cli("network", "list") runs `openstack network list` with the variables OS_… given at first; gives its output."""

    def __init__(self, **variables):
        clean = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
        self.process = subprocess.Popen(["/usr/bin/python3", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL, env={**clean, **variables})

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)

    def __call__(self, *words, fails=False):
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        code, out, err = json.loads(self.process.stdout.readline())
        assert (code != 0) == fails, f"openstack {' '.join(words)} → {code}\n{out}{err}"
        return err if fails else out

    def json(self, *words):
        return json.loads(self(*words, "-f", "json"))


def run(words):
    from openstackclient import shell

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = shell.main(words)
        except SystemExit as end:
            code = end.code
    return [code or 0, out.getvalue(), err.getvalue()]


def main():
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
