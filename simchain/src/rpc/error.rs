//! Errors as nodes word them.

use crate::SimError;
use serde_json::{Value, json};

/// A JSON-RPC error object.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Option<Value>,
}

impl RpcError {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// Parameters that cannot be understood.
    pub(crate) fn params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    /// A request that is none.
    pub(crate) fn request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    /// geth's words for a method that it does not have.
    pub(crate) fn method(name: &str) -> Self {
        Self::new(
            -32601,
            format!("the method {name} does not exist/is not available"),
        )
    }

    /// A call that the contract reverts.
    pub(crate) fn reverted() -> Self {
        Self {
            code: 3,
            message: "execution reverted".into(),
            data: Some(json!("0x")),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        error
    }
}

impl From<SimError> for RpcError {
    fn from(error: SimError) -> Self {
        tracing::error!(%error, "the simulated chain could not answer");
        Self::new(-32603, format!("internal error: {error}"))
    }
}
