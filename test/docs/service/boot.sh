#!/bin/sh
# boot.sh FOLDER NODE CHECKOUT: starts systemd on this machine's files, as the first process of a container without a network,
# and runs FOLDER/script in it; its exit status is the script's. What is written goes to memory and is gone with it, except
# what is in /results, which is FOLDER/results. For a mount namespace of its own: `unshare --mount`.
set -eu
folder=$1 node=$2 checkout=$3
mkdir "$folder/memory" "$folder/results"
mount -t tmpfs none /run
mount -t tmpfs none "$folder/memory"
cd "$folder/memory"
mkdir changes work root
mount -t overlay none -o lowerdir=/,upperdir=changes,workdir=work root

# Without an id it would be a first boot, which enables whatever is installed.
tr -d - </proc/sys/kernel/random/uuid >root/etc/machine-id
# Where the unit looks for Node, and may: a home is hidden from it.
cp --remove-destination "$node" root/usr/bin/node
cp "$folder/script" root/script
cat >root/etc/systemd/system/script.service <<'UNIT'
[Unit]
Requires=basic.target
After=basic.target
SuccessAction=exit
FailureAction=exit

[Service]
Type=oneshot
ExecStart=/bin/sh -eux /script
StandardOutput=file:/results/stdout
StandardError=file:/results/stderr
UNIT
exec systemd-nspawn --quiet --console=pipe --register=no --keep-unit --private-network --directory=root \
  --resolv-conf=off --bind="$folder/results:/results" --bind-ro="$checkout:/opt/robustmq" --boot systemd.unit=script.service
