//! `[alerts]`: what is watched, and who is told.

use super::secret::{Hidden, Secret};
use super::text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_alerts::Rules;
use tidegauge_cloud::TopicArn;
use url::Url;

/// Shortest key of a signature.
pub(super) const LEAST_KEY_BYTES: usize = 16;

/// Longest name of a place.
const MOST_NAME_BYTES: usize = 48;

/// What is watched, and who is told.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Alerts {
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    pub(crate) sns: BTreeMap<String, SnsTopic>,
    pub(crate) rules: Rules,
}

/// A place that alerts are posted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) url: Secret<Hidden>,
    pub(crate) secret: Secret<Hidden>,
}

/// A topic that alerts are published to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnsTopic {
    #[serde(with = "text")]
    pub(crate) topic: TopicArn,
}

impl Alerts {
    /// Names of all places that alerts go to.
    pub(crate) fn places(&self) -> Vec<String> {
        self.webhooks
            .keys()
            .chain(self.sns.keys())
            .cloned()
            .collect()
    }

    /// Whether it can be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        self.rules
            .check()
            .map_err(|e| format!("configuration: `alerts.rules`: {e}"))?;
        for (name, kind) in self.named() {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
            let sound = (1..=MOST_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed);
            if !sound {
                return Err(format!(
                    "configuration: `alerts.{kind}.{name}`: a name has 1 to {MOST_NAME_BYTES} letters, digits, `_` and `-`"
                ));
            }
        }
        if let Some(name) = self
            .sns
            .keys()
            .find(|name| self.webhooks.contains_key(*name))
        {
            return Err(format!(
                "configuration: `alerts.webhooks.{name}` and `alerts.sns.{name}` have one name: give each its own"
            ));
        }
        for (name, webhook) in &self.webhooks {
            let scheme = Url::parse(webhook.url.expose())
                .ok()
                .map(|url| url.scheme().to_owned());
            if !matches!(scheme.as_deref(), Some("http" | "https")) {
                return Err(format!(
                    "configuration: `alerts.webhooks.{name}.url` is no address: write https://HOST/PATH"
                ));
            }
            if webhook.secret.expose().len() < LEAST_KEY_BYTES {
                return Err(format!(
                    "configuration: `alerts.webhooks.{name}.secret` has fewer than {LEAST_KEY_BYTES} characters: `openssl rand -hex 32` makes one"
                ));
            }
        }
        Ok(())
    }

    fn named(&self) -> impl Iterator<Item = (&String, &'static str)> {
        let webhooks = self.webhooks.keys().map(|name| (name, "webhooks"));
        webhooks.chain(self.sns.keys().map(|name| (name, "sns")))
    }
}
