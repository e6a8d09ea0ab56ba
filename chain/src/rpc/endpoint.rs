//! One endpoint: HTTP exchanges with bounded bodies.
//!
//! alloy's reqwest transport reads bodies of any size and drops `Retry-After`;
//! ours does neither, and says which part of an exchange failed.

use super::{
    bill::{Counters, Outcome},
    call::{Call, Method},
    wire::Replies,
};
use crate::{
    config::{ChainConfig, SecretUrl},
    error::{ChainError, Result},
    fault::{Fault, FaultKind, TIMED_OUT},
};
use bytes::{Bytes, BytesMut};
use reqwest::{Response, header, redirect};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// An endpoint with its connection pool and counters.
pub(super) struct Endpoint {
    name: String,
    url: SecretUrl,
    secrets: Vec<String>,
    client: reqwest::Client,
    pub(super) counters: Counters,
    next_id: AtomicU64,
    takes_batches: AtomicBool,
    max_body_bytes: usize,
}

impl Endpoint {
    /// `name` tells it from the others in reports and errors.
    pub(super) fn new(name: String, url: &SecretUrl, config: &ChainConfig) -> Result<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(config.limits.connect_timeout)
            .timeout(config.limits.request_timeout)
            // A redirect would carry the key in our URL to a place nobody named.
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(config.max_in_flight)
            .user_agent(concat!("tidegauge/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ChainError::Config {
                key: "chain.rpc_urls",
                problem: format!("no HTTP client for {url}: {}", causes(&error.without_url())),
            })?;
        Ok(Self {
            name,
            url: url.clone(),
            secrets: url.secrets(),
            client,
            counters: Counters::default(),
            next_id: AtomicU64::new(1),
            takes_batches: AtomicBool::new(true),
            max_body_bytes: config.limits.max_body_bytes,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sends the calls as one batch, or one by one where batches are refused.
    pub(super) async fn send(&self, calls: &[Call]) -> std::result::Result<Replies, Fault> {
        self.send_all(calls).await.map_err(|mut fault| {
            for secret in &self.secrets {
                fault.message = fault.message.replace(secret.as_str(), "***");
            }
            fault
        })
    }

    async fn send_all(&self, calls: &[Call]) -> std::result::Result<Replies, Fault> {
        let mut replies = Replies::new(self.name.clone());
        if calls.len() > 1 && self.takes_batches.load(Relaxed) {
            match self.exchange(calls, &mut replies).await {
                Err(fault) if fault.kind == FaultKind::Batch => {
                    self.counters
                        .count_outcome(Method::principal(calls), Outcome::Failed(fault.kind));
                    tracing::warn!(endpoint = self.name, %fault, "sending calls one by one");
                    self.takes_batches.store(false, Relaxed);
                }
                outcome => return outcome.map(|()| replies),
            }
        }
        for call in calls.chunks(1) {
            self.exchange(call, &mut replies).await?;
        }
        Ok(replies)
    }

    async fn exchange(
        &self,
        calls: &[Call],
        replies: &mut Replies,
    ) -> std::result::Result<(), Fault> {
        let billed: u32 = calls.iter().map(|call| call.method.billed_cu()).sum();
        self.counters
            .count_request(calls.len() as u64, u64::from(billed));
        let first_id = self.next_id.fetch_add(calls.len() as u64, Relaxed);
        let (status, retry_after, body) = self.post(request_body(calls, first_id)).await?;
        self.counters.count_bytes(body.len());
        replies
            .take(status, body, first_id, calls.len())
            .map_err(|fault| Fault {
                retry_after,
                ..fault
            })
    }

    async fn post(
        &self,
        body: String,
    ) -> std::result::Result<(u16, Option<Duration>, Bytes), Fault> {
        let response = self
            .client
            .post(self.url.expose().clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await
            .map_err(transport)?;
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        Ok((status, retry_after, self.read_body(response).await?))
    }

    /// Reads a body up to the limit, counted after decompression.
    async fn read_body(&self, mut response: Response) -> std::result::Result<Bytes, Fault> {
        let too_large = || {
            Fault::found(
                FaultKind::Density,
                format!("a body of more than {} bytes", self.max_body_bytes),
            )
        };
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).map_err(|_| too_large())?;
        if announced > self.max_body_bytes {
            return Err(too_large());
        }
        let mut body = BytesMut::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > self.max_body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

fn request_body(calls: &[Call], first_id: u64) -> String {
    let mut body = String::with_capacity(calls.len() * 128);
    if let [call] = calls {
        call.write(first_id, &mut body);
        return body;
    }
    body.push('[');
    for (id, call) in (first_id..).zip(calls) {
        if body.len() > 1 {
            body.push(',');
        }
        call.write(id, &mut body);
    }
    body.push(']');
    body
}

/// `Retry-After` in seconds; a date is left out, since our clock may differ.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?;
    value
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

fn transport(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let what = if error.is_timeout() {
        TIMED_OUT
    } else if error.is_connect() {
        "could not connect"
    } else if error.is_body() || error.is_decode() {
        "the body broke off"
    } else {
        "the exchange failed"
    };
    Fault::found(FaultKind::Transient, format!("{what}: {}", causes(&error)))
}

/// An error with what is below it: reqwest's own words are only its outermost layer.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        below = cause.source();
    }
    text
}
