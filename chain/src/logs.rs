//! Log pages, parsed in one pass over the body with borrowed strings.

use crate::{
    decode::{DecodeError, Event, EventKind, MAX_DATA_BYTES, decode},
    hex,
};
use alloy::primitives::{Address, B256};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use std::fmt;
use tidegauge_model::{BlockNumber, LogIndex, TxIndex, UnixSeconds};

/// One log with a first topic of ours, decoded as far as it can be.
#[derive(Clone, Debug)]
pub struct LogRecord {
    /// Its block.
    pub block: BlockNumber,
    /// Its block's hash.
    pub block_hash: B256,
    /// Its place in the block.
    pub log_index: LogIndex,
    /// Its transaction.
    pub tx_hash: B256,
    /// The transaction's place in the block.
    pub tx_index: TxIndex,
    /// Its block's timestamp, where the endpoint gives one.
    pub timestamp: Option<UnixSeconds>,
    /// Who emitted it.
    pub emitter: Address,
    /// The event that its first topic announces.
    pub kind: EventKind,
    /// The transaction's sender, where receipts were read.
    pub origin: Option<Address>,
    /// The event, or why it is none: other contracts use the same topics.
    pub event: Result<Event, DecodeError>,
}

/// Parses the result of `eth_getLogs`; every log must have a first topic of ours.
///
/// # Errors
/// What is malformed, and where.
pub fn parse_logs(text: &str) -> Result<Vec<LogRecord>, serde_json::Error> {
    serde_json::from_str::<Page>(text).map(|page| page.0)
}

struct Page(Vec<LogRecord>);

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor;
        impl<'de> Visitor<'de> for PageVisitor {
            type Value = Page;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of logs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Page, A::Error> {
                let mut records = Vec::new();
                while let Some(log) = seq.next_element::<RawLog<'_>>()? {
                    records.push(log.record().map_err(A::Error::custom)?);
                }
                Ok(Page(records))
            }
        }
        deserializer.deserialize_seq(PageVisitor)
    }
}

/// A log as JSON-RPC gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawLog<'a> {
    pub(crate) address: &'a str,
    #[serde(borrow)]
    pub(crate) topics: Topics<'a>,
    pub(crate) data: &'a str,
    block_number: Option<&'a str>,
    pub(crate) block_hash: Option<&'a str>,
    pub(crate) transaction_hash: Option<&'a str>,
    pub(crate) transaction_index: Option<&'a str>,
    pub(crate) log_index: Option<&'a str>,
    #[serde(default)]
    block_timestamp: Option<&'a str>,
    #[serde(default)]
    removed: bool,
}

impl RawLog<'_> {
    fn record(&self) -> Result<LogRecord, String> {
        let field = |name: &str| format!("a log whose `{name}` is missing or malformed");
        if self.removed {
            return Err("a log that was removed by a reorganisation".to_owned());
        }
        let mut topics = [[0u8; 32]; 4];
        let count = self.topics.len;
        for (topic, text) in topics.iter_mut().zip(self.topics.texts()) {
            *topic = hex::fixed(text).ok_or_else(|| field("topics"))?;
        }
        let topics = topics.get(..count).unwrap_or_default();
        let block = self
            .block_number
            .and_then(hex::quantity)
            .ok_or_else(|| field("blockNumber"))?;
        let log_index = self
            .log_index
            .and_then(hex::quantity_u32)
            .ok_or_else(|| field("logIndex"))?;
        let kind = topics
            .first()
            .and_then(|topic| EventKind::of_topic(&B256::new(*topic)))
            .ok_or_else(|| format!("log {log_index} of block {block} outside the topic filter"))?;
        Ok(LogRecord {
            block: BlockNumber(block),
            block_hash: self
                .block_hash
                .and_then(hex::hash)
                .ok_or_else(|| field("blockHash"))?,
            log_index: LogIndex(log_index),
            tx_hash: self
                .transaction_hash
                .and_then(hex::hash)
                .ok_or_else(|| field("transactionHash"))?,
            tx_index: self
                .transaction_index
                .and_then(hex::quantity_u32)
                .map(TxIndex)
                .ok_or_else(|| field("transactionIndex"))?,
            timestamp: self
                .block_timestamp
                .and_then(hex::quantity)
                .filter(|seconds| *seconds > 0)
                .map(UnixSeconds),
            emitter: hex::address(self.address).ok_or_else(|| field("address"))?,
            kind,
            origin: None,
            event: self.event(kind, topics)?,
        })
    }

    /// The outer error is for hex that is none; the inner for what is not our event.
    fn event(
        &self,
        kind: EventKind,
        topics: &[[u8; 32]],
    ) -> Result<Result<Event, DecodeError>, String> {
        let digits = self.data.len().saturating_sub(2);
        if digits > 2 * MAX_DATA_BYTES {
            return Ok(Err(DecodeError::Data {
                found: digits / 2,
                expected: MAX_DATA_BYTES,
            }));
        }
        let (data, len) = hex::bounded::<MAX_DATA_BYTES>(self.data)
            .ok_or_else(|| "a log whose `data` is malformed".to_owned())?;
        Ok(decode(kind, topics, data.get(..len).unwrap_or_default()))
    }
}

/// At most four topics, borrowed.
pub(crate) struct Topics<'a> {
    items: [&'a str; 4],
    len: usize,
}

impl<'a> Topics<'a> {
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.items.iter().take(self.len).copied()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Topics<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopicsVisitor;
        impl<'de> Visitor<'de> for TopicsVisitor {
            type Value = Topics<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("at most four topics")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Topics<'de>, A::Error> {
                let mut topics = Topics {
                    items: [""; 4],
                    len: 0,
                };
                while let Some(text) = seq.next_element::<&'de str>()? {
                    *topics
                        .items
                        .get_mut(topics.len)
                        .ok_or_else(|| A::Error::custom("a log with more than four topics"))? =
                        text;
                    topics.len += 1;
                }
                Ok(topics)
            }
        }
        deserializer.deserialize_seq(TopicsVisitor)
    }
}
