//! Which method does what.

use super::blocks::{block_json, receipts_json};
use super::calls::{CallParams, code, eth_call};
use super::error::RpcError;
use super::filter::FilterParams;
use super::logs::{Limits, get_logs};
use super::params::{existing_block, optional, required};
use crate::chain::SimChain;
use alloy::primitives::{Address, B256};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::sync::Arc;

/// Requests in one batch.
const MAX_BATCH: usize = 1_000;
/// Bytes of all answers of one batch together.
const MAX_BATCH_BYTES: usize = 256 << 20;
/// Subscriptions of one connection.
const MAX_SUBSCRIPTIONS: usize = 16;

/// Answers requests about a chain.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) chain: Arc<SimChain>,
    pub(crate) limits: Limits,
}

/// One request.
#[derive(Deserialize)]
struct Request {
    id: Option<Box<RawValue>>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
}

/// What a request asks.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) params: &'a [Value],
}

/// A result as JSON, or an error.
pub(crate) type Answer = Result<Vec<u8>, RpcError>;

/// Who may answer a call in the node's stead.
pub(crate) type Meddler<'a> = &'a dyn Fn(Call<'_>) -> Option<Answer>;

/// What one WebSocket connection subscribed to.
#[derive(Default)]
pub(crate) struct Subscriptions {
    next: u64,
    pub(crate) heads: Vec<u64>,
}

impl Node {
    /// The answer to a body: one request or a batch of them. `meddler` is asked about each first.
    pub(crate) fn answer(
        &self,
        body: &[u8],
        mut subscriptions: Option<&mut Subscriptions>,
        meddler: Option<Meddler<'_>>,
    ) -> Vec<u8> {
        let requests = match parse_requests(body) {
            Ok((requests, false)) => {
                let mut out = Vec::new();
                if let Some(request) = requests.first() {
                    self.answer_one(request, subscriptions, meddler, &mut out);
                }
                return out;
            }
            Ok((requests, true)) => requests,
            Err(error) => return respond_error(None, &error),
        };
        let mut out = vec![b'['];
        for request in &requests {
            if out.len() > 1 {
                out.push(b',');
            }
            if out.len() > MAX_BATCH_BYTES {
                let error = RpcError::new(-32003, "response too large");
                out.extend(respond_error(request.id.as_deref(), &error));
                continue;
            }
            self.answer_one(request, subscriptions.as_deref_mut(), meddler, &mut out);
        }
        out.push(b']');
        out
    }

    fn answer_one(
        &self,
        request: &Request,
        subscriptions: Option<&mut Subscriptions>,
        meddler: Option<Meddler<'_>>,
        out: &mut Vec<u8>,
    ) {
        let begin = out.len();
        respond(request.id.as_deref(), out);
        let answered =
            request
                .call()
                .and_then(|call| match meddler.and_then(|meddler| meddler(call)) {
                    Some(answer) => answer.map(|result| out.extend(result)),
                    None => self.result(call, subscriptions, out),
                });
        if let Err(error) = answered {
            out.truncate(begin);
            out.extend(respond_error(request.id.as_deref(), &error));
            return;
        }
        out.push(b'}');
    }

    /// The honest answer to a call that subscribes to nothing.
    pub(crate) fn honest(&self, call: Call<'_>) -> Answer {
        let mut out = Vec::new();
        self.result(call, None, &mut out).map(|()| out)
    }

    /// Writes the result of a call.
    fn result(
        &self,
        call: Call<'_>,
        subscriptions: Option<&mut Subscriptions>,
        out: &mut Vec<u8>,
    ) -> Result<(), RpcError> {
        let chain = &*self.chain;
        let Call { method, params } = call;
        let plain = match method {
            "eth_chainId" => json!(format!("{:#x}", chain.chain_id().0)),
            "net_version" => json!(chain.chain_id().0.to_string()),
            "web3_clientVersion" => {
                json!(concat!("tidegauge-simchain/", env!("CARGO_PKG_VERSION")))
            }
            "eth_syncing" => json!(false),
            "eth_blockNumber" => json!(format!("{:#x}", chain.head_number().0)),
            "eth_getBlockByNumber" | "eth_getBlockByHash" => {
                if optional::<bool>(params, 1, "a flag")?.unwrap_or(false) {
                    return Err(RpcError::params(
                        "transaction bodies are not kept by a simulated chain: ask with false",
                    ));
                }
                if method == "eth_getBlockByHash" {
                    required::<B256>(params, 0, "a block hash")?;
                } else {
                    required::<String>(params, 0, "a block number or tag")?;
                }
                match existing_block(chain, params, 0)? {
                    Some(block) => return Ok(block_json(&block, out)?),
                    None => Value::Null,
                }
            }
            "eth_getBlockReceipts" => {
                required::<Value>(params, 0, "a block")?;
                match existing_block(chain, params, 0)? {
                    Some(block) => {
                        self.limits.check_kept(block.number)?;
                        return Ok(receipts_json(&block, None, out)?);
                    }
                    None => Value::Null,
                }
            }
            "eth_getTransactionReceipt" => {
                let hash: B256 = required(params, 0, "a transaction hash")?;
                match chain.find_tx(&hash)? {
                    Some((block, index)) => {
                        self.limits.check_kept(block.number)?;
                        return Ok(receipts_json(&block, Some(index), out)?);
                    }
                    None => Value::Null,
                }
            }
            "eth_getLogs" => {
                let filter: FilterParams = required(params, 0, "a filter")?;
                return get_logs(chain, &filter, self.limits, out);
            }
            "eth_call" => {
                let wanted: CallParams = required(params, 0, "a call")?;
                let block = existing_block(chain, params, 1)?
                    .ok_or_else(|| RpcError::new(-32000, "header not found"))?;
                json!(eth_call(chain, &wanted, block.number)?)
            }
            "eth_getCode" => {
                let address: Address = required(params, 0, "an address")?;
                let block = existing_block(chain, params, 1)?
                    .ok_or_else(|| RpcError::new(-32000, "header not found"))?;
                json!(code(chain, address, block.number))
            }
            "eth_subscribe" | "eth_unsubscribe" => {
                let subscriptions = subscriptions
                    .ok_or_else(|| RpcError::new(-32601, "notifications not supported"))?;
                subscriptions.answer(method, params)?
            }
            _ => return Err(RpcError::method(method)),
        };
        out.extend_from_slice(plain.to_string().as_bytes());
        Ok(())
    }
}

impl Request {
    fn call(&self) -> Result<Call<'_>, RpcError> {
        let method = self.method.as_deref();
        Ok(Call {
            method: method.ok_or_else(|| RpcError::request("invalid request"))?,
            params: match &self.params {
                Value::Null => &[],
                Value::Array(list) => list,
                _ => return Err(RpcError::params("non-array args")),
            },
        })
    }
}

