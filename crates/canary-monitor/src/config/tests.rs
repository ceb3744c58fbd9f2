use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder of a configuration.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        let folder = Self(tempfile::tempdir().expect("there is a temporary folder"));
        folder.put("watch.toml", config);
        folder
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).expect("it can be written");
        path
    }

    fn config(&self) -> Config {
        Config::read(&self.0.path().join("watch.toml"), None).expect("it has no mistakes")
    }

    fn remarks(&self) -> Vec<String> {
        let remarks = self.config().remarks;
        remarks.iter().map(|one| format!("{}:{}: {}", one.line, one.column, one.message)).collect()
    }

    /// Every mistake, as line, column and message.
    fn mistakes(&self) -> Vec<String> {
        self.mistakes_in("watch.toml")
    }

    fn mistakes_in(&self, name: &str) -> Vec<String> {
        match Config::read(&self.0.path().join(name), None) {
            Ok(_) => Vec::new(),
            Err(ConfigError::Mistakes(mistakes)) => (mistakes.iter())
                .map(|one| format!("{}:{}: {}", one.line, one.column, one.message))
                .collect(),
            Err(error) => panic!("{error}"),
        }
    }
}

const SINK: &str =
    "[[sink]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"https://hooks.example/\"\n";

#[test]
fn what_no_route_serves_is_a_mistake() {
    let route = "[[route]]\nname = \"ops\"\nsinks = [\"ops\"]\nlabels = { team = \"ops\" }\n";
    let no_route = "no route serves this: it has not the labels that they ask for";
    let folder = Folder::new(&format!(
        "[[target]]\nurl = \"a.example\"\nlabels = {{ team = \"ops\" }}\n\
         [[target]]\nurl = \"b.example\"\n\
         [[list]]\npath = \"list\"\nlabels = {{ team = \"other\" }}\n{SINK}{route}"
    ));
    folder.put("list", "c.example\n");
    assert_eq!(folder.mistakes(), [format!("5:7: {no_route}"), format!("7:8: {no_route}")]);
    let folder = Folder::new(&format!("[[target]]\nurl = \"a.example\"\n{SINK}"));
    assert_eq!(folder.mistakes(), [""; 0], "without routes every sink is told");
    let sink = SINK.replace("ops", "other");
    let route = route.split_once("labels").expect("it has labels").0;
    let folder = Folder::new(&format!("[[target]]\nurl = \"a.example\"\n{SINK}{sink}{route}"));
    assert_eq!(folder.remarks(), ["8:8: no route names the sink \"other\""]);
}

#[test]
fn a_pin_is_kept_however_its_url_is_written() {
    let digest = "1:sha256:QdultqhUiMj6b_pmQ0GPM77Pl5JbUtsdDg4v6aE3SfY";
    for (written, url) in [
        ("http://LOCALHOST:8711/c/", "http://localhost:8711/c/"),
        ("https://a.example/x/../c/", "https://a.example/c/"),
        ("http://127.1/c/", "http://127.0.0.1/c/"),
        ("https://a.example:443/c/", "https://a.example/c/"),
    ] {
        let pin = format!("{written}#{digest}");
        let trusted = |url: &str| {
            format!(
                "{{\"trust\":\"warrant-canary/trust/v1\",\"series\":[{{\"url\":\"{url}\",\
                 \"pin\":\"{pin}\",\"pinned\":\"given\"}}]}}"
            )
        };
        for config in [
            "[[trust]]\npath = \"trust.json\"\n",
            &format!("[[target]]\npin = \"{pin}\"\n"),
            &format!("[[target]]\nurl = \"{written}\"\npin = \"{pin}\"\n"),
            "[[list]]\npath = \"list\"\n",
        ] {
            let folder = Folder::new(config);
            folder.put("trust.json", trusted(url));
            folder.put("list", &pin);
            let target = folder.config().fleet.iter().next().expect("it is watched");
            assert_eq!(target.url, url, "{config}");
            let pin = target.pin.map(|pin| pin.to_string());
            assert_eq!(pin, Some(format!("{url}#{digest}")), "{config}");
        }
        let folder = Folder::new("[[trust]]\npath = \"trust.json\"\n");
        folder.put("trust.json", trusted("https://b.example/"));
        let message =
            format!("1:1: the pin that the trust file has for https://b.example/ is of {url}");
        assert_eq!(folder.mistakes(), [message]);
    }
}

#[test]
fn what_is_given_once_is_not_given_in_two_files() {
    let folder = Folder::new("");
    let twice = "store = \"sqlite:a\"\n[limits]\n[dead_man]\nurl = \"https://a.example/\"\n\
                 [retention]\n[metrics]\n[network]\ncontrol = [\"https://a.example/\"]\n";
    let first = folder.put("a.toml", twice);
    folder.put("b.toml", twice);
    let too = |place: &str, name: &str| format!("{place}: `{name}` is in {} too", first.display());
    let mistakes = [
        too("1:9", "store"),
        too("2:1", "limits"),
        too("3:1", "dead_man"),
        too("5:1", "retention"),
        too("6:1", "metrics"),
    ];
    assert_eq!(folder.mistakes_in(""), mistakes);
}

