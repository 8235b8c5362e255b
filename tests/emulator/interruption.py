"""Ctrl-C and SIGTERM end a command as one exception, and never in the middle of what must not be left half done."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """The command is to end; `status` is its exit status, as a shell has it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


def catch() -> None:
    """From now on a signal raises Interrupted; one that the caller of the program ignores stays ignored."""

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        raise Interrupted(number)

    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def ignore() -> None:
    """From now on nothing interrupts the command, which has but one sentence left to say."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def put_off() -> Iterator[None]:
    """Let a signal wait until the block is done."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, frame: came.append(number)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise Interrupted(came[0])
