//! The audit: every row of the mirror compared with the store's, and put right on request.

use super::mirrored::{WINDOW_DAYS, Window};
use super::runner::Mirror;
use super::session::{BlockDiff, DayDiff, Mode};
use crate::error::SyncError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_model::BlockNumber;

/// Differences that a report shows at most.
const MAX_DIFFERENCES: usize = 20;

/// What an audit does about differences.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repair {
    /// Shows them.
    No,
    /// Writes what differs anew, as the store has it.
    Yes,
}

/// A row that differs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Difference {
    /// Which: a swap's block and log index, or a day and a pool.
    pub place: String,
    /// The store's row, a column after the other; `None`: it has none.
    pub store: Option<String>,
    /// The mirror's; `None`: it has none.
    pub mirror: Option<String>,
}

/// What an audit found.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AuditReport {
    /// Swaps compared.
    pub swaps: u64,
    /// Days compared, each of all pools.
    pub days: u64,
    /// Blocks of which a swap differs.
    pub blocks_differ: u64,
    /// Days of which a row differs.
    pub days_differ: u64,
    /// Runs of forecasts compared, a model and day each.
    pub runs: u64,
    /// Runs of which a row differs.
    pub runs_differ: u64,
    /// Whether what differs was written anew.
    pub repaired: bool,
    /// The first rows that differ.
    pub differences: Vec<Difference>,
}

impl AuditReport {
    /// Whether the mirror was equal to the store.
    pub fn is_equal(&self) -> bool {
        self.blocks_differ == 0 && self.days_differ == 0 && self.runs_differ == 0
    }
}

impl Mirror {
    /// Brings the mirror to the store's tip, then compares every row with the store's.
    pub async fn audit(&mut self, repair: Repair) -> Result<AuditReport, SyncError> {
        let done = self.audit_all(repair).await;
        self.let_go().await;
        done
    }

    async fn audit_all(&mut self, repair: Repair) -> Result<AuditReport, SyncError> {
        self.reach_tip().await?;
        let mut report = AuditReport {
            repaired: repair == Repair::Yes,
            ..AuditReport::default()
        };
        self.audit_blocks(repair, &mut report).await?;
        self.audit_days(repair, &mut report).await?;
        self.audit_runs(repair, &mut report).await?;
        report.differences.truncate(MAX_DIFFERENCES);
        Ok(report)
    }

    async fn audit_blocks(
        &mut self,
        repair: Repair,
        report: &mut AuditReport,
    ) -> Result<(), SyncError> {
        let mut from = BlockNumber(0);
        let mut size = 1;
        loop {
            let mode = mode_of(repair, report);
            let window = Window::at(from, size);
            let mut session = self.take_session().await?;
            let found = session.check_blocks(window, mode).await?;
            self.session = Some(session);
            let Some(found) = found else {
                // The store turned; the window is looked at again.
                self.reach_tip().await?;
                continue;
            };
            report.swaps += found.rows;
            report.blocks_differ += found.blocks as u64;
            for diff in found.differences {
                report.differences.extend(block_differences(diff));
            }
            if found.is_last {
                break;
            }
            from = window.next();
            size = window.next_size(found.rows);
        }
        Ok(())
    }

    async fn audit_days(
        &mut self,
        repair: Repair,
        report: &mut AuditReport,
    ) -> Result<(), SyncError> {
        let session = self.take_session().await?;
        let first = session.first_day().await?;
        self.session = Some(session);
        let Some(mut day) = first else { return Ok(()) };
        loop {
            let mode = mode_of(repair, report);
            let mut session = self.take_session().await?;
            let last = session.last_day().unwrap_or(day).max(day);
            let until = day.plus_days(WINDOW_DAYS - 1).min(last);
            let is_last = until == last;
            let found = session.check_days((day, until), is_last, mode).await?;
            self.session = Some(session);
            let Some(found) = found else {
                self.reach_tip().await?;
                continue;
            };
            report.days += u64::from(until.number() - day.number()) + 1;
            report.days_differ += found.days as u64;
            for diff in found.differences {
                report.differences.extend(day_differences(diff));
            }
            if is_last {
                break;
            }
            day = until.plus_days(1);
        }
        Ok(())
    }
}

impl Mirror {
    async fn audit_runs(
        &mut self,
        repair: Repair,
        report: &mut AuditReport,
    ) -> Result<(), SyncError> {
        let mut session = self.take_session().await?;
        let found = session.check_runs(repair == Repair::Yes).await?;
        self.session = Some(session);
        report.runs = found.runs;
        report.runs_differ = found.differ.len() as u64;
        let differences = found.differ.into_iter().map(|(model, day)| Difference {
            place: format!("forecasts of {model} from {day}"),
            store: None,
            mirror: None,
        });
        report.differences.extend(differences);
        if repair == Repair::Yes {
            self.reach_tip().await?;
        }
        Ok(())
    }
}

fn mode_of(repair: Repair, report: &AuditReport) -> Mode {
    Mode {
        repair: repair == Repair::Yes,
        is_recheck: false,
        examples: MAX_DIFFERENCES.saturating_sub(report.differences.len()),
    }
}

fn block_differences((block, ours, theirs): BlockDiff) -> Vec<Difference> {
    let mut places: BTreeMap<i64, [Option<String>; 2]> = BTreeMap::new();
    for (at, lines) in [ours, theirs].into_iter().enumerate() {
        for line in lines {
            let side = &mut places.entry(line.log_index).or_default()[at];
            side.get_or_insert_default().push_str(&line.text);
        }
    }
    let differ = places.into_iter().filter(|(_, [a, b])| a != b);
    differ
        .map(|(log_index, [store, mirror])| Difference {
            place: format!("block {block}, log {log_index}"),
            store,
            mirror,
        })
        .collect()
}

fn day_differences((day, ours, mut theirs): DayDiff) -> Vec<Difference> {
    let mut sides = Vec::new();
    for (pool, line) in ours {
        let pool = pool.to_string();
        let mirror = theirs.remove(&pool);
        sides.push((pool, Some(line), mirror));
    }
    sides.extend(
        theirs
            .into_iter()
            .map(|(pool, line)| (pool, None, Some(line))),
    );
    sides
        .into_iter()
        .filter(|(_, store, mirror)| store != mirror)
        .map(|(pool, store, mirror)| Difference {
            place: format!("{day}, pool {pool}"),
            store,
            mirror,
        })
        .collect()
}
