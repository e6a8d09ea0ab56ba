//! A password that Secrets Manager keeps, and replaces now and then.

use super::iam::no_password;
use std::{
    fmt,
    pin::Pin,
    time::{Duration, Instant},
};
use tidegauge_cloud::SecretRef;
use tidegauge_sync::{Password, PasswordSource, Server, SyncError};
use tokio::sync::Mutex;

/// For so long it is not asked for again: a pool's connections come together, and after a password
/// is replaced the next but one try has the new one.
const KEPT: Duration = Duration::from_secs(10);

/// Read anew for connections.
pub(super) struct ManagedPassword {
    secret: SecretRef,
    kept: Mutex<Option<(Password, Instant)>>,
}

impl ManagedPassword {
    pub(super) fn new(secret: SecretRef) -> Self {
        Self {
            secret,
            kept: Mutex::new(None),
        }
    }
}

impl fmt::Debug for ManagedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManagedPassword({})", self.secret)
    }
}

impl PasswordSource for ManagedPassword {
    fn password<'a>(
        &'a self,
        _: &'a Server,
    ) -> Pin<Box<dyn Future<Output = Result<Password, SyncError>> + Send + 'a>> {
        Box::pin(async move {
            let mut kept = self.kept.lock().await;
            if let Some((password, at)) = kept.as_ref()
                && at.elapsed() < KEPT
            {
                return Ok(password.clone());
            }
            let password = match (self.secret.read().await, kept.as_ref()) {
                (Ok(value), _) => Password::new(value.trim()),
                // The database may be back before Secrets Manager is.
                (Err(error), Some((password, _))) => {
                    tracing::warn!("secret {} is not read again: {error}", self.secret);
                    password.clone()
                }
                (Err(error), None) => return Err(no_password(&error)),
            };
            *kept = Some((password.clone(), Instant::now()));
            Ok(password)
        })
    }
}
