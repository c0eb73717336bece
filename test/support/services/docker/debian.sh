#!/bin/sh
# What debian:bookworm-slim has, of this machine's packages, as a tar on stdout: the essential ones, apt, and what they need.
set -eu
essential=$(dpkg-query --show --showformat '${Essential} ${Package}\n' | sed -n 's/^yes //p')
needed=$(apt-cache depends --recurse --installed --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
  --no-enhances $essential apt | sed -n 's/^\([a-z0-9][^:]*\).*/\1/p' | sort -u)
{
  # Links to their namesakes in /usr, and the authorities that this machine trusts.
  printf '%s\n' bin lib lib64 sbin etc/ssl/certs/ca-certificates.crt
  dpkg-query --listfiles $needed | sed -E 's,^/((bin|lib|lib64|sbin)/),/usr/\1,' |
    sed -nE '/^.usr.share.(doc|info|locale|man)/d; s,^/(.*/.+),\1,p' | sort -u
} | tar --create --directory / --no-recursion --files-from -
