//! AWS's services, as moto plays them: topics, numbers for alarms, secrets that are replaced.

use crate::numbers::Collected;
use crate::s3::{Server, free_port};
use crate::support::{Daemon, Program, cbor, exits_with_one_error};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";
const DEADLINE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(200);
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";

/// Makes the topic, and a queue that keeps what it is told.
const SUBSCRIBE: &str = r"
topic = client('sns').create_topic(Name='alerts')['TopicArn']
queue = client('sqs').create_queue(QueueName='told')['QueueUrl']
arn = client('sqs').get_queue_attributes(QueueUrl=queue, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
client('sns').subscribe(TopicArn=topic, Protocol='sqs', Endpoint=arn, Attributes={'RawMessageDelivery': 'true'})
print(topic)
";

/// Takes what the queue holds: what was said, and its attributes.
const RECEIVE: &str = r"
sqs = client('sqs')
queue = sqs.get_queue_url(QueueName='told')['QueueUrl']
found = []
while True:
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=['All']).get('Messages', [])
    for message in messages:
        attributes = {name: a['StringValue'] for name, a in message.get('MessageAttributes', {}).items()}
        found.append({'said': json.loads(message['Body']), 'attributes': attributes})
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message['ReceiptHandle'])
    if not messages:
        break
print(json.dumps(found))
";

/// What is told, asked of moto at a port.
struct Variables(Vec<(String, String)>);

impl Variables {
    fn of(port: u16) -> Self {
        Self(vec![
            (
                "AWS_ENDPOINT_URL".to_owned(),
                format!("http://127.0.0.1:{port}"),
            ),
            ("AWS_REGION".to_owned(), "eu-west-1".to_owned()),
        ])
    }

    fn all(&self) -> Vec<(&str, &str)> {
        let pairs = self.0.iter();
        pairs
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "no {what}");
        thread::sleep(POLL);
    }
}

fn received(moto: &Server) -> Vec<Value> {
    let found: Value = serde_json::from_str(&moto.boto(RECEIVE)).unwrap();
    found.as_array().unwrap().clone()
}

#[test]
fn a_topic_that_was_down_hears_of_everything_once() {
    let collected = Collected::new();
    let port = free_port();
    let variables = Variables::of(port);
    let topic = format!("--set=alerts.sns.oncall.topic={TOPIC}");
    let settings = [
        topic.as_str(),
        "--set=alerts.rules.endpoint_down.fire_after_s=0",
        "--set=alerts.rules.endpoint_down.recover_after_s=0",
    ];
    let start = |url: &str| {
        Daemon::start_with(
            &variables.all(),
            &collected.store(),
            url,
            &settings,
            &["run"],
        )
    };
    // There is no SNS.
    let daemon = start(NOWHERE);
    let sink = wait_for("refusal", || {
        let all = daemon.get("/api/alerts")?;
        let sink = all["sinks"][0].clone();
        sink["last_error"].is_string().then_some(sink)
    });
    assert_eq!(sink["name"], "oncall");
    let why = sink["last_error"].as_str().unwrap();
    assert!(why.contains("sns:Publish"), "{why}");
    // The process ends, too; then there is a topic again.
    daemon.kill();
    let Some(moto) = Server::moto_at(port, &[]) else {
        return;
    };
    assert_eq!(moto.boto(SUBSCRIBE).trim(), TOPIC);
    let daemon = start(&collected.chain.url);
    let mut told = Vec::new();
    wait_for("end of the trouble", || {
        told.extend(received(&moto));
        let is_over = |alert: &Value| {
            alert["said"]["rule"] == "endpoint_down" && alert["said"]["state"] == "recovered"
        };
        told.iter().any(is_over).then_some(())
    });
    wait_for("empty spool", || {
        let all = daemon.get("/api/alerts")?;
        (all["sinks"][0]["waiting"] == 0).then_some(())
    });
    told.extend(received(&moto));
    let all = daemon.get("/api/alerts").unwrap();
    daemon.stop();

    let of_it: Vec<&Value> = told
        .iter()
        .filter(|alert| alert["said"]["rule"] == "endpoint_down")
        .collect();
    assert_eq!(of_it.len(), 2, "{told:#?}");
    assert_eq!(of_it[0]["attributes"]["state"], "firing");
    assert_eq!(of_it[0]["attributes"]["severity"], "warn");
    assert_eq!(of_it[1]["said"]["episode"], of_it[0]["said"]["id"]);
    // Every alert that was told, once, in order.
    let mut expected: Vec<&Value> = all["told"].as_array().unwrap().iter().collect();
    expected.reverse();
    let said: Vec<&Value> = told.iter().map(|alert| &alert["said"]).collect();
    assert_eq!(said, expected);
}

