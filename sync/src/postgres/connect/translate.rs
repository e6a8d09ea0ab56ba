//! The driver's errors in our words.

use super::server::Server;
use crate::{
    error::SyncError,
    failure::{PostgresCause, PostgresFailure},
};
use rustls::CertificateError;
use std::io;

impl SyncError {
    /// The same, with the server it is about.
    pub(super) fn at(self, server: &Server) -> Self {
        match self {
            Self::Postgres(mut failure) => {
                failure.server = server.to_string();
                Self::Postgres(failure)
            }
            other => other,
        }
    }
}

impl From<sqlx::Error> for SyncError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(reported) => {
                let sqlstate = reported.code().map(|code| code.into_owned());
                let cause = sqlstate
                    .as_deref()
                    .map_or(PostgresCause::Other, PostgresCause::of);
                Self::Postgres(Box::new(PostgresFailure {
                    cause,
                    server: String::new(),
                    sqlstate,
                    message: reported.message().to_owned(),
                }))
            }
            sqlx::Error::Io(e) => Self::postgres(of_io(e), e.to_string()),
            sqlx::Error::Tls(e) => {
                let cause = match e.downcast_ref::<rustls::Error>() {
                    Some(e) => of_tls(e),
                    None if e.to_string() == "server does not support TLS" => PostgresCause::NoTls,
                    None => PostgresCause::Tls,
                };
                Self::postgres(cause, e.to_string())
            }
            // Half a message, or one of another protocol.
            sqlx::Error::Protocol(message) => Self::postgres(PostgresCause::Lost, message),
            sqlx::Error::Configuration(e) => Self::postgres(PostgresCause::Settings, e.to_string()),
            // Another shape of table than we know.
            sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound => Self::postgres(PostgresCause::Schema, error.to_string()),
            _ => Self::postgres(PostgresCause::Other, error.to_string()),
        }
    }
}

fn of_io(error: &io::Error) -> PostgresCause {
    if let Some(tls) = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        return of_tls(tls);
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied => PostgresCause::Unreachable,
        _ => PostgresCause::Lost,
    }
}

fn of_tls(error: &rustls::Error) -> PostgresCause {
    let rustls::Error::InvalidCertificate(problem) = error else {
        return PostgresCause::Tls;
    };
    match problem {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => PostgresCause::ExpiredCertificate,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            PostgresCause::WrongName
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            PostgresCause::UntrustedCertificate
        }
        _ => PostgresCause::Tls,
    }
}
