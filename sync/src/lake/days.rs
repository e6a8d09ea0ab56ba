//! The days of a store: which blocks each has, and whether anything of it can change.

use super::forecast_days::ForecastDays;
use super::rows_digest::RowsDigest;
use super::table::LakeTable;
use crate::error::SyncError;
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRef, Day};
use tidegauge_storage::View;

/// One day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct DaySpan {
    /// Which.
    pub(super) day: Day,
    /// Its first block.
    pub(super) from: BlockNumber,
    /// Its last block; before the first where a day has none.
    pub(super) to: BlockNumber,
    /// Whether every block of it is known.
    pub(super) whole: bool,
    /// Whether the block that closed it is final too: otherwise it could be opened again.
    pub(super) is_final: bool,
}

impl DaySpan {
    /// Its blocks; `None` if it has none.
    pub(super) fn blocks(&self) -> Option<BlockRange> {
        BlockRange::new(self.from, self.to)
    }

    /// Its last block, with the hash of the last one known there or below: not every block is
    /// read where its logs are none of ours.
    pub(super) fn last_block(&self, view: &View<'_>) -> Result<BlockRef, SyncError> {
        block_at(view, self.to)
    }
}

/// A height, with the hash of the last block known there or below.
pub(super) fn block_at(view: &View<'_>, number: BlockNumber) -> Result<BlockRef, SyncError> {
    let known = view.block_below(number.next())?;
    Ok(BlockRef {
        number,
        hash: known.map_or(B256::ZERO, |(_, record)| record.hash),
    })
}

/// The days of a store.
#[derive(Clone, Default, Debug)]
pub(super) struct Days {
    /// Those that ended, ascending, without a gap.
    closed: Vec<DaySpan>,
    /// The one that lasts, up to the tip.
    open: Option<DaySpan>,
    /// Those that were forecast from.
    forecasts: ForecastDays,
}

impl Days {
    pub(super) fn read(view: &View<'_>) -> Result<Self, SyncError> {
        let (Some(start), Some(tip)) = (view.start(), view.tip()?) else {
            return Ok(Self::default());
        };
        let mut next = start;
        let mut closed = Vec::new();
        for day in view.calendar()? {
            let day = day?;
            closed.push(DaySpan {
                day: day.day,
                from: next,
                to: day.last_block,
                whole: day.whole,
                is_final: view.finalized().is_some_and(|f| day.last_block < f),
            });
            next = next.max(day.last_block.next());
        }
        let last = view.block_below(tip.block.number.next())?;
        let open = last
            .filter(|(number, _)| *number >= next)
            .map(|(_, record)| DaySpan {
                day: Day::of(record.timestamp),
                from: next,
                to: tip.block.number,
                whole: false,
                is_final: false,
            });
        Ok(Self {
            closed,
            open,
            forecasts: ForecastDays::read(view)?,
        })
    }

    /// A closed day.
    pub(super) fn get(&self, day: Day) -> Option<&DaySpan> {
        let at = self.closed.binary_search_by_key(&day, |span| span.day);
        at.ok().and_then(|at| self.closed.get(at))
    }

    /// The day, if a table's rows of it are never to change.
    pub(super) fn settled(&self, table: LakeTable, day: Day) -> Option<&DaySpan> {
        let span = self.get(day)?;
        let last = self.get(day.plus_days(table.horizon_days()))?;
        let has_rows = match table {
            LakeTable::Predictions => self.forecasts.is_over(day),
            _ => span.whole || !table.is_of_whole_days(),
        };
        (span.is_final && last.is_final && has_rows).then_some(span)
    }

    /// Of forecasts: the digest of the runs of which a day's are.
    pub(super) fn runs(&self, table: LakeTable, day: Day) -> Option<RowsDigest> {
        let runs = self.forecasts.get(day);
        runs.filter(|_| table == LakeTable::Predictions)
    }

    /// Days whose rows of a table are never to change, ascending.
    pub(super) fn all_settled(&self, table: LakeTable) -> impl Iterator<Item = &DaySpan> {
        let settled = move |span: &&DaySpan| self.settled(table, span.day).is_some();
        self.closed.iter().filter(settled)
    }

    /// Days of a table that can still change.
    pub(super) fn hot(&self, table: LakeTable) -> impl Iterator<Item = &DaySpan> {
        self.closed
            .iter()
            .chain(self.open.as_ref())
            .filter(move |span| match table {
                LakeTable::Targets => false,
                LakeTable::Predictions => {
                    let has_rows = self.forecasts.get(span.day).is_some();
                    has_rows && self.settled(table, span.day).is_none()
                }
                _ => !span.is_final && (span.whole || !table.is_of_whole_days()),
            })
    }

    /// The first day that holds a block or comes after it; `None`: it has not ended.
    pub(super) fn first_from(&self, block: BlockNumber) -> Option<Day> {
        let at = self.closed.partition_point(|span| span.to < block);
        self.closed.get(at).map(|span| span.day)
    }

    /// Whether a day lies before all that is known.
    pub(super) fn is_before(&self, day: Day) -> bool {
        let first = self.closed.first().or(self.open.as_ref());
        first.is_some_and(|span| day < span.day)
    }
}
