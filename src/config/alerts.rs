//! `[alerts]`: what is watched, and who is told.

use super::secret::{Hidden, Secret};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_alerts::Rules;
use url::Url;

/// Longest name of a place.
const MOST_NAME_BYTES: usize = 48;

/// What is watched, and who is told.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Alerts {
    pub(crate) webhooks: BTreeMap<String, Webhook>,
    pub(crate) rules: Rules,
}

/// A place that alerts are posted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    pub(crate) url: Secret<Hidden>,
    pub(crate) secret: Secret<Hidden>,
}

impl Alerts {
    /// Whether it can be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        self.rules
            .check()
            .map_err(|e| format!("configuration: `alerts.rules`: {e}"))?;
        for (name, webhook) in &self.webhooks {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
            let sound = (1..=MOST_NAME_BYTES).contains(&name.len()) && name.bytes().all(allowed);
            if !sound {
                return Err(format!(
                    "configuration: `alerts.webhooks.{name}`: a name has 1 to {MOST_NAME_BYTES} letters, digits, `_` and `-`"
                ));
            }
            let scheme = Url::parse(webhook.url.expose())
                .ok()
                .map(|url| url.scheme().to_owned());
            if !matches!(scheme.as_deref(), Some("http" | "https")) {
                return Err(format!(
                    "configuration: `alerts.webhooks.{name}.url` is no address: write https://HOST/PATH"
                ));
            }
            if webhook.secret.expose().len() < 16 {
                return Err(format!(
                    "configuration: `alerts.webhooks.{name}.secret` has fewer than 16 characters: `openssl rand -hex 32` makes one"
                ));
            }
        }
        Ok(())
    }
}
