//! Answers that hold what is not so.

use super::page::{Ask, Page};
use crate::abi::Swap;
use crate::dice::Dice;
use crate::rpc::Answer;
use alloy::primitives::B256;
use alloy::sol_types::SolEvent;
use serde_json::{Value, json};

/// Least hex digit of the two amounts in a Swap's data: `0x`, then words of 64 digits.
const AMOUNT_DIGITS: [usize; 2] = [2 + 63, 2 + 127];

/// One log's index is too high, by one or a few.
pub(super) fn wrong_index(ask: &Ask<'_>, dice: &mut Dice) -> Option<Answer> {
    let mut page = Page::of(ask)?;
    let place = page.pick(dice, |_| true)?;
    let log = page.list(place)?.get_mut(place.index)?;
    raise_index(log, 1 + dice.below(3))?;
    page.answer()
}

/// One log comes twice.
pub(super) fn duplicate(ask: &Ask<'_>, dice: &mut Dice) -> Option<Answer> {
    let mut page = Page::of(ask)?;
    let place = page.pick(dice, |_| true)?;
    let logs = page.list(place)?;
    let twin = logs.get(place.index)?.clone();
    logs.insert(place.index + 1, twin);
    page.answer()
}

/// Behind a true swap follows one that never was, of almost the same amounts.
pub(super) fn forged(ask: &Ask<'_>, dice: &mut Dice) -> Option<Answer> {
    let mut page = Page::of(ask)?;
    let place = page.pick(dice, is_swap)?;
    let logs = page.list(place)?;
    let mut forged = logs.get(place.index)?.clone();
    raise_index(&mut forged, 1)?;
    let data = forged.get("data")?.as_str()?;
    let mut digits: Vec<char> = data.chars().collect();
    for at in AMOUNT_DIGITS {
        let digit = digits.get_mut(at)?;
        *digit = char::from_digit((digit.to_digit(16)? + 1) % 16, 16)?;
    }
    forged["data"] = json!(digits.into_iter().collect::<String>());
    logs.insert(place.index + 1, forged);
    page.answer()
}

/// Blocks without a time, logs without their block's.
pub(super) fn zero_time(ask: &Ask<'_>, _: &mut Dice) -> Option<Answer> {
    if ask.call.method.starts_with("eth_getBlockBy") {
        let mut block: Value = serde_json::from_slice(&ask.node.honest(ask.call).ok()?).ok()?;
        *block.get_mut("timestamp")? = json!("0x0");
        return Some(Ok(block.to_string().into_bytes()));
    }
    let mut page = Page::of(ask)?;
    let mut logs = page.logs();
    if logs.is_empty() {
        return None;
    }
    for log in &mut logs {
        log["blockTimestamp"] = json!("0x0");
    }
    page.answer()
}

fn is_swap(log: &Value) -> bool {
    let topic = log.pointer("/topics/0").and_then(Value::as_str);
    topic.and_then(|topic| topic.parse::<B256>().ok()) == Some(Swap::SIGNATURE_HASH)
}

fn raise_index(log: &mut Value, by: u64) -> Option<()> {
    let index = log.get_mut("logIndex")?;
    let number = u64::from_str_radix(index.as_str()?.strip_prefix("0x")?, 16).ok()?;
    *index = json!(format!("{:#x}", number + by));
    Some(())
}
