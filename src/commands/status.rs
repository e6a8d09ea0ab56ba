//! `status`: what the store holds, on one screen.

use crate::alerts::{TroubleReport, troubles};
use crate::clock::now;
use crate::config::Config;
use crate::daily::JobsReport;
use crate::error::Error;
use crate::report::Report;
use serde::Serialize;
use tidegauge_storage::logical_digest;

/// What is printed as JSON.
#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    store: Report,
    daily: JobsReport,
    troubles: Vec<TroubleReport>,
}

/// Reads beside a running collector; nothing is written to the store.
pub(super) fn status(config: &Config, digest: bool, json: bool) -> Result<(), Error> {
    let reader = super::open_beside(config)?;
    let view = reader.view()?;
    let mut report = Report::of(&reader, &view)?;
    if digest {
        report = report.with_digest(logical_digest(&view)?);
    }
    let troubles = troubles(&view, &config.alerts.rules)?;
    let daily = JobsReport::read(&view, config.schedule.daily_at, now())?;
    if json {
        return super::print_json(&Status {
            store: report,
            daily,
            troubles,
        });
    }
    print!("{}{}", report.screen(now()), daily.screen());
    for trouble in troubles {
        println!(
            "{:<10} {}: {} ({})",
            trouble.severity, trouble.rule, trouble.summary, trouble.runbook
        );
    }
    Ok(())
}
