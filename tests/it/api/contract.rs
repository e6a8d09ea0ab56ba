//! The OpenAPI document is what the routes do: a fuzzer that reads it finds no contradiction.

use super::Served;
use std::path::PathBuf;
use std::process::Command;

/// The fuzzer, where the tools are installed (`scripts/install-build-tools --with-fuzzer`).
fn fuzzer() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let program = cache.join("tidegauge/schemathesis-4.32.5/bin/schemathesis");
    program.exists().then_some(program)
}

#[test]
fn a_fuzzer_that_reads_the_contract_finds_nothing() {
    let Some(fuzzer) = fuzzer() else {
        println!("skipped: schemathesis is not there (scripts/install-build-tools --with-fuzzer)");
        return;
    };
    let served = Served::with(&["--set=api.requests_per_second=0"]);
    let status = served
        .daemon
        .wait_until("the tip", |status| status["tip"].is_object());
    let pool = status["latest_swaps"][0]["pool"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let base = format!("http://{}", served.daemon.address());
    // Values that lead past the first refusal.
    let config =
        format!("[parameters]\n\"path.pool\" = \"{pool}\"\n\"path.date\" = \"2026-02-10\"\n");
    let file = folder.path().join("schemathesis.toml");
    std::fs::write(&file, config).unwrap();
    for (phases, with_values) in [("examples,coverage,fuzzing", false), ("fuzzing", true)] {
        let mut command = Command::new(&fuzzer);
        if with_values {
            command.arg("--config-file").arg(&file);
        }
        let run = command
            .args(["run", &format!("{base}/api/openapi.json")])
            .args(["--phases", phases, "--max-examples", "40", "--seed", "1"])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
            .args(["--exclude-path", "/api/stream", "--exclude-path", "/readyz"])
            .args(["--request-timeout", "10", "--no-color"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(
            run.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
    served.daemon.stop();
}
