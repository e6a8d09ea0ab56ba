//! What can go wrong with objects.

use crate::failure::ObjectFailure;
use tidegauge_model::ErrorClass;

/// Why an object was not written, read, listed or removed. Secrets are in none of them.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// A text is no key.
    #[error("`{key}` is no key of an object: {why}")]
    Key {
        /// The text, escaped.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A text is no SHA-256.
    #[error("no SHA-256: 64 lower-case hexadecimal digits are expected")]
    NoDigest,
    /// What was configured cannot be used.
    #[error("{0}")]
    Settings(String),
    /// The place, the line to it or the local disk failed.
    #[error(transparent)]
    Failed(#[from] Box<ObjectFailure>),
    /// Another object has the key already: objects are never overwritten.
    #[error(
        "{place}: {key} is there already with other content: {found} instead of {expected}; do two collectors write here? give each a prefix of its own"
    )]
    Different {
        /// Which place.
        place: String,
        /// Which object.
        key: String,
        /// What was to be written.
        expected: String,
        /// What is there.
        found: String,
    },
    /// What is to be written is not what its stamp says; nothing was written.
    #[error(
        "{place}: {key} is not written: its content is {found}, and {expected} was expected; has the file been changed meanwhile?"
    )]
    Changed {
        /// Which place.
        place: String,
        /// Which object.
        key: String,
        /// What the stamp says.
        expected: String,
        /// What was found.
        found: String,
    },
    /// What is there is not what was written.
    #[error(
        "{place}: {key} is damaged: {found} instead of {expected}; take an older one, and look for what altered it"
    )]
    Corrupt {
        /// Which place.
        place: String,
        /// Which object.
        key: String,
        /// What it was when it was written.
        expected: String,
        /// What it is now.
        found: String,
    },
    /// What should be there is not.
    #[error(
        "{place}: {key} is not there, and it should be ({expected}); was it removed by hand or by a lifecycle rule?"
    )]
    Missing {
        /// Which place.
        place: String,
        /// Which object.
        key: String,
        /// What it was when it was written.
        expected: String,
    },
    /// A document is longer than the caller takes.
    #[error("{place}: {key} has {bytes} bytes, and at most {most_bytes} are read")]
    TooLarge {
        /// Which place.
        place: String,
        /// Which object.
        key: String,
        /// Its length.
        bytes: u64,
        /// The limit.
        most_bytes: usize,
    },
}

impl ObjectError {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Failed(failure) => failure.cause.class(),
            Self::Key { .. }
            | Self::NoDigest
            | Self::Settings(_)
            | Self::Different { .. }
            | Self::TooLarge { .. } => ErrorClass::Refused,
            Self::Changed { .. } | Self::Corrupt { .. } | Self::Missing { .. } => {
                ErrorClass::Corrupt
            }
        }
    }
}
