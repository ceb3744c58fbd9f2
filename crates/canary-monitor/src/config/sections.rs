//! The sections of `watch.toml`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use canary_verifier::report::Severity;
use toml::Spanned;
use toml::de::DeTable;
use url::Url;

use super::mistake::Mistake;
use super::reader::{Reader, Source};
use super::silences::silence;
use super::sinks::{hidden, sink};
use super::targets::{Defaults, TargetList, read_target};
use super::trust::TrustList;
use super::{Config, DeadMan, Limits, Retention, StoreUrl, list};
use crate::fleet::{Fleet, FleetBuilder};
use crate::policy::{INTERVALS, Policy};
use crate::route::{Language, Route};
use crate::silence::Silence;
use crate::sinks::{Secret, SinkConfig};
use crate::target::Target;

/// A thing and where it was written, for mistakes that show only when all files are read.
pub(super) struct Written<T> {
    pub(super) thing: T,
    pub(super) place: Mistake,
}

#[derive(Default)]
pub(super) struct Sections {
    store: Option<StoreUrl>,
    store_password: Option<Secret>,
    limits: Option<Limits>,
    controls: Vec<String>,
    dead_man: Option<DeadMan>,
    sinks: Vec<Written<SinkConfig>>,
    /// Names of sinks that have a mistake: they are there all the same.
    wrong_sinks: Vec<String>,
    routes: Vec<Written<Route>>,
    silences: Vec<Silence>,
    silenced: Vec<Written<String>>,
    remarks: Vec<Mistake>,
    retention: Retention,
    aggregate_from: Option<usize>,
    textfile: Option<PathBuf>,
    defaults: Defaults,
    targets: Vec<Written<Target>>,
    lists: Vec<TargetList>,
    trusts: Vec<TrustList>,
    left_out: Vec<String>,
    /// Which file has what is given once.
    given: BTreeMap<&'static str, PathBuf>,
}

/// What is given once in all files: of two neither is the one that is meant.
const ONCE: [&str; 7] = [
    "store",
    "store_password_env",
    "store_password_file",
    "limits",
    "dead_man",
    "retention",
    "metrics",
];
const LIMITS: Limits = Limits { concurrency: 64, per_host: 4, check_timeout: 60 };

impl Sections {
    pub(super) fn read(&mut self, file: &Path, text: &str, mistakes: &mut Vec<Mistake>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut remarks = Vec::new();
        let mut source = Source { file, text, mistakes, remarks: &mut remarks };
        for error in &errors {
            source.mistake(error.span().unwrap_or(0..0), error.message());
        }
        if !errors.is_empty() {
            return;
        }
        let mut root = Reader::new(table.get_ref(), 0..0, &mut source);
        self.read_root(&mut root);
        root.end();
        self.remarks.append(&mut remarks);
    }

    fn read_root(&mut self, root: &mut Reader<'_, '_>) {
        for name in ONCE {
            if !root.has(name) {
                continue;
            }
            match self.given.get(name) {
                Some(file) => {
                    let message = format!("`{name}` is in {} too", file.display());
                    root.source.mistake(root.span_of(name), message);
                }
                None => drop(self.given.insert(name, root.source.file.to_owned())),
            }
        }
        if let Some(store) = root.string("store") {
            self.store = store_url(root.source, &store);
        }
        if let Some(password) = hidden(root, ["store_password_env", "store_password_file"]) {
            self.store_password = Some(password);
        }
        if let Some(mut limits) = root.table("limits") {
            let mut cap = |name, most, default: usize| {
                limits
                    .integer(name, 1..=most)
                    .and_then(|n| usize::try_from(n).ok())
                    .unwrap_or(default)
            };
            let concurrency = cap("concurrency", 10_000, LIMITS.concurrency);
            let per_host = cap("per_host", 1_000, LIMITS.per_host);
            let check_timeout =
                limits.duration("check_timeout", "1s", "15m").unwrap_or(LIMITS.check_timeout);
            limits.end();
            self.limits = Some(Limits { concurrency, per_host, check_timeout });
        }
        if let Some(mut network) = root.table("network") {
            for url in network.strings("control").unwrap_or_default() {
                if let Some(url) = http_url(network.source, &url) {
                    self.controls.push(url);
                }
            }
            network.end();
        }
        if let Some(mut alive) = root.table("dead_man") {
            let url = alive.required("url").and_then(|url| http_url(alive.source, &url));
            let every = alive.duration("every", "5s", "1d").unwrap_or(60);
            alive.end();
            self.dead_man = url.map(|url| DeadMan { url, every });
        }
        if let Some(mut retention) = root.table("retention") {
            let least = "a size such as 500KiB, 64MiB or 1GiB, of 1MiB at least";
            let per_day = retention.parsed("evidence_per_day", least, |text| {
                super::parse_size(text).filter(|bytes| *bytes >= 1 << 20)
            });
            self.retention = Retention {
                evidence_per_day: per_day.unwrap_or(Retention::default().evidence_per_day),
                evidence: retention.keeping("evidence").flatten(),
                events: retention.keeping("events").flatten(),
                notices: retention.keeping("notices").flatten(),
            };
            retention.end();
        }
        if let Some(mut metrics) = root.table("metrics") {
            let from = metrics.integer("aggregate_from", 0..=100_000_000);
            self.aggregate_from = from.and_then(|n| usize::try_from(n).ok());
            let textfile = metrics.string("textfile");
            self.textfile = textfile.map(|path| metrics.source.path(path.get_ref()));
            metrics.end();
        }
        if let Some(mut defaults) = root.table("defaults") {
            self.defaults.read(&mut defaults);
            defaults.end();
        }
        root.tables("sink", |reader| self.read_sink(reader));
        root.tables("route", |reader| self.read_route(reader));
        root.tables("silence", |mut reader| {
            self.silences.extend(silence(&mut reader, &mut self.silenced));
            reader.end();
        });
        let mut targets = Vec::new();
        root.tables("target", |reader| targets.extend(read_target(reader, &self.defaults)));
        self.targets.append(&mut targets);
        let mut lists = Vec::new();
        root.tables("list", |reader| lists.extend(TargetList::read(reader, &self.defaults)));
        self.lists.append(&mut lists);
        let mut trusts = Vec::new();
        root.tables("trust", |reader| trusts.push(TrustList::read(reader, &self.defaults)));
        self.trusts.append(&mut trusts);
    }

