//! The worked example of `docs/reports.md`: two suppliers and a stack under `docs/examples/`.
//!
//! Its files are those that this test makes, byte for byte: the keys are derived from numbers and
//! protect nothing. `CANARY_WRITE_EXAMPLE=1` writes them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use canary_format::issue::Fact;
use canary_format::time::Timestamp;
use canary_report::profile::Profile;
use canary_report::stack::{Entry, Stack};
use canary_report::supplier::{Canary, Supplier};
use canary_report::tia::{Exhibit, Tia};
use canary_report::watch::WatchRecord;

use fixture::{DAY, Series, at, fact, list, localised};

const STACK: &str = r#"# The stack of the worked example in docs/reports.md: notes kept by one supplier on the machines of
# another, behind the edge network of a third, and an old tool whose canary is of another format.
customer = "Example Hospital"
profile = "yd-t-4060-2022"

[[supplier]]
id = "edge"
target = "../../canaries/site"
pin = "https://canary.example.net/edge/#1:sha256:TqiMCiD7hEwXiDqg9RXn03p_1tjpaOvZ0WN1I0j25Q8"
services = ["cdn"]
third_country = "US"

[[supplier]]
id = "fjord"
target = "fjord/site"
pin = "{fjord}"
services = ["compute"]
third_country = "US"

[[supplier]]
id = "tern"
target = "tern/site"
pin = "{tern}"
services = ["notes"]
third_country = "US"
watch = "tern/watch.json"
[supplier.legality]
by = "Counsel of Example Hospital"
in = "memo 12 of 2026-09-20"
text = "The law named there permits a publication of this form."

[[supplier]]
id = "wren"
target = "wren/canary.txt"
format = "canary.txt"
model = "saas"
profile = "azure"
"#;

const WATCH: &str = r#"{
  "record": "warrant-canary/watch/v1",
  "watcher": "watch.hospital.example",
  "origin": "tern.example/.well-known/canary",
  "url": "https://tern.example/.well-known/canary/",
  "from": "2026-11-01T09:10:00Z",
  "to": "2026-11-22T11:10:00Z",
  "interval": 3600,
  "looks": 500,
  "gaps": [
    { "from": "2026-11-09T22:10:00Z", "to": "2026-11-10T05:10:00Z" }
  ]
}
"#;

const WREN: &str = "Wren Tools canary, 2026-10-01. Expires: 2026-12-31\n\nWe have not received an order of the kind named in our report.\n";

fn start() -> Timestamp {
    at("2026-11-01T09:00:00Z")
}

fn now() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

fn sentence(id: &str, role: &str, layers: &[&str], en: &str, zh: &str) -> Fact {
    Fact { text: localised(en, zh), ..fact(id, role, layers) }
}

/// A host that affirms daily, without a day left out.
fn fjord() -> Series {
    let mut access = sentence(
        "host.no-access",
        "processor",
        &["physical", "resource", "os", "data.access"],
        "No government body has standing access to our hosts or management plane.",
        "没有政府机构对我们的主机或管理平面拥有常设访问权。",
    );
    access.scope.jurisdictions = list(&["DE", "SE"]);
    access.scope.excludes = Some(list(&["the research cluster"]));
    let equipment = sentence(
        "net.no-equipment",
        "processor",
        &["physical", "resource", "network"],
        "No government body has software or equipment installed in this network.",
        "本网络中没有安装任何政府机构的软件或设备。",
    );
    let bulk = sentence(
        "data.no-bulk",
        "controller",
        &["data.access", "data.personal"],
        "We have received no order for bulk customer data.",
        "我们没有收到批量提供客户数据的命令。",
    );
    Series::new("fjord", 110, &[("compute", "iaas"), ("objects", "paas")], start())
        .facts(vec![access, equipment, bulk])
        .issues(22)
}

/// A vendor that was silent for three days, and ended a sentence with notice.
fn tern() -> Series {
    let keys = || {
        sentence(
            "keys.own",
            "processor",
            &["data.storage", "data.transfer", "data.access", "iam"],
            "We have given none of our private encryption or authentication keys to anyone outside our control.",
            "我们没有把自己的加密或认证私钥交给我方控制之外的任何人。",
        )
    };
    let code = || {
        sentence(
            "code.not-compelled",
            "processor",
            &["os", "application"],
            "We have not been made to build or ship altered software.",
            "我们没有被迫制作或发布被改动的软件。",
        )
    };
    let retention = || {
        sentence(
            "data.retention-unchanged",
            "processor",
            &["data.storage", "data.migration", "data.destruction"],
            "We have not been made to keep, copy or delay deleting customer data beyond our published periods.",
            "我们没有被迫超出公布期限保留、复制或推迟删除客户数据。",
        )
    };
    let end = at("2026-11-20T00:00:00Z");
    let mut after = Series::new("tern", 160, &[("notes", "saas")], start())
        .facts(vec![keys(), code(), retention()])
        .issues(6)
        .then_after(3 * DAY)
        .issues(8)
        .retiring("data.retention-unchanged", end)
        .issues(3)
        .facts(vec![keys(), code()]);
    after.content.retiring = None;
    after.issues(3)
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let suppliers = [("fjord", fjord()), ("tern", tern())];
    let mut files = BTreeMap::new();
    let profile = Profile::shipped("azure").unwrap();
    let mut stack = STACK.to_owned();
    for (id, series) in &suppliers {
        stack = stack.replace(&format!("{{{id}}}"), &series.pin().to_string());
        let (judgement, evidence) = (series.judged(now()), series.evidence(now().plus(-600)));
        let entry = Entry::new(id, "x.example");
        let canary = Canary::Native(&judgement);
        let exhibit = Exhibit {
            supplier: Supplier { entry: &entry, profile: &profile, canary, watch: None },
            evidence: Some(&evidence),
            watch_file: None,
            profile_file: "",
        };
        let (_, pack) = Tia::of(None, &[exhibit], None, None, now()).unwrap();
        for (path, bytes) in pack.files {
            if let Some(rest) = path.strip_prefix("suppliers/") {
                files.insert(rest.to_owned(), bytes);
            }
        }
    }
    files.insert("tern/watch.json".to_owned(), WATCH.into());
    files.insert("wren/canary.txt".to_owned(), WREN.into());
    files.insert("suppliers.toml".to_owned(), stack.into());
    files
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples")
}

#[test]
fn the_example_is_as_it_was_made() {
    let write = std::env::var_os("CANARY_WRITE_EXAMPLE").is_some();
    for (path, bytes) in files() {
        let at = folder().join(&path);
        if write {
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(&at, &bytes).unwrap();
        }
        let stored = fs::read(&at).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(stored == bytes, "{path} is not as it was made");
    }
}

#[test]
fn its_files_read() {
    let text = fs::read_to_string(folder().join("suppliers.toml")).unwrap();
    assert_eq!(Stack::parse(&text).unwrap().suppliers.len(), 4);
    assert!(WatchRecord::parse(&fs::read(folder().join("tern/watch.json")).unwrap()).is_ok());
}
