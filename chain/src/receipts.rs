//! Receipts out of `eth_getBlockReceipts`.

use crate::{hex, logs::RawLog};
use alloy::{
    consensus::{Eip658Value, Receipt, ReceiptWithBloom},
    primitives::{Address, B256, Bloom, Log, LogData},
};
use serde::Deserialize;

/// All receipts of one block.
#[derive(Clone, Debug, Default)]
pub struct BlockReceipts {
    /// In the order of the transactions.
    pub receipts: Vec<TxReceipt>,
}

/// The receipt of one transaction.
#[derive(Clone, Debug)]
pub struct TxReceipt {
    /// Its transaction.
    pub tx_hash: B256,
    /// The block that it says it is in.
    pub block_hash: B256,
    /// The transaction's sender; `None` where the endpoint does not know it.
    pub from: Option<Address>,
    /// The EIP-2718 type; 0 for legacy.
    pub tx_type: u8,
    /// Place of its first log in the block; `None` without logs.
    pub first_log_index: Option<u32>,
    /// The consensus fields; the bloom is recomputed from the logs.
    pub inner: ReceiptWithBloom<Receipt<Log>>,
}

/// Parses an array of receipts.
///
/// # Errors
/// What is malformed, and where.
pub fn parse_receipts(text: &str) -> Result<BlockReceipts, String> {
    let raw: Vec<RawReceipt<'_>> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let receipts = raw
        .iter()
        .enumerate()
        .map(|(place, raw)| {
            raw.read(place).map_err(|field| {
                format!("receipt {place} whose `{field}` is missing, malformed or out of order")
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(BlockReceipts { receipts })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt<'a> {
    transaction_hash: &'a str,
    transaction_index: &'a str,
    block_hash: &'a str,
    #[serde(default)]
    from: Option<&'a str>,
    cumulative_gas_used: &'a str,
    #[serde(borrow)]
    logs: Vec<RawLog<'a>>,
    #[serde(default)]
    status: Option<&'a str>,
    #[serde(default)]
    root: Option<&'a str>,
    #[serde(default, rename = "type")]
    tx_type: Option<&'a str>,
}

impl RawReceipt<'_> {
    fn read(&self, place: usize) -> Result<TxReceipt, &'static str> {
        if hex::quantity(self.transaction_index) != u64::try_from(place).ok() {
            return Err("transactionIndex");
        }
        let block_hash = hex::hash(self.block_hash).ok_or("blockHash")?;
        let tx_hash = hex::hash(self.transaction_hash).ok_or("transactionHash")?;
        let status = match (self.status, self.root) {
            (Some(status), _) => match hex::quantity(status) {
                Some(status @ 0..=1) => Eip658Value::Eip658(status == 1),
                _ => return Err("status"),
            },
            // Before Byzantium receipts held the state root.
            (None, Some(root)) => Eip658Value::PostState(hex::hash(root).ok_or("root")?),
            (None, None) => return Err("status"),
        };
        let first_log_index = match self.logs.first() {
            Some(log) => Some(
                log.log_index
                    .and_then(hex::quantity_u32)
                    .ok_or("logIndex")?,
            ),
            None => None,
        };
        let mut expected = first_log_index;
        let mut logs = Vec::with_capacity(self.logs.len());
        for log in &self.logs {
            let index = log.log_index.and_then(hex::quantity_u32);
            if index != expected {
                return Err("logs.logIndex");
            }
            expected = expected.and_then(|index| index.checked_add(1));
            if log.transaction_hash.and_then(hex::hash) != Some(tx_hash) {
                return Err("logs.transactionHash");
            }
            if log.block_hash.and_then(hex::hash) != Some(block_hash) {
                return Err("logs.blockHash");
            }
            let topics = log
                .topics
                .texts()
                .map(|text| hex::hash(text).ok_or("logs.topics"))
                .collect::<Result<_, _>>()?;
            logs.push(Log {
                address: hex::address(log.address).ok_or("logs.address")?,
                data: LogData::new_unchecked(
                    topics,
                    hex::bytes(log.data).ok_or("logs.data")?.into(),
                ),
            });
        }
        let logs_bloom = logs.iter().collect::<Bloom>();
        let tx_type = hex::quantity(self.tx_type.unwrap_or("0x0"))
            .and_then(|kind| u8::try_from(kind).ok())
            .ok_or("type")?;
        Ok(TxReceipt {
            tx_hash,
            block_hash,
            from: match self.from {
                Some(from) => Some(hex::address(from).ok_or("from")?),
                None => None,
            },
            tx_type,
            first_log_index,
            inner: ReceiptWithBloom {
                receipt: Receipt {
                    status,
                    cumulative_gas_used: hex::quantity(self.cumulative_gas_used)
                        .ok_or("cumulativeGasUsed")?,
                    logs,
                },
                logs_bloom,
            },
        })
    }
}
