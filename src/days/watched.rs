//! Rows going by: counted for whoever waits, and held to their order.

use super::engine::PoolDays;
use super::span::DaySpan;
use crate::error::Error;
use crate::progress::Progress;
use tidegauge_features::PoolDay;
use tidegauge_model::{Day, PoolId};

/// The rows with a progress bar over their days.
pub(crate) fn watched<'v>(label: &'static str, days: DaySpan, rows: PoolDays<'v>) -> PoolDays<'v> {
    let total = u64::from(days.len_days());
    Box::new(Watched {
        rows,
        progress: Some(Progress::begin(label, "days", "rows", total)),
        left: days.len_days(),
        last: None,
    })
}

struct Watched<'v> {
    rows: PoolDays<'v>,
    progress: Option<Progress>,
    /// Days not counted yet.
    left: u32,
    last: Option<(Day, PoolId)>,
}

impl Iterator for Watched<'_> {
    type Item = Result<PoolDay, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.rows.next();
        match &next {
            Some(Ok(row)) => {
                let place = (row.day, row.pool);
                assert!(
                    self.last < Some(place),
                    "rows come by day and pool, each once"
                );
                let passed = match self.last {
                    Some((day, _)) => (row.day.number() - day.number()).min(self.left),
                    None => 0,
                };
                self.left -= passed;
                self.last = Some(place);
                if let Some(progress) = &mut self.progress {
                    progress.advance(passed.into(), 1);
                }
            }
            Some(Err(_)) => {}
            None => {
                if let Some(mut progress) = self.progress.take() {
                    progress.advance(self.left.into(), 0);
                    progress.finish();
                }
            }
        }
        next
    }
}
