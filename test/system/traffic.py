"""Traffic between namespaces whose loss is counted while something else is broken or restarted."""
import json
import re
import signal
import subprocess

SUMMARY = re.compile(r"(\d+) packets transmitted, (\d+) received")


class Ping:
    """ICMP echo at a fixed rate from a namespace, until stopped."""

    def __init__(self, namespace, address, interval_s=0.005):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "ping", "-q", "-n", "-i", str(interval_s), "-W", "1", address],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def stop(self):
        """Returns (sent, lost). The last request may still be on its way: ping waits for it."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=10)
        match = SUMMARY.search(out)
        assert match, f"ping gave no summary: {out}"
        sent, received = int(match[1]), int(match[2])
        # ping counts the request it sent just before the signal as lost when its answer was not read yet
        lost = sent - received
        return sent, max(0, lost - 1) if lost == 1 else lost


class Iperf:
    """One TCP stream for a fixed time between two namespaces."""

    def __init__(self, client, server, address, seconds, port=5201):
        self.server = subprocess.Popen(["ip", "netns", "exec", server, "iperf3", "-s", "-1", "--forceflush", "-p", str(port)],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.server.stdout:
            if "listening" in line:
                break
        self.client = subprocess.Popen(
            ["ip", "netns", "exec", client, "iperf3", "-c", address, "-p", str(port), "-t", str(seconds), "-J"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self):
        """Waits for the end. Returns bits per second received, and the least second's share of it."""
        out, _ = self.client.communicate(timeout=120)
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
