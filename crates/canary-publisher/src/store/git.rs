//! A site in a branch of a git repository, through the system's git.
//!
//! One publication is one commit, so readers of the branch see all of it or nothing. The branch is
//! never forced: where it moved meanwhile, the push is refused and the caller begins again from what
//! is there now.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::process::Command;

use canary_format::layout::CHECKPOINT;
use canary_format::tile::{TILE_WIDTH, max_bundle};
use canary_format::time::Timestamp;
use tempfile::TempDir;

use super::{Put, Store, StoreError};
use crate::process::{Ran, run};
use crate::site::SiteFile;

/// Every commit says this and nothing else, whatever it publishes.
const MESSAGE: &str = "canary: site";

/// Tells a pages host to serve folders whose names begin with a dot as they are.
const NO_JEKYLL: &str = ".nojekyll";

/// Where a commit is made before it is pushed.
const MADE: &str = "refs/heads/made";

/// The greatest listing of a branch's files, in bytes.
const MAX_LISTING: u64 = 32 << 20;

/// The greatest size of files that are read at once, in bytes.
const MAX_BATCH: u64 = 1 << 28;

/// A branch of a git repository.
#[derive(Debug)]
pub struct Git {
    remote: String,
    branch: String,
    folder: String,
    now: Timestamp,
    /// A bare repository of our own, with the branch's newest commit.
    bare: TempDir,
    parent: Option<String>,
    /// The object of every file of the branch, by its path from the root.
    files: BTreeMap<String, String>,
    /// Files to commit, in order.
    pending: Vec<SiteFile>,
}

impl Git {
    /// Fetches the newest commit of a branch; the branch need not be there yet.
    ///
    /// # Errors
    ///
    /// Where git cannot be run, or the repository cannot be read.
    pub fn open(
        remote: &str,
        branch: &str,
        folder: &str,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let bare = tempfile::tempdir().map_err(no_program)?;
        let mut store = Self {
            remote: absolute(remote),
            branch: branch.to_owned(),
            folder: folder.to_owned(),
            now,
            bare,
            parent: None,
            files: BTreeMap::new(),
            pending: Vec::new(),
        };
        store.git("setting up", &["init", "--quiet", "--bare", "."])?;
        store.fetch()?;
        Ok(store)
    }

