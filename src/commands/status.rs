//! `status`: what the store holds, on one screen.

use crate::config::Config;
use crate::error::Error;
use crate::report::Report;
use std::time::{SystemTime, UNIX_EPOCH};
use tidegauge_model::UnixSeconds;
use tidegauge_storage::logical_digest;

/// Reads beside a running collector; nothing is written to the store.
pub(super) fn status(config: &Config, digest: bool, json: bool) -> Result<(), Error> {
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let mut report = Report::of(&reader, &view)?;
    if digest {
        report = report.with_digest(logical_digest(&view)?);
    }
    if json {
        super::print_json(&report)
    } else {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |d| d.as_secs());
        print!("{}", report.screen(UnixSeconds(now)));
        Ok(())
    }
}
