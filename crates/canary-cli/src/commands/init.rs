//! `canary init`.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use canary_signer::cadence::Profile;
use canary_signer::ceremony::Person;
use canary_signer::founding::{Founding, FoundingError, FoundingSigner};
use canary_signer::private_key::parse_public;
use canary_signer::template::templates;
use clap::{Args, ValueEnum};

use super::{draft, key};
use crate::error::{Failure, Kind};
use crate::output;
use crate::terminal::{Terminal, gone};

const EXAMPLE: &str = "Example:
  canary init canary --name 'Example' --url https://example.com/.well-known/canary/ \\
    --language en --language zh-Hans --entity 'Example GmbH=DE' --service 'CDN=paas' \\
    --signer 'Ada Example,general counsel,DE,ada.pub' \\
    --signer 'Bo Example,head of security,SE,bo.pub' \\
    --threshold 2 --min-jurisdictions 2 --cadence monthly \\
    --fact keys.own --fact net.no-feed --promise commitment.contest

At a terminal, where the name, the URL or the signers are not given, it asks for them and for the
languages, entities, services, cadence, threshold, jurisdictions and facts that are not given. Roles and
promises are options alone, and can be written into canary.toml.";

/// The facts that a new canary starts with, unless others are named.
const FACTS: [&str; 5] =
    ["keys.own", "crypto.unweakened", "net.no-equipment", "net.no-feed", "content.unmodified"];

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Init {
    /// The new publisher's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The publisher's name
    #[arg(long)]
    name: Option<String>,
    /// The URL prefix of the series, ending in '/'
    #[arg(long)]
    url: Option<String>,
    /// A language; the first is the language of record [default: en]
    #[arg(long = "language", value_name = "TAG")]
    languages: Vec<String>,
    /// A legal entity and its jurisdiction
    #[arg(long = "entity", value_name = "NAME=CC")]
    entities: Vec<String>,
    /// A service and its model: on-premises, iaas, paas or saas
    #[arg(long = "service", value_name = "NAME=MODEL")]
    services: Vec<String>,
    /// What the publisher is to its customers' data [default: processor]
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// Who signs; the key is a public key file or `ssh-ed25519 AAAA…`
    #[arg(long = "signer", value_name = "NAME,ROLE,CC,KEY")]
    signers: Vec<String>,
    /// How many distinct persons sign [default: 2, or 1 where there is one]
    #[arg(long)]
    threshold: Option<u64>,
    /// From how many distinct jurisdictions [default: 1]
    #[arg(long)]
    min_jurisdictions: Option<u64>,
    /// How often issues appear [default: monthly]
    #[arg(long, value_enum)]
    cadence: Option<Cadence>,
    /// A fact template; without any, a few are chosen
    #[arg(long = "fact", value_name = "ID")]
    facts: Vec<String>,
    /// A promise template
    #[arg(long = "promise", value_name = "ID")]
    promises: Vec<String>,
    /// List the templates and do nothing else
    #[arg(long)]
    list_templates: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Cadence {
    Daily,
    Weekly,
    Monthly,
    Quarterly,
}

impl Init {
    pub(crate) fn run(mut self) -> Result<ExitCode, Failure> {
        if self.list_templates {
            list_templates();
            return Ok(ExitCode::SUCCESS);
        }
        if stdin().is_terminal() {
            self.ask()?;
        }
        let folder = self.folder.clone();
        let founding = self.founding()?;
        founding.found(&folder).map_err(|error| founding_failure(&error))?;
        output::progress(&format!("made {}", folder.join("canary.toml").display()));
        draft::make_first(&folder)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Asks for what was not given.
    fn ask(&mut self) -> Result<(), Failure> {
        let complete = self.name.is_some() && self.url.is_some() && !self.signers.is_empty();
        if complete {
            return Ok(());
        }
        let mut terminal = Terminal::open("a new canary")?;
        if self.name.is_none() {
            let mut name = String::new();
            while name.is_empty() {
                name = terminal.ask("The publisher's name", "")?;
            }
            self.name = Some(name);
        }
        if self.url.is_none() {
            let example = "https://example.com/.well-known/canary/";
            self.url = Some(terminal.ask("The URL prefix of the series", example)?);
        }
        if self.languages.is_empty() {
            let tags = terminal.ask("Languages, that of record first", "en")?;
            self.languages =
                tags.split([',', ' ']).filter(|t| !t.is_empty()).map(Into::into).collect();
        }
        if self.entities.is_empty() {
            let question = "Legal entities, as NAME=CC, one a line";
            self.entities = many(&mut terminal, question, |text| pair(text).map(drop))?;
        }
        if self.services.is_empty() {
            let question = "Services, as NAME=MODEL, one a line";
            self.services = many(&mut terminal, question, |text| pair(text).map(drop))?;
        }
        if self.signers.is_empty() {
            let question = "Signers, as NAME,ROLE,CC,KEYFILE.pub, one a line";
            // Without a signer there is no canary: nothing else is asked before.
            while self.signers.is_empty() {
                self.signers = many(&mut terminal, question, |text| signer(text).map(drop))?;
            }
        }
        self.ask_how(&mut terminal)?;
        if self.facts.is_empty() {
            for fact in &templates().facts {
                let known: Vec<&str> =
                    self.languages.iter().filter_map(|tag| fact.text(tag)).collect();
                let text = match known.is_empty() {
                    true => fact.text("en").unwrap_or_default().to_owned(),
                    false => known.join("\n  "),
                };
                terminal.show(&format!("{}: {text}\n", fact.id)).map_err(gone)?;
                let default = if FACTS.contains(&fact.id.as_str()) { "y" } else { "n" };
                if terminal.ask("  offer it in each issue? y or n", default)? == "y" {
                    self.facts.push(fact.id.clone());
                }
            }
        }
        Ok(())
    }

    /// Asks how often issues appear, and who has to sign them.
    fn ask_how(&mut self, terminal: &mut Terminal) -> Result<(), Failure> {
        while self.cadence.is_none() {
            let asked = "How often issues appear: daily, weekly, monthly or quarterly";
            self.cadence = Cadence::from_str(&terminal.ask(asked, "monthly")?, true).ok();
        }
        let signers =
            self.signers.iter().map(|text| signer(text)).collect::<Result<Vec<_>, _>>()?;
        if self.threshold.is_none() && signers.len() > 1 {
            let asked = "How many distinct persons sign";
            self.threshold = Some(number(terminal, asked, 2, signers.len())?);
        }
        let jurisdictions: BTreeSet<&str> =
            signers.iter().map(|signer| signer.jurisdiction.as_str()).collect();
        let threshold = self.threshold.and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
        let most = jurisdictions.len().min(threshold);
        if self.min_jurisdictions.is_none() && most > 1 {
            let asked = "From how many distinct jurisdictions";
            self.min_jurisdictions = Some(number(terminal, asked, 1, most)?);
        }
        Ok(())
    }

    fn founding(self) -> Result<Founding, Failure> {
        let needed = |what: &str| {
            Failure::new(Kind::Usage, format!("{what} is not given"))
                .hint("see the example in `canary init --help`")
        };
        let signers =
            self.signers.iter().map(|text| signer(text)).collect::<Result<Vec<_>, _>>()?;
        if signers.is_empty() {
            return Err(needed("a --signer"));
        }
        let or = |given: Vec<String>, default: &[&str]| {
            if given.is_empty() {
                default.iter().map(|&item| item.to_owned()).collect()
            } else {
                given
            }
        };
        let known =
            |id: &String| templates().fact(id).is_some() || templates().promise(id).is_some();
        if let Some(id) = self.facts.iter().chain(&self.promises).find(|id| !known(id)) {
            return Err(Failure::new(Kind::Usage, format!("there is no template {id:?}"))
                .hint("`canary init --list-templates` lists them"));
        }
        let name = self.name.filter(|name| !name.is_empty()).ok_or_else(|| needed("--name"))?;
        let pairs = |given: &[String], default: (String, &str)| {
            if given.is_empty() {
                return Ok(vec![(default.0, default.1.to_owned())]);
            }
            given.iter().map(|text| pair(text)).collect::<Result<Vec<_>, _>>()
        };
        Ok(Founding {
            entities: pairs(&self.entities, (name.clone(), &signers[0].jurisdiction))?,
            services: pairs(&self.services, (name.clone(), "saas"))?,
            name,
            url: self.url.ok_or_else(|| needed("--url"))?,
            languages: or(self.languages, &["en"]),
            roles: or(self.roles, &["processor"]),
            cadence: match self.cadence.unwrap_or(Cadence::Monthly) {
                Cadence::Daily => Profile::Daily,
                Cadence::Weekly => Profile::Weekly,
                Cadence::Monthly => Profile::Monthly,
                Cadence::Quarterly => Profile::Quarterly,
            },
            facts: or(self.facts, &FACTS),
            promises: self.promises,
            threshold: self.threshold.unwrap_or(if signers.len() > 1 { 2 } else { 1 }),
            min_jurisdictions: self.min_jurisdictions.unwrap_or(1),
            signers,
        })
    }
}

/// Asks for lines; one that is not understood is asked for again.
fn many(
    terminal: &mut Terminal,
    question: &str,
    understand: impl Fn(&str) -> Result<(), Failure>,
) -> Result<Vec<String>, Failure> {
    terminal.show(&format!("{question}; an empty line ends\n")).map_err(gone)?;
    let mut lines = Vec::new();
    while lines.len() < 64 {
        let line = terminal.ask(" ", "")?;
        if line.is_empty() {
            break;
        }
        match understand(&line) {
            Ok(()) => lines.push(line),
            Err(failure) => {
                let again = format!("  {}; the line again\n", failure.cause());
                terminal.show(&again).map_err(gone)?;
            }
        }
    }
    Ok(lines)
}

/// Asks for a number from 1 to the most; another answer is asked for again.
fn number(
    terminal: &mut Terminal,
    question: &str,
    default: u64,
    most: usize,
) -> Result<u64, Failure> {
    let question = format!("{question}, at most {most}");
    loop {
        let answer = terminal.ask(&question, &default.to_string())?;
        if let Some(number) = answer.parse().ok().filter(|n| (1..=most as u64).contains(n)) {
            return Ok(number);
        }
    }
}

fn pair(text: &str) -> Result<(String, String), Failure> {
    let pair = text.split_once('=').map(|(name, value)| (name.trim().into(), value.trim().into()));
    pair.ok_or_else(|| Failure::new(Kind::Usage, format!("expected NAME=VALUE: {text:?}")))
}

fn signer(text: &str) -> Result<FoundingSigner, Failure> {
    let parts: Vec<&str> = text.splitn(4, ',').map(str::trim).collect();
    let [name, role, jurisdiction, file] = parts[..] else {
        let cause = format!("expected NAME,ROLE,CC,KEY: {text:?}");
        return Err(Failure::new(Kind::Usage, cause).hint("see `canary init --help`"));
    };
    let key = match parse_public(file) {
        Some(key) => key,
        None => key::read_any(Path::new(file))?,
    };
    let (name, role, jurisdiction) = (name.into(), role.into(), jurisdiction.into());
    Ok(FoundingSigner { name, role, jurisdiction, key })
}

fn list_templates() {
    let all = templates();
    for fact in &all.facts {
        let layers = fact.layers.join(", ");
        let (en, zh) = (fact.text("en").unwrap_or_default(), fact.text("zh").unwrap_or_default());
        output::result(&format!("fact {}\n  {en}\n  {zh}\n  layers: {layers}\n", fact.id));
    }
    for (kind, list) in [("promise", &all.promises), ("counter", &all.counters)] {
        for entry in list {
            let texts =
                (entry.text("en").unwrap_or_default(), entry.text("zh").unwrap_or_default());
            output::result(&format!("{kind} {}\n  {}\n  {}\n", entry.id, texts.0, texts.1));
        }
    }
}

fn founding_failure(error: &FoundingError) -> Failure {
    let (kind, hint) = match error {
        FoundingError::Founded(_) => (Kind::Config, "change that file, or choose another folder"),
        FoundingError::Url(_) => {
            (Kind::Usage, "for example https://example.com/.well-known/canary/")
        }
        _ => (Kind::Io, "once the folder can be written, run it again"),
    };
    Failure::from_error(kind, error).hint(hint)
}
