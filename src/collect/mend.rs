//! Mending what is in doubt: disputed ranges are fetched again by receipts, and repaired.

use super::{Committer, Live, Verification, verify};
use crate::error::Error;
use std::time::Duration;
use tidegauge_chain::Chain;
use tidegauge_model::{BlockRange, Evidence};
use tidegauge_storage::Reader;
use tokio_util::sync::CancellationToken;

/// Pause between looks for disputes; what is in doubt is rare, and never urgent.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// Disputes mended in one go.
const MAX_AT_ONCE: usize = 64;

/// Mends what is disputed, again and again, until told to stop or until the commit thread stopped.
pub(crate) async fn mend_for_ever(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    live: &Live,
    stop: &CancellationToken,
) {
    while !stop.is_cancelled() && !committer.has_stopped() {
        if let Err(error) = mend(chain, committer, reader, live, stop).await {
            tracing::warn!("disputed ranges are not mended yet: {error}");
        }
        tokio::select! { () = tokio::time::sleep(LOOK_EVERY) => {}, () = stop.cancelled() => {} }
    }
}

/// Mends what is disputed and final.
///
/// # Errors
/// What hinders it; the disputes stay.
pub(crate) async fn mend(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    live: &Live,
    stop: &CancellationToken,
) -> Result<(), Error> {
    for range in disputed(reader)? {
        let wanted = Verification {
            range,
            level: Evidence::Receipts,
            again: true,
        };
        let found = verify(chain, committer, reader, wanted, live, stop, &mut |_| {}).await?;
        tracing::warn!(
            "blocks {range} were disputed and are proven by receipts now: {} rows were missing, {} too many, {} different",
            found.missing,
            found.extra,
            found.different
        );
    }
    Ok(())
}

/// Disputed ranges of final blocks, overlapping ones joined.
fn disputed(reader: &Reader) -> Result<Vec<BlockRange>, Error> {
    let view = reader.view()?;
    let Some(finalized) = view.finalized() else {
        return Ok(Vec::new());
    };
    let mut ranges: Vec<BlockRange> = Vec::new();
    for dispute in view.disputes()?.take(MAX_AT_ONCE) {
        let range = dispute?.range;
        if range.to > finalized {
            continue;
        }
        // They come in the order of their first blocks.
        match ranges.last_mut() {
            Some(last) if range.from <= last.to.next() => last.to = last.to.max(range.to),
            _ => ranges.push(range),
        }
    }
    Ok(ranges)
}
