//! What stands against one subject of one rule: pending, firing, recovering, and how it goes on.

use crate::alert::{AlertId, AlertState, Severity};
use crate::rules::{Finding, Watch};
use serde::{Deserialize, Serialize};
use tidegauge_model::UnixSeconds;

/// Most seconds between two looks that count: what was not looked at is not known to have lasted.
const MOST_BETWEEN_LOOKS: u64 = 60;

/// One trouble, from the first time that it was seen until its end was told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Standing {
    /// Since when it has been wrong.
    pub(crate) since: UnixSeconds,
    /// When it was last known how it is.
    seen_at: UnixSeconds,
    /// Seconds that it has been as it is now.
    held_s: u64,
    /// Whether it was wrong when it was last known.
    is_bad: bool,
    /// What was last said of it.
    pub(crate) summary: String,
    /// What was told of it; nothing yet while it is pending.
    pub(crate) told: Option<Told>,
}

/// What was told of a trouble.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Number of the alert that told of its beginning.
    pub(crate) episode: AlertId,
    /// How bad it was said to be.
    pub(crate) severity: Severity,
    /// When it was last told of.
    at: UnixSeconds,
}

impl Standing {
    /// The first time that it is wrong.
    fn begin(finding: &Finding, now: UnixSeconds) -> Self {
        Self {
            since: now,
            seen_at: now,
            held_s: 0,
            is_bad: true,
            summary: finding.summary.clone(),
            told: None,
        }
    }

    /// Takes in what is known now.
    fn see(&mut self, finding: &Finding, now: UnixSeconds) {
        if finding.is_bad == self.is_bad {
            let passed = now.0.saturating_sub(self.seen_at.0);
            self.held_s = self.held_s.saturating_add(passed.min(MOST_BETWEEN_LOOKS));
        } else {
            self.is_bad = finding.is_bad;
            self.held_s = 0;
        }
        self.seen_at = now;
        self.since = self.since.min(now);
        self.summary.clone_from(&finding.summary);
    }

    /// It is told now, under this number.
    pub(crate) fn tell(&mut self, id: AlertId, watch: Watch, now: UnixSeconds) -> Told {
        let told = match self.told.take() {
            Some(told) => Told { at: now, ..told },
            None => Told {
                episode: id,
                severity: watch.severity,
                at: now,
            },
        };
        self.told = Some(told.clone());
        told
    }
}

/// Goes on with a trouble by what is known now, if anything is; what is to be told of it.
///
/// `None` in the place of the trouble: there is none, and there is nothing to be told, unless the
/// answer is that it recovered, when the caller removes it.
pub(crate) fn go_on(
    standing: &mut Option<Standing>,
    finding: Option<&Finding>,
    (watch, remind_after_s): (Watch, u64),
    now: UnixSeconds,
) -> Option<AlertState> {
    match (standing.as_mut(), finding) {
        (Some(known), Some(finding)) => known.see(finding, now),
        (None, Some(finding)) if finding.is_bad => *standing = Some(Standing::begin(finding, now)),
        _ => {}
    }
    let known = standing.as_mut()?;
    let Some(told) = &mut known.told else {
        if !known.is_bad {
            *standing = None;
            return None;
        }
        // Without news nothing begins.
        let lasted = finding.is_some() && known.held_s >= watch.fire_after_s;
        return lasted.then_some(AlertState::Firing);
    };
    if !known.is_bad {
        let lasted = finding.is_some() && known.held_s >= watch.recover_after_s;
        return lasted.then_some(AlertState::Recovered);
    }
    // A clock that was put back must not put off the next reminder.
    told.at = told.at.min(now);
    (now.0 - told.at.0 >= remind_after_s).then_some(AlertState::Reminder)
}
