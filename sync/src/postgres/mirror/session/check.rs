//! Comparing what the mirror holds with the store, and putting it right.

use super::{Session, enter};
use crate::error::SyncError;
use crate::postgres::mirror::blocking::look_at;
use crate::postgres::mirror::compare::{self, Findings};
use crate::postgres::mirror::forecast_rows::{self, RunKey};
use crate::postgres::mirror::ledger::Ledger;
use crate::postgres::mirror::mend;
use crate::postgres::mirror::mirrored::{Line, Window};
use crate::postgres::mirror::position::State;
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegauge_model::{BlockNumber, Day, PoolId};

impl Session {
    /// Compares a window of blocks with the store, and writes what differs where asked to; `None`:
    /// the store turned meanwhile.
    pub(in crate::postgres::mirror) async fn check_blocks(
        &mut self,
        window: Window,
        mode: Mode,
    ) -> Result<Option<Checked>, SyncError> {
        let ledger = Ledger {
            database: &self.database,
            chain: self.chain,
        };
        let is_last = self.state.at.is_none_or(|at| window.next() > at.number);
        let mirrored = ledger
            .mirrored(&mut self.connection, window, is_last)
            .await?;
        let (chain, state, examples) = (self.chain, self.state, mode.examples);
        let found = look_at(&self.reader, move |view| {
            compare::compare(view, chain, &state, window, &mirrored, examples)
        });
        let Some(mut found) = found.await? else {
            return Ok(None);
        };
        let mut differences = Vec::new();
        for (block, ours) in std::mem::take(&mut found.examples) {
            let theirs = ledger.lines(&mut self.connection, block).await?;
            differences.push((block, ours, theirs));
        }
        let checked = Checked {
            rows: found.rows,
            blocks: found.blocks.len(),
            differences,
            is_last,
        };
        self.ahead = None;
        let mut next = self.state;
        if mode.is_recheck {
            next.recheck.block = (!is_last).then(|| window.next());
        }
        if mode.repair && (!found.is_clean() || next != self.state) {
            self.mend(found, next).await?;
        }
        Ok(Some(checked))
    }

    async fn mend(&mut self, found: Findings, next: State) -> Result<(), SyncError> {
        let days = found.days_of_swaps.iter().copied();
        self.partitions
            .ensure(&self.database, &mut self.connection, days)
            .await?;
        let ledger = Ledger {
            database: &self.database,
            chain: self.chain,
        };
        let (connection, expected) = (&mut self.connection, &self.state);
        mend::mend_blocks(ledger, connection, self.epoch, (expected, &next), found).await?;
        self.state = next;
        Ok(())
    }

    /// The same of days, both included.
    pub(in crate::postgres::mirror) async fn check_days(
        &mut self,
        days: (Day, Day),
        is_last: bool,
        mode: Mode,
    ) -> Result<Option<CheckedDays>, SyncError> {
        let ledger = Ledger {
            database: &self.database,
            chain: self.chain,
        };
        let mirrored = ledger
            .mirrored_days(&mut self.connection, days.0, days.1)
            .await?;
        let (chain, state) = (self.chain, self.state);
        let found = look_at(&self.reader, move |view| {
            compare::compare_days(view, chain, &state, days, mirrored)
        });
        let Some((mut differ, gone)) = found.await? else {
            return Ok(None);
        };
        let mut differences = Vec::new();
        for day in differ.iter().take(mode.examples) {
            let theirs = ledger.day_lines(&mut self.connection, day.day).await?;
            differences.push((day.day, day.lines.clone(), theirs));
        }
        for day in gone.iter().take(mode.examples) {
            let theirs = ledger.day_lines(&mut self.connection, *day).await?;
            differences.push((*day, Vec::new(), theirs));
        }
        let checked = CheckedDays {
            days: differ.len() + gone.len(),
            differences,
        };
        self.ahead = None;
        let mut next = self.state;
        if mode.is_recheck {
            next.recheck.day = (!is_last).then(|| days.1.plus_days(1));
        }
        let is_clean = differ.is_empty() && gone.is_empty();
        if mode.repair && (!is_clean || next != self.state) {
            let (connection, expected) = (&mut self.connection, &self.state);
            let states = (expected, &next);
            mend::mend_days(ledger, connection, self.epoch, states, (&mut differ, &gone)).await?;
            let book = Arc::make_mut(&mut self.book);
            for day in &gone {
                book.days.remove(day);
            }
            enter(book, &differ);
            self.state = next;
        }
        Ok(Some(checked))
    }

