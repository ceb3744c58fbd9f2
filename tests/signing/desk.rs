//! A publisher's folder with three signers, and their hands on the keyboard.

use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use canary_format::issue::Issue;
use canary_format::time::Timestamp;
use canary_signer::draft::Draft;
use nix::sys::wait::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use tempfile::TempDir;

/// How long a prompt may take to appear, in milliseconds: the machine may be busy.
const PATIENCE: u64 = 60_000;

const SIGNERS: [(&str, &str, &str); 3] =
    [("ada", "Ada", "DE"), ("bo", "Bo", "SE"), ("chen", "Chen", "SG")];

/// The key that a person presses for a fact.
#[derive(Clone, Copy)]
pub(crate) enum Pressed {
    Affirm,
    LeaveOut,
}

pub(crate) struct Desk {
    home: TempDir,
    root: PathBuf,
}

impl Desk {
    /// Keys of three persons, made by `canary key new`, and a new canary with two facts.
    pub(crate) fn founded() -> Self {
        let desk = Self::empty();
        for (file, ..) in SIGNERS {
            let out = desk.key(file);
            let made = desk.canary(&["key", "new", "--out", &out, "--danger-no-passphrase"]);
            assert!(made.status.success(), "{made:?}");
        }
        desk.init();
        desk
    }

    /// A home without keys and a folder without a canary.
    pub(crate) fn empty() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("canary");
        std::fs::create_dir(&root).unwrap();
        Self { home, root }
    }

    /// A new canary of the three persons whose keys lie in the home.
    pub(crate) fn init(&self) {
        let mut arguments = vec![
            "init".to_owned(),
            ".".to_owned(),
            "--name=Example".to_owned(),
            "--url=https://example.com/.well-known/canary/".to_owned(),
            "--language=en".to_owned(),
            "--language=zh-Hans".to_owned(),
            "--fact=keys.own".to_owned(),
            "--fact=net.no-feed".to_owned(),
            "--threshold=2".to_owned(),
            "--min-jurisdictions=2".to_owned(),
        ];
        for (file, name, jurisdiction) in SIGNERS {
            let key = self.key(file);
            arguments.push(format!("--signer={name},officer,{jurisdiction},{key}.pub"));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let made = self.canary(&arguments);
        assert!(made.status.success(), "{made:?}");
    }

    /// A canary whose first issue is published.
    pub(crate) fn published() -> Self {
        let desk = Self::founded();
        desk.sign("ada", &[Pressed::Affirm, Pressed::Affirm]);
        desk.sign("bo", &[Pressed::Affirm, Pressed::Affirm]);
        let published = desk.canary(&["publish", "--to", "site"]);
        assert!(published.status.success(), "{published:?}");
        desk
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The private key file of a person.
    pub(crate) fn key(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn draft(&self) -> Draft {
        Draft::parse(&std::fs::read(self.path("draft.json")).unwrap()).unwrap()
    }

    pub(crate) fn issue(&self) -> Issue {
        self.draft().issue().clone()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
        command.args(arguments).current_dir(&self.root);
        command.env("XDG_CONFIG_HOME", self.home.path().join("config"));
        command.env_remove("SSH_AUTH_SOCK");
        command
    }

    /// Runs a command without a terminal.
    pub(crate) fn canary(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command at a terminal.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> PtySession {
        spawn_command(self.command(arguments), Some(PATIENCE)).unwrap()
    }

    /// As [`Desk::spawn`], with all of this typed before the command begins.
    pub(crate) fn spawn_typed_ahead(&self, typed: &str, arguments: &[&str]) -> PtySession {
        // The first line starts the command; by then the others lie at the terminal.
        let mut shell = Command::new("sh");
        shell.args(["-c", "read -r go; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_canary")]);
        shell.args(arguments).current_dir(&self.root);
        let mut session = spawn_command(shell, Some(PATIENCE)).unwrap();
        session.send(&format!("\n{typed}")).unwrap();
        session.flush().unwrap();
        session
    }

    /// As [`Desk::spawn`], with an agent.
    pub(crate) fn spawn_with_agent(&self, socket: &Path, arguments: &[&str]) -> PtySession {
        let mut command = self.command(arguments);
        command.env("SSH_AUTH_SOCK", socket);
        spawn_command(command, Some(PATIENCE)).unwrap()
    }

    /// A person holds the ceremony with a key of their own; gives what was shown.
    pub(crate) fn sign(&self, name: &str, pressed: &[Pressed]) -> String {
        let mut session = self.spawn(&["sign", "--key", &self.key(name)]);
        let shown = answer(&mut session, pressed);
        let rest = session.exp_eof().unwrap();
        assert!(exited(&session, 0), "{shown}{rest}");
        assert!(rest.contains("has no passphrase"), "{rest}");
        shown
    }

    /// A file that is read in place of the keyboard.
    pub(crate) fn pipe(&self, text: &str) -> Stdio {
        let mut file = tempfile::tempfile_in(self.home.path()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        Stdio::from(file)
    }

    /// The newest issue of the series.
    pub(crate) fn newest(&self) -> Issue {
        canary_signer::folder::newest(&self.root).unwrap().unwrap().issue
    }

    /// Instants have whole seconds: waits until the clock shows a later one.
    pub(crate) fn wait_until_after(&self, instant: Timestamp) {
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        while i64::try_from(now().as_secs()).unwrap() <= instant.unix() {
            std::thread::yield_now();
        }
    }
}

/// Answers each fact, then signs; gives what was shown until then.
pub(crate) fn answer(session: &mut PtySession, pressed: &[Pressed]) -> String {
    let mut shown = String::new();
    for key in pressed {
        shown += &session.exp_string("q: stop   > ").unwrap();
        let key = match key {
            Pressed::Affirm => "a",
            Pressed::LeaveOut => "l",
        };
        session.send(key).unwrap();
        session.flush().unwrap();
    }
    shown += &session.exp_string("To sign, type \"").unwrap();
    let word = session.exp_string("\"").unwrap();
    shown += &session.exp_string("Enter: ").unwrap();
    session.send_line(&word).unwrap();
    shown
}

pub(crate) fn exited(session: &PtySession, code: i32) -> bool {
    matches!(session.process().wait(), Ok(WaitStatus::Exited(_, found)) if found == code)
}
