//! Whether a range is sound and follows the tip: pure checks of what the collector hands over.

use crate::error::StepFault;
use tidegauge_model::{BlockData, BlockRef, Coverage, Day, Extend, LogIndex, Tally, UnixSeconds};

/// Checks a range against the block it should follow; `None` where the store is empty.
pub(crate) fn check_next(extend: &Extend, base: Option<BlockRef>) -> Result<(), StepFault> {
    let covered = &extend.covered;
    if let Some(base) = base {
        let expected = base.number.next();
        if covered.range.from != expected {
            return Err(StepFault::NotNext { expected });
        }
        if covered.parent != base.hash {
            return Err(StepFault::NotOnTip {
                parent: covered.parent,
                tip: base.hash,
            });
        }
    }
    check_blocks(covered, &extend.blocks)
}

/// Most days between two blocks: more than the chain is old. Each of them is closed.
const MAX_DAYS_BETWEEN_BLOCKS: u32 = 10_000;

/// Checks that time goes on from the last block, by steps that a chain can make.
pub(crate) fn check_times(extend: &Extend, before: Option<UnixSeconds>) -> Result<(), StepFault> {
    let mut before = before.into_iter().chain(extend.time_before).max();
    let range = extend.covered.range;
    let times = extend.blocks.iter().map(|b| (b.number, b.timestamp));
    for (block, time) in times.chain(extend.time_after.map(|time| (range.to.next(), time))) {
        if let Some(before) = before {
            if time < before {
                return Err(StepFault::TimeRunsBack { block });
            }
            let days = Day::of(time).number() - Day::of(before).number();
            if days > MAX_DAYS_BETWEEN_BLOCKS {
                return Err(StepFault::TimeLeaps {
                    block,
                    limit_days: MAX_DAYS_BETWEEN_BLOCKS,
                });
            }
        }
        before = Some(time);
    }
    Ok(())
}

/// Checks that a range and its blocks fit each other.
pub(crate) fn check_blocks(covered: &Coverage, blocks: &[BlockData]) -> Result<(), StepFault> {
    let mut sum = Tally::default();
    let mut before: Option<&BlockData> = None;
    for block in blocks {
        check_place(covered, block, before)?;
        check_rows(block)?;
        sum = sum.plus(block.tally);
        before = Some(block);
    }
    if !covered.tally.balances() || covered.tally != sum {
        return Err(StepFault::RangeTally);
    }
    Ok(())
}

fn check_place(
    covered: &Coverage,
    block: &BlockData,
    before: Option<&BlockData>,
) -> Result<(), StepFault> {
    let number = block.number;
    if !covered.range.contains(number) || before.is_some_and(|b| b.number >= number) {
        return Err(StepFault::Misplaced { block: number });
    }
    if before.is_some_and(|b| b.timestamp > block.timestamp) {
        return Err(StepFault::TimeRunsBack { block: number });
    }
    let expected_parent = match before {
        Some(b) if b.number.next() == number => Some(b.hash),
        None if number == covered.range.from => Some(covered.parent),
        _ => None,
    };
    if let (Some(expected), Some(parent)) = (expected_parent, block.parent)
        && expected != parent
    {
        return Err(StepFault::BrokenLink { block: number });
    }
    if number == covered.range.to && block.hash != covered.end_hash {
        return Err(StepFault::EndMismatch { block: number });
    }
    Ok(())
}

fn check_rows(block: &BlockData) -> Result<(), StepFault> {
    let number = block.number;
    let misplaced = |log_index| {
        Err(StepFault::MisplacedLog {
            block: number,
            log_index,
        })
    };
    let mut last: Option<LogIndex> = None;
    for swap in &block.swaps {
        if swap.block != number
            || swap.timestamp != block.timestamp
            || last.is_some_and(|l| l >= swap.log_index)
        {
            return misplaced(swap.log_index);
        }
        last = Some(swap.log_index);
    }
    // Both lists ascend: one walk over the swaps finds an index used twice.
    let mut swaps = block.swaps.iter().peekable();
    last = None;
    for event in &block.liquidity {
        while swaps.next_if(|s| s.log_index < event.log_index).is_some() {}
        if event.block != number
            || event.timestamp != block.timestamp
            || last.is_some_and(|l| l >= event.log_index)
            || swaps.peek().is_some_and(|s| s.log_index == event.log_index)
        {
            return misplaced(event.log_index);
        }
        last = Some(event.log_index);
    }
    // A block has no 2³² logs; the bound keeps every later sum from overflowing.
    let rows = (block.swaps.len() + block.liquidity.len()) as u64;
    if !block.tally.balances()
        || block.tally.decoded < rows
        || block.tally.received > u64::from(u32::MAX)
    {
        return Err(StepFault::BlockTally { block: number });
    }
    Ok(())
}
