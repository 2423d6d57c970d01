//! A CodeCommit region on loopback: the world that codecommit-doctor is tested in.
//!
//! It is reached the way a region is reached from a corporate network, through a CONNECT proxy, so nothing in the product
//! knows of it. The proxy leads `git-codecommit.<region>.amazonaws.com`, `sts.`, `iam.`, `kms.` and `codecommit.` to servers
//! in this process under the lab's own certificate authority. Git is served by the real `git http-backend`. Who may do what is
//! decided by IAM policies, as in AWS; see [`world`] for everything that can be set.

mod api;
mod authority;
mod codecommit;
mod git;
mod iam;
mod kms;
mod metadata;
mod peer;
mod policy;
mod proxy;
mod server;
mod signature;
mod ssh;
mod sso;
mod sts;
mod wire;

pub mod moto;
pub mod network;
pub mod scene;
pub mod tools;
pub mod world;

use anyhow::{Context, Result};
use authority::Authority;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use world::World;

/// A running region. It ends when it is dropped.
pub struct Lab {
    _runtime: Runtime,
    region: Arc<Region>,
    folder: tempfile::TempDir,
    port: u16,
    metadata: u16,
    /// The region's own address, where it has one.
    address: Option<String>,
    ssh: Option<ssh::Ssh>,
}

/// What the servers share.
struct Region {
    world: World,
    authority: Authority,
    /// That of the company whose proxy decrypts.
    corp: Authority,
    /// Where the bare repositories lie: `<account>/<region>/<name>`.
    repositories: PathBuf,
    /// Who answers for the APIs instead of the lab.
    peer: Option<SocketAddr>,
    heard: Mutex<Vec<String>>,
}

impl Lab {
    /// Starts a region.
    ///
    /// # Errors
    /// When no port can be opened, or the repositories cannot be made.
    pub fn start(world: World) -> Result<Self> {
        Self::with(world, None)
    }

    /// Starts a region whose APIs are answered by somebody else, who speaks HTTP at this address.
    ///
    /// # Errors
    /// As for [`Lab::start`].
    pub fn in_front_of(peer: SocketAddr, world: World) -> Result<Self> {
        Self::with(world, Some(peer))
    }

    fn with(world: World, peer: Option<SocketAddr>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (authority, corp) = (Authority::new()?, Authority::called("Corp Inspection")?);
        std::fs::write(folder.path().join("ca.pem"), authority.pem())?;
        std::fs::write(folder.path().join("corp.pem"), format!("{}{}", authority.pem(), corp.pem()))?;
        let repositories = folder.path().join("repositories");
        for repository in &world.repositories {
            git::create(&repositories, repository)?;
        }
        let address = network::own_address(&world)?;
        let ssh = match address.as_ref().filter(|_| world.ssh.is_some()) {
            Some(address) => Some(ssh::Ssh::start(folder.path(), &repositories, &world, address)?),
            None => None,
        };
        let region = Arc::new(Region { world, authority, corp, repositories, peer, heard: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("no port on loopback")?;
        let port = listener.local_addr()?.port();
        runtime.spawn(proxy::serve(listener, Arc::clone(&region)));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).context("no port on loopback")?;
        let metadata = listener.local_addr()?.port();
        runtime.spawn(metadata::serve(listener, Arc::clone(&region)));
        if let Some(address) = address.as_ref().filter(|_| region.world.direct) {
            let address = network::with_port(address, 443);
            let listener = runtime.block_on(TcpListener::bind(&address)).with_context(|| address)?;
            runtime.spawn(proxy::serve_directly(listener, Arc::clone(&region)));
        }
        Ok(Self { _runtime: runtime, region, folder, port, metadata, address, ssh })
    }

    /// The proxy's URL, for `HTTPS_PROXY`.
    #[must_use]
    pub fn proxy(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The metadata service's URL, of the instance and of the container.
    #[must_use]
    pub fn metadata(&self) -> String {
        format!("http://127.0.0.1:{}", self.metadata)
    }

    /// The certificate authority, in PEM form.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The same with that of a company whose proxy decrypts.
    #[must_use]
    pub fn corporate_ca(&self) -> PathBuf {
        self.folder.path().join("corp.pem")
    }

    /// A folder that lives as long as the lab.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Whether the region can be reached over SSH.
    fn has_ssh(&self) -> bool {
        self.ssh.is_some()
    }

    /// Files to put in the place of the machine's own, for whoever lives in this home.
    fn places(&self, home: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
        let Some(address) = &self.address else { return Ok(Vec::new()) };
        let hosts = home.with_file_name("hosts");
        std::fs::write(&hosts, network::hosts(&self.region.world, address))?;
        let mut places = vec![(hosts, "/etc/hosts")];
        if let Some(ssh) = &self.ssh {
            places.extend(ssh.places(home, &self.region.world)?);
        }
        Ok(places)
    }

    /// What was asked so far: `sts GetCallerIdentity`, `git GET /v1/repos/x/info/refs 200`, in the order of the answers.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        self.region.heard.lock().map(|heard| heard.clone()).unwrap_or_default()
    }
}

impl Region {
    fn hear(&self, what: String) {
        if let Ok(mut heard) = self.heard.lock() {
            heard.push(what);
        }
    }
}
