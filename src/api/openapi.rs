//! The routes as an OpenAPI 3.1 document, made of the types that answer.

use super::intake::Intake;
use super::refusal::Fault;
use super::route::Route;
use super::routes::stream;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};
use warp::http::StatusCode;

/// Refusals that any route may have.
const COMMON: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::URI_TOO_LONG,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// Refusals that any route that takes a body may have.
const OF_BODIES: [StatusCode; 3] = [
    StatusCode::BAD_REQUEST,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
];

/// The document.
pub(super) fn document(routes: &[Route], intakes: &[Intake]) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut schemas = settings.into_generator();
    let fault = schemas.subschema_for::<Fault>();
    let mut paths = Map::new();
    for route in routes {
        paths.insert(
            route.path.to_owned(),
            json!({"get": operation(route, &mut schemas, &fault)}),
        );
    }
    paths.insert(
        "/api/stream".to_owned(),
        json!({"get": streaming(&mut schemas, &fault)}),
    );
    for intake in intakes {
        let method = intake.method.as_str().to_ascii_lowercase();
        let operation = taking(intake, &mut schemas, &fault);
        // Some of them are asked by GET as well.
        let path = paths.entry(intake.path).or_insert_with(|| json!({}));
        path[method] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tidegauge",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Uniswap V3 swaps, their features and forecasts",
            "description": "Every answer is made from one state of the store and says as of which block. Answers of the store have an ETag: send it back as If-None-Match, and 304 says that no block came, went or was repaired since.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    })
}

fn operation(route: &Route, schemas: &mut SchemaGenerator, fault: &Schema) -> Value {
    let answer = (route.answer)(schemas);
    let mut responses = refusals(route.refusals, fault);
    if !route.is_light {
        responses.extend(refusals(&COMMON, fault));
    }
    // A probe answers in its own words that it is not ready.
    let as_answer =
        json!({"description": "the answer", "content": {"application/json": {"schema": answer}}});
    responses.insert("200".to_owned(), as_answer.clone());
    if route.path == "/readyz" {
        responses.insert("503".to_owned(), as_answer);
    }
    if route.has_tag {
        responses.insert("304".to_owned(), json!({"description": "nothing changed"}));
    }
    let mut parameters: Vec<Value> = route.path.split('/').filter_map(in_path).collect();
    parameters.extend(in_query(&(route.query)(schemas)));
    if !parameters.is_empty() {
        responses.extend(refusals(&[StatusCode::BAD_REQUEST], fault));
    }
    json!({"summary": route.about, "parameters": parameters, "responses": responses})
}

fn taking(intake: &Intake, schemas: &mut SchemaGenerator, fault: &Schema) -> Value {
    let answer = (intake.answer)(schemas);
    let mut responses = refusals(intake.refusals, fault);
    responses.extend(refusals(&COMMON, fault));
    responses.extend(refusals(&OF_BODIES, fault));
    responses.insert(
        "200".to_owned(),
        json!({"description": "the answer", "content": {"application/json": {"schema": answer}}}),
    );
    let body = json!({"type": "object"});
    let parameters: Vec<Value> = intake.path.split('/').filter_map(in_path).collect();
    json!({
        "summary": intake.about,
        "parameters": parameters,
        "description": format!("At most {} bytes.", intake.most_bytes),
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": responses,
    })
}

fn streaming(schemas: &mut SchemaGenerator, fault: &Schema) -> Value {
    let events = [
        schemas.subschema_for::<stream::StepEvent>(),
        schemas.subschema_for::<stream::FeaturesNow>(),
        schemas.subschema_for::<stream::ResetEvent>(),
    ];
    let mut responses = refusals(&COMMON, fault);
    responses.extend(refusals(&[StatusCode::BAD_REQUEST], fault));
    responses.insert(
        "200".to_owned(),
        json!({
            "description": "events `step`, `features` and `reset`, until one side leaves",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
            "x-events": events,
        }),
    );
    json!({
        "summary": "New blocks and changed features, as server-sent events",
        "parameters": in_query(&stream::Wanted::json_schema(schemas)),
        "responses": responses,
    })
}

fn refusals(statuses: &[StatusCode], fault: &Schema) -> Map<String, Value> {
    let one = |status: &StatusCode| {
        let reason = status.canonical_reason().unwrap_or("refused");
        let content = json!({"application/json": {"schema": fault}});
        let response = json!({"description": reason, "content": content});
        (status.as_str().to_owned(), response)
    };
    statuses.iter().map(one).collect()
}

/// A part of a path that is not fixed.
fn in_path(segment: &str) -> Option<Value> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let schema = match name {
        "date" => json!({"type": "string", "format": "date"}),
        "model" => json!({"type": "string", "pattern": "^[0-9A-Za-z_-][0-9A-Za-z_.-]{0,47}$"}),
        "pool" => json!({"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}),
        _ => json!({"type": "string"}),
    };
    Some(json!({"name": name, "in": "path", "required": true, "schema": schema}))
}

/// The members of a query's schema as parameters.
fn in_query(query: &Schema) -> Vec<Value> {
    let members = query.get("properties").and_then(Value::as_object);
    let required = query.get("required").and_then(Value::as_array);
    members
        .into_iter()
        .flatten()
        .map(|(name, schema)| {
            let is_required = required.is_some_and(|names| names.iter().any(|n| n == name));
            json!({
                "name": name,
                "in": "query",
                "required": is_required,
                "description": schema.get("description"),
                "schema": of_parameter(schema.clone()),
            })
        })
        .collect()
}

/// A parameter is there or not; it is never null.
fn of_parameter(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    members.remove("description");
    if let Some(Value::Array(kinds)) = members.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [only] = choices.as_slice() {
            return only.clone();
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::routes;

    #[test]
    fn every_route_is_described_whole() {
        let document = document(&routes::all(), &routes::intakes());
        let text = document.to_string();
        for route in routes::all() {
            let operation = &document["paths"][route.path]["get"];
            assert_eq!(operation["summary"], route.about, "{}", route.path);
            assert!(operation["responses"]["200"].is_object());
        }
        // Every reference leads somewhere.
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(
                document["components"]["schemas"][name].is_object(),
                "{name}"
            );
        }
        assert!(!text.contains("$defs"));
    }
}
