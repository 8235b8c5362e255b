#!/bin/bash
# Publishes a cluster's client configuration on EFS, where the portal nodes find it.
#
# usage: publish.sh EFS-FOLDER [SECONDS [SLURM-FOLDER]]
#   SECONDS       how long EFS may take in total (120); after that this fails instead of hanging
#   SLURM-FOLDER  where slurm.conf is (/opt/slurm/etc)
#
# ParallelCluster runs this as root on the head node: as OnNodeConfigured, when slurmctld runs, and as OnNodeUpdated,
# after each update. If nothing has changed, a second run writes nothing. A portal node finds:
#
#   EFS-FOLDER/slurm/CLUSTER/READY          written last, in one step, KEY=value lines: CLUSTER, SLURM_VERSION,
#                                           HEAD_NODE (address), ACCOUNTING (yes|no), JOB_OUTPUT (default name of a
#                                           job's output file), CONFIG (folder beside it), SHA256 (of its SHA256SUMS)
#   EFS-FOLDER/slurm/CLUSTER/config-HASH/   slurm.conf, cli_filter.lua, SHA256SUMS: never changed once there
#   EFS-FOLDER/slurm/CLUSTER/current        link to the newest of these, for SLURM_CONF=.../current/slurm.conf
#
# No READY, or one that does not match its folder: not published (yet). Nothing in it is secret: no slurmdbd.conf (it
# holds the database's password), no munge or JWT key.
readonly script=publish.sh efs=${1:?usage: publish.sh EFS-FOLDER [SECONDS [SLURM-FOLDER]]}
readonly patience=${2:-120} etc=${3:-/opt/slurm/etc}
. "$(dirname "$0")/common.sh"

work=$(mktemp --directory)
readonly work config=$work/config
trap 'rm -rf "$work"' EXIT

# answered: whether the controller answers to a client with the configuration that is to be published.
answered() {
  SLURM_CONF=$config/slurm.conf timeout 30 scontrol ping | grep 'is UP' > /dev/null
}

# write_output_filter: Slurm's filter of sbatch's options, run by sbatch itself. A job without an output file gets one
# with the cluster's name in it. The clusters number their jobs alike and share one EFS, so slurm-1.out of one would
# overwrite the other's. (SBATCH_OUTPUT in the environment would do the same, but wins over #SBATCH lines of a script.)
write_output_filter() {
  cat > "$config/cli_filter.lua" << END
function slurm_cli_setup_defaults(options, early)
  return slurm.SUCCESS
end

function slurm_cli_pre_submit(options, offset)
  if options["type"] == "sbatch" and options["output"] == nil then
    options["output"] = options["array"] and "slurm-$cluster-%A_%a.out" or "$job_output"
  end
  return slurm.SUCCESS
end

function slurm_cli_post_submit(offset, job_id, step_id)
  return slurm.SUCCESS
end
END
  printf 'CliFilterPlugins=cli_filter/lua\n' >> "$config/slurm.conf"
}