#[test]
fn what_is_not_text_is_named_with_its_place_beside_other_mistakes() {
    let folder = Folder::new("");
    folder.put("a.toml", b"store = \"sqlite:a\"\nno = \"\xff\"\n");
    folder.put("b.toml", "no = 1\n[[list]]\npath = \"list\"\n[[list]]\npath = \"absent\"\n");
    let list = folder.put("list", b"a.example\n\xc3\xbc \xff\nnot/one\n");
    let absent = list.with_file_name("absent");
    let mistakes = folder.mistakes_in("");
    assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    assert_eq!(mistakes[0], "2:7: not UTF-8");
    assert!(mistakes[1].starts_with("1:1: unknown field `no`"), "{mistakes:?}");
    assert_eq!(mistakes[2], "2:3: not UTF-8");
    assert!(mistakes[3].starts_with("3:1: not a host or URL prefix"), "{mistakes:?}");
    let words = format!("5:8: cannot read {}: ", absent.display());
    assert!(mistakes[4].starts_with(&words), "{mistakes:?}");
}

#[test]
fn no_file_without_an_end_is_read() {
    let refused = |path: &Path| match Config::read(path, None) {
        Err(ConfigError::Unreadable { source, .. }) => source.to_string(),
        other => panic!("{other:?}"),
    };
    let folder = Folder::new("[[list]]\npath = \"list\"\n");
    let large = folder.put("large.toml", vec![b' '; MAX_FILE + 1]);
    assert!(refused(&large).starts_with("larger than 16 MiB"));
    folder.put("list", vec![b'a'; 1 << 20]);
    let mistakes = folder.mistakes();
    assert!(mistakes[0].ends_with("line 1 is longer than any target's"), "{mistakes:?}");
    #[cfg(unix)]
    {
        assert_eq!(refused(Path::new("/dev/zero")), "not a regular file");
        folder.put("watch.toml", "[[list]]\npath = \"/dev/zero\"\n");
        assert_eq!(folder.mistakes(), ["2:8: cannot read /dev/zero: not a regular file"]);
    }
}

#[test]
fn a_sink_that_could_not_be_told_is_named() {
    let sink = |kind: &str, more: &str| {
        Folder::new(&format!(
            "[[target]]\nurl = \"a.example\"\n[[sink]]\nname = \"ops\"\nkind = \"{kind}\"\n{more}"
        ))
    };
    let ntfy = sink("ntfy", "url = \"https://ntfy.sh/\"\n");
    assert_eq!(ntfy.mistakes(), ["6:7: a URL without a topic: \"https://ntfy.sh/\""]);
    let exec = sink("exec", "command = [\"/absent/notify\"]\n");
    assert_eq!(exec.remarks(), ["6:12: there is no such program here: \"/absent/notify\""]);
    let exec = sink("exec", "command = [\"nonesuch-program\"]\n");
    assert_eq!(exec.remarks().len(), 1);
    let webhook = sink("webhook", "url = \"https://a.example/\"\nsecret_file = \"key\"\n");
    assert_eq!(webhook.remarks(), ["7:15: cannot be read here: \"key\""]);
    webhook.put("key", "\n");
    assert_eq!(webhook.mistakes(), ["7:15: the secret is empty"]);
    webhook.put("key", "whsec_no base64");
    assert_eq!(webhook.mistakes(), ["3:1: what follows `whsec_` in the secret is not base64"]);
    webhook.put("key", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_eq!((webhook.mistakes().len(), webhook.remarks().len()), (0, 0));
    let mail = "from = \"a@a.example\"\nto = [\"b@a.example\"]\nserver = \"smtp://[::1]\"\n";
    let mail = sink("email", &format!("{mail}ca_file = \"ca.pem\"\n"));
    assert_eq!(mail.remarks(), ["9:11: cannot be read here: \"ca.pem\""]);
}

#[test]
fn nothing_untrue_follows_from_a_first_mistake() {
    let folder = Folder::new(
        "[[target]]\nurl = \"https://a.example/canary.txt\"\ndialect = \"openpgp\"\n\
         keys = { alice = \"absent.asc\", bob = \"absent.asc\" }\nquorum = 2\n\
         [[sink]]\nname = \"legal\"\nkind = \"email\"\nfrom = \"a@a.example\"\nto = [\"b@a.example\"]\n\
         [[route]]\nname = \"all\"\nsinks = [\"legal\"]\n",
    );
    let mistakes = folder.mistakes();
    let of = |words: &str| mistakes.iter().filter(|one| one.contains(words)).count();
    assert_eq!((of("cannot read"), of("`server` is missing")), (2, 1), "{mistakes:?}");
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
}

#[test]
fn a_silence_without_an_end_is_remarked() {
    let silence = |window: &str| {
        let target = "[[target]]\nurl = \"a.example\"\n";
        Folder::new(&format!("{target}[[silence]]\n{window}{SINK}")).remarks()
    };
    let weekly =
        |days: &str| silence(&format!("days = [{days}]\nfrom = \"00:00\"\nto = \"00:00\"\n"));
    let all = weekly("\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"");
    assert_eq!(all, ["3:1: this silence never ends"]);
    assert_eq!(weekly("\"sat\", \"sun\""), [""; 0]);
    let once = |to: &str| silence(&format!("from = \"2026-01-01T00:00:00Z\"\nto = \"{to}\"\n"));
    assert_eq!(once("2099-01-01T00:00:00Z"), ["3:1: this silence is longer than a year"]);
    assert_eq!(once("2026-12-31T00:00:00Z"), [""; 0]);
}
