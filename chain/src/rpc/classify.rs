//! The cause of an endpoint's error: HTTP status, then code, then data, then message.
//!
//! One table of phrases; the dialects are those of Alchemy, Infura, QuickNode,
//! publicnode, Ankr, dRPC, 1RPC, Tenderly, geth, reth, Erigon and Nethermind.

use super::advice::{limit_in, width_in};
use crate::fault::{Fault, FaultKind};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Longest part of an endpoint's words that is kept.
const MAX_QUOTED_CHARS: usize = 300;

/// Classifies an error. `error` is the JSON-RPC error object, where the body had one.
pub fn classify(http: Option<u16>, error: Option<&str>) -> Fault {
    let parsed = error.map(ErrorObject::read).unwrap_or_default();
    let text = parsed.searchable();
    let kind = by_phrase(&text)
        // A refused key outranks what the words below it might mean.
        .filter(|kind| !(is_auth(http) && *kind == FaultKind::Transient))
        .or_else(|| by_status(http))
        .or_else(|| parsed.code.and_then(by_code))
        .unwrap_or(FaultKind::Transient);
    Fault {
        kind,
        http: http.filter(|status| *status != 200),
        code: parsed.code,
        message: parsed.quoted(),
        limit: (kind == FaultKind::Span).then(|| limit_in(&text)).flatten(),
        width: matches!(kind, FaultKind::Span | FaultKind::Density)
            .then(|| width_in(&text))
            .flatten(),
        retry_after: None,
    }
}

/// The first matching phrase decides, so the order of rows is part of the table: "response
/// size" texts also speak of block ranges, "beyond" texts likewise, and those about batches
/// say "more than" and "limit".
const PHRASES: &[(FaultKind, &[&str])] = &[
    (
        FaultKind::Reverted,
        &[
            "execution reverted",
            "vm execution error",
            "revert",
            "invalid opcode",
            "opcode",
            "out of gas",
            "invalid jump",
            "stack underflow",
            "stack overflow",
        ],
    ),
    (
        FaultKind::Batch,
        &[
            "batch request",
            "batch too large",
            "batch size",
            "batch limit",
            "batching",
            "batch is not",
            "batches are not",
            "batch of",
        ],
    ),
    (
        FaultKind::Params,
        &[
            "less number of address",
            "filters. the current limit",
            "specify an address",
            "too many addresses",
            "too many topics",
            "exceed max addresses",
            "exceed max topics",
            // Asking again does not make a block final.
            "finalized block not found",
            "block not found: finalized",
        ],
    ),
    (
        FaultKind::Rate,
        &[
            "request count exceeded",
            "rate limit",
            "rate-limit",
            "request rate",
            "ratelimit",
            "too many request",
            "quota",
            "compute units per second",
            "compute unit",
            "request limit",
            "requests per second",
            "throughput",
            "call rate",
            "usage limit",
            "slow down",
        ],
    ),
    (
        FaultKind::Beyond,
        &[
            "beyond the latest",
            "beyond current head",
            "beyond head",
            "header not found",
            "block not found",
            "unknown block",
            "after last accepted block",
            "invalid block range",
            "greater than latest block",
            "not yet available",
        ],
    ),
    (
        FaultKind::Depth,
        &[
            "receipt not available",
            "missing trie node",
            "archive",
            "pruned",
            "pruning",
            "history not available",
            "historical state",
            "state is not available",
            "older than the oldest",
        ],
    ),
    (
        FaultKind::Density,
        &[
            "response size",
            "more than",
            "max results",
            "too many results",
            "too many logs",
            "results exceed",
            "response too large",
            "response is too big",
            "response body too large",
            "query timeout",
            "query timed out",
            "timeout exceeded",
            "request timed out",
            "execution timeout",
            "enabled timeout",
            "timeout on the free tier",
            "exceeds the limit of logs",
            "logs matched by query exceeds limit",
            "backend response too large",
            "content too large",
        ],
    ),
    (
        FaultKind::Span,
        &[
            "block range",
            "blocks range",
            "limited to a",
            "range limit",
            "range too large",
            "range is too large",
            "range too wide",
            "too many blocks",
            "ranges over",
            "max range",
            "maximum range",
            "block span",
            "blocks distance",
            "number of blocks",
        ],
    ),
    (
        FaultKind::Auth,
        &[
            "unauthorized",
            "api key",
            "apikey",
            "forbidden",
            "authenticat",
            "project id",
            "invalid token",
            "must be authorized",
        ],
    ),
];

fn by_phrase(text: &str) -> Option<FaultKind> {
    PHRASES
        .iter()
        .find(|(_, phrases)| phrases.iter().any(|phrase| text.contains(phrase)))
        .map(|(kind, _)| *kind)
}

fn is_auth(http: Option<u16>) -> bool {
    matches!(http, Some(401..=403))
}

fn by_status(http: Option<u16>) -> Option<FaultKind> {
    match http? {
        401..=403 => Some(FaultKind::Auth),
        408 | 425 => Some(FaultKind::Transient),
        413 => Some(FaultKind::Density),
        429 => Some(FaultKind::Rate),
        500.. => Some(FaultKind::Transient),
        404 | 405 | 410 => Some(FaultKind::Params),
        // Other statuses carry a JSON-RPC error that says more.
        _ => None,
    }
}

fn by_code(code: i64) -> Option<FaultKind> {
    match code {
        3 => Some(FaultKind::Reverted),
        // EIP-1474 "limit exceeded": which limit, the words did not say.
        429 | -32005 | -32029 => Some(FaultKind::Rate),
        401..=403 => Some(FaultKind::Auth),
        -32602..=-32600 => Some(FaultKind::Params),
        -32001 => Some(FaultKind::Beyond),
        _ => None,
    }
}

/// A JSON-RPC error object, as tolerant as the dialects demand.
#[derive(Default)]
struct ErrorObject {
    code: Option<i64>,
    message: String,
    data: String,
}

impl ErrorObject {
    fn read(text: &str) -> Self {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow, default)]
            code: Option<&'a RawValue>,
            #[serde(borrow, default)]
            message: Option<Cow<'a, str>>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
        }
        match serde_json::from_str::<Wire<'_>>(text) {
            Ok(wire) => Self {
                code: wire
                    .code
                    .and_then(|code| code.get().trim_matches('"').parse().ok()),
                message: wire.message.unwrap_or_default().into_owned(),
                data: wire
                    .data
                    .map(|data| data.get().to_owned())
                    .unwrap_or_default(),
            },
            // Some gateways put a plain text in place of the object.
            Err(_) => Self {
                message: text.trim_matches('"').to_owned(),
                ..Self::default()
            },
        }
    }

    /// Data first: where both speak, the data is the more precise.
    fn searchable(&self) -> String {
        format!("{} {}", self.data, self.message).to_lowercase()
    }

    fn quoted(&self) -> String {
        let both = match (self.message.is_empty(), self.data.is_empty()) {
            (true, _) => self.data.clone(),
            (_, true) => self.message.clone(),
            _ => format!("{} {}", self.message, self.data),
        };
        quote(&both)
    }
}

/// An endpoint's words, made printable and short.
pub(super) fn quote(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_QUOTED_CHARS)
        .collect()
}
