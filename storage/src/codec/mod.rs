//! Values as bytes: a version byte, then bincode. The only place that knows bincode.
//!
//! The configuration is spelled out so that no default of another release can
//! change what is on disk; golden vectors in the tests hold every value type
//! to its bytes, so that a replacement can be proven equal.

mod alerts;
mod cells;
mod derived;
#[cfg(test)]
mod derived_tests;
mod feature_set;
mod forecasts;
mod format_1;
mod format_2;
mod integers;
mod jobs;
mod records;
mod rows;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use alerts::{
    decode_alert_book, decode_heard_message, decode_spooled_alert, decode_told_alert,
    encode_alert_book, encode_heard_message, encode_spooled_alert, encode_told_alert,
};
pub(crate) use cells::{decode_daily_row, decode_target_row, encode_daily_row, encode_target_row};
pub use derived::{ClosedDay, HourlyPrice};
pub(crate) use derived::{
    decode_calendar, decode_day, decode_price, decode_tile, decode_user, decode_value,
    encode_calendar, encode_day, encode_price, encode_tile, encode_user, encode_value,
};
pub(crate) use feature_set::{StoredSet, decode_feature_set, encode_feature_set};
pub(crate) use forecasts::{
    decode_forecast_run, decode_pool_forecasts, decode_score_board, encode_forecast_run,
    encode_pool_forecasts, encode_score_board,
};
pub(crate) use format_1::{decode_head_1, decode_journal_1};
pub(crate) use format_2::{decode_head_2, encode_head_2};
pub(crate) use jobs::{decode_job, encode_job};
pub(crate) use records::{
    decode_block, decode_coverage, decode_dispute, decode_notice, decode_position, decode_token,
    decode_verdict, encode_block, encode_coverage, encode_dispute, encode_notice, encode_position,
    encode_token, encode_verdict,
};
pub use rows::encode_swap;
pub(crate) use rows::{decode_liquidity, decode_swap, encode_liquidity};
pub(crate) use state::{
    JournalEntry, Touched, decode_head, decode_journal, decode_number, decode_uuid, encode_head,
    encode_journal, encode_number, encode_uuid,
};

use crate::codec_error::CodecError;
use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::enc::write::Writer;
use bincode::error::EncodeError;
use bincode::{Decode, Encode};

/// Most bytes one value may claim while it is decoded; above the journal's ceiling,
/// whose elements are about three times as large in memory as encoded.
const DECODE_LIMIT_BYTES: usize = 256 * 1024 * 1024;

/// Little-endian, variable-length integers, bounded.
const CONFIGURATION: Configuration<LittleEndian, Varint, Limit<DECODE_LIMIT_BYTES>> =
    bincode::config::standard()
        .with_little_endian()
        .with_variable_int_encoding()
        .with_limit::<DECODE_LIMIT_BYTES>();

/// Appends the version and the encoded value.
fn write<T: Encode>(version: u8, value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    out.push(version);
    bincode::encode_into_writer(value, Appender(out), CONFIGURATION)
        .map_err(|e| CodecError::Unencodable(e.to_string()))
}

/// The inverse of [`write`]: the whole slice, nothing more.
fn read<T: Decode<()>>(version: u8, bytes: &[u8]) -> Result<T, CodecError> {
    let (&found, body) = bytes.split_first().ok_or(CodecError::Empty)?;
    if found != version {
        return Err(CodecError::Version {
            found,
            known: version,
        });
    }
    let (value, used) = bincode::decode_from_slice(body, CONFIGURATION)
        .map_err(|e| CodecError::Undecodable(e.to_string()))?;
    if used != body.len() {
        return Err(CodecError::Trailing(body.len() - used));
    }
    Ok(value)
}

/// Writes at the end of a reused buffer.
struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}
