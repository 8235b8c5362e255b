"""Everything that makes ministack this project's emulator, in the order in which it is put in place, and the server.

Importing this module patches ministack (loader.py must have been installed before), so only `__main__` does.
"""

import asyncio
import logging
import os

import ministack.core.hypercorn_compat
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

from tests.emulator import (
    account,
    alarms,
    autoscaling,
    cancellation,
    catalog,
    certificates,
    checks,
    conditions,
    continuation,
    control,
    custom,
    ec2,
    fsx,
    functions,
    handlers,
    logs,
    names,
    nested,
    protection,
    records,
    references,
    refusals,
    s3,
)
from tests.emulator.provider import publication

HANDLER_MODULES = (alarms, autoscaling, ec2, fsx, functions, nested, protection, records, references, s3)


def install() -> None:
    """Put every change in place; the handlers registered themselves when their modules were imported."""
    account.install()
    alarms.install()
    catalog.install()
    certificates.install()
    handlers.run_on_threads()
    cancellation.install()
    checks.install()
    conditions.install()
    continuation.install()
    custom.install()
    logs.install()
    names.install()
    protection.install()
    refusals.install()
    s3.install()
    publication.publish()
    ministack.core.hypercorn_compat.install()


def run(socket: int) -> None:
    """Serve on a bound socket, by its file descriptor, until the process ends."""
    install()
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    config = Config()
    config.bind = [f"fd://{socket}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"]
    # Signals are __main__'s, which ends the functions too: hypercorn must not take them over.
    forever = asyncio.Future[None]
    asyncio.run(serve(control.with_control(app), config, shutdown_trigger=lambda: forever()))
