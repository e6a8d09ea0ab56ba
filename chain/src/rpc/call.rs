//! The questions we ask, with their prices.

use crate::abi;
use alloy::primitives::{Address, B256, Bytes};
use std::fmt::Write;
use tidegauge_model::{BlockNumber, BlockRange};

/// One JSON-RPC call: method, parameters as JSON, price.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) params: String,
    /// Blocks that it spans.
    pub(super) blocks: u64,
}

/// The methods used, with Alchemy's prices in compute units, its published table of
/// 2026-09: what is billed, and what counts against throughput.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Method {
    ChainId,
    BlockNumber,
    GetBlock,
    GetLogs,
    GetReceipts,
    EthCall,
}

impl Method {
    pub(super) const ALL: [Self; 6] = [
        Self::ChainId,
        Self::BlockNumber,
        Self::GetBlock,
        Self::GetLogs,
        Self::GetReceipts,
        Self::EthCall,
    ];

    /// The method that a request is named after: that of its dearest call.
    pub(super) fn principal(calls: &[Call]) -> Self {
        calls
            .iter()
            .map(|call| call.method)
            .max_by_key(|method| method.throughput_cu())
            .unwrap_or(Self::ChainId)
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn billed_cu(self) -> u32 {
        self.row().1
    }

    pub(crate) fn throughput_cu(self) -> u32 {
        self.row().2
    }

    fn row(self) -> (&'static str, u32, u32) {
        match self {
            Self::ChainId => ("eth_chainId", 0, 0),
            Self::BlockNumber => ("eth_blockNumber", 10, 10),
            Self::GetBlock => ("eth_getBlockByNumber", 20, 20),
            Self::GetLogs => ("eth_getLogs", 60, 60),
            Self::GetReceipts => ("eth_getBlockReceipts", 20, 500),
            Self::EthCall => ("eth_call", 26, 26),
        }
    }
}

impl Call {
    pub(crate) fn chain_id() -> Self {
        Self::new(Method::ChainId, "[]".to_owned())
    }

    pub(crate) fn block_number() -> Self {
        Self::new(Method::BlockNumber, "[]".to_owned())
    }

    /// The header of a block, with the hashes of its transactions.
    pub(crate) fn header(block: BlockNumber) -> Self {
        Self::new(Method::GetBlock, format!("[\"{:#x}\",false]", block.0))
    }

    /// The header of a named block: `latest`, `finalized`.
    pub(crate) fn tagged(tag: &str) -> Self {
        Self::new(Method::GetBlock, format!("[\"{tag}\",false]"))
    }

    pub(crate) fn receipts(block: BlockNumber) -> Self {
        Self::new(Method::GetReceipts, format!("[\"{:#x}\"]", block.0))
    }

    /// Receipts by block hash: at the tip a number may change its meaning between two questions.
    pub(crate) fn receipts_of(hash: B256) -> Self {
        Self::new(Method::GetReceipts, format!("[\"{hash:#x}\"]"))
    }

    /// Logs of a range; `filter` is the rest of the filter object, `,"topics":…`.
    pub(crate) fn logs(range: BlockRange, filter: &str) -> Self {
        let params = format!(
            "[{{\"fromBlock\":\"{:#x}\",\"toBlock\":\"{:#x}\"{filter}}}]",
            range.from.0, range.to.0
        );
        Self {
            blocks: range.len_blocks(),
            ..Self::new(Method::GetLogs, params)
        }
    }

    /// The `,"address":…,"topics":…` of a log filter.
    pub(crate) fn log_filter(addresses: Option<&[Address]>) -> String {
        let list = |items: &mut dyn Iterator<Item = String>| {
            items.fold(String::new(), |mut list, item| {
                if !list.is_empty() {
                    list.push(',');
                }
                let _ = write!(list, "\"{item}\"");
                list
            })
        };
        let topics = list(&mut abi::TOPICS.iter().map(|topic| format!("{topic:#x}")));
        match addresses {
            None => format!(",\"topics\":[[{topics}]]"),
            Some(addresses) => {
                let addresses = list(&mut addresses.iter().map(|a| format!("{a:#x}")));
                format!(",\"address\":[{addresses}],\"topics\":[[{topics}]]")
            }
        }
    }

    /// A read-only call against the latest state.
    pub(crate) fn eth_call(to: Address, data: &[u8]) -> Self {
        Self::eth_call_at(to, data, "latest")
    }

    /// A read-only call against the state of a block, by number or tag.
    pub(crate) fn eth_call_at(to: Address, data: &[u8], block: &str) -> Self {
        let data = Bytes::copy_from_slice(data);
        Self::new(
            Method::EthCall,
            format!("[{{\"to\":\"{to:#x}\",\"data\":\"{data}\"}},\"{block}\"]"),
        )
    }

    fn new(method: Method, params: String) -> Self {
        Self {
            method,
            params,
            blocks: 1,
        }
    }

    /// The call as a JSON-RPC request.
    pub(crate) fn write(&self, id: u64, body: &mut String) {
        let _ = write!(
            body,
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{}\",\"params\":{}}}",
            self.method.name(),
            self.params
        );
    }
}
