//! A site on another machine, through the system's OpenSSH `sftp` in batch mode.
//!
//! Files are gathered and sent together with the checkpoint. Immutable ones are moved into place by a
//! rename that fails where a file is there already, copies and the checkpoint by one that replaces:
//! a reader never finds half a file. SFTP knows no conditional write, so between the last look at the
//! checkpoint and its replacement lies the time of one rename.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use canary_durable::{Access, replace_unflushed};
use canary_format::checkpoint::MAX_CHECKPOINT;
use canary_format::layout::CHECKPOINT;
use tempfile::TempDir;

use super::{Put, Store, StoreError};
use crate::process::{Growing, Ran, run};
use crate::site::SiteFile;

/// How temporary files on the other machine begin. A killed run leaves some behind.
const TEMPORARY: &str = ".canary-tmp";

/// The greatest output of one batch, in bytes.
const MAX_OUTPUT: u64 = 64 << 20;

/// How many files are read at once.
const AT_ONCE: usize = 64;

/// How much larger than expected the files that are read at once may be, in bytes.
const MAX_UNEXPECTED: u64 = 16 << 20;

/// A directory on another machine.
#[derive(Debug)]
pub struct Sftp {
    destination: String,
    port: Option<u16>,
    /// Empty, or ending in `/`.
    root: String,
    config: Option<PathBuf>,
    /// Where files wait to be sent, and where they are received.
    local: TempDir,
    immutable: Vec<String>,
    copies: Vec<String>,
}

impl Sftp {
    /// Prepares for a directory on another machine; nothing is asked of that machine yet.
    ///
    /// # Errors
    ///
    /// Where no temporary folder can be made.
    pub fn open(
        destination: &str,
        port: Option<u16>,
        path: &str,
        config: Option<&Path>,
    ) -> Result<Self, StoreError> {
        let root = path.trim_end_matches('/');
        let root = if root.is_empty() && !path.starts_with('/') {
            String::new()
        } else {
            format!("{root}/")
        };
        Ok(Self {
            destination: destination.to_owned(),
            port,
            root,
            config: config.map(Path::to_owned),
            local: tempfile::tempdir().map_err(no_program)?,
            immutable: Vec::new(),
            copies: Vec::new(),
        })
    }

