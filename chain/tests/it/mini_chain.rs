//! A small honest chain, kept in memory and rendered as JSON-RPC.

use alloy::{
    consensus::{Header, Receipt},
    primitives::{
        Address, B256, Bloom, Bytes, I256, Log, LogData, U256, aliases::I24, aliases::U24,
        aliases::U160, keccak256,
    },
    sol_types::{SolCall, SolEvent, SolValue},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use tidegauge_chain::{
    Factory, Preset, TxReceipt,
    abi::{FactoryEvents, Multicall3, PoolCalls, PoolEvents, TokenCalls},
    create2_address,
    evidence::receipts_root,
};
use tidegauge_model::{BlockNumber, BlockRef, ChainId};

pub(crate) const CHAIN_ID: u64 = 1337;
pub(crate) const START_TIME: u64 = 1_704_412_800;
pub(crate) const BLOCK_TIME: u64 = 12;

pub(crate) const WETH: Address = Address::repeat_byte(0xee);
pub(crate) const USDC: Address = Address::repeat_byte(0x0c);
/// Its `decimals` reverts.
pub(crate) const ODD: Address = Address::repeat_byte(0x0d);
/// Answers like a pool, made by nobody we know.
pub(crate) const FORK: Address = Address::repeat_byte(0xf0);
/// Emits the topic and answers nothing.
pub(crate) const SPOOF: Address = Address::repeat_byte(0x5b);

pub(crate) fn factory() -> Factory {
    Preset::of(ChainId(CHAIN_ID)).unwrap().factories[0]
}

fn pool_of(other: Address, fee: u32) -> Address {
    create2_address(&factory(), other, WETH, fee)
}

/// Created in block 2.
pub(crate) fn created_pool() -> Address {
    pool_of(USDC, 500)
}

/// Made before the chain begins.
pub(crate) fn older_pool() -> Address {
    pool_of(USDC, 3_000)
}

/// Its token has no decimals.
pub(crate) fn odd_pool() -> Address {
    pool_of(ODD, 3_000)
}

#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) header: Header,
    pub(crate) hash: B256,
    pub(crate) receipts: Vec<TxReceipt>,
}

#[derive(Clone)]
pub(crate) struct MiniChain {
    pub(crate) blocks: Vec<Block>,
    pub(crate) finalized: u64,
    pub(crate) has_multicall: bool,
    pub(crate) has_log_times: bool,
}

impl MiniChain {
    /// So many blocks above genesis; the salt makes branches differ.
    pub(crate) fn new(blocks: u64) -> Self {
        let mut chain = Self {
            blocks: Vec::new(),
            finalized: 0,
            has_multicall: true,
            has_log_times: true,
        };
        chain.grow(blocks + 1, 0);
        chain
    }

    pub(crate) fn grow(&mut self, blocks: u64, salt: u64) {
        for _ in 0..blocks {
            let number = self.blocks.len() as u64;
            let parent = self.blocks.last().map_or(B256::ZERO, |block| block.hash);
            self.blocks.push(block(number, parent, salt));
        }
    }

    /// The same chain up to a block, then another branch.
    pub(crate) fn fork(&self, ancestor: u64, blocks: u64, salt: u64) -> Self {
        let mut fork = self.clone();
        fork.blocks.truncate(ancestor as usize + 1);
        fork.grow(blocks, salt);
        fork
    }

    pub(crate) fn block_ref(&self, number: u64) -> BlockRef {
        BlockRef {
            number: BlockNumber(number),
            hash: self.blocks[number as usize].hash,
        }
    }

    /// Swaps of accepted pools in a range.
    pub(crate) fn swaps(&self, range: std::ops::RangeInclusive<u64>, pools: &[Address]) -> usize {
        range
            .flat_map(|number| &self.blocks[number as usize].receipts)
            .flat_map(|receipt| &receipt.inner.receipt.logs)
            .filter(|log| {
                pools.contains(&log.address) && log.topics()[0] == PoolEvents::Swap::SIGNATURE_HASH
            })
            .count()
    }

    /// Answers a request, batched or not.
    pub(crate) fn answer(&self, request: &Value) -> Value {
        match request {
            Value::Array(calls) => calls.iter().map(|call| self.reply(call)).collect(),
            call => self.reply(call),
        }
    }

    pub(crate) fn reply(&self, call: &Value) -> Value {
        let params = &call["params"];
        let result = match call["method"].as_str().unwrap() {
            "eth_chainId" => json!(format!("{CHAIN_ID:#x}")),
            "eth_blockNumber" => json!(format!("{:#x}", self.blocks.len() - 1)),
            "eth_getBlockByNumber" => self.find(&params[0]).map_or(Value::Null, block_json),
            "eth_getBlockReceipts" => self.find(&params[0]).map_or(Value::Null, |block| {
                block
                    .receipts
                    .iter()
                    .enumerate()
                    .map(|(place, receipt)| self.receipt_json(block, place, receipt))
                    .collect()
            }),
            "eth_getLogs" => self.logs(&params[0]),
            "eth_call" => match self.call(&params[0]) {
                Some(returned) => json!(returned),
                None => {
                    return json!({"jsonrpc": "2.0", "id": call["id"],
                        "error": {"code": 3, "message": "execution reverted"}});
                }
            },
            other => panic!("{other}"),
        };
        json!({"jsonrpc": "2.0", "id": call["id"], "result": result})
    }

