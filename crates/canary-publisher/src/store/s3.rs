//! A site in a bucket of any S3-compatible store.
//!
//! Immutable files are written only where there are none, and the checkpoint only over the one that
//! this run read: two runs cannot overwrite each other. A store that does not honour such conditions
//! is refused.

mod access;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use canary_format::layout::CHECKPOINT;
use canary_format::tile::{TILE_WIDTH, max_bundle};
use md5::{Digest as _, Md5};
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls_platform_verifier::BuilderVerifierExt as _;
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action as _};
use tokio::runtime::Runtime;

use self::access::Access;
use super::{Put, Store, StoreError};
use crate::media::{Caching, content_type};
use crate::site::SiteFile;

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(60);

/// How long a signed request is good for.
const SIGNED_FOR: Duration = Duration::from_secs(300);

/// How often a request is made again where the store asks to slow down, fails, or says that another
/// one is under way.
const ATTEMPTS: u32 = 4;

/// How many pages of a listing are read; each holds a thousand files.
const MAX_LISTS: usize = 256;

/// The greatest size of a page of a listing, in bytes.
const MAX_LIST: usize = 4 << 20;

/// How much of an error's text is read, in bytes.
const MAX_SAID: usize = 4_096;

/// Which bucket, and how to reach it. None of it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Place {
    /// The bucket's name.
    pub bucket: String,
    /// Empty, or ending in `/`.
    pub prefix: String,
    /// The store's URL; from the environment or a profile, or Amazon's, where absent.
    pub endpoint: Option<String>,
    /// From the environment or a profile, or `us-east-1`, where absent.
    pub region: Option<String>,
    /// Which profile of the profile files; from the environment, or `default`, where absent.
    pub profile: Option<String>,
}

impl S3Place {
    fn name(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// A prefix of a bucket.
pub struct S3 {
    place: String,
    prefix: String,
    bucket: Bucket,
    credentials: Credentials,
    client: Client,
    runtime: Runtime,
    /// The checkpoint as it was read: its bytes and the tag for the next write.
    checkpoint: Option<(Vec<u8>, HeaderValue)>,
    /// An immutable file that is there for certain: conditions are tried on it.
    there: Option<SiteFile>,
    /// What the store lists, until something is written.
    listed: Option<BTreeMap<String, Listed>>,
}

/// A file as the store lists it.
struct Listed {
    size: u64,
    tag: String,
}

/// A file as it was read, with the tag for a conditional write.
struct Held {
    bytes: Vec<u8>,
    tag: Option<HeaderValue>,
}

/// Under which condition a file is written.
enum Condition<'a> {
    None,
    Absent,
    Is(&'a HeaderValue),
}

/// What came of a conditional write.
enum Written {
    Done,
    /// The condition does not hold.
    Refused,
}

impl S3 {
    /// Finds the credentials and prepares; nothing is asked of the store yet.
    ///
    /// # Errors
    ///
    /// Where there are no credentials, or the endpoint is no URL.
    pub fn open(place: S3Place) -> Result<Self, StoreError> {
        let environment = |name: &str| std::env::var(name).ok();
        let access = Access::find(&place, &environment);
        let access =
            access.map_err(|said| StoreError::Credentials { place: place.name(), said })?;
        Self::with_access(place, access)
    }

    fn with_access(place: S3Place, access: Access) -> Result<Self, StoreError> {
        let name = place.name();
        let endpoint = |said: String| StoreError::Unreachable { place: name.clone(), said };
        let url = access.endpoint.parse::<url::Url>();
        let url = url.map_err(|error| StoreError::Endpoint {
            place: name.clone(),
            endpoint: access.endpoint.clone(),
            said: error.to_string(),
        })?;
        let bucket = Bucket::new(url, access.style, place.bucket.clone(), access.region);
        let bucket = bucket.map_err(|error| endpoint(error.to_string()))?;
        Ok(Self {
            client: client().map_err(endpoint)?,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| endpoint(error.to_string()))?,
            prefix: place.prefix,
            bucket,
            credentials: access.credentials,
            checkpoint: None,
            there: None,
            listed: None,
            place: name,
        })
    }

    fn unreachable(&self, error: reqwest::Error) -> StoreError {
        // The URL of a signed request is good for a while: it is not shown.
        let error = error.without_url();
        let mut said = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            said = format!("{said}: {cause}");
            source = cause.source();
        }
        StoreError::Unreachable { place: self.place.clone(), said }
    }

