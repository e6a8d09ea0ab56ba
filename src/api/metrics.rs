//! `GET /metrics`: the status in Prometheus' words, read anew for every scrape.

use super::context::Context;
use crate::error::Error;
use crate::metrics::{gather, text, traffic};

/// The text of one scrape.
///
/// # Errors
/// What the store says of damaged rows.
pub(super) fn scrape(context: &Context) -> Result<String, Error> {
    let mut readings = gather(&context.sources)?;
    let answered = context.traffic.so_far().into_iter();
    traffic(
        answered.map(|(of, answers)| (of, (answers.count, answers.time))),
        &mut readings,
    );
    Ok(text(&readings))
}
