//! A URL and the settings as the driver's options; nothing comes from the environment.

use super::{
    password::Password,
    server::Server,
    settings::{Auth, PostgresSettings, TlsMode},
    url::PostgresUrl,
};
use crate::{error::SyncError, failure::PostgresCause};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::path::{Path, PathBuf};

/// Variables of libpq that the driver reads, and that its options cannot unsay.
const INTRUSIVE: [&str; 3] = ["PGOPTIONS", "PGSSLCERT", "PGSSLKEY"];

/// Statements kept by name on a session of our own: more than the mirror has.
const STATEMENTS: usize = 64;

/// Largest file of certificates: RDS's whole bundle is below 0.2 MiB.
const MAX_CA_BYTES: u64 = 4 << 20;

/// One way to the database, settled.
#[derive(Clone, Debug)]
pub(super) struct Route {
    server: Server,
    password: Option<Password>,
    tls: bool,
    ca_file: Option<PathBuf>,
}

impl Route {
    pub(super) fn new(url: &PostgresUrl, settings: &PostgresSettings) -> Result<Self, SyncError> {
        let refused = |message: String| {
            Err(SyncError::postgres(PostgresCause::Settings, message).at(&url.server))
        };
        let ca_file = settings.ca_file.clone().or_else(|| url.ca_file.clone());
        let tls = match (settings.tls, url.tls) {
            (TlsMode::Auto, Some(asked)) => asked,
            (TlsMode::Auto, None) => {
                !url.server.is_local() || (ca_file.is_some() && !url.server.is_socket())
            }
            (TlsMode::VerifyFull, None | Some(true)) => true,
            (TlsMode::Disable, None | Some(false)) => false,
            (TlsMode::VerifyFull, Some(false)) | (TlsMode::Disable, Some(true)) => {
                return refused(
                    "sync.postgres.tls and the URL's sslmode contradict each other".to_owned(),
                );
            }
        };
        if tls && url.server.is_socket() {
            return refused(
                "a unix socket speaks no TLS: leave sync.postgres.tls at \"auto\"".to_owned(),
            );
        }
        if !tls && ca_file.is_some() && !url.server.is_socket() {
            return refused("a CA file is given, but TLS is off".to_owned());
        }
        if !tls && !url.server.is_local() && matches!(settings.auth, Auth::Source(_)) {
            return refused(
                "a token would be sent in the open: set sync.postgres.tls = \"verify-full\""
                    .to_owned(),
            );
        }
        Ok(Self {
            server: url.server.clone(),
            password: url.password.clone(),
            tls,
            ca_file,
        })
    }

    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// The driver's options, with a password made just now.
    pub(super) async fn options(
        &self,
        settings: &PostgresSettings,
        own_session: bool,
    ) -> Result<PgConnectOptions, SyncError> {
        for name in INTRUSIVE {
            if std::env::var_os(name).is_some() {
                return Err(SyncError::postgres(
                    PostgresCause::Settings,
                    format!("the environment's {name} would change the connection: unset it"),
                ));
            }
        }
        let password = match &settings.auth {
            Auth::Password => self.password.clone(),
            Auth::Source(source) => Some(source.password(&self.server).await?),
        };
        // Each of the driver's defaults is overridden: they come from PG* variables.
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.server.host)
            .port(self.server.port)
            .username(&self.server.user)
            .database(&self.server.database)
            .password(password.as_ref().map_or("", Password::reveal))
            .application_name(&settings.application_name)
            // A pooler refuses start-up parameters that it does not know, and floats are exact
            // without this one since PostgreSQL 12.
            .extra_float_digits(None)
            .statement_cache_capacity(if own_session { STATEMENTS } else { 0 });
        if self.server.is_socket() {
            options = options.socket(&self.server.host);
        }
        // Public roots are built in; an empty bundle adds none.
        let bundle = match &self.ca_file {
            Some(path) if self.tls => certificates(path).await?,
            _ => Vec::new(),
        };
        Ok(options
            .ssl_root_cert_from_pem(bundle)
            .ssl_mode(if self.tls {
                PgSslMode::VerifyFull
            } else {
                PgSslMode::Disable
            }))
    }
}

/// The file's text, which holds certificates and nothing broken. Read for each connection, since
/// bundles are replaced under a running program.
async fn certificates(path: &Path) -> Result<Vec<u8>, SyncError> {
    let refused = |problem: String| {
        SyncError::postgres(
            PostgresCause::Settings,
            format!("sync.postgres.ca_file {}: {problem}", path.display()),
        )
    };
    let length = tokio::fs::metadata(path)
        .await
        .map_err(|e| refused(e.to_string()))?
        .len();
    if length > MAX_CA_BYTES {
        return Err(refused(format!(
            "{length} bytes are no bundle of certificates"
        )));
    }
    let text = tokio::fs::read(path)
        .await
        .map_err(|e| refused(e.to_string()))?;
    let mut found = 0_usize;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        certificate.map_err(|e| refused(format!("a broken certificate: {e}")))?;
        found += 1;
    }
    if found == 0 {
        return Err(refused("holds no certificate (PEM is expected)".to_owned()));
    }
    Ok(text)
}