    fn find(&self, name: &Value) -> Option<&Block> {
        match name.as_str().unwrap() {
            "latest" => self.blocks.last(),
            "finalized" => self.blocks.get(self.finalized as usize),
            hash if hash.len() == 66 => {
                let hash: B256 = hash.parse().unwrap();
                self.blocks.iter().find(|block| block.hash == hash)
            }
            number => self.blocks.get(quantity(number) as usize),
        }
    }

    fn logs(&self, filter: &Value) -> Value {
        let from = quantity(filter["fromBlock"].as_str().unwrap());
        let to = quantity(filter["toBlock"].as_str().unwrap());
        let listed = |list: &Value, text: String| list.as_array().unwrap().contains(&json!(text));
        let mut found = Vec::new();
        for block in self
            .blocks
            .iter()
            .skip(from as usize)
            .take((to - from + 1) as usize)
        {
            for (place, receipt) in block.receipts.iter().enumerate() {
                for log in self.receipt_json(block, place, receipt)["logs"]
                    .as_array()
                    .unwrap()
                {
                    let topic = log["topics"][0].as_str().unwrap().to_owned();
                    let address = log["address"].as_str().unwrap().to_owned();
                    let wanted = listed(&filter["topics"][0], topic)
                        && (filter["address"].is_null() || listed(&filter["address"], address));
                    if wanted {
                        found.push(log.clone());
                    }
                }
            }
        }
        Value::Array(found)
    }

    fn receipt_json(&self, block: &Block, place: usize, receipt: &TxReceipt) -> Value {
        let first = receipt.first_log_index.unwrap_or(0);
        let logs: Vec<Value> = (first..)
            .zip(&receipt.inner.receipt.logs)
            .map(|(index, log)| {
                let mut json = json!({
                    "address": format!("{:#x}", log.address),
                    "topics": log.topics(),
                    "data": log.data.data,
                    "blockNumber": format!("{:#x}", block.header.number),
                    "blockHash": block.hash,
                    "transactionHash": receipt.tx_hash,
                    "transactionIndex": format!("{place:#x}"),
                    "logIndex": format!("{index:#x}"),
                    "removed": false,
                });
                if self.has_log_times {
                    json["blockTimestamp"] = json!(format!("{:#x}", block.header.timestamp));
                }
                json
            })
            .collect();
        json!({
            "transactionHash": receipt.tx_hash,
            "transactionIndex": format!("{place:#x}"),
            "blockHash": block.hash,
            "blockNumber": format!("{:#x}", block.header.number),
            "from": receipt.from,
            "cumulativeGasUsed": format!("{:#x}", receipt.inner.receipt.cumulative_gas_used),
            "status": "0x1",
            "type": format!("{:#x}", receipt.tx_type),
            "logs": logs,
        })
    }

    /// `eth_call`; `None` if it reverts.
    fn call(&self, call: &Value) -> Option<Bytes> {
        let to: Address = serde_json::from_value(call["to"].clone()).unwrap();
        let data: Bytes = serde_json::from_value(call["data"].clone()).unwrap();
        if to != Preset::of(ChainId(CHAIN_ID)).unwrap().multicall {
            return contract(to, &data);
        }
        if !self.has_multicall {
            return Some(Bytes::new());
        }
        let calls = Multicall3::aggregate3Call::abi_decode(&data).unwrap().calls;
        let outcomes: Vec<Multicall3::Outcome> = calls
            .into_iter()
            .map(|call| {
                let returned = contract(call.target, &call.callData);
                Multicall3::Outcome {
                    success: returned.is_some(),
                    returnData: returned.unwrap_or_default(),
                }
            })
            .collect();
        Some(Multicall3::aggregate3Call::abi_encode_returns(&outcomes).into())
    }
}

