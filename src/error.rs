//! What ends a command, and with which exit code.

use tidegauge_chain::ChainError;
use tidegauge_features::FeatureError;
use tidegauge_model::ErrorClass;
use tidegauge_storage::StoreError;
use tidegauge_sync::SyncError;

/// A failed command; its text says what was attempted, on what, and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The configuration or the command line does not hold.
    #[error("{0}")]
    Usage(String),
    /// The chain's side.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store's side.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What features are computed from.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// A file for others.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The simulated chain.
    #[error(transparent)]
    Sim(#[from] tidegauge_simchain::SimError),
    /// A file, socket or thread of our own.
    #[error("cannot {attempt}: {cause}")]
    Io {
        /// What was attempted, and on what.
        attempt: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A check found something wrong; the details were printed.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// An I/O error with what was attempted.
    pub(crate) fn io(attempt: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let attempt = attempt.into();
        move |cause| Self::Io { attempt, cause }
    }

    /// 2 for usage and configuration, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Sync(SyncError::Exists(_)) => 2,
            _ => 1,
        }
    }

    /// Whether the same thing may succeed later without anybody's help.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Chain(e) => e.class() == ErrorClass::Transient,
            Self::Store(e) => e.class() == ErrorClass::Transient,
            _ => false,
        }
    }
}
