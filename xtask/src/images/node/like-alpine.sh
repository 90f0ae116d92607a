#!/bin/sh -e
# What scripts expect of the official image: the user `node`, and programs that Alpine's busybox has.
groupadd --gid 1000 node
useradd --uid 1000 --gid node --shell /bin/sh --create-home node
for name in wget nc vi unzip; do
    command -v $name >/dev/null || ln -s /usr/bin/busybox /usr/local/bin/$name
done
