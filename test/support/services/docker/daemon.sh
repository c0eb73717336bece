#!/bin/sh
# daemon.sh FOLDER: a dockerd that has nothing but FOLDER, for namespaces of its own: `unshare --net --mount --pid --fork`.
set -eu
folder=$1
# What it, its shims and iptables would leave on the machine.
mount -t tmpfs none /run
mount -t tmpfs none /etc/docker
ip link set lo up
# 10.0.2.3 is how slirp4netns answers for this machine's resolver.
exec dockerd --host "unix://$folder/socket" --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/pid" --dns 10.0.2.3
