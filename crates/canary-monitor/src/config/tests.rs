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

    /// Every mistake, as line, column and message.
    fn mistakes(&self) -> Vec<String> {
        match Config::read(&self.0.path().join("watch.toml"), None) {
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
