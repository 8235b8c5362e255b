# shellcheck shell=bash
# Sourced by the stubs.

# record ARGUMENT...: keeps a record of the call, and from the call whose number is in the file die-at ends the whole
# run there as a lost machine would: every process of its session stopped, then killed.
record() {
  local process
  printf '%s\n' "${0##*/} $*" >> "$WORLD/calls"
  [[ -e $WORLD/die-at && $(wc -l < "$WORLD/calls") -ge $(< "$WORLD/die-at") ]] || return 0
  rm "$WORLD/die-at"
  trap '' HUP # which the kernel sends to stopped process groups whose parents have died
  for process in $(companions); do kill -STOP "$process"; done
  for process in $(companions); do kill -KILL "$process"; done
  kill -KILL "$$"
}

# companions: prints the other processes of this session.
companions() {
  local session process
  session=$(session_of "$$")
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    [[ $process == "$$" || $process == "$BASHPID" || $(session_of "$process") != "$session" ]] || echo "$process"
  done
}

# session_of PID: prints its session.
session_of() {
  sed 's/.*) //' "/proc/$1/stat" 2> /dev/null | cut -d ' ' -f 4
}
