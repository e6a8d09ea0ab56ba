//! Alerts by POST, signed.

use super::Refused;
use crate::config::Webhook as Settings;
use crate::error::Error;
use crate::signature::sign;
use std::time::Duration;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::SpooledAlert;

/// How long a place may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Answers that are about the alert itself: asked again, they would be the same.
const OF_THE_ALERT: [u16; 3] = [400, 413, 422];

/// Where alerts are posted to.
pub(super) struct Webhook {
    url: reqwest::Url,
    secret: Vec<u8>,
    http: reqwest::Client,
}

/// What all of them are posted with.
pub(super) fn client() -> Result<reqwest::Client, Error> {
    reqwest::Client::builder()
        .timeout(DEADLINE)
        // A redirect would carry the alert, and its signature, to somebody else.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("tidegauge/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Error::Failed(format!("cannot make an HTTP client: {e}")))
}

impl Webhook {
    pub(super) fn new(
        name: &str,
        settings: &Settings,
        http: reqwest::Client,
    ) -> Result<Self, Error> {
        let url = settings.url.expose().parse().map_err(|e| {
            Error::Usage(format!(
                "configuration: `alerts.webhooks.{name}.url` is no address ({e}): write https://HOST/PATH"
            ))
        })?;
        Ok(Self {
            url,
            secret: settings.secret.expose().as_bytes().to_vec(),
            http,
        })
    }

    pub(super) async fn post(&self, alert: &SpooledAlert, now: UnixSeconds) -> Result<(), Refused> {
        let timestamp = now.0.to_string();
        let signature = sign(&self.secret, &timestamp, alert.body.as_bytes());
        let request = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("x-tidegauge-id", alert.id.to_string())
            .header("x-tidegauge-timestamp", &timestamp)
            .header("x-tidegauge-signature", signature)
            .body(alert.body.clone());
        let answer = request
            .send()
            .await
            .map_err(|e| Refused::new(&chain(&e.without_url()), false))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let is_for_good = OF_THE_ALERT.contains(&status.as_u16());
        Err(Refused::new(&format!("it answered {status}"), is_for_good))
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
