"""`python -m tests.emulator --port N --socket FD --home FOLDER`: run the emulator until it is ended (see process.py).

It must be run by the Python of the emulator's virtual environment, as the leader of a process group of its own: Lambda
functions are its children, and when it ends, it ends the group.
"""

import argparse
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

ACCOUNT = "123456789012"


def environment(port: int, home: Path) -> dict[str, str]:
    """What ministack and the functions it runs find in their environment; `home` is the one folder they write to.

    ministack binds every interface, an MQTT and an SFTP port unless it is told not to.
    """
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "TMPDIR": str(home),
        "HOME": str(home),
        "S3_DATA_DIR": str(home / "s3"),
        "STATE_DIR": str(home / "state"),
        "LOG_LEVEL": os.environ.get("EMULATOR_LOG_LEVEL", "WARNING"),
        "LAMBDA_WARM_TTL_SECONDS": "15",  # an idle function's process is ended: each has 70 MB
        "PYTHONWARNINGS": "ignore",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def end(home: Path, *, remove: bool) -> None:
    """End this process and every function it has started, at once."""
    if remove:
        shutil.rmtree(home, ignore_errors=True)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="emulator", description="The stand-in of AWS that tests deploy to.")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument(
        "--socket", type=int, required=True, help="file descriptor of a socket that is bound to the port"
    )
    parser.add_argument("--home", type=Path, required=True, help="folder for everything it writes")
    parser.add_argument("--cache", type=Path, required=True, help="folder for compiled, patched modules; may be kept")
    parser.add_argument("--watch-stdin", action="store_true", help="end, and remove --home, when standard input closes")
    arguments = parser.parse_args()
    home: Path = arguments.home
    for name in [name for name in os.environ if name.startswith(("AWS_", "PYTHON"))]:
        del os.environ[name]
    os.environ.update(environment(arguments.port, home))

    def ended(number: int, frame: FrameType | None) -> None:
        end(home, remove=arguments.watch_stdin)

    def watch() -> None:
        sys.stdin.buffer.read()
        end(home, remove=True)

    signal.signal(signal.SIGTERM, ended)
    if arguments.watch_stdin:
        threading.Thread(target=watch, daemon=True).start()

    from tests.emulator import loader

    loader.install(arguments.cache)
    from tests.emulator import launcher

    launcher.run(arguments.socket)


if __name__ == "__main__":
    main()
