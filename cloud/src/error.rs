//! What can go wrong with AWS.

use tidegauge_model::ErrorClass;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Nobody said which region, and the host's name does not.
    #[error(
        "AWS: the region of {host} is not known: set sync.postgres.region (the host's name would say it, were it the endpoint's own)"
    )]
    NoRegion {
        /// The database's host.
        host: String,
    },
    /// No credentials are configured, or what is configured cannot be read.
    #[error(
        "AWS: no credentials: {message}; give the machine a role with rds-db:connect, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
    )]
    NoCredentials {
        /// What was tried.
        message: String,
    },
    /// Whoever hands out credentials does not, now.
    #[error("AWS: credentials cannot be had now: {message}")]
    Unavailable {
        /// What went wrong.
        message: String,
    },
    /// The request for a token cannot be signed: a host or a user of strange characters.
    #[error("AWS: a token for {host} cannot be signed: {message}")]
    Unsigned {
        /// The database's host.
        host: String,
        /// What the signer said.
        message: String,
    },
}

impl CloudError {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unavailable { .. } => ErrorClass::Transient,
            Self::NoRegion { .. } | Self::NoCredentials { .. } | Self::Unsigned { .. } => {
                ErrorClass::Refused
            }
        }
    }
}
