//! `canary demo`: a whole life of a canary on this machine.
//!
//! The customer's part is the command itself, run as a customer would run it. The signers' keys are
//! made for the demonstration, used by [`company`] alone, and forgotten.

mod company;
mod host;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use canary_format::time::Timestamp;
use clap::Args;

use self::company::Company;
use self::host::Host;
use crate::error::{Failure, Kind};
use crate::{clock, output};

const EXAMPLE: &str = "Example:
  canary demo
  canary demo my-demo        (leaves everything in the new folder my-demo)";

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[derive(Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Demo {
    /// A folder that is not there yet
    #[arg(value_name = "DIR", default_value = "canary-demo")]
    folder: PathBuf,
}

/// One thing that a customer can meet, and what the command must make of it.
struct Scene<'a> {
    title: &'a str,
    site: PathBuf,
    at: Timestamp,
    code: &'a str,
    exit: i32,
}

impl Demo {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let home = self.folder;
        if home.exists() {
            let cause = format!("there is something already: {}", home.display());
            return Err(
                Failure::new(Kind::Usage, cause).hint("name a folder that is not there yet")
            );
        }
        let now = clock::now();
        fs::create_dir_all(&home).map_err(|error| io(&home, &error))?;
        let host = Host::start(&home.join("served"))?;

        title("1  A company signs and publishes three issues, two of three people each time");
        let mut company = Company::found(&home.join("company"), host.url())?;
        let older = home.join("sites/an-older-copy");
        for (issue, days) in [60, 30].into_iter().enumerate() {
            company.issue(now.plus(-days * DAY), |_| {})?;
            output::result(&format!("   issue {} signed and published\n", issue + 1));
        }
        company.publish(&older, now.plus(-30 * DAY))?;
        company.issue(now.plus(-HOUR), |_| {})?;
        output::result("   issue 3 signed and published\n");
        let alive = home.join("sites/alive");
        company.publish(&alive, now)?;
        let pin = company.pin(host.url())?;
        output::result(&format!("   served at {}\n   pin: {pin}\n", host.url()));

        title("2  A customer verifies it, with the pin");
        let customer = Customer { pin, state: home.join("customer") };
        host.serve(&alive)?;
        customer.look(&customer.state, now, Shown::Whole, ("alive", 0), "FACT_ABSENT")?;

        for scene in self::scenes(&home, &company, &alive, &older, now)? {
            title(scene.title);
            host.serve(&scene.site)?;
            // Each scene is another course of events, seen by the same customer.
            let state = home.join("customer-in-each-scene").join(scene.code.to_lowercase());
            copy(&customer.state, &state)?;
            customer.look(&state, scene.at, Shown::Verdict, (scene.code, scene.exit), "")?;
        }
        host.serve(&alive)?;

        title("Everything is left to explore");
        let shown = home.display();
        output::result(&format!(
            "   {shown}/company              the publisher's folder: canary.toml, keys, the series\n   \
                {shown}/sites                the site as it was in each scene; open sites/alive/index.html\n   \
                {shown}/customer             what the customer has seen\n\n   \
                canary history {shown}/sites/alive\n   \
                canary verify {shown}/sites/dropped --pin '{pin}'\n   \
                canary serve {shown}/sites/alive\n",
            pin = customer.pin,
        ));
        Ok(ExitCode::SUCCESS)
    }
}

