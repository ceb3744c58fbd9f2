use super::*;
use crate::draft::Draft;
use crate::fixture::{ORIGIN, key};

fn text() -> String {
    let log = canary_format::note::VerifierKey::new(
        ORIGIN,
        canary_format::note::KeyKind::Note,
        key(100).public(),
    )
    .unwrap();
    format!(
        r#"origin = "{ORIGIN}"

[publisher]
name = "Example"
languages = ["en", "zh-Hans"]
canonical_url = "https://{ORIGIN}/"
services = [{{ id = "cdn", name = "CDN", model = "paas" }}]
entities = [{{ id = "example", name = "Example GmbH", jurisdiction = "DE" }}]

[cadence]
profile = "monthly"

[scope]
entities = ["all"]
services = ["all"]
roles = ["processor"]
jurisdictions = ["all"]

[[facts]]
template = "keys.own"

[[facts]]
id = "own.words"
tense = "since"
since = "2020-01-01"
text = {{ en = "We have moved no data.", zh-Hans = "我们没有迁移数据。" }}
scope = {{ layers = ["data.migration"], roles = ["controller"] }}

[[promises]]
template = "commitment.contest"

[[counters]]
template = "orders.no-end-date"
from = "2025-01-01"
to = "2025-12-31"
exact = 28

[[retiring]]
id = "own.words"
after = "2026-12-01T00:00:00Z"

[roster]
threshold = 1
[[roster.signers]]
name = "Ada"
role = "officer"
jurisdiction = "DE"
keys = ["keys/ada.pub"]

[log]
key = "{log}"

[targets]
production = "s3://bucket/canary"
copy = {{ to = "sftp://web@host/canary", url = "https://copy.example/canary/" }}
"#
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    let public = format!("{} ada@example\n", key(1).public().to_openssh());
    std::fs::write(folder.path().join("keys/ada.pub"), public).unwrap();
    folder
}

fn content(text: String) -> Result<IssueContent, ConfigError> {
    let folder = folder();
    let as_of = Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
    Config::parse(text, folder.path())?.content(None, as_of, Vec::new())
}

#[test]
fn a_whole_file_makes_an_issue() {
    let draft = Draft::new(content(text()).unwrap(), None).unwrap();
    let issue = draft.issue();
    assert_eq!(issue.next_due.to_string(), "2026-02-28T12:00:00Z");
    assert_eq!(issue.expires.to_string(), "2026-03-07T12:00:00Z");
    let fact = issue.fact("keys.own").unwrap();
    assert!(fact.text.get("zh-Hans").unwrap().starts_with("我们没有把"));
    assert_eq!(fact.scope.layers.len(), 4);
    assert_eq!(issue.fact("own.words").unwrap().scope.roles, ["controller"]);
    assert_eq!(issue.roster.signers[0].keys, [key(1).public()]);
    assert!(issue.not_before.is_none());
}

#[test]
fn a_mistake_is_told_with_its_line_and_column() {
    for (from, to, said) in [
        ("[scope]", "[scopes]", "line 13 column 2: unknown field `scopes`"),
        ("profile = \"monthly\"", "profile = \"yearly\"", "line 11 column 11: unknown variant"),
        ("profile =", "profile", "line 11 column"),
        ("\"keys.own\"", "\"keys.mine\"", "line 19 column 1: there is no template \"keys.mine\""),
        ("tense = \"since\"\n", "", "line 22 column 1: \"own.words\" needs a tense"),
        (", zh-Hans = \"我们没有迁移数据。\"", "", "has no text in \"zh-Hans\""),
        ("zh-Hans = \"我", "de = \"我", "has a text in \"de\""),
        ("layers = [\"data.migration\"], ", "", "\"own.words\" names no layers"),
        ("\"2020-01-01\"", "\"1.1.2020\"", "not \"1.1.2020\""),
        ("exact = 28", "exact = 28\nband = [0, 249]", "needs either exact"),
        (
            "id = \"own.words\"\nafter",
            "id = \"other\"\nafter",
            "line 38 column 1: \"other\" is not",
        ),
        ("keys/ada.pub", "keys/bo.pub", "cannot read the public key file"),
        ("\"keys/ada.pub\"", "\"ssh-rsa AAAA\"", "line 48 column 9: not an OpenSSH"),
        ("key = \"example.com", "key = \"x", "not a C2SP verifier key"),
        ("s3://bucket", "https://u:p@host", "line 54 column 14: a target holds no password"),
    ] {
        let changed = text().replacen(from, to, 1);
        assert_ne!(changed, text(), "{from}");
        let error = content(changed).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn a_band_stays_a_band() {
    let changed = text().replace("orders.no-end-date", "ns-process");
    let error = content(changed.clone()).unwrap_err().to_string();
    assert!(error.contains("\"ns-process\" is given as a band only"));
    let band = changed.replace("exact = 28", "band = [0, 249]");
    assert!(content(band).is_ok());
}

#[test]
fn credentials_are_seen_in_targets() {
    let target = |text: &str| {
        let table: toml::Table = toml::from_str(&format!("target = {text}")).unwrap();
        holds_credentials(&table["target"])
    };
    for text in [
        "\"https://u:p@host/\"",
        "\"s3://k:s@bucket/x\"",
        "\"https://host/?X-Amz-Signature=1\"",
        "{ to = \"s3://bucket\", secret_key = \"x\" }",
        "{ to = \"https://u:p@host/\" }",
    ] {
        assert!(target(text), "{text}");
    }
    for text in [
        "\"sftp://deploy@host/srv/canary\"",
        "\"s3://bucket/a:b@c\"",
        "\"git@host:repo.git\"",
        "{ to = \"s3://bucket\", endpoint = \"https://s3.example\", profile = \"canary\" }",
    ] {
        assert!(!target(text), "{text}");
    }
}