    fn batch(&self, lines: &[String], growing: Option<Growing<'_>>) -> Result<Ran, StoreError> {
        let mut command = Command::new("sftp");
        if let Some(config) = &self.config {
            command.arg("-F").arg(config);
        }
        if let Some(port) = self.port {
            command.arg("-P").arg(port.to_string());
        }
        command.args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]);
        command.args(["-o", "ServerAliveInterval=15", "-b", "-", "--", &self.destination]);
        command.current_dir(self.local.path());
        let input = lines.join("\n") + "\n";
        run(&mut command, input.as_bytes(), MAX_OUTPUT, growing).map_err(no_program)
    }

    fn done(&self, action: &'static str, lines: &[String]) -> Result<(), StoreError> {
        let ran = self.batch(lines, None)?;
        if ran.status.success() { Ok(()) } else { Err(self.failed(action, &ran)) }
    }

    fn failed(&self, action: &'static str, ran: &Ran) -> StoreError {
        let (place, said) = (self.place(), ran.in_words());
        // sftp ends with 255 where the connection failed, with 1 where a command did.
        if ran.status.code() != Some(255) {
            return StoreError::Remote { place, action, said };
        }
        if ran.said.contains("Host key verification") {
            return StoreError::HostKey { place };
        }
        if ran.said.contains("Permission denied") {
            return StoreError::Credentials { place, said };
        }
        StoreError::Unreachable { place, said }
    }

    fn keep(&self, file: &SiteFile) -> Result<(), StoreError> {
        let path = self.local.path().join("send").join(&file.path);
        let kept = path.parent().map_or(Ok(()), fs::create_dir_all);
        // What is sent has the permissions that it has here.
        let kept = kept.and_then(|()| replace_unflushed(&path, &file.bytes, Access::Public));
        kept.map_err(|source| StoreError::Io { path, action: "written", source })
    }

    /// The folders that these files lie in, outermost first, the root's own among them.
    fn folders(&self, paths: &[String]) -> BTreeSet<String> {
        let mut folders = BTreeSet::new();
        for path in paths {
            let whole = format!("{}{path}", self.root);
            let ends = whole.match_indices('/').map(|(end, _)| end).filter(|end| *end > 0);
            folders.extend(ends.map(|end| whole[..end].to_owned()));
        }
        folders
    }

    /// A name for a file on its way, in the folder where it will be. Each run has its own.
    fn temporary(&self, path: &str) -> String {
        let run = self
            .local
            .path()
            .file_name()
            .map_or_else(Default::default, |name| name.to_string_lossy().replace('.', ""));
        let (folder, name) = path.rsplit_once('/').map_or(("", path), |(f, n)| (f, n));
        let slash = if folder.is_empty() { "" } else { "/" };
        format!("{}{folder}{slash}{TEMPORARY}-{run}-{name}", self.root)
    }

    /// Puts immutable files in place where there are none, then compares what is there.
    fn send_immutable(&self, paths: &[String]) -> Result<(), StoreError> {
        let mut lines: Vec<String> =
            self.folders(paths).iter().map(|folder| format!("-mkdir {folder}")).collect();
        for path in paths {
            lines.push(format!("put -f send/{path} {}", self.temporary(path)));
        }
        for path in paths {
            // The old form of the rename fails where a file is there already.
            lines.push(format!("-rename -l {} {}{path}", self.temporary(path), self.root));
            lines.push(format!("-rm {}", self.temporary(path)));
        }
        self.done("writing", &lines)?;
        for some in paths.chunks(AT_ONCE) {
            let sent = some.iter().map(|path| {
                let kept = self.local.path().join("send").join(path);
                let bytes = fs::read(&kept);
                let bytes = bytes.map_err(|source| StoreError::Io {
                    path: kept,
                    action: "read",
                    source,
                })?;
                Ok(SiteFile { path: path.clone(), bytes })
            });
            let sent: Vec<SiteFile> = sent.collect::<Result<_, StoreError>>()?;
            let there = self.receive(&sent)?;
            let other =
                sent.iter().zip(there).find(|(sent, there)| Some(&sent.bytes) != there.as_ref());
            if let Some((sent, _)) = other {
                return Err(StoreError::Conflict { path: sent.path.clone() });
            }
        }
        Ok(())
    }

    /// What is there under the paths of these files; `None` for one that is not there.
    fn receive(&self, files: &[SiteFile]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let received = self.local.path().join("received");
        let failed = |source| StoreError::Io { path: received.clone(), action: "written", source };
        let _ = fs::remove_dir_all(&received);
        fs::create_dir(&received).map_err(failed)?;
        let numbered = files.iter().enumerate();
        let get =
            |(n, file): (usize, &SiteFile)| format!("-get {}{} received/{n}", self.root, file.path);
        let lines: Vec<String> = numbered.map(get).collect();
        let expected: usize = files.iter().map(|file| file.bytes.len()).sum();
        let limit = expected as u64 + MAX_UNEXPECTED;
        let ran = self.batch(&lines, Some(Growing { path: &received, limit }))?;
        if !ran.status.success() {
            return Err(self.failed("reading", &ran));
        }
        let read = |n: usize| fs::read(received.join(n.to_string())).ok();
        Ok((0..files.len()).map(read).collect())
    }

    fn send_copies(&self, paths: &[String]) -> Result<(), StoreError> {
        let mut lines: Vec<String> =
            self.folders(paths).iter().map(|folder| format!("-mkdir {folder}")).collect();
        for path in paths {
            lines.push(format!("put -f send/{path} {}", self.temporary(path)));
            lines.push(format!("rename {} {}{path}", self.temporary(path), self.root));
        }
        self.done("writing", &lines)
    }
}

/// The files that a listing shows, below `root`: size and day. The hour is shown for some months
/// only.
fn listed(output: &str, root: &str) -> BTreeMap<String, String> {
    let entry = |line: &str| {
        let mut fields = line.split_whitespace();
        let kind = fields.next()?;
        let path = fields.next_back()?;
        let rest: Vec<&str> = fields.collect();
        let [_, _, _, size, month, day, _] = rest[..] else { return None };
        let path = path.strip_prefix(root)?;
        kind.starts_with('-').then(|| (path.to_owned(), format!("{size} {month} {day}")))
    };
    output.lines().filter_map(entry).collect()
}

