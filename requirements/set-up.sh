#!/bin/sh
# Makes the environment .venv/NAME with the packages that requirements/NAME.txt pins, or uv alone:
# `PYTHON=… UV=… set-up.sh NAME`.
# It is made beside its place and moved there when it is complete: what was cut short (Ctrl-C, a full disk, no network)
# never counts as made, and the next run makes it. Its copy of the pins, `pinned`, is what make looks at.
set -eu
name=$1
place=.venv/$name
new=.venv/.$name-$$

stop() {
  echo "$1" >&2
  exit 1
}

remove() {
  rm -rf "$new"
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2> /dev/null ||
  stop "Python 3.10 or newer is needed: run make with PYTHON=/path/to/python3."
mkdir -p .venv
for left in ".venv/.$name-"*; do # by a run that was killed
  kill -0 "${left##*-}" 2> /dev/null || rm -rf "$left"
done

if [ "$name" = uv ]; then
  pinned=$0
  "$PYTHON" -m venv "$new" ||
    stop "Python's venv module is missing: install it (Debian: python3-venv) and run make again."
  "$new/bin/pip" install --quiet --disable-pip-version-check "uv==$UV_VERSION"
else
  pinned=requirements/$name.txt
  echo "Setting up $place"
  # Its scripts find their Python beside themselves, wherever that is moved.
  "$UV" venv --quiet --relocatable --python "$PYTHON" "$new"
  "$UV" pip install --quiet --python "$new" -r "$pinned"
fi
cp "$pinned" "$new/pinned"
# Two runs at once: the second does not pull the environment from under the first.
if [ ! -e "$place/pinned" ] || [ "$pinned" -nt "$place/pinned" ] || [ "${AGAIN:-}" ]; then
  rm -rf "$place"
  mv "$new" "$place"
  rm -rf "${place:?}/${new##*/}" # where the other run was quicker by a moment
fi
