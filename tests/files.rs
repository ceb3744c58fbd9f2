//! What is made of directories and files, plain ones and others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use canary_format::refusal::Refusal;
use canary_format::time::Timestamp;
use canary_verifier::evidence::{Obtained, Source};
use canary_verifier::files::{read, read_site};

fn vector(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(name).join("site")
}

fn source(path: &Path) -> Source {
    read(path, Timestamp::parse("2026-03-02T09:00:00Z").unwrap()).source
}

/// A copy of a published site.
fn copy(name: &str) -> tempfile::TempDir {
    fn all(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => all(&entry.path(), &to),
                false => drop(fs::copy(entry.path(), to).unwrap()),
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    all(&vector(name), folder.path());
    folder
}

fn leaves(path: &Path) -> Obtained<Vec<Vec<u8>>> {
    read_site(path).leaves
}

#[test]
fn a_file_is_known_by_its_first_bytes() {
    let site = vector("alive");
    let bytes = |name: &str| Obtained::Got(fs::read(site.join(name)).unwrap());
    assert_eq!(source(&site.join("latest.json")), Source::Envelope(bytes("latest.json")));
    let proof = "latest.tlog-proof";
    assert_eq!(source(&site.join(proof)), Source::Proof(bytes(proof)));
    assert!(matches!(source(&site), Source::Site(_)));
}

#[test]
fn what_is_not_there_is_missing() {
    let gone = Path::new("/nowhere/at/all.json");
    assert_eq!(source(gone), Source::Envelope(Obtained::Missing));
    assert_eq!(read_site(gone).checkpoint, Obtained::Missing);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(read_site(empty.path()).checkpoint, Obtained::Missing);
}

#[test]
fn a_site_reads_alike_from_bundles_partial_or_full_and_from_issues() {
    let whole = leaves(&vector("alive"));
    assert!(matches!(&whole, Obtained::Got(leaves) if leaves.len() == 3));
    let site = copy("alive");
    fs::remove_dir_all(site.path().join("tile")).unwrap();
    assert_eq!(leaves(site.path()), whole);
    fs::remove_file(site.path().join("issues/0002.json")).unwrap();
    let Obtained::Unreachable(words) = leaves(site.path()) else { panic!("it is not there") };
    assert_eq!(words, "the checkpoint covers tile/entries/000.p/3, which is not there");
}

#[test]
fn sizes_are_limits_on_reading() {
    let site = copy("alive");
    fs::write(site.path().join("checkpoint"), vec![b'a'; 65_537]).unwrap();
    let limit = Refusal::TooLarge { what: "the checkpoint", limit: 65_536 };
    assert_eq!(read_site(site.path()).checkpoint, Obtained::Refused(limit));
    let file = site.path().join("latest.json");
    fs::write(&file, vec![b'{'; 65_536]).unwrap();
    let limit = Refusal::TooLarge { what: "the envelope", limit: 65_535 };
    assert_eq!(source(&file), Source::Envelope(Obtained::Refused(limit)));
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_opened() {
    let endless = source(Path::new("/dev/zero"));
    let Source::Envelope(Obtained::Unreachable(words)) = endless else { panic!("{endless:?}") };
    assert_eq!(words, "not a plain file: /dev/zero");
    let site = copy("alive");
    let checkpoint = site.path().join("checkpoint");
    fs::remove_file(&checkpoint).unwrap();
    fs::create_dir(&checkpoint).unwrap();
    assert!(matches!(read_site(site.path()).checkpoint, Obtained::Unreachable(_)));
    // A pipe with no writer would be waited for without end.
    let pipe = site.path().join("pipe.json");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()));
    assert!(matches!(source(&pipe), Source::Envelope(Obtained::Unreachable(_))));
}

#[cfg(unix)]
#[test]
fn links_are_followed_within_the_directory_only() {
    use std::os::unix::fs::symlink;
    let site = copy("alive");
    let whole = read_site(site.path());
    let checkpoint = site.path().join("checkpoint");
    fs::rename(&checkpoint, site.path().join("checkpoint.3")).unwrap();
    symlink("checkpoint.3", &checkpoint).unwrap();
    let beside = tempfile::tempdir().unwrap();
    let link = beside.path().join("current");
    symlink(site.path(), &link).unwrap();
    assert_eq!(read_site(&link), whole);
    let outside = beside.path().join("checkpoint");
    fs::copy(site.path().join("checkpoint.3"), &outside).unwrap();
    fs::remove_file(&checkpoint).unwrap();
    symlink(&outside, &checkpoint).unwrap();
    let words = "checkpoint leads out of the directory".to_owned();
    assert_eq!(read_site(site.path()).checkpoint, Obtained::Unreachable(words));
}
