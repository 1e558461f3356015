#!/usr/bin/python3
"""Stands in for QEMU: takes what weft-appliance-qemu gives it, and does as the file "behaviour" in the image's folder says. Behind the
channel is a TLS server that frames what it says as weft-appliance does (src/appliance/mux.h)."""
import json
import pathlib
import re
import socket
import ssl
import struct
import subprocess
import sys
import tarfile
import tempfile
import time

line = " ".join(sys.argv)
folder = pathlib.Path(re.search(r"-kernel (\S+)/vmlinuz", line)[1])
behaviour = (folder / "behaviour").read_text().split()
with open(folder / "starts", "a") as starts:
    starts.write(f"{time.monotonic()}\n")
if behaviour[0] == "broken":
    print("qemu: could not load kernel '/x/vmlinuz': invalid kernel header", flush=True)
    sys.exit(1)

channel = socket.socket(fileno=int(re.search(r"-chardev socket,id=api,fd=(\d+)", line)[1]))
own = pathlib.Path(tempfile.mkdtemp())
with open(int(re.search(r"-add-fd fd=(\d+)", line)[1]), "rb") as disk, tarfile.open(fileobj=disk) as tar:
    tar.extractall(own)
if behaviour[0] == "certificate":
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={behaviour[1]}", "-addext", "subjectAltName=DNS:appliance",
                    "-keyout", own / "key.pem", "-out", own / "cert.pem"], check=True, capture_output=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(own / "cert.pem", own / "key.pem")
links, asked = {}, 0


def send(link, what, data=b""):
    for at in range(0, max(len(data), 1), 16384):
        part = data[at:at + 16384]
        channel.sendall(struct.pack("!IHH", link, what, len(part)) + part)


def renew(given):
    """For handshakes from now on, unless it is one that keeps what it has."""
    if behaviour[0] == "keeps":
        return "500 Internal Server Error", '{"error": {"type": "InternalServerError", "message": "I keep it."}}'
    (own / "cert.pem").write_text(given["certificate"])
    (own / "key.pem").write_text(given["key"])
    context.load_cert_chain(own / "cert.pem", own / "key.pem")
    return "200 OK", "{}"


def answer(request, body):
    global asked
    if b" /v1/certificate " in request:
        return renew(json.loads(body))
    asked += 1
    with open(folder / "told", "a") as told:
        told.write(f"{json.loads(body)['revision']}\n")
    credential = (own / "credential").read_text().strip()
    if f"authorization: bearer {credential}" not in request.decode().lower():
        return "401 Unauthorized", '{"error": {"type": "Unauthorized", "message": "Who are you?"}}'
    if behaviour[0] == "half" and asked <= int(behaviour[1]):
        return "500 Internal Server Error", '{"error": {"type": "InternalServerError", "message": "nft failed: No space left on device"}}'
    return "200 OK", "{}"


class Link:
    def __init__(self, number):
        self.number, self.in_, self.out, self.text = number, ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        self.tls = context.wrap_bio(self.in_, self.out, server_side=True)
        self.given_up = False

    def take(self, data):
        self.in_.write(data)
        try:
            self.tls.do_handshake()
            while part := self.tls.read(65536):
                self.text += part
                head, end, body = self.text.partition(b"\r\n\r\n")
                length = int((re.search(rb"(?i)content-length: (\d+)", head) or [0, 0])[1])
                if end and len(body) >= length and not self.given_up:
                    status, reply = answer(head, body)
                    self.given_up = behaviour[0] == "idle"
                    self.text = b""
                    self.tls.write(f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}\r\n\r\n{reply}".encode())
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            send(self.number, 3)
            return
        if self.out.pending:
            send(self.number, 2, self.out.read())


def exactly(n):
    data = b""
    while len(data) < n:
        part = channel.recv(n - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


while True:
    number, what, length = struct.unpack("!IHH", exactly(8))
    data = exactly(length)
    if behaviour[0] == "silent":
        continue
    if what == 1:
        links[number] = Link(number)
    elif what == 2 and number in links:
        links[number].take(data)
    else:
        links.pop(number, None)
