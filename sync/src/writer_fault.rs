//! Why a bucket may not be written, in its own words.

use tidegauge_model::{ChainId, ErrorClass};

/// Why a bucket may not be written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WriterFault {
    /// Another writer took over: this one writes nothing any more.
    #[error(
        "another writer ({holder}) took over {place}: epoch {theirs}, ours was {ours}; nothing more is written there from here"
    )]
    Fenced {
        /// The bucket or folder.
        place: String,
        /// The epoch of this writer.
        ours: u64,
        /// The epoch now.
        theirs: u64,
        /// Who holds it.
        holder: String,
    },
    /// Another writer is alive.
    #[error(
        "{place} is written by {holder}, whose lease ends in {seconds} s unless it is renewed: stop it, choose another prefix, or take over"
    )]
    Held {
        /// The bucket or folder.
        place: String,
        /// Who holds it.
        holder: String,
        /// Seconds until its lease ends.
        seconds: u64,
    },
    /// This store went on elsewhere, in a later life.
    #[error(
        "{place} is written by a later life of this store ({holder}, store epoch {theirs}; this one has {ours}): it was restored elsewhere meanwhile, so let this machine be, or take over"
    )]
    Superseded {
        /// The bucket or folder.
        place: String,
        /// The epoch of this store.
        ours: u64,
        /// The epoch of the store that went on.
        theirs: u64,
        /// Who holds it.
        holder: String,
    },
    /// What is there is of another chain.
    #[error("{place} holds chain {found}, this store holds chain {ours}: choose another prefix")]
    OtherChain {
        /// The bucket or folder.
        place: String,
        /// Its chain.
        found: ChainId,
        /// The store's.
        ours: ChainId,
    },
    /// The document is not as this program writes it.
    #[error(
        "writer.json of {place} is not as this program writes it ({problem}): run the version that wrote it, or choose another prefix"
    )]
    Unreadable {
        /// The bucket or folder.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Others replaced the document each time between our look and our write.
    #[error("several writers ask for {place} at once: stop all but one")]
    Contended {
        /// The bucket or folder.
        place: String,
    },
}

impl WriterFault {
    /// What to do about it: only a lease passes by itself.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Held { .. } | Self::Contended { .. } => ErrorClass::Transient,
            _ => ErrorClass::Refused,
        }
    }
}
