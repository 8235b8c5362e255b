#!/bin/bash
# What every step and timer of a portal node shares: places, messages, retries, files, secrets, the lock on /efs.
# Sourced, never run. A step speaks one sentence when it fails, and nothing here ever prints a secret.
# shellcheck disable=SC2034  # the steps use these names
set -Eeuo pipefail
umask 022
export LC_ALL=C

ROOT=${HPC_PORTAL_ROOT:-} # blank on a node; a folder in tests
BUNDLE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=$ROOT/run/hpc-portal # tmpfs, root only: the one place where a secret may lie, and then only for a moment
STATE=$ROOT/var/lib/hpc-portal
EFS=$ROOT/efs
SHARED=$EFS/hpc-portal # what the portal nodes tell each other; no secret in it
SHARED_SLURM=$EFS/slurm
EXPLAINED=70                # exit status of whatever has already said its sentence
INSTALLED=$SHARED/installed # there once the portal on /efs is complete

fail() { # fail <sentence>
  printf 'ERROR: %s\n' "$*" >&2
  exit $EXPLAINED
}

# A command that fails where nobody expected it. Full disks are told apart, since they make any command fail.
unexpected() { # unexpected <status> <line>
  ((BASH_SUBSHELL == 0 && $1 != EXPLAINED)) || exit "$1"
  local free
  free=$(df --output=avail -k "$ROOT/" | tail -n 1) || free=unknown
  [[ $free != 0 ]] || fail "The root file system is full: remove what fills it, or raise PortalVolumeSize."
  fail "Line $2 of $(basename "$0") ended with status $1; the lines above say more."
}
trap 'unexpected $? $LINENO' ERR

mkdir -p "$RUN"
chmod 0700 "$RUN"
TMPDIR=$RUN # not exported: where bash itself would put a here-document that is too long for a pipe
[[ -r $ROOT/etc/hpc-portal/node.env ]] || fail "There is no /etc/hpc-portal/node.env: run this on a portal node."
# shellcheck source=/dev/null
. "$ROOT/etc/hpc-portal/node.env"
export AWS_DEFAULT_REGION=$REGION AWS_PAGER=''

case $FLAVOR in
  EnginFrame) PORTAL_ROOT=$EFS/nice ;;
  EFPortal) PORTAL_ROOT=$EFS/nisp ;;
  *) fail "The portal's flavor is EnginFrame or EFPortal, not $FLAVOR: choose one of these." ;;
esac
EF_TOP=$PORTAL_ROOT/enginframe
DATABASE_SCHEMA=enginframedb
DATABASE_USER=enginframe
JAVA_LINK=$ROOT/opt/hpc-portal-java # one path for the shared configuration, whatever Java an image brings

# Nothing here may take for ever. In the foreground, so that what ends a step ends its commands as well.
within() { # within <seconds> <command>...
  timeout --foreground --kill-after=10 "$@"
}

attempt() { # attempt <times> <seconds between> <command>...: until it succeeds
  local times=$1 pause=$2 n
  shift 2
  for ((n = 1; ; n++)); do
    "$@" && return 0
    ((n < times)) || return 1
    sleep "$pause"
  done
}

# Standard input becomes a file, at once or not at all, and only if it differs: a second run changes nothing.
# FILE_CHANGED says which (unless called in a pipe).
put_file() { # put_file <path> <mode> [<owner>]
  local path=$1 mode=$2 owner=${3:-} staged=$RUN/staged.$$
  FILE_CHANGED=no
  (umask 077 && cat > "$staged")
  if ! cmp -s "$staged" "$path"; then
    mkdir -p "$(dirname "$path")"
    (umask 077 && cp "$staged" "$path.$HOSTNAME.new")
    [[ -z $owner ]] || chown "$owner" "$path.$HOSTNAME.new"
    chmod "$mode" "$path.$HOSTNAME.new"
    mv -f "$path.$HOSTNAME.new" "$path"
    FILE_CHANGED=yes
  fi
  rm -f "$staged"
}

# Whether a service has taken a file's text. A run that ended between writing and telling is not forgotten this way.
taken() { # taken <service> <file>
  [[ -e $STATE/taken-$1 && ! $2 -nt $STATE/taken-$1 ]]
}
take() { # take <service>: it has the file's text now
  mkdir -p "$STATE"
  touch "$STATE/taken-$1"
}

put_unit() { # put_unit <unit of units/>: known to systemd and started at boot
  put_file "$ROOT/etc/systemd/system/$1" 0644 < "$BUNDLE/units/$1"
  [[ $FILE_CHANGED == no ]] || within 60 systemctl daemon-reload
}

install_package() { # install_package <package>...: from the distribution's repositories, bounded
  attempt 4 15 within 300 dnf -y -q install "$@"
}

# The answer of Secrets Manager, as JSON. Its text goes through pipes and shell variables only.
fetch_secret() { # fetch_secret <ARN> <what it is>
  local arn=$1 what=$2 answer n errors=$RUN/secret-errors
  for n in 1 2 3 4 5; do
    if answer=$(within 60 aws secretsmanager get-secret-value --secret-id "$arn" --output json 2> "$errors"); then
      [[ $answer == *'"SecretString"'* ]] ||
        fail "The secret of $what ($arn) holds no text: store it as text, not as binary."
      printf '%s' "$answer"
      return 0
    fi
    case $(< "$errors") in
      *AccessDenied*)
        fail "This node's role may not read the secret of $what ($arn): allow secretsmanager:GetSecretValue on it," \
          "and kms:Decrypt if it is encrypted with a key of your own."
        ;;
      *ResourceNotFound*)
        fail "The secret of $what ($arn) does not exist in $REGION or holds no value: give it one, or another ARN."
        ;;
      *InvalidRequest*) fail "The secret of $what ($arn) is marked for deletion: restore it." ;;
    esac
    sleep $((n * 3))
  done
  fail "Secrets Manager did not hand out the secret of $what ($arn): $(tail -n 1 "$errors"); does this node reach it?"
}

json_field() { # json_field <key>: of the JSON object on standard input
  python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]], end="")' "$1"
}

secret_text() { # secret_text <ARN> <what it is>: its text
  local answer
  answer=$(fetch_secret "$1" "$2") || exit
  printf '%s' "$answer" | json_field SecretString
}

# One node at a time may install or configure what lies on /efs. The lock is released with the process that holds it,
# however that ends: NFSv4 locks of a dead client lapse with its lease. The installer inherits it, since it is what
# the lock is about; what may leave a service running must not (9>&-).
take_portal_lock() { # take_portal_lock <seconds to wait at most>
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

release_portal_lock() {
  rm -f "$SHARED/portal.lock.owner"
  exec 9>&-
}

portal_servers() { # the servers of the portal as EnginFrame lists them
  local list
  # shellcheck disable=SC2086  # a word for each
  list=$(printf ",%s:7800" $PEERS)
  printf '%s' "${list#,}"
}

portal_status() { # portal_status <address>: HTTP status of its start page, 000 when there is no answer
  # The certificate is EnginFrame's own and names no address; what is asked is whether it answers.
  curl -s -k -o /dev/null -m "${2:-15}" -w '%{http_code}' "https://$1:8443/enginframe/" || true
}
