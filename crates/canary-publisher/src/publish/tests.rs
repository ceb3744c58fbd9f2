use std::fs;
use std::path::Path;

use canary_format::envelope::Envelope;
use canary_format::layout::{CHECKPOINT, DRAFT, LATEST_PROOF};
use canary_verifier::report::Code;
use tempfile::TempDir;

use super::*;
use crate::fixture::{ADA, BO, MALLORY, content, day, series, signed, write_folder, write_key};
use crate::heartbeat::{self, HeartbeatError};
use crate::store::{Directory, Put};

/// A store that can fail at one step, as a killed run or a full disk would, and that notes which files
/// are read to compare them.
struct Observed<'a> {
    inner: &'a mut dyn Store,
    steps_left: usize,
    compared: Vec<String>,
}

impl<'a> Observed<'a> {
    fn new(inner: &'a mut dyn Store) -> Self {
        Self { inner, steps_left: usize::MAX, compared: Vec::new() }
    }

    fn stopping(inner: &'a mut dyn Store, steps_left: usize) -> Self {
        Self { steps_left, ..Self::new(inner) }
    }
}

impl Observed<'_> {
    fn step(&mut self) -> Result<(), StoreError> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(StoreError::Moved)?;
        Ok(())
    }
}

impl Store for Observed<'_> {
    fn place(&self) -> String {
        self.inner.place()
    }

    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.read(path, limit)
    }

    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        self.step()?;
        self.inner.put_immutable(file)
    }

    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        self.step()?;
        self.inner.put_copy(file)
    }

    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError> {
        self.step()?;
        self.inner.put_checkpoint(bytes, held)
    }

    fn marks(&mut self, paths: &[String]) -> Result<Option<Vec<Option<String>>>, StoreError> {
        self.inner.marks(paths)
    }

    fn unlike(&mut self, files: &[SiteFile]) -> Result<Vec<bool>, StoreError> {
        self.compared.extend(files.iter().map(|file| file.path.clone()));
        self.inner.unlike(files)
    }
}

fn folder_of(issues: &[Envelope]) -> (TempDir, Folder) {
    let root = tempfile::tempdir().unwrap();
    write_folder(root.path(), issues);
    let folder = Folder::open(root.path()).unwrap();
    (root, folder)
}

fn prepare(folder: &Folder, now: Timestamp) -> Result<Publication, PublishError> {
    let draft = fs::read(folder.root().join(DRAFT)).ok();
    let draft = draft.map(|bytes| Envelope::parse(&bytes).unwrap());
    let keys = folder.machine_keys().unwrap();
    Publication::prepare(folder, &keys, draft.as_ref(), now, Preparing::Append)
}

fn draft(root: &Path, envelope: &Envelope) {
    fs::write(root.join(DRAFT), envelope.bytes()).unwrap();
}

#[test]
fn a_signed_draft_becomes_the_next_issue_and_the_site_verifies() {
    let issues = series(3);
    let (root, folder) = folder_of(&issues[..2]);
    draft(root.path(), &issues[2]);
    let site = root.path().join("site");
    let publication = prepare(&folder, day(3)).unwrap();
    assert!(!root.path().join(DRAFT).exists());
    assert_eq!(fs::read(root.path().join("canaries/0003.json")).unwrap(), issues[2].bytes());

    let mut store = Directory::open(&site).unwrap();
    let updated = publication.write(&mut store).unwrap();
    assert_eq!(updated.written.last().map(String::as_str), Some(CHECKPOINT));
    let report = publication.read_back(&mut store, day(3)).unwrap().report;
    assert_eq!(report.issue.unwrap().number, 3);
    for path in [
        "issues/0001.json",
        "issues/0003.json",
        "tile/0/000.p/3",
        "tile/entries/000.p/3",
        "latest.json",
        "latest.tlog-proof",
        "index.html",
        "canary.txt",
    ] {
        assert!(site.join(path).exists(), "{path}");
    }
}

