//! `--format json`: the document as it is, and the schema that it follows.

use super::document::Document;

/// The document as JSON, with a newline at its end.
///
/// # Errors
/// None for a [`Document`]; the type is that of `serde_json`.
pub fn render(document: &Document) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

/// The JSON Schema of [`Document`], with a newline at its end.
///
/// # Errors
/// As for [`render`].
pub fn schema() -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Document))? + "\n")
}
