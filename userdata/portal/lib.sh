#!/bin/bash
# What every step and timer of a portal node shares: places, messages, retries, files, secrets, and the flavor's own.
# Sourced, never run. A step that fails prints one sentence, and nothing here ever prints a secret.
# shellcheck disable=SC2034 # the steps use these names
set -Eeuo pipefail
umask 022
export LC_ALL=C

ROOT=${HPC_PORTAL_ROOT:-} # blank on a node; a folder in tests
BUNDLE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=$ROOT/run/hpc-portal # tmpfs, root only: the one place where a secret may lie, and then only for a moment
STATE=$ROOT/var/lib/hpc-portal
EFS=$ROOT/efs
SHARED=$EFS/hpc-portal # shared by the portal nodes; no secret in it
SHARED_SLURM=$EFS/slurm
EXPLAINED=70                # exit status of a program that has printed its sentence already
INSTALLED=$SHARED/installed # there once the portal on /efs is complete

# fail SENTENCE: prints it and ends the step.
fail() {
  printf 'ERROR: %s\n' "$*" >&2
  exit $EXPLAINED
}

# unexpected STATUS LINE: a command failed without a sentence of its own. A full disk makes any command fail, so it is
# named.
unexpected() {
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
# shellcheck source=../attempt.sh
. "$BUNDLE/attempt.sh"

# within SECONDS COMMAND...: runs the command for at most so long; nothing here may run without a bound. In the
# foreground, so that a signal that ends a step ends its commands as well.
within() {
  timeout --foreground --kill-after=10 "$@"
}

# put_file FILE MODE [OWNER]: writes standard input to FILE in one step, and only if it differs, so that a second run
# changes nothing. FILE_CHANGED says whether it did (unless called in a pipe).
put_file() {
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

# taken SERVICE FILE: whether the service runs with the file's text. That of a run that ended between writing the file
# and restarting the service is not forgotten this way.
taken() {
  [[ -e $STATE/taken-$1 && ! $2 -nt $STATE/taken-$1 ]]
}

# take SERVICE: notes that the service runs with its file's text now.
take() {
  mkdir -p "$STATE"
  touch "$STATE/taken-$1"
}

# put_unit FILE: makes systemd know a unit of this bundle.
put_unit() {
  put_file "$ROOT/etc/systemd/system/${1##*/}" 0644 < "$1"
  [[ $FILE_CHANGED == no ]] || within 60 systemctl daemon-reload
}

# install_package PACKAGE...: from the distribution's repositories.
install_package() {
  attempt 4 15 within 300 dnf -y -q install "$@"
}

# fetch_secret ARN NAME: prints the answer of Secrets Manager, as JSON. It goes through pipes and shell variables only.
fetch_secret() {
  local arn=$1 name=$2 answer n errors=$RUN/secret-errors
  for n in 1 2 3 4 5; do
    if answer=$(within 60 aws secretsmanager get-secret-value --secret-id "$arn" --output json 2> "$errors"); then
      [[ $answer == *'"SecretString"'* ]] ||
        fail "The secret of $name ($arn) holds no text: store it as text, not as binary."
      printf '%s' "$answer"
      return 0
    fi
    case $(< "$errors") in
      *AccessDenied*)
        fail "This node's role may not read the secret of $name ($arn): allow secretsmanager:GetSecretValue on it," \
          "and kms:Decrypt if it is encrypted with a key of your own."
        ;;
      *ResourceNotFound*)
        fail "The secret of $name ($arn) does not exist in $REGION or holds no value: store one, or name another ARN."
        ;;
      *InvalidRequest*) fail "The secret of $name ($arn) is marked for deletion: restore it." ;;
    esac
    sleep $((n * 3))
  done
  fail "Secrets Manager did not return the secret of $name ($arn): $(tail -n 1 "$errors"); check that this node" \
    "reaches it."
}

# json_field KEY: prints a value of the JSON object on standard input.
json_field() {
  python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]], end="")' "$1"
}

# secret_text ARN NAME: prints the text of a secret.
secret_text() {
  local answer
  answer=$(fetch_secret "$1" "$2") || exit
  printf '%s' "$answer" | json_field SecretString
}

case $FLAVOR in
  EnginFrame | EFPortal) FLAVOR_FOLDER=$BUNDLE/flavors/enginframe ;; # the second is the successor of the first
  *) fail "The portal's flavor is EnginFrame or EFPortal, not $FLAVOR: choose one of these." ;;
esac
# shellcheck source=flavors/enginframe/lib.sh
. "$FLAVOR_FOLDER/lib.sh"
