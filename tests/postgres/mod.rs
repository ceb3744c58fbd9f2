//! A PostgreSQL server of the test's own: in a folder of its own, on a socket of its own, as a user who is
//! not root. Where the programs are not installed there is none, and the caller says what is left out.

#![allow(dead_code, reason = "not every test uses everything")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
    fsync: &'static str,
    pub(crate) port: u16,
}

impl Postgres {
    /// Starts a server; `None` where it is not installed. Workers are killed here, not the server: it
    /// need not flush.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with("off")
    }

    /// The same for figures: it flushes.
    pub(crate) fn start_flushing() -> Option<Self> {
        Self::start_with("on")
    }

    fn start_with(fsync: &'static str) -> Option<Self> {
        let programs = programs()?;
        let user =
            match fs::metadata("/proc/self").map(|it| std::os::unix::fs::MetadataExt::uid(&it)) {
                Ok(0) => Some(account("postgres").or_else(|| account("nobody"))?),
                _ => None,
            };
        let folder = tempfile::tempdir().expect("a folder");
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).expect("root may");
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let server = Self { folder, programs, user, port, fsync };
        let data = server.data();
        server.program(
            "initdb",
            &["-U", "canary", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-D", &data],
        );
        server.begin();
        Some(server)
    }

    fn begin(&self) {
        let socket = self.folder.path().display();
        let options = format!(
            "-c fsync={} -k {socket} -p {} -c listen_addresses=127.0.0.1 -c max_connections=200",
            self.fsync, self.port
        );
        let log = format!("{socket}/log");
        self.program(
            "pg_ctl",
            &["-D", &self.data(), "-s", "-w", "-l", &log, "-o", &options, "start"],
        );
    }

    /// Lets the server use TLS, and asks for a password on TCP.
    pub(crate) fn with_tls(&self, certificate: &str, key: &str, password: &str) {
        self.sql("postgres", &format!("ALTER USER canary PASSWORD '{password}'"));
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = Path::new(&self.data()).join(name);
            fs::write(&path, text).expect("it is written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
            if let Some((uid, gid)) = self.user {
                chown(&path, Some(uid), Some(gid)).expect("root may");
            }
        }
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        fs::write(Path::new(&self.data()).join("pg_hba.conf"), rules).expect("it is written");
        let settings = Path::new(&self.data()).join("postgresql.conf");
        let mut settings = fs::OpenOptions::new().append(true).open(settings).expect("it is there");
        writeln!(settings, "ssl = on").expect("it is written");
        self.restart();
    }

    pub(crate) fn restart(&self) {
        self.program("pg_ctl", &["-D", &self.data(), "-s", "-w", "-m", "immediate", "stop"]);
        self.begin();
    }

    /// A new database; its URL, by the socket.
    pub(crate) fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://canary@{socket}:{}/{name}", self.port)
    }

    /// Runs statements; what they print.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let socket = self.folder.path().display().to_string();
        let port = self.port.to_string();
        self.program(
            "psql",
            &[
                "-h",
                &socket,
                "-p",
                &port,
                "-U",
                "canary",
                "-XqAt",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                database,
                "-c",
                sql,
            ],
        )
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn program(&self, name: &str, arguments: &[&str]) -> String {
        let output = self.command(name, arguments).output().expect("it starts");
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let said = format!("{}\n{log}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name} {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(arguments).current_dir("/").env_remove("PGPASSWORD").stdin(Stdio::null());
        if name == "pg_ctl" {
            // The server keeps what it inherits open; nobody waits for its end.
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.data();
        let stop = self.command("pg_ctl", &["-D", &data, "-s", "-m", "immediate", "stop"]).status();
        let until = Instant::now() + Duration::from_secs(5);
        while stop.is_ok()
            && Path::new(&data).join("postmaster.pid").exists()
            && Instant::now() < until
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    versions.sort();
    versions.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions.extend(std::env::split_paths(&path));
    versions
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("psql").exists())
}

fn account(name: &str) -> Option<(u32, u32)> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let line = accounts.lines().find(|line| line.starts_with(&format!("{name}:")))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
