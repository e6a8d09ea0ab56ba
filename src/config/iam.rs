//! AWS's tokens as the mirror's passwords.

use std::{pin::Pin, time::SystemTime};
use tidegauge_cloud::{CloudError, RdsLogin, RdsTokens, Region};
use tidegauge_model::ErrorClass;
use tidegauge_sync::{Password, PasswordSource, PostgresCause, Server, SyncError};

/// A fresh token for each connection.
#[derive(Debug)]
pub(super) struct IamPassword(RdsTokens);

impl IamPassword {
    /// Of this region, or the one in the host's name.
    pub(super) fn new(region: Option<Region>) -> Self {
        Self(RdsTokens::new(region))
    }
}

impl PasswordSource for IamPassword {
    fn password<'a>(
        &'a self,
        server: &'a Server,
    ) -> Pin<Box<dyn Future<Output = Result<Password, SyncError>> + Send + 'a>> {
        Box::pin(async move {
            let login = RdsLogin {
                host: server.host.clone(),
                port: server.port,
                user: server.user.clone(),
            };
            match self.0.token(&login, SystemTime::now()).await {
                Ok(token) => Ok(Password::new(token.reveal())),
                Err(e) => Err(no_password(&e)),
            }
        })
    }
}

/// What the mirror is told where there is no password.
pub(super) fn no_password(error: &CloudError) -> SyncError {
    let cause = match error.class() {
        ErrorClass::Transient => PostgresCause::PasswordUnavailable,
        ErrorClass::Refused | ErrorClass::Corrupt => PostgresCause::NoPassword,
    };
    SyncError::postgres(cause, error.to_string())
}