    fn fetch(&mut self) -> Result<(), StoreError> {
        let reference = format!("refs/heads/{}", self.branch);
        let remote = self.remote.clone();
        let listed = self.git("reading", &["ls-remote", "--", &remote, &reference])?;
        self.files.clear();
        self.parent = None;
        if listed.output.is_empty() {
            return Ok(());
        }
        self.git(
            "reading",
            &["fetch", "--quiet", "--depth=1", "--no-tags", "--", &remote, &reference],
        )?;
        let commit = self.git("reading", &["rev-parse", "--verify", "FETCH_HEAD^{commit}"])?;
        let commit = String::from_utf8_lossy(&commit.output).trim().to_owned();
        let tree = self.git("reading", &["ls-tree", "-r", "-z", "--full-tree", &commit])?;
        for entry in String::from_utf8_lossy(&tree.output).split('\0') {
            let Some((object, path)) = entry.split_once('\t') else { continue };
            if let Some(id) = object.split(' ').nth(2) {
                self.files.insert(path.to_owned(), id.to_owned());
            }
        }
        self.parent = Some(commit);
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.bare.path()).args(arguments);
        // A repository around the current folder is not ours.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE"] {
            command.env_remove(name);
        }
        command.env("GIT_TERMINAL_PROMPT", "0");
        if std::env::var_os("GIT_SSH_COMMAND").is_none() && std::env::var_os("GIT_SSH").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        command
    }

    fn try_git(&self, arguments: &[&str], input: &[u8], limit: u64) -> Result<Ran, StoreError> {
        run(&mut self.command(arguments), input, limit, None).map_err(no_program)
    }

    fn git(&self, action: &'static str, arguments: &[&str]) -> Result<Ran, StoreError> {
        let ran = self.try_git(arguments, b"", MAX_LISTING)?;
        if ran.status.success() { Ok(ran) } else { Err(self.failed(action, &ran)) }
    }

    fn failed(&self, action: &'static str, ran: &Ran) -> StoreError {
        let (place, said) = (self.place(), ran.in_words());
        let says = |words: &[&str]| words.iter().any(|words| ran.said.contains(words));
        if says(&["Host key verification failed"]) {
            return StoreError::HostKey { place };
        }
        if says(&["Permission denied", "Authentication failed", "could not read Username"]) {
            return StoreError::Credentials { place, said };
        }
        if says(&["Could not resolve host", "Failed to connect", "Connection refused", "timed out"])
        {
            return StoreError::Unreachable { place, said };
        }
        if says(&["does not appear to be a git repository", "repository not found", "' not found"])
        {
            return StoreError::Absent { place, said };
        }
        StoreError::Remote { place, action, said }
    }

    fn held(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(id) = self.files.get(&format!("{}{path}", self.folder)) else { return Ok(None) };
        let ran = run(&mut self.command(&["cat-file", "blob", id]), b"", limit, None);
        match ran {
            Ok(ran) if ran.status.success() => Ok(Some(ran.output)),
            Ok(ran) => Err(self.failed("reading", &ran)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                Err(StoreError::TooLarge { path: path.to_owned(), limit })
            }
            Err(error) => Err(no_program(error)),
        }
    }

    /// What `git fast-import` reads: one commit upon the branch's newest.
    fn stream(&self, files: &[SiteFile]) -> Vec<u8> {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let plain = |value: String| value.replace(['<', '>', '\n', '\0'], "");
        let name = text("GIT_COMMITTER_NAME").map_or_else(|| "canary".to_owned(), plain);
        let mail = text("GIT_COMMITTER_EMAIL").map_or_else(|| "canary@localhost".to_owned(), plain);
        let mut stream = format!(
            "commit {MADE}\ncommitter {name} <{mail}> {} +0000\ndata {}\n{MESSAGE}\n",
            self.now.unix(),
            MESSAGE.len()
        )
        .into_bytes();
        if let Some(parent) = &self.parent {
            stream.extend_from_slice(format!("from {parent}\n").as_bytes());
        }
        for file in files {
            let head = format!("M 100644 inline {}\ndata {}\n", file.path, file.bytes.len());
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(&file.bytes);
            stream.push(b'\n');
        }
        stream.extend_from_slice(b"\ndone\n");
        stream
    }

    fn commit_and_push(&mut self) -> Result<(), StoreError> {
        let mut files = std::mem::take(&mut self.pending);
        for file in &mut files {
            file.path = format!("{}{}", self.folder, file.path);
        }
        if !self.files.contains_key(NO_JEKYLL) {
            files.push(SiteFile { path: NO_JEKYLL.to_owned(), bytes: Vec::new() });
        }
        // The last of two writes to one path counts.
        let mut seen = BTreeSet::new();
        files.reverse();
        files.retain(|file| seen.insert(file.path.clone()));
        files.reverse();

        let arguments = ["fast-import", "--quiet", "--done", "--force"];
        let made = self.try_git(&arguments, &self.stream(&files), MAX_LISTING)?;
        if !made.status.success() {
            return Err(self.failed("making a commit", &made));
        }
        let to = format!("{MADE}:refs/heads/{}", self.branch);
        let pushed =
            self.try_git(&["push", "--porcelain", "--", &self.remote, &to], b"", MAX_LISTING)?;
        if pushed.status.success() {
            return Ok(());
        }
        let answer = String::from_utf8_lossy(&pushed.output);
        let refused = answer.lines().find(|line| line.starts_with('!')).unwrap_or_default();
        let moved = [
            "fetch first",
            "non-fast-forward",
            "stale info",
            "cannot lock ref",
            "failed to update ref",
            "incorrect old value",
        ];
        if moved.iter().any(|words| refused.contains(words)) {
            return Err(StoreError::Moved);
        }
        if refused.is_empty() {
            return Err(self.failed("pushing", &pushed));
        }
        // "! <from>:<to> [remote rejected] (protected branch hook declined)"
        let said = refused.rsplit('\t').next().unwrap_or(refused).to_owned();
        Err(StoreError::Remote { place: self.place(), action: "pushing", said })
    }
}

