# shellcheck shell=bash disable=SC2154  # the bench puts values and an interpreter before it
# Configures a node as ParallelCluster does, in its order: sssd, the OnNodeStart script, storage, Slurm's configuration,
# its daemons, and on the head node the OnNodeConfigured scripts. As ParallelCluster does, it stops at the first script
# that fails. From the bench: KIND (head|compute), CLUSTER, FILE_SYSTEM, LUSTRE, LUSTRE_AT, HOME_FOLDER, SHARED_FOLDER,
# SSSD_DOMAIN (of sssd.conf, without the password), SSSD_CONF (the rest of it), DIRECTORY_SECRET, MUNGE_SECRET,
# DATABASE_*, ON_NODE_START and ON_NODE_CONFIGURED (a script and its arguments a line), SLURM_CONF, CLUSTER_CONF.
set -euo pipefail
export AWS_DEFAULT_REGION=$REGION

# secret ARN: prints its text.
secret() {
  aws secretsmanager get-secret-value --secret-id "$1" --query SecretString --output text
}

# custom_actions LINES: runs a script and its arguments a line.
custom_actions() {
  local script arguments
  while read -r script arguments; do
    [[ -n $script ]] || continue
    aws s3 cp --only-show-errors "$script" /tmp/action
    chmod 700 /tmp/action
    # shellcheck disable=SC2086  # words
    /tmp/action $arguments < /dev/null || { echo "$script failed" && exit 1; }
  done <<< "$1"
}

shared=/opt/parallelcluster/shared
mkdir -p /efs "$LUSTRE_AT" $shared
cat >> /etc/fstab << END
/bench/storage/$HOME_FOLDER /home none bind 0 0
/bench/storage/$SHARED_FOLDER $shared none bind 0 0
$FILE_SYSTEM:/ /efs efs _netdev,noresvport,tls,iam 0 0
$LUSTRE $LUSTRE_AT lustre defaults,_netdev,flock,user_xattr,noatime,noauto,x-systemd.automount 0 0
END
systemctl daemon-reload
mount /home
mount $shared

# Before /efs is there, where the certificates are that it trusts. Compute nodes have no right on the password.
copy=$shared/directory_service/sssd.conf
if [[ $KIND == head ]]; then
  mkdir -m 600 ${copy%/*}
  (
    umask 077
    printf '[domain/default]\n%sldap_default_authtok = %s\n%s' "$SSSD_DOMAIN" "$(secret "$DIRECTORY_SECRET")" \
      "$SSSD_CONF" > /etc/sssd/sssd.conf
    cp /etc/sssd/sssd.conf $copy.new
    mv $copy.new $copy
  )
else
  # ParallelCluster itself starts them when the head node is ready.
  for _ in {1..1500}; do
    [[ ! -e $copy ]] || break
    sleep 0.2
  done
  cp $copy /etc/sssd/sssd.conf
fi
authselect select sssd with-mkhomedir --force
systemctl enable -q sssd.service # Red Hat's presets say so
systemctl restart sssd.service

custom_actions "$ON_NODE_START"
mount /efs
chmod 1777 /efs
mount "$LUSTRE_AT"
chmod 1777 "$LUSTRE_AT"
(umask 077 && secret "$MUNGE_SECRET" | base64 --decode > /etc/munge/munge.key)
chown munge: /etc/munge/munge.key

etc=/opt/slurm/etc
printf '%s\n' "$SLURM_CONF" > $etc/slurm.conf
printf '%s\n' "$CLUSTER_CONF" > $etc/slurm_parallelcluster.conf
printf 'CgroupPlugin=cgroup/v1\n' > $etc/cgroup.conf
systemctl enable -q --now munge.service
if [[ $KIND == compute ]]; then
  systemctl enable -q --now slurmd.service
  exit
fi
(
  umask 077
  cat > $etc/slurmdbd.conf << END
DbdHost=$(hostname)
DbdPort=6819
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageHost=$DATABASE_HOST
StoragePort=$DATABASE_PORT
StorageUser=$DATABASE_USER
StoragePass=$(secret "$DATABASE_SECRET")
StorageLoc=$DATABASE_NAME
StorageParameters=SSL_CA=/etc/ssl/certs/ca-certificates.crt
LogFile=/var/log/slurm/slurmdbd.log
PidFile=/run/slurmdbd.pid
END
)
chown slurm: $etc/slurmdbd.conf
mkdir -p /var/log/slurm
chown slurm: /var/log/slurm
systemctl enable -q --now slurmdbd.service
for _ in {1..1000}; do
  ! sacctmgr -iQ add cluster "$CLUSTER" || break
  ! sacctmgr -nP show cluster "$CLUSTER" format=cluster | grep -q . || break
  sleep 0.2
done
systemctl enable -q --now slurmctld.service
sacctmgr -iQ add account pcdefault || true
custom_actions "$ON_NODE_CONFIGURED"
