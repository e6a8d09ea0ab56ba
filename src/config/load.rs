//! Reading the configuration from its sources, with errors that name the key and the way out.

use super::Config;
use crate::error::Error;
use figment::{
    Figment, Profile, Source,
    providers::{Env, Format, Serialized, Toml},
    util::nest,
    value::{Dict, Value},
};
use serde::{Deserialize, Deserializer, de};
use std::{fmt, marker::PhantomData, path::Path};
use tidegauge_sync::Database;

/// Prefix of the environment's overrides; only names with `__` in them are keys.
const ENV_PREFIX: &str = "TIDEGAUGE_";

/// Loads and checks the configuration.
///
/// # Errors
/// [`Error::Usage`] for a file that cannot be read, an unknown key or a value out of range.
pub(crate) fn load(file: Option<&Path>, overrides: &[String]) -> Result<Config, Error> {
    let mut figment = Figment::new().merge(earlier_variables());
    match file {
        Some(path) => {
            std::fs::File::open(path).map_err(|e| {
                Error::Usage(format!(
                    "cannot read the configuration file {}: {e}",
                    path.display()
                ))
            })?;
            figment = figment.merge(Toml::file_exact(path));
        }
        None => figment = figment.merge(Toml::file("config.toml")),
    }
    figment = figment.merge(
        Env::prefixed(ENV_PREFIX)
            .filter(|key| key.as_str().contains("__"))
            .split("__"),
    );
    for text in overrides {
        figment = figment.merge(one(text)?);
    }
    let config: Config = figment.extract().map_err(|e| Error::Usage(explain(&e)))?;
    check(&config).map_err(Error::Usage)?;
    Ok(config)
}

/// The variables of the earlier system, as fall-backs.
fn earlier_variables() -> Figment {
    let variable = |name: &str| {
        let value = std::env::var(name).ok()?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    let mut found = Figment::new();
    if let Some(key) = variable("ALCHEMY_API_KEY") {
        let url = format!("https://eth-mainnet.g.alchemy.com/v2/{key}");
        found = found.merge(Serialized::default("chain.rpc_urls", vec![url]));
    }
    if let Some(bucket) = variable("S3_BUCKET") {
        found = found.merge(Serialized::default("sync.s3.bucket", bucket));
    }
    // DB_PASSWORD is read where a URL lacks its password.
    if let Some(host) = variable("DB_HOST") {
        let user = variable("DB_USER").unwrap_or_else(|| "postgres".to_owned());
        let name = variable("DB_NAME").unwrap_or_else(|| "postgres".to_owned());
        let port = variable("DB_PORT")
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let url = format!("postgres://{user}@{host}{port}/{name}");
        found = found.merge(Serialized::default("sync.postgres.url", url));
    }
    found
}

/// One `--set section.key=value` as a source; the value is TOML, or else a bare string.
fn one(text: &str) -> Result<Serialized<Dict>, Error> {
    let malformed = || {
        Error::Usage(format!(
            "`--set {text}`: write --set section.key=value, e.g. --set storage.path=/data"
        ))
    };
    let (key, value) = text.split_once('=').ok_or_else(malformed)?;
    if key.split('.').count() < 2 || key.split('.').any(str::is_empty) {
        return Err(malformed());
    }
    let value: Value = toml::from_str::<Dict>(&format!("value = {value}"))
        .ok()
        .and_then(|mut d| d.remove("value"))
        // A bare day is a date to TOML, and a table to figment.
        .filter(|value| !matches!(value, Value::Dict(..)))
        .unwrap_or_else(|| value.into());
    let dict = nest(key, value).into_dict().ok_or_else(malformed)?;
    Ok(Serialized::from(dict, Profile::Default))
}

/// One line a person can act on.
fn explain(error: &figment::Error) -> String {
    use figment::error::Kind;
    let mut lines: Vec<String> = Vec::new();
    for e in error.clone() {
        let path = e.path.join(".");
        let source = match e
            .metadata
            .as_ref()
            .map(|m| (m.name.as_ref(), m.source.as_ref()))
        {
            Some((_, Some(Source::File(path)))) => format!(" in {}", path.display()),
            Some((name, _)) if name.contains("environment") => " in the environment".to_owned(),
            _ => String::new(),
        };
        lines.push(match &e.kind {
            Kind::UnknownField(name, expected) => {
                let prefix = if path.is_empty() || path == *name {
                    String::new()
                } else {
                    format!(
                        "{}.",
                        path.trim_end_matches(name.as_str()).trim_end_matches('.')
                    )
                };
                let near = expected
                    .iter()
                    .max_by(|a, b| {
                        strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name))
                    })
                    .map(|near| format!("; did you mean `{prefix}{near}`?"))
                    .unwrap_or_default();
                format!("configuration{source}: unknown key `{prefix}{name}`{near}")
            }
            kind => format!("configuration{source}: `{path}`: {kind}"),
        });
    }
    lines.dedup();
    lines.join("\n")
}

