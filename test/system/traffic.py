"""Traffic between namespaces whose loss is counted while something else is broken or restarted."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time

import stalls

SUMMARY = re.compile(r"(\d+) packets transmitted, (\d+) received")
ANSWER = re.compile(r"^\[([\d.]+)\] .*icmp_seq=(\d+) .*?time=([\d.]+) ms$", re.MULTILINE)  # not of what came twice
SETTLE_S = 5  # so long an answer may take before it is none


class Ping:
    """ICMP echo at a fixed rate from a namespace, until stopped. Every sequence number is accounted for."""

    def __init__(self, namespace, address, interval_s=0.005):
        self.interval_s = interval_s
        stalls.now()
        self.output = tempfile.TemporaryFile("w+")  # not a pipe: nobody reads it meanwhile
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "ping", "-n", "-D", "-i", str(interval_s), "-W", "1", address],
            stdout=self.output, stderr=subprocess.STDOUT, text=True)

    def answered(self):
        """How many answers there are so far; ping writes them as they come."""
        return os.pread(self.output.fileno(), 1 << 24, 0).count(b"bytes from")

    def answers(self):
        """(when it came, number, when it was asked) of each so far."""
        out = os.pread(self.output.fileno(), 1 << 24, 0).decode()
        return [(float(at), int(number), float(at) - float(ms) / 1000) for at, number, ms in ANSWER.findall(out)]

    def settle(self):
        """Waits until what has been sent is answered, or is no more under way: something later is answered. Is anything, now?"""
        begin, recent = time.time(), int(1 / self.interval_s)
        while time.time() < begin + SETTLE_S:
            answers = self.answers()
            fresh = next((number for _, number, asked in answers if asked > begin), 0)
            if fresh and {number for _, number, _ in answers}.issuperset(range(max(1, fresh - recent), fresh)):
                return True
            if fresh and time.time() > begin + 1:  # the others are lost
                return True
            time.sleep(0.01)
        return False

    def stop(self):
        """Returns (sent, lost). Sets duplicates, and gap_s: the longest time without an answer, less what of it the machine stood still."""
        settled = self.settle()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.output.seek(0)
        out = self.output.read()
        summary = SUMMARY.search(out)
        assert summary, f"ping gave no summary: {out[-2000:]}"
        answers = self.answers()
        self.duplicates = out.count("DUP!")
        self.gap_s = stalls.longest_gap([at for at, _, _ in answers])
        sent, last = int(summary[1]), max((number for _, number, _ in answers), default=0)
        return sent, last - len({number for _, number, _ in answers}) + (0 if settled else sent - last)


class Iperf:
    """One TCP stream for a fixed time between two namespaces."""

    def __init__(self, client, server, address, seconds, port=5201, options=()):
        self.namespaces = (client, server)
        self.server = subprocess.Popen(["ip", "netns", "exec", server, "iperf3", "-s", "-1", "--forceflush", "-p", str(port)],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.server.stdout:
            if "listening" in line:
                break
        self.client = subprocess.Popen(
            ["ip", "netns", "exec", client, "iperf3", "-c", address, "-p", str(port), "-t", str(seconds), "-J", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self):
        """Waits for the end. Returns bits per second received, and the least second's share of it."""
        try:
            out, _ = self.client.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            for namespace in self.namespaces:
                print(namespace, subprocess.run(["ip", "netns", "exec", namespace, "ss", "-tanoi"], capture_output=True, text=True).stdout)
            raise
        self.server.communicate(timeout=10)
        report = json.loads(out)
        assert "error" not in report, report.get("error")
        seconds = [interval["sum"]["bits_per_second"] for interval in report["intervals"]]
        return report["end"]["sum_received"]["bits_per_second"], min(seconds)

    def stop(self):
        for process in (self.client, self.server):
            if process.poll() is None:
                process.kill()
                process.communicate()