    /// Compares all runs of forecasts with the store; the next steps write anew what differs, where
    /// asked to.
    pub(in crate::postgres::mirror) async fn check_runs(
        &mut self,
        repair: bool,
    ) -> Result<CheckedRuns, SyncError> {
        let ledger = Ledger {
            database: &self.database,
            chain: self.chain,
        };
        let mirrored = ledger.mirrored_runs(&mut self.connection).await?;
        let chain = self.chain;
        let found = look_at(&self.reader, move |view| {
            forecast_rows::compare(view, chain, mirrored)
        });
        let (differ, runs) = found.await?;
        self.ahead = None;
        if repair {
            let book = Arc::make_mut(&mut self.book);
            book.forecasts.doubt(&differ);
            // The daily jobs are few rows.
            book.jobs = None;
        }
        Ok(CheckedRuns { runs, differ })
    }

    /// The last day that the mirror or the store can have.
    pub(in crate::postgres::mirror) fn last_day(&self) -> Option<Day> {
        let reached = self.state.time.map(Day::of);
        reached.max(self.book.days.keys().next_back().copied())
    }

    /// The first day of either.
    pub(in crate::postgres::mirror) async fn first_day(&self) -> Result<Option<Day>, SyncError> {
        let first = look_at(&self.reader, |view| {
            let first = view.calendar()?.next().transpose()?;
            Ok(first.map(|closed| closed.day))
        });
        let known = self.book.days.keys().next().copied();
        Ok([first.await?, known].into_iter().flatten().min())
    }
}

/// How rows are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::postgres::mirror) struct Mode {
    /// Write what differs.
    pub(in crate::postgres::mirror) repair: bool,
    /// Move the marks of what is to be compared once more.
    pub(in crate::postgres::mirror) is_recheck: bool,
    /// How many differences to show.
    pub(in crate::postgres::mirror) examples: usize,
}

/// A block that differs: the store's rows, and the mirror's.
pub(in crate::postgres::mirror) type BlockDiff = (BlockNumber, Vec<Line>, Vec<Line>);

/// A day that differs: the store's rows by pool, and the mirror's.
pub(in crate::postgres::mirror) type DayDiff =
    (Day, Vec<(PoolId, String)>, BTreeMap<String, String>);

/// What a look at a window of blocks found.
pub(in crate::postgres::mirror) struct Checked {
    /// Rows compared.
    pub(in crate::postgres::mirror) rows: u64,
    /// Blocks that differ.
    pub(in crate::postgres::mirror) blocks: usize,
    /// Some of them.
    pub(in crate::postgres::mirror) differences: Vec<BlockDiff>,
    /// Whether nothing comes after it.
    pub(in crate::postgres::mirror) is_last: bool,
}

/// What a look at some days found.
pub(in crate::postgres::mirror) struct CheckedDays {
    /// Days that differ.
    pub(in crate::postgres::mirror) days: usize,
    /// Some of them.
    pub(in crate::postgres::mirror) differences: Vec<DayDiff>,
}

/// What a look at the runs of forecasts found.
pub(in crate::postgres::mirror) struct CheckedRuns {
    /// Runs compared.
    pub(in crate::postgres::mirror) runs: u64,
    /// Those that differ.
    pub(in crate::postgres::mirror) differ: Vec<RunKey>,
}
