//! Headers, each hashed to itself.

use super::piecewise::{Question, gather};
use crate::{
    error::{ChainError, Result},
    evidence::{EvidenceError, check_hash, check_place},
    header::{VerifiedHeader, parse_header},
    rpc::{Call, Replies},
    source::Inner,
};
use alloy::primitives::B256;
use tidegauge_model::BlockNumber;

/// These blocks' headers, each hashed to itself.
pub(crate) async fn headers(inner: &Inner, numbers: &[BlockNumber]) -> Result<Vec<VerifiedHeader>> {
    let question = Question {
        calls: |number| [Call::header(number)],
        read: |replies: &Replies, at, number| read_header(replies, at, number, None),
    };
    Ok(gather(inner, numbers, None, question).await?.blocks)
}

/// Reads and verifies one header.
pub(crate) fn read_header(
    replies: &Replies,
    at: usize,
    number: BlockNumber,
    before: Option<B256>,
) -> Result<VerifiedHeader> {
    if replies.is_null(at) {
        return Err(ChainError::NoBlock {
            endpoint: replies.endpoint.clone(),
            block: number,
        });
    }
    let stated = parse_header(replies.text(at)).map_err(|problem| ChainError::Lying {
        endpoint: replies.endpoint.clone(),
        what: format!("block {number} with {problem}"),
    })?;
    let header = check_hash(stated).map_err(|source| disproved(replies, source))?;
    check_place(&header, number, before).map_err(|source| disproved(replies, source))?;
    Ok(header)
}

/// An error that names who was wrong.
pub(super) fn disproved(replies: &Replies, source: EvidenceError) -> ChainError {
    ChainError::Evidence {
        endpoint: replies.endpoint.clone(),
        source,
    }
}
