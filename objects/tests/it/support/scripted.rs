//! A server that answers by a script and remembers what it was asked.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A request, as it came.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `PUT`, `GET`, …
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case, values.
    pub headers: Vec<(String, String)>,
    /// The content.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A status, headers and a body.
    Say(u16, Vec<(&'static str, String)>, String),
    /// Nothing; the connection stays open.
    Silence,
    /// The end of the connection.
    Cut,
}

impl Reply {
    /// A status without more.
    pub fn status(status: u16) -> Self {
        Self::Say(status, Vec::new(), String::new())
    }

    /// What S3 answers to a write.
    pub fn written() -> Self {
        Self::Say(200, vec![("ETag", "\"tag\"".to_owned())], String::new())
    }

    /// An error as S3 writes it.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        Self::Say(status, Vec::new(), body)
    }
}

type Script = dyn Fn(usize, &Request) -> Reply + Send + Sync;

/// The server, at a port of 127.0.0.1.
pub struct Scripted {
    port: u16,
    heard: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Scripted {
    /// Answers by the script, which is told how many requests came before.
    pub fn start(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let server = Self {
            port,
            heard: Arc::default(),
            over: Arc::default(),
        };
        let script: Arc<Script> = Arc::new(script);
        let (heard, over) = (Arc::clone(&server.heard), Arc::clone(&server.over));
        thread::spawn(move || {
            for line in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (script, heard) = (Arc::clone(&script), Arc::clone(&heard));
                thread::spawn(move || converse(&line, &*script, &heard));
            }
        });
        server
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was asked so far.
    pub fn heard(&self) -> Vec<Request> {
        self.heard.lock().expect("no panic").clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts; where it is gone there is nobody to wake.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Answers the requests of one connection until it ends.
fn converse(line: &TcpStream, script: &Script, heard: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(line);
    while let Some(request) = read(&mut reader, line) {
        let before = {
            let mut heard = heard.lock().expect("no panic");
            heard.push(request.clone());
            heard.len() - 1
        };
        match script(before, &request) {
            Reply::Say(status, headers, body) => {
                if say(line, &request, (status, &headers, &body)).is_err() {
                    return;
                }
            }
            Reply::Silence => {
                // Until the client gives up.
                let _ = reader.read_to_end(&mut Vec::new());
                return;
            }
            Reply::Cut => {
                let _ = line.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

fn say(
    mut line: &TcpStream,
    request: &Request,
    (status, headers, body): (u16, &[(&str, String)], &str),
) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {status} Said\r\n");
    if !headers.iter().any(|(name, _)| *name == "Content-Length") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let body = if request.method == "HEAD" { "" } else { body };
    line.write_all(format!("{head}\r\n{body}").as_bytes())
}

fn read(reader: &mut BufReader<&TcpStream>, mut line: &TcpStream) -> Option<Request> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split_whitespace();
    let mut request = Request {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        ..Request::default()
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        request
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    if request.header("expect").is_some() {
        line.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = request.header("content-length").unwrap_or("0");
    request.body = vec![0; length.parse().ok()?];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}
