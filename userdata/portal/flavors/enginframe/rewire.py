#!/usr/bin/env python3
"""Points an installed portal at another database endpoint and other server addresses, in its text configuration.

usage: rewire.py FOLDER OLD_DATABASE NEW_DATABASE OLD_SERVERS NEW_SERVERS

FOLDER is EnginFrame's conf folder. A database is host:port, servers are ip:port,ip:port,… The vendor does not document
where they are kept after the installation, so every text file is searched for exactly the old values, with or without
the backslash that properties files have before a colon. Prints the files that were changed.
"""

import os
import re
import shutil
import sys
from pathlib import Path

LARGEST = 1_000_000  # bytes; configuration is smaller, so a larger file is something else


def swap(text: str, old: str, new: str) -> str:
    """`text` with every `old` list of host:port turned into `new`, its colons spelled as they were there."""
    hosts = r"\s*,\s*".join(re.escape(item).replace(":", r"\\?:") for item in old.split(","))
    pattern = rf"(?<![\w.-]){hosts}(?![\w.])(?!\s*,\s*[\d.]+\\?:)"

    def spelled(match: "re.Match[str]") -> str:
        return new.replace(":", r"\:") if r"\:" in match.group() else new

    return re.sub(pattern, spelled, text)


def rewire(folder: Path, changes: list[tuple[str, str]]) -> list[Path]:
    """Applies (old, new) pairs to the files below `folder`, each replaced at once with owner and mode kept."""
    changed = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            continue
        before = after = path.read_text(encoding="latin-1")  # keeps every byte as it is
        for old, new in changes:
            after = swap(after, old, new)
        if after != before:
            fresh = path.with_name(path.name + ".new")
            fresh.write_text(after, encoding="latin-1")
            shutil.copymode(path, fresh)
            os.chown(fresh, path.stat().st_uid, path.stat().st_gid)
            fresh.replace(path)
            changed.append(path)
    return changed


if __name__ == "__main__":
    conf, old_database, new_database, old_servers, new_servers = sys.argv[1:]
    for file in rewire(Path(conf), [(old_database, new_database), (old_servers, new_servers)]):
        print(file)
