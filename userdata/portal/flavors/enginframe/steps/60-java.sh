#!/bin/bash
# Provides Java 11, which EnginFrame runs on (the vendor lists 8 and 11, nothing newer), under one name for the
# configuration that all nodes share.
. "$(dirname "$0")/../../../lib.sh"

# java_home: prints the folder of the first Java 11 of this image, or nothing.
java_home() {
  local java
  for java in "$ROOT"/usr/lib/jvm/java-11-*/bin/java "$(command -v java || true)"; do
    if [[ -x $java && $(within 60 "$java" -version 2>&1) == *'version "11'[.\"]* ]]; then
      java=$(readlink -f "$java")
      printf '%s' "${java%/bin/java}"
      return 0
    fi
  done
}

home=$(java_home)
if [[ -z $home ]]; then
  install_package java-11-amazon-corretto-headless ||
    fail "Java 11 (java-11-amazon-corretto-headless) could not be installed: check that this node" \
      "reaches its package repositories."
  home=$(java_home)
fi
[[ -n $home ]] || fail "Java 11 was installed, but is neither in /usr/lib/jvm nor on PATH: use another image."
[[ $(readlink "$JAVA_LINK" || true) == "$home" ]] || ln -sfn "$home" "$JAVA_LINK"
