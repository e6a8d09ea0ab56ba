//! Parameters: block tags, hashes, addresses.

use super::error::RpcError;
use crate::chain::{Placed, SimChain};
use alloy::primitives::B256;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidegauge_model::BlockNumber;

/// The nth parameter, if given and not null.
pub(super) fn optional<T: DeserializeOwned>(
    params: &[Value],
    n: usize,
    what: &str,
) -> Result<Option<T>, RpcError> {
    match params.get(n) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|e| RpcError::params(format!("invalid argument {n}: {what}: {e}"))),
    }
}

/// The nth parameter.
pub(super) fn required<T: DeserializeOwned>(
    params: &[Value],
    n: usize,
    what: &str,
) -> Result<T, RpcError> {
    optional(params, n, what)?
        .ok_or_else(|| RpcError::params(format!("missing value for required argument {n}")))
}

/// What a block parameter names; the block need not exist.
pub(crate) fn block_number(chain: &SimChain, text: &str) -> Result<BlockNumber, RpcError> {
    match text {
        "latest" | "pending" => Ok(chain.head_number()),
        "safe" => Ok(chain.safe()),
        "finalized" => Ok(chain.finalized()),
        "earliest" => Ok(chain.range().from),
        _ => {
            let digits = text.strip_prefix("0x").unwrap_or_default();
            let clean = digits == "0" || (!digits.is_empty() && !digits.starts_with('0'));
            let number = clean
                .then(|| u64::from_str_radix(digits, 16).ok())
                .flatten();
            number
                .map(BlockNumber)
                .ok_or_else(|| RpcError::params(format!("invalid block number or tag: {text:?}")))
        }
    }
}

/// A block by tag, number or hash, the latter on an abandoned branch too; `None` if there is none such.
pub(super) fn existing_block(
    chain: &SimChain,
    params: &[Value],
    n: usize,
) -> Result<Option<Placed>, RpcError> {
    let by_number = |text: &str| Ok(chain.find(block_number(chain, text)?)?);
    let value = match params.get(n) {
        None | Some(Value::Null) => return by_number("latest"),
        Some(value) => value,
    };
    let by_hash = |text: &str| {
        text.parse::<B256>()
            .map_err(|e| RpcError::params(format!("invalid block hash {text:?}: {e}")))
            .and_then(|hash| Ok(chain.find_hash(&hash)?))
    };
    if let Some(text) = value.as_str() {
        if text.len() == 66 {
            return by_hash(text);
        }
        return by_number(text);
    }
    if let Some(hash) = value.get("blockHash").and_then(Value::as_str) {
        return by_hash(hash);
    }
    if let Some(text) = value.get("blockNumber").and_then(Value::as_str) {
        return by_number(text);
    }
    Err(RpcError::params(format!(
        "invalid argument {n}: a block is expected"
    )))
}
