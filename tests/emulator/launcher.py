"""Everything that makes ministack this project's emulator, in the order in which it is put in place, and the server.

Importing this module patches ministack (patches.py must have been installed before), so only `__main__` does.
"""

import asyncio
import logging
import os

import ministack.core.hypercorn_compat
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

from tests.emulator import (
    alarms,
    autoscaling,
    cancellation,
    catalog,
    certificates,
    checks,
    conditions,
    control,
    custom,
    ec2,
    fsx,
    handlers,
    logs,
    nested,
    protection,
    provider,
    records,
    references,
    refusals,
    s3,
)

HANDLER_MODULES = (alarms, autoscaling, ec2, fsx, nested, protection, records, references, s3)


def install() -> None:
    """Put every change in place; the handlers registered themselves when their modules were imported."""
    alarms.install()
    catalog.install()
    certificates.install()
    handlers.run_on_threads()
    cancellation.install()
    checks.install()
    conditions.install()
    custom.install()
    logs.install()
    protection.install()
    refusals.install()
    s3.install()
    provider.publish()
    ministack.core.hypercorn_compat.install()


def run(port: int) -> None:
    """Serve on 127.0.0.1 until the process ends."""
    install()
    logging.getLogger("hypercorn.access").setLevel(logging.WARNING)
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.loglevel = os.environ["LOG_LEVEL"]
    # Signals are __main__'s, which ends the functions too: hypercorn must not take them over.
    forever = asyncio.Future[None]
    asyncio.run(serve(control.with_control(app), config, shutdown_trigger=lambda: forever()))
