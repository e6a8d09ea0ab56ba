//! Who may depend on whom, and on what from outside.

use super::{CRATES, architecture, code, has_word, rust_files, starts_with};
use crate::support::root;
use std::collections::{BTreeMap, BTreeSet};

/// Foreign names, and the only places where they may stand.
const WALLS: [(&str, &[&str]); 26] = [
    ("rocksdb", &["storage"]),
    ("bincode", &["storage"]),
    ("libm", &["predict", "src/forecasts/onnx"]),
    ("postcard", &["predict/src/saved.rs"]),
    ("sqlx", &["sync/src/postgres", "sync/tests", "sync/benches"]),
    (
        "rustls",
        &[
            "sync/src/postgres",
            "objects/src/bucket",
            "cloud/src/sns_message.rs",
        ],
    ),
    ("webpki", &["cloud/src/sns_message.rs"]),
    ("rcgen", &["sync/tests/it/support", "cloud/tests"]),
    ("aws_config", &["cloud", "objects/src/bucket"]),
    ("aws_sigv4", &["cloud"]),
    ("aws_credential_types", &["cloud"]),
    ("aws_sdk_s3", &["objects/src/bucket"]),
    ("aws_sdk_sns", &["cloud/src"]),
    ("aws_sdk_cloudwatch", &["cloud/src"]),
    ("aws_sdk_secretsmanager", &["cloud/src"]),
    ("aws_smithy_http_client", &["objects/src/bucket"]),
    ("arrow_array", &["sync"]),
    ("arrow_cast", &["sync"]),
    ("tract_onnx", &["onnx"]),
    ("arrow_schema", &["sync"]),
    (
        "warp",
        &[
            "src/api",
            "simchain/src/server",
            "chain/tests",
            "chain/src/rpc/tests",
        ],
    ),
    ("indicatif", &["src/progress.rs"]),
    (
        "metrics_exporter_prometheus",
        &["src/metrics/prometheus.rs"],
    ),
    (
        "alloy",
        &["chain", "simchain", "benches/peers/collect/alloy-loop"],
    ),
    (
        "reqwest",
        &[
            "chain",
            "src/alerts/sink/webhook.rs",
            "src/inbox/sns.rs",
            "simchain/tests",
            "simchain/benches",
            "tests",
            "benches",
        ],
    ),
    (
        "tidegauge_simchain",
        &[
            "src/commands/simulate.rs",
            "src/mischief.rs",
            "src/error.rs",
            "simchain",
            "chain/tests",
            "storage/tests",
            "tests",
            "benches",
        ],
    ),
];

/// Crates from outside that these manifests alone may name: their words are everyday ones, so that
/// the text of a file cannot tell.
const BEHIND_A_MANIFEST: [(&str, &[&str]); 14] = [
    ("parquet", &["sync"]),
    ("arrow-array", &["sync"]),
    ("arrow-cast", &["sync"]),
    ("arrow-schema", &["sync"]),
    ("rocksdb", &["storage"]),
    ("sqlx", &["sync"]),
    ("aws-config", &["cloud", "objects"]),
    ("aws-sigv4", &["cloud"]),
    ("aws-sdk-s3", &["objects"]),
    ("aws-sdk-sns", &["cloud"]),
    ("aws-sdk-cloudwatch", &["cloud"]),
    ("aws-sdk-secretsmanager", &["cloud"]),
    ("tract-onnx", &["onnx"]),
    ("aws-smithy-http-client", &["objects"]),
];

#[test]
fn foreign_crates_stand_in_their_manifests() {
    for (name, _) in CRATES {
        for line in dependencies(name) {
            let foreign = line.split(['.', ' ', '=']).next().unwrap_or_default();
            for (behind, only) in BEHIND_A_MANIFEST {
                assert!(
                    foreign != behind || only.contains(&name),
                    "{name} depends on {behind}, which belongs in {only:?}"
                );
            }
        }
    }
}

#[test]
fn crates_depend_on_each_other_as_the_picture_says() {
    let found: BTreeMap<&str, BTreeSet<String>> = CRATES
        .into_iter()
        .map(|(name, _)| (name, ours(&dependencies(name))))
        .collect();
    assert_eq!(found, picture());
}

#[test]
fn foreign_names_stay_behind_their_walls() {
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let code = code(&text);
        for (name, allowed) in WALLS {
            // This file names them all.
            if has_word(&code, name)
                && !starts_with(&path, allowed)
                && !path.ends_with("tidy/crates.rs")
            {
                found.push(format!(
                    "{}: {name} belongs behind the wall of {allowed:?}",
                    path.display()
                ));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_third_party_crate_is_declared_once() {
    for (name, _) in CRATES {
        for line in dependencies(name) {
            assert!(
                line.contains("workspace"),
                "{name}: `{line}` belongs in [workspace.dependencies] of the root"
            );
        }
    }
}

/// The lines of `[dependencies]` of a crate.
fn dependencies(name: &str) -> Vec<String> {
    let manifest = root()
        .join(if name == "src" { "" } else { name })
        .join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn ours(lines: &[String]) -> BTreeSet<String> {
    lines
        .iter()
        .filter_map(|line| {
            line.strip_prefix("tidegauge-")?
                .split(['.', ' ', '='])
                .next()
        })
        .map(str::to_owned)
        .collect()
}

/// The edges in ARCHITECTURE.md: lines such as `chain → model` of the block marked `edges`.
fn picture() -> BTreeMap<&'static str, BTreeSet<String>> {
    let text = architecture();
    let block = text
        .split("```edges\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a block marked `edges`");
    let mut edges: BTreeMap<&str, BTreeSet<String>> = CRATES
        .into_iter()
        .map(|(name, _)| (name, BTreeSet::new()))
        .collect();
    for line in block.lines() {
        let (from, to) = line.split_once('→').unwrap_or((line, ""));
        let of = edges
            .get_mut(from.trim())
            .unwrap_or_else(|| panic!("`{from}` is no crate"));
        of.extend(
            to.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
        );
    }
    edges
}
