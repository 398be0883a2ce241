"""A small system call filter for bubblewrap: what Docker's default profile keeps from a container, in its main parts.

Refused: new user namespaces (the way to most of the kernel's attack surface), entering others' namespaces, the
kernel's key rings (shared by all sandboxes of a user), bpf, perf events and userfaultfd.
"""

from __future__ import annotations

import errno
import os
import platform
import struct
from dataclasses import dataclass

CLONE_NEWUSER = 0x10000000
ALLOW = 0x7FFF0000
REFUSE = 0x00050000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
"""Offsets in the kernel's struct seccomp_data (little endian)."""


@dataclass(frozen=True)
class Machine:
    """System call numbers of one architecture."""

    audit: int
    clone: int
    unshare: int
    refused: tuple[int, ...]
    """setns, add_key, request_key, keyctl, bpf, perf_event_open, userfaultfd"""
    clone3: int = 435


MACHINES = {
    "x86_64": Machine(0xC000003E, 56, 272, (308, 248, 249, 250, 321, 298, 323)),
    "aarch64": Machine(0xC00000B7, 220, 97, (268, 217, 218, 219, 280, 241, 282)),
}


def program(machine: str = "") -> bytes | None:
    """The filter as the kernel takes it; None for an architecture whose numbers are not known here."""
    facts = MACHINES.get(machine or platform.machine())
    if facts is None:
        return None
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, facts.audit),
        (RETURN, 0, 0, REFUSE | errno.EPERM),  # 32-bit calls have other numbers
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, 0x40000000),
        (RETURN, 0, 0, REFUSE | errno.EPERM),  # and so do x32's
    ]
    for number in facts.refused:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | errno.EPERM)]
    # Its flags lie in memory, where no filter can look; libraries fall back to clone.
    steps += [(EQUAL, 0, 1, facts.clone3), (RETURN, 0, 0, REFUSE | errno.ENOSYS)]
    steps += [
        (EQUAL, 2, 0, facts.clone),
        (EQUAL, 1, 0, facts.unshare),
        (RETURN, 0, 0, ALLOW),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, CLONE_NEWUSER),
        (RETURN, 0, 0, REFUSE | errno.EPERM),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def as_file(filter_program: bytes) -> int:
    """A descriptor to read the filter from; the caller closes it."""
    descriptor = os.memfd_create("seccomp")
    os.write(descriptor, filter_program)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