#[test]
fn what_the_verifier_does_not_call_authentic_is_never_written() {
    let issues = series(3);
    let mut out_of_chain = content(3, Some(&issues[0]));
    let short = signed(content(3, Some(&issues[1])), &[ADA]);
    let stranger = signed(content(3, Some(&issues[1])), &[ADA, MALLORY]);
    let forged = {
        let mut signatures = issues[2].signatures().to_vec();
        signatures[0].signature.0[0] ^= 1;
        Envelope::write(issues[2].payload(), &signatures).unwrap()
    };
    let mut early = content(3, Some(&issues[1]));
    early.as_of = day(1);
    out_of_chain.as_of = day(3);
    for (what, envelope, code) in [
        ("one signature of two", &short, Code::QuorumShort),
        ("a stranger's signature", &stranger, Code::QuorumShort),
        ("a signature that does not verify", &forged, Code::BadSignature),
        ("another issue's digest", &signed(out_of_chain, &[ADA, BO]), Code::ChainBroken),
        ("an as_of before the last", &signed(early, &[ADA, BO]), Code::ChainBroken),
    ] {
        let (root, folder) = folder_of(&issues[..2]);
        draft(root.path(), envelope);
        match prepare(&folder, day(3)) {
            Err(PublishError::NotAuthentic(NotAuthentic { findings })) => {
                assert!(
                    findings.iter().any(|finding| finding.code == code),
                    "{what}: {findings:?}"
                );
            }
            other => panic!("{what}: {other:?}"),
        }
        assert!(!root.path().join("canaries/0003.json").exists(), "{what}");
        assert!(root.path().join(DRAFT).exists(), "{what}");
    }
}

#[test]
fn an_issue_dated_ahead_is_refused_until_its_time() {
    let issues = series(2);
    let (root, folder) = folder_of(&issues[..1]);
    draft(root.path(), &issues[1]);
    let error = prepare(&folder, day(2).plus(-3_600)).unwrap_err();
    assert!(matches!(error, PublishError::NotAuthentic(_)), "{error}");
    prepare(&folder, day(2)).unwrap();
}

#[test]
fn a_used_number_is_refused_and_a_number_too_far_too() {
    let issues = series(4);
    let (root, folder) = folder_of(&issues[..2]);
    let mut other = content(2, Some(&issues[0]));
    other.facts.clear();
    draft(root.path(), &signed(other, &[BO, ADA]));
    assert!(matches!(prepare(&folder, day(4)), Err(PublishError::Used { number: 2 })));
    draft(root.path(), &issues[3]);
    let error = prepare(&folder, day(4)).unwrap_err();
    assert!(matches!(error, PublishError::OutOfChain { number: 4, expected: 3 }));
    // A draft that a killed run had already appended is only tidied up.
    draft(root.path(), &issues[1]);
    assert_eq!(prepare(&folder, day(4)).unwrap().series().size(), 2);
    assert!(!root.path().join(DRAFT).exists());
}

