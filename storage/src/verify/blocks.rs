//! Invariants of blocks: links, tallies, digests, activity.

use super::{ACTIVITY, COUNTERS, DIGESTS, LINKS, Progress, Report, TALLIES, tell};
use crate::block_walk::StoredBlock;
use crate::error::StoreError;
use crate::row_digest::RowDigest;
use crate::view::View;
use std::collections::BTreeMap;
use tidegauge_model::{
    BlockNumber, BlockRange, BlockRecord, Coverage, PoolActivity, PoolId, Tally,
};

/// Rows that blocks account for.
#[derive(Clone, Copy, Default)]
pub(super) struct RowsOfBlocks {
    pub(super) swaps: u64,
    pub(super) liquidity: u64,
}

pub(super) fn check(
    view: &View<'_>,
    report: &mut Report,
    progress: &mut impl FnMut(Progress),
) -> Result<RowsOfBlocks, StoreError> {
    let everything = BlockRange {
        from: BlockNumber(0),
        to: BlockNumber(u64::MAX),
    };
    let mut digest = RowDigest::new();
    let mut found = RowsOfBlocks::default();
    let mut sums = RangeSums::new(view)?;
    let mut logs = Tally::default();
    let mut before: Option<(BlockNumber, BlockRecord)> = None;
    for block in view.walk(everything)? {
        let StoredBlock {
            number,
            record,
            swaps,
            liquidity,
        } = block?;
        check_link(number, &record, before.as_ref(), report);
        report.require(TALLIES, record.tally.balances(), || {
            format!("block {number}")
        });
        logs = logs.plus(record.tally);
        sums.add(number, record.tally, report);
        report.require(DIGESTS, digest.of(&swaps) == record.row_digest, || {
            format!("block {number}")
        });
        let mut activity: BTreeMap<PoolId, (u32, u32)> = BTreeMap::new();
        for swap in &swaps {
            activity.entry(swap.pool).or_default().0 += 1;
        }
        for event in &liquidity {
            activity.entry(event.pool).or_default().1 += 1;
        }
        let counted = activity
            .into_iter()
            .map(|(pool, (swaps, liquidity))| PoolActivity {
                pool,
                swaps,
                liquidity,
            });
        report.require(ACTIVITY, counted.eq(record.pools.iter().copied()), || {
            format!("block {number}")
        });
        found.swaps += swaps.len() as u64;
        found.liquidity += liquidity.len() as u64;
        report.blocks += 1;
        tell(progress, "blocks", report.blocks, view.counters().blocks);
        before = Some((number, record));
    }
    sums.finish(report);
    let last = before.map(|(number, record)| (number, record.hash));
    check_tip(view, last, report);
    let counters = view.counters();
    let blocks = report.blocks;
    report.require(COUNTERS, blocks == counters.blocks, || {
        format!("{blocks} blocks, {} counted", counters.blocks)
    });
    report.require(COUNTERS, logs == counters.logs, || {
        format!("logs {logs:?}, counted {:?}", counters.logs)
    });
    Ok(found)
}

fn check_link(
    number: BlockNumber,
    record: &BlockRecord,
    before: Option<&(BlockNumber, BlockRecord)>,
    report: &mut Report,
) {
    let Some((before_number, before)) = before else {
        return;
    };
    report.require(LINKS, before.timestamp <= record.timestamp, || {
        format!("block {number} is older than block {before_number}")
    });
    if before_number.next() == number
        && let Some(parent) = record.parent
    {
        report.require(LINKS, parent == before.hash, || {
            format!("block {number} does not link to block {before_number}")
        });
    }
}

fn check_tip(
    view: &View<'_>,
    last: Option<(BlockNumber, tidegauge_model::B256)>,
    report: &mut Report,
) {
    let (Some((number, hash)), Some(tip)) = (last, view.head().tip) else {
        report.require(LINKS, last.is_none(), || {
            "an empty store has blocks".to_owned()
        });
        return;
    };
    let fits = number < tip.number || number == tip.number && hash == tip.hash;
    report.require(LINKS, fits, || {
        format!(
            "the last block, {number}, does not fit the tip {}",
            tip.number
        )
    });
}

/// Tallies of blocks, summed by coverage entry as blocks go by.
struct RangeSums {
    entries: std::vec::IntoIter<Coverage>,
    current: Option<(Coverage, Tally)>,
}

impl RangeSums {
    fn new(view: &View<'_>) -> Result<Self, StoreError> {
        let entries: Vec<_> = view.coverage()?.collect::<Result<_, _>>()?;
        let mut entries = entries.into_iter();
        let current = entries.next().map(|c| (c, Tally::default()));
        Ok(Self { entries, current })
    }

    fn add(&mut self, number: BlockNumber, tally: Tally, report: &mut Report) {
        while let Some((entry, _)) = &self.current
            && entry.range.to < number
        {
            self.close(report);
        }
        match &mut self.current {
            Some((entry, sum)) if entry.range.contains(number) => *sum = sum.plus(tally),
            _ => report.require(TALLIES, false, || format!("block {number} is not covered")),
        }
    }

    fn finish(mut self, report: &mut Report) {
        while self.current.is_some() {
            self.close(report);
        }
    }

    fn close(&mut self, report: &mut Report) {
        if let Some((entry, sum)) = self.current.take() {
            report.require(TALLIES, entry.tally == sum, || {
                format!(
                    "coverage {} says {:?}, its blocks {sum:?}",
                    entry.range, entry.tally
                )
            });
        }
        self.current = self.entries.next().map(|c| (c, Tally::default()));
    }
}
