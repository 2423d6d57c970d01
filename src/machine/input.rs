//! A text that a person hands over: a file, or standard input.

use anyhow::{Context, bail};
use std::io::{IsTerminal, Read};
use std::path::Path;

/// The most that is read. What a failed command prints is far smaller.
const CAP: u64 = 10 * 1024 * 1024;

/// What was handed over.
pub struct Input {
    /// Its name: the file, or "standard input".
    pub source: String,
    /// Its bytes, at most 10 MiB.
    pub bytes: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// Reads a file; without one, or for `-`, standard input.
///
/// # Errors
/// One line for the person, when there is nothing to read.
#[expect(clippy::disallowed_methods, reason = "the one place where a file of the person's choosing is opened")]
pub fn read_input(file: Option<&Path>) -> anyhow::Result<Input> {
    let named = file.filter(|file| *file != Path::new("-"));
    let (source, reader): (String, Box<dyn Read>) = match named {
        Some(file) if file.to_string_lossy().contains("://") => {
            bail!(
                "why reads what a failed command printed; to check a clone URL, run codecommit-doctor with the URL alone"
            );
        }
        Some(file) if file.to_string_lossy().contains(char::is_whitespace) && !file.exists() => {
            bail!("there is no file of that name; a text itself is piped in, or put into a file");
        }
        Some(file) => {
            let name = file.display().to_string();
            let opened = std::fs::File::open(file).with_context(|| format!("{name} cannot be read"))?;
            if opened.metadata().is_ok_and(|metadata| metadata.is_dir()) {
                bail!("{name} is a folder; name the file that holds what the failed command printed");
            }
            (name, Box::new(opened))
        }
        None if std::io::stdin().is_terminal() => {
            bail!(
                "nothing to read: pipe the failed command's output in (git clone ... 2>&1 | codecommit-doctor why), or name a file"
            );
        }
        None => ("standard input".to_owned(), Box::new(std::io::stdin())),
    };
    let mut bytes = Vec::new();
    reader.take(CAP + 1).read_to_end(&mut bytes).with_context(|| format!("{source} cannot be read"))?;
    let cut = bytes.len() as u64 > CAP;
    bytes.truncate(usize::try_from(CAP).unwrap_or(usize::MAX));
    Ok(Input { source, bytes, cut })
}
