#!/bin/sh -e
# What scripts expect of the official image: the user `ory`, and busybox as shell.
groupadd --system ory
useradd --system --uid 10000 --gid ory --home-dir /home/ory --shell /bin/nologin --create-home ory
install --directory --owner=ory --group=ory /var/lib/sqlite
ln -sf /usr/bin/busybox /usr/local/bin/wget
# The shell of the official image understands `source`, that of Debian does not.
ln -sf /usr/bin/busybox /bin/sh