/// What a customer can meet after three issues.
fn scenes<'a>(
    home: &Path,
    company: &Company,
    alive: &Path,
    older: &Path,
    now: Timestamp,
) -> Result<Vec<Scene<'a>>, Failure> {
    let site = |name: &str| home.join("sites").join(name);
    let branch = |name: &str| company.branch(&home.join("companies").join(name));
    let scene = |title, site: PathBuf, at, code| Scene { title, site, at, code, exit: 2 };

    let mut dropped = branch("dropped")?;
    dropped.issue(now, |content| content.facts.retain(|fact| fact.id != "dns.unmodified"))?;
    dropped.publish(&site("dropped"), now)?;

    let mut reworded = branch("reworded")?;
    reworded.issue(now, |content| {
        for (_, text) in
            content.facts.iter_mut().filter(|f| f.id == "keys.own").flat_map(|f| &mut f.text.0)
        {
            *text =
                text.replace("none of our", "almost none of our").replace("没有把", "几乎没有把");
        }
    })?;
    reworded.publish(&site("reworded"), now)?;

    company.forge(&site("forged"), alive, now)?;
    let gone = site("gone");
    fs::create_dir_all(&gone).map_err(|error| io(&gone, &error))?;
    let lapsed = company.expires()?.plus(DAY);
    Ok(vec![
        scene(
            "3  The next issue leaves one fact out, under good signatures",
            site("dropped"),
            now,
            "FACT_ABSENT",
        ),
        scene(
            "4  The next issue words one fact differently",
            site("reworded"),
            now,
            "FACT_REWORDED",
        ),
        // A copy that is older by a cache's hour is no finding: two hours later it is.
        scene("5  An older copy is served again", older.to_owned(), now.plus(2 * HOUR), "ROLLBACK"),
        scene(
            "6  The host serves an issue that one of two signers did not sign",
            site("forged"),
            now,
            "BAD_SIGNATURE",
        ),
        scene("7  The page is gone", gone, now, "MISSING"),
        scene("8  Nothing happens: the deadline passes", alive.to_owned(), lapsed, "LAPSED"),
    ])
}

/// How much of the report is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Whole,
    Verdict,
}

/// Someone with a pin and the command.
struct Customer {
    pin: String,
    state: PathBuf,
}

impl Customer {
    /// Runs `canary verify` as it stands, shows what it prints, and holds it against what it must say.
    fn look(
        &self,
        state: &Path,
        at: Timestamp,
        shown: Shown,
        (code, exit): (&str, i32),
        never: &str,
    ) -> Result<(), Failure> {
        let at = at.to_string();
        let state_text = state.display().to_string();
        let arguments = ["verify", &self.pin, "--state", &state_text, "--at", &at];
        output::result(&format!("   $ canary verify '{}' --at {at}\n\n", self.pin));
        let program = std::env::current_exe().map_err(|error| io(Path::new("canary"), &error))?;
        // What the user trusts elsewhere has no part in the demonstration.
        let answer = Command::new(program)
            .args(arguments)
            .env("XDG_CONFIG_HOME", state.join("no-config"))
            .output()
            .map_err(|error| io(Path::new("canary"), &error))?;
        let said = String::from_utf8_lossy(&answer.stdout).into_owned();
        let part = match shown {
            Shown::Whole => said.as_str(),
            Shown::Verdict => said.split("\nFacts: ").next().unwrap_or_default(),
        };
        output::result(&format!("{}\n", part.trim_end()));
        let status = answer.status.code().unwrap_or(-1);
        output::result(&format!("\n   exit status {status}\n"));
        let expected = said.contains(code) || code == "alive";
        if status != exit || !expected || (!never.is_empty() && said.contains(never)) {
            let heard = String::from_utf8_lossy(&answer.stderr).into_owned();
            let cause = format!("the command did not say {code} with exit status {exit}: {heard}");
            return Err(
                Failure::new(Kind::Data, cause).hint("this is a fault of canary: please report it")
            );
        }
        Ok(())
    }
}

fn title(text: &str) {
    output::result(&format!("\n── {text}\n\n"));
}

fn io(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Kind::Io, format!("{}: {error}", path.display()))
}

/// Copies a folder and all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to).map_err(|error| io(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| io(from, &error))? {
        let entry = entry.map_err(|error| io(from, &error))?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target).map_err(|error| io(&path, &error))?;
        }
    }
    Ok(())
}