/// Ranges that types cannot hold.
fn check(config: &Config) -> Result<(), String> {
    let within = |key: &str, value: u64, low: u64, high: u64, unit: &str| {
        if (low..=high).contains(&value) {
            Ok(())
        } else {
            Err(format!(
                "configuration: `{key}` = {value} is out of range: {low} to {high} {unit}"
            ))
        }
    };
    within(
        "chain.max_in_flight",
        config.chain.max_in_flight as u64,
        1,
        256,
        "requests",
    )?;
    within(
        "chain.request_timeout_s",
        config.chain.request_timeout_s,
        1,
        600,
        "seconds",
    )?;
    within(
        "chain.max_body_mib",
        config.chain.max_body_mib as u64,
        1,
        1_024,
        "MiB",
    )?;
    within(
        "chain.poll_interval_ms",
        config.chain.poll_interval_ms,
        50,
        60_000,
        "milliseconds",
    )?;
    within(
        "chain.silence_s",
        config.chain.silence_s,
        1,
        3_600,
        "seconds",
    )?;
    within(
        "reorg.confirm_depth",
        config.reorg.confirm_depth,
        0,
        1_024,
        "blocks",
    )?;
    within(
        "storage.memory_mib",
        config.storage.memory_mib as u64,
        64,
        65_536,
        "MiB",
    )?;
    within(
        "storage.min_free_mib",
        config.storage.min_free_mib,
        64,
        1 << 20,
        "MiB",
    )?;
    within(
        "predictions.keep_days",
        config.predictions.keep_days.into(),
        42,
        36_500,
        "days",
    )?;
    config.alerts.check()?;
    config.api.check()?;
    config.cloudwatch.place()?;
    if let Some(settings) = config.sync.postgres.settings().map_err(|e| e.to_string())? {
        Database::new(settings).map_err(|e| e.to_string())?;
    }
    if config.storage.path.as_os_str().is_empty() {
        return Err("configuration: `storage.path` is empty: name a folder".to_owned());
    }
    Ok(())
}

