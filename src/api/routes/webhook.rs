//! `POST /api/webhook/alerts`: what others tell us, if it is proven to be theirs and of now.

use crate::api::context::Context;
use crate::api::intake::Sent;
use crate::api::refusal::Refusal;
use crate::clock::now;
use crate::inbox::{Doubt, MESSAGE_TYPE, Taken};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use warp::http::{HeaderMap, StatusCode};

/// Longest message.
pub(super) const MOST_BYTES: usize = 64 * 1_024;

/// A message was taken.
#[derive(Serialize, JsonSchema)]
pub(in crate::api) struct Receipt {
    /// Always true: what is not taken is refused.
    taken: bool,
}

/// Takes a message that is signed by one of our keys, or by AWS for one of our topics.
pub(super) async fn take(context: Arc<Context>, sent: Sent) -> Result<Receipt, Refusal> {
    let inbox = &context.inbox;
    if !inbox.is_open() {
        return Err(Refusal::missing(
            "webhook_closed",
            "nobody may tell us anything",
            "api.webhook.secrets says who may",
        ));
    }
    let taken = if sent.headers.contains_key(MESSAGE_TYPE) {
        inbox.take_published(&sent.body, now()).await
    } else {
        let timestamp = text(&sent.headers, "x-tidegauge-timestamp");
        let signature = text(&sent.headers, "x-tidegauge-signature");
        let taken = inbox.take_signed(timestamp, signature, &sent.body, now());
        taken.await
    };
    match taken {
        Ok(Taken::New) => Ok(Receipt { taken: true }),
        Ok(Taken::Again) => Err(unproven("it was here before")),
        Ok(Taken::TooMany) => Err(Refusal {
            retry_after_s: Some(600),
            ..Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many",
                "too many messages came of late",
                "send fewer",
            )
        }),
        Err(Doubt::Unproven(why)) => Err(unproven(&why)),
        Err(Doubt::Malformed(why)) => Err(Refusal::bad("bad_body", why, "send a JSON object")),
        Err(Doubt::Unknown(why)) => {
            tracing::warn!("a message cannot be proven now: {why}");
            Err(later())
        }
        Err(Doubt::Unkept) => Err(later()),
    }
}

/// A header that is there once; nothing otherwise.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    }
}

/// The same words for every cause: nobody learns from them what to try next.
fn unproven(why: &str) -> Refusal {
    tracing::debug!("a message is not taken: {why}");
    Refusal::new(
        StatusCode::UNAUTHORIZED,
        "unproven",
        "this is not proven to be of somebody known here, and of now",
        "sign timestamp and body as docs/alerts.md says, each message once",
    )
}

fn later() -> Refusal {
    Refusal {
        retry_after_s: Some(30),
        ..Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_now",
            "the message cannot be taken now",
            "send it again later",
        )
    }
}
