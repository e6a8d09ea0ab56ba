//! Jobs as the store keeps them.

use crate::codec::{decode_job, encode_job};
use crate::error::StoreError;
use crate::families::Family;
use crate::jobs::Job;
use crate::keep::Keep;
use crate::keys::calendar_key;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use tidegauge_model::Day;

impl Job {
    /// To be kept, in place of what was known of this day.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Jobs, calendar_key(self.day), |out| {
            encode_job(self, out)
        })
    }

    /// To be dropped.
    pub fn drop(&self) -> Keep {
        Keep::drop(Family::Jobs, calendar_key(self.day))
    }
}

impl View<'_> {
    /// The job of a day; `None` if none was begun.
    pub fn job(&self, day: Day) -> Result<Option<Job>, StoreError> {
        self.one(Family::Jobs, &calendar_key(day), decode_job)
    }

    /// Jobs, of the latest day first.
    pub fn jobs_backwards(&self) -> Result<Scan<'_, Job>, StoreError> {
        let rows = self.raw_iterator(Family::Jobs, Bounds::all())?;
        Ok(Scan::new(
            RawScan::descending(Family::Jobs, rows),
            decode_job,
        ))
    }
}