/// A list, or its elements in one comma-separated string (as the environment gives it).
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    d: D,
) -> Result<Vec<T>, D::Error> {
    struct Reader<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Reader<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list, or a comma-separated string")
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            text.split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| T::deserialize(de::value::StrDeserializer::new(part)))
                .collect()
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(item) = items.next_element()? {
                all.push(item);
            }
            Ok(all)
        }
    }
    d.deserialize_any(Reader(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn with(overrides: &[&str]) -> Result<Config, String> {
        let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
        load(Some(Path::new("/dev/null")), &overrides).map_err(|e| e.to_string())
    }

    #[test]
    fn overrides_reach_their_keys() {
        let config = with(&[
            "chain.rpc_urls=http://127.0.0.1:1,http://127.0.0.1:2",
            "chain.start=2024-01-05",
            "storage.path=/data/x",
            "chain.max_in_flight=3",
            "chain.pools=[\"0xaa\"]",
        ])
        .expect("good");
        assert_eq!(config.chain.rpc_urls.len(), 2);
        assert_eq!(config.chain.start.to_string(), "2024-01-05");
        assert_eq!(config.storage.path, Path::new("/data/x"));
        assert_eq!(config.chain.max_in_flight, 3);
        assert_eq!(config.chain.pools, ["0xaa"]);
        let config = with(&[
            "sync.postgres.url=postgres://u:s3cret@db.example/d",
            "sync.postgres.prepared_statements=false",
            "sync.postgres.tls=verify-full",
        ])
        .expect("good");
        let settings = config
            .sync
            .postgres
            .settings()
            .expect("good")
            .expect("a mirror");
        assert!(!settings.prepared);
        assert_eq!(settings.tls, tidegauge_sync::TlsMode::VerifyFull);
        assert_eq!(
            settings.url.to_string(),
            "postgres://u:***@db.example:5432/d"
        );
        assert!(!format!("{config:?}").contains("s3cret"));
        assert_eq!(
            with(&["chain.start=19000000"])
                .expect("good")
                .chain
                .start
                .to_string(),
            "19000000"
        );
    }

    #[test]
    fn what_does_not_hold_is_named() {
        for (text, expected) in [
            (
                "chain.rpc_url=http://a",
                "unknown key `chain.rpc_url`; did you mean `chain.rpc_urls`?",
            ),
            ("chian.id=1", "unknown key `chian`; did you mean `chain`?"),
            (
                "chain.max_in_flight=0",
                "`chain.max_in_flight` = 0 is out of range: 1 to 256 requests",
            ),
            ("chain.max_in_flight=lots", "`chain.max_in_flight`"),
            ("chain.start=yesterday", "is no place to start"),
            ("api.listen=0.0.0.0:80", "api.tokens is empty"),
            ("api.tokens=quant:read:abc", "tidegauge token"),
            ("api.cors_origins=example.org", "https://example.org"),
            ("api.webhook.secrets=short", "api.webhook.secrets"),
            ("api.webhook.sns_topics=alerts", "arn:aws:sns:"),
            ("alerts.sns.pager.topic=alerts", "arn:aws:sns:"),
            ("cloudwatch.namespace=AWS/EC2", "cloudwatch.namespace"),
            ("cloudwatch.namespace=a b", "cloudwatch.namespace"),
            ("api.max_connections=3", "api.max_connections"),
            ("features.user=anybody", "features.user"),
            ("storage", "--set section.key=value"),
            ("storage.=x", "--set section.key=value"),
            (
                "sync.postgres.urls=x",
                "unknown key `sync.postgres.urls`; did you mean `sync.postgres.url`?",
            ),
            ("sync.postgres.tls=require", "sync.postgres.tls"),
            (
                "sync.postgres.url=mysql://u:p@h/d",
                "begin with postgres://",
            ),
        ] {
            let error = with(&[text]).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_mirror_that_contradicts_itself_is_refused() {
        let url = "sync.postgres.url=postgres://u:s3cret@db.example/d?sslmode=disable";
        for (text, expected) in [
            ("sync.postgres.tls=verify-full", "contradict each other"),
            (
                "sync.postgres.auth=aws-iam",
                "a token would be sent in the open",
            ),
            (
                "sync.postgres.region=eu-west-1",
                "is for sync.postgres.auth",
            ),
            ("sync.postgres.schema=Public", "write lower-case letters"),
            ("sync.postgres.ca_file=/x.pem", "TLS is off"),
        ] {
            let error = with(&[url, text]).expect_err(text);
            assert!(
                error.contains(expected) && !error.contains("s3cret"),
                "{text}: {error}"
            );
            // Without a mirror there is nothing to contradict.
            with(&[text]).expect(text);
        }
    }

    #[test]
    fn the_documented_file_is_the_defaults_and_names_every_key() {
        let text = include_str!("../../config.toml");
        let documented: Config = Figment::new()
            .merge(Toml::string(text))
            .extract()
            .expect("config.toml holds");
        assert_eq!(documented, Config::default());
        fn keys(value: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
            match value.as_object() {
                Some(section) => {
                    for (key, inside) in section {
                        keys(inside, &format!("{path}.{key}"), found);
                    }
                }
                None => {
                    found.insert(path.trim_start_matches('.').to_owned());
                }
            }
        }
        let mut section = String::new();
        let mut written = BTreeSet::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                section = name.to_owned();
            } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
                && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            {
                written.insert(format!("{section}.{key}"));
            }
        }
        let mut existing = BTreeSet::new();
        let defaults = serde_json::to_value(Config::default()).expect("json");
        keys(&defaults, "", &mut existing);
        assert_eq!(written, existing);
    }
}
