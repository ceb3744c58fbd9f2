//! The files for operators: units that systemd takes, a manifest of known fields whose probes are answered.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod monitor;
mod server;

use std::path::{Path, PathBuf};
use std::process::Command;

use monitor::{Operator, Running, have};
use serde_json::Value;

fn operations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/operations")
}

fn text(name: &str) -> String {
    std::fs::read_to_string(operations().join(name)).unwrap()
}

#[test]
fn systemd_takes_the_units_and_finds_little_exposed() {
    if !have("systemd-analyze", "systemd") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let units = ["canary-watch.service", "canary-watch-once.service", "canary-watch-once.timer"];
    for unit in units {
        let unit_text = text(unit).replace("/usr/bin/canary", env!("CARGO_BIN_EXE_canary"));
        std::fs::write(folder.path().join(unit), unit_text).unwrap();
    }
    let analyze = |arguments: &[&str], units: &[&str]| {
        let mut command = Command::new("systemd-analyze");
        command.current_dir(folder.path()).args(arguments);
        command.args(units.iter().map(|unit| format!("./{unit}")));
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        (output.status.success(), said.concat())
    };
    assert_eq!(analyze(&["verify", "--man=no"], &units), (true, String::new()));
    for service in &units[..2] {
        let (within, said) = analyze(&["security", "--offline=true", "--threshold=20"], &[service]);
        assert!(within, "more than 2.0 of 10 is exposed: {said}");
    }
    // What the service is told to run is what the command has.
    let started = text(units[0]);
    let started = started.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let operator = Operator::new("");
    for option in started.split(' ').filter(|word| word.starts_with("--")) {
        let help = operator.run(&["watch", "--help"]).stdout;
        assert!(String::from_utf8(help).unwrap().contains(option), "{option}");
    }
}

/// Fields of each place in the manifest, as the API of Kubernetes 1.30 knows them; `*` for any name.
const FIELDS: [(&str, &str); 23] = [
    ("", "apiVersion kind metadata spec"),
    ("metadata", "name labels annotations namespace"),
    ("spec", "replicas serviceName selector template volumeClaimTemplates"),
    ("spec.selector", "matchLabels"),
    ("spec.selector.matchLabels", "*"),
    ("spec.template", "metadata spec"),
    ("spec.template.metadata", "labels annotations"),
    ("spec.template.metadata.labels", "*"),
    ("spec.template.metadata.annotations", "*"),
    (
        "spec.template.spec",
        "automountServiceAccountToken terminationGracePeriodSeconds securityContext containers volumes",
    ),
    (
        "spec.template.spec.securityContext",
        "runAsNonRoot runAsUser runAsGroup fsGroup seccompProfile",
    ),
    ("spec.template.spec.securityContext.seccompProfile", "type localhostProfile"),
    (
        "spec.template.spec.containers",
        "name image args envFrom ports startupProbe livenessProbe readinessProbe resources securityContext volumeMounts",
    ),
    ("spec.template.spec.containers.envFrom", "secretRef configMapRef prefix"),
    ("spec.template.spec.containers.envFrom.secretRef", "name optional"),
    ("spec.template.spec.containers.ports", "name containerPort protocol"),
    (
        "spec.template.spec.containers.securityContext",
        "allowPrivilegeEscalation readOnlyRootFilesystem capabilities",
    ),
    ("spec.template.spec.containers.securityContext.capabilities", "drop"),
    ("spec.template.spec.containers.volumeMounts", "name mountPath readOnly subPath"),
    ("spec.template.spec.volumes", "name configMap emptyDir"),
    ("spec.template.spec.volumes.configMap", "name optional items defaultMode"),
    ("spec.template.spec.volumes.emptyDir", "medium sizeLimit"),
    ("spec.volumeClaimTemplates", "metadata spec"),
];
const PROBES: [&str; 3] = ["startupProbe", "livenessProbe", "readinessProbe"];

