//! Many blocks in one request, each judged by itself.

use crate::{
    error::{ChainError, Result},
    rpc::{Call, Replies},
    source::Inner,
};
use std::collections::BTreeMap;
use tidegauge_model::BlockNumber;

/// What is asked for each block, and how it is read.
pub(crate) struct Question<C, R> {
    /// The calls for one block.
    pub(crate) calls: C,
    /// Reads one block out of the answers, whose first call has that place.
    pub(crate) read: R,
}

/// Every block, with the bytes that they took, and the endpoint that answered last.
pub(crate) struct Gathered<T> {
    /// In ascending order.
    pub(crate) blocks: Vec<T>,
    pub(crate) bytes: usize,
    pub(crate) endpoint: String,
}

/// Asks for all these blocks, keeps what an answer proves, and asks again for the rest alone: an
/// endpoint that is wrong now and then would else never get through a batch. What an endpoint
/// got wrong is held against it. Where its word is in doubt, another one is asked, if there is one.
pub(crate) async fn gather<T, const N: usize>(
    inner: &Inner,
    numbers: &[BlockNumber],
    in_doubt: Option<&str>,
    question: Question<
        impl Fn(BlockNumber) -> [Call; N],
        impl Fn(&Replies, usize, BlockNumber) -> Result<T>,
    >,
) -> Result<Gathered<T>> {
    let mut known: BTreeMap<BlockNumber, T> = BTreeMap::new();
    let mut bytes = 0;
    loop {
        let left: Vec<BlockNumber> = numbers
            .iter()
            .filter(|number| !known.contains_key(number))
            .copied()
            .collect();
        let calls: Vec<Call> = left.iter().flat_map(|n| (question.calls)(*n)).collect();
        let read = |replies: &Replies| {
            let mut part = Part {
                blocks: Vec::with_capacity(left.len()),
                refuted: None,
                bytes: replies.len_bytes(),
                endpoint: replies.endpoint.clone(),
            };
            for (place, number) in left.iter().enumerate() {
                match (question.read)(replies, place * N, *number) {
                    Ok(block) => part.blocks.push((*number, block)),
                    Err(error) => part.refuted = Some(error),
                }
            }
            // No progress is a failed try; any is a good one, so this ends.
            match part.refuted.take_if(|_| part.blocks.is_empty()) {
                Some(error) => Err(error),
                None => Ok(part),
            }
        };
        let part = match in_doubt {
            Some(endpoint) => inner.rpc.ask_avoiding(endpoint, &calls, read).await?,
            None => inner.rpc.ask(&calls, read).await?,
        };
        bytes += part.bytes;
        if let Some(error) = part.refuted {
            tracing::debug!(%error, "asking again for the blocks that were not proven");
            inner.rpc.contradict(&part.endpoint, &error);
        }
        known.extend(part.blocks);
        if known.len() >= numbers.len() {
            return Ok(Gathered {
                blocks: known.into_values().collect(),
                bytes,
                endpoint: part.endpoint,
            });
        }
    }
}

/// What one request proved.
struct Part<T> {
    blocks: Vec<(BlockNumber, T)>,
    /// Why not all of them.
    refuted: Option<ChainError>,
    bytes: usize,
    endpoint: String,
}