/// What `git cat-file --batch` says of objects: for each its name, kind and size, then its bytes.
fn objects(mut output: &[u8]) -> Option<Vec<&[u8]>> {
    let mut objects = Vec::new();
    while !output.is_empty() {
        let end = output.iter().position(|byte| *byte == b'\n')?;
        let head = std::str::from_utf8(&output[..end]).ok()?;
        let size: usize = head.split(' ').nth(2)?.parse().ok()?;
        objects.push(output.get(end + 1..end + 1 + size)?);
        output = output.get(end + 2 + size..)?;
    }
    Some(objects)
}

impl Store for Git {
    fn place(&self) -> String {
        format!("git+{}#{}:{}", self.remote, self.branch, self.folder)
    }

    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.held(path, limit as u64)
    }

    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        match self.held(&file.path, max_bundle(TILE_WIDTH))? {
            Some(held) if held == file.bytes => Ok(Put::Unchanged),
            Some(_) => Err(StoreError::Conflict { path: file.path.clone() }),
            None => {
                self.pending.push(file.clone());
                Ok(Put::Written)
            }
        }
    }

    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        if self.held(&file.path, max_bundle(TILE_WIDTH))?.as_ref() == Some(&file.bytes) {
            return Ok(Put::Unchanged);
        }
        self.pending.push(file.clone());
        Ok(Put::Written)
    }

    fn marks(&mut self, paths: &[String]) -> Result<Option<Vec<Option<String>>>, StoreError> {
        let mark = |path: &String| self.files.get(&format!("{}{path}", self.folder)).cloned();
        Ok(Some(paths.iter().map(mark).collect()))
    }

    fn unlike(&mut self, files: &[SiteFile]) -> Result<Vec<bool>, StoreError> {
        let id = |file: &SiteFile| self.files.get(&format!("{}{}", self.folder, file.path));
        let mut input = String::new();
        for id in files.iter().filter_map(id) {
            input.push_str(id);
            input.push('\n');
        }
        let ran = self.try_git(&["cat-file", "--batch"], input.as_bytes(), MAX_BATCH)?;
        let held = if ran.status.success() { objects(&ran.output) } else { None };
        let mut held = held.ok_or_else(|| self.failed("reading", &ran))?.into_iter();
        let mut bytes = |file| id(file).and_then(|_| held.next());
        Ok(files.iter().map(|file| bytes(file) != Some(file.bytes.as_slice())).collect())
    }

    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError> {
        if self.held(CHECKPOINT, canary_format::checkpoint::MAX_CHECKPOINT as u64)?.as_deref()
            != held
        {
            return Err(StoreError::Moved);
        }
        self.pending.push(SiteFile { path: CHECKPOINT.to_owned(), bytes: bytes.to_vec() });
        self.commit_and_push()?;
        // What is read from here on is what the repository holds.
        self.fetch()
    }
}

/// git is run in a folder of our own: a path is made absolute first.
fn absolute(remote: &str) -> String {
    let is_path =
        !remote.contains("://") && (std::path::Path::new(remote).exists() || !remote.contains(':'));
    match std::path::absolute(remote) {
        Ok(path) if is_path => path.display().to_string(),
        _ => remote.to_owned(),
    }
}

fn no_program(source: io::Error) -> StoreError {
    StoreError::Program { program: "git", source }
}

#[cfg(test)]
#[path = "git/tests.rs"]
mod tests;
