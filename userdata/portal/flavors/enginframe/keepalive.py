#!/usr/bin/env python3
"""Sets keepAliveTimeout on the connectors of one port in Tomcat's server.xml: standard input to standard output.

usage: keepalive.py PORT MILLISECONDS

A text edit, not a parse: comments, order and spacing of the vendor's file stay. Exit status 1 when there is no such
connector.
"""

import re
import sys


def set_keep_alive(text: str, port: str, milliseconds: str) -> tuple[str, int]:
    """`text` with the attribute on every connector of `port` outside comments, and how many those are."""
    found = 0

    def edit(match: "re.Match[str]") -> str:
        nonlocal found
        tag = match.group()
        if tag.startswith("<!--") or not re.search(rf"""\bport\s*=\s*["']{port}["']""", tag):
            return tag
        found += 1
        tag = re.sub(r"""\s+keepAliveTimeout\s*=\s*("[^"]*"|'[^']*')""", "", tag)
        return re.sub(r"^<Connector\b", f'<Connector keepAliveTimeout="{milliseconds}"', tag)

    return re.sub(r"<!--.*?-->|<Connector\b[^>]*>", edit, text, flags=re.DOTALL), found


if __name__ == "__main__":
    changed, count = set_keep_alive(sys.stdin.read(), sys.argv[1], sys.argv[2])
    sys.stdout.write(changed)
    sys.exit(0 if count else 1)
