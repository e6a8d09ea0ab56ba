//! The store's invariants, numbered; they run in tests and on a live store.
//!
//! Each is a fact that every committed state has. A violation is listed, never
//! a panic; a file that cannot be read is an error of the whole check.

mod blocks;
mod derived;
mod ledger;
mod rows;

use crate::error::StoreError;
use crate::view::View;
use serde::Serialize;

/// Most violations listed; the rest is counted.
pub const MAX_LISTED: usize = 100;

/// One invariant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Invariant {
    /// Its number; numbers are never reused.
    pub number: u8,
    /// What always holds.
    pub claim: &'static str,
}

macro_rules! invariants {
    ($($name:ident = $number:literal, $claim:literal;)*) => {
        $(pub(crate) const $name: Invariant = Invariant { number: $number, claim: $claim };)*

        /// Every invariant of the store.
        pub const INVARIANTS: &[Invariant] = &[$($name),*];
    };
}

invariants! {
    IDENTITY = 1, "format, chain id, identity and epoch are present";
    COVERAGE = 2, "coverage is contiguous from the start to the tip, linked by hash";
    JOURNAL = 3, "the journal holds exactly the blocks above the final one, up to the tip";
    OUTBOX = 4, "the outbox has no gap";
    TOKENS = 5, "every accepted pool's tokens are known";
    LINKS = 6, "blocks with known parents link, and time does not run back";
    TALLIES = 7, "received logs are decoded or refused, per block and per range";
    DIGESTS = 8, "row digests recompute from the swaps";
    ACTIVITY = 9, "each block's pools and row counts equal the rows found";
    BELONGING = 10, "every row belongs to a block record";
    ACCEPTED = 11, "every row's pool is accepted";
    COUNTERS = 12, "the counters equal a full count";
    DISPUTES = 13, "every dispute lies in covered blocks, not all of them proven by receipts";
    VALUES = 14, "every swap has the value that a fold gives it, and nothing else has one";
    TILES = 15, "every tile equals a fold of its hour's rows";
    USERS = 16, "an hour's users are those of its swaps, and with the unknown ones as many";
    PRICES = 17, "prices equal those of a fold";
    ROWS = 18, "each whole closed day has the rows that its tiles give, and what followed them";
    REACH = 19, "what is derived reaches the tip, but for the time of a rebuild";
}

/// A fact that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Violation {
    /// The invariant.
    pub invariant: Invariant,
    /// Where and how.
    pub detail: String,
}

/// How far the check is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is being read.
    pub reading: &'static str,
    /// Records read of it.
    pub done: u64,
    /// Records expected, by the counters.
    pub total: u64,
}

/// What the check found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Report {
    /// The first violations.
    pub violations: Vec<Violation>,
    /// How many there are.
    pub violation_count: u64,
    /// Blocks read.
    pub blocks: u64,
    /// Swaps read.
    pub swaps: u64,
    /// Other events read.
    pub liquidity: u64,
}

impl Report {
    /// Whether every invariant holds.
    pub fn is_clean(&self) -> bool {
        self.violation_count == 0
    }

    fn require(&mut self, invariant: Invariant, holds: bool, detail: impl FnOnce() -> String) {
        if holds {
            return;
        }
        self.violation_count += 1;
        if self.violations.len() < MAX_LISTED {
            self.violations.push(Violation {
                invariant,
                detail: detail(),
            });
        }
    }
}

/// Checks every invariant; reads the whole store. `progress` is called now and then.
pub fn all(view: &View<'_>, mut progress: impl FnMut(Progress)) -> Result<Report, StoreError> {
    let mut report = Report::default();
    ledger::identity(view, &mut report)?;
    ledger::coverage(view, &mut report)?;
    ledger::journal(view, &mut report)?;
    ledger::outbox(view, &mut report)?;
    ledger::disputes(view, &mut report)?;
    let pools = ledger::pools(view, &mut report)?;
    let found = blocks::check(view, &mut report, &mut progress)?;
    rows::check(view, &pools, &found, &mut report, &mut progress)?;
    // A fold of rows that do not hold says nothing.
    if report.is_clean() {
        derived::check(view, &mut report, &mut progress)?;
    }
    Ok(report)
}

/// Calls `progress` once in this many records.
const PROGRESS_EVERY: u64 = 65_536;

fn tell(progress: &mut impl FnMut(Progress), reading: &'static str, done: u64, total: u64) {
    if done.is_multiple_of(PROGRESS_EVERY) || done == total {
        progress(Progress {
            reading,
            done,
            total,
        });
    }
}