# build: the folder to publish, made on the node's own disk. The client's slurm.conf is the head node's without the
# daemons' own settings, with the controller by address (another zone's name service is not needed) and with short
# time-outs: a command to the cluster of a lost zone then fails after 2 to 3 seconds instead of 20 to 30.
build() {
  local host database plugins filters
  host=$(setting SlurmctldHost)
  address=$(sed -n 's/.*(\(.*\))$/\1/p' <<< "$host")
  host=${host%%(*}
  [[ -n $address ]] || address=$(getent ahostsv4 "$host" | awk 'NR == 1 { print $1 }') || true
  [[ -n $address && $address != 127.* ]] || fail "$etc/slurm.conf gives no address of the controller: add one."
  database=$(setting AccountingStorageHost)
  [[ -n $database && $database != "$host" ]] || database=$address
  mkdir "$config"
  {
    printf '# Client configuration of cluster %s, published by its head node: changes made here are lost.\n' "$cluster"
    grep -Eiv '^(SlurmctldHost|AccountingStorage(Host|BackupHost|Pass|User)|AuthAlt[a-z]*|JobComp[a-z]*)=' \
      <<< "$settings" | grep -Eiv '^(MessageTimeout|TCPTimeout)='
    printf '%s\n' "SlurmctldHost=$host($address)" MessageTimeout=2 TCPTimeout=1
    [[ $accounting == no ]] || printf 'AccountingStorageHost=%s\n' "$database"
  } > "$config/slurm.conf"
  # A cluster that has filters of its own keeps them, and names its jobs' output itself.
  filters=$(setting CliFilterPlugins)
  attempt 6 5 timeout 30 scontrol show config > "$work/running" || fail "slurmctld does not answer: see its log."
  plugins=$(sed -n 's/^PluginDir *= *\([^:]*\).*/\1/p' "$work/running")
  if [[ $filters == *lua* ]]; then
    cp "$etc/cli_filter.lua" "$config/"
  elif [[ -z $filters && -e $plugins/cli_filter_lua.so ]]; then
    write_output_filter
  fi
  (cd "$config" && sha256sum -- * > "$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
}

# intact FOLDER: whether it holds, undamaged, the configuration that is to be published.
intact() {
  cmp --silent "$config/SHA256SUMS" "$1/SHA256SUMS" && (cd "$1" && sha256sum --check --status SHA256SUMS)
}

# store: $config and READY to EFS. A reader finds the old state or the new one at any moment: a folder gets its name
# when it is complete, and READY is replaced in one step once all that it names is there.
store() {
  local home=$efs/slurm/$cluster sum name previous folder
  mountpoint --quiet "$efs" || { printf '%s is not mounted.\n' "$efs" && exit 1; }
  # EFS's top folder is open to everybody (ParallelCluster makes it so): trust nothing there that is not root's own.
  mkdir -p "$home"
  [[ -O $efs/slurm && ! -L $efs/slurm && -O $home && ! -L $home ]] ||
    { printf '%s belongs to another user than root: remove it.\n' "$home" && exit 1; }
  sum=$(sha256sum < "$config/SHA256SUMS" | cut -d ' ' -f 1)
  name=config-${sum:0:12}
  printf '%s\n' "CLUSTER=$cluster" "SLURM_VERSION=$version" "HEAD_NODE=$address" "ACCOUNTING=$accounting" \
    "JOB_OUTPUT=$job_output" "CONFIG=$name" "SHA256=$sum" > "$work/READY"
  if intact "$home/$name" && cmp --silent "$work/READY" "$home/READY"; then
    printf 'published already as %s\n' "$name"
    exit
  fi
  previous=$(sed -n 's/^CONFIG=//p' "$home/READY" 2> /dev/null) || true
  if ! intact "$home/$name"; then
    rm -rf "$home/.new" "${home:?}/$name"
    cp -R "$config" "$home/.new"
    mv "$home/.new" "$home/$name"
  fi
  ln --symbolic --force --no-dereference "$name" "$home/.current"
  mv --no-target-directory "$home/.current" "$home/current"
  cp "$work/READY" "$home/.READY"
  mv "$home/.READY" "$home/READY"
  for folder in "$home"/config-*; do # a portal node may still be reading the previous one
    [[ $folder == "$home/$name" || $folder == "$home/${previous:-$name}" ]] || rm -rf "$folder"
  done
  printf 'published as %s\n' "$name"
}

# bounded SECONDS FUNCTION: runs it in a process group of its own, detached from this script's output, and gives up
# after SECONDS. A process that hangs on a dead file system may not even die when killed; it is left behind, and since
# it holds none of this script's output, ParallelCluster does not wait for it.
bounded() {
  local deadline=$((SECONDS + $1)) child
  set -m
  "$2" < /dev/null > "$work/output" 2>&1 &
  child=$!
  set +m
  while kill -0 "$child" 2> /dev/null && ((SECONDS < deadline)); do sleep 0.1; done
  if kill -0 "$child" 2> /dev/null; then
    kill -KILL -- "-$child" 2> /dev/null || true
    fail "$efs did not answer within $1 seconds: see whether this node reaches the file system."
  fi
  wait "$child" || fail "could not publish to $efs: $(tail -n 1 "$work/output"); is it mounted, and has it room?"
  say "$(tail -n 1 "$work/output")"
}

read_settings "$etc"
cluster=$(setting ClusterName) version=$(scontrol --version | cut -d ' ' -f 2) accounting=no
[[ $cluster =~ ^[A-Za-z][A-Za-z0-9-]*$ ]] || fail "$etc/slurm.conf gives no usable ClusterName: correct '$cluster'."
[[ $(setting AccountingStorageType) != *slurmdbd ]] || accounting=yes
readonly cluster version accounting job_output=slurm-$cluster-%j.out
build
attempt 6 5 answered || fail "slurmctld does not answer to the configuration that would be published: see its log."
bounded "$patience" store
