//! `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, read strictly: what is not understood is refused.

use super::{password::Password, server::Server};
use crate::{SyncError, failure::PostgresCause};
use percent_encoding::percent_decode_str;
use std::{fmt, path::PathBuf, str::FromStr};
use url::{Host, Url};

/// Postgres's own.
const DEFAULT_PORT: u16 = 5_432;

/// A server and how to log in there; printed without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    /// Where it leads.
    pub server: Server,
    /// The password, where the URL carries one.
    pub password: Option<Password>,
    /// Whether `sslmode` asks for TLS (`verify-full`) or for none (`disable`).
    pub(super) tls: Option<bool>,
    /// `sslrootcert`.
    pub(super) ca_file: Option<PathBuf>,
}

impl PostgresUrl {
    /// The same with this password, unless there is one.
    #[must_use]
    pub fn or_password(mut self, password: Password) -> Self {
        self.password.get_or_insert(password);
        self
    }
}

impl FromStr for PostgresUrl {
    type Err = SyncError;

    /// Reads the URL; errors never repeat it.
    fn from_str(text: &str) -> Result<Self, SyncError> {
        read(text).map_err(|problem| {
            SyncError::postgres(
                PostgresCause::Settings,
                format!(
                    "the URL {problem}: write postgres://USER:PASSWORD@HOST:5432/DATABASE, special characters percent-encoded"
                ),
            )
        })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.to_string();
        // A socket's has none.
        match (&self.password, server.rsplit_once('@')) {
            (Some(_), None) => write!(f, "{server}&password=***"),
            (Some(_), Some((user, place))) => write!(f, "{user}:***@{place}"),
            (None, _) => f.write_str(&server),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn read(text: &str) -> Result<PostgresUrl, String> {
    let url = Url::parse(text).map_err(|e| format!("cannot be read ({e})"))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err("does not begin with postgres://".to_owned());
    }
    if url.fragment().is_some() {
        return Err("holds a # (write %23 for it)".to_owned());
    }
    let mut host = match url.host() {
        None => None,
        Some(Host::Ipv6(address)) => Some(address.to_string()),
        Some(other) => Some(decoded(&other.to_string(), "host")?),
    };
    let mut user = some(decoded(url.username(), "user")?);
    let mut password = match url.password() {
        Some(secret) => some(decoded(secret, "password")?),
        None => None,
    };
    let mut database = some(decoded(url.path().trim_start_matches('/'), "database")?);
    let mut port = url.port();
    let mut tls = None;
    let mut ca_file = None;
    for (key, value) in url.query_pairs() {
        let value = value.into_owned();
        match &*key {
            "host" => host = some(value),
            "port" => port = Some(value.parse().map_err(|_| "has no number as port")?),
            "user" => user = some(value),
            "password" => password = some(value),
            "dbname" => database = some(value),
            "sslmode" => tls = Some(wants_tls(&value)?),
            "sslrootcert" => ca_file = Some(PathBuf::from(value)),
            other => {
                return Err(format!(
                    "has a parameter `{}` that is not known",
                    other.escape_debug()
                ));
            }
        }
    }
    let host = host.ok_or("names no host")?;
    if host.contains(',') {
        return Err("names several hosts; one is expected".to_owned());
    }
    let user = user.ok_or("names no user")?;
    let database = database.ok_or("names no database")?;
    for part in [&host, &user, &database].into_iter().chain(&password) {
        // The protocol ends its texts with one: what follows would be read as another parameter.
        if part.contains('\0') {
            return Err("holds a NUL".to_owned());
        }
    }
    Ok(PostgresUrl {
        server: Server {
            host,
            port: port.unwrap_or(DEFAULT_PORT),
            user,
            database,
        },
        password: password.map(Password::new),
        tls,
        ca_file,
    })
}

fn wants_tls(mode: &str) -> Result<bool, String> {
    match mode {
        "verify-full" => Ok(true),
        "disable" => Ok(false),
        "allow" | "prefer" | "require" | "verify-ca" => Err(format!(
            "says sslmode={mode}, which does not prove to whom one speaks (leave it out, or use verify-full or disable)"
        )),
        _ => Err("has an sslmode that is not known (verify-full, disable)".to_owned()),
    }
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn decoded(text: &str, part: &str) -> Result<String, String> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|decoded| decoded.into_owned())
        .map_err(|_| format!("has a {part} that is no UTF-8"))
}
