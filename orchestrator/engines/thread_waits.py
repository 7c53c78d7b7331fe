"""Where a thread waits and for how long, by the system call that it is in (Linux, proc(5))."""

from __future__ import annotations

import math
import os
import platform
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

_SOCKET = "socket:["  # how the target of a socket's descriptor begins
_MINUS_ONE = 0xFFFFFFFF  # as an int of 32 bits: no deadline
_FUTEX_OPERATION = 0x7F  # the part of a futex's second argument that says what is done
_FUTEX_WAIT_BITSET = 9  # the operation that waits until a time, not for one
_FUTEX_REALTIME = 0x100  # that is a time of day
_IS_TIME = 1  # the flag of clock_nanosleep that says the same
_RUNNING = "running"
_STACK, _SHORTEST = 6, 7  # the place of the stack pointer behind a call's number, and what has it
_MOST = 1 << 16  # bytes of a file in /proc
_FEW = 8  # descriptors that are looked at in a call of `poll`

_INIT = "docker-init"
_RESTLESS = frozenset({_INIT, "VM Periodic Tas"})
_HOUSEKEEPERS = _RESTLESS | {
    "G1 Service", "VM Thread", "Monitor Deflati", "C1 CompilerThre", "C2 CompilerThre",
    "Sweeper thread", "Common-Cleaner",
}  # fmt: skip
"""A container's first process and threads of the Java VM's own, as the kernel names them. They wake
up again and again, some many times a second, and print nothing while the program waits."""


class _Unit(Enum):
    """How a deadline is given: not at all, as a number, or as two at an address."""

    NONE = 0.0
    MILLISECONDS = 1e-3
    TIMEVAL = 1e-6
    TIMESPEC = 1e-9


@dataclass(frozen=True, slots=True)
class _Call:
    """A system call in which a thread can wait.

    Attributes:
        unit: how its deadline is given.
        place: that of the deadline among its arguments.
        takes_input: whether it may wait for the terminal's input.
    """

    unit: _Unit = _Unit.NONE
    place: int = 0
    takes_input: bool = False


_READ, _TAKE = _Call(takes_input=True), _Call()
_POLL, _EPOLL = (_Call(_Unit.MILLISECONDS, place, takes_input=True) for place in (2, 3))
_PPOLL, _EPOLL2, _PSELECT = (_Call(_Unit.TIMESPEC, place, takes_input=True) for place in (2, 3, 4))
_SELECT = _Call(_Unit.TIMEVAL, 4, takes_input=True)
_SIGNAL, _FUTEX = _Call(_Unit.TIMESPEC, 2), _Call(_Unit.TIMESPEC, 3)

# By their numbers in asm/unistd.h: read, readv; poll, select, pselect, ppoll and those of epoll;
# accept, accept4, recvfrom, recvmsg, wait4, waitid, pause, sigsuspend; sigtimedwait; futex.
_CALLS: Mapping[str, Mapping[int, _Call]] = {
    "x86_64": {
        0: _READ, 19: _READ,
        7: _POLL, 23: _SELECT, 270: _PSELECT, 271: _PPOLL, 232: _EPOLL, 281: _EPOLL, 441: _EPOLL2,
        43: _TAKE, 288: _TAKE, 45: _TAKE, 47: _TAKE, 61: _TAKE, 247: _TAKE, 34: _TAKE, 130: _TAKE,
        128: _SIGNAL, 202: _FUTEX,
    },
    "aarch64": {
        63: _READ, 65: _READ,
        72: _PSELECT, 73: _PPOLL, 22: _EPOLL, 441: _EPOLL2,
        202: _TAKE, 242: _TAKE, 207: _TAKE, 212: _TAKE, 260: _TAKE, 95: _TAKE, 133: _TAKE,
        137: _SIGNAL, 98: _FUTEX,
    },
}  # fmt: skip
_HERE = _CALLS.get(platform.machine(), {})

# nanosleep, clock_nanosleep
_SLEEPS: Mapping[str, tuple[int, int]] = {"x86_64": (35, 230), "aarch64": (101, 115)}
_SLEEP, _CLOCK_SLEEP = _SLEEPS.get(platform.machine(), (-1, -1))

IS_KNOWN_HERE = bool(_HERE) and Path("/proc/self/syscall").exists()
"""Whether the kernel of this machine says where threads wait."""


@dataclass(frozen=True, slots=True)
class ThreadWait:
    """Where a thread waits.

    Attributes:
        number: the thread's.
        ran: how long it has run so far, in nanoseconds; 0 of a housekeeper that never rests.
        seconds: after how many seconds the wait ends by itself, from when it began; infinite
            without a deadline, None if the thread runs or that is unknown.
        takes_input: whether it waits for input, perhaps from the terminal.
        is_virtual: whether it is a virtual machine's own.
        runs: whether it runs, or would if a processor were free.
        starved: for how long it has had to wait for a processor, in nanoseconds.
        place: its system call, and how deep it is in its functions then; none if it runs.
        left: for how many seconds more it sleeps, or waits until a given time, at most; infinite
            if it does neither.
    """

    number: int
    ran: int
    seconds: float | None
    takes_input: bool
    is_virtual: bool = False
    runs: bool = False
    starved: int = field(default=0, compare=False)
    place: tuple[int, str] | None = None
    left: float = field(default=math.inf, compare=False)  # passes by itself


