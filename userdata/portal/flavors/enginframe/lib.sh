#!/bin/bash
# What the steps and timers of EnginFrame and EF Portal share: places, the portal's lock on /efs, its servers. Sourced
# by the bundle's lib.sh.
# shellcheck disable=SC2034 # the steps use these names
PORTAL_ROOT=$EFS/nice
[[ $FLAVOR == EnginFrame ]] || PORTAL_ROOT=$EFS/nisp
EF_TOP=$PORTAL_ROOT/enginframe
DATABASE_SCHEMA=enginframedb
DATABASE_USER=enginframe
JAVA_LINK=$ROOT/opt/hpc-portal-java # the path in the shared configuration, the same for the Java of any image

# take_portal_lock SECONDS: waits at most so long. One node at a time may install or configure the portal on /efs. The
# lock is released with the process that holds it, however that ends: NFSv4 locks of a dead client lapse with its lease.
# The installer inherits it, since the lock is about the installer; a command that may leave a service running must not
# (9>&-).
take_portal_lock() {
  local owner=$SHARED/portal.lock.owner
  mkdir -p "$SHARED"
  exec 9>> "$SHARED/portal.lock"
  if ! flock -n 9; then
    echo "waiting for $(cat "$owner" 2> /dev/null || echo 'another node') to release the portal's lock"
    flock -w "$1" 9 || fail "$(cat "$owner" 2> /dev/null || echo 'Another node') still holds the portal's lock" \
      "/efs/hpc-portal/portal.lock after $1 s: see that node's /var/log/hpc-portal-bootstrap.log."
  elif [[ -e $owner ]]; then
    echo "the run of $(cat "$owner") ended half-way; this one finishes it"
  fi
  echo "$HOSTNAME (since $(date -u +%FT%TZ))" > "$owner"
}

# release_portal_lock: at the end of the step that took it.
release_portal_lock() {
  rm -f "$SHARED/portal.lock.owner"
  exec 9>&-
}

# portal_servers: prints the servers of the portal as EnginFrame lists them.
portal_servers() {
  local list
  # shellcheck disable=SC2086 # a word for each
  list=$(printf ",%s:7800" $PEERS)
  printf '%s' "${list#,}"
}

# portal_status ADDRESS [SECONDS]: prints the HTTP status of its start page, 000 without an answer. The certificate is
# EnginFrame's own and names no address; only the answer counts.
portal_status() {
  curl -s -k -o /dev/null -m "${2:-15}" -w '%{http_code}' "https://$1:8443/enginframe/" || true
}
