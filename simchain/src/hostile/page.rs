//! An answer that holds logs, opened to be altered.

use super::settings::Hostility;
use crate::dice::Dice;
use crate::rpc::{Answer, Call, Node};
use serde_json::Value;

/// A call that is to be answered wrongly.
pub(super) struct Ask<'a> {
    pub(super) node: &'a Node,
    pub(super) call: Call<'a>,
    pub(super) settings: &'a Hostility,
}

/// What `eth_getLogs` or `eth_getBlockReceipts` honestly answers.
pub(super) struct Page {
    /// Logs, or receipts that hold logs.
    pub(super) items: Vec<Value>,
    pub(super) is_receipts: bool,
}

/// Where a log lies in a page.
#[derive(Clone, Copy)]
pub(super) struct Place {
    receipt: Option<usize>,
    pub(super) index: usize,
}

impl Page {
    /// The honest page; `None` if there is none, or nothing on it.
    pub(super) fn of(ask: &Ask<'_>) -> Option<Self> {
        let bytes = ask.node.honest(ask.call).ok()?;
        let items: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
        (!items.is_empty()).then_some(Self {
            items,
            is_receipts: ask.call.method == "eth_getBlockReceipts",
        })
    }

    /// Some log of those wanted, if there is one.
    pub(super) fn pick(&self, dice: &mut Dice, wanted: fn(&Value) -> bool) -> Option<Place> {
        let mut places = Vec::new();
        let mut add = |receipt, logs: &[Value]| {
            let found = logs.iter().enumerate().filter(|(_, log)| wanted(log));
            places.extend(found.map(|(index, _)| Place { receipt, index }));
        };
        if self.is_receipts {
            for (n, receipt) in self.items.iter().enumerate() {
                let logs = receipt.get("logs").and_then(Value::as_array);
                add(Some(n), logs.map(Vec::as_slice).unwrap_or_default());
            }
        } else {
            add(None, &self.items);
        }
        let count = places.len() as u64;
        (count > 0).then(|| places[dice.below(count) as usize])
    }

    /// The logs among which a place is.
    pub(super) fn list(&mut self, place: Place) -> Option<&mut Vec<Value>> {
        match place.receipt {
            None => Some(&mut self.items),
            Some(n) => self.items.get_mut(n)?.get_mut("logs")?.as_array_mut(),
        }
    }

    /// All logs.
    pub(super) fn logs(&mut self) -> Vec<&mut Value> {
        if !self.is_receipts {
            return self.items.iter_mut().collect();
        }
        let lists = self
            .items
            .iter_mut()
            .filter_map(|receipt| receipt.get_mut("logs"));
        lists
            .filter_map(Value::as_array_mut)
            .flat_map(|logs| logs.iter_mut())
            .collect()
    }

    /// As the answer.
    pub(super) fn answer(self) -> Option<Answer> {
        Some(Ok(Value::Array(self.items).to_string().into_bytes()))
    }
}
