//! Places that alerts go to: webhooks that are signed.

use crate::config::Alerts;
use crate::error::Error;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::SpooledAlert;

/// How long a place may take to answer.
const DEADLINE: Duration = Duration::from_secs(15);

/// Longest text of a refusal that is kept.
const MOST_REASON: usize = 300;

/// Answers that are about the alert itself: asked again, they would be the same.
const OF_THE_ALERT: [u16; 3] = [400, 413, 422];

/// Why an alert was not taken.
pub(super) struct Refused {
    pub(super) reason: String,
    /// Whether it never will be.
    pub(super) is_for_good: bool,
}

/// A place.
pub(crate) struct Sink {
    name: String,
    url: reqwest::Url,
    secret: Vec<u8>,
    http: reqwest::Client,
}

/// All that are configured.
pub(crate) fn sinks(alerts: &Alerts) -> Result<Vec<Sink>, Error> {
    let client = reqwest::Client::builder()
        .timeout(DEADLINE)
        // A redirect would carry the alert, and its signature, to somebody else.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("tidegauge/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| Error::Failed(format!("cannot make an HTTP client: {e}")))?;
    alerts
        .webhooks
        .iter()
        .map(|(name, webhook)| {
            let url = webhook.url.expose().parse().map_err(|e| {
                Error::Usage(format!(
                    "configuration: `alerts.webhooks.{name}.url` is no address ({e}): write https://HOST/PATH"
                ))
            })?;
            Ok(Sink {
                name: name.clone(),
                url,
                secret: webhook.secret.expose().as_bytes().to_vec(),
                http: client.clone(),
            })
        })
        .collect()
}

impl Sink {
    /// Its name in the configuration.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sends an alert; why it was not taken, without the address, which may carry a key.
    pub(super) async fn send(&self, alert: &SpooledAlert, now: UnixSeconds) -> Result<(), Refused> {
        let timestamp = now.0.to_string();
        let request = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("x-tidegauge-id", alert.id.to_string())
            .header("x-tidegauge-timestamp", &timestamp)
            .header(
                "x-tidegauge-signature",
                signature(&self.secret, &timestamp, alert.body.as_bytes()),
            )
            .body(alert.body.clone());
        let answer = request.send().await.map_err(|e| Refused {
            reason: cut(&chain(&e.without_url())),
            is_for_good: false,
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(Refused {
            reason: format!("it answered {status}"),
            is_for_good: OF_THE_ALERT.contains(&status.as_u16()),
        })
    }
}

/// What the receiver computes too: `sha256=` and the HMAC-SHA256, in hex, of the timestamp, a point
/// and the body as it is sent (as GitHub and Stripe do it).
fn signature(secret: &[u8], timestamp: &str, body: &[u8]) -> String {
    let mut text = String::from("sha256=");
    // A key of any length is one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        return text;
    };
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    for byte in mac.finalize().into_bytes() {
        text.push_str(&format!("{byte:02x}"));
    }
    text
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

fn cut(text: &str) -> String {
    text.chars().take(MOST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_others() {
        // printf '1704500000.{}' | openssl dgst -sha256 -hmac secret
        let expected = "sha256=cc89d9291a96277cb6018e277bd0c2318d3ec39540e690d14702c6ec67c751e0";
        assert_eq!(signature(b"secret", "1704500000", b"{}"), expected);
    }
}
