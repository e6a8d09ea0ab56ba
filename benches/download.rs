//! Download and discard: what the wire alone costs, the honest measure beside a backfill.
//!
//! `record UPSTREAM FILE` passes requests on to an endpoint and keeps their bodies; its address is its
//! first line of output. `discard UPSTREAM FILE IN_FLIGHT` asks all of them again, throws the answers
//! away, and prints one JSON line. `scripts/bench` runs both.

use futures_util::{StreamExt, stream};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Fault = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    // cargo bench adds `--bench`.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["record", upstream, file] => record(upstream, file).await,
        ["discard", upstream, file, in_flight] => discard(upstream, file, in_flight.parse()?).await,
        _ => {
            eprintln!(
                "usage: download record UPSTREAM FILE | download discard UPSTREAM FILE IN_FLIGHT (scripts/bench runs both)"
            );
            Ok(())
        }
    }
}

/// Passes everything on, byte by byte, and writes down each request's body, one a line.
async fn record(upstream: &str, file: &str) -> Result<(), Fault> {
    let upstream = upstream
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .to_owned();
    let bodies = Arc::new(Mutex::new(File::create(file)?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (client, _) = listener.accept().await?;
        let (upstream, bodies) = (upstream.clone(), bodies.clone());
        tokio::spawn(async move {
            if let Err(fault) = pass_on(client, &upstream, &bodies).await {
                eprintln!("a connection ended: {fault}");
            }
        });
    }
}

async fn pass_on(client: TcpStream, upstream: &str, bodies: &Mutex<File>) -> Result<(), Fault> {
    let server = TcpStream::connect(upstream).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut pending = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = from_client.read(&mut chunk).await?;
        if read == 0 {
            return Ok(());
        }
        to_server.write_all(&chunk[..read]).await?;
        pending.extend_from_slice(&chunk[..read]);
        while let Some((body, rest)) = first_body(&pending)? {
            let mut line = body.to_vec();
            line.push(b'\n');
            let rest = pending.len() - rest;
            bodies.lock().map_err(|e| e.to_string())?.write_all(&line)?;
            pending.drain(..rest);
        }
    }
}

/// The body of the first whole HTTP/1.1 request, and how many bytes follow it.
fn first_body(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, Fault> {
    let Some(head) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&bytes[..head])?.to_ascii_lowercase();
    let length: usize = match text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
    {
        Some(length) => length.trim().parse()?,
        None => return Err("a request without content-length".into()),
    };
    let end = head + 4 + length;
    Ok((bytes.len() >= end).then(|| (&bytes[head + 4..end], bytes.len() - end)))
}

/// Asks everything that was recorded, in order, so many at once, and throws the answers away.
async fn discard(upstream: &str, file: &str, in_flight: usize) -> Result<(), Fault> {
    let requests: Vec<String> = std::fs::read_to_string(file)?
        .lines()
        .map(str::to_owned)
        .collect();
    let (count, client) = (
        requests.len(),
        reqwest::Client::builder().tcp_nodelay(true).build()?,
    );
    let begun = Instant::now();
    let mut answers = stream::iter(requests)
        .map(|body| {
            let request = client
                .post(upstream)
                .header("content-type", "application/json")
                .body(body);
            async move {
                let mut answer = request.send().await?.error_for_status()?;
                let mut bytes = 0;
                while let Some(chunk) = answer.chunk().await? {
                    bytes += chunk.len();
                }
                Ok::<usize, reqwest::Error>(bytes)
            }
        })
        .buffer_unordered(in_flight);
    let mut bytes = 0;
    while let Some(answer) = answers.next().await {
        bytes += answer?;
    }
    let mut out = BufWriter::new(std::io::stdout());
    writeln!(
        out,
        "{{\"requests\": {count}, \"bytes\": {bytes}, \"seconds\": {:.3}}}",
        begun.elapsed().as_secs_f64()
    )?;
    Ok(out.flush()?)
}