    /// Sends a request, again where the store asks for patience.
    fn send(&self, request: impl Fn() -> RequestBuilder) -> Result<Response, StoreError> {
        self.runtime
            .block_on(async {
                let mut pause = Duration::from_millis(200);
                for _ in 1..ATTEMPTS {
                    let answer = request().timeout(REQUEST).send().await;
                    let again = match &answer {
                        Ok(answer) => {
                            let status = answer.status();
                            status == StatusCode::CONFLICT
                                || status == StatusCode::TOO_MANY_REQUESTS
                                || (status.is_server_error()
                                    && status != StatusCode::NOT_IMPLEMENTED)
                        }
                        Err(error) => error.is_connect() || error.is_timeout(),
                    };
                    if !again {
                        return answer;
                    }
                    // The store asks for patience and does not say for how long.
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                request().timeout(REQUEST).send().await
            })
            .map_err(|error| self.unreachable(error))
    }

    fn get(&self, path: &str, limit: usize) -> Result<Option<Held>, StoreError> {
        let key = format!("{}{path}", self.prefix);
        let action = self.bucket.get_object(Some(&self.credentials), &key);
        let answer = self.send(|| self.client.get(action.sign(SIGNED_FOR)))?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => {
                return match self.error("reading", answer) {
                    // Without the bucket nothing can be missing from it.
                    error @ StoreError::Absent { .. } => Err(error),
                    _ => Ok(None),
                };
            }
            _ => return Err(self.error("reading", answer)),
        }
        let tag = answer.headers().get(ETAG).cloned();
        match self.body(answer, limit)? {
            Some(bytes) => Ok(Some(Held { bytes, tag })),
            None => Err(StoreError::TooLarge { path: path.to_owned(), limit }),
        }
    }

    /// At most `limit` bytes of a body; `None` where it is larger.
    fn body(&self, mut answer: Response, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        self.runtime.block_on(async {
            let mut bytes = Vec::new();
            while let Some(chunk) = answer.chunk().await.map_err(|e| self.unreachable(e))? {
                if bytes.len() + chunk.len() > limit {
                    return Ok(None);
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(Some(bytes))
        })
    }

    fn put(&self, file: &SiteFile, condition: &Condition<'_>) -> Result<Written, StoreError> {
        let key = format!("{}{}", self.prefix, file.path);
        let action = self.bucket.put_object(Some(&self.credentials), &key);
        let answer = self.send(|| {
            let request = self
                .client
                .put(action.sign(SIGNED_FOR))
                .header(CONTENT_TYPE, content_type(&file.path))
                .header(CACHE_CONTROL, Caching::of(&file.path).cache_control())
                .body(file.bytes.clone());
            match condition {
                Condition::None => request,
                Condition::Absent => request.header(IF_NONE_MATCH, "*"),
                Condition::Is(tag) => request.header(IF_MATCH, (*tag).clone()),
            }
        })?;
        let conditional = !matches!(condition, Condition::None);
        match answer.status() {
            status if status.is_success() => Ok(Written::Done),
            StatusCode::PRECONDITION_FAILED if conditional => Ok(Written::Refused),
            // Where the file that had to be there is gone, or another write of it is under way.
            StatusCode::NOT_FOUND if matches!(condition, Condition::Is(_)) => Ok(Written::Refused),
            StatusCode::CONFLICT if conditional => Ok(Written::Refused),
            StatusCode::NOT_IMPLEMENTED if conditional => Err(StoreError::Unconditional {
                place: self.place.clone(),
                said: format!("it answered {}", StatusCode::NOT_IMPLEMENTED),
            }),
            _ => Err(self.error("writing", answer)),
        }
    }

    /// Status and S3's own code; never the URL, which is signed, nor the text, which may repeat it.
    fn error(&self, action: &'static str, answer: Response) -> StoreError {
        let status = answer.status();
        let text = self.body(answer, MAX_SAID).ok().flatten().unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let code = code.map_or("", |(code, _)| code);
        let plain = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let code = if plain { code } else { "" };
        let said = format!("it answered {status} {code}").trim().to_owned();
        let place = self.place.clone();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                StoreError::Credentials { place, said }
            }
            StatusCode::NOT_FOUND if code == "NoSuchBucket" => {
                StoreError::Absent { place, said: "there is no bucket of that name".to_owned() }
            }
            _ => StoreError::Remote { place, action, said },
        }
    }

    /// A store that takes a file "only where there is none" although there is one ignores conditions.
    /// The bytes are those that are there, so nothing is harmed where it does.
    fn try_conditions(&self) -> Result<(), StoreError> {
        let Some(there) = &self.there else { return Ok(()) };
        match self.put(there, &Condition::Absent)? {
            Written::Refused => Ok(()),
            Written::Done => Err(StoreError::Unconditional {
                place: self.place.clone(),
                said: "it wrote over a file that was there".to_owned(),
            }),
        }
    }

