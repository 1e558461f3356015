"""Frames as bytes, for what is measured without a guest's own stack."""
import ipaddress
import struct


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp_frame(src_mac, dst_mac, src, dst, sport=1000, dport=2000, payload=bytes(22)):
    """Ethernet, IPv4, UDP without a checksum; 64 bytes unless the payload says otherwise."""
    udp = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, ipaddress.ip_address(src).packed,
                         ipaddress.ip_address(dst).packed)
    return (mac_bytes(dst_mac) + mac_bytes(src_mac) + b"\x08\x00"
            + header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp)
