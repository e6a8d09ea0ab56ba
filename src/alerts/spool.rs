//! The way of alerts to one place: in their order, again until they are taken.

use super::sink::Sink;
use crate::collect::Committer;
use crate::error::Error;
use std::time::Duration;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::{Keep, Reader, SpooledAlert};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between the first two tries, and between the last ones.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LAST_PAUSE: Duration = Duration::from_secs(300);

/// After so long nobody needs to hear of it any more: it stays, given up, to be seen.
pub(super) const GIVEN_UP_AFTER_S: u64 = 24 * 3_600;

/// Alerts that wait for a place at most; the oldest are given up for later ones.
const MOST_WAITING: usize = 1_000;

/// Given up alerts of a place that are kept.
const MOST_GIVEN_UP: usize = 100;

/// Carries what waits for a place until told to stop.
pub(super) async fn carry(
    sink: &Sink,
    reader: &Reader,
    committer: &Committer,
    now: fn() -> UnixSeconds,
    mut news: watch::Receiver<u64>,
    stop: &CancellationToken,
) {
    let mut failures: u32 = 0;
    loop {
        // Cut off in the middle, it is sent again under its number.
        let turn = tokio::select! {
            turn = turn(sink, reader, committer, now) => turn,
            () = stop.cancelled() => return,
        };
        let wait = match turn {
            Ok(Turn::Sent) => {
                failures = 0;
                continue;
            }
            Ok(Turn::Nothing) => None,
            Ok(Turn::Refused) => {
                failures = failures.saturating_add(1);
                Some(pause(failures))
            }
            Err(error) => {
                tracing::warn!("alerts for {}: {error}", sink.name());
                failures = failures.saturating_add(1);
                Some(pause(failures))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            changed = news.changed(), if wait.is_none() => {
                if changed.is_err() {
                    return;
                }
            }
            () = tokio::time::sleep(wait.unwrap_or(LAST_PAUSE)) => {}
        }
    }
}

/// What a try came to.
enum Turn {
    Sent,
    Refused,
    Nothing,
}

/// Exponential, with full jitter.
fn pause(failures: u32) -> Duration {
    let longest = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LAST_PAUSE);
    let mut bytes = [0; 4];
    // Without random bytes the whole pause is waited.
    let share = match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    };
    longest.mul_f64(share).max(FIRST_PAUSE)
}

/// Tries the oldest that waits.
async fn turn(
    sink: &Sink,
    reader: &Reader,
    committer: &Committer,
    now: fn() -> UnixSeconds,
) -> Result<Turn, Error> {
    let (oldest, mut records) = look(sink, reader).await?;
    let Some(mut alert) = oldest else {
        if !records.is_empty() {
            keep(committer, records).await?;
        }
        return Ok(Turn::Nothing);
    };
    let sent = sink.send(&alert, now()).await;
    let turn = match sent {
        Ok(()) => {
            records.push(alert.drop());
            Turn::Sent
        }
        Err(refused) => {
            let age = now().0.saturating_sub(alert.since.0);
            alert.attempts = alert.attempts.saturating_add(1);
            alert.given_up = refused.is_for_good || age >= GIVEN_UP_AFTER_S;
            tracing::warn!(
                attempts = alert.attempts,
                given_up = alert.given_up,
                "alert {} does not reach {}: {}",
                alert.id,
                sink.name(),
                refused.reason
            );
            alert.error = Some(refused.reason);
            records.push(alert.keep()?);
            Turn::Refused
        }
    };
    keep(committer, records).await?;
    Ok(turn)
}

/// The oldest that waits, and what is to be kept since there are too many.
async fn look(sink: &Sink, reader: &Reader) -> Result<(Option<SpooledAlert>, Vec<Keep>), Error> {
    let (reader, name) = (reader.clone(), sink.name().to_owned());
    let look = move || {
        let view = reader.view()?;
        let (mut waiting, mut given_up) = (Vec::new(), Vec::new());
        for spooled in view.spooled_alerts()? {
            let spooled = spooled?;
            if spooled.sink != name {
                continue;
            }
            if spooled.given_up {
                given_up.push(spooled);
            } else {
                waiting.push(spooled);
            }
        }
        let mut records = Vec::new();
        let too_many = waiting.len().saturating_sub(MOST_WAITING);
        for mut alert in waiting.drain(..too_many) {
            alert.given_up = true;
            alert.error = Some("too many wait: given up for later ones".to_owned());
            records.push(alert.keep()?);
        }
        let too_many = given_up.len().saturating_sub(MOST_GIVEN_UP);
        records.extend(given_up.drain(..too_many).map(|alert| alert.drop()));
        Ok((waiting.into_iter().next(), records))
    };
    tokio::task::spawn_blocking(look)
        .await
        .map_err(|e| Error::Failed(format!("a thread that read the spool ended: {e}")))?
}

async fn keep(committer: &Committer, records: Vec<Keep>) -> Result<(), Error> {
    if committer.keep(records).await? {
        Ok(())
    } else {
        Err(Error::Failed("the commit thread has stopped".to_owned()))
    }
}
