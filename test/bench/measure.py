"""One sample of one figure between two guests. Client on CPU 0, server on CPU 1, except where said.

TCP uses cubic: with bbr and no fq qdisc, as some kernels have it by default, the kernel's pacing timers would be measured.
A request/response pair shares one CPU, so that the cost of the path shows and not the wake-up of another CPU.
"""
import json
import os
import pathlib

from shell import sh, spawn, stop, wait_line

BUILD = pathlib.Path(os.environ.get("WEFT_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build"))
NETTOOL = BUILD / "test/bench/nettool"
CLIENT, SERVER = "taskset -c 0", "taskset -c 1"


def tcp(guests, streams, seconds, client=CLIENT):
    """Gb/s received."""
    server = spawn(f"{SERVER} iperf3 -s -1 -p 5201 --forceflush", guests.server)
    try:
        wait_line(server, "listening")
        out = sh(f"{client} iperf3 -c {guests.address} -p 5201 -t {max(1, round(seconds))} -P {streams} -C cubic -J", guests.client, check=False)
        report = json.loads(out)
        if "error" in report:
            raise RuntimeError(report["error"])
        return report["end"]["sum_received"]["bits_per_second"] / 1e9
    finally:
        stop(server)


def tcp_on_one_cpu(guests, streams, seconds):
    """The same without waking the other CPU, which on virtual machines costs more than the path."""
    return tcp(guests, streams, seconds, SERVER)


def udp(guests, _, seconds):
    """Million 64-byte datagrams per second received while the sender sends all it can."""
    server = spawn(f"{SERVER} {NETTOOL} udp-receive 7000 {seconds + 0.7}", guests.server)
    try:
        wait_line(server, "ready")
        sh(f"{CLIENT} {NETTOOL} udp-send {guests.address} 7000 64 {seconds}", guests.client)
        return float(server.communicate(timeout=seconds + 10)[0]) / 1e6
    finally:
        stop(server)


def transactions(guests, kind, seconds):
    """Thousand transactions per second, one byte each way, one at a time."""
    server = spawn(f"{SERVER} {NETTOOL} tcp-serve 7001", guests.server)
    try:
        wait_line(server, "ready")
        out = sh(f"{SERVER} {NETTOOL} tcp-{kind} {guests.address} 7001 {seconds}", guests.client)
        return float(out.split()[0]) / 1e3
    finally:
        stop(server)


# name -> (what the figure is, function, its argument)
TESTS = {
    "tcp1": ("TCP 1 stream, Gb/s", tcp, 1),
    "tcp1cpu": ("TCP 1 stream, 1 CPU", tcp_on_one_cpu, 1),
    "tcp4": ("TCP 4 streams, Gb/s", tcp, 4),
    "udp": ("UDP 64 B, Mpps", udp, None),
    "rr": ("request/response, k/s", transactions, "rr"),
    "crr": ("connections, k/s", transactions, "crr"),
}


def sample(test, guests, seconds):
    _, function, argument = TESTS[test]
    return function(guests, argument, seconds)
