//! An alert: what is told when something begins to be wrong, still is, or is well again.

use serde::{Deserialize, Serialize};
use std::fmt;
use tidegauge_model::UnixSeconds;

/// Number of an alert: later ones have greater numbers, and none is given twice.
///
/// The seconds since 1970 are its upper bits, so that a book that is lost, or older than what was
/// told, does not give a number again. It stays below 2^53, which every reader of JSON can hold.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct AlertId(pub u64);

/// Alerts of one second that are numbered within it; more go on into the next second's numbers.
const BITS_WITHIN_A_SECOND: u32 = 16;

impl AlertId {
    /// The number after this one for an alert of this moment.
    pub fn after(self, now: UnixSeconds) -> Self {
        let of_now = now.0.min(u64::MAX >> BITS_WITHIN_A_SECOND) << BITS_WITHIN_A_SECOND;
        Self(self.0.saturating_add(1).max(of_now))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Somebody should look, in working hours.
    Warn,
    /// Somebody should look now.
    Page,
}

impl Severity {
    /// Its name in messages and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Page => "page",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an alert says has happened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It began.
    Firing,
    /// It was told before and is still so.
    Reminder,
    /// It is over.
    Recovered,
}

impl AlertState {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Reminder => "reminder",
            Self::Recovered => "recovered",
        }
    }
}

impl fmt::Display for AlertState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One message to whoever looks after the collector.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// Its number; whoever sees it a second time may drop it.
    pub id: AlertId,
    /// Number of the alert that told of the beginning; its own, if this one does.
    pub episode: AlertId,
    /// The rule's name, such as `mirror_lag`.
    pub rule: String,
    /// What the rule looked at, such as `postgres`.
    pub subject: String,
    /// How bad it is.
    pub severity: Severity,
    /// What has happened.
    pub state: AlertState,
    /// What is the matter, with the numbers.
    pub summary: String,
    /// What to do about it.
    pub hint: String,
    /// Where the runbook speaks of it.
    pub runbook: String,
    /// Since when it has been wrong.
    pub since: UnixSeconds,
    /// When this was told.
    pub at: UnixSeconds,
}

impl Alert {
    /// The same for all alerts of one trouble: `rule/subject`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.rule, self.subject)
    }

    /// One line, for logs and subjects of letters.
    pub fn headline(&self) -> String {
        format!(
            "[{} {}] {}: {}",
            self.severity,
            self.state,
            self.key(),
            self.summary
        )
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())
    }
}
