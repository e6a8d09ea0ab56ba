//! Alerts by SNS.

use super::Refused;
use tidegauge_alerts::Alert;
use tidegauge_cloud::{Notice, Topic};
use tidegauge_storage::SpooledAlert;

/// Publishes an alert. What a topic refuses may be mended in AWS: nothing is refused for good.
pub(super) async fn publish(topic: &Topic, alert: &SpooledAlert) -> Result<(), Refused> {
    let read: Alert = serde_json::from_str(&alert.body)
        .map_err(|e| Refused::new(&format!("this alert cannot be read: {e}"), true))?;
    let headline = read.headline();
    let text = format!(
        "{headline}\n\nSince {}, told {}.\nWhat to do: {}\nMore: {}\nNumber {}, of trouble {}.\n",
        utc(read.since.0),
        utc(read.at.0),
        read.hint,
        read.runbook,
        read.id,
        read.episode,
    );
    let notice = Notice {
        id: alert.id,
        subject: &headline,
        body: &alert.body,
        text: &text,
        attributes: &[
            ("severity", read.severity.name()),
            ("state", read.state.name()),
            ("rule", &read.rule),
        ],
    };
    let sent = topic.publish(&notice).await;
    sent.map_err(|e| Refused::new(&e.to_string(), false))
}

fn utc(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok();
    let moment = moment.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| seconds.to_string(), |moment| moment.to_string())
}
