//! Blobs of more than 2 GiB, which CodeCommit does not take ("Quotas", CodeCommit user guide). None is read: git knows how much
//! room each object takes on disk, and whatever could be as large as that is asked for its size.

use super::Asking;
use crate::machine::{Ended, Keep};
use serde::{Deserialize, Serialize};

/// A blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Large {
    /// Its object id.
    pub id: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The largest blob that CodeCommit takes.
const LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// What deflate makes of 2 GiB at best: 1032 to 1 (RFC 1951; zlib's technical details). A delta of another large blob may be
/// smaller; git makes none of files beyond `core.bigFileThreshold`.
const SMALLEST: u64 = 2_000_000;

/// How many candidates are asked for their size.
const MOST: usize = 10_000;

/// The large blobs, and why some may not have been looked at.
pub(super) async fn large(asking: &Asking<'_>) -> (Vec<Large>, Option<String>) {
    let is_candidate: Keep = |line| {
        let size = line.split(|byte| *byte == b' ').next().and_then(|size| std::str::from_utf8(size).ok());
        size.and_then(|size| size.parse::<u64>().ok()).is_some_and(|size| size >= SMALLEST)
    };
    let listing = asking
        .question(&[
            "cat-file",
            "--batch-all-objects",
            "--unordered",
            "--buffer",
            "--batch-check=%(objectsize:disk) %(objectname)",
        ])
        .keep(is_candidate);
    let Some(output) = asking.run(listing).await else { return (Vec::new(), Some("git cannot list them".to_owned())) };
    let not_all = match output.ended {
        Ended::Code(0) => None,
        Ended::TimedOut => Some("listing them takes longer than the doctor waits".to_owned()),
        Ended::Code(_) | Ended::Signal => Some("git cannot list them".to_owned()),
    };
    let listed = output.stdout_text();
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').nth(1)).take(MOST).collect();
    if ids.is_empty() {
        return (Vec::new(), not_all);
    }
    let sizes = asking
        .question(&["cat-file", "--buffer", "--batch-check=%(objecttype) %(objectsize) %(objectname)"])
        .stdin(format!("{}\n", ids.join("\n")));
    let Some(output) = asking.run(sizes).await else {
        return (Vec::new(), Some("git cannot tell their sizes".to_owned()));
    };
    (output.stdout_text().lines().filter_map(read).collect(), not_all)
}

/// `blob 2147483649 <id>`
fn read(line: &str) -> Option<Large> {
    let mut words = line.split(' ');
    let (kind, size, id) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    (kind == "blob" && size > LIMIT).then(|| Large { id: id.to_owned(), size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blobs_beyond_the_limit_count() {
        assert_eq!(read("blob 2147483649 abc"), Some(Large { id: "abc".to_owned(), size: 2_147_483_649 }));
        for line in ["blob 2147483648 abc", "tree 9999999999 abc", "abc missing", ""] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
