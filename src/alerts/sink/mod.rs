//! Places that alerts go to.

mod topic;
mod webhook;

use crate::config::Alerts;
use crate::error::Error;
use tidegauge_cloud::Topic;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::SpooledAlert;

/// Longest text of a refusal that is kept.
const MOST_REASON: usize = 300;

/// Why an alert was not taken.
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether it never will be.
    pub(super) is_for_good: bool,
}

impl Refused {
    fn new(reason: &str, is_for_good: bool) -> Self {
        Self {
            reason: reason.chars().take(MOST_REASON).collect(),
            is_for_good,
        }
    }
}

/// A place, by its name in the configuration.
pub(crate) struct Sink {
    name: String,
    way: Way,
}

enum Way {
    Webhook(webhook::Webhook),
    Topic(Box<Topic>),
}

/// All that are configured.
pub(crate) fn sinks(alerts: &Alerts) -> Result<Vec<Sink>, Error> {
    let client = webhook::client()?;
    let webhooks = alerts.webhooks.iter().map(|(name, settings)| {
        let webhook = webhook::Webhook::new(name, settings, client.clone())?;
        Ok(Sink {
            name: name.clone(),
            way: Way::Webhook(webhook),
        })
    });
    let topics = alerts.sns.iter().map(|(name, settings)| {
        Ok(Sink {
            name: name.clone(),
            way: Way::Topic(Box::new(Topic::new(settings.topic.clone()))),
        })
    });
    webhooks.chain(topics).collect()
}

impl Sink {
    /// Its name in the configuration.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sends an alert; why it was not taken, without the address, which may carry a key.
    pub(super) async fn send(&self, alert: &SpooledAlert, now: UnixSeconds) -> Result<(), Refused> {
        match &self.way {
            Way::Webhook(webhook) => webhook.post(alert, now).await,
            Way::Topic(topic) => topic::publish(topic, alert).await,
        }
    }
}
