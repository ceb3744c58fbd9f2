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