/// CloudWatch as its own client speaks to it (Smithy RPC v2 in CBOR), in front of moto, which knows the
/// older protocol alone: what is put goes on to it in that.
fn cloudwatch(moto: &Server) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, to) = (listener.local_addr().unwrap().port(), moto.port());
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // Who is gone in the middle of a request asks again.
            let _ = translate(client, to);
        }
    });
    port
}

fn translate(mut client: TcpStream, moto: u16) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    loop {
        let (mut length, mut signature) = (0, String::new());
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        assert!(line.contains("/operation/PutMetricData "), "{line}");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().ok()?;
                }
                Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                    signature = value.to_owned();
                }
                Some((name, _)) => assert!(!name.eq_ignore_ascii_case("content-encoding")),
                None => break,
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let status = put(moto, &signature, &cbor::read(&body));
        let answer = format!(
            "HTTP/1.1 {status}\r\nsmithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\ncontent-length: 1\r\n\r\n"
        );
        client.write_all(answer.as_bytes()).ok()?;
        client.write_all(&[0xa0]).ok()?;
    }
}

/// In the older protocol; the status of moto's answer.
fn put(moto: u16, signature: &str, asked: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", "PutMetricData")
        .append_pair("Version", "2010-08-01");
    form.append_pair("Namespace", asked["Namespace"].as_str().unwrap());
    for (n, datum) in (1..).zip(asked["MetricData"].as_array().unwrap()) {
        let datum_at = format!("MetricData.member.{n}");
        for name in ["MetricName", "Unit"] {
            form.append_pair(&format!("{datum_at}.{name}"), datum[name].as_str().unwrap());
        }
        let value = datum["Value"].as_f64().unwrap().to_string();
        form.append_pair(&format!("{datum_at}.Value"), &value);
        let at = jiff::Timestamp::from_second(datum["Timestamp"].as_f64().unwrap() as i64);
        form.append_pair(&format!("{datum_at}.Timestamp"), &at.unwrap().to_string());
        for (m, of) in (1..).zip(datum["Dimensions"].as_array().unwrap()) {
            for name in ["Name", "Value"] {
                let key = format!("{datum_at}.Dimensions.member.{m}.{name}");
                form.append_pair(&key, of[name].as_str().unwrap());
            }
        }
    }
    let body = form.finish();
    let Ok(mut line) = TcpStream::connect(("127.0.0.1", moto)) else {
        return "503 Service Unavailable".to_owned();
    };
    write!(
        line,
        "POST / HTTP/1.1\r\nHost: monitoring.eu-west-1.amazonaws.com\r\nAuthorization: {signature}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap()["HTTP/1.1 ".len()..].to_owned()
}

#[test]
fn alarms_outside_see_what_the_rules_see() {
    let Some(moto) = Server::moto_at(free_port(), &[]) else {
        return;
    };
    let collected = Collected::new();
    let variables = Variables::of(cloudwatch(&moto));
    let settings = [
        "--set=cloudwatch.namespace=Tidegauge",
        "--set=cloudwatch.every=1s",
    ];
    let (store, url) = (collected.store(), &collected.chain.url);
    let daemon = Daemon::start_with(&variables.all(), &store, url, &settings, &["run"]);
    let script = r"
found = {}
for metric in client('cloudwatch').list_metrics(Namespace='Tidegauge')['Metrics']:
    of = {d['Name']: d['Value'] for d in metric['Dimensions']}
    known = found.setdefault(metric['MetricName'], [])
    if of not in known:
        known.append(of)
print(json.dumps(found))
";
    let wanted = [
        "tidegauge_heartbeat",
        "tidegauge_lag_blocks",
        "tidegauge_lag_seconds",
        "tidegauge_disk_free_bytes",
        "tidegauge_rpc_success_ratio",
        "tidegauge_day_complete",
    ];
    let found = wait_for("numbers", || {
        let found: Value = serde_json::from_str(&moto.boto(script)).unwrap();
        let is_there = wanted.iter().all(|name| found[*name].is_array());
        is_there.then_some(found)
    });
    let troubles = found["tidegauge_troubles"].as_array().unwrap();
    for severity in ["info", "warn", "page"] {
        assert!(
            troubles.contains(&json!({"severity": severity})),
            "{troubles:?}"
        );
    }
    // What is put costs money: not all of it.
    let count: usize = found
        .as_object()
        .unwrap()
        .values()
        .map(|of| of.as_array().unwrap().len())
        .sum();
    assert!(count < 30, "{count}: {found:#}");
    let script = r"
import datetime
now = datetime.datetime.now(datetime.timezone.utc)
hour = datetime.timedelta(hours=1)
points = client('cloudwatch').get_metric_statistics(Namespace='Tidegauge', MetricName='tidegauge_heartbeat', StartTime=now - hour, EndTime=now + hour, Period=7200, Statistics=['Sum', 'Maximum'])['Datapoints']
print(json.dumps([[p['Sum'], p['Maximum']] for p in points]))
";
    wait_for("a second beat", || {
        let points: Value = serde_json::from_str(&moto.boto(script)).unwrap();
        let sum = points[0][0].as_f64()?;
        assert_eq!(points[0][1], 1.0);
        (sum >= 2.0).then_some(())
    });
    // The same names are Prometheus'.
    let scrape = daemon.text("/metrics").unwrap();
    for name in found.as_object().unwrap().keys() {
        assert!(scrape.contains(&format!("\n{name}")), "{name}");
    }
    // Without CloudWatch everything else goes on.
    moto.kill();
    thread::sleep(Duration::from_secs(2));
    daemon.wait_until("still serving", |status| status["tip"].is_object());
    let said = daemon.stop();
    assert_eq!(said.matches("CloudWatch is not told").count(), 1, "{said}");
}

#[test]
fn a_secret_that_is_replaced_starts_the_collector_again() {
    let Some(moto) = Server::moto_at(free_port(), &[]) else {
        return;
    };
    let collected = Collected::new();
    let variables = Variables::of(moto.port());
    let canary = "canary0f5e";
    moto.boto(&format!(
        "client('secretsmanager').create_secret(Name='rpc', SecretString=json.dumps({{'url': '{NOWHERE}/v2/{canary}'}}))"
    ));
    let listen = format!("--set=api.listen=127.0.0.1:{}", free_port());
    let settings = [listen.as_str(), "--set=secrets.refresh_every=1s"];
    let daemon = Daemon::start_with(
        &variables.all(),
        &collected.store(),
        "aws-sm:rpc#url",
        &settings,
        &["run"],
    );
    let id = daemon.id();
    daemon.wait_until("waiting", |status| {
        status["collector"]["last_error"].is_string()
    });
    moto.boto(&format!(
        "client('secretsmanager').put_secret_value(SecretId='rpc', SecretString=json.dumps({{'url': '{}'}}))",
        collected.chain.url
    ));
    daemon.wait_until("following", |status| {
        status["collector"]["stage"] == "following"
    });
    assert_eq!(daemon.id(), id);
    let said = daemon.stop();
    assert!(said.contains("secret rpc#url has been replaced"), "{said}");
    assert!(!said.contains(canary), "{said}");
}

#[test]
fn a_secret_that_cannot_be_read_is_named() {
    let Some(moto) = Server::moto_at(free_port(), &[]) else {
        return;
    };
    moto.boto("client('secretsmanager').create_secret(Name='rpc', SecretString='s3cret')");
    let endpoint = format!("http://127.0.0.1:{}", moto.port());
    let folder = tempfile::tempdir().unwrap();
    for (reference, words) in [
        ("aws-sm:other", ["other", "secretsmanager:GetSecretValue"]),
        ("aws-sm:rpc#url", ["rpc", "is no JSON object"]),
        ("aws-sm:rpc", ["rpc", "is no RPC endpoint"]),
        ("aws-sm:", ["aws-sm:NAME#KEY", "chain.rpc_urls"]),
    ] {
        let outcome = Program::on(folder.path(), reference, &["config", "print"])
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_REGION", "eu-west-1")
            .run();
        assert!(!outcome.stderr.contains("s3cret"), "{}", outcome.stderr);
        exits_with_one_error(&outcome, 2, &words);
    }
}
