use std::path::Path;

use super::*;

fn file(path: &str, bytes: &[u8]) -> SiteFile {
    SiteFile { path: path.to_owned(), bytes: bytes.to_vec() }
}

fn bare() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "--quiet", "--bare", "."]);
    folder
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn open(repository: &TempDir) -> Git {
    let now = Timestamp::from_unix(1_767_258_000);
    Git::open(repository.path().to_str().unwrap(), "pages", ".well-known/canary/", now).unwrap()
}

#[test]
fn one_publication_is_one_commit_with_a_constant_message() {
    let repository = bare();
    let mut first = open(&repository);
    assert_eq!(first.read(CHECKPOINT, 10).unwrap(), None);
    first.put_immutable(&file("issues/0001.json", b"one")).unwrap();
    first.put_checkpoint(b"1", None).unwrap();
    assert_eq!(first.read(CHECKPOINT, 10).unwrap().unwrap(), b"1");

    let mut second = open(&repository);
    assert_eq!(second.put_immutable(&file("issues/0001.json", b"one")).unwrap(), Put::Unchanged);
    let conflict = second.put_immutable(&file("issues/0001.json", b"two")).unwrap_err();
    assert!(matches!(conflict, StoreError::Conflict { .. }));
    second.put_immutable(&file("issues/0002.json", b"two")).unwrap();
    second.put_checkpoint(b"2", Some(b"1")).unwrap();

    let log = git(repository.path(), &["log", "--format=%s|%an|%at", "pages"]);
    assert_eq!(log, "canary: site|canary|1767258000\ncanary: site|canary|1767258000\n");
    let files = git(repository.path(), &["ls-tree", "-r", "--name-only", "pages"]);
    assert_eq!(
        files.lines().collect::<Vec<_>>(),
        [
            ".nojekyll",
            ".well-known/canary/checkpoint",
            ".well-known/canary/issues/0001.json",
            ".well-known/canary/issues/0002.json",
        ]
    );
}

#[test]
fn other_files_of_the_branch_stay() {
    let repository = bare();
    let work = tempfile::tempdir().unwrap();
    git(work.path(), &["init", "--quiet", "-b", "pages", "."]);
    std::fs::write(work.path().join("README"), "ours").unwrap();
    git(work.path(), &["add", "README"]);
    let identity = ["-c", "user.name=x", "-c", "user.email=x@localhost"];
    git(work.path(), &[&identity[..], &["commit", "--quiet", "-m", "ours"]].concat());
    git(work.path(), &["push", "--quiet", repository.path().to_str().unwrap(), "pages"]);
    let mut store = open(&repository);
    store.put_checkpoint(b"1", None).unwrap();
    assert_eq!(git(repository.path(), &["show", "pages:README"]), "ours");
    assert_eq!(git(repository.path(), &["rev-list", "--count", "pages"]).trim(), "2");
}

#[test]
fn a_branch_that_moved_is_never_forced() {
    let repository = bare();
    let (mut slow, mut fast) = (open(&repository), open(&repository));
    fast.put_checkpoint(b"fast", None).unwrap();
    slow.put_immutable(&file("issues/0001.json", b"one")).unwrap();
    assert!(matches!(slow.put_checkpoint(b"slow", None), Err(StoreError::Moved)));
    // A checkpoint that is not the one that the caller knows is left alone too.
    assert!(matches!(open(&repository).put_checkpoint(b"2", Some(b"1")), Err(StoreError::Moved)));
    assert_eq!(open(&repository).read(CHECKPOINT, 10).unwrap().unwrap(), b"fast");

    let (mut slow, mut fast) = (open(&repository), open(&repository));
    fast.put_checkpoint(b"faster", Some(b"fast")).unwrap();
    assert!(matches!(slow.put_checkpoint(b"slow", Some(b"fast")), Err(StoreError::Moved)));
}

#[test]
fn a_repository_that_is_not_there_is_an_error_that_names_it() {
    let error = Git::open("/nowhere/site.git", "pages", "", Timestamp::MIN).unwrap_err();
    assert!(error.to_string().contains("/nowhere/site.git"), "{error}");
}
