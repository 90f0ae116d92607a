#!/bin/sh
# Makes Kratos' configuration of this folder and the environment, then becomes Kratos:
#   entrypoint.sh migrate sql -c /etc/config/kratos/kratos.yaml -e --yes
#   entrypoint.sh serve -c /etc/config/kratos/kratos.yaml --watch-courier
# The database, the cookies' secret and the mail server are not written anywhere: Kratos reads DSN, SECRETS_COOKIE and
# COURIER_SMTP_CONNECTION_URI from the environment itself, and so DEV and LOG_LEVEL.
set -eu

source=$(dirname "$0")
target=/etc/config/kratos

case " $* " in
*' serve '*)
  # A migration needs no more than the database.
  for name in KRATOS_URL KRATOS_ADMIN_URL CRUX_UI_URL AUTH_URL FROM_EMAIL SECRETS_COOKIE COURIER_SMTP_CONNECTION_URI DSN; do
    if eval "[ -z \"\${$name:-}\" ]"; then
      echo "entrypoint.sh: $name is missing: set it as in .env.example." >&2
      exit 1
    fi
  done
  ;;
esac

# In YAML's single quotes a quote is written twice.
FROM_NAME=$(printf '%s' "${FROM_NAME:-Sample Platform}" | sed "s/'/''/g")
export FROM_NAME

# The folder itself may be a mount, so it is emptied, not replaced.
mkdir -p "$target"
rm -rf "${target:?}"/*
cp "$source/identity.schema.json" "$target/"
cp -R "$source/templates" "$target/"
# shellcheck disable=SC2016 # envsubst wants the names, and only these are replaced
envsubst '$KRATOS_URL $KRATOS_ADMIN_URL $CRUX_UI_URL $AUTH_URL $FROM_NAME $FROM_EMAIL' \
  < "$source/kratos.template.yaml" > "$target/kratos.yaml"

exec kratos "$@"
