//! Log filters.

use super::error::RpcError;
use alloy::primitives::{Address, B256};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashSet;

/// Addresses that one filter may name.
const MAX_ADDRESSES: usize = 20_000;
/// Alternatives that one topic position may have (geth's bound).
const MAX_TOPICS: usize = 1_000;

/// The parameter of `eth_getLogs`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterParams {
    pub(super) from_block: Option<String>,
    pub(super) to_block: Option<String>,
    pub(super) block_hash: Option<B256>,
    address: Option<Value>,
    topics: Option<Vec<Value>>,
}

/// Which logs are wanted.
pub(super) struct Filter {
    addresses: Option<HashSet<Address>>,
    /// First eight bytes of the first topic, as the index has them.
    first_topic: Option<Vec<[u8; 8]>>,
    /// Wanted values of the other topics, by position from 1; `None` for any.
    other_topics: Vec<Option<Vec<B256>>>,
}

impl FilterParams {
    pub(super) fn filter(&self) -> Result<Filter, RpcError> {
        let addresses: Option<Vec<Address>> = one_or_many(self.address.as_ref(), MAX_ADDRESSES)?;
        let mut topics = self
            .topics
            .iter()
            .flatten()
            .map(|topic| one_or_many(Some(topic), MAX_TOPICS))
            .collect::<Result<Vec<Option<Vec<B256>>>, _>>()?;
        if topics.len() > 4 {
            return Err(RpcError::params("exceed max topics"));
        }
        // Trailing wildcards still ask for as many topics (geth's rule): they stay.
        let first = if topics.is_empty() {
            None
        } else {
            topics.remove(0)
        };
        Ok(Filter {
            addresses: addresses.map(|list| list.into_iter().collect()),
            first_topic: first.map(|list| list.iter().map(short).collect()),
            other_topics: topics,
        })
    }
}

impl Filter {
    /// Whether the index alone decides.
    pub(super) fn is_indexed(&self) -> bool {
        self.other_topics.is_empty()
    }

    /// Whether a log may be wanted, by its place in the index.
    pub(super) fn admits(&self, address: &Address, topic: &[u8; 8]) -> bool {
        self.first_topic
            .as_ref()
            .is_none_or(|list| list.contains(topic))
            && self
                .addresses
                .as_ref()
                .is_none_or(|set| set.contains(address))
    }

    /// Whether a log that the index admits is wanted, by all of its topics.
    pub(super) fn wants(&self, topics: &[B256]) -> bool {
        self.other_topics.iter().enumerate().all(|(i, wanted)| {
            topics
                .get(i + 1)
                .is_some_and(|topic| wanted.as_ref().is_none_or(|list| list.contains(topic)))
        })
    }
}

fn short(topic: &B256) -> [u8; 8] {
    let mut out = [0; 8];
    out.copy_from_slice(&topic[..8]);
    out
}

/// Null or an empty list for any, a value, or a list of values.
fn one_or_many<T: serde::de::DeserializeOwned>(
    value: Option<&Value>,
    max: usize,
) -> Result<Option<Vec<T>>, RpcError> {
    let read = |v: &Value| {
        serde_json::from_value(v.clone())
            .map_err(|e| RpcError::params(format!("invalid argument 0: {e}")))
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) if list.is_empty() => Ok(None),
        Some(Value::Array(list)) if list.len() > max => Err(RpcError::params(format!(
            "too many alternatives in a filter: {} of at most {max}",
            list.len()
        ))),
        // A null among alternatives matches anything.
        Some(Value::Array(list)) if list.iter().any(Value::is_null) => Ok(None),
        Some(Value::Array(list)) => list.iter().map(read).collect::<Result<_, _>>().map(Some),
        Some(one) => Ok(Some(vec![read(one)?])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn filters_read_as_geth_reads_them() {
        let a = Address::repeat_byte(1);
        let (t, u) = (B256::repeat_byte(2), B256::repeat_byte(3));
        for (filter, topics, wanted) in [
            (json!({}), vec![t], true),
            (json!({}), vec![], true),
            (json!({"address": a}), vec![t], true),
            (json!({"address": []}), vec![t], true),
            (json!({"address": [Address::ZERO]}), vec![t], false),
            (json!({"topics": [t]}), vec![t, u], true),
            (json!({"topics": [[u, t]]}), vec![t], true),
            (json!({"topics": [u]}), vec![t], false),
            (json!({"topics": [null, u]}), vec![t, u], true),
            (json!({"topics": [null, u]}), vec![t], false),
            (json!({"topics": [null, null]}), vec![t], false),
            (json!({"topics": [[], [t, u]]}), vec![t, u], true),
        ] {
            let params: FilterParams = serde_json::from_value(filter.clone()).unwrap();
            let read = params.filter().unwrap();
            let first = topics.first().map(short).unwrap_or_default();
            assert_eq!(
                read.admits(&a, &first) && read.wants(&topics),
                wanted,
                "{filter} {topics:?}"
            );
        }
        for bad in [
            json!({"address": "0x12"}),
            json!({"topics": [1]}),
            json!({"topics": [t, t, t, t, t]}),
        ] {
            let params: FilterParams = serde_json::from_value(bad).unwrap();
            assert!(params.filter().is_err());
        }
    }
}
