#!/bin/sh
# Makes a fresh Debian look like ParallelCluster's image where scripts look: accounts' numbers, Slurm in /opt/slurm, no
# service started that a machine does not start itself.
#
# usage: customize.sh ROOT
set -eu
chroot "$1" sh -eu << 'END'
# ParallelCluster's numbers (cookbook, attributes of the platform).
groupmod --gid 401 slurm && usermod --uid 401 --gid 401 slurm
groupmod --gid 402 munge && usermod --uid 402 --gid 402 munge
for name in slurm munge; do
  for kind in lib log; do
    [ ! -d /var/$kind/$name ] || chown -R $name:$name /var/$kind/$name
  done
done
chown -R munge:munge /etc/munge
rm -f /etc/munge/munge.key
mkdir -p /opt/slurm/bin /opt/slurm/sbin /opt/slurm/etc/pcluster /var/spool/slurmd /var/spool/slurmctld
for program in sacct sacctmgr salloc sbatch scancel scontrol sinfo sprio squeue srun sstat; do
  ln -s /usr/bin/$program /opt/slurm/bin/$program
done
for program in slurmctld slurmd slurmdbd; do ln -s /usr/sbin/$program /opt/slurm/sbin/$program; done
rm -rf /etc/slurm
ln -s /opt/slurm/etc /etc/slurm
chown slurm:slurm /var/spool/slurmctld
# Packages switch NSS and PAM to sssd; here that is authselect's to do.
pam-auth-update --package --remove sss
sed -i 's/ sss$//' /etc/nsswitch.conf
# The directory is made on the machine that is one.
rm -rf /etc/ldap/slapd.d /var/lib/ldap/*
systemctl --quiet disable sssd.service sssd-autofs.socket sssd-nss.socket sssd-pam.socket sssd-pam-priv.socket \
  sssd-ssh.socket sssd-sudo.socket
systemctl --quiet disable mariadb munge slapd slurmctld slurmd slurmdbd e2scrub_reap.service apt-daily.timer \
  apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer
systemctl --quiet mask systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket getty.target \
  systemd-networkd.service systemd-resolved.service systemd-timesyncd.service console-getty.service
rm -f /etc/resolv.conf /etc/hostname
END
