//! Why a snapshot or a restore does not come about, in its own words.

use std::path::PathBuf;
use tidegauge_model::{BlockNumber, ChainId, ErrorClass};

/// Why a snapshot or a restore does not come about.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotFault {
    /// Nothing was collected yet.
    #[error("the store holds no block yet: there is nothing to take a snapshot of")]
    Empty,
    /// The store is behind what was final when the newest snapshot was taken.
    #[error(
        "the store's tip is block {tip}, and the newest snapshot in {place} knows block {finalized} as final: this store lost blocks; it collects them again by itself, and snapshots go on from there"
    )]
    WentBack {
        /// The bucket or folder.
        place: String,
        /// The store's tip.
        tip: BlockNumber,
        /// What was final.
        finalized: BlockNumber,
    },
    /// A document of the snapshots cannot be read.
    #[error("{place}: {key} cannot be used: {problem}")]
    Unreadable {
        /// The bucket or folder.
        place: String,
        /// Which document.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// What the files hold is not what the manifest says of them.
    #[error("{what} is not what it should be: {problem}; nothing of it is used")]
    Differs {
        /// The checkpoint or manifest.
        what: String,
        /// The difference.
        problem: String,
    },
    /// Others replaced a document each time between our look and our write.
    #[error("{place}: {key} is replaced by others all the time: stop all writers but one")]
    Contended {
        /// The bucket or folder.
        place: String,
        /// Which document.
        key: String,
    },
    /// There is no snapshot at all.
    #[error(
        "{place} holds no snapshot: check the bucket and its prefix (the folder `snapshots` lies below it)"
    )]
    NoSnapshot {
        /// The bucket or folder.
        place: String,
    },
    /// There is none such.
    #[error("{place} holds no snapshot {wanted}; there are {there}")]
    NoSuch {
        /// The bucket or folder.
        place: String,
        /// What was asked for.
        wanted: String,
        /// Some that there are.
        there: String,
    },
    /// A snapshot is damaged.
    #[error(
        "snapshot {manifest} is damaged: {problem}; take an older one by --snapshot, or let restore look for one by --allow-older"
    )]
    Damaged {
        /// Its manifest.
        manifest: String,
        /// What is damaged.
        problem: String,
    },
    /// No snapshot can be used.
    #[error("no snapshot in {place} can be used:\n{tried}")]
    NoneUsable {
        /// The bucket or folder.
        place: String,
        /// Each that was tried, and why not.
        tried: String,
    },
    /// The folder to restore into holds something.
    #[error(
        "{} is not empty: it holds {holds}; restore into another folder with --to, or move this one away first",
        into.display()
    )]
    NotEmpty {
        /// The folder.
        into: PathBuf,
        /// What is there.
        holds: String,
    },
    /// The snapshot is of another chain.
    #[error(
        "snapshot {manifest} is of chain {found}, and chain.id = {wanted}: restore from another prefix, or with the configuration of that chain"
    )]
    OtherChain {
        /// Its manifest.
        manifest: String,
        /// Its chain.
        found: ChainId,
        /// The configured one.
        wanted: ChainId,
    },
    /// The snapshot was taken by a newer program.
    #[error(
        "snapshot {manifest} was taken by tidegauge {program}, with store format {found}; this one knows formats up to {known}: restore with that version or a later one"
    )]
    NewerFormat {
        /// Its manifest.
        manifest: String,
        /// Which version took it.
        program: String,
        /// Its format.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// Another restore is under way.
    #[error("another restore works in {}: wait for it, or stop it", .0.display())]
    Busy(PathBuf),
    /// The folder beside, where a restore works, is somebody else's.
    #[error(
        "{} is in the way: a restore works there, and it holds what no restore made; move it away",
        .0.display()
    )]
    InTheWay(PathBuf),
    /// The file system refused.
    #[error("cannot {attempt} {}: {cause}", path.display())]
    Disk {
        /// What was attempted.
        attempt: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
}

impl SnapshotFault {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Contended { .. } | Self::WentBack { .. } => ErrorClass::Transient,
            Self::Differs { .. } | Self::Damaged { .. } | Self::Unreadable { .. } => {
                ErrorClass::Corrupt
            }
            _ => ErrorClass::Refused,
        }
    }

    /// A failure of the file system, with what was attempted.
    pub(crate) fn disk(
        attempt: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |cause| Self::Disk {
            attempt,
            path,
            cause,
        }
    }
}