    fn read_sink(&mut self, mut reader: Reader<'_, '_>) {
        let name = reader.required("name");
        let kind = sink(&mut reader);
        match (name, kind) {
            (Some(name), Some(kind)) => {
                let place = place(reader.source, &name);
                let thing = SinkConfig { name: name.into_inner(), kind };
                self.sinks.push(Written { thing, place });
            }
            (Some(name), None) => self.wrong_sinks.push(name.into_inner()),
            (None, _) => {}
        }
        reader.end();
    }

    fn read_route(&mut self, mut reader: Reader<'_, '_>) {
        let name = reader.required("name");
        let sinks = reader.strings("sinks");
        if sinks.as_ref().is_some_and(Vec::is_empty) {
            reader.source.mistake(reader.span_of("sinks"), "a route has at least one sink");
        }
        let min_severity = reader.parsed("min_severity", "attention, unknown or alarm", severity);
        let language = reader.parsed("language", "en or zh", language);
        let labels = reader.words("labels");
        if let (Some(name), Some(sinks)) = (name, sinks) {
            let place = place(reader.source, &name);
            let thing = Route {
                name: name.into_inner(),
                sinks: sinks.into_iter().map(Spanned::into_inner).collect(),
                min_severity: min_severity.unwrap_or(Severity::Attention),
                language: language.unwrap_or(Language::En),
                labels,
            };
            self.routes.push(Written { thing, place });
        } else {
            reader.source.mistake(reader.span(), "a route has `name` and `sinks`");
        }
        reader.end();
    }

    /// Checks what needs every file, and fills the fleet.
    pub(super) fn settle(
        &mut self,
        own_trust: Option<&Path>,
        fleet: &mut FleetBuilder,
        mistakes: &mut Vec<Mistake>,
    ) {
        let mut found = Vec::new();
        let mut complain = |place: &Mistake, message: String| {
            found.push(Mistake { message, ..place.clone() });
        };
        for (index, sink) in self.sinks.iter().enumerate() {
            if self.sinks[..index].iter().any(|other| other.thing.name == sink.thing.name) {
                complain(&sink.place, format!("another sink has the name {:?}", sink.thing.name));
            }
        }
        for (index, route) in self.routes.iter().enumerate() {
            if self.routes[..index].iter().any(|other| other.thing.name == route.thing.name) {
                complain(
                    &route.place,
                    format!("another route has the name {:?}", route.thing.name),
                );
            }
            for name in &route.thing.sinks {
                let is_there = self.sinks.iter().any(|sink| sink.thing.name == *name);
                if !is_there && !self.wrong_sinks.contains(name) {
                    complain(&route.place, format!("there is no sink named {name:?}"));
                }
            }
        }
        let routed = |sink: &SinkConfig| {
            self.routes.iter().any(|route| route.thing.sinks.contains(&sink.name))
        };
        if !self.routes.is_empty() {
            for sink in self.sinks.iter().filter(|sink| !routed(&sink.thing)) {
                let message = format!("no route names the sink {:?}", sink.thing.name);
                self.remarks.push(Mistake { message, ..sink.place.clone() });
            }
        }
        if self.sinks.is_empty() && self.wrong_sinks.is_empty() {
            let place = self.watched().next().map(|(place, ..)| place.clone());
            let message = "there is no `[[sink]]`: nobody is told of what changes";
            let remark = place.map(|place| Mistake { message: message.to_owned(), ..place });
            self.remarks.extend(remark);
        }
        for target in &self.targets {
            if let Err(error) = fleet.add(&target.thing) {
                complain(&target.place, error.to_string());
            }
        }
        for (place, policy, labels) in self.watched() {
            for message in unrouted(&self.routes, policy, labels) {
                complain(place, message);
            }
        }
        mistakes.append(&mut found);
        for list in &self.lists {
            list::read(list, fleet, mistakes);
        }
        // Last: what is configured as a target is watched as configured.
        for trust in &self.trusts {
            trust.fill(own_trust, fleet, mistakes, &mut self.left_out);
        }
    }

