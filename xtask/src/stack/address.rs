//! Where the parts are found: their names on the network, and the ports that the application
//! documents.

/// The database's name on the network, as those below are of others.
pub const DATABASE: &str = "database";
/// Kratos'.
pub const KRATOS: &str = "kratos";
/// The mail catcher's.
pub const MAIL: &str = "mail";
/// The backend's.
pub const CRUX: &str = "crux";
/// The frontend's.
pub const CRUX_UI: &str = "crux-ui";
/// Traefik's.
pub const TRAEFIK: &str = "traefik";

/// PostgreSQL.
pub const DATABASE_PORT: u16 = 5432;
/// Kratos' public API.
pub const KRATOS_PORT: u16 = 4433;
/// Kratos' API for administration.
pub const KRATOS_ADMIN_PORT: u16 = 4434;
/// SMTPS.
pub const SMTP_PORT: u16 = 1025;
/// The mail catcher's pages.
pub const MAIL_UI_PORT: u16 = 4436;
/// The mail catcher's API.
pub const MAIL_PORT: u16 = 4437;
/// The backend's REST.
pub const CRUX_PORT: u16 = 1848;
/// The backend's metrics, which it serves only when their port is set.
pub const METRICS_PORT: u16 = 1956;
/// The backend's gRPC, for agents.
pub const AGENT_PORT: u16 = 5000;
/// The frontend.
pub const CRUX_UI_PORT: u16 = 3000;
/// The one door.
pub const WEB_PORT: u16 = 8000;
/// Traefik's own pages.
pub const TRAEFIK_PORT: u16 = 8080;

/// Which part a port of a developer's machine is, besides the backend's, which can be moved.
pub const PARTS: &[(u16, &str)] = &[
    (DATABASE_PORT, DATABASE),
    (KRATOS_PORT, KRATOS),
    (KRATOS_ADMIN_PORT, KRATOS),
    (SMTP_PORT, MAIL),
    (MAIL_UI_PORT, MAIL),
    (MAIL_PORT, MAIL),
    (CRUX_UI_PORT, CRUX_UI),
    (WEB_PORT, TRAEFIK),
];

/// The address that browsers, and all who mean the product as a whole, use.
pub const WEB: &str = "http://traefik:8000";
/// Host and port in it.
pub const WEB_AUTHORITY: &str = "traefik:8000";
/// The frontend's pages for signing in and up.
pub const AUTH: &str = "http://traefik:8000/auth";
/// Kratos behind that door.
pub const KRATOS_PUBLIC: &str = "http://traefik:8000/kratos";
/// Kratos for administration.
pub const KRATOS_ADMIN: &str = "http://kratos:4434";
/// The mail catcher for those who send.
pub const SMTP: &str = "smtps://test:test@mail:1025/?skip_ssl_verify=true&legacy_ssl=true";
