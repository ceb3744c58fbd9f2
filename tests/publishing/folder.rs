//! A publisher's folder driven through the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use canary_format::envelope::{Envelope, EnvelopeSignature, PAYLOAD_TYPE, pae};
use canary_format::issue::Issue;
use canary_format::key::Signature;
use canary_signer::draft::Draft;
use ed25519_dalek::Signer as _;
use tempfile::TempDir;

use crate::fixture::{ADA, BO, content, key, public, write_folder};

pub(crate) struct Publisher {
    folder: TempDir,
}

impl Publisher {
    /// A folder with the machine keys and no issue yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_folder(folder.path(), &[]);
        Self { folder }
    }

    /// A folder that holds these issues.
    pub(crate) fn with(issues: &[Envelope]) -> Self {
        let publisher = Self::new();
        write_folder(publisher.path(), issues);
        publisher
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn site(&self) -> PathBuf {
        self.path().join("site")
    }

    /// Puts an issue into `draft.json`, signed by both signers.
    pub(crate) fn draft(&self, number: u64) {
        self.draft_signed_by(number, &[ADA, BO]);
    }

    pub(crate) fn draft_signed_by(&self, number: u64, signers: &[u8]) {
        let previous = number.checked_sub(1).filter(|previous| *previous > 0).map(|previous| {
            let path = self.path().join(format!("canaries/{previous:04}.json"));
            Envelope::parse(&std::fs::read(path).unwrap()).unwrap()
        });
        let content = content(number, previous.as_ref());
        let (_, payload) = Issue::compose(content.clone()).unwrap();
        let mut draft = Draft::new(content, previous.as_ref()).unwrap();
        for seed in signers {
            let signature = key(*seed).sign(&pae(PAYLOAD_TYPE, &payload));
            let signature = Signature(signature.to_bytes());
            let keyid = public(*seed).fingerprint();
            draft.add(EnvelopeSignature { keyid, signature }).unwrap();
        }
        std::fs::write(self.path().join("draft.json"), draft.encode()).unwrap();
    }

    /// The command `canary <name> --folder <folder>` with further arguments.
    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_canary"));
        command.arg(name).arg("--folder").arg(self.path()).args(arguments);
        command
    }

    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Output {
        self.command(name, arguments).output().unwrap()
    }

    /// Publishes, and fails the test where that fails.
    pub(crate) fn publish(&self, arguments: &[&str]) -> String {
        let output = self.run("publish", arguments);
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{said}");
        said
    }
}

/// nginx with the configuration that a site brings along, for that site; its URL. It ends with the value.
pub(crate) struct Nginx {
    run: std::process::Child,
    _folder: TempDir,
    pub(crate) url: String,
}

impl Nginx {
    /// `None` where nginx is not installed. A configuration that it refuses fails the test.
    pub(crate) fn serve(site: &Path) -> Option<Self> {
        let found = |path: &&str| Path::new(path).exists();
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(found)?;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        // The fixture's canonical URL ends in /main/.
        std::os::unix::fs::symlink(site.canonicalize().unwrap(), root.join("main")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {}/{name};\n", root.display()))
            .concat();
        let mime = Path::new("/etc/nginx/mime.types");
        let types =
            if mime.exists() { format!("include {};\n", mime.display()) } else { String::new() };
        // The tests' folders are readable to their owner alone.
        let user =
            String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let config = format!(
            "user {};\npid {1}/pid;\nerror_log {1}/errors;\nevents {{}}\nhttp {{\naccess_log off;\n{types}{temporary}\
             server {{\nlisten 127.0.0.1:{port};\nroot {1};\ninclude {1}/main/hosting/nginx.conf;\n}}\n}}\n",
            user.trim(),
            root.display()
        );
        let path = root.join("nginx.conf");
        std::fs::write(&path, config).unwrap();
        let mut nginx = Command::new(program);
        nginx.arg("-e").arg(root.join("errors")).arg("-c").arg(&path);
        let checked = nginx.arg("-t").output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        let mut nginx = Command::new(program);
        nginx.arg("-e").arg(root.join("errors")).arg("-c").arg(&path).args(["-g", "daemon off;"]);
        let mut run = nginx.spawn().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(run.try_wait().unwrap().is_none(), "nginx ended");
            assert!(std::time::Instant::now() < end, "nginx does not listen");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Some(Self { run, _folder: folder, url: format!("http://127.0.0.1:{port}/main/") })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only where it may tell them.
        let _ = Command::new("kill").args(["-s", "TERM", &self.run.id().to_string()]).status();
        let _ = self.run.wait();
    }
}

/// Says what a test left out, past the capture of a passing test's output.
pub(crate) fn left_out(what: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "left out: {what}");
}
