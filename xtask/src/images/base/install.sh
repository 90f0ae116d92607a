#!/bin/sh -e
# install [--without=PATTERN]... PACKAGE...: packages of the distribution, less the files that match.
export DEBIAN_FRONTEND=noninteractive
# In a container nothing is to be started, and apt's own caches are bigger than most packages.
options='-qq --no-install-recommends -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache='
while [ "${1#--without=}" != "$1" ]; do
    options="$options -o DPkg::Options::=--path-exclude=${1#--without=}"
    shift
done
set -f # the patterns are dpkg's, not the shell's
if ! apt-get $options install "$@" >/tmp/apt.log 2>&1; then
    # The lists are as old as the cached step that fetched them: the mirror may have moved on.
    fresh='-o Dir::State::lists=/tmp/apt-lists'
    mkdir -p /tmp/apt-lists/partial
    apt-get -qq $fresh update
    apt-get $options $fresh install "$@" >/tmp/apt.log 2>&1 || { cat /tmp/apt.log; exit 1; }
fi
rm -rf /tmp/apt.log /tmp/apt-lists /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
    /var/cache/ldconfig/* /var/cache/debconf/*-old /var/lib/dpkg/*-old