impl Subscriptions {
    fn answer(&mut self, method: &str, params: &[Value]) -> Result<Value, RpcError> {
        let text: String = required(params, 0, "a subscription")?;
        if method == "eth_unsubscribe" {
            let before = self.heads.len();
            self.heads.retain(|id| format!("{id:#x}") != text);
            if self.heads.len() == before {
                return Err(RpcError::new(-32000, "subscription not found"));
            }
            return Ok(json!(true));
        }
        if text != "newHeads" {
            return Err(RpcError::params(format!(
                "no \"{text}\" subscription in eth namespace"
            )));
        }
        if self.heads.len() >= MAX_SUBSCRIPTIONS {
            return Err(RpcError::new(-32000, "too many subscriptions"));
        }
        self.next += 1;
        self.heads.push(self.next);
        Ok(json!(format!("{:#x}", self.next)))
    }
}

/// The requests of a body, and whether they came as a batch.
fn parse_requests(body: &[u8]) -> Result<(Vec<Request>, bool), RpcError> {
    let parse = |e: serde_json::Error| {
        if e.is_data() {
            RpcError::request(format!("invalid request: {e}"))
        } else {
            RpcError::new(-32700, format!("parse error: {e}"))
        }
    };
    let is_batch = body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if !is_batch {
        return Ok((vec![serde_json::from_slice(body).map_err(parse)?], false));
    }
    let requests: Vec<Request> = serde_json::from_slice(body).map_err(parse)?;
    if requests.is_empty() {
        return Err(RpcError::request("empty batch"));
    }
    if requests.len() > MAX_BATCH {
        return Err(RpcError::request("batch too large"));
    }
    Ok((requests, true))
}

/// The beginning of an answer, up to its result.
fn respond(id: Option<&RawValue>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    out.extend_from_slice(id.map_or("null", RawValue::get).as_bytes());
    out.extend_from_slice(b",\"result\":");
}

/// A whole answer that is an error.
fn respond_error(id: Option<&RawValue>, error: &RpcError) -> Vec<u8> {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{}}}",
        id.map_or("null", RawValue::get),
        error.json()
    )
    .into_bytes()
}

/// A new head, as a subscriber is told of it.
pub(crate) fn notification(id: u64, header: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":{{\"subscription\":\"{id:#x}\",\"result\":{header}}}}}"
    )
}
