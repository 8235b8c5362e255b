#!/bin/bash
# Keeps EnginFrame's list of Slurm clusters (ef.slurm.conf, on /efs) in step with the head nodes' publications in
# /efs/slurm/CLUSTER/, and logs each change of a cluster's state as this node sees it. A timer runs it every minute on
# every portal node; all write the same text, each in one step.
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../lib.sh"

conf=$EF_TOP/conf/plugins/slurm/ef.slurm.conf
state=$RUN/clusters.state
fresh=$RUN/ef.slurm.conf.$$
trap 'rm -f "$fresh"' EXIT
squeue=$ROOT/opt/slurm/bin/squeue

# ready KEY: prints its value in $home/READY.
ready() {
  sed -n "s/^$1=//p" "$home/READY" | head -n 1
}

# unfit: prints why the publication in $home cannot be used, if so. All that READY names must be there, whole and root's
# own: the top of /efs is open to all users.
unfit() {
  [[ -d $home && ! -L $home && -O $home ]] || { echo "its folder is not root's own" && return; }
  [[ -e $home/READY ]] || { echo "its publication has no READY yet" && return; }
  local folder # the link beside it may be newer for a moment, and is whole all the same
  folder=$home/$(ready CONFIG)
  [[ $(ready CLUSTER) == "$name" && $folder =~ /config-[0-9a-f]+$ && -s $folder/slurm.conf &&
  $(readlink "$home/current") =~ ^config-[0-9a-f]+$ &&
  $(sha256sum < "$folder/SHA256SUMS" | cut -d ' ' -f 1) == "$(ready SHA256)" ]] ||
    { echo "its publication is half-written or damaged" && return; }
  (cd "$folder" && sha256sum --check --status SHA256SUMS) || echo "its publication is damaged"
}

# verdict: prints how the controller answers this node. A wrong munge key or clock would otherwise show only as jobs
# that never start.
verdict() {
  local errors version newest client
  version=$(ready SLURM_VERSION)
  # A client needs a configuration even to print its version.
  if ! client=$(SLURM_CONF=$home/current/slurm.conf within 8 "$squeue" --version 2>&1); then
    echo "ERROR: this node's Slurm client refuses its configuration: $(tail -n 1 <<< "$client")"
    return
  fi
  client=${client#slurm* }
  # A client may be older than its controller, not newer.
  newest=$(printf '%s\n' "$version" "$client" | sort -V | tail -n 1)
  if [[ ${version%.*} != "${client%.*}" && $newest == "$client" ]]; then
    echo "ERROR: runs Slurm $version, older than this node's $client: its commands may be refused"
    return
  fi
  if errors=$(SLURM_CONF=$home/current/slurm.conf within 8 "$squeue" -h -o %i 2>&1 > /dev/null); then
    echo "answers"
    return
  fi
  case ${errors,,} in
    *rewound* | *expired*) echo "ERROR: refuses this node's credentials: their clocks differ by more than 5 minutes" ;;
    *"failed to access"* | *"failed to connect"* | *"munged"*) echo "ERROR: munged on this node does not answer" ;;
    *authentic* | *credential* | *"zero bytes"*)
      echo "ERROR: refuses this node's credentials: its munge key is another, or the clocks differ"
      ;;
    *) echo "does not answer (its zone or its head node may be down)" ;;
  esac
}

[[ -e $INSTALLED && -d ${conf%/*} ]] || exit 0
ids=''
sections=''
report=''
for home in "$SHARED_SLURM"/*/; do
  home=${home%/}
  name=${home##*/}
  [[ $name =~ ^[A-Za-z][A-Za-z0-9-]*$ ]] || continue
  reason=$(unfit)
  if [[ -n $reason ]]; then
    report+="cluster $name is not offered: $reason"$'\n'
    continue
  fi
  id=${name^^}
  id=${id//-/_} # part of a shell variable's name in ef.slurm.conf
  ids+=${ids:+,}$id
  section=$(grep '@ID@' "$BUNDLE/templates/ef.slurm.conf")
  section=${section//@ID@/"$id"}
  sections+=${section//@NAME@/"$name"}$'\n'
  report+="cluster $name $(verdict)"$'\n'
  if [[ -f $home/TROUBLE && ! -L $home/TROUBLE ]]; then # reports of its head node
    report+=$(head -n 5 "$home/TROUBLE" | sed "s/^/cluster $name ERROR: /")$'\n'
  fi
done

# Our part is at the end, where it takes precedence; the vendor's text before it is kept. SLURM_CLUSTER_LABEL is for one
# cluster and must not be there with several.
[[ -e $conf ]] || touch "$conf"
{
  sed -e '/^# BEGIN clusters/,/^# END clusters/d' -e '/^SLURM_CLUSTER_LABEL=/d' "$conf"
  grep -v '@ID@' "$BUNDLE/templates/ef.slurm.conf" | while IFS= read -r line; do
    [[ $line != '# END clusters' ]] || printf '%s' "$sections"
    printf '%s\n' "${line//@IDS@/"$ids"}"
  done
} > "$fresh"
put_file "$conf" "$(stat -c %a "$conf")" "$(stat -c %u:%g "$conf")" < "$fresh"
[[ $FILE_CHANGED == no ]] || echo "$(date -u +%FT%TZ) ef.slurm.conf now lists: ${ids:-no cluster}"

if [[ $report != "$(cat "$state" 2> /dev/null)"$'\n' ]]; then
  [[ -z $report ]] || printf '%s' "$report" | sed "s/^/$(date -u +%FT%TZ) /"
  printf '%s' "$report" > "$state"
fi
