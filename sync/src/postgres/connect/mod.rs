//! Connections: fresh, checked, and with errors that a person can act on.

mod options;
mod password;
mod server;
mod session;
mod settings;
mod translate;
mod url;

pub use password::{Password, PasswordSource};
pub use server::Server;
pub use settings::{Auth, PostgresSettings, TlsMode};
pub use url::PostgresUrl;

use crate::{error::SyncError, failure::PostgresCause};
use options::Route;
use sqlx::{Connection, PgConnection, Postgres, SqlSafeStr, postgres::PgArguments, query::Query};
use std::{sync::Arc, time::Duration};

/// How long a connection may take: name, TCP, TLS, log-in and check. RDS resolves its names anew
/// after a failover within seconds; what takes longer is tried again.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// A database to connect to; cheap to clone. There is no pool: one writer needs one connection,
/// and a fresh one has no state that somebody left there.
#[derive(Clone, Debug)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: PostgresSettings,
    usual: Route,
    direct: Route,
}

impl Database {
    /// Checks the settings, without any I/O.
    ///
    /// # Errors
    /// [`PostgresCause::Settings`] for what contradicts itself or would send secrets in the open.
    pub fn new(settings: PostgresSettings) -> Result<Self, SyncError> {
        session::check_schema(&settings.schema)?;
        let usual = Route::new(&settings.url, &settings)?;
        let direct = match &settings.direct_url {
            Some(url) => Route::new(url, &settings)?,
            None => usual.clone(),
        };
        Ok(Self(Arc::new(Inner {
            settings,
            usual,
            direct,
        })))
    }

    /// The schema that holds our tables. Through a pooler no search path holds: name it with each
    /// table.
    pub fn schema(&self) -> &str {
        &self.0.settings.schema
    }

    /// Where connections lead.
    pub fn server(&self) -> &Server {
        self.0.usual.server()
    }

    /// One fresh connection to a server that writes. The name is resolved anew each time.
    ///
    /// The socket has no keepalive of ours (the driver does not let us): a server that vanishes
    /// without a word is noticed by deadlines of the caller alone, who then drops the connection.
    ///
    /// # Errors
    /// [`SyncError::Postgres`]; its class says whether to try again.
    pub async fn connect(&self) -> Result<PgConnection, SyncError> {
        self.open(&self.0.usual, self.0.settings.prepared).await
    }

    /// The same past any pooler, for migrations.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_direct(&self) -> Result<PgConnection, SyncError> {
        let own = self.0.settings.prepared || self.0.settings.direct_url.is_some();
        self.open(&self.0.direct, own).await
    }

    /// A statement with parameters: by name where sessions are ours, else unnamed. Every statement
    /// with parameters goes through here: sqlx names them even where it caches none. Unnamed ones
    /// live for one transaction, so through a pooler they need one around them.
    pub fn query<'q>(&self, sql: impl SqlSafeStr) -> Query<'q, Postgres, PgArguments> {
        sqlx::query(sql).persistent(self.0.settings.prepared)
    }

    async fn open(&self, route: &Route, own_session: bool) -> Result<PgConnection, SyncError> {
        let at = |e: SyncError| e.at(route.server());
        let opened = tokio::time::timeout(CONNECT_DEADLINE, async {
            let options = route.options(&self.0.settings, own_session).await?;
            session::resolve(route.server()).await?;
            let mut connection = PgConnection::connect_with(&options).await?;
            session::check(&mut connection, own_session).await?;
            Ok(connection)
        });
        match opened.await {
            Ok(result) => result.map_err(at),
            Err(_) => Err(at(SyncError::postgres(
                PostgresCause::Deadline,
                format!("no connection within {CONNECT_DEADLINE:?}"),
            ))),
        }
    }
}
