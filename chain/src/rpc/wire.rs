//! JSON-RPC envelopes, read without copying what they hold.

use super::classify::{classify, quote};
use crate::fault::{Fault, FaultKind};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::ops::Range;

/// Answers to the calls of one request, in the order asked.
#[derive(Debug)]
pub(crate) struct Replies {
    /// The endpoint, redacted.
    pub(crate) endpoint: String,
    bodies: Vec<Bytes>,
    parts: Vec<Part>,
}

/// Where an answer lies: in which body, and at which bytes.
#[derive(Clone, Debug)]
enum Part {
    Result { body: usize, at: Range<usize> },
    Reverted,
}

impl Replies {
    pub(super) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            bodies: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// The JSON text of an answer; `null` where the call reverted, which only `eth_call` can.
    pub(crate) fn text(&self, index: usize) -> &str {
        match self.parts.get(index) {
            Some(Part::Result { body, at }) => self
                .bodies
                .get(*body)
                .and_then(|body| body.get(at.clone()))
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .unwrap_or("null"),
            Some(Part::Reverted) | None => "null",
        }
    }

    /// Whether the answer is `null`.
    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.text(index) == "null"
    }

    /// Bytes received.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bodies.iter().map(Bytes::len).sum()
    }

    /// Takes the body that answers calls with ids `first_id..first_id + calls`.
    pub(super) fn take(
        &mut self,
        http: u16,
        body: Bytes,
        first_id: u64,
        calls: usize,
    ) -> Result<(), Fault> {
        let place = self.bodies.len();
        let envelopes = read_envelopes(http, &body, calls)?;
        let mut parts = vec![None; calls];
        for envelope in &envelopes {
            let index = envelope
                .id
                .and_then(|id| id.get().trim_matches('"').parse::<u64>().ok())
                .and_then(|id| id.checked_sub(first_id))
                .and_then(|index| usize::try_from(index).ok())
                .filter(|index| *index < calls);
            let part = match (envelope.error, envelope.result) {
                (Some(error), _) => {
                    let fault = classify(Some(http), Some(error.get()));
                    if fault.kind != FaultKind::Reverted {
                        return Err(fault);
                    }
                    Part::Reverted
                }
                (None, Some(result)) => Part::Result {
                    body: place,
                    at: range_in(&body, result.get()),
                },
                (None, None) => {
                    return Err(malformed("a reply with neither result nor error", &body));
                }
            };
            let slot = index
                .and_then(|index| parts.get_mut(index))
                .ok_or_else(|| malformed("a reply with the id of no question", &body))?;
            if slot.replace(part).is_some() {
                return Err(malformed("two replies to one question", &body));
            }
        }
        let parts: Option<Vec<Part>> = parts.into_iter().collect();
        self.parts
            .extend(parts.ok_or_else(|| malformed("fewer replies than questions", &body))?);
        drop(envelopes);
        self.bodies.push(body);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// `null` is an answer too; only a missing key is none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn read_envelopes(http: u16, body: &Bytes, calls: usize) -> Result<Vec<Envelope<'_>>, Fault> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let parsed = match first {
        Some(b'[') if calls > 1 => serde_json::from_slice::<Vec<Envelope<'_>>>(body),
        Some(b'{') => serde_json::from_slice(body).map(|envelope| vec![envelope]),
        _ if http != 200 => return Err(with_words(classify(Some(http), None), body)),
        Some(b'<') => return Err(malformed("HTML instead of JSON", body)),
        None => return Err(malformed("an empty body", body)),
        Some(_) => return Err(malformed("no JSON-RPC reply", body)),
    };
    let envelopes = match parsed {
        Ok(envelopes) => envelopes,
        Err(_) if http != 200 => return Err(with_words(classify(Some(http), None), body)),
        Err(error) if error.is_eof() => return Err(malformed("truncated JSON", body)),
        Err(error) => return Err(malformed(&format!("invalid JSON: {error}"), body)),
    };
    match envelopes.as_slice() {
        // One object in reply to a batch, or with an error status: its error speaks for all.
        [only] if calls > 1 || http != 200 => match only.error {
            Some(error) => Err(classify(Some(http), Some(error.get()))),
            None if http != 200 => Err(with_words(classify(Some(http), None), body)),
            None => Err(Fault::found(
                FaultKind::Batch,
                "one reply to a batch of questions",
            )),
        },
        _ => Ok(envelopes),
    }
}

fn malformed(what: &str, body: &[u8]) -> Fault {
    with_words(Fault::found(FaultKind::Malformed, what), body)
}

/// Adds the beginning of the body to a fault's message.
fn with_words(mut fault: Fault, body: &[u8]) -> Fault {
    const QUOTED_BYTES: usize = 120;
    let start = body.get(..QUOTED_BYTES).unwrap_or(body);
    let words = quote(String::from_utf8_lossy(start).trim());
    if !words.is_empty() {
        if !fault.message.is_empty() {
            fault.message.push_str(": ");
        }
        fault.message.push_str(&words);
    }
    fault
}

/// Where a text borrowed from the body lies in it.
fn range_in(body: &[u8], text: &str) -> Range<usize> {
    let start = text.as_ptr() as usize - body.as_ptr() as usize;
    start..start + text.len()
}
