#!/bin/sh -e
# Before PostgreSQL's packages: the user with the id that it has in the official image, and no
# cluster of Debian's own.
groupadd --gid 70 postgres
useradd --uid 70 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
