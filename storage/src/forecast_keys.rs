//! Keys of forecasts: a kind, then
//!
//! ```text
//! revision         0
//! run              1 | length u8, model | day u32
//! pool's forecasts 2 | length u8, model | day u32 | pool
//! score board      3 | day u32
//! ```

use crate::codec_error::CodecError;
use crate::forecasts::ModelName;
use crate::keys::{calendar_key, just_after, parse_address_key, parse_calendar_key};
use tidegauge_model::{Day, PoolId};

/// Of the number of changes.
pub(crate) const REVISION_KEY: &[u8] = &[0];
const RUN: u8 = 1;
const POOL: u8 = 2;
const BOARD: u8 = 3;
const DAY_BYTES: usize = 4;
const POOL_BYTES: usize = 20;

pub(crate) fn run_key(model: &ModelName, day: Day) -> Vec<u8> {
    of_day(of_model(RUN, model), day)
}

pub(crate) fn parse_run_key(key: &[u8]) -> Result<(ModelName, Day), CodecError> {
    let (model, rest) = parse_model(RUN, key)?;
    Ok((model, parse_calendar_key(rest)?))
}

pub(crate) fn runs_bounds() -> (Vec<u8>, Vec<u8>) {
    (vec![RUN], vec![RUN + 1])
}

/// Of one model.
pub(crate) fn run_bounds(model: &ModelName) -> (Vec<u8>, Vec<u8>) {
    let first = of_model(RUN, model);
    let mut end = first.clone();
    end.extend_from_slice(&[u8::MAX; DAY_BYTES + 1]);
    (first, end)
}

pub(crate) fn pool_forecasts_key(model: &ModelName, day: Day, pool: PoolId) -> Vec<u8> {
    let mut key = of_day(of_model(POOL, model), day);
    key.extend_from_slice(pool.0.as_slice());
    key
}

pub(crate) fn parse_pool_forecasts_key(key: &[u8]) -> Result<PoolId, CodecError> {
    let (_, rest) = parse_model(POOL, key)?;
    let width = CodecError::KeyWidth {
        expected: DAY_BYTES + POOL_BYTES,
        found: rest.len(),
    };
    let (day, pool) = rest.split_at_checked(DAY_BYTES).ok_or(width)?;
    parse_calendar_key(day)?;
    Ok(PoolId(parse_address_key(pool)?))
}

/// Of one run.
pub(crate) fn pool_forecasts_bounds(model: &ModelName, day: Day) -> (Vec<u8>, Vec<u8>) {
    let first = of_day(of_model(POOL, model), day);
    let mut last = first.clone();
    last.extend_from_slice(&[u8::MAX; POOL_BYTES]);
    (first, just_after(&last))
}

pub(crate) fn score_board_key(day: Day) -> Vec<u8> {
    of_day(vec![BOARD], day)
}

pub(crate) fn parse_score_board_key(key: &[u8]) -> Result<Day, CodecError> {
    match key.split_first() {
        Some((&BOARD, day)) => parse_calendar_key(day),
        _ => Err(CodecError::Impossible("kind")),
    }
}

pub(crate) fn score_boards_bounds() -> (Vec<u8>, Vec<u8>) {
    (vec![BOARD], vec![BOARD + 1])
}

fn of_model(kind: u8, model: &ModelName) -> Vec<u8> {
    let name = model.as_str().as_bytes();
    // At most 48.
    let mut key = vec![kind, name.len() as u8];
    key.extend_from_slice(name);
    key
}

fn of_day(mut key: Vec<u8>, day: Day) -> Vec<u8> {
    key.extend_from_slice(&calendar_key(day));
    key
}

fn parse_model(kind: u8, key: &[u8]) -> Result<(ModelName, &[u8]), CodecError> {
    let impossible = CodecError::Impossible;
    let [found, length, rest @ ..] = key else {
        return Err(impossible("kind"));
    };
    if *found != kind {
        return Err(impossible("kind"));
    }
    let name = rest.split_at_checked(usize::from(*length));
    let (name, rest) = name.ok_or(impossible("model"))?;
    let name = std::str::from_utf8(name).ok().and_then(|n| n.parse().ok());
    Ok((name.ok_or(impossible("model"))?, rest))
}