def wait_of(thread: str) -> ThreadWait:
    """Return where a thread waits whose folder in /proc this is.

    Raises:
        OSError: it has ended, or this user may not know.
        ValueError: the kernel says something unexpected.
    """
    ran, starved = map(int, read_file(f"{thread}/schedstat").split()[:2])
    word, *rest = read_file(f"{thread}/syscall").split()
    number, runs = int(thread.rpartition("/")[2]), word == _RUNNING
    place = None if runs or len(rest) < _SHORTEST else (int(word), rest[_STACK])
    call = None if runs else _HERE.get(int(word))
    arguments = [int(value, 16) for value in rest]
    if call is None:
        left = _sleep_left(thread, word, arguments)
        return ThreadWait(
            number, ran, None, takes_input=False, runs=runs, starved=starved, place=place, left=left
        )
    if call in (_SIGNAL, _FUTEX) and (name := _name(thread)) in _HOUSEKEEPERS:
        ran = 0 if name in _RESTLESS else ran
        is_virtual = name != _INIT
        return ThreadWait(number, ran, math.inf, takes_input=False, is_virtual=is_virtual)
    takes_input = call.takes_input and not _is_for_sockets(thread, call, arguments)
    seconds = _seconds(thread, call, arguments)
    left = _futex_left(thread, arguments) if call is _FUTEX and seconds is None else math.inf
    return ThreadWait(number, ran, seconds, takes_input, starved=starved, place=place, left=left)


def read_file(path: str) -> str:
    """Return the text of a file in /proc. It is read thousands of times: without `Path`.

    Raises:
        OSError: the process has ended, or this user may not read it.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, _MOST).decode()
    finally:
        os.close(file)


def _name(thread: str) -> str:
    return read_file(f"{thread}/comm").strip()


def _is_for_sockets(thread: str, call: _Call, arguments: Sequence[int]) -> bool:
    """Return whether a thread waits for sockets alone, as far as its system call says so."""
    if call is _READ:
        return _is_socket(thread, arguments[0])
    if call in (_POLL, _PPOLL) and 0 < arguments[1] <= _FEW:
        polled = struct.iter_unpack("=ihh", _memory(thread, arguments[0], 8 * arguments[1]))
        return all(_is_socket(thread, descriptor) for descriptor, _, _ in polled)
    return False


def _is_socket(thread: str, descriptor: int) -> bool:
    if descriptor < 0:  # `poll` passes over it
        return True
    return os.readlink(f"{thread}/fd/{descriptor}").startswith(_SOCKET)  # noqa: PTH115


def _seconds(thread: str, call: _Call, arguments: Sequence[int]) -> float | None:
    """Return how long a thread waits at most; None if that is a time of day."""
    given = arguments[call.place]
    if call.unit is _Unit.NONE:
        return math.inf
    if call.unit is _Unit.MILLISECONDS:
        given &= _MINUS_ONE
        return math.inf if given == _MINUS_ONE else given * call.unit.value
    if not given:
        return math.inf
    if call is _FUTEX and arguments[1] & _FUTEX_OPERATION:  # another one than FUTEX_WAIT
        return None
    return _given(thread, given, call.unit)


def _given(thread: str, address: int, unit: _Unit = _Unit.TIMESPEC) -> float:
    """Return the seconds that a thread has given as two numbers at an address."""
    whole, part = struct.unpack("=qq", _memory(thread, address, 16))
    return float(whole + part * unit.value)


def _memory(thread: str, address: int, size: int) -> bytes:
    """Return bytes of a thread's memory."""
    memory = os.open(f"{thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(memory, size, address)
    finally:
        os.close(memory)


def _sleep_left(thread: str, word: str, arguments: Sequence[int]) -> float:
    """Return for how many seconds more a thread sleeps at most; infinite if it does not."""
    if word == str(_SLEEP):
        return _given(thread, arguments[0])
    if word == str(_CLOCK_SLEEP):
        clock, flags, address, *_ = arguments
        return _given(thread, address) - (time.clock_gettime(clock) if flags & _IS_TIME else 0.0)
    return math.inf


def _futex_left(thread: str, arguments: Sequence[int]) -> float:
    """Return the seconds until the time to which a thread waits; infinite if it waits for none."""
    if arguments[1] & _FUTEX_OPERATION != _FUTEX_WAIT_BITSET:
        return math.inf
    is_real = arguments[1] & _FUTEX_REALTIME
    clock = time.CLOCK_REALTIME if is_real else time.CLOCK_MONOTONIC
    return _given(thread, arguments[_FUTEX.place]) - time.clock_gettime(clock)
