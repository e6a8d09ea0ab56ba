//! An HTTP proxy before an honest chain that alters answers: every lie is told over a real socket.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A stalled client gives its thread back.
const IDLE: Duration = Duration::from_secs(60);

/// What goes back to the client.
pub(crate) enum Reply {
    /// The answer, as altered.
    Answer,
    /// This status with this body, in place of the answer.
    Status(u16, &'static str),
    /// 200 with this body.
    Body(Vec<u8>),
    /// The answer's first half, announced whole; then the connection ends.
    Truncated,
}

type Rule = dyn Fn(&str, &Value, &mut Value) -> Reply + Send + Sync;

/// The proxy; it lives as long as the test's process.
pub(crate) struct Tamper {
    /// Where it listens.
    pub(crate) url: String,
}

impl Tamper {
    /// Starts it. `rule(method, params, answer)` sees each call of each batch and may alter its answer;
    /// anything but [`Reply::Answer`] replaces the whole HTTP response.
    pub(crate) fn before(
        upstream: &str,
        rule: impl Fn(&str, &Value, &mut Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let rule: Arc<Rule> = Arc::new(rule);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (upstream, rule) = (upstream.clone(), rule.clone());
                // A client that leaves in the middle is its own affair.
                thread::spawn(move || serve(client, &upstream, &*rule));
            }
        });
        Self { url }
    }
}

fn serve(mut client: TcpStream, upstream: &str, rule: &Rule) -> std::io::Result<()> {
    client.set_read_timeout(Some(IDLE))?;
    let mut incoming = BufReader::new(client.try_clone()?);
    while let Some(request) = read_message(&mut incoming)? {
        let answer = forward(upstream, &request)?;
        let (Ok(request), Ok(mut answer)) = (
            serde_json::from_slice::<Value>(&request),
            serde_json::from_slice::<Value>(&answer),
        ) else {
            panic!("the honest chain does not speak JSON");
        };
        let mut reply = Reply::Answer;
        for call in one_or_many(&request) {
            let answered = match &mut answer {
                Value::Array(list) => list
                    .iter_mut()
                    .find(|a| a["id"] == call["id"])
                    .expect("an answer to each call"),
                single => single,
            };
            match rule(
                call["method"].as_str().unwrap_or_default(),
                &call["params"],
                answered,
            ) {
                Reply::Answer => {}
                other => reply = other,
            }
        }
        match reply {
            Reply::Answer => respond(&mut client, 200, answer.to_string().as_bytes())?,
            Reply::Status(code, body) => respond(&mut client, code, body.as_bytes())?,
            Reply::Body(body) => respond(&mut client, 200, &body)?,
            Reply::Truncated => {
                let body = answer.to_string();
                write!(
                    client,
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                )?;
                client.write_all(&body.as_bytes()[..body.len() / 2])?;
                return Ok(());
            }
        }
    }
    Ok(())
}

fn one_or_many(request: &Value) -> &[Value] {
    request
        .as_array()
        .map_or(std::slice::from_ref(request), Vec::as_slice)
}

fn respond(client: &mut TcpStream, code: u16, body: &[u8]) -> std::io::Result<()> {
    write!(
        client,
        "HTTP/1.1 {code} Status\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )?;
    client.write_all(body)
}

fn forward(upstream: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(upstream)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: {upstream}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)?;
    read_message(&mut BufReader::new(stream))?
        .ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

/// The body of one HTTP/1.1 message, plain or chunked; `None` at the end of the connection.
fn read_message(from: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let (mut length, mut chunked) = (0, false);
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().map_err(std::io::Error::other)?,
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if !chunked {
        body.resize(length, 0);
        from.read_exact(&mut body)?;
        return Ok(Some(body));
    }
    loop {
        line.clear();
        from.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
        from.by_ref().take(size).read_to_end(&mut body)?;
        line.clear();
        from.read_line(&mut line)?;
        if size == 0 {
            return Ok(Some(body));
        }
    }
}
