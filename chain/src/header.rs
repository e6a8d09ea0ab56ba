//! Headers out of `eth_getBlockByNumber`, with their hash recomputed.

use crate::hex;
use alloy::{
    consensus::Header,
    primitives::{B64, B256, Bloom},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tidegauge_model::{BlockNumber, BlockRef, UnixSeconds};

/// What most callers want of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BlockHeader {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: B256,
    /// Its parent's hash.
    pub parent: B256,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
}

impl BlockHeader {
    /// The block by height and hash.
    pub fn block_ref(&self) -> BlockRef {
        BlockRef {
            number: self.number,
            hash: self.hash,
        }
    }
}

/// A header whose hash was recomputed, with the hashes of its transactions.
#[derive(Clone, PartialEq, Debug)]
pub struct VerifiedHeader {
    /// Its fields.
    pub inner: Header,
    /// Its hash.
    pub hash: B256,
    /// Its transactions, in order, as the endpoint lists them.
    pub transactions: Vec<B256>,
}

impl VerifiedHeader {
    /// The short form.
    pub fn brief(&self) -> BlockHeader {
        BlockHeader {
            number: BlockNumber(self.inner.number),
            hash: self.hash,
            parent: self.inner.parent_hash,
            timestamp: UnixSeconds(self.inner.timestamp),
        }
    }
}

/// A header as the endpoint states it.
#[derive(Clone, PartialEq, Debug)]
pub struct StatedHeader {
    /// Its fields.
    pub inner: Header,
    /// The hash that the endpoint states.
    pub hash: B256,
    /// Its transactions, in order.
    pub transactions: Vec<B256>,
}

/// Parses a block object; its transactions may be hashes or objects.
///
/// # Errors
/// Which field is missing or malformed.
pub fn parse_header(text: &str) -> Result<StatedHeader, String> {
    let raw: RawHeader<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    raw.stated()
        .map_err(|field| format!("a block whose `{field}` is missing or malformed"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHeader<'a> {
    hash: Option<&'a str>,
    parent_hash: &'a str,
    sha3_uncles: &'a str,
    miner: &'a str,
    state_root: &'a str,
    transactions_root: &'a str,
    receipts_root: &'a str,
    logs_bloom: Option<&'a str>,
    difficulty: Option<&'a str>,
    number: Option<&'a str>,
    gas_limit: &'a str,
    gas_used: &'a str,
    timestamp: &'a str,
    extra_data: &'a str,
    mix_hash: Option<&'a str>,
    nonce: Option<&'a str>,
    #[serde(default)]
    base_fee_per_gas: Option<&'a str>,
    #[serde(default)]
    withdrawals_root: Option<&'a str>,
    #[serde(default)]
    blob_gas_used: Option<&'a str>,
    #[serde(default)]
    excess_blob_gas: Option<&'a str>,
    #[serde(default)]
    parent_beacon_block_root: Option<&'a str>,
    #[serde(default)]
    requests_hash: Option<&'a str>,
    #[serde(default)]
    block_access_list_hash: Option<&'a str>,
    #[serde(default)]
    slot_number: Option<&'a str>,
    #[serde(borrow, default)]
    transactions: Vec<&'a RawValue>,
}

impl RawHeader<'_> {
    fn stated(&self) -> Result<StatedHeader, &'static str> {
        let inner = Header {
            parent_hash: hex::hash(self.parent_hash).ok_or("parentHash")?,
            ommers_hash: hex::hash(self.sha3_uncles).ok_or("sha3Uncles")?,
            beneficiary: hex::address(self.miner).ok_or("miner")?,
            state_root: hex::hash(self.state_root).ok_or("stateRoot")?,
            transactions_root: hex::hash(self.transactions_root).ok_or("transactionsRoot")?,
            receipts_root: hex::hash(self.receipts_root).ok_or("receiptsRoot")?,
            logs_bloom: self
                .logs_bloom
                .and_then(hex::fixed)
                .map(Bloom::new)
                .ok_or("logsBloom")?,
            // Some nodes leave it out since the merge.
            difficulty: hex::quantity_u256(self.difficulty.unwrap_or("0x0")).ok_or("difficulty")?,
            number: self.number.and_then(hex::quantity).ok_or("number")?,
            gas_limit: hex::quantity(self.gas_limit).ok_or("gasLimit")?,
            gas_used: hex::quantity(self.gas_used).ok_or("gasUsed")?,
            timestamp: hex::quantity(self.timestamp).ok_or("timestamp")?,
            extra_data: hex::bytes(self.extra_data).ok_or("extraData")?.into(),
            mix_hash: self.mix_hash.and_then(hex::hash).ok_or("mixHash")?,
            nonce: self
                .nonce
                .and_then(hex::fixed)
                .map(B64::new)
                .ok_or("nonce")?,
            base_fee_per_gas: number(self.base_fee_per_gas, "baseFeePerGas")?,
            withdrawals_root: root(self.withdrawals_root, "withdrawalsRoot")?,
            blob_gas_used: number(self.blob_gas_used, "blobGasUsed")?,
            excess_blob_gas: number(self.excess_blob_gas, "excessBlobGas")?,
            parent_beacon_block_root: root(self.parent_beacon_block_root, "parentBeaconBlockRoot")?,
            requests_hash: root(self.requests_hash, "requestsHash")?,
            block_access_list_hash: root(self.block_access_list_hash, "blockAccessListHash")?,
            slot_number: number(self.slot_number, "slotNumber")?,
        };
        Ok(StatedHeader {
            inner,
            hash: self.hash.and_then(hex::hash).ok_or("hash")?,
            transactions: self
                .transactions
                .iter()
                .map(|raw| transaction_hash(raw).ok_or("transactions"))
                .collect::<Result<_, _>>()?,
        })
    }
}

fn number(text: Option<&str>, field: &'static str) -> Result<Option<u64>, &'static str> {
    text.map(|text| hex::quantity(text).ok_or(field))
        .transpose()
}

fn root(text: Option<&str>, field: &'static str) -> Result<Option<B256>, &'static str> {
    text.map(|text| hex::hash(text).ok_or(field)).transpose()
}

fn transaction_hash(raw: &RawValue) -> Option<B256> {
    #[derive(Deserialize)]
    struct Object<'a> {
        hash: &'a str,
    }
    let text = raw.get();
    if text.starts_with('{') {
        return hex::hash(serde_json::from_str::<Object<'_>>(text).ok()?.hash);
    }
    hex::hash(text.trim_matches('"'))
}
