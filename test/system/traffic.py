"""Traffic between namespaces whose loss is counted while something else is broken or restarted."""
import json
import os
import re
import signal
import subprocess
import tempfile

SUMMARY = re.compile(r"(\d+) packets transmitted, (\d+) received")
ANSWER = re.compile(r"^\[([\d.]+)\] .*icmp_seq=(\d+) .*?(DUP!)?$", re.MULTILINE)
UNDER_WAY_S = 0.05  # what was sent this shortly before the end may still be answered


class Ping:
    """ICMP echo at a fixed rate from a namespace, until stopped. Every sequence number is accounted for."""

    def __init__(self, namespace, address, interval_s=0.005):
        self.interval_s = interval_s
        self.output = tempfile.TemporaryFile("w+")  # not a pipe: nobody reads it meanwhile
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "ping", "-n", "-D", "-i", str(interval_s), "-W", "1", address],
            stdout=self.output, stderr=subprocess.STDOUT, text=True)

    def answered(self):
        """How many answers there are so far; ping writes them as they come."""
        return os.pread(self.output.fileno(), 1 << 24, 0).count(b"bytes from")

    def stop(self):
        """Returns (sent, lost). Sets duplicates, and gap_s: the longest time without an answer."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        self.output.seek(0)
        out = self.output.read()
        summary = SUMMARY.search(out)
        assert summary, f"ping gave no summary: {out[-2000:]}"
        answers = [(float(at), int(number)) for at, number, again in ANSWER.findall(out) if not again]
        self.duplicates = out.count("DUP!")
        times = [at for at, _ in answers]
        self.gap_s = max((b - a for a, b in zip(times, times[1:])), default=0)
        sent, last = int(summary[1]), max((number for _, number in answers), default=0)
        under_way = sent - last
        lost = last - len({number for _, number in answers})
        return sent, lost + (under_way if under_way * self.interval_s > UNDER_WAY_S else 0)


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
