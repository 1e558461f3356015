#!/usr/bin/env python3
"""How much stack the longest chain of calls of each program of the edge switch needs, as Linux 6.1 counts: each frame rounded up to 32 bytes, 512 in
all (check_max_stack_depth() in kernel/bpf/verifier.c). Newer kernels round to less, so that loading it here would not tell.

  stack_depth.py OBJECT     compiled with -fstack-size-section; says which chains are too deep
"""
import re
import shutil
import subprocess
import sys

LIMIT, ROUND = 512, 32


def llvm(tool, *words):
    program = shutil.which(f"{tool}-14") or tool
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def frames(path):
    """Function -> its own frame, in bytes."""
    sizes = {}
    for line in llvm("llvm-readelf", "--stack-sizes", path).splitlines():
        if found := re.match(r"\s*(\d+)\s+(\S.*)$", line):
            sizes.update({name.strip(): int(found.group(1)) for name in found.group(2).split(",")})
    return sizes


def calls(path, functions):
    """Function -> functions that it calls, or has called (bpf_loop). A call within a section has its distance in instructions; one of a global
    function, or to another section, has a relocation, to a name or to the section with the distance from its start. So has a callback's address."""
    lines = llvm("llvm-objdump", "-d", "-r", path).splitlines()
    at, section = {}, None
    for line in lines:
        if found := re.match(r"Disassembly of section (\S+):", line):
            section = found.group(1)
        elif found := re.match(r"([0-9a-f]+) <(\S+)>:", line):
            at[section, int(found.group(1), 16)] = found.group(2)
    called, section, caller = {name: set() for name in functions}, None, None
    for line, following in zip(lines, lines[1:] + [""]):
        if found := re.match(r"Disassembly of section (\S+):", line):
            section = found.group(1)
        elif found := re.match(r"[0-9a-f]+ <(\S+)>:", line):
            caller = found.group(1) if found.group(1) in functions else caller
        elif found := re.match(r"\s+(\d+):\s+85 10 00 00 ((?:[0-9a-f]{2} ?){4})", line):
            offset = int.from_bytes(bytes.fromhex(found.group(2)), "little", signed=True)
            to = re.search(r"R_BPF_64_32\s+(\S+)", following)
            if to and to.group(1) in functions:
                target = to.group(1)
            elif to:
                target = at.get((to.group(1), (offset + 1) * 8))
            else:
                target = at.get((section, (int(found.group(1)) + offset + 1) * 8))
            if target is None:
                sys.exit(f"{path}: nobody knows what {caller} calls in: {line.strip()}")
            called[caller].add(target)
        elif (found := re.match(r"\s+\d+:\s+18 [0-9a-f]{2} 00 00 ((?:[0-9a-f]{2} ){4})", line)) and (to := re.search(r"R_BPF_64_64\s+(\S+)", following)):
            offset = int.from_bytes(bytes.fromhex(found.group(1)), "little")
            if target := to.group(1) if to.group(1) in functions else at.get((to.group(1), offset)):
                called[caller].add(target)
    return called


def too_deep(name, sizes, called, chain=(), depth=0):
    """The chains from the function on that need more than there is."""
    chain, depth = (*chain, name), depth + max(-(-sizes[name] // ROUND), 1) * ROUND
    deeper = [found for callee in sorted(called[name]) for found in too_deep(callee, sizes, called, chain, depth)]
    return deeper or ([(depth, chain)] if depth > LIMIT else [])


def main(path):
    sizes = frames(path)
    called = calls(path, sizes)
    programs = set(sizes) - set().union(*called.values())
    if len(programs) < 20 or sum(map(len, called.values())) < 100:
        sys.exit(f"{path}: found {len(programs)} programs and {sum(map(len, called.values()))} calls, which are too few to be all")
    found = sorted((chain for program in programs for chain in too_deep(program, sizes, called)), reverse=True)
    for depth, chain in found:
        print(f"{depth} bytes of stack, {LIMIT} are allowed: {' > '.join(f'{name} ({sizes[name]})' for name in chain)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