#[test]
fn a_folder_with_a_signers_key_is_refused() {
    let (root, folder) = folder_of(&series(1));
    write_key(&root.path().join("keys/other"), MALLORY);
    let publication = prepare(&folder, day(1)).unwrap();
    assert_eq!(publication.private_keys().found.len(), 1);
    write_key(&root.path().join("keys/bo"), BO);
    match prepare(&folder, day(1)) {
        Err(PublishError::Search(SearchError::SignerKey { path, signer })) => {
            assert_eq!(signer, "Bo");
            assert!(path.ends_with("keys/bo"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rehearsal_writes_nothing() {
    let issues = series(2);
    let (root, folder) = folder_of(&issues[..1]);
    draft(root.path(), &issues[1]);
    let keys = folder.machine_keys().unwrap();
    let publication =
        Publication::prepare(&folder, &keys, Some(&issues[1]), day(2), Preparing::Rehearse)
            .unwrap();
    assert_eq!(publication.series().size(), 2);
    assert!(root.path().join(DRAFT).exists());
    assert!(!root.path().join("canaries/0002.json").exists());
}

#[test]
fn stopped_at_any_step_the_site_verifies_and_the_next_run_finishes() {
    let issues = series(5);
    let (_root, earlier) = folder_of(&issues[..3]);
    let (_root, later) = folder_of(&issues);
    let before = prepare(&earlier, day(3)).unwrap();
    let after = prepare(&later, day(5)).unwrap();
    let mut steps = 0;
    loop {
        let target = tempfile::tempdir().unwrap();
        let mut site = Directory::open(target.path()).unwrap();
        before.write(&mut site).unwrap();
        let mut stopping = Observed::stopping(&mut site, steps);
        let finished = after.write(&mut stopping).is_ok();
        if finished {
            break;
        }
        let shown = before.read_back(&mut site, day(3)).unwrap();
        assert_eq!(shown.report.issue.unwrap().number, 3, "stopped at step {steps}");
        after.write(&mut site).unwrap();
        assert_eq!(after.read_back(&mut site, day(5)).unwrap().report.issue.unwrap().number, 5);
        steps += 1;
    }
    // Two issues, a bundle, a tile, the newest's two copies, the checkpoint, and the pages.
    assert!(steps > 7, "{steps}");
}

#[test]
fn the_first_publication_stopped_at_any_step_is_no_site_until_it_is_whole() {
    let (_root, folder) = folder_of(&series(2));
    let publication = prepare(&folder, day(2)).unwrap();
    for steps in 0.. {
        let target = tempfile::tempdir().unwrap();
        let mut site = Directory::open(target.path()).unwrap();
        let mut stopping = Observed::stopping(&mut site, steps);
        if publication.write(&mut stopping).is_ok() {
            break;
        }
        assert_eq!(site.read(CHECKPOINT, 1 << 16).unwrap(), None);
        publication.write(&mut site).unwrap();
        publication.read_back(&mut site, day(2)).unwrap();
    }
}

#[test]
fn publishing_again_changes_nothing_and_one_more_issue_little() {
    let issues = series(3);
    let (root, folder) = folder_of(&issues[..2]);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let first = prepare(&folder, day(2)).unwrap();
    first.write(&mut site).unwrap();
    let again = first.write(&mut site).unwrap();
    assert_eq!(again.written, [CHECKPOINT]);
    draft(root.path(), &issues[2]);
    let next = prepare(&folder, day(3)).unwrap();
    let updated = next.write(&mut site).unwrap();
    assert_eq!(updated.held, 2);
    let immutable: Vec<_> = updated
        .written
        .iter()
        .filter(|path| path.contains('/') && !path.starts_with("deploy"))
        .collect();
    assert!(immutable.contains(&&"issues/0003.json".to_owned()), "{immutable:?}");
    assert!(!immutable.contains(&&"issues/0002.json".to_owned()), "{immutable:?}");
}

#[test]
fn another_series_and_a_longer_one_are_left_alone() {
    let issues = series(3);
    let (_root, long) = folder_of(&issues);
    let (_root, short) = folder_of(&issues[..2]);
    let mut other = issues[..2].to_vec();
    other.push(signed(content(3, Some(&issues[1])), &[BO, ADA]));
    let (_root, other) = folder_of(&other);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    prepare(&long, day(3)).unwrap().write(&mut site).unwrap();
    let held = site.read(CHECKPOINT, 1 << 16).unwrap();
    let error = prepare(&short, day(3)).unwrap().write(&mut site).unwrap_err();
    assert!(matches!(error, UpdateError::Ahead { published: 3, held: 2 }), "{error}");
    let error = prepare(&other, day(3)).unwrap().write(&mut site).unwrap_err();
    assert!(matches!(error, UpdateError::Diverged { size: 3 }), "{error}");
    assert_eq!(site.read(CHECKPOINT, 1 << 16).unwrap(), held);
}

#[test]
fn a_heartbeat_moves_on_and_never_back_and_only_on_the_newest_tree() {
    let issues = series(2);
    let (root, folder) = folder_of(&issues[..1]);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let first = prepare(&folder, day(1)).unwrap();
    let key = folder.heartbeat_key().unwrap().unwrap();
    let refresh = |site: &mut Directory, now| {
        let current = heartbeat::Current::read(&folder).unwrap();
        heartbeat::refresh(site, &current, &key, now, FutureHeartbeat::Keep)
    };
    assert!(matches!(refresh(&mut site, day(1)), Err(HeartbeatError::Nothing)));
    first.write(&mut site).unwrap();

    let later = day(1).plus(7_200);
    refresh(&mut site, later).unwrap();
    let shown = first.read_back(&mut site, later).unwrap();
    assert_eq!(shown.report.log.unwrap().heartbeat_at, Some(later));
    let proof = fs::read_to_string(target.path().join(LATEST_PROOF)).unwrap();
    let checkpoint = fs::read_to_string(target.path().join(CHECKPOINT)).unwrap();
    assert!(proof.ends_with(&checkpoint));
    let page = fs::read_to_string(target.path().join("index.html")).unwrap();
    let line = checkpoint.lines().find(|line| line.contains("/heartbeat ")).unwrap();
    assert!(page.contains(line), "the page's copy has the new heartbeat");
    let back = refresh(&mut site, later.plus(-1)).unwrap_err();
    assert!(matches!(back, HeartbeatError::Sign(SignError::ClockBehind { .. })), "{back}");
    assert_eq!(fs::read_to_string(target.path().join(CHECKPOINT)).unwrap(), checkpoint);

    draft(root.path(), &issues[1]);
    prepare(&folder, day(2)).unwrap();
    let behind = refresh(&mut site, day(2)).unwrap_err();
    assert!(matches!(behind, HeartbeatError::Behind { published: 1, held: 2 }), "{behind}");
}

#[test]
fn a_heartbeat_is_set_where_the_page_cannot_be_written() {
    let (_root, folder) = folder_of(&series(1));
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let publication = prepare(&folder, day(1)).unwrap();
    publication.write(&mut site).unwrap();
    let page = target.path().join("index.html");
    fs::remove_file(&page).unwrap();
    fs::create_dir(&page).unwrap();
    let current = heartbeat::Current::read(&folder).unwrap();
    let (key, later) = (folder.heartbeat_key().unwrap().unwrap(), day(1).plus(7_200));
    let error = heartbeat::refresh(&mut site, &current, &key, later, FutureHeartbeat::Keep);
    assert!(matches!(error, Err(HeartbeatError::Copy(_))), "{error:?}");
    let report = publication.read_back(&mut site, later).unwrap().report;
    assert_eq!(report.log.unwrap().heartbeat_at, Some(later));
}

#[test]
fn publishing_with_a_clock_behind_the_published_heartbeat_is_refused() {
    let (_root, folder) = folder_of(&series(1));
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    prepare(&folder, day(1).plus(100)).unwrap().write(&mut site).unwrap();
    let error = prepare(&folder, day(1)).unwrap().write(&mut site).unwrap_err();
    assert!(matches!(error, UpdateError::Clock(SignError::ClockBehind { .. })), "{error}");
}

#[test]
fn a_heartbeat_far_ahead_of_the_clock_is_replaced_only_where_somebody_says_so() {
    let issues = series(2);
    let (root, folder) = folder_of(&issues[..1]);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let key = folder.heartbeat_key().unwrap().unwrap();
    let (now, wrong) = (day(1).plus(60), day(365));
    let refresh = |site: &mut Directory, now, future| {
        let current = heartbeat::Current::read(&folder).unwrap();
        heartbeat::refresh(site, &current, &key, now, future)
    };
    let first = prepare(&folder, day(1)).unwrap();
    for heal in ["heartbeat", "publish"] {
        let _ = fs::remove_file(target.path().join(CHECKPOINT));
        first.write(&mut site).unwrap();
        refresh(&mut site, wrong, FutureHeartbeat::Keep).unwrap();
        let seen = judge_site(site.read_site().unwrap(), first.series(), now).unwrap_err();
        assert!(seen.findings.iter().any(|finding| finding.code == Code::HeartbeatMissing));
        let kept = refresh(&mut site, now, FutureHeartbeat::Keep).unwrap_err();
        assert!(matches!(kept, HeartbeatError::Sign(SignError::HeartbeatAhead { published, .. })
            if published == wrong));
        if heal == "heartbeat" {
            refresh(&mut site, now, FutureHeartbeat::Replace).unwrap();
        } else {
            draft(root.path(), &issues[1]);
            let mut next = prepare(&folder, day(2)).unwrap();
            let error = next.write(&mut site).unwrap_err();
            assert!(matches!(error, UpdateError::Clock(SignError::HeartbeatAhead { .. })));
            next.set_future_heartbeat(FutureHeartbeat::Replace);
            next.write(&mut site).unwrap();
            let read = next.read_back(&mut site, day(2)).unwrap();
            assert_eq!(read.report.log.unwrap().heartbeat_at, Some(day(2)));
            continue;
        }
        let healed = first.read_back(&mut site, now).unwrap();
        assert_eq!(healed.report.log.unwrap().heartbeat_at, Some(now));
        // A clock that is behind the issue itself is the wrong one, whatever is said.
        refresh(&mut site, wrong, FutureHeartbeat::Keep).unwrap();
        let early = refresh(&mut site, day(1).plus(-601), FutureHeartbeat::Replace).unwrap_err();
        assert!(matches!(early, HeartbeatError::Sign(SignError::BeforeIssue { .. })), "{early}");
    }
}

/// Publishes a series issue by issue from one folder, and gives the last publication.
fn step_by_step(issues: &[Envelope], site: &mut Directory) -> (TempDir, Publication) {
    let (root, folder) = folder_of(&[]);
    let mut last = None;
    for (number, envelope) in (1..).zip(issues) {
        draft(root.path(), envelope);
        let publication = prepare(&folder, day(number)).unwrap();
        publication.write(site).unwrap();
        publication.read_back(site, day(number)).unwrap();
        last = Some(publication);
    }
    (root, last.unwrap())
}

#[test]
fn what_was_verified_before_gives_the_same_bytes_as_reading_everything() {
    let mut issues = series(5);
    // A fact that falls silent, and one that comes.
    let mut other = content(6, issues.last());
    other.facts[0].id = "net.other".to_owned();
    issues.push(signed(other, &[ADA, BO]));
    issues.push(signed(content(7, issues.last()), &[ADA, BO]));
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let (_root, grown) = step_by_step(&issues, &mut site);
    assert!(grown.known.is_some());
    let (_root, folder) = folder_of(&issues);
    let whole = prepare(&folder, day(7)).unwrap();
    assert!(whole.known.is_none());
    assert_eq!(grown.checkpoint, whole.checkpoint);
    for (one, other) in grown.pages.iter().zip(&whole.pages) {
        assert_eq!(one.path, other.path);
        assert!(one.bytes == other.bytes, "{}", one.path);
    }
    whole.read_back(&mut site, day(7)).unwrap();
}

#[test]
fn an_issue_that_does_not_follow_what_was_verified_is_refused() {
    let issues = series(3);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let (root, _) = step_by_step(&issues[..2], &mut site);
    let folder = Folder::open(root.path()).unwrap();
    for wrong in [
        signed(content(3, Some(&issues[0])), &[ADA, BO]),
        signed(content(3, Some(&issues[1])), &[ADA]),
        signed(content(3, Some(&issues[1])), &[ADA, MALLORY]),
    ] {
        draft(root.path(), &wrong);
        assert!(matches!(prepare(&folder, day(3)), Err(PublishError::NotAuthentic(_))));
    }
    draft(root.path(), &issues[2]);
    assert_eq!(prepare(&folder, day(3)).unwrap().newest().number, 3);
}

#[test]
fn an_earlier_issue_that_was_changed_since_is_never_published() {
    let issues = series(4);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let (root, _) = step_by_step(&issues[..3], &mut site);
    let folder = Folder::open(root.path()).unwrap();
    fs::write(root.path().join("canaries/0002.json"), issues[0].bytes()).unwrap();
    draft(root.path(), &issues[3]);
    assert!(matches!(prepare(&folder, day(4)), Err(PublishError::Series(_))));
    // Without what was verified, everything is read, and the verifier says what is wrong.
    fs::remove_dir_all(root.path().join(".canary")).unwrap();
    assert!(matches!(prepare(&folder, day(4)), Err(PublishError::NotAuthentic(_))));
    fs::write(root.path().join("canaries/0002.json"), issues[1].bytes()).unwrap();
    let publication = prepare(&folder, day(4)).unwrap();
    publication.write(&mut site).unwrap();
    publication.read_back(&mut site, day(4)).unwrap();
}

#[test]
fn what_is_gone_or_damaged_is_put_back_by_the_next_run_and_else_little_is_read() {
    let issues = series(260);
    let (root, folder) = folder_of(&issues[..257]);
    let target = tempfile::tempdir().unwrap();
    let mut site = Directory::open(target.path()).unwrap();
    let publish = |site: &mut Directory, number: i64| {
        let publication = prepare(&folder, day(number as u64)).unwrap();
        let updated = publication.write(site).unwrap();
        let mut counted = Observed::new(site);
        let read = publication.read_back(&mut counted, day(number as u64)).unwrap();
        assert_eq!(read.report.issue.unwrap().number, number as u64);
        (updated.written.len(), read.mended, counted.compared)
    };
    let (_, mended, compared) = publish(&mut site, 257);
    assert_eq!((mended.len(), compared.len()), (0, 257 + 5), "all is read once");

    // One more issue reads that issue and the tiles that are not full yet.
    draft(root.path(), &issues[257]);
    let (written, mended, compared) = publish(&mut site, 258);
    assert!(written < 16 && mended.is_empty());
    let little = ["issues/0258.json", "tile/entries/001.p/2", "tile/0/001.p/2", "tile/1/000.p/1"];
    assert_eq!(compared, little);

    // The same size and other bytes, another size, gone, and a link to what it should be.
    let damage = |path: &str, with: &dyn Fn(Vec<u8>) -> Option<Vec<u8>>| {
        let path = target.path().join(path);
        match with(fs::read(&path).unwrap()) {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    };
    let flipped = |mut bytes: Vec<u8>| {
        bytes[100] ^= 1;
        Some(bytes)
    };
    damage("issues/0002.json", &flipped);
    damage("issues/0003.json", &|bytes| Some([&bytes[..], b" "].concat()));
    damage("issues/0256.json", &|_| None);
    damage("tile/entries/000", &flipped);
    damage("tile/0/000", &|_| None);
    #[cfg(unix)]
    {
        let path = target.path().join("issues/0004.json");
        fs::rename(&path, target.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", &path).unwrap();
    }
    draft(root.path(), &issues[258]);
    let (_, mended, _) = publish(&mut site, 259);
    let mut expected = vec![
        "issues/0002.json",
        "issues/0003.json",
        "issues/0256.json",
        "tile/entries/000",
        "tile/0/000",
    ];
    if cfg!(unix) {
        expected.insert(2, "issues/0004.json");
    }
    assert_eq!(mended, expected);
    for number in [2, 3, 4, 256] {
        let path = target.path().join(format!("issues/{number:04}.json"));
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read(path).unwrap(), issues[number - 1].bytes());
    }

    // A run without a new issue looks as well, and one after it finds nothing left to do.
    damage("tile/entries/001.p/3", &flipped);
    let (_, mended, _) = publish(&mut site, 259);
    assert_eq!(mended, ["tile/entries/001.p/3"]);
    draft(root.path(), &issues[259]);
    let (_, mended, compared) = publish(&mut site, 260);
    assert_eq!((mended.len(), compared.len()), (0, 4));
    let (_, mended, compared) = publish(&mut site, 260);
    assert_eq!((mended.len(), compared.len()), (0, 260 + 5), "nothing new: all is read");
    // What is kept of a place can be removed at any time.
    fs::remove_dir_all(root.path().join(".canary")).unwrap();
    let (_, mended, compared) = publish(&mut site, 260);
    assert_eq!((mended.len(), compared.len()), (0, 260 + 5));
}
