//! What is wrong, what was told, and what is on its way, as people and programs read it.

use crate::error::Error;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use tidegauge_alerts::{Book, Rules};
use tidegauge_model::UnixSeconds;
use tidegauge_storage::View;

/// Alerts shown.
const SHOWN: usize = 100;

/// Alerts and troubles.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct AlertsReport {
    /// What was told and is not over, worst first.
    pub(crate) troubles: Vec<TroubleReport>,
    /// What was told, the latest first, the last 100: as it went to webhooks.
    pub(crate) told: Vec<Value>,
    /// What is on its way, by place.
    pub(crate) sinks: Vec<SinkReport>,
    /// What others told us, the latest first, the last 100.
    pub(crate) heard: Vec<HeardReport>,
}

/// What somebody told us.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct HeardReport {
    pub(crate) at: UnixSeconds,
    /// `webhook`, or the ARN of the topic.
    pub(crate) from: String,
    /// As it came; of a topic its subject and message.
    pub(crate) said: Value,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct TroubleReport {
    /// The rule's name.
    pub(crate) rule: String,
    /// What it looks at.
    pub(crate) subject: String,
    /// `info`, `warn` or `page`.
    pub(crate) severity: &'static str,
    /// Number of the alert that told of it.
    pub(crate) episode: u64,
    pub(crate) since: UnixSeconds,
    pub(crate) summary: String,
    /// Where the runbook speaks of it.
    pub(crate) runbook: String,
}

/// A place that alerts go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct SinkReport {
    pub(crate) name: String,
    /// Alerts that wait for it.
    pub(crate) waiting: u64,
    /// Alerts that it did not take in a day.
    pub(crate) given_up: u64,
    /// Why it did not take the last one that was tried.
    pub(crate) last_error: Option<String>,
}

impl AlertsReport {
    /// As the store has them.
    pub(crate) fn read(view: &View<'_>, rules: &Rules, sinks: &[String]) -> Result<Self, Error> {
        let mut told = Vec::new();
        for alert in view.told_alerts_backwards()?.take(SHOWN) {
            let alert = alert?;
            told.push(serde_json::from_str(&alert.body).map_err(|e| {
                Error::Failed(format!("alert {} in the store is no JSON: {e}", alert.id))
            })?);
        }
        Ok(Self {
            troubles: troubles(view, rules)?,
            told,
            sinks: waiting(view, sinks)?,
            heard: heard(view)?,
        })
    }
}

fn heard(view: &View<'_>) -> Result<Vec<HeardReport>, Error> {
    let mut heard = Vec::new();
    for message in view.heard_messages_backwards()?.take(SHOWN) {
        let message = message?;
        heard.push(HeardReport {
            at: message.at,
            from: message.from,
            said: serde_json::from_str(&message.body).unwrap_or(Value::String(message.body)),
        });
    }
    Ok(heard)
}

/// What was told and is not over, worst first.
pub(crate) fn troubles(view: &View<'_>, rules: &Rules) -> Result<Vec<TroubleReport>, Error> {
    let Some(bytes) = view.alert_book()? else {
        return Ok(Vec::new());
    };
    let troubles = book(rules.clone(), &bytes)?.troubles();
    let shown = troubles.into_iter().map(|trouble| TroubleReport {
        runbook: format!("docs/runbook.md#{}", trouble.rule),
        rule: trouble.rule,
        subject: trouble.subject,
        severity: trouble.severity.name(),
        episode: trouble.episode.0,
        since: trouble.since,
        summary: trouble.summary,
    });
    Ok(shown.collect())
}

/// What is on its way to these places, and to those that are no longer configured.
pub(crate) fn waiting(view: &View<'_>, sinks: &[String]) -> Result<Vec<SinkReport>, Error> {
    let new = |name: &String| SinkReport {
        name: name.clone(),
        waiting: 0,
        given_up: 0,
        last_error: None,
    };
    let ways = sinks.iter().map(|name| (name.clone(), new(name)));
    let mut ways: BTreeMap<String, SinkReport> = ways.collect();
    for spooled in view.spooled_alerts()? {
        let spooled = spooled?;
        let way = ways
            .entry(spooled.sink.clone())
            .or_insert_with(|| new(&spooled.sink));
        way.waiting += u64::from(!spooled.given_up);
        way.given_up += u64::from(spooled.given_up);
        way.last_error = spooled.error.or(way.last_error.take());
    }
    Ok(ways.into_values().collect())
}

/// The book that was kept.
pub(super) fn book(rules: Rules, bytes: &[u8]) -> Result<Book, Error> {
    Book::from_bytes(rules, bytes)
        .map_err(|e| Error::Failed(format!("what is known of troubles cannot be read: {e}")))
}
