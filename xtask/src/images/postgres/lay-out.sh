#!/bin/sh -e
# Lays Debian's PostgreSQL out as the official image has it.
cd /usr/lib/postgresql/*/bin
# Its own programs, in place of the wrappers of Debian, which look for clusters in /etc.
for program in *; do ln -s "$PWD/$program" /usr/local/bin/; done
# What initdb makes configurations of.
sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'/" /usr/share/postgresql/*/postgresql.conf.sample
grep -q "^listen_addresses = '\*'" /usr/share/postgresql/*/postgresql.conf.sample
rm -rf /var/lib/postgresql /etc/postgresql /etc/ssl/private/ssl-cert-snakeoil.key /etc/ssl/certs/ssl-cert-snakeoil.pem
for dir in /var/lib/postgresql /var/lib/postgresql/data /var/run/postgresql; do
    install --directory --owner=postgres --group=postgres --mode=3777 "$dir"
done
mkdir /docker-entrypoint-initdb.d
