#!/bin/sh -e
# As that of the official image: arguments and commands of Traefik's need not name it.
case ${1:-} in
-* | version | healthcheck) set -- traefik "$@" ;;
esac
exec "$@"
