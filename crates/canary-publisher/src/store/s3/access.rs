//! Credentials and settings for a bucket, from the usual places: the environment, then the profile
//! files of the AWS tools. Never from `canary.toml`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rusty_s3::{Credentials, UrlStyle};

use super::S3Place;

/// The greatest size of a profile file, in bytes.
const MAX_PROFILES: u64 = 1 << 20;

/// How to reach a store.
pub(super) struct Access {
    pub(super) credentials: Credentials,
    pub(super) region: String,
    pub(super) endpoint: String,
    pub(super) style: UrlStyle,
}

impl Access {
    /// Looks in the environment, then in the profile files. The error says where it looked.
    pub(super) fn find(
        place: &S3Place,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, String> {
        let set = |name: &str| environment(name).filter(|value| !value.is_empty());
        let in_home = |path: &str| set("HOME").map(|home| Path::new(&home).join(".aws").join(path));
        let file =
            |variable: &str, path: &str| set(variable).map(PathBuf::from).or_else(|| in_home(path));
        let profile = place.profile.clone().or_else(|| set("AWS_PROFILE"));
        let profile = profile.unwrap_or_else(|| "default".to_owned());
        let secrets = section(file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), &profile);
        let named = format!("profile {profile}");
        let config = file("AWS_CONFIG_FILE", "config");
        let section_name = if profile == "default" { &profile } else { &named };
        let config = section(config, section_name);
        let stated = |name: &str| secrets.get(name).or_else(|| config.get(name)).cloned();

        let from_environment = || {
            let (key, secret) = (set("AWS_ACCESS_KEY_ID")?, set("AWS_SECRET_ACCESS_KEY")?);
            Some((key, secret, set("AWS_SESSION_TOKEN")))
        };
        let from_profile = || {
            let (key, secret) = (stated("aws_access_key_id")?, stated("aws_secret_access_key")?);
            Some((key, secret, stated("aws_session_token")))
        };
        // A profile that the user names goes before what happens to be in the environment.
        let found = match place.profile {
            Some(_) => from_profile(),
            None => from_environment().or_else(from_profile),
        };
        let Some((key, secret, token)) = found else {
            return Err(format!(
                "no credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor in the profile {profile}"
            ));
        };
        let credentials = match token {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        };
        let region = place.region.clone().or_else(|| set("AWS_REGION"));
        let region = region.or_else(|| set("AWS_DEFAULT_REGION")).or_else(|| stated("region"));
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = place.endpoint.clone().or_else(|| set("AWS_ENDPOINT_URL_S3"));
        let endpoint =
            endpoint.or_else(|| set("AWS_ENDPOINT_URL")).or_else(|| stated("endpoint_url"));
        // Amazon wants the bucket in the host's name; other stores have it in the path. A dot in a
        // bucket's name would break the certificate's match.
        let style = match endpoint {
            None if !place.bucket.contains('.') => UrlStyle::VirtualHost,
            _ => UrlStyle::Path,
        };
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        Ok(Self { credentials, region, endpoint, style })
    }
}

/// One section of a profile file: `name = value` lines below `[section]`. A file that is not there
/// has none.
fn section(path: Option<PathBuf>, wanted: &str) -> BTreeMap<String, String> {
    let mut text = String::new();
    let file = path.and_then(|path| File::open(path).ok());
    let read = file.map(|file| file.take(MAX_PROFILES).read_to_string(&mut text));
    if !matches!(read, Some(Ok(_))) {
        return BTreeMap::new();
    }
    let mut values = BTreeMap::new();
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name.trim() == wanted;
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside)
            && !line.starts_with(['#', ';'])
        {
            values.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(profile: Option<&str>) -> S3Place {
        S3Place {
            bucket: "bucket".to_owned(),
            prefix: String::new(),
            endpoint: None,
            region: None,
            profile: profile.map(str::to_owned),
        }
    }

    #[test]
    fn the_environment_goes_first_and_a_named_profile_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = folder.path().join("credentials");
        std::fs::write(
            &secrets,
            "[default]\naws_access_key_id = D\naws_secret_access_key = d\n\n[other]\n# comment = x\n\
             aws_access_key_id=O\naws_secret_access_key=o\naws_session_token=t\n",
        )
        .unwrap();
        let config = folder.path().join("config");
        let text = "[profile other]\nregion = eu-north-1\nendpoint_url = https://s3.example\n";
        std::fs::write(&config, text).unwrap();
        let files = |name: &str| match name {
            "AWS_SHARED_CREDENTIALS_FILE" => Some(secrets.display().to_string()),
            "AWS_CONFIG_FILE" => Some(config.display().to_string()),
            _ => None,
        };
        let with_keys = |name: &str| match name {
            "AWS_ACCESS_KEY_ID" => Some("E".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("e".to_owned()),
            _ => files(name),
        };
        let found = Access::find(&place(None), &with_keys).map_err(drop).unwrap();
        assert_eq!((found.credentials.key(), found.region.as_str()), ("E", "us-east-1"));
        assert_eq!(found.endpoint, "https://s3.us-east-1.amazonaws.com");
        let found = Access::find(&place(None), &files).map_err(drop).unwrap();
        assert_eq!(found.credentials.key(), "D");
        let found = Access::find(&place(Some("other")), &with_keys).map_err(drop).unwrap();
        assert_eq!((found.credentials.key(), found.credentials.token()), ("O", Some("t")));
        assert_eq!(
            (found.region.as_str(), found.endpoint.as_str()),
            ("eu-north-1", "https://s3.example")
        );
    }

    #[test]
    fn without_credentials_the_error_says_where_they_were_looked_for() {
        let said = Access::find(&place(Some("absent")), &|_| None).err().unwrap();
        assert!(said.contains("AWS_ACCESS_KEY_ID") && said.contains("absent"), "{said}");
    }
}
