//! A test alert, to see whether a place is reached.

use super::sink::Sink;
use crate::clock::now;
use tidegauge_alerts::{Alert, AlertId, AlertState, Severity};
use tidegauge_storage::SpooledAlert;

/// Sends one that nobody has to do anything about; why it was not taken. Its number is 0: real ones
/// begin with 1.
pub(crate) async fn try_out(sink: &Sink) -> Result<(), String> {
    let now = now();
    let alert = Alert {
        id: AlertId(0),
        episode: AlertId(0),
        rule: "test".to_owned(),
        subject: "doctor".to_owned(),
        severity: Severity::Info,
        state: AlertState::Firing,
        summary: "tidegauge doctor tries out whether alerts arrive here".to_owned(),
        hint: "Nothing is wrong, and nothing is to be done.".to_owned(),
        runbook: "docs/alerts.md".to_owned(),
        since: now,
        at: now,
    };
    let spooled = SpooledAlert {
        sink: sink.name().to_owned(),
        id: 0,
        body: serde_json::to_string(&alert).map_err(|e| e.to_string())?,
        since: now,
        attempts: 0,
        error: None,
        given_up: false,
    };
    let sent = sink.send(&spooled, now).await;
    sent.map_err(|refused| refused.reason)
}
