//! Following the tip of the chain.

use super::{Committer, Live, Stage, pool_book};
use crate::error::Error;
use std::time::Duration;
use tidegauge_chain::{Chain, TailEvent};
use tidegauge_model::{BlockNumber, BlockRef};
use tidegauge_storage::Reader;
use tokio_util::sync::CancellationToken;

/// Follows, block by block, until told to stop, until the commit thread stopped, or until the first error.
///
/// # Errors
/// A transient one is for the caller to wait out; a refused one is a branch that leaves below the
/// finalized block, or another chain's answer.
pub(crate) async fn follow(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    poll: Duration,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let book = pool_book(reader)?;
    let stored = |block: BlockNumber| {
        reader
            .view()
            .and_then(|view| view.block(block))
            .ok()
            .flatten()
            .map(|record| record.hash)
    };
    while let Some(tip) = committer.tip() {
        let event = tokio::select! {
            event = chain.next_after(tip, &stored, &book) => event,
            () = stop.cancelled() => return Ok(()),
        };
        let event = event?;
        live.enter(Stage::Following);
        let expected = end_of(&event, tip);
        live.saw_head(expected.number);
        if let TailEvent::Unwind { to, .. } = &event {
            tracing::warn!(
                "the chain left our branch: unwinding from block {} to block {} {}",
                tip.number,
                to.number,
                to.hash
            );
        }
        match event.into_step() {
            None => {
                tokio::select! { () = tokio::time::sleep(poll) => {}, () = stop.cancelled() => return Ok(()) }
            }
            Some(step) => {
                if !(committer.submit(step) && committer.wait_for(expected).await) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// The tip once the event is committed.
fn end_of(event: &TailEvent, tip: BlockRef) -> BlockRef {
    let end = |covered: &tidegauge_model::Coverage| BlockRef {
        number: covered.range.to,
        hash: covered.end_hash,
    };
    match event {
        TailEvent::Extend(extend) => end(&extend.covered),
        TailEvent::Unwind { to, then } => then.last().map_or(*to, |extend| end(&extend.covered)),
        TailEvent::AtHead => tip,
    }
}
