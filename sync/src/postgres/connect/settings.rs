//! What is configured of a database.

use super::{password::PasswordSource, url::PostgresUrl};
use std::{path::PathBuf, sync::Arc};

/// Where the mirror is, and how to speak with it. Prints no password.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// The server, or a pooler before it.
    pub url: PostgresUrl,
    /// The server itself, for migrations; none: as `url`.
    pub direct_url: Option<PostgresUrl>,
    /// The schema that holds our tables.
    pub schema: String,
    /// Whether to speak TLS.
    pub tls: TlsMode,
    /// Certificates (PEM) of authorities to trust beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// How to log in.
    pub auth: Auth,
    /// Whether sessions are ours: statements by name and settings that last. Not so through a
    /// pooler in transaction mode.
    pub prepared: bool,
    /// As what the server shows us, in `pg_stat_activity`.
    pub application_name: String,
}

impl PostgresSettings {
    /// Everything but the place as it is by default.
    pub fn new(url: PostgresUrl) -> Self {
        Self {
            url,
            direct_url: None,
            schema: "public".to_owned(),
            tls: TlsMode::Auto,
            ca_file: None,
            auth: Auth::Password,
            prepared: true,
            application_name: "tidegauge".to_owned(),
        }
    }
}

/// Whether to speak TLS. There is no mode that encrypts without knowing to whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TlsMode {
    /// As the URL's `sslmode` says; else TLS, unless the server is this machine and no CA file is
    /// given.
    #[default]
    Auto,
    /// Always; the certificate's authority and name are checked.
    VerifyFull,
    /// Never: passwords are hashed, rows are for everybody on the way to read.
    Disable,
}

/// How to log in.
#[derive(Clone, Debug)]
pub enum Auth {
    /// By the URL's password, if it has one.
    Password,
    /// By what a source gives for each connection: tokens, rotated secrets.
    Source(Arc<dyn PasswordSource>),
}
