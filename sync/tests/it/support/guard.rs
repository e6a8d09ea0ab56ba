//! A server process that ends with the test that started it, however that one ends.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

/// Starts the server beneath a shell that waits for a word. Where the line breaks without one, the
/// test is gone: the server is ended and its folder removed.
const SHELL: &str = r#"folder=$1 log=$2 stop=$3; shift 3
"$@" >>"$log" 2>&1 </dev/null &
echo $!
read -r word
kill "-$stop" $! 2>/dev/null
wait $!
[ "$word" = keep ] || rm -rf "$folder""#;

/// A running server.
#[derive(Debug)]
pub struct Guarded {
    shell: Child,
    line: Option<ChildStdin>,
    pid: u32,
}

impl Guarded {
    /// Starts a command, as the user `postgres` where we are root; its output goes to `log` in the
    /// folder. This signal ends it at once.
    pub fn start(folder: &Path, log: &str, stop: &str, command: &[&str]) -> Self {
        let mut shell = unprivileged("sh")
            .args(["-c", SHELL, "guard"])
            .arg(folder)
            .args([log, stop])
            .args(command)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh");
        let line = shell.stdin.take();
        let mut pid = String::new();
        BufReader::new(shell.stdout.take().expect("piped"))
            .read_line(&mut pid)
            .expect("a process id");
        Self {
            shell,
            line,
            pid: pid.trim().parse().expect("a process id"),
        }
    }

    /// Whether the server has ended by itself.
    pub fn is_gone(&self) -> bool {
        // What nobody has waited for yet is a zombie.
        fs::read_to_string(format!("/proc/{}/stat", self.pid))
            .map_or(true, |stat| stat.contains(") Z "))
    }

    /// SIGKILL to the server and all its children, none of which does anything more.
    pub fn kill(&mut self) {
        // Stopped first, so that it starts no others meanwhile.
        signal("STOP", self.pid);
        for child in children(self.pid) {
            signal("KILL", child);
        }
        signal("KILL", self.pid);
        self.end();
    }

    /// Ends the server, leaves its folder.
    pub fn end(&mut self) {
        if let Some(mut line) = self.line.take() {
            // Where the shell is gone there is nobody to tell.
            let _ = line.write_all(b"keep\n");
        }
        self.shell.wait().expect("the guarding shell");
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.end();
    }
}

/// A command, run as the user `postgres` where we are root: servers refuse to run as root.
pub fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid",
                "postgres",
                "--regid",
                "postgres",
                "--init-groups",
            ])
            .arg("--")
            .arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Gives a folder to the user that [`unprivileged`] runs as.
pub fn give(folder: &Path) {
    if is_root() {
        run(Command::new("chown")
            .args(["-R", "postgres:postgres"])
            .arg(folder));
    }
}

/// Runs a command and gives what it prints.
///
/// # Panics
/// Where it fails.
pub fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A program in PATH or in one of these folders.
pub fn find(program: &str, also: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(also.iter().cloned())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A port of 127.0.0.1 that is free at the moment.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn children(pid: u32) -> Vec<u32> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

fn signal(name: &str, pid: u32) {
    // It may be gone already, which is what we want.
    let _ = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
}
