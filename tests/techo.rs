//! Running the real `techo` binary from tests: one-shot commands, servers, and what they leave on disk.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// The binary beside the test's own: `cargo build --release --bins` makes it, and `./test` does so first.
///
/// # Panics
/// Where it is not built, with what to do.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("tests are built two folders below the binaries");
    let binary = folder.join("techo");
    assert!(
        binary.exists(),
        "{} is not built: run `cargo build --release --bins` first, or ./test",
        binary.display()
    );
    binary
}

/// The folder of real vectors, or `None` with a loud word on stderr.
pub fn vectors(below: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let base = std::env::var_os("TECHO_VECTORS").map_or_else(|| root.join("../shared/data"), PathBuf::from);
    let folder = base.join(below);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("NOT RUN: no {} (set TECHO_VECTORS)", folder.display());
    None
}

/// What a command answered.
#[derive(Debug)]
pub struct Answer {
    /// The JSON lines on stdout.
    pub lines: Vec<Value>,
    /// What stood on stderr.
    pub stderr: String,
    /// The program's exit status.
    pub status: i32,
}

impl Answer {
    /// The first line.
    ///
    /// # Panics
    /// Where there is none.
    pub fn first(&self) -> &Value {
        self.lines.first().unwrap_or_else(|| panic!("no answer: {}", self.stderr))
    }

    /// The stable code of the error.
    ///
    /// # Panics
    /// Where the answer is no error.
    pub fn error_code(&self) -> String {
        let lines = self
            .stderr
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let error = lines
            .chain(self.lines.iter().cloned())
            .find_map(|line| line["error"]["code"].as_str().map(str::to_owned));
        error.unwrap_or_else(|| panic!("no error, but status {}: {:?} {}", self.status, self.lines, self.stderr))
    }
}

/// One profile of the command line, in a folder of its own.
pub struct Profile {
    /// The folder that `--data` names.
    pub folder: PathBuf,
    now: Option<String>,
    environment: Vec<(String, String)>,
}

impl Profile {
    /// A profile below `base`, on the machine's clock.
    pub fn new(base: &Path, name: &str) -> Self {
        Self {
            folder: base.join(name),
            now: None,
            environment: Vec::new(),
        }
    }

    /// The same profile at a fixed time.
    #[must_use]
    pub fn at(&self, now: &str) -> Self {
        Self {
            folder: self.folder.clone(),
            now: Some(now.to_owned()),
            environment: self.environment.clone(),
        }
    }

    /// The same profile with a variable of the environment.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut environment = self.environment.clone();
        environment.push((name.to_owned(), value.to_owned()));
        Self {
            folder: self.folder.clone(),
            now: self.now.clone(),
            environment,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .arg("--json")
            .arg("--data")
            .arg(&self.folder)
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TECHO_PASSPHRASE")
            .env_remove("TECHO_BACKUP_PASSPHRASE")
            .envs(self.environment.iter().cloned());
        if let Some(now) = &self.now {
            command.args(["--now", now]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command, whatever it answers.
    ///
    /// # Panics
    /// Where stdout holds anything but JSON lines.
    pub fn ask(&self, arguments: &[&str]) -> Answer {
        let output = self.command(arguments).output().expect("the binary runs");
        let stdout = String::from_utf8(output.stdout).expect("stdout is UTF-8");
        let lines = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{arguments:?} printed what is no JSON: {line}")))
            .collect();
        Answer {
            lines,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code().unwrap_or(-1),
        }
    }

    /// Runs a command that must succeed.
    ///
    /// # Panics
    /// Where it does not.
    pub fn run(&self, arguments: &[&str]) -> Answer {
        let answer = self.ask(arguments);
        assert_eq!(answer.status, 0, "{arguments:?}: {:?} {}", answer.lines, answer.stderr);
        answer
    }

    /// Runs a command that must fail, and gives its error's code.
    ///
    /// # Panics
    /// Where it does not fail with a code.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let answer = self.ask(arguments);
        assert!(
            matches!(answer.status, 1 | 3),
            "{arguments:?}: status {} {:?} {}",
            answer.status,
            answer.lines,
            answer.stderr
        );
        answer.error_code()
    }

    /// Starts a server and waits until it says where it listens.
    ///
    /// # Panics
    /// Where it does not.
    pub fn serve(&self, arguments: &[&str]) -> Server {
        let mut process = self.command(arguments).spawn().expect("the binary runs");
        let mut stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let mut first = String::new();
        stdout.read_line(&mut first).expect("stdout can be read");
        let url = serde_json::from_str::<Value>(&first)
            .ok()
            .and_then(|line| line["listening"].as_str().map(str::to_owned));
        let Some(url) = url else {
            let mut stderr = String::new();
            let _ = process.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
            panic!("no listening line but {first:?}: {stderr}");
        };
        let mut stderr = process.stderr.take().expect("stderr is piped");
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            let _ = stdout.read_to_string(&mut log);
            let _ = stderr.read_to_string(&mut log);
            log
        });
        Server {
            url,
            process,
            log: Some(log),
        }
    }
}

/// A running server; it is ended when dropped.
pub struct Server {
    /// The address under which the server listens, with its scheme.
    pub url: String,
    process: Child,
    log: Option<std::thread::JoinHandle<String>>,
}

impl Server {
    /// Asks the server to end, as systemd does, and gives its exit status and all it has logged.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn stop(mut self) -> (i32, String) {
        let status = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .expect("kill runs");
        assert!(status.success());
        let ended = self.process.wait().expect("the server ends");
        let log = self.log.take().and_then(|log| log.join().ok()).unwrap_or_default();
        (ended.code().unwrap_or(-1), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The files below `folder` that hold one of the words, in UTF-8 or UTF-16.
///
/// # Panics
/// Where the folder cannot be read.
pub fn files_holding(folder: &Path, words: &[&str]) -> Vec<PathBuf> {
    let forms: Vec<Vec<u8>> = words
        .iter()
        .flat_map(|word| {
            let wide: Vec<u16> = word.encode_utf16().collect();
            [
                word.as_bytes().to_vec(),
                wide.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
                wide.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
            ]
        })
        .collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if forms.iter().any(|form| {
                std::fs::read(&path)
                    .unwrap_or_default()
                    .windows(form.len())
                    .any(|part| part == form)
            }) {
                found.push(path);
            }
        }
    }
    found
}
