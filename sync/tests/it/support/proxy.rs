//! A line to a server that can be cut, stalled, slowed and made to lose one answer.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// What the line does with what is sent on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Forwards it.
    Forward,
    /// Takes it and delivers nothing, in either direction; the connections stay open, and are to be
    /// cut before another mode is set: they have lost what was sent.
    HalfOpen,
    /// Forwards each piece this much later.
    Delay(Duration),
    /// Forwards so many bytes a second in each direction of each connection.
    Throttle(u32),
    /// Cuts new connections at once.
    Refuse,
    /// Cuts the connection on which the client sends these bytes, before the server has them. Then
    /// forwards again.
    CutBefore(Vec<u8>),
    /// Forwards these bytes, waits for the server's answer, and cuts the connection instead of
    /// delivering it. Then forwards again.
    CutAfter(Vec<u8>),
}

/// Largest piece forwarded at once; a throttled line forwards it in slices.
const PIECE: usize = 16 << 10;

/// Slices a second of a throttled line.
const SLICES: u32 = 20;

/// The line: 127.0.0.1 at both ends, without TLS of its own.
#[derive(Debug)]
pub struct TcpProxy {
    line: Arc<Line>,
    port: u16,
}

#[derive(Debug)]
struct Line {
    mode: Mutex<Mode>,
    target: AtomicU16,
    ends: Mutex<Vec<TcpStream>>,
    cuts: AtomicU64,
    over: AtomicBool,
}

impl TcpProxy {
    /// A line to a port of 127.0.0.1.
    pub fn start(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let line = Arc::new(Line {
            mode: Mutex::new(Mode::Forward),
            target: AtomicU16::new(target),
            ends: Mutex::default(),
            cuts: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Dropping the proxy connects once more, so that this is seen.
                if accepting.over.load(Ordering::SeqCst) {
                    return;
                }
                Arc::clone(&accepting).connect(client);
            }
        });
        Self { line, port }
    }

    /// Its near end, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to this port of 127.0.0.1, as a name does that moves on.
    pub fn point_at(&self, target: u16) {
        self.line.target.store(target, Ordering::SeqCst);
    }

    /// Does so from now on, with connections that are open as well.
    pub fn set(&self, mode: Mode) {
        *self.line.mode.lock().expect("no panic") = mode;
    }

    /// Cuts what is open; new connections are made as the mode says.
    pub fn cut(&self) {
        for end in self.line.ends.lock().expect("no panic").drain(..) {
            // It may be closed already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// How often [`Mode::CutBefore`] or [`Mode::CutAfter`] has struck.
    pub fn cuts(&self) -> u64 {
        self.line.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.line.over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the thread that accepts; where it is gone there is nobody to wake.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Line {
    fn connect(self: Arc<Self>, client: TcpStream) {
        if *self.mode.lock().expect("no panic") == Mode::Refuse {
            return;
        }
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.target.load(Ordering::SeqCst)))
        else {
            return;
        };
        let both = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
        let (Some((from_client, to_server)), Some(kept)) = (both(), both()) else {
            return;
        };
        {
            let mut ends = self.ends.lock().expect("no panic");
            ends.extend([kept.0, kept.1]);
        }
        // Whether the next answer shall be lost.
        let doomed = Arc::new(Mutex::new(false));
        let (line, doom) = (Arc::clone(&self), Arc::clone(&doomed));
        thread::spawn(move || line.pump(from_client, to_server, Some(&doom), None));
        thread::spawn(move || self.pump(server, client, None, Some(&doomed)));
    }

    /// Forwards one direction until it ends. The client's may doom the connection, the server's
    /// carries the doom out.
    fn pump(
        &self,
        mut from: TcpStream,
        mut to: TcpStream,
        dooms: Option<&Mutex<bool>>,
        doomed: Option<&Mutex<bool>>,
    ) {
        let mut piece = vec![0; PIECE];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            let piece = &piece[..length];
            if doomed.is_some_and(|doomed| *doomed.lock().expect("no panic")) {
                break;
            }
            let mode = self.mode.lock().expect("no panic").clone();
            let forwarded = match mode {
                Mode::Forward | Mode::Refuse => to.write_all(piece),
                Mode::HalfOpen => Ok(()),
                Mode::Delay(time) => {
                    thread::sleep(time);
                    to.write_all(piece)
                }
                Mode::Throttle(rate) => slowly(&mut to, piece, rate),
                Mode::CutBefore(needle) if dooms.is_some() && holds(piece, &needle) => {
                    self.strike();
                    break;
                }
                Mode::CutAfter(needle) if holds(piece, &needle) => {
                    if let Some(dooms) = dooms {
                        *dooms.lock().expect("no panic") = true;
                        self.strike();
                    }
                    to.write_all(piece)
                }
                Mode::CutBefore(_) | Mode::CutAfter(_) => to.write_all(piece),
            };
            if forwarded.is_err() {
                break;
            }
        }
        // The other direction ends with this one.
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    }

    fn strike(&self) {
        *self.mode.lock().expect("no panic") = Mode::Forward;
        self.cuts.fetch_add(1, Ordering::SeqCst);
    }
}

fn slowly(to: &mut TcpStream, piece: &[u8], rate: u32) -> std::io::Result<()> {
    for slice in piece.chunks((rate / SLICES).max(1) as usize) {
        thread::sleep(Duration::from_secs(1) / SLICES);
        to.write_all(slice)?;
    }
    Ok(())
}

fn holds(piece: &[u8], needle: &[u8]) -> bool {
    piece
        .windows(needle.len().max(1))
        .any(|window| window == needle)
}
