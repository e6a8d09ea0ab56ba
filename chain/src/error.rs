//! What can go wrong between the chain and us.

use crate::{evidence::EvidenceError, fault::RpcError};
use alloy::primitives::{Address, B256};
use tidegauge_model::{BlockNumber, BlockRange, ChainId, ErrorClass};

/// An error of this crate; it names the endpoint, the question, the cause and the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The configuration cannot work.
    #[error("{key}: {problem}")]
    Config {
        /// The key to change.
        key: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// An endpoint of another chain.
    #[error(
        "{endpoint} serves chain {found}, but chain {expected} is configured: correct chain.rpc_urls or chain.id"
    )]
    WrongChain {
        /// The endpoint, redacted.
        endpoint: String,
        /// The chain configured.
        expected: ChainId,
        /// The chain served.
        found: ChainId,
    },
    /// A question got no usable answer.
    #[error(transparent)]
    Rpc(#[from] Box<RpcError>),
    /// An answer contradicts itself or the question.
    #[error(
        "{endpoint} answered {what}: the answer was thrown away; if it stays so, use another endpoint"
    )]
    Lying {
        /// The endpoint, redacted.
        endpoint: String,
        /// The contradiction.
        what: String,
    },
    /// A header, bloom or receipts root does not hold.
    #[error("{endpoint}: {source}; nothing of it was kept; if it stays so, use another endpoint")]
    Evidence {
        /// The endpoint, redacted.
        endpoint: String,
        /// What does not hold.
        source: EvidenceError,
    },
    /// Two ranges that should be neighbours are of different branches.
    #[error(
        "block {at} has parent {found}, where {expected} was expected: the chain was reorganised, or the endpoint lags; find the common ancestor first"
    )]
    Seam {
        /// First block of the later range.
        at: BlockNumber,
        /// Hash of the earlier range's last block.
        expected: B256,
        /// Parent hash that the later range names.
        found: B256,
    },
    /// A block that should exist was not found.
    #[error(
        "{endpoint} has no block {block}: it lags or has pruned it; try again, or use another endpoint"
    )]
    NoBlock {
        /// The endpoint, redacted.
        endpoint: String,
        /// The block.
        block: BlockNumber,
    },
    /// A branch that replaces final blocks.
    #[error(
        "{endpoint}: its branch leaves ours below block {floor}, which is final or beyond the depth we unwind (tip {tip}): not obeyed; check whether it is on the right chain"
    )]
    TooDeep {
        /// The endpoint, redacted.
        endpoint: String,
        /// Our tip.
        tip: BlockNumber,
        /// The lowest block that may be unwound to.
        floor: BlockNumber,
    },
    /// A branch that replaces many blocks, on one endpoint's word alone.
    #[error(
        "{endpoint}: its branch replaces blocks {to} to {tip}, but {why}: waiting for agreement (reorg.confirm_depth)"
    )]
    Unconfirmed {
        /// The endpoint, redacted.
        endpoint: String,
        /// Our tip.
        tip: BlockNumber,
        /// The common ancestor.
        to: BlockNumber,
        /// Who does not agree.
        why: String,
    },
    /// The caller cannot name a block of its own chain.
    #[error("no hash is known for our own block {block}: the store lacks a block below its tip")]
    UnknownAncestor {
        /// The block.
        block: BlockNumber,
    },
    /// A factory's event names a pool that CREATE2 does not give.
    #[error(
        "factory {factory} created {found}, but CREATE2 gives {expected}: correct the factory's init_code_hash, or use another endpoint"
    )]
    FactoryMismatch {
        /// The factory.
        factory: Address,
        /// The pool that its event names.
        found: Address,
        /// The address computed.
        expected: Address,
    },
    /// A fetch task ended without a result.
    #[error("fetching {range} ended without a result: {cause}")]
    TaskLost {
        /// Its range.
        range: BlockRange,
        /// Why.
        cause: String,
    },
}

impl ChainError {
    /// Who should act; retry looks at nothing else.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Config { .. } | Self::WrongChain { .. } | Self::FactoryMismatch { .. } => {
                ErrorClass::Refused
            }
            Self::Rpc(error) => error.fault.class(),
            Self::Lying { .. }
            | Self::Evidence { .. }
            | Self::Seam { .. }
            | Self::NoBlock { .. }
            | Self::Unconfirmed { .. }
            // Our store is right until shown otherwise; the endpoint may come back to it.
            | Self::TooDeep { .. }
            | Self::TaskLost { .. } => ErrorClass::Transient,
            Self::UnknownAncestor { .. } => ErrorClass::Corrupt,
        }
    }
}

/// Results of this crate.
pub(crate) type Result<T> = std::result::Result<T, ChainError>;
