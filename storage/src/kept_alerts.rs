//! Alerts as the store keeps them.

use crate::alert_keys::{
    BOOK_KEY, heard_bounds, heard_key, spool_bounds, spool_key, told_bounds, told_key,
};
use crate::alerts::{HeardMessage, NONCE_BYTES, SpooledAlert, ToldAlert};
use crate::codec::{
    decode_alert_book, decode_heard_message, decode_spooled_alert, decode_told_alert,
    encode_alert_book, encode_heard_message, encode_spooled_alert, encode_told_alert,
};
use crate::error::StoreError;
use crate::families::Family;
use crate::keep::Keep;
use crate::scan::{Bounds, RawScan, Scan};
use crate::view::View;
use tidegauge_model::UnixSeconds;

/// What is known of troubles, to be kept in one go with what is told of them.
pub fn keep_alert_book(book: &[u8]) -> Result<Keep, StoreError> {
    Keep::put(Family::Alerts, BOOK_KEY, |out| encode_alert_book(book, out))
}

impl ToldAlert {
    /// To be kept.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Alerts, told_key(self.id), |out| {
            encode_told_alert(self, out)
        })
    }

    /// To be dropped.
    pub fn drop(&self) -> Keep {
        Keep::drop(Family::Alerts, told_key(self.id))
    }
}

impl SpooledAlert {
    /// To be kept, in place of what was known of it.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Alerts, spool_key(&self.sink, self.id), |out| {
            encode_spooled_alert(self, out)
        })
    }

    /// To be dropped: it has arrived, or nobody wants it.
    pub fn drop(&self) -> Keep {
        Keep::drop(Family::Alerts, spool_key(&self.sink, self.id))
    }
}

impl HeardMessage {
    /// To be kept.
    pub fn keep(&self) -> Result<Keep, StoreError> {
        Keep::put(Family::Alerts, heard_key(self.at, &self.nonce), |out| {
            encode_heard_message(self, out)
        })
    }

    /// One that came then, by its nonce, to be dropped.
    pub fn drop(at: UnixSeconds, nonce: &[u8; NONCE_BYTES]) -> Keep {
        Keep::drop(Family::Alerts, heard_key(at, nonce))
    }
}

impl View<'_> {
    /// What is known of troubles; `None` before any was kept.
    pub fn alert_book(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.one(Family::Alerts, BOOK_KEY, |_, value| {
            decode_alert_book(value)
        })
    }

    /// What was told, the latest first.
    pub fn told_alerts_backwards(&self) -> Result<Scan<'_, ToldAlert>, StoreError> {
        let rows = self.raw_iterator(Family::Alerts, Bounds::between(told_bounds()))?;
        let rows = RawScan::descending(Family::Alerts, rows);
        Ok(Scan::new(rows, decode_told_alert))
    }

    /// What is on its way, by place, the oldest first.
    pub fn spooled_alerts(&self) -> Result<Scan<'_, SpooledAlert>, StoreError> {
        self.scan(
            Family::Alerts,
            Bounds::between(spool_bounds()),
            decode_spooled_alert,
        )
    }

    /// What others told us, the latest first.
    pub fn heard_messages_backwards(&self) -> Result<Scan<'_, HeardMessage>, StoreError> {
        let rows = self.raw_iterator(Family::Alerts, Bounds::between(heard_bounds()))?;
        let rows = RawScan::descending(Family::Alerts, rows);
        Ok(Scan::new(rows, decode_heard_message))
    }
}
