//! `backfill`: collect a range and exit.

use crate::cli::{Collecting, MethodArg};
use crate::collect::{self, Committer, Live, Span, resolve};
use crate::config::Config;
use crate::error::Error;
use crate::progress::group;
use std::sync::Arc;
use tidegauge_chain::Method;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef};

/// Collects the range, continuing where the store ends.
pub(super) async fn backfill(config: Config, flags: Collecting) -> Result<(), Error> {
    super::require_endpoint(&config)?;
    let stop = collect::stop_signal()?;
    let chain = collect::connect(&config, &flags.pools).await?;
    let range = resolve(&chain, &flags.range).await?;
    let store = collect::open_store(&config, chain.id(), false)?;
    let reader = store.reader();
    let (start, tip) = {
        let view = reader.view()?;
        (view.start(), view.tip()?.map(|tip| tip.block))
    };
    let Some(span) = continue_from(range, start, tip)? else {
        println!("blocks {range} are in the store already");
        return Ok(());
    };
    let method = method_of(&flags, &config);
    tracing::info!(
        "collecting blocks {} of chain {} by {method}",
        span.range,
        chain.id()
    );
    let before = reader.view()?.counters();
    let live = Arc::new(Live::default());
    let committer = Committer::start(store, live.clone())?;
    let fetched = async {
        collect::rejoin(&chain, &committer, &reader, &live).await?;
        // Where the chain had left our branch, there is more to collect.
        let left = continue_from(range, start, committer.tip())?;
        if let Some(span) = left {
            collect::backfill(&chain, &committer, &reader, span, method, &live, &stop).await?;
        }
        collect::mend(&chain, &committer, &reader, &live, &stop).await
    }
    .await;
    let mut store = committer.finish()?;
    // Who failed should hear of it first; the numbers can be computed later.
    let derived = match fetched {
        Ok(()) => collect::finish_rebuild(&mut store, || stop.is_cancelled()).map(drop),
        failed => failed,
    };
    store.close()?;
    derived?;
    let (after, tip) = {
        let view = reader.view()?;
        (view.counters(), view.tip()?)
    };
    println!(
        "stored {} swaps and {} other events in blocks {}{}; pools {}, refused contracts {}, refused logs {}",
        group(after.swaps - before.swaps),
        group(after.liquidity - before.liquidity),
        span.range.from,
        tip.map(|tip| format!("..={}", tip.block.number))
            .unwrap_or_default(),
        group(after.pools_accepted),
        group(after.pools_refused),
        group(after.logs.refused - before.logs.refused),
    );
    if stop.is_cancelled() {
        return Err(Error::Failed(format!(
            "stopped before block {}; the same command goes on from there",
            span.range.to
        )));
    }
    Ok(())
}

/// The flag, else the configuration.
pub(super) fn method_of(flags: &Collecting, config: &Config) -> Method {
    match flags.method {
        Some(MethodArg::Receipts) => Method::Receipts,
        Some(MethodArg::Logs) => Method::Logs,
        None => collect::method(config),
    }
}

/// What of the range is missing; `None` if nothing is.
///
/// A store holds one contiguous range: what would leave a gap, or lies before its start, is refused.
fn continue_from(
    range: BlockRange,
    start: Option<BlockNumber>,
    tip: Option<BlockRef>,
) -> Result<Option<Span>, Error> {
    let (Some(start), Some(tip)) = (start, tip) else {
        return Ok(Some(Span { range, after: None }));
    };
    if range.from < start {
        return Err(Error::Usage(format!(
            "the store begins at block {start}, after block {}: it holds one contiguous range and is not extended backwards; \
             use --from {start}, or collect the earlier range into another folder with --set storage.path=DIR",
            range.from
        )));
    }
    if range.from > tip.number.next() {
        return Err(Error::Usage(format!(
            "the store ends at block {}, and blocks up to {} would be missing: use --from {} (what is stored is skipped), \
             or another folder with --set storage.path=DIR",
            tip.number,
            range.from,
            tip.number.next()
        )));
    }
    Ok(
        BlockRange::new(tip.number.next(), range.to).map(|range| Span {
            range,
            after: Some(tip),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::B256;

    #[test]
    fn a_store_grows_at_its_end_alone() {
        let range =
            |from, to| BlockRange::new(BlockNumber(from), BlockNumber(to)).expect("a range");
        let tip = BlockRef {
            number: BlockNumber(20),
            hash: B256::repeat_byte(1),
        };
        let rest = |from, to| {
            continue_from(range(from, to), Some(BlockNumber(10)), Some(tip))
                .map(|span| span.map(|s| (s.range, s.after.is_some())))
        };
        assert!(matches!(rest(10, 20), Ok(None)));
        assert_eq!(rest(12, 30).ok().flatten(), Some((range(21, 30), true)));
        assert_eq!(rest(21, 30).ok().flatten(), Some((range(21, 30), true)));
        assert!(rest(22, 30).is_err());
        assert!(rest(9, 30).is_err());
        let fresh = continue_from(range(5, 6), None, None)
            .ok()
            .flatten()
            .map(|s| (s.range, s.after.is_some()));
        assert_eq!(fresh, Some((range(5, 6), false)));
    }
}
