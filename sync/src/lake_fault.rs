//! Why a lake cannot go on, in its own words.

use tidegauge_model::{ChainId, ErrorClass};

/// Why a lake cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LakeFault {
    /// What is there is of another chain.
    #[error(
        "the lake in {place} holds chain {found}, this store holds chain {ours}: choose another prefix"
    )]
    OtherChain {
        /// The bucket or folder.
        place: String,
        /// Its chain.
        found: ChainId,
        /// The store's.
        ours: ChainId,
    },
    /// A document of the lake is not there, or not as it was written.
    #[error("{key} in {place} {problem}: tidegauge audit --repair writes it anew")]
    Damaged {
        /// The bucket or folder.
        place: String,
        /// Which document.
        key: String,
        /// What is wrong.
        problem: String,
    },
    /// A later version of this program wrote the lake.
    #[error(
        "{key} in {place} has format {found}, this program knows {known}: run the version that wrote it"
    )]
    Newer {
        /// The bucket or folder.
        place: String,
        /// Which document.
        key: String,
        /// Its format.
        found: u32,
        /// The newest that is known here.
        known: u32,
    },
    /// Somebody else published meanwhile: what is there is read again.
    #[error("version {version} of the lake in {place} was published by somebody else")]
    Moved {
        /// The bucket or folder.
        place: String,
        /// The version that we would have published.
        version: u64,
    },
    /// What is to be written changed in the store meanwhile: it is looked at again.
    #[error("the store changed while {what} was written")]
    StoreMoved {
        /// Which file.
        what: String,
    },
}

impl LakeFault {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Moved { .. } | Self::StoreMoved { .. } => ErrorClass::Transient,
            Self::Damaged { .. } => ErrorClass::Corrupt,
            Self::OtherChain { .. } | Self::Newer { .. } => ErrorClass::Refused,
        }
    }
}
