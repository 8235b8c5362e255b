#!/bin/sh
# Builds the stand-in of the portal's installer. Any JDK from 11 on will do; nothing else is needed.
#
# usage: build.sh OUT.jar
set -eu
[ $# -eq 1 ] || {
  echo "usage: build.sh OUT.jar" >&2
  exit 2
}
here=$(cd "$(dirname "$0")" && pwd)
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac --release 11 -Xlint:all -Werror -encoding UTF-8 -d "$classes" "$here"/*.java
cp "$here"/resources/* "$classes"
# In one step: another process may be reading the jar meanwhile.
jar --create --file "$1.new" --main-class Installer -C "$classes" .
mv -f "$1.new" "$1"