fn fields_are_known(place: &str, value: &Value) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| fields_are_known(place, one)),
        Value::Object(members) => {
            let known = FIELDS.iter().find(|(path, _)| *path == place).map(|(_, known)| *known);
            for (name, member) in members {
                let below = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                match known {
                    Some(known) => assert!(
                        known == "*" || known.split(' ').any(|one| one == name),
                        "{below} is no field"
                    ),
                    // Checked by what is asked of them below.
                    None => {
                        let leaf = place.rsplit('.').next().unwrap();
                        let rest = ["resources", "requests", "limits", "metadata", "spec"];
                        let is_probe = PROBES.iter().any(|probe| place.contains(probe));
                        assert!(is_probe || rest.contains(&leaf), "{place} is not known");
                    }
                }
                fields_are_known(&below, member);
            }
        }
        _ => {}
    }
}

#[test]
fn the_manifests_fields_are_known_and_its_probes_are_answered() {
    let read = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let file = std::fs::File::open(operations().join("kubernetes.yaml")).unwrap();
    let read = Command::new("python3").args(["-c", read]).stdin(file).output();
    let Some(read) = read.ok().filter(|output| output.status.success()) else {
        println!("left out: the manifest, which python3 reads (Debian package python3-yaml)");
        return;
    };
    let documents: Vec<Value> = serde_json::from_slice(&read.stdout).unwrap();
    let [manifest] = &documents[..] else { panic!("one document") };
    fields_are_known("", manifest);
    let pod = &manifest["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert!(pod["securityContext"]["runAsUser"].as_u64().is_some_and(|user| user > 0));
    let context = &container["securityContext"];
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["capabilities"]["drop"][0], "ALL");
    let volumes = [&pod["volumes"], &manifest["spec"]["volumeClaimTemplates"]];
    let volumes: Vec<&Value> = volumes.iter().flat_map(|list| list.as_array().unwrap()).collect();
    for mount in container["volumeMounts"].as_array().unwrap() {
        let name = &mount["name"];
        let is_it =
            |volume: &&&Value| volume["name"] == *name || volume["metadata"]["name"] == *name;
        assert!(volumes.iter().any(|volume| is_it(&volume)), "{name}");
    }
    let labels = &manifest["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&manifest["spec"]["selector"]["matchLabels"], labels);

    // What it runs, with a configuration in a folder as a ConfigMap is mounted: each file a link.
    let operator = Operator::new("");
    let (config, data) = (operator.path().join("config"), operator.path().join("config/..data"));
    std::fs::create_dir_all(&data).unwrap();
    let target = "store = \"sqlite:../watch.db\"\n[[target]]\nurl = \"http://127.0.0.1:1/\"\n";
    std::fs::write(data.join("watch.toml"), target).unwrap();
    std::os::unix::fs::symlink("..data/watch.toml", config.join("watch.toml")).unwrap();
    let arguments = container["args"].as_array().unwrap();
    let arguments: Vec<&str> = arguments.iter().map(|word| word.as_str().unwrap()).collect();
    let port = container["ports"][0]["containerPort"].as_u64().unwrap();
    assert_eq!(
        arguments,
        ["watch", "--config", "/etc/canary", "--listen", &format!("0.0.0.0:{port}")]
    );
    let containerfile = text("Containerfile");
    assert!(containerfile.contains(&format!("EXPOSE {port}\n")), "the same port");
    assert!(containerfile.contains("\nUSER nonroot\n"));
    let annotations = &manifest["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["prometheus.io/port"], port.to_string());
    let running = Running::start(&operator, &["--config", "config"]);
    for probe in PROBES {
        let asked = &container[probe]["httpGet"];
        assert_eq!(asked["port"], container["ports"][0]["name"]);
        assert_eq!(running.page(asked["path"].as_str().unwrap()).0, 200, "{probe}");
    }
    running.stop();
}