impl Store for Sftp {
    fn place(&self) -> String {
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        let slash = if self.root.starts_with('/') { "" } else { "/~/" };
        format!("sftp://{}{port}{slash}{}", self.destination, self.root)
    }

    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let local = self.local.path().join("read");
        let _ = fs::remove_file(&local);
        let too_large = || StoreError::TooLarge { path: path.to_owned(), limit };
        let growing = Growing { path: &local, limit: limit as u64 };
        let lines = [format!("get {}{path} read", self.root)];
        let ran = match self.batch(&lines, Some(growing)) {
            Err(StoreError::Program { source, .. })
                if source.kind() == io::ErrorKind::FileTooLarge =>
            {
                return Err(too_large());
            }
            ran => ran?,
        };
        if !ran.status.success() {
            let absent = ["not found", "No such file"].iter().any(|words| ran.said.contains(words));
            if ran.status.code() == Some(1) && absent {
                return Ok(None);
            }
            return Err(self.failed("reading", &ran));
        }
        let bytes = fs::read(&local).map_err(|source| StoreError::Io {
            path: local.clone(),
            action: "read",
            source,
        })?;
        if bytes.len() > limit { Err(too_large()) } else { Ok(Some(bytes)) }
    }

    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        self.keep(file)?;
        self.immutable.push(file.path.clone());
        Ok(Put::Written)
    }

    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        self.keep(file)?;
        self.copies.push(file.path.clone());
        Ok(Put::Written)
    }

    fn marks(&mut self, paths: &[String]) -> Result<Option<Vec<Option<String>>>, StoreError> {
        let folders: BTreeSet<&str> =
            paths.iter().filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
        if folders.is_empty() {
            return Ok(Some(vec![None; paths.len()]));
        }
        let list = |folder: &&str| format!("-ls -ln {}{folder}", self.root);
        let ran = self.batch(&folders.iter().map(list).collect::<Vec<_>>(), None)?;
        if !ran.status.success() {
            return Err(self.failed("reading", &ran));
        }
        let listed = listed(&String::from_utf8_lossy(&ran.output), &self.root);
        Ok(Some(paths.iter().map(|path| listed.get(path).cloned()).collect()))
    }

    fn unlike(&mut self, files: &[SiteFile]) -> Result<Vec<bool>, StoreError> {
        let there = self.receive(files)?;
        Ok(files
            .iter()
            .zip(there)
            .map(|(file, there)| Some(&file.bytes) != there.as_ref())
            .collect())
    }

    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError> {
        let (immutable, copies) =
            (std::mem::take(&mut self.immutable), std::mem::take(&mut self.copies));
        if !immutable.is_empty() {
            self.send_immutable(&immutable)?;
        }
        if !copies.is_empty() {
            self.send_copies(&copies)?;
        }
        if self.read(CHECKPOINT, MAX_CHECKPOINT)?.as_deref() != held {
            return Err(StoreError::Moved);
        }
        self.keep(&SiteFile { path: CHECKPOINT.to_owned(), bytes: bytes.to_vec() })?;
        self.send_copies(&[CHECKPOINT.to_owned()])
    }
}

fn no_program(source: io::Error) -> StoreError {
    StoreError::Program { program: "sftp", source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_gives_the_size_and_the_day_of_each_file() {
        let output = "sftp> -ls -ln /www/issues\n\
            -rw-r--r--    ? root     root         3374 Nov 22 19:53 /www/issues/0001.json\n\
            -rw-r--r--    1 0        0            3375 Nov  2  2025 /www/issues/0002.json\n\
            drwxr-xr-x    ? root     root         4096 Nov 22 19:53 /www/issues/0003.json\n\
            -rw-r--r--    1 0        0            3375 Nov 22 19:53 /other/issues/0004.json\n";
        let listed = listed(output, "/www/");
        assert_eq!(listed.len(), 2);
        assert_eq!(listed["issues/0001.json"], "3374 Nov 22");
        assert_eq!(listed["issues/0002.json"], "3375 Nov 2");
    }
}
