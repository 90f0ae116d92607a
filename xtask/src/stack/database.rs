//! The database: one PostgreSQL for the backend and for Kratos, each with its own database and user.

use xtask_engine::Error;
use xtask_engine::pipeline::{Container, Readiness, Secret, Service, Volume};

use super::Setting;
use super::address::{DATABASE, DATABASE_PORT};
use super::database_url::DatabaseUrl;
use crate::images::{self, Part};

/// Where the image has its files.
const DATA: &str = "/var/lib/postgresql/data";
/// Kratos' database, and its user.
const KRATOS: &str = "kratos";
/// Kratos' password, in the container that makes its database.
const KRATOS_PASSWORD: &str = "KRATOS_PASSWORD";

/// What the image runs when its data are new. The password is a variable of the running container:
/// it is in no layer.
const INIT: &str = r#"#!/bin/sh -e
# Kratos' own database and user.
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set=password="$KRATOS_PASSWORD" <<'SQL'
CREATE USER kratos WITH PASSWORD :'password';
CREATE DATABASE kratos OWNER kratos;
SQL
"#;

/// Where data are that stay: below the volume, so that there is room for a mark beside them.
const KEPT_DATA: &str = "/var/lib/postgresql/data/cluster";
/// What starts a server whose data stay: ended while it makes them, it takes them for whole ever
/// after.
const BEGIN: &str = r#"#!/bin/sh -e
# Data bear a mark until they are whole; those that bear one are made anew.
mark=$(dirname "$PGDATA")/unfinished
if [ -e "$mark" ]; then
    rm -rf "$PGDATA"
elif [ -s "$PGDATA/PG_VERSION" ]; then
    is=$(postgres --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
    was=$(cat "$PGDATA/PG_VERSION")
    if [ -n "$is" ] && [ "$is" != "$was" ]; then
        echo "these data are of PostgreSQL $was, and this is PostgreSQL $is, which cannot read them:"
        echo "run it with --image database=postgres:$was, or remove the data"
        exit 1
    fi
else
    touch "$mark"
    chown postgres "$mark"
fi
exec docker-entrypoint.sh "$@"
"#;
/// What the image runs last when its data are new.
const FINISHED: &str = r#"#!/bin/sh -e
rm "$(dirname "$PGDATA")/unfinished"
"#;

/// What makes it quick where its data die with the run anyhow: nothing is forced to the disk.
const SHORT_LIVED: [&str; 6] =
    ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];

/// How long its data live.
pub enum Data {
    /// As long as the run.
    OfRun,
    /// Until somebody removes them; of this checkout.
    Kept(Volume),
}

/// The server for the backend's `DATABASE_URL`, with Kratos' database if there is a password for it.
///
/// # Errors
/// If nothing says which database is the backend's.
pub fn service(setting: &Setting, kratos: Option<&Secret>, data: Data) -> Result<Service, Error> {
    let url = setting.database()?;
    let container = Container::from(setting.images.image(Part::Database, images::postgres))
        .with_env_variable("POSTGRES_USER", url.user())
        .with_env_variable("POSTGRES_DB", url.database())
        .with_exposed_port(DATABASE_PORT);
    let mut container = setting.with_password(&container, "POSTGRES_PASSWORD", url.password());
    if let Some(password) = kratos {
        container = container
            .with_new_program("/docker-entrypoint-initdb.d/kratos.sh", INIT)
            .with_secret_variable(KRATOS_PASSWORD, password.clone());
    }
    let volume = match data {
        Data::OfRun => {
            container = container
                .with_env_variable("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --no-sync")
                .with_default_args(["postgres"].into_iter().chain(SHORT_LIVED));
            Volume::of_session(DATABASE)
        }
        Data::Kept(volume) => {
            container = container
                .with_env_variable("POSTGRES_INITDB_ARGS", "--encoding=UTF8")
                .with_env_variable("PGDATA", KEPT_DATA)
                .with_new_program("/usr/local/bin/begin", BEGIN)
                .with_new_program("/docker-entrypoint-initdb.d/zz-finished.sh", FINISHED)
                .with_entrypoint(["begin"])
                .with_default_args(["postgres"]);
            volume
        }
    };
    // While it makes its data, the server listens on its socket only: 127.0.0.1 is the real one.
    let host = ["pg_isready", "--quiet", "--host=127.0.0.1"];
    let ready = [&format!("--username={}", url.user()), &format!("--dbname={}", url.database())];
    let ready = host.into_iter().map(str::to_owned).chain(ready.into_iter().cloned());
    let service = container.as_service(DATABASE).with_readiness(Readiness::command(ready));
    Ok(service.with_volume(DATA, volume))
}

/// The data of this checkout.
pub fn kept(owner: &str) -> Data {
    Data::Kept(Volume::kept(DATABASE, owner))
}

/// Kratos' database on that server.
pub fn kratos_url(url: &DatabaseUrl, password: &str) -> DatabaseUrl {
    url.with_host(DATABASE, DATABASE_PORT)
        .for_database(KRATOS, KRATOS, password)
        .with_parameter("sslmode", "disable")
        .with_parameter("max_conns", "20")
        .with_parameter("max_idle_conns", "4")
}
