//! Reading files, bounded: only regular files, only so many bytes, and never blocking the program.

use super::Machine;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that is read of one file. Configuration and credential stores are far smaller; anything larger is not one.
const CAP: u64 = 16 * 1024 * 1024;

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileError {
    /// There is no such file.
    Missing,
    /// The user may not read it.
    Denied,
    /// It is a folder, a pipe or a device, or larger than any real file of its kind.
    NotAFile,
    /// The operating system's own words.
    Other(String),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("does not exist"),
            Self::Denied => f.write_str("cannot be read: permission denied"),
            Self::NotAFile => f.write_str("is not a regular file of a plausible size"),
            Self::Other(why) => write!(f, "cannot be read: {why}"),
        }
    }
}

impl From<std::io::Error> for FileError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Self::Missing,
            std::io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Other(error.to_string()),
        }
    }
}

impl Machine {
    /// The bytes of a regular file of at most 16 MiB.
    ///
    /// # Errors
    /// [`FileError`], when there is no such file, it may not be read, or it is not a regular file.
    pub async fn read(&self, path: impl Into<PathBuf>) -> Result<Vec<u8>, FileError> {
        let path = path.into();
        self.blocking(move || read_bounded(&path, CAP)).await
    }

    /// The text of a regular file; bytes that are not UTF-8 are replaced, a byte-order mark is dropped.
    ///
    /// # Errors
    /// As for [`Machine::read`].
    pub async fn read_text(&self, path: impl Into<PathBuf>) -> Result<String, FileError> {
        let text = String::from_utf8_lossy(&self.read(path).await?).into_owned();
        Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
    }

    /// The first line of a program file (a shebang, if it is a script), at most 512 bytes.
    pub async fn first_line(&self, path: impl Into<PathBuf>) -> Option<String> {
        let path = path.into();
        self.blocking(move || {
            let mut head = [0; 512];
            let read = open_regular(&path)?.take(512).read(&mut head)?;
            let line = head[..read].split(|byte| *byte == b'\n').next().unwrap_or_default();
            Ok(String::from_utf8_lossy(line).trim_end().to_owned())
        })
        .await
        .ok()
    }

    /// Whether a report can go to this path: asked before the work is done, so that no work is lost.
    ///
    /// # Errors
    /// One line that says what is in the way.
    pub fn can_save(&self, path: &Path) -> anyhow::Result<()> {
        let path = self.cwd().join(path);
        let folder = path.parent().unwrap_or(&path);
        anyhow::ensure!(!path.is_dir(), "{} is a folder; name a file", path.display());
        anyhow::ensure!(
            !path.exists() || is_written_at_once(&path),
            "{} is no ordinary file; name one",
            path.display()
        );
        anyhow::ensure!(folder.is_dir(), "the folder {} does not exist", folder.display());
        Ok(())
    }

    /// Writes a report where the person asked for it: the one thing that asking writes.
    ///
    /// # Errors
    /// The operating system's own words, with the path.
    #[expect(clippy::disallowed_methods, reason = "the person named this file")]
    pub fn save(&self, path: &Path, text: &str) -> anyhow::Result<()> {
        let path = self.cwd().join(path);
        std::fs::write(&path, text).with_context(|| format!("{} cannot be written", path.display()))
    }

    /// Whether anything exists at this path.
    #[must_use]
    pub fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    /// Whether this is a file, whatever links lead to it.
    #[must_use]
    pub fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    /// Every path below a folder that a pattern fits, in order; `*` stands for any part of one name.
    pub async fn matching(&self, folder: &Path, pattern: &str) -> Vec<PathBuf> {
        let whole = format!("{}/{pattern}", glob::Pattern::escape(&folder.display().to_string()));
        let looking = move || Ok(glob::glob(&whole).map(|paths| paths.flatten().collect()).unwrap_or_default());
        self.blocking(looking).await.unwrap_or_default()
    }

    /// The permissions of a file that others than its owner may read or change, where the owner is whoever runs the doctor:
    /// what ssh looks at before it uses a private key. Only on systems with such permissions.
    #[must_use]
    pub fn open_to_others(&self, path: &Path) -> Option<u32> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let data = path.metadata().ok()?;
            let own = data.uid() == rustix::process::getuid().as_raw();
            let mode = data.mode() & 0o777;
            (own && mode & 0o077 != 0).then_some(mode)
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            None
        }
    }

    /// The path with links and `..` resolved, or the path itself where that fails.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

impl Machine {
    /// Does work on files where it blocks nobody; a file system that is gone costs no more than the machine's patience.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let work = tokio::time::timeout(self.patience(), tokio::task::spawn_blocking(work));
        match work.await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => Err(FileError::Other(error.to_string())),
            Err(_) => Err(FileError::Other("its file system does not answer".to_owned())),
        }
    }
}

/// Whether writing there waits for nobody: a file, or a device such as `/dev/null`, and no pipe without a reader.
fn is_written_at_once(path: &Path) -> bool {
    let kind = path.metadata().map(|data| data.file_type());
    #[cfg(unix)]
    let is_pipe = |kind: std::fs::FileType| std::os::unix::fs::FileTypeExt::is_fifo(&kind);
    #[cfg(not(unix))]
    let is_pipe = |_: std::fs::FileType| false;
    kind.is_ok_and(|kind| !is_pipe(kind))
}

#[expect(clippy::disallowed_methods, reason = "the one place where files are opened")]
fn open_regular(path: &Path) -> Result<std::fs::File, FileError> {
    // The kind is asked before the file is opened: opening a named pipe would wait for a writer.
    if !std::fs::metadata(path)?.is_file() {
        return Err(FileError::NotAFile);
    }
    Ok(std::fs::File::open(path)?)
}

fn read_bounded(path: &Path, cap: u64) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(cap + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > cap { Err(FileError::NotAFile) } else { Ok(bytes) }
}
