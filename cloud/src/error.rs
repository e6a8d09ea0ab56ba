//! What can go wrong with AWS.

use tidegauge_model::ErrorClass;

/// Why there is no token, no secret, or why something did not arrive.
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
    /// Nobody said in which region.
    #[error("AWS: the region is not known: set AWS_REGION, or name it in the configuration")]
    NoPlace,
    /// A service did not do what it was asked for.
    #[error("AWS: {call}: {message}")]
    Service {
        /// The permission that it needs.
        call: &'static str,
        /// What was said, with all causes.
        message: String,
        /// Whether to ask again.
        class: ErrorClass,
    },
    /// A secret is not what it should be.
    #[error("AWS: secret {name} {problem}")]
    Secret {
        /// Its name.
        name: String,
        /// What is wrong, without what it holds.
        problem: String,
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
            Self::Service { class, .. } => *class,
            Self::NoRegion { .. }
            | Self::NoPlace
            | Self::NoCredentials { .. }
            | Self::Secret { .. }
            | Self::Unsigned { .. } => ErrorClass::Refused,
        }
    }
}

/// The whole chain of causes: the SDK's own text says only that something went wrong.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        message = format!("{message}: {next}");
        cause = next.source();
    }
    message
}
