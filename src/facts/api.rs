//! The AWS clients: one HTTP client for all, proxies from the environment, the person's own certificate bundle, short
//! deadlines, no retries, and no silent correction of the clock.

use super::Facts;
use super::profiles::Setting;
use crate::check::Gap;
use crate::finding::Evidence;
use aws_config::SdkConfig;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use std::time::Duration;

/// How long a connection to an AWS endpoint may take to open.
const CONNECT: Duration = Duration::from_millis(3100);

/// How long one request may take, with its answer.
const OPERATION: Duration = Duration::from_secs(6);

/// What all AWS clients share.
#[derive(Clone, Debug)]
pub struct Api {
    http: SharedHttpClient,
    region: String,
}

/// Makes the HTTP client.
///
/// # Errors
/// [`Gap::Offline`], or no region.
pub async fn observe(facts: &Facts) -> Result<Api, Gap> {
    facts.online()?;
    let region = facts.target().await?.region().map(str::to_owned);
    let region = region.ok_or_else(|| Gap::not_applicable("no region is known: give a clone URL or --region"))?;
    let mut trust = TrustStore::empty().with_native_roots(true);
    if let Some((file, _)) = bundle(facts).await {
        match facts.machine.read(facts.machine.expand(&file)).await {
            // Like botocore: the bundle replaces the system's certificates.
            Ok(pem) => trust = TrustStore::empty().with_native_roots(false).with_pem_certificate(pem),
            Err(error) => {
                return Err(Gap::unknown(format!("the certificate bundle {file} {error}, so no AWS tool can connect")));
            }
        }
    }
    let tls = TlsContext::builder().with_trust_store(trust).build().map_err(|error| Gap::unknown(error.to_string()))?;
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(OPERATION).build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls);
    // Building reads the system's certificates, which takes a few milliseconds and touches files.
    let connector = tokio::task::spawn_blocking(move || SharedHttpConnector::new(connector.build())).await;
    let connector = connector.map_err(|error| Gap::unknown(format!("no TLS client: {error}")))?;
    Ok(Api { http: http_client_fn(move |_, _| connector.clone()), region })
}

/// The certificate bundle that the AWS tools would use, and where it is named: `AWS_CA_BUNDLE`, else the profile's `ca_bundle`,
/// else `REQUESTS_CA_BUNDLE`.
pub(super) async fn bundle(facts: &Facts) -> Option<(String, Evidence)> {
    if let Some(file) = facts.machine.var_set("AWS_CA_BUNDLE") {
        return Some((file.clone(), Evidence::new("AWS_CA_BUNDLE", file)));
    }
    if let Some(setting) = of_profile(facts).await {
        return Some((setting.value.clone(), setting.evidence()));
    }
    // botocore honours what is meant for another library of Python's.
    let file = facts.machine.var_set("REQUESTS_CA_BUNDLE")?;
    Some((file.clone(), Evidence::new("REQUESTS_CA_BUNDLE", file)))
}

async fn of_profile(facts: &Facts) -> Option<&Setting> {
    let profiles = facts.profiles().await.ok()?;
    let choice = super::choice::choose(facts).await.ok()?;
    profiles.get(&choice.profile)?.setting("ca_bundle")
}

impl Api {
    /// The region whose services are asked.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// What a credential provider needs.
    #[must_use]
    pub fn provider_config(&self) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_region(Some(Region::new(self.region.clone())))
            .with_http_client(self.http.clone())
            .with_retry_config(RetryConfig::disabled())
            .with_timeout_config(timeouts())
            .with_behavior_version(Some(BehaviorVersion::latest()))
    }

    /// The same for hosts of the machine's own, the container's and the instance's: no proxy may see what is asked there.
    #[must_use]
    pub fn direct_config(&self) -> ProviderConfig {
        let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(OPERATION).build();
        let connector = SharedHttpConnector::new(Connector::builder().connector_settings(settings).build_http());
        self.provider_config().with_http_client(http_client_fn(move |_, _| connector.clone()))
    }

    /// What a service client needs, for a region.
    #[must_use]
    pub fn sdk(&self, credentials: &Credentials, region: &str) -> SdkConfig {
        let provider = SharedCredentialsProvider::new(credentials.clone());
        self.unsigned(region).into_builder().credentials_provider(provider).build()
    }

    /// What a client needs for requests that nobody signs.
    #[must_use]
    pub fn unsigned(&self, region: &str) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .region(Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts())
            .disable_clock_skew_correction(true)
            .build()
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(OPERATION).build()
}

/// What a request to AWS came to, when it was no success.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Refusal {
    /// AWS answered with an error: its code and message.
    Answer {
        /// The error's code, such as `AccessDenied`.
        code: String,
        /// Its message.
        message: String,
    },
    /// There was no answer: the whole chain of reasons.
    NoAnswer(String),
}

impl Refusal {
    /// Reads what the SDK reports.
    pub fn read<E>(error: &aws_sdk_sts::error::SdkError<E, aws_smithy_runtime_api::http::Response>) -> Self
    where
        E: std::error::Error + aws_sdk_sts::error::ProvideErrorMetadata + 'static,
    {
        match error.as_service_error() {
            Some(answer) => Self::Answer {
                code: answer.code().map_or_else(|| status(error), str::to_owned),
                message: answer.message().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" "),
            },
            None => Self::NoAnswer(DisplayErrorContext(error).to_string()),
        }
    }

    /// Whether AWS said that the caller may not do this.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Answer { code, .. } if code.starts_with("AccessDenied"))
    }

    /// Why an action could not be taken: the permission that is missing, else the answer.
    #[must_use]
    pub fn why(&self, action: &str, on: Option<&str>) -> String {
        let on = on.map(|on| format!(" on {on}")).unwrap_or_default();
        if self.is_denied() { format!("{action}{on} is not allowed") } else { format!("{action}{on}: {}", self.text()) }
    }

    /// Code and message, or the reason why there is none.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Answer { code, message } if message.is_empty() => code.clone(),
            Self::Answer { code, message } => format!("{code}: {message}"),
            Self::NoAnswer(why) => why.clone(),
        }
    }
}

/// The status of an answer that is no error of AWS's.
fn status<E>(error: &aws_sdk_sts::error::SdkError<E, aws_smithy_runtime_api::http::Response>) -> String {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    status.map_or_else(|| "an answer that is not AWS's".to_owned(), |status| format!("HTTP status {status}"))
}

/// The gap for a service that gave no answer: the endpoint check's business when the Git endpoint is out of reach as well.
pub async fn no_answer(facts: &Facts, service: &str, why: &str) -> Gap {
    match facts.endpoint().await {
        Ok(probe) if !probe.is_reachable() => Gap::blocked("endpoint", "the network is not reachable"),
        _ => Gap::unknown(format!("{service} gave no answer: {}", shorten(why))),
    }
}

/// The last links of an error chain say what happened; the first ones only where.
pub(super) fn shorten(why: &str) -> String {
    let text = why.split(" (").next().unwrap_or(why);
    text.rsplit(": ").take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(": ")
}
