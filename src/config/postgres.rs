//! `[sync.postgres]`: the mirror in Postgres, as it is written and as the mirror takes it.

use super::{
    iam::IamPassword,
    managed::ManagedPassword,
    secret::{self, Hidden, Mirror, Secret},
};
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use tidegauge_cloud::Region;
use tidegauge_sync::{
    Auth, Password, PostgresCause, PostgresSettings, PostgresUrl, SyncError, TlsMode,
};

/// The password of a URL without one, as the earlier system had it.
const PASSWORD_VARIABLE: &str = "DB_PASSWORD";

/// Where the mirror is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Postgres {
    #[serde(with = "secret::optional")]
    pub(crate) url: Option<Secret<Mirror>>,
    #[serde(with = "secret::optional")]
    pub(crate) direct_url: Option<Secret<Mirror>>,
    #[serde(with = "secret::optional")]
    pub(crate) password: Option<Secret<Hidden>>,
    pub(crate) schema: String,
    pub(crate) tls: Tls,
    pub(crate) ca_file: PathBuf,
    pub(crate) auth: Login,
    pub(crate) region: String,
    pub(crate) prepared_statements: bool,
}

impl Default for Postgres {
    fn default() -> Self {
        Self {
            url: None,
            direct_url: None,
            password: None,
            schema: "public".to_owned(),
            tls: Tls::Auto,
            ca_file: PathBuf::new(),
            auth: Login::Password,
            region: String::new(),
            prepared_statements: true,
        }
    }
}

/// `sync.postgres.tls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tls {
    Auto,
    VerifyFull,
    Disable,
}

/// `sync.postgres.auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Login {
    Password,
    AwsIam,
}

impl Postgres {
    /// What the mirror needs to know; none where there is no mirror.
    ///
    /// # Errors
    /// For keys that contradict each other.
    pub(crate) fn settings(&self) -> Result<Option<PostgresSettings>, SyncError> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let refused = |problem: String| SyncError::postgres(PostgresCause::Settings, problem);
        let (auth, password) = match (self.auth, &self.password) {
            (Login::Password, None) => (Auth::Password, std::env::var(PASSWORD_VARIABLE).ok()),
            (Login::Password, Some(_)) if url.value.password.is_some() => {
                return Err(refused(
                    "sync.postgres.url has a password, and sync.postgres.password is another: leave one away".to_owned(),
                ));
            }
            (Login::Password, Some(password)) => match &password.managed {
                // Replaced now and then: asked for again.
                Some(secret) => (
                    Auth::Source(Arc::new(ManagedPassword::new(secret.clone()))),
                    None,
                ),
                None => (Auth::Password, Some(password.expose().to_owned())),
            },
            (Login::AwsIam, Some(_)) => {
                return Err(refused(
                    "sync.postgres.password is for sync.postgres.auth = \"password\"".to_owned(),
                ));
            }
            (Login::AwsIam, None) => {
                let region = match self.region.as_str() {
                    "" => None,
                    name => Some(Region::new(name).ok_or_else(|| {
                        refused(format!(
                            "sync.postgres.region = `{}` is no region: write it as eu-west-1",
                            name.escape_debug()
                        ))
                    })?),
                };
                (Auth::Source(Arc::new(IamPassword::new(region))), None)
            }
        };
        if self.auth == Login::Password && !self.region.is_empty() {
            return Err(refused(
                "sync.postgres.region is for sync.postgres.auth = \"aws-iam\"".to_owned(),
            ));
        }
        let with_password = |url: &Secret<Mirror>| -> PostgresUrl {
            let url = url.value.clone();
            match &password {
                Some(password) => url.or_password(Password::new(password)),
                None => url,
            }
        };
        let mut settings = PostgresSettings::new(with_password(url));
        settings.direct_url = self.direct_url.as_ref().map(with_password);
        settings.schema.clone_from(&self.schema);
        settings.tls = match self.tls {
            Tls::Auto => TlsMode::Auto,
            Tls::VerifyFull => TlsMode::VerifyFull,
            Tls::Disable => TlsMode::Disable,
        };
        settings.ca_file = Some(self.ca_file.clone()).filter(|path| !path.as_os_str().is_empty());
        settings.auth = auth;
        settings.prepared = self.prepared_statements;
        Ok(Some(settings))
    }
}
