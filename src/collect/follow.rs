//! Following the tip of the chain.

use super::{Committer, Live, Stage, Watch, pool_book};
use crate::error::Error;
use std::time::Instant;
use tidegauge_chain::{Chain, Heads, Ours, TailEvent, Wake};
use tidegauge_model::{B256, BlockNumber, BlockRef, Coverage};
use tidegauge_storage::Reader;
use tokio_util::sync::CancellationToken;

/// Follows, block by block, until told to stop, until the commit thread stopped, or until the first error.
///
/// # Errors
/// A transient one is for the caller to wait out; a refused one is another chain's answer.
pub(crate) async fn follow(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    heads: &mut Heads,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let book = pool_book(reader)?;
    let mut watch = Watch::new(reader)?;
    let stored = |block: BlockNumber| hash_at(reader, block);
    // Only a block that was announced has a moment at which we heard of it.
    let mut heard: Option<Instant> = None;
    while let Some(tip) = committer.tip() {
        let ours = Ours {
            hash_of: &stored,
            final_to: reader.view()?.finalized(),
        };
        let event = tokio::select! {
            event = chain.next_after(tip, ours, &book) => event?,
            () = stop.cancelled() => return Ok(()),
        };
        live.enter(Stage::Following);
        live.listens(heads.is_announced());
        let expected = end_of(&event, tip);
        live.saw_head(expected.number);
        let step = match event {
            TailEvent::AtHead => {
                let wake = tokio::select! {
                    wake = heads.after(tip.number) => wake,
                    () = stop.cancelled() => return Ok(()),
                };
                heard = None;
                if let Wake::Announced(head) = wake {
                    live.saw_head(head.number);
                    heard = Some(Instant::now());
                }
                continue;
            }
            TailEvent::Unwind { to, .. } => {
                unwinds(live, tip, to);
                event.into_step()
            }
            TailEvent::Extend(_) => event.into_step(),
        };
        heads.found();
        let Some(mut step) = step else { continue };
        watch.judge(&mut step);
        if !(committer.submit(step) && committer.wait_for(expected).await) {
            return Ok(());
        }
        if let Some(heard) = heard.take() {
            live.durable_after(heard.elapsed());
        }
    }
    Ok(())
}

/// Goes back to the chain, where it left our branch while nobody followed: what is far behind
/// the head is then collected from there.
///
/// # Errors
/// As [`follow`].
pub(crate) async fn rejoin(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    live: &Live,
) -> Result<(), Error> {
    let Some(tip) = committer.tip() else {
        return Ok(());
    };
    let final_to = reader.view()?.finalized();
    if final_to >= Some(tip.number) {
        return Ok(());
    }
    let book = pool_book(reader)?;
    let ours = Ours {
        hash_of: &|block| hash_at(reader, block),
        final_to,
    };
    let event = chain.next_after(tip, ours, &book).await?;
    if let TailEvent::Unwind { to, .. } = &event {
        unwinds(live, tip, *to);
        let expected = end_of(&event, tip);
        if let Some(step) = event.into_step()
            && committer.submit(step)
        {
            committer.wait_for(expected).await;
        }
    }
    Ok(())
}

fn unwinds(live: &Live, tip: BlockRef, to: BlockRef) {
    live.unwound(tip.number.0 - to.number.0);
    tracing::warn!(
        "the chain left our branch: unwinding from block {} to block {} {}",
        tip.number,
        to.number,
        to.hash
    );
}

/// The hash that the store knows at a height: a block's own, or that of a range's end.
///
/// A read that fails is not "unknown": it ends the walk, and what follows it reads again.
fn hash_at(reader: &Reader, block: BlockNumber) -> Option<B256> {
    let known = reader.view().and_then(|view| view.header_hash(block));
    known
        .inspect_err(|error| tracing::error!("cannot read block {block}: {error}"))
        .ok()
        .flatten()
}

/// The tip once the event is committed.
fn end_of(event: &TailEvent, tip: BlockRef) -> BlockRef {
    let end = |covered: &Coverage| BlockRef {
        number: covered.range.to,
        hash: covered.end_hash,
    };
    match event {
        TailEvent::Extend(extend) => end(&extend.covered),
        TailEvent::Unwind { to, then } => then.last().map_or(*to, |extend| end(&extend.covered)),
        TailEvent::AtHead => tip,
    }
}
