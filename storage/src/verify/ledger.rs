//! Invariants of the store's own books: identity, coverage, journal, outbox, disputes, pools.

use super::{COUNTERS, COVERAGE, DISPUTES, IDENTITY, JOURNAL, OUTBOX, Report, TALLIES, TOKENS};
use crate::error::StoreError;
use crate::meta::FORMAT;
use crate::notice::Sequence;
use crate::view::View;
use std::collections::HashSet;
use tidegauge_model::{BlockNumber, BlockRange, Coverage, Evidence, PoolId, PoolVerdict};

/// Notices read at a time.
const NOTICE_PAGE: usize = 1_024;

pub(super) fn identity(view: &View<'_>, report: &mut Report) -> Result<(), StoreError> {
    match view.identity() {
        Ok(identity) => report.require(IDENTITY, identity.format == FORMAT, || {
            format!("the format is {}, not {FORMAT}", identity.format)
        }),
        Err(StoreError::Contradiction(what)) => report.require(IDENTITY, false, || what),
        Err(e) => return Err(e),
    }
    Ok(())
}

pub(super) fn coverage(view: &View<'_>, report: &mut Report) -> Result<(), StoreError> {
    let mut before: Option<Coverage> = None;
    let mut first = None;
    for entry in view.coverage()? {
        let entry = entry?;
        first.get_or_insert(entry.range.from);
        if let Some(before) = before {
            let follows =
                before.range.to.next() == entry.range.from && before.end_hash == entry.parent;
            report.require(COVERAGE, follows, || {
                format!("{} does not follow {}", entry.range, before.range)
            });
        }
        report.require(TALLIES, entry.tally.balances(), || {
            format!("coverage {}", entry.range)
        });
        before = Some(entry);
    }
    report.require(COVERAGE, first == view.start(), || {
        format!("it begins at {first:?}, the store at {:?}", view.start())
    });
    let end = before.map(|entry| (entry.range.to, entry.end_hash));
    let tip = view.head().tip.map(|tip| (tip.number, tip.hash));
    report.require(COVERAGE, end == tip, || {
        format!("it ends at {end:?}, the tip is {tip:?}")
    });
    Ok(())
}

pub(super) fn journal(view: &View<'_>, report: &mut Report) -> Result<(), StoreError> {
    let head = view.head();
    let Some((start, tip)) = view.start().zip(head.tip) else {
        report.require(JOURNAL, head.journal_entries == 0, || {
            "an empty store has a journal".to_owned()
        });
        return Ok(());
    };
    let mut entries = 0u64;
    let mut before: Option<BlockRange> = None;
    for stretch in view.journal()? {
        let stretch = stretch?;
        entries += 1;
        let follows = before.is_none_or(|b| b.to.next() == stretch.from);
        report.require(JOURNAL, follows, || format!("a gap before {stretch}"));
        if before.is_none() {
            // Pruning is bounded per batch, so entries that became final may still be there.
            let from = view.finalized().map_or(start, BlockNumber::next).max(start);
            report.require(JOURNAL, stretch.from <= from, || {
                format!("it begins at {}, what is not final at {from}", stretch.from)
            });
        }
        before = Some(stretch);
    }
    let end = before.map(|b| b.to);
    let not_final = view.finalized().is_none_or(|f| tip.number > f);
    report.require(JOURNAL, !not_final || end == Some(tip.number), || {
        format!("it ends at {end:?}, the tip is {}", tip.number)
    });
    report.require(JOURNAL, end.is_none_or(|e| e <= tip.number), || {
        format!("it reaches {end:?}, above the tip {}", tip.number)
    });
    report.require(JOURNAL, entries == head.journal_entries, || {
        format!("{entries} entries, {} counted", head.journal_entries)
    });
    Ok(())
}

pub(super) fn outbox(view: &View<'_>, report: &mut Report) -> Result<(), StoreError> {
    let head = view.head();
    let mut expected = head.first_sequence;
    // From the very first: what was trimmed must be gone.
    let mut from = Sequence(0);
    loop {
        let page = view.notices(from, NOTICE_PAGE)?;
        for notice in &page {
            report.require(OUTBOX, notice.sequence == expected, || {
                format!("notice {} instead of {expected}", notice.sequence)
            });
            expected = notice.sequence.next();
        }
        match page.last() {
            Some(last) => from = last.sequence.next(),
            None => break,
        }
    }
    report.require(OUTBOX, expected == head.next_sequence, || {
        format!(
            "it ends before {expected}, not before {}",
            head.next_sequence
        )
    });
    Ok(())
}

pub(super) fn disputes(view: &View<'_>, report: &mut Report) -> Result<(), StoreError> {
    let mut found = 0u64;
    for dispute in view.disputes()? {
        let dispute = dispute?;
        found += 1;
        let weakest = view.weakest_evidence(dispute.range)?;
        let open = weakest.is_some_and(|evidence| evidence < Evidence::Receipts);
        report.require(DISPUTES, open, || {
            format!(
                "blocks {} of pool {}: {}",
                dispute.range,
                dispute.pool,
                weakest.map_or("not covered", Evidence::name)
            )
        });
    }
    let counted = view.counters().disputes;
    report.require(COUNTERS, found == counted, || {
        format!("{found} disputes, {counted} counted")
    });
    Ok(())
}

/// Checks pools and tokens; returns the accepted pools.
pub(super) fn pools(view: &View<'_>, report: &mut Report) -> Result<HashSet<PoolId>, StoreError> {
    let mut tokens = HashSet::new();
    for token in view.tokens()? {
        tokens.insert(token?.address);
    }
    let mut accepted = HashSet::new();
    let mut refused = 0u64;
    for verdict in view.pools()? {
        match verdict? {
            PoolVerdict::Accepted(pool) => {
                for token in [pool.token0, pool.token1] {
                    report.require(TOKENS, tokens.contains(&token), || {
                        format!("token {token} of pool {}", pool.id)
                    });
                }
                accepted.insert(pool.id);
            }
            PoolVerdict::Refused { .. } => refused += 1,
        }
    }
    let counters = view.counters();
    for (what, found, counted) in [
        ("tokens", tokens.len() as u64, counters.tokens),
        (
            "accepted pools",
            accepted.len() as u64,
            counters.pools_accepted,
        ),
        ("refused contracts", refused, counters.pools_refused),
    ] {
        report.require(COUNTERS, found == counted, || {
            format!("{found} {what}, {counted} counted")
        });
    }
    Ok(accepted)
}