    /// What is watched, with the policy and labels that decide about routes.
    fn watched(&self) -> impl Iterator<Item = (&Mistake, &Policy, &BTreeMap<String, String>)> {
        let targets =
            self.targets.iter().map(|one| (&one.place, &*one.thing.policy, &one.thing.labels));
        let lists = self.lists.iter().map(|one| (&one.place, &*one.policy, &one.labels));
        let trusts = self.trusts.iter().map(|one| (&one.place, &*one.policy, &one.labels));
        targets.chain(lists).chain(trusts)
    }

    /// Names the silences of targets that there are not. A trust file changes by itself: what it has no more
    /// may still be meant.
    pub(super) fn check_silences(&mut self, fleet: &Fleet, mistakes: &mut Vec<Mistake>) {
        let mut unknown: HashSet<&str> =
            self.silenced.iter().map(|name| name.thing.as_str()).collect();
        for target in fleet.entries().take_while(|_| !self.silenced.is_empty()) {
            unknown.remove(target.url);
            unknown.remove(target.name);
        }
        for name in self.silenced.iter().filter(|name| unknown.contains(name.thing.as_str())) {
            let message = format!("no target has the name or URL {:?}", name.thing);
            let found = Mistake { message, ..name.place.clone() };
            if self.trusts.is_empty() { &mut *mistakes } else { &mut self.remarks }.push(found);
        }
    }

    pub(super) fn into_config(self, fleet: Fleet) -> Config {
        let sinks: Vec<SinkConfig> = self.sinks.into_iter().map(|sink| sink.thing).collect();
        let mut routes: Vec<Route> = self.routes.into_iter().map(|route| route.thing).collect();
        if routes.is_empty() && !sinks.is_empty() {
            routes.push(Route {
                name: "default".to_owned(),
                sinks: sinks.iter().map(|sink| sink.name.clone()).collect(),
                min_severity: Severity::Attention,
                language: Language::En,
                labels: Default::default(),
            });
        }
        Config {
            store: self.store.unwrap_or_else(|| StoreUrl::Sqlite(PathBuf::from("watch.db"))),
            store_password: self.store_password,
            limits: self.limits.unwrap_or(LIMITS),
            controls: self.controls,
            dead_man: self.dead_man,
            sinks,
            routes,
            silences: self.silences,
            retention: self.retention,
            aggregate_from: self.aggregate_from.unwrap_or(2_000),
            textfile: self.textfile,
            left_out: self.left_out,
            remarks: self.remarks,
            fleet,
        }
    }
}

/// Why nobody, or not everybody who was meant, is told of what has this policy and these labels.
fn unrouted(
    routes: &[Written<Route>],
    policy: &Policy,
    labels: &BTreeMap<String, String>,
) -> Vec<String> {
    let known = |name: &&String| routes.iter().any(|route| route.thing.name == **name);
    let unknown: Vec<String> = (policy.routes.iter().filter(|name| !known(name)))
        .map(|name| format!("there is no route named {name:?}"))
        .collect();
    let served = routes.is_empty() || routes.iter().any(|route| route.thing.fits(policy, labels));
    if served || !unknown.is_empty() {
        return unknown;
    }
    vec!["no route serves this: it has not the labels that they ask for".to_owned()]
}

pub(super) fn place(source: &Source<'_>, at: &Spanned<String>) -> Mistake {
    Mistake::at(source.file, source.text, at.span(), String::new())
}

fn store_url(source: &mut Source<'_>, url: &Spanned<String>) -> Option<StoreUrl> {
    match StoreUrl::parse(url.get_ref()) {
        Ok(StoreUrl::Sqlite(path)) => Some(StoreUrl::Sqlite(source.path(&path.to_string_lossy()))),
        Ok(postgres) => Some(postgres),
        Err(words) => {
            source.mistake(url.span(), words);
            None
        }
    }
}

pub(super) fn http_url(source: &mut Source<'_>, url: &Spanned<String>) -> Option<String> {
    let text = url.get_ref();
    if Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Some(text.clone());
    }
    source.mistake(url.span(), format!("not an http or https URL: {text:?}"));
    None
}

fn severity(text: &str) -> Option<Severity> {
    match text {
        "attention" => Some(Severity::Attention),
        "unknown" => Some(Severity::Unknown),
        "alarm" => Some(Severity::Alarm),
        _ => None,
    }
}

fn language(text: &str) -> Option<Language> {
    match text {
        "en" => Some(Language::En),
        "zh" => Some(Language::Zh),
        _ => None,
    }
}

/// Whether an interval is one that is accepted.
pub(super) fn interval(reader: &mut Reader<'_, '_>) -> Option<i64> {
    reader.parsed("interval", "a duration from 10s to 31d", |text| {
        super::parse_duration(text).filter(|seconds| INTERVALS.contains(seconds))
    })
}
