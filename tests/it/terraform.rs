//! `deploy/terraform/`: well formed; and, in the long form (`scripts/terraform`), applied against moto,
//! where the machine may do what it must and no more.

use crate::s3::{Server, free_port};
use crate::support::root;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

/// Where the provider lies on machines that have no way to the registry.
const PLUGINS: [&str; 2] = ["/opt/tf-plugins", "/usr/share/terraform/plugins"];

/// How moto is reached, and with what it is content.
const OVERRIDE: &str = r#"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  s3_use_path_style           = true
"#;

/// A copy of the configuration, initialised.
struct Workspace {
    folder: TempDir,
    endpoint: Option<String>,
}

impl Workspace {
    /// `None` where terraform or its provider is absent, which is said.
    fn new() -> Option<Self> {
        let plugins = PLUGINS.iter().map(Path::new).find(|folder| folder.is_dir());
        let is_there = Command::new("terraform").arg("version").output().is_ok();
        let (true, Some(plugins)) = (is_there, plugins) else {
            eprintln!("skipped: terraform and an offline mirror of its provider are not here");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let from = root().join("deploy/terraform");
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        let workspace = Self {
            folder,
            endpoint: None,
        };
        let plugins = format!("-plugin-dir={}", plugins.display());
        workspace.succeed(&["init", "-input=false", "-backend=false", &plugins]);
        Some(workspace)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("terraform");
        command
            .args(arguments)
            .arg("-no-color")
            .current_dir(self.folder.path())
            .env_remove("TF_CLI_CONFIG_FILE")
            .env("CHECKPOINT_DISABLE", "1");
        if let Some(endpoint) = &self.endpoint {
            command.env("AWS_ENDPOINT_URL", endpoint);
        }
        command.output().unwrap()
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn the_configuration_is_well_formed() {
    let Some(workspace) = Workspace::new() else {
        return;
    };
    workspace.succeed(&["fmt", "-check", "-diff"]);
    let said: Value = serde_json::from_str(&workspace.succeed(&["validate", "-json"])).unwrap();
    assert_eq!(said["valid"], true, "{said:#}");
    assert_eq!(said["warning_count"], 0, "{said:#}");
}

#[test]
fn everything_is_created_and_the_machine_may_do_what_it_must_and_no_more() {
    if std::env::var_os("TIDEGAUGE_TERRAFORM").is_none() {
        println!("skipped: it takes minutes (scripts/terraform)");
        return;
    }
    let Some(mut workspace) = Workspace::new() else {
        return;
    };
    let Some(moto) = Server::moto_with_policies(free_port()) else {
        return;
    };
    workspace.endpoint = Some(format!("http://127.0.0.1:{}", moto.port()));
    let providers = format!(
        "provider \"aws\" {{{OVERRIDE}}}\nprovider \"aws\" {{\n  alias = \"replica\"{OVERRIDE}}}\n"
    );
    std::fs::write(workspace.folder.path().join("test_override.tf"), providers).unwrap();
    let image = moto.boto("print(client('ec2').describe_images()['Images'][0]['ImageId'], end='')");
    let image = format!("ami_id={image}");
    let variables = [
        "-var",
        "bucket=swaps-of-ours",
        "-var",
        &image,
        "-var",
        "alert_email=a@example.org",
    ];
    let apply = [&["apply", "-auto-approve", "-input=false"][..], &variables].concat();
    workspace.succeed(&apply);
    let outputs: Value = serde_json::from_str(&workspace.succeed(&["output", "-json"])).unwrap();
    let text = |name: &str| outputs[name]["value"].as_str().unwrap().to_owned();
    assert_eq!(text("bucket"), "swaps-of-ours");
    the_machine_may(&serde_json::from_str(&text("collector_policy")).unwrap());
    let policy =
        moto.boto("print(client('s3').get_bucket_policy(Bucket='swaps-of-ours')['Policy'])");
    what_is_written_once(&serde_json::from_str(&policy).unwrap());
    // What is there is what is wanted.
    let plan = [
        &["plan", "-detailed-exitcode", "-input=false"][..],
        &variables,
    ]
    .concat();
    let said = workspace.run(&plan);
    let code = said.status.code();
    assert!(
        matches!(code, Some(0 | 2)),
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
    println!("after apply, a plan ends with {code:?} (2: moto forgets some settings)");
}

/// Each call that the program makes, and a list of those that it does not.
fn the_machine_may(policy: &Value) {
    let here = "eu-west-1:123456789012";
    let bucket = "arn:aws:s3:::swaps-of-ours";
    let metrics = |namespace| [("cloudwatch:namespace", namespace)];
    let none: [(&str, &str); 0] = [];
    let key = find(policy, "kms:Decrypt");
    let secret = find(policy, "secretsmanager:GetSecretValue");
    let user = find(policy, "rds-db:connect");
    assert!(user.ends_with("/tidegauge"), "{user}");
    for (action, resource) in [
        ("s3:ListBucket", bucket.to_owned()),
        (
            "s3:PutObject",
            format!("{bucket}/lake/_manifests/latest.json"),
        ),
        (
            "s3:PutObject",
            format!("{bucket}/snapshots/objects/ab/ab12"),
        ),
        ("s3:PutObject", format!("{bucket}/writer.json")),
        ("s3:PutObject", format!("{bucket}/probe/1")),
        (
            "s3:GetObject",
            format!("{bucket}/snapshots/LATEST-GOOD.json"),
        ),
        (
            "s3:GetObject",
            format!("{bucket}/releases/tidegauge.tar.gz"),
        ),
        ("s3:DeleteObject", format!("{bucket}/lake/swaps/x.parquet")),
        (
            "s3:AbortMultipartUpload",
            format!("{bucket}/snapshots/objects/ab/ab12"),
        ),
        ("kms:GenerateDataKey", key.clone()),
        ("secretsmanager:GetSecretValue", secret.clone()),
        ("sns:Publish", format!("arn:aws:sns:{here}:tidegauge")),
        ("rds-db:connect", user.clone()),
    ] {
        assert!(
            allows(policy, action, &resource, &none),
            "{action} {resource}"
        );
    }
    assert!(allows(
        policy,
        "cloudwatch:PutMetricData",
        "*",
        &metrics("Tidegauge/tidegauge")
    ));
    for (action, resource) in [
        ("s3:GetObject", "arn:aws:s3:::others/lake/x".to_owned()),
        (
            "s3:PutObject",
            format!("{bucket}/releases/tidegauge.tar.gz"),
        ),
        ("s3:PutObject", format!("{bucket}/elsewhere")),
        (
            "s3:DeleteObjectVersion",
            format!("{bucket}/lake/swaps/x.parquet"),
        ),
        ("s3:PutBucketPolicy", bucket.to_owned()),
        ("s3:PutBucketVersioning", bucket.to_owned()),
        ("s3:DeleteBucket", bucket.to_owned()),
        ("kms:ScheduleKeyDeletion", key),
        (
            "secretsmanager:GetSecretValue",
            secret.replace("/rpc", "/other"),
        ),
        ("secretsmanager:PutSecretValue", secret),
        ("sns:Publish", format!("arn:aws:sns:{here}:others")),
        ("sns:Subscribe", format!("arn:aws:sns:{here}:tidegauge")),
        (
            "rds-db:connect",
            user.replace("/tidegauge", "/tidegauge_admin"),
        ),
        ("rds:DeleteDBInstance", "*".to_owned()),
        ("iam:PassRole", "*".to_owned()),
        ("ec2:TerminateInstances", "*".to_owned()),
        ("sts:AssumeRole", "*".to_owned()),
        ("cloudwatch:DeleteAlarms", "*".to_owned()),
    ] {
        assert!(
            !allows(policy, action, &resource, &none),
            "{action} {resource}"
        );
    }
    assert!(!allows(
        policy,
        "cloudwatch:PutMetricData",
        "*",
        &metrics("AWS/EC2")
    ));
    assert!(!allows(policy, "cloudwatch:PutMetricData", "*", &none));
}

/// A write without a condition is refused wherever the program writes once.
fn what_is_written_once(policy: &Value) {
    let statements = policy["Statement"].as_array().unwrap();
    let once = statements
        .iter()
        .find(|s| s["Sid"] == "WrittenOnce")
        .unwrap();
    assert_eq!(
        (&once["Effect"], &once["Action"]),
        (&"Deny".into(), &"s3:PutObject".into())
    );
    let is_free = |key: &str| {
        let resource = format!("arn:aws:s3:::swaps-of-ours/{key}");
        list(&once["NotResource"])
            .iter()
            .any(|pattern| glob(pattern, &resource))
    };
    for key in [
        "writer.json",
        "lake/_manifests/latest.json",
        "snapshots/LATEST-GOOD.json",
        "probe/1",
    ] {
        assert!(is_free(key), "{key}");
    }
    for key in [
        "lake/_manifests/000000000017.json",
        "lake/_manifests/parts/ab.json",
        "lake/swaps/chain_id=1/date=2024-01-05/ab.parquet",
        "snapshots/objects/ab/ab12",
        "snapshots/manifests/000000000001-ab-e1-1-ab.json",
    ] {
        assert!(!is_free(key), "{key}");
    }
}

/// The resource of the statement that allows an action.
fn find(policy: &Value, action: &str) -> String {
    let statements = policy["Statement"].as_array().unwrap();
    let found = statements
        .iter()
        .find(|statement| list(&statement["Action"]).iter().any(|a| a == action));
    list(&found.unwrap_or_else(|| panic!("{action}: {policy:#}"))["Resource"])[0].clone()
}

/// Whether a policy without denials allows it, as IAM judges.
fn allows(policy: &Value, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        let holds = |(key, wanted): (&String, &Value)| {
            let given = context.iter().find(|(name, _)| name == key);
            given.is_some_and(|(_, value)| list(wanted).iter().any(|w| w == value))
        };
        let conditions = statement["Condition"].as_object();
        let is_met = conditions.is_none_or(|tests| {
            tests.iter().all(|(test, keys)| {
                assert_eq!(test, "StringEquals");
                keys.as_object().unwrap().iter().all(holds)
            })
        });
        let matches = |of: &Value, text: &str| list(of).iter().any(|pattern| glob(pattern, text));
        is_met && matches(&statement["Action"], action) && matches(&statement["Resource"], resource)
    })
}

/// One text, or several.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts
            .iter()
            .map(|t| t.as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{other}"),
    }
}

/// `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn patterns_match_as_in_iam() {
    for (pattern, text, expected) in [
        ("a/*", "a/b/c", true),
        ("a/*", "a", false),
        ("a", "a", true),
        ("a", "ab", false),
        ("*", "", true),
        ("a*c*e", "abcde", true),
        ("a*c*e", "abcd", false),
    ] {
        assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
    }
}
