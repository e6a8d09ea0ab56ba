//! A column's values on their way into a batch.

use super::schema::{USD_DIGITS, USD_PLACES};
use crate::cell::{Cell, Kind};
use arrow_array::ArrayRef;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMillisecondBuilder,
};

/// The greatest amount of as many digits, in units of its last place.
const USD_MOST: u128 = 10u128.pow(USD_DIGITS as u32) - 1;
const MILLIS_PER_SECOND: i64 = 1_000;

/// Why a cell was not taken.
pub(super) enum Unfit {
    /// It is of another kind.
    Kind,
    /// It leaves what the column can hold.
    Beyond(String),
}

pub(super) enum Builder {
    Int(Int64Builder),
    Float(Float64Builder),
    Usd(Decimal128Builder),
    Bool(BooleanBuilder),
    Text(StringBuilder),
    Day(Date32Builder),
    Moment(TimestampMillisecondBuilder),
}

impl Builder {
    pub(super) fn new(kind: Kind) -> Result<Self, arrow_schema::ArrowError> {
        Ok(match kind {
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Usd => Self::Usd(
                Decimal128Builder::new().with_precision_and_scale(USD_DIGITS, USD_PLACES)?,
            ),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Word | Kind::Text | Kind::Unique => Self::Text(StringBuilder::new()),
            Kind::Day => Self::Day(Date32Builder::new()),
            Kind::Moment => Self::Moment(TimestampMillisecondBuilder::new().with_timezone("UTC")),
        })
    }

    pub(super) fn push(&mut self, cell: &Cell<'_>) -> Result<(), Unfit> {
        match (self, cell) {
            (Self::Int(b), Cell::Int(value)) => b.append_value(*value),
            (Self::Float(b), Cell::Float(value)) => {
                // Unknown is NULL; what is not a number has no business in a file.
                if !value.is_finite() {
                    return Err(Unfit::Beyond(value.to_string()));
                }
                b.append_value(*value);
            }
            (Self::Usd(b), Cell::Usd(value)) => {
                if value.0.unsigned_abs() > USD_MOST {
                    return Err(Unfit::Beyond(value.to_string()));
                }
                b.append_value(value.0);
            }
            (Self::Bool(b), Cell::Bool(value)) => b.append_value(*value),
            (Self::Text(b), Cell::Text(value)) => b.append_value(value),
            (Self::Day(b), Cell::Day(value)) => {
                let number = i32::try_from(value.number());
                b.append_value(number.map_err(|_| Unfit::Beyond(value.to_string()))?);
            }
            (Self::Moment(b), Cell::Moment(value)) => {
                let millis = i64::try_from(value.0)
                    .ok()
                    .and_then(|seconds| seconds.checked_mul(MILLIS_PER_SECOND));
                b.append_value(millis.ok_or_else(|| Unfit::Beyond(value.to_string()))?);
            }
            (Self::Int(b), Cell::Null) => b.append_null(),
            (Self::Float(b), Cell::Null) => b.append_null(),
            (Self::Usd(b), Cell::Null) => b.append_null(),
            (Self::Bool(b), Cell::Null) => b.append_null(),
            (Self::Text(b), Cell::Null) => b.append_null(),
            (Self::Day(b), Cell::Null) => b.append_null(),
            (Self::Moment(b), Cell::Null) => b.append_null(),
            _ => return Err(Unfit::Kind),
        }
        Ok(())
    }

    /// The values since the last time.
    pub(super) fn take(&mut self) -> ArrayRef {
        match self {
            Self::Int(b) => ArrayBuilder::finish(b),
            Self::Float(b) => ArrayBuilder::finish(b),
            Self::Usd(b) => ArrayBuilder::finish(b),
            Self::Bool(b) => ArrayBuilder::finish(b),
            Self::Text(b) => ArrayBuilder::finish(b),
            Self::Day(b) => ArrayBuilder::finish(b),
            Self::Moment(b) => ArrayBuilder::finish(b),
        }
    }
}
