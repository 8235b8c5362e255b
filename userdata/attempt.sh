#!/bin/bash
# How portal nodes and clusters' nodes alike try again. Packing puts this file into the portal nodes' bundle, and its
# text in front of the clusters' scripts.

# attempt TIMES SECONDS COMMAND...: runs the command until it succeeds, at most TIMES, with a pause of SECONDS between.
attempt() {
  local times=$1 pause=$2 n
  shift 2
  for ((n = 1; ; n++)); do
    "$@" && return 0
    ((n < times)) || return 1
    sleep "$pause"
  done
}
