#!/bin/bash
# First process of a machine, in namespaces of its own: makes its root file system and becomes its systemd.
#
# usage: init.sh ROOT HOSTNAME STORAGE
#   ROOT     the machine's disk, an overlay
#   STORAGE  folder of network file systems, for the mount helpers of the image
set -euo pipefail
root=$1
hostname "$2"
mount --make-rprivate /
mount --bind "$root" "$root"
mkdir -p "$root/bench/storage" "$root/bench/host"
mount --rbind "$3" "$root/bench/storage"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
for device in null zero full random urandom tty fuse autofs; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for n in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${n%:*}" "$root/dev/${n#*:}"; done
ip link set lo up
cd "$root"
pivot_root . bench/host
exec chroot . /bin/sh -c 'umount -l /bench/host &&
  exec /usr/bin/env -i container=bench PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --log-target=journal --show-status=0' < /dev/null > /dev/null 2>&1
