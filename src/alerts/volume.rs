//! The last whole hour's volume beside the same hour of earlier weeks; read once an hour.

use crate::error::Error;
use tidegauge_alerts::{Usual, VolumeFacts};
use tidegauge_model::{Hour, NANO_PER_USD, PoolVerdict};
use tidegauge_storage::View;

const HOURS_OF_A_WEEK: u32 = 24 * 7;

/// Weeks compared with.
const WEEKS: usize = 8;

/// Fewest weeks that say what is usual.
const LEAST_WEEKS: usize = 4;

/// What was read last.
#[derive(Default)]
pub(super) struct Volumes {
    last: Option<(Hour, Option<VolumeFacts>)>,
}

impl Volumes {
    /// Of the last hour that is over; `None` while there are too few weeks to say what is usual.
    pub(super) fn last_hour(&mut self, view: &View<'_>) -> Result<Option<VolumeFacts>, Error> {
        let Some(tip) = view.tip()?.and_then(|tip| tip.timestamp) else {
            return Ok(None);
        };
        let Some(hour) = Hour::of(tip).0.checked_sub(1).map(Hour) else {
            return Ok(None);
        };
        if let Some((read, facts)) = self.last
            && read == hour
        {
            return Ok(facts);
        }
        let facts = read(view, hour)?;
        self.last = Some((hour, facts));
        Ok(facts)
    }
}

fn read(view: &View<'_>, hour: Hour) -> Result<Option<VolumeFacts>, Error> {
    // Of what lies before, nothing is known: not even that there was none.
    let Some(first) = view.calendar()?.next().transpose()? else {
        return Ok(None);
    };
    let first = first.day.first_hour();
    let mut hours = vec![hour];
    for week in 1..=WEEKS {
        let back = HOURS_OF_A_WEEK.saturating_mul(week as u32);
        match hour.0.checked_sub(back).map(Hour) {
            Some(earlier) if earlier >= first => hours.push(earlier),
            _ => break,
        }
    }
    if hours.len() <= LEAST_WEEKS {
        return Ok(None);
    }
    let mut nano = vec![0i128; hours.len()];
    for verdict in view.pools()? {
        let PoolVerdict::Accepted(pool) = verdict? else {
            continue;
        };
        for (hour, sum) in hours.iter().zip(&mut nano) {
            for (_, tile) in view.tiles(pool.id, *hour..Hour(hour.0 + 1))? {
                *sum = sum.saturating_add(tile.sums.volume.0);
            }
        }
    }
    let usd: Vec<f64> = nano
        .iter()
        .map(|n| *n as f64 / NANO_PER_USD as f64)
        .collect();
    let usual = usd.get(1..).and_then(Usual::of);
    Ok(usual.map(|usual| VolumeFacts {
        hour,
        usd: usd[0],
        usual,
    }))
}
