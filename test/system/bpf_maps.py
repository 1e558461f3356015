"""What is in a pinned BPF map, by libbpf: bpftool takes seconds to write a large one."""
import ctypes
import errno
import json
import os

from conftest import run

BATCH = 4096
libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)


def about(pin):
    """Its id, type and sizes, as bpftool has them."""
    return json.loads(run("bpftool", "-j", "map", "show", "pinned", pin).stdout)


def entries(pin, info):
    """Yields (key, value) in bytes; a value is as long as all CPUs' where each has its own."""
    per_cpu = "percpu" in info["type"]
    key_size, size = info["bytes_key"], (info["bytes_value"] + 7) // 8 * 8 * os.cpu_count() if per_cpu else info["bytes_value"]
    step = size if per_cpu or "array" not in info["type"] else (size + 7) // 8 * 8
    keys, values = ctypes.create_string_buffer(BATCH * key_size), ctypes.create_string_buffer(BATCH * step)
    where, more = ctypes.create_string_buffer(max(4, key_size)), False
    fd = libbpf.bpf_obj_get(str(pin).encode())
    assert fd >= 0, f"{pin}: {os.strerror(ctypes.get_errno())}"
    try:
        while True:
            count = ctypes.c_uint32(BATCH)
            rc = libbpf.bpf_map_lookup_batch(fd, where if more else None, where, keys, values, ctypes.byref(count), None)
            error = ctypes.get_errno() if rc else 0
            assert error in (0, errno.ENOENT), f"{pin}: {os.strerror(error)}"  # ENOENT: these were the last
            raw_keys, raw_values = keys.raw, values.raw
            for n in range(count.value):
                yield raw_keys[n * key_size:(n + 1) * key_size], raw_values[n * step:n * step + size]
            if error:
                return
            more = True
    finally:
        os.close(fd)


def edit(pin, change):
    """Gives each value what change(key, value) makes of it; None deletes the entry."""
    found = list(entries(pin, about(pin)))
    fd = libbpf.bpf_obj_get(str(pin).encode())
    try:
        for key, value in found:
            changed = change(key, value)
            if changed is None:
                libbpf.bpf_map_delete_elem(fd, key)
            else:
                libbpf.bpf_map_update_elem(fd, key, changed, 2)  # BPF_EXIST
    finally:
        os.close(fd)