pub(crate) fn quantity(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

/// What contracts answer.
fn contract(to: Address, data: &[u8]) -> Option<Bytes> {
    let pools: HashMap<Address, (Address, u32)> = [
        (created_pool(), (USDC, 500)),
        (older_pool(), (USDC, 3_000)),
        (odd_pool(), (ODD, 3_000)),
        (FORK, (USDC, 3_000)),
    ]
    .into();
    let selector: [u8; 4] = data[..4].try_into().unwrap();
    let encoded = match selector {
        PoolCalls::token0Call::SELECTOR => pools.get(&to)?.0.abi_encode(),
        PoolCalls::token1Call::SELECTOR => pools.get(&to).map(|_| WETH)?.abi_encode(),
        PoolCalls::feeCall::SELECTOR => U256::from(pools.get(&to)?.1).abi_encode(),
        PoolCalls::tickSpacingCall::SELECTOR => pools.get(&to).map(|_| 60i32)?.abi_encode(),
        TokenCalls::symbolCall::SELECTOR => match to {
            USDC => String::from("USDC").abi_encode(),
            WETH => {
                let mut bytes32 = [0; 32];
                bytes32[..4].copy_from_slice(b"WETH");
                bytes32.to_vec()
            }
            _ => return None,
        },
        TokenCalls::nameCall::SELECTOR => match to {
            USDC | WETH => String::from("A token").abi_encode(),
            _ => return None,
        },
        TokenCalls::decimalsCall::SELECTOR => match to {
            USDC => U256::from(6).abi_encode(),
            WETH => U256::from(18).abi_encode(),
            _ => return None,
        },
        _ => return None,
    };
    Some(encoded.into())
}

fn block(number: u64, parent: B256, salt: u64) -> Block {
    let hash = |what: u64| keccak256((number, salt, what).abi_encode());
    let mut receipts = Vec::new();
    let mut next_log = 0;
    for (place, logs) in transactions(number, salt).into_iter().enumerate() {
        let receipt = Receipt {
            status: true.into(),
            cumulative_gas_used: 21_000 * (place as u64 + 1),
            logs,
        };
        let logs = receipt.logs.len() as u32;
        receipts.push(TxReceipt {
            tx_hash: hash(place as u64),
            block_hash: B256::ZERO,
            from: Some(Address::repeat_byte(place as u8 + 1)),
            tx_type: if place % 2 == 0 { 2 } else { 0 },
            first_log_index: (logs > 0).then_some(next_log),
            inner: receipt.with_bloom(),
        });
        next_log += logs;
    }
    let bloom = receipts.iter().fold(Bloom::ZERO, |bloom, r: &TxReceipt| {
        bloom | r.inner.logs_bloom
    });
    let header = Header {
        parent_hash: parent,
        number,
        timestamp: START_TIME + number * BLOCK_TIME,
        gas_limit: 30_000_000,
        receipts_root: receipts_root(&receipts),
        logs_bloom: bloom,
        extra_data: Bytes::from(salt.to_be_bytes().to_vec()),
        base_fee_per_gas: Some(7),
        ..Header::default()
    };
    let block_hash = header.hash_slow();
    for receipt in &mut receipts {
        receipt.block_hash = block_hash;
    }
    Block {
        hash: block_hash,
        header,
        receipts,
    }
}

/// Logs of each transaction: a swap in most blocks, others now and then.
fn transactions(number: u64, salt: u64) -> Vec<Vec<Log>> {
    let log = |address: Address, data: LogData| Log { address, data };
    let noise = || {
        log(
            WETH,
            LogData::new_unchecked(
                vec![keccak256("Transfer(address,address,uint256)")],
                Bytes::new(),
            ),
        )
    };
    let swap = |pool: Address| {
        let event = PoolEvents::Swap {
            sender: Address::repeat_byte(0x51),
            recipient: Address::repeat_byte(0x52),
            amount0: I256::try_from(number + salt).unwrap(),
            amount1: -I256::try_from(number).unwrap(),
            sqrtPriceX96: U160::from(1u128 << 96),
            liquidity: 1_000,
            tick: I24::ZERO,
        };
        log(pool, event.encode_log_data())
    };
    if number == 2 {
        let created = FactoryEvents::PoolCreated {
            token0: USDC,
            token1: WETH,
            fee: U24::from(500),
            tickSpacing: I24::try_from(10).unwrap(),
            pool: created_pool(),
        };
        let init = PoolEvents::Initialize {
            sqrtPriceX96: U160::from(1u128 << 96),
            tick: I24::ZERO,
        };
        return vec![vec![
            log(factory().address, created.encode_log_data()),
            log(created_pool(), init.encode_log_data()),
        ]];
    }
    match number % 5 {
        0 => vec![],
        1 => vec![vec![noise(), swap(older_pool())], vec![noise()]],
        2 if number > 2 => vec![vec![swap(created_pool()), swap(older_pool())], vec![]],
        3 => vec![vec![], vec![noise(), swap(FORK), swap(SPOOF)]],
        _ => vec![vec![noise(), swap(odd_pool())]],
    }
}

fn block_json(block: &Block) -> Value {
    let header = &block.header;
    json!({
        "hash": block.hash,
        "parentHash": header.parent_hash,
        "sha3Uncles": header.ommers_hash,
        "miner": header.beneficiary,
        "stateRoot": header.state_root,
        "transactionsRoot": header.transactions_root,
        "receiptsRoot": header.receipts_root,
        "logsBloom": header.logs_bloom,
        "difficulty": format!("{:#x}", header.difficulty),
        "number": format!("{:#x}", header.number),
        "gasLimit": format!("{:#x}", header.gas_limit),
        "gasUsed": format!("{:#x}", header.gas_used),
        "timestamp": format!("{:#x}", header.timestamp),
        "extraData": header.extra_data,
        "mixHash": header.mix_hash,
        "nonce": header.nonce,
        "baseFeePerGas": "0x7",
        "uncles": [],
        "transactions": block.receipts.iter().map(|r| r.tx_hash).collect::<Vec<_>>(),
    })
}
