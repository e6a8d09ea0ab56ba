//! JSON schemas of values that are text to others.

use crate::{Day, PoolId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// Schema of an address: 0x and 40 hex digits, lower case.
pub struct AddressText;
/// Schema of a hash of 32 bytes: 0x and 64 hex digits, lower case.
pub struct HashText;

macro_rules! text {
    ($type:ident, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
            fn inline_schema() -> bool {
                true
            }
        }
    };
}

text!(AddressText, {"type": "string", "pattern": "^0x[0-9a-f]{40}$"});
text!(HashText, {"type": "string", "pattern": "^0x[0-9a-f]{64}$"});
text!(PoolId, {"type": "string", "pattern": "^0x[0-9a-f]{40}$"});
text!(Day, {"type": "string", "format": "date"});
