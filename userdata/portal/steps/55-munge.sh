#!/bin/bash
# Installs the munge key that all clusters share: it proves to them the identity of this node's users.
. "$(dirname "$0")/../lib.sh"

key=$RUN/munge.key
trap 'rm -f "$key"' EXIT
text=$(secret_text "$MUNGE_SECRET_ARN" "the clusters' munge key")
(umask 077 && printf '%s' "$text" | base64 --decode > "$key" 2> /dev/null) ||
  fail "The munge key in $MUNGE_SECRET_ARN is not base64: restore the secret's first version."
size=$(stat -c %s "$key")
((size >= 32 && size <= 1024)) || # the limits of munged and ParallelCluster
  fail "The munge key in $MUNGE_SECRET_ARN has $size bytes after decoding; it must have 32 to 1024:" \
    "restore the secret's first version."

put_file "$ROOT/etc/munge/munge.key" 0400 munge:munge < "$key"
within 60 systemctl enable -q munge.service
action=start
taken munge "$ROOT/etc/munge/munge.key" || action=restart
attempt 5 5 within 60 systemctl "$action" munge.service ||
  fail "munged does not start with the clusters' key: see journalctl -u munge."
taken munge "$ROOT/etc/munge/munge.key" || take munge
