//! What can go wrong with a simulated chain.

use std::{io, net::SocketAddr, path::PathBuf};
use tidegauge_model::ErrorClass;

/// Everything this crate can fail with.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A parameter out of bounds.
    #[error("the simulated chain's {key} is {value}: it must lie between {min} and {max}")]
    Config {
        /// Which parameter.
        key: &'static str,
        /// Its value.
        value: u64,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
    /// The file system said no.
    #[error(
        "could not {action} `{path}`: {source}; check the path, its permissions and the free space"
    )]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A generated chain on disk is not what was written.
    #[error(
        "the cached chain in `{path}` is damaged ({what}): remove that folder, it will be made again"
    )]
    Cache {
        /// Its folder.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// A recorded file cannot be replayed.
    #[error("cannot replay `{path}`{}: {what}", line.map(|n| format!(" (line {n})")).unwrap_or_default())]
    Replay {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: Option<usize>,
        /// What is wrong with it.
        what: String,
    },
    /// The server could not take its address.
    #[error("cannot listen on {addr}: {source}; is the port taken?")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// A replayed chain cannot continue.
    #[error("a replayed chain has no blocks beyond its recording")]
    NothingToGrow,
    /// A block outside the chain was asked for.
    #[error("block {block} does not exist: the chain has {first} to {head}")]
    NoBlock {
        /// The block.
        block: u64,
        /// The chain's first.
        first: u64,
        /// The chain's last.
        head: u64,
    },
    /// A rate of mischief that is none.
    #[error(
        "`{text}` is no rate: write a share from 0 to 1 such as 0.05, or a percentage such as 5%"
    )]
    Rate {
        /// What was written.
        text: String,
    },
    /// A reorganisation deeper than allowed.
    #[error("cannot replace the last {depth} blocks: from 1 to {max} can be replaced here")]
    Reorg {
        /// Blocks that were to be replaced.
        depth: u64,
        /// The most that may be.
        max: u64,
    },
    /// No branch that could come back.
    #[error("no branch was abandoned that could come back")]
    NoBranch,
    /// The simulation broke its own rules.
    #[error(
        "the simulated chain contradicts itself: {0}; report this with the seed and parameters"
    )]
    Broken(String),
}

impl SimError {
    /// What the error asks of the one who meets it.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Config { .. }
            | Self::Replay { .. }
            | Self::Listen { .. }
            | Self::Io { .. }
            | Self::NothingToGrow
            | Self::Rate { .. }
            | Self::Reorg { .. }
            | Self::NoBranch
            | Self::NoBlock { .. } => ErrorClass::Refused,
            Self::Cache { .. } | Self::Broken(_) => ErrorClass::Corrupt,
        }
    }

    /// An I/O error with what was attempted on which path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
