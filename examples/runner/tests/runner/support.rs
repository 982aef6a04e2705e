//! A running `runner serve`, and what a test asks it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tempfile::TempDir;

pub(crate) fn runner() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runner"));
    command.env("RUST_BACKTRACE", "0");
    command
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// A `runner serve` that is ready. Killed when the test fails.
pub(crate) struct Serving {
    process: Child,
    output: BufReader<ChildStdout>,
    address: String,
    data: PathBuf,
}

impl Serving {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = runner();
        command.arg("serve").arg("--data").arg(data).args(arguments);
        Self::spawn(command, data)
    }

    /// As [`start`](Self::start), with a command that says all.
    pub(crate) fn spawn(mut command: Command, data: &Path) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the runner starts");
        let output = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut serving = Serving { process, output, address: String::new(), data: data.to_owned() };
        let line = serving.line_with("http://");
        serving.address = line.split('/').nth(2).expect("an address").to_owned();
        serving
    }

    /// The next line of output that contains `text`.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).expect("its output can be read") > 0 {
            if line.contains(text) {
                return line;
            }
            line.clear();
        }
        panic!("the output has ended without `{text}`");
    }

    /// Appends jobs to the inbox.
    pub(crate) fn feed(&self, lines: &[&str]) {
        let mut inbox = File::options().append(true).open(self.data.join("inbox.jsonl")).expect("the inbox exists");
        inbox.write_all((lines.join("\n") + "\n").as_bytes()).expect("the inbox can be written");
    }

    pub(crate) fn post(&self, job: &str) -> String {
        let length = job.len();
        self.http(&format!("POST /jobs HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {length}"), job)
    }

    /// The job, once it has ended.
    pub(crate) fn ended(&self, id: i64) -> String {
        self.http(&format!("GET /jobs/{id}?wait=true HTTP/1.1"), "")
    }

    pub(crate) fn http(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the endpoint listens");
        write!(stream, "{head}\r\nhost: {}\r\nconnection: close\r\n\r\n{body}", self.address).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
        answer.split_once("\r\n\r\n").expect("an answer has a body").1.to_owned()
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.process.id().to_string()).status();
        assert!(status.expect("`kill` runs").success());
    }

    /// The processor time that it has used, in hundredths of a second.
    #[cfg(target_os = "linux")]
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).expect("it runs");
        let fields = stat.rsplit_once(')').expect("a name in parentheses").1.split_whitespace();
        fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    }

    /// Its exit status and the rest of its output.
    pub(crate) fn exit(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("its output can be read");
        (self.process.wait().expect("it can be waited for"), rest)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Counts the rows that contradict each other.
pub(crate) const HALF_WAY: &str = "SELECT (SELECT count(*) FROM jobs WHERE state = 'running')
    + (SELECT count(*) FROM ledger WHERE job NOT IN (SELECT id FROM jobs WHERE state = 'done'))";

/// What the database of a runner that has ended says.
pub(crate) fn query(data: &Path, sql: &'static str) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(data.join("runner.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.expect("the database opens");
        let row = sqlx::query(sql).fetch_one(&mut connection).await.expect(sql);
        connection.close().await.expect("the database closes");
        row.get(0)
    })
}

/// What the hook has written.
pub(crate) fn notices(data: &Path) -> String {
    std::fs::read_to_string(data.join("notices.log")).expect("the hook has written")
}
