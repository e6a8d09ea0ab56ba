//! Schemas of rows, from their columns.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};
use tidegauge_features::{Column, Kind};
use tidegauge_sync::Kind as TableKind;

/// An object with a member for each column of features or targets.
pub(super) fn of_columns(columns: &[Column]) -> Schema {
    object(columns.iter().map(|column| {
        let kind = match column.name {
            "feature_set" => json!({"type": ["string", "null"]}),
            _ => of_kind(column.kind),
        };
        (column.name, column.meaning, kind)
    }))
}

/// An object with a member for each column of a table.
pub(super) fn of_table(columns: &[tidegauge_sync::Column]) -> Schema {
    object(columns.iter().map(|column| {
        let kind = match column.kind {
            TableKind::Int | TableKind::Moment => "integer",
            TableKind::Float | TableKind::Usd => "number",
            TableKind::Bool => "boolean",
            TableKind::Word | TableKind::Text | TableKind::Unique | TableKind::Day => "string",
        };
        (column.name, column.meaning, json!({"type": [kind, "null"]}))
    }))
}

fn object(members: impl Iterator<Item = (&'static str, &'static str, Value)>) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, meaning, mut schema) in members {
        schema["description"] = meaning.into();
        properties.insert(name.to_owned(), schema);
        required.push(name);
    }
    json_schema!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn of_kind(kind: Kind) -> Value {
    match kind {
        Kind::Int => json!({"type": ["integer", "null"]}),
        Kind::Float | Kind::Usd => json!({"type": ["number", "null"]}),
        Kind::Bool => json!({"type": ["boolean", "null"]}),
        Kind::Word(words) => {
            let words = words.iter().map(|&word| Value::from(word));
            json!({"enum": words.chain([Value::Null]).collect::<Vec<_>>()})
        }
    }
}
