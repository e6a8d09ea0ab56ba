//! An endpoint's failure: its cause and what to do about it.

use std::{fmt, time::Duration};
use tidegauge_model::ErrorClass;

/// How our own deadline reads in a fault's message.
pub(crate) const TIMED_OUT: &str = "timed out";

/// Why a question was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FaultKind {
    /// The block range is wider than the endpoint allows.
    Span,
    /// The answer would be too large, or takes too long.
    Density,
    /// The endpoint lacks data that old, or its plan does.
    Depth,
    /// Too many requests.
    Rate,
    /// The endpoint has not seen that block yet.
    Beyond,
    /// It may pass.
    Transient,
    /// The key or plan is refused.
    Auth,
    /// The endpoint refuses the question itself; a narrower range would not help.
    Params,
    /// The called contract reverted.
    Reverted,
    /// The endpoint takes no batches, or none that long.
    Batch,
    /// The answer is not what the protocol says.
    Malformed,
}

impl FaultKind {
    /// All kinds, in the order in which counters show them.
    pub const ALL: [Self; 11] = [
        Self::Span,
        Self::Density,
        Self::Depth,
        Self::Rate,
        Self::Beyond,
        Self::Transient,
        Self::Auth,
        Self::Params,
        Self::Reverted,
        Self::Batch,
        Self::Malformed,
    ];

    /// The kind's name in counters.
    pub fn name(self) -> &'static str {
        self.words().0
    }

    fn advice(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Span => ("span", "ask for fewer blocks"),
            Self::Density => ("density", "ask for fewer blocks"),
            Self::Depth => (
                "depth",
                "use an endpoint or a plan that serves archive data",
            ),
            Self::Rate => (
                "rate",
                "lower chain.compute_units_per_second or chain.max_in_flight, or use a larger plan",
            ),
            Self::Beyond => ("beyond", "the endpoint lags behind; try again"),
            Self::Transient => ("transient", "try again, or use another endpoint"),
            Self::Auth => ("auth", "check the key in chain.rpc_urls and its plan"),
            Self::Params => (
                "params",
                "check that chain.rpc_urls names an Ethereum JSON-RPC endpoint that offers this method",
            ),
            Self::Reverted => ("reverted", "the contract refuses the call"),
            Self::Batch => ("batch", "the endpoint takes no batches"),
            Self::Malformed => (
                "malformed",
                "check that chain.rpc_urls names an Ethereum JSON-RPC endpoint",
            ),
        }
    }
}

/// One failure, classified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The cause.
    pub kind: FaultKind,
    /// The HTTP status, where it was not 200.
    pub http: Option<u16>,
    /// The JSON-RPC error code.
    pub code: Option<i64>,
    /// The endpoint's or the transport's words, printable and bounded.
    pub message: String,
    /// The block-range limit that the words name.
    pub limit: Option<u64>,
    /// The width of the range that the words suggest.
    pub width: Option<u64>,
    /// How long the endpoint asked us to wait.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A fault that we found ourselves.
    pub(crate) fn found(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            http: None,
            code: None,
            message: message.into(),
            limit: None,
            width: None,
            retry_after: None,
        }
    }

    /// Whether our own deadline passed, or the server's.
    pub(crate) fn is_timeout(&self) -> bool {
        self.kind == FaultKind::Transient
            && (self.message.contains(TIMED_OUT) || matches!(self.http, Some(408 | 504)))
    }

    /// Whether the endpoint refuses that method, or data that old, whatever is asked: another may not.
    pub(crate) fn is_of_endpoint(&self) -> bool {
        /// "Method not found", by JSON-RPC 2.0.
        const NO_METHOD: i64 = -32601;
        match self.kind {
            FaultKind::Auth | FaultKind::Depth => true,
            FaultKind::Params => {
                self.code == Some(NO_METHOD) || matches!(self.http, Some(404 | 405 | 410))
            }
            _ => false,
        }
    }

    /// Who should act.
    pub fn class(&self) -> ErrorClass {
        match self.kind {
            FaultKind::Auth
            | FaultKind::Params
            | FaultKind::Depth
            | FaultKind::Reverted
            | FaultKind::Batch => ErrorClass::Refused,
            FaultKind::Span
            | FaultKind::Density
            | FaultKind::Rate
            | FaultKind::Beyond
            | FaultKind::Transient
            | FaultKind::Malformed => ErrorClass::Transient,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(status) = self.http {
            write!(f, "HTTP {status}, ")?;
        }
        if let Some(code) = self.code {
            write!(f, "code {code}, ")?;
        }
        write!(f, "{}: {}", self.kind.name(), self.message)?;
        write!(f, " ({})", self.kind.advice())
    }
}

/// A question that got no usable answer, after all its tries.
#[derive(Debug, thiserror::Error)]
#[error("{method} at {endpoint} failed after {tries} tries: {fault}{}", elsewhere(.also))]
pub struct RpcError {
    /// The endpoint, redacted.
    pub endpoint: String,
    /// The method asked.
    pub method: &'static str,
    /// How often it was tried.
    pub tries: u32,
    /// The last failure.
    pub fault: Fault,
    /// What became of the other endpoints: each by name, with its last failure.
    pub also: Vec<String>,
}

fn elsewhere(also: &[String]) -> String {
    also.iter().fold(String::new(), |mut text, other| {
        text.push_str("; ");
        text.push_str(other);
        text
    })
}
