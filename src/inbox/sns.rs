//! Messages that SNS posts, proven by AWS's certificate.

use super::book::Message;
use super::proof::Doubt;
use crate::config::WebhookIn;
use crate::error::Error;
use parking_lot::Mutex;
use reqwest::{Client, Url};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};
use tidegauge_cloud::{SnsKind, SnsMessage};
use tidegauge_model::UnixSeconds;

/// The header by which SNS is known.
pub(crate) const MESSAGE_TYPE: &str = "x-amz-sns-message-type";

/// SNS tries for an hour to deliver.
const DELIVERY_S: u64 = 3_600 + 300;

/// How far its clock may be ahead of ours.
const AHEAD_S: u64 = 300;

/// How long SNS may take to answer us.
const DEADLINE: Duration = Duration::from_secs(8);

/// Certificates kept; one is new every year.
const MOST_CERTIFICATES: usize = 16;

/// Longest certificate.
const MOST_CERTIFICATE_BYTES: u64 = 64 * 1_024;

/// The topics whose messages are taken.
pub(super) struct Topics {
    arns: BTreeSet<String>,
    confirms: bool,
    certificates: Mutex<BTreeMap<Url, Vec<u8>>>,
    http: Client,
}

impl Topics {
    pub(super) fn of(webhook: &WebhookIn) -> Result<Self, Error> {
        let http = Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .https_only(true)
            .build()
            .map_err(|e| Error::Failed(format!("cannot make an HTTP client: {e}")))?;
        Ok(Self {
            arns: webhook.sns_topics.iter().cloned().collect(),
            confirms: webhook.confirm_subscriptions,
            certificates: Mutex::default(),
            http,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.arns.is_empty()
    }

    /// A message of one of the topics, signed by AWS.
    pub(super) async fn read(&self, body: &[u8], now: UnixSeconds) -> Result<Message, Doubt> {
        let unproven = |why: String| Doubt::Unproven(why);
        let message = SnsMessage::read(body).map_err(|e| unproven(e.to_string()))?;
        let topic = message.topic.to_string();
        if !self.arns.contains(&topic) {
            return Err(unproven(
                "its topic is not among api.webhook.sns_topics".to_owned(),
            ));
        }
        let sent = message.sent_at.duration_since(UNIX_EPOCH);
        let sent = sent.map_or(0, |since| since.as_secs());
        if sent > now.0 + AHEAD_S || sent + DELIVERY_S < now.0 {
            return Err(unproven("it is not of now".to_owned()));
        }
        let certificate = self.certificate(&message.certificate).await?;
        message
            .verify(&certificate)
            .map_err(|e| unproven(e.to_string()))?;
        if let SnsKind::Subscription { confirm, is_end } = &message.kind {
            self.subscription(&topic, confirm, *is_end).await?;
        }
        let said = serde_json::json!({"subject": message.subject, "message": message.text});
        Ok(Message {
            nonce: Sha256::digest(format!("{topic}\n{}", message.id)).into(),
            from: topic,
            body: said.to_string(),
            // It is delivered at least once: the second time is no attack.
            is_repeated: true,
        })
    }

    async fn subscription(&self, topic: &str, confirm: &Url, is_end: bool) -> Result<(), Doubt> {
        if is_end {
            tracing::warn!("{topic} sends us nothing any more");
            return Ok(());
        }
        if !self.confirms {
            tracing::warn!(
                "{topic} wants to send us its messages: api.webhook.confirm_subscriptions = true while subscribing lets it"
            );
            return Ok(());
        }
        let asked = self.http.get(confirm.clone()).send().await;
        let answer = asked.and_then(reqwest::Response::error_for_status);
        // The address carries a token.
        let answer = answer.map_err(|e| Doubt::Unknown(e.without_url().to_string()));
        answer.map(|_| tracing::info!("{topic} sends us its messages from now on"))
    }

    /// The certificate at SNS's own address; kept, since many messages have one.
    async fn certificate(&self, at: &Url) -> Result<Vec<u8>, Doubt> {
        if let Some(known) = self.certificates.lock().get(at) {
            return Ok(known.clone());
        }
        let unknown = |e: reqwest::Error| Doubt::Unknown(format!("SNS's certificate: {e}"));
        let answer = self.http.get(at.clone()).send().await.map_err(unknown)?;
        let answer = answer.error_for_status().map_err(unknown)?;
        if answer
            .content_length()
            .is_none_or(|bytes| bytes > MOST_CERTIFICATE_BYTES)
        {
            return Err(Doubt::Unknown("SNS's certificate is too long".to_owned()));
        }
        let bytes = answer.bytes().await.map_err(unknown)?.to_vec();
        let mut known = self.certificates.lock();
        if known.len() >= MOST_CERTIFICATES {
            known.clear();
        }
        known.insert(at.clone(), bytes.clone());
        Ok(bytes)
    }
}
