//! Where the parts are found: their names on the network, and the ports that the application
//! documents.

/// A part's name on the network.
pub const DATABASE: &str = "database";
/// Likewise.
pub const KRATOS: &str = "kratos";
/// Likewise.
pub const MAIL: &str = "mail";
/// Likewise.
pub const CRUX: &str = "crux";
/// Likewise.
pub const CRUX_UI: &str = "crux-ui";
/// Likewise.
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
/// The backend's gRPC, for agents.
pub const AGENT_PORT: u16 = 5000;
/// The frontend.
pub const CRUX_UI_PORT: u16 = 3000;
/// The one door.
pub const WEB_PORT: u16 = 8000;
/// Traefik's own pages.
pub const TRAEFIK_PORT: u16 = 8080;

/// Which part a port of a developer's machine is: what a real `.env` says as `localhost:PORT`.
pub const PARTS: &[(u16, &str)] = &[
    (DATABASE_PORT, DATABASE),
    (KRATOS_PORT, KRATOS),
    (KRATOS_ADMIN_PORT, KRATOS),
    (SMTP_PORT, MAIL),
    (MAIL_UI_PORT, MAIL),
    (MAIL_PORT, MAIL),
    (CRUX_PORT, CRUX),
    (AGENT_PORT, CRUX),
    (CRUX_UI_PORT, CRUX_UI),
    (WEB_PORT, TRAEFIK),
];

/// The address that browsers, and all who mean the product as a whole, use.
pub const WEB: &str = "http://traefik:8000";
/// Kratos behind that door.
pub const KRATOS_PUBLIC: &str = "http://traefik:8000/kratos";
/// Kratos for administration.
pub const KRATOS_ADMIN: &str = "http://kratos:4434";
/// The mail catcher for those who send.
pub const SMTP: &str = "smtps://test:test@mail:1025/?skip_ssl_verify=true&legacy_ssl=true";
