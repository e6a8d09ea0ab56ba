//! Passwords, which are never shown, and where they come from.

use super::server::Server;
use crate::error::SyncError;
use std::{fmt, pin::Pin};

/// A password or a token that serves as one; printed as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Takes what must not be shown.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the server alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Gives passwords that change: tokens of some minutes, rotated secrets.
pub trait PasswordSource: fmt::Debug + Send + Sync {
    /// The password for one connection, made just before it.
    ///
    /// # Errors
    /// [`SyncError::Postgres`] with [`NoPassword`](crate::PostgresCause::NoPassword) where somebody
    /// has to change something, with
    /// [`PasswordUnavailable`](crate::PostgresCause::PasswordUnavailable) where it may pass.
    fn password<'a>(
        &'a self,
        server: &'a Server,
    ) -> Pin<Box<dyn Future<Output = Result<Password, SyncError>> + Send + 'a>>;
}
