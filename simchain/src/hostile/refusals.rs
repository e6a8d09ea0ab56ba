//! Refusals that lead nowhere.

use super::page::Ask;
use crate::dice::Dice;
use crate::rpc::{Answer, RpcError, block_number};
use serde_json::json;

/// Too many logs, it says, and suggests the same range, an inverted one, or one that begins later.
pub(super) fn wrong_range(ask: &Ask<'_>, dice: &mut Dice) -> Option<Answer> {
    let filter = ask.call.params.first()?;
    if filter.get("blockHash").is_some_and(|hash| !hash.is_null()) {
        return None;
    }
    let side = |key| {
        let text = filter.get(key).and_then(|side| side.as_str());
        block_number(&ask.node.chain, text.unwrap_or("latest")).ok()
    };
    let (from, to) = (side("fromBlock")?.0, side("toBlock")?.0);
    let (from, to) = match dice.below(3) {
        0 => (from, to),
        1 => (to.saturating_add(1), from),
        _ => (
            to.saturating_add(1),
            to.saturating_mul(2).saturating_sub(from).saturating_add(1),
        ),
    };
    let (from, to) = (format!("{from:#x}"), format!("{to:#x}"));
    let error = if dice.one_in(2) {
        RpcError {
            code: -32005,
            message: format!(
                "query returned more than 10000 results. Try with this block range [{from}, {to}]."
            ),
            data: Some(json!({"from": from, "to": to, "limit": 10_000})),
        }
    } else {
        RpcError::params(format!(
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [{from}, {to}]"
        ))
    };
    Some(Err(error))
}