    /// The files below a prefix of the site, as the store lists them: size and tag. `None` where
    /// listing is not allowed.
    fn list(&self, below: &str) -> Result<Option<BTreeMap<String, Listed>>, StoreError> {
        let mut files = BTreeMap::new();
        let mut action = self.bucket.list_objects_v2(Some(&self.credentials));
        action.with_prefix(format!("{}{below}", self.prefix));
        for _ in 0..MAX_LISTS {
            let answer = self.send(|| self.client.get(action.sign(SIGNED_FOR)))?;
            match answer.status() {
                StatusCode::OK => {}
                StatusCode::FORBIDDEN
                | StatusCode::BAD_REQUEST
                | StatusCode::METHOD_NOT_ALLOWED
                | StatusCode::NOT_IMPLEMENTED => return Ok(None),
                _ => return Err(self.error("listing", answer)),
            }
            let text = self.body(answer, MAX_LIST)?.unwrap_or_default();
            // What cannot be read as a listing, or says no size and tag of a file, tells nothing.
            let listed = str::from_utf8(&text).ok().map(ListObjectsV2::parse_response);
            let Some(Ok(listed)) = listed else { return Ok(None) };
            for file in listed.contents {
                let Some((size, tag)) = file.size.zip(file.etag) else { return Ok(None) };
                if let Some(path) = file.key.strip_prefix(&self.prefix) {
                    let tag = tag.trim_matches('"').to_owned();
                    files.insert(path.to_owned(), Listed { size, tag });
                }
            }
            match listed.next_continuation_token {
                Some(token) => action.with_continuation_token(token),
                None => return Ok(Some(files)),
            }
        }
        Ok(None)
    }

    /// What the store lists of the immutable files.
    fn listed(&mut self) -> Result<Option<&BTreeMap<String, Listed>>, StoreError> {
        if self.listed.is_none() {
            let mut all = BTreeMap::new();
            for below in ["issues/", "tile/"] {
                let Some(files) = self.list(below)? else { return Ok(None) };
                all.extend(files);
            }
            self.listed = Some(all);
        }
        Ok(self.listed.as_ref())
    }
}

/// Where the store says the MD5 of a file, as most do, that it holds these bytes is known without
/// reading them: whoever could find other bytes of the same MD5 had to choose both.
fn is_md5_of(tag: &str, bytes: &[u8]) -> bool {
    tag.len() == 32 && format!("{:x}", Md5::digest(bytes)) == tag
}

impl Store for S3 {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn read(&mut self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(Held { bytes, tag }) = self.get(path, limit)? else { return Ok(None) };
        if path == CHECKPOINT {
            let tag = tag.ok_or_else(|| StoreError::Unconditional {
                place: self.place.clone(),
                said: "it gives no ETag".to_owned(),
            })?;
            self.checkpoint = Some((bytes.clone(), tag));
        }
        Ok(Some(bytes))
    }

    fn put_immutable(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        self.listed = None;
        let put = match self.put(file, &Condition::Absent)? {
            Written::Done => Put::Written,
            Written::Refused => {
                let limit = usize::try_from(max_bundle(TILE_WIDTH)).unwrap_or(usize::MAX);
                let held = self.get(&file.path, limit)?.map(|held| held.bytes);
                if held.as_ref() != Some(&file.bytes) {
                    return Err(StoreError::Conflict { path: file.path.clone() });
                }
                Put::Unchanged
            }
        };
        if self.there.is_none() {
            self.there = Some(file.clone());
            self.try_conditions()?;
        }
        Ok(put)
    }

    fn put_copy(&mut self, file: &SiteFile) -> Result<Put, StoreError> {
        self.listed = None;
        self.put(file, &Condition::None)?;
        Ok(Put::Written)
    }

    fn marks(&mut self, paths: &[String]) -> Result<Option<Vec<Option<String>>>, StoreError> {
        let Some(listed) = self.listed()? else { return Ok(None) };
        let mark = |file: &Listed| format!("{} {}", file.size, file.tag);
        Ok(Some(paths.iter().map(|path| listed.get(path).map(mark)).collect()))
    }

    fn unlike(&mut self, files: &[SiteFile]) -> Result<Vec<bool>, StoreError> {
        let mut unlike = Vec::new();
        for file in files {
            let tag = self.listed.as_ref().and_then(|listed| listed.get(&file.path));
            if tag.is_some_and(|listed| is_md5_of(&listed.tag, &file.bytes)) {
                unlike.push(false);
                continue;
            }
            unlike.push(match self.get(&file.path, file.bytes.len()) {
                Ok(held) => held.is_none_or(|held| held.bytes != file.bytes),
                Err(StoreError::TooLarge { .. }) => true,
                Err(error) => return Err(error),
            });
        }
        Ok(unlike)
    }

    fn put_checkpoint(&mut self, bytes: &[u8], held: Option<&[u8]>) -> Result<(), StoreError> {
        let condition = match (held, &self.checkpoint) {
            (None, _) => Condition::Absent,
            (Some(held), Some((read, tag))) if held == read => Condition::Is(tag),
            (Some(_), _) => return Err(StoreError::Moved),
        };
        let file = SiteFile { path: CHECKPOINT.to_owned(), bytes: bytes.to_vec() };
        match self.put(&file, &condition)? {
            Written::Done => Ok(()),
            Written::Refused => Err(StoreError::Moved),
        }
    }
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3").field("place", &self.place).finish_non_exhaustive()
    }
}

fn client() -> Result<Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = || {
        rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())
    };
    // A machine without any root certificates can still use a store of its own over http.
    let tls = match versions()?.with_platform_verifier() {
        Ok(tls) => tls.with_no_client_auth(),
        Err(_) => {
            versions()?.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        }
    };
    Client::builder()
        .user_agent(concat!("canary/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(15))
        .build()
        .map_err(|error| error.without_url().to_string())
}

#[cfg(test)]
mod tests;
