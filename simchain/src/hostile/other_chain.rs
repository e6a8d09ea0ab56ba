//! Another chain behind the same address: the same blocks, but its id and all hashes are others.
//!
//! Hashes are masked on their way out and unmasked on their way in, so the
//! other chain is consistent in itself, but for header hashes, which do not
//! recompute.

use crate::rpc::{Answer, Call};
use alloy::primitives::B256;
use serde_json::{Value, json};

/// Every byte of a hash is the true one with these bits turned.
const MASK: u8 = 0x5a;
const HASH_KEYS: [&str; 4] = ["hash", "parentHash", "blockHash", "transactionHash"];
/// Parameters of calls that may be hashes.
const FIRST: &[&str] = &[
    "eth_getBlockByHash",
    "eth_getBlockReceipts",
    "eth_getTransactionReceipt",
];

/// The parameters as they would be on the true chain.
pub(super) fn params(call: Call<'_>) -> Vec<Value> {
    let mut params = call.params.to_vec();
    let at = usize::from(!FIRST.contains(&call.method));
    if let Some(value) = params.get_mut(at) {
        mask_text(value);
    }
    for value in &mut params {
        if let Some(hash) = value.get_mut("blockHash") {
            mask_text(hash);
        }
    }
    params
}

/// An answer of the true chain, as the other would give it.
pub(super) fn answer(method: &str, honest: Answer) -> Answer {
    let result = honest?;
    let Ok(mut value) = serde_json::from_slice::<Value>(&result) else {
        return Ok(result);
    };
    match method {
        "eth_chainId" => value = json!(raised(&value, "0x", 16).map(|id| format!("{id:#x}"))),
        "net_version" => value = json!(raised(&value, "", 10).map(|id| id.to_string())),
        _ => mask(&mut value),
    }
    Ok(value.to_string().into_bytes())
}

fn raised(value: &Value, prefix: &str, radix: u32) -> Option<u64> {
    let digits = value.as_str()?.strip_prefix(prefix)?;
    Some(u64::from_str_radix(digits, radix).ok()? + 1)
}

/// Masks all hashes in a value, as deep as answers go: lists of receipts of lists of logs.
fn mask(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(mask),
        Value::Object(map) => {
            for (key, inner) in map {
                if HASH_KEYS.contains(&key.as_str()) {
                    mask_text(inner);
                } else if key == "transactions" {
                    inner
                        .as_array_mut()
                        .into_iter()
                        .flatten()
                        .for_each(mask_text);
                } else {
                    mask(inner);
                }
            }
        }
        _ => {}
    }
}

/// Masks a hash; masked again it is itself. What is no hash stays.
fn mask_text(value: &mut Value) {
    let text = value.as_str().filter(|text| text.len() == 66);
    if let Some(hash) = text.and_then(|text| text.parse::<B256>().ok()) {
        *value = json!(hash ^ B256::repeat_byte(MASK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_masked_and_nothing_else() {
        let hash = B256::repeat_byte(0x11);
        let other = B256::repeat_byte(0x11 ^ MASK);
        let honest = json!([{"hash": hash, "topics": [hash], "logs": [{"blockHash": hash}], "transactions": [hash], "number": "0x1"}]);
        let shown = answer("eth_getLogs", Ok(honest.to_string().into_bytes())).unwrap();
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        assert_eq!(
            shown,
            json!([{"hash": other, "topics": [hash], "logs": [{"blockHash": other}], "transactions": [other], "number": "0x1"}])
        );
    }

    #[test]
    fn what_was_shown_is_understood() {
        let (shown, hash) = (B256::repeat_byte(0x11 ^ MASK), B256::repeat_byte(0x11));
        for (method, sent, meant) in [
            (
                "eth_getBlockByHash",
                json!([shown, false]),
                json!([hash, false]),
            ),
            ("eth_getBlockReceipts", json!(["0x1"]), json!(["0x1"])),
            (
                "eth_getLogs",
                json!([{"blockHash": shown}]),
                json!([{"blockHash": hash}]),
            ),
            (
                "eth_getLogs",
                json!([{"topics": [shown]}]),
                json!([{"topics": [shown]}]),
            ),
            (
                "eth_call",
                json!([{"to": "0x0"}, {"blockHash": shown}]),
                json!([{"to": "0x0"}, {"blockHash": hash}]),
            ),
            ("eth_getCode", json!(["0x0", shown]), json!(["0x0", hash])),
        ] {
            let sent: Vec<Value> = serde_json::from_value(sent).unwrap();
            let call = Call {
                method,
                params: &sent,
            };
            assert_eq!(json!(params(call)), meant, "{method}");
        }
    }
}
