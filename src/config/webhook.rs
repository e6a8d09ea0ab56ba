//! `[api.webhook]`: who may tell us of something.

use super::alerts::LEAST_KEY_BYTES;
use super::load;
use super::secret::{Hidden, Secret};
use serde::{Deserialize, Serialize};
use tidegauge_cloud::TopicArn;

/// Who may tell us of something, by `POST /api/webhook/alerts`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WebhookIn {
    #[serde(deserialize_with = "load::list")]
    pub(crate) secrets: Vec<Secret<Hidden>>,
    #[serde(deserialize_with = "load::list")]
    pub(crate) sns_topics: Vec<String>,
    pub(crate) confirm_subscriptions: bool,
}

impl WebhookIn {
    /// Whether it can be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if self
            .secrets
            .iter()
            .any(|secret| secret.expose().len() < LEAST_KEY_BYTES)
        {
            return Err(format!(
                "configuration: `api.webhook.secrets`: one has fewer than {LEAST_KEY_BYTES} characters: `openssl rand -hex 32` makes one"
            ));
        }
        for topic in &self.sns_topics {
            topic.parse::<TopicArn>().map_err(|problem| {
                format!(
                    "configuration: `api.webhook.sns_topics`: `{}` {problem}",
                    topic.escape_debug()
                )
            })?;
        }
        Ok(())
    }
}
