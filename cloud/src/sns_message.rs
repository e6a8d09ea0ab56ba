//! What SNS posts to an HTTP endpoint, and whether AWS signed it.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>. Signatures of
//! version 1 are made with SHA-1 and refused: the topic's attribute `SignatureVersion` makes them 2.

use crate::topic::TopicArn;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::Deserialize;
use std::time::SystemTime;
use url::Url;
use webpki::{EndEntityCert, aws_lc_rs::RSA_PKCS1_2048_8192_SHA256};

/// Why a message is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("SNS message: {0}")]
pub struct SnsFault(&'static str);

/// What a message is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SnsKind {
    /// Somebody published something.
    Notification,
    /// A subscription is to be confirmed by asking this address, or was ended and can be taken up
    /// again by it.
    Subscription {
        /// Where it is confirmed: SNS itself.
        confirm: Url,
        /// Whether it was ended.
        is_end: bool,
    },
}

/// A message, as it claims to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnsMessage {
    /// What it is about.
    pub kind: SnsKind,
    /// The same for what is delivered twice.
    pub id: String,
    /// Where it was published.
    pub topic: TopicArn,
    /// Its subject.
    pub subject: Option<String>,
    /// What it says.
    pub text: String,
    /// When it was published.
    pub sent_at: SystemTime,
    /// Where AWS keeps the certificate of the key that signed it.
    pub certificate: Url,
    signed: String,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Posted {
    r#type: String,
    message_id: String,
    topic_arn: String,
    subject: Option<String>,
    message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    certificate: String,
    #[serde(rename = "SubscribeURL")]
    subscribe: Option<String>,
    token: Option<String>,
}

impl SnsMessage {
    /// Reads what was posted.
    ///
    /// # Errors
    /// For what SNS never posts; addresses that do not lead to SNS in the topic's region above all.
    pub fn read(body: &[u8]) -> Result<Self, SnsFault> {
        let posted: Posted =
            serde_json::from_slice(body).map_err(|_| SnsFault("it is not as SNS writes them"))?;
        let topic: TopicArn = posted
            .topic_arn
            .parse()
            .map_err(|_| SnsFault("its topic is none"))?;
        if posted.signature_version != "2" {
            return Err(SnsFault(
                "its signature is not of version 2: set the topic's attribute SignatureVersion to 2",
            ));
        }
        let sent_at: jiff::Timestamp = posted
            .timestamp
            .parse()
            .map_err(|_| SnsFault("its timestamp is none"))?;
        let certificate = of_sns(&posted.certificate, &topic)?;
        if !certificate.path().ends_with(".pem") {
            return Err(SnsFault("its certificate is no PEM file"));
        }
        let signature = STANDARD
            .decode(&posted.signature)
            .map_err(|_| SnsFault("its signature is not base64"))?;
        let (kind, signed) = match posted.r#type.as_str() {
            "Notification" => (SnsKind::Notification, posted.notification()),
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                let confirm = posted.subscribe.as_deref().unwrap_or_default();
                let kind = SnsKind::Subscription {
                    confirm: of_sns(confirm, &topic)?,
                    is_end: posted.r#type == "UnsubscribeConfirmation",
                };
                (kind, posted.subscription())
            }
            _ => return Err(SnsFault("its type is not known")),
        };
        Ok(Self {
            kind,
            id: posted.message_id,
            topic,
            subject: posted.subject,
            text: posted.message,
            sent_at: sent_at.into(),
            certificate,
            signed,
            signature,
        })
    }

    /// Whether the key of this certificate (PEM) signed it.
    ///
    /// # Errors
    /// If it did not, or the certificate is none.
    pub fn verify(&self, certificate: &[u8]) -> Result<(), SnsFault> {
        let der = CertificateDer::from_pem_slice(certificate)
            .map_err(|_| SnsFault("its certificate cannot be read"))?;
        let certificate = EndEntityCert::try_from(&der)
            .map_err(|_| SnsFault("its certificate cannot be read"))?;
        certificate
            .verify_signature(
                RSA_PKCS1_2048_8192_SHA256,
                self.signed.as_bytes(),
                &self.signature,
            )
            .map_err(|_| SnsFault("its signature is wrong"))
    }
}

impl Posted {
    fn notification(&self) -> String {
        let mut parts = vec![
            ("Message", self.message.as_str()),
            ("MessageId", &self.message_id),
        ];
        if let Some(subject) = &self.subject {
            parts.push(("Subject", subject));
        }
        parts.extend(self.end());
        joined(&parts)
    }

    fn subscription(&self) -> String {
        let mut parts = vec![
            ("Message", self.message.as_str()),
            ("MessageId", &self.message_id),
            (
                "SubscribeURL",
                self.subscribe.as_deref().unwrap_or_default(),
            ),
            ("Timestamp", &self.timestamp),
            ("Token", self.token.as_deref().unwrap_or_default()),
        ];
        parts.extend(self.end().into_iter().skip(1));
        joined(&parts)
    }

    fn end(&self) -> [(&'static str, &str); 3] {
        [
            ("Timestamp", &self.timestamp),
            ("TopicArn", &self.topic_arn),
            ("Type", &self.r#type),
        ]
    }
}

/// What is signed: each name and each value in a line.
fn joined(parts: &[(&str, &str)]) -> String {
    let lines = parts
        .iter()
        .map(|(name, value)| format!("{name}\n{value}\n"));
    lines.collect()
}

/// An address of SNS in the topic's region: AWS vouches for what is found there, and for nothing else.
fn of_sns(text: &str, topic: &TopicArn) -> Result<Url, SnsFault> {
    let wrong = SnsFault("it names an address that is not SNS's");
    let url = Url::parse(text).map_err(|_| wrong)?;
    let host = topic.service_host();
    let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if url.scheme() == "https" && url.host_str() == Some(host.as_str()) && is_plain {
        Ok(url)
    } else {
        Err(wrong)
    }
}
