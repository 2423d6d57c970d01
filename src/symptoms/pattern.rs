//! The language of the table's patterns: literal text within one line, in which upper and lower case are the same, `*`
//! stands for anything, `^` in front ties it to the line's beginning and `$` behind to its end. With `?` in front of it all,
//! a text of every other service could say the same: it counts only where CodeCommit is mentioned at all.

/// A text to look for in a line.
pub(super) struct Pattern {
    /// The pieces between the stars, in lower case, in order.
    pieces: Vec<String>,
    from_start: bool,
    to_end: bool,
    /// Whether every service says this.
    pub(super) common: bool,
}

impl Pattern {
    pub(super) fn read(text: &str) -> Self {
        let (common, text) = text.strip_prefix('?').map_or((false, text), |rest| (true, rest));
        let (from_start, text) = text.strip_prefix('^').map_or((false, text), |rest| (true, rest));
        let (to_end, text) = text.strip_suffix('$').map_or((false, text), |rest| (true, rest));
        let pieces = text.split('*').filter(|piece| !piece.is_empty()).map(str::to_ascii_lowercase).collect();
        Self { pieces, from_start, to_end, common }
    }

    /// The piece by which the pattern is found quickly.
    pub(super) fn longest_piece(&self) -> &str {
        self.pieces.iter().max_by_key(|piece| piece.len()).map_or("", String::as_str)
    }

    /// Whether a line, in lower case, holds the pieces in order.
    pub(super) fn matches(&self, line: &str) -> bool {
        let (Some(first), Some(last)) = (self.pieces.first(), self.pieces.last()) else { return false };
        if self.from_start && !line.starts_with(first.as_str()) {
            return false;
        }
        let middle = if self.to_end {
            let Some(rest) = line.strip_suffix(last.as_str()) else { return false };
            if self.pieces.len() == 1 {
                return !self.from_start || rest.is_empty();
            }
            (rest, &self.pieces[..self.pieces.len() - 1])
        } else {
            (line, &self.pieces[..])
        };
        let (mut rest, pieces) = middle;
        pieces.iter().all(|piece| match rest.split_once(piece.as_str()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_found_in_order_and_anchors_hold() {
        for (pattern, line, matches) in [
            ("error: 403", "the requested url returned error: 403", true),
            ("Repository '*' not found", "fatal: repository 'https://h/x/' not found", true),
            ("repository '*' not found", "not found: repository 'x'", false),
            ("^'path'$", "'path'", true),
            ("^'path'$", "the 'path' of", false),
            ("^git: '*' is not", "fatal: git: 'x' is not", false),
            ("a*b$", "a b c", false),
            ("a*a$", "a", false),
            ("ab*b$", "ab", false),
            ("^a*b$", "a and b", true),
        ] {
            assert_eq!(Pattern::read(pattern).matches(line), matches, "{pattern} in {line}");
        }
    }
}
