//! Answers of back-ends that are behind.

use super::page::Ask;
use crate::dice::Dice;
use crate::rpc::{Answer, Call, RpcError, block_number};
use alloy::primitives::B256;
use serde_json::{Value, json};
use tidegauge_model::BlockNumber;

/// How far a head may seem to go back at most.
const BACK_MAX: u64 = 100;
const TAGS: [&str; 4] = ["latest", "pending", "safe", "finalized"];

/// The answer of a back-end that does not have the last blocks yet.
pub(super) fn lag(ask: &Ask<'_>, _: &mut Dice) -> Option<Answer> {
    let view = View::new(ask, ask.settings.lag_blocks)?;
    match ask.call.method {
        "eth_blockNumber" => Some(view.head_number()),
        "eth_getLogs" => view.logs(),
        "eth_getTransactionReceipt" => {
            let hash = ask.call.params.first()?.as_str()?.parse().ok()?;
            let (block, _) = ask.node.chain.find_tx(&hash).ok()??;
            (block.number > view.head).then(null)
        }
        "eth_call" | "eth_getCode" => view.state(),
        _ => view.block(),
    }
}

/// The head that was one some blocks ago, while the blocks above it are there.
pub(super) fn backwards(ask: &Ask<'_>, dice: &mut Dice) -> Option<Answer> {
    let view = View::new(ask, 1 + dice.below(BACK_MAX))?;
    if ask.call.method == "eth_blockNumber" {
        return Some(view.head_number());
    }
    let tag = ask.call.params.first()?.as_str()?;
    TAGS.contains(&tag).then(|| view.block())?
}

/// The chain as it was some blocks ago.
struct View<'a> {
    ask: &'a Ask<'a>,
    behind: u64,
    head: BlockNumber,
}

impl<'a> View<'a> {
    /// `None` if the chain is too short for that.
    fn new(ask: &'a Ask<'a>, behind: u64) -> Option<Self> {
        let range = ask.node.chain.range();
        let head = range.to.0.checked_sub(behind).map(BlockNumber)?;
        (head >= range.from).then_some(Self { ask, behind, head })
    }

    fn head_number(&self) -> Answer {
        Ok(format!("\"{:#x}\"", self.head.0).into_bytes())
    }

    /// A block's header or receipts: older by tag, null above the head.
    fn block(&self) -> Option<Answer> {
        let text = block_text(self.ask.call.params.first()?)?;
        if self.lacks(text)? {
            return Some(null());
        }
        TAGS.contains(&text).then(|| {
            let older = json!(format!("{:#x}", self.number(text)?.0));
            Some(self.honest_but_first(older))
        })?
    }

    /// A call upon a block above the head.
    fn state(&self) -> Option<Answer> {
        let text = block_text(self.ask.call.params.get(1)?)?;
        self.lacks(text)?
            .then(|| Err(RpcError::new(-32000, "header not found")))
    }

    /// Whether a block, by hash, number or tag, is above the head; `None` if it is none at all.
    fn lacks(&self, text: &str) -> Option<bool> {
        let number = match text.parse::<B256>() {
            Ok(hash) => self.ask.node.chain.find_hash(&hash).ok()??.number,
            Err(_) => self.number(text)?,
        };
        Some(number > self.head)
    }

    /// Logs up to the head; none above it.
    fn logs(&self) -> Option<Answer> {
        let filter = self.ask.call.params.first()?;
        if let Some(hash) = filter.get("blockHash").and_then(Value::as_str) {
            let unknown = || Err(RpcError::new(-32000, "unknown block"));
            return self.lacks(hash)?.then(unknown);
        }
        let side = |key| {
            let text = filter.get(key).and_then(Value::as_str).unwrap_or("latest");
            Some((self.number(text)?, TAGS.contains(&text)))
        };
        let ((from, _), (to, is_tag)) = (side("fromBlock")?, side("toBlock")?);
        if from > self.head {
            return Some(Ok(b"[]".to_vec()));
        }
        if to <= self.head && !is_tag {
            return None;
        }
        let mut filter = filter.clone();
        filter["fromBlock"] = json!(format!("{:#x}", from.0));
        filter["toBlock"] = json!(format!("{:#x}", to.min(self.head).0));
        Some(self.honest_but_first(filter))
    }

    /// A number, or what a tag means here.
    fn number(&self, text: &str) -> Option<BlockNumber> {
        let chain = &self.ask.node.chain;
        let number = block_number(chain, text).ok()?;
        if !TAGS.contains(&text) {
            return Some(number);
        }
        let older = number.0.saturating_sub(self.behind);
        Some(BlockNumber(older.max(chain.range().from.0)))
    }

    /// The honest answer with another first parameter.
    fn honest_but_first(&self, first: Value) -> Answer {
        let mut params = self.ask.call.params.to_vec();
        if let Some(old) = params.first_mut() {
            *old = first;
        }
        self.ask.node.honest(Call {
            method: self.ask.call.method,
            params: &params,
        })
    }
}

/// Hash, number or tag of a block parameter.
fn block_text(wanted: &Value) -> Option<&str> {
    let inner = wanted.get("blockHash").or(wanted.get("blockNumber"));
    inner.unwrap_or(wanted).as_str()
}

fn null() -> Answer {
    Ok(b"null".to_vec())
}
