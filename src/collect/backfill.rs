//! Collecting a range that lies before the tip of the chain.

use super::edges::learn_edges;
use super::{Committer, Live, Patience, Watch, pool_book};
use crate::error::Error;
use crate::progress::Progress;
use tidegauge_chain::{Chain, Method};
use tidegauge_model::{BlockRange, BlockRef, Step};
use tidegauge_storage::Reader;
use tokio_util::sync::CancellationToken;

/// A range to collect after the tip that precedes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// The blocks.
    pub(crate) range: BlockRange,
    /// The tip that they continue, if the store is not empty.
    pub(crate) after: Option<BlockRef>,
}

/// Collects the span; transient failures begin again from what is committed.
/// Returns early, without an error, when told to stop or when the commit thread stopped.
///
/// # Errors
/// What the chain refused, or a transient failure that did not pass.
pub(crate) async fn backfill(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    span: Span,
    method: Method,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), Error> {
    committer.show(Progress::begin(
        "collect",
        "blocks",
        "swaps",
        span.range.len_blocks(),
    ));
    let mut left = span;
    let mut patience = Patience::default();
    loop {
        let Err(error) = collect(chain, committer, reader, left, method, stop).await else {
            return Ok(());
        };
        let tip = committer.tip();
        patience.wait(error, tip != left.after, live, stop).await?;
        let from = tip.map_or(span.range.from, |tip| {
            tip.number.next().max(span.range.from)
        });
        match BlockRange::new(from, span.range.to) {
            Some(range) if !stop.is_cancelled() => left = Span { range, after: tip },
            _ => return Ok(()),
        }
    }
}

/// One attempt: fetch in order, hand over, until the end, the first error, or the stop.
async fn collect(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    span: Span,
    method: Method,
    stop: &CancellationToken,
) -> Result<(), Error> {
    let book = pool_book(reader)?;
    let mut fetcher = chain.fetch(span.range, span.after.map(|tip| tip.hash), method, &book);
    let mut watch = Watch::new(reader)?;
    let mut last = None;
    let outcome = loop {
        let fetched = tokio::select! {
            fetched = fetcher.next() => fetched,
            () = stop.cancelled() => break Ok(()),
        };
        match fetched {
            None => break Ok(()),
            Some(Err(error)) => break Err(error.into()),
            Some(Ok(mut extend)) => {
                let begins = last.is_none() && span.after.is_none();
                let ends = extend.covered.range.to == span.range.to;
                if let Err(error) = learn_edges(chain, &mut extend, begins, ends).await {
                    break Err(error);
                }
                let tip = BlockRef {
                    number: extend.covered.range.to,
                    hash: extend.covered.end_hash,
                };
                // Only where nothing is stored: else the store says how the pools stood.
                if last.is_none()
                    && span.after.is_none()
                    && let Err(error) = watch.seed(chain, &extend).await
                {
                    tracing::debug!("pools are watched from their first events on: {error}");
                }
                let mut step = Step::Extend(extend);
                watch.judge(&mut step);
                if !committer.submit(step) {
                    return Ok(());
                }
                last = Some(tip);
            }
        }
    };
    // What was handed over must be durable before anyone asks the store where to go on.
    if let Some(last) = last {
        committer.wait_for(last).await;
    }
    outcome
}
