//! Why a request has no answer, as JSON says it.

use crate::error::Error;
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_storage::StoreError;
use warp::http::StatusCode;

/// What is refused, and the way out.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The status of the answer.
    pub(super) status: StatusCode,
    /// A word that programs can rely on.
    pub(super) code: &'static str,
    /// What is wrong, for people.
    pub(super) message: String,
    /// What to do.
    pub(super) hint: String,
    /// How far a day has come that is not complete.
    pub(super) progress: Option<Box<Progress>>,
    /// Seconds after which it may be asked again.
    pub(super) retry_after_s: Option<u64>,
}

/// How far the store is with a day.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Progress {
    /// The first day of which every block is known.
    pub(super) first_complete: Option<tidegauge_model::Day>,
    /// The last one.
    pub(super) last_complete: Option<tidegauge_model::Day>,
    /// Unix seconds up to which every block is known.
    pub(super) known_until: Option<u64>,
    /// The share of the day that has been collected, from 0 to 1.
    pub(super) share: f64,
}

/// The body of every answer that is not one.
#[derive(Serialize, JsonSchema)]
pub(super) struct Fault {
    error: FaultDetail,
}

/// What is wrong, and what to do.
#[derive(Serialize, JsonSchema)]
struct FaultDetail {
    /// A word that programs can rely on.
    code: &'static str,
    /// What is wrong.
    message: String,
    /// What to do.
    hint: String,
    /// With 409: how far the store is.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<Box<Progress>>,
}

impl Refusal {
    /// With a status, a word for programs, and two sentences for people.
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            hint: hint.into(),
            progress: None,
            retry_after_s: None,
        }
    }

    /// 400: the request is not as it should be.
    pub(super) fn bad(
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, hint)
    }

    /// 404: there is no such thing here.
    pub(super) fn missing(
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message, hint)
    }

    /// 409: a day is not complete.
    pub(super) fn incomplete(
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
        progress: Progress,
    ) -> Self {
        Self {
            progress: Some(Box::new(progress)),
            ..Self::new(StatusCode::CONFLICT, code, message, hint)
        }
    }

    /// 503: too much at once.
    pub(super) fn busy() -> Self {
        Self {
            retry_after_s: Some(1),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "too many requests are being answered",
                "ask again in a second",
            )
        }
    }

    /// 500: the store could not be read, or a promise of ours does not hold.
    pub(super) fn broken(error: &Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "store",
            error.to_string(),
            "see the collector's log; tidegauge doctor --store checks every row",
        )
    }

    /// As a body.
    pub(super) fn fault(&self) -> Fault {
        Fault {
            error: FaultDetail {
                code: self.code,
                message: self.message.clone(),
                hint: self.hint.clone(),
                progress: self.progress.clone(),
            },
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::broken(&error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::broken(&error.into())
    }
}
