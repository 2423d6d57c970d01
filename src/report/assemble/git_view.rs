//! What Git makes of the URL: its helpers, what each answers, and what those that were not asked would have said.

use super::Teller;
use crate::facts::Facts;
use crate::facts::answers::Answer;
use crate::report::document::{AnswerView, GitView, HelperView};
use crate::shape::Kind;

impl Teller<'_> {
    pub(super) fn git_view(&self, facts: &Facts) -> Option<GitView> {
        let chain = facts.helpers.get()?.as_ref().ok()?;
        let answers = facts.answers.get().and_then(|answers| answers.as_ref().ok());
        let proxy = facts.endpoint.get().and_then(|probe| probe.as_ref().ok()?.proxy.as_ref());
        let stores = facts.stores.get().and_then(|stores| stores.as_ref().ok());
        let key = facts.credentials.get().and_then(|credentials| credentials.as_ref().ok()?.found());
        let helpers = chain.helpers.iter().enumerate().map(|(at, helper)| {
            let (answer, detail) = view(answers.and_then(|answers| answers.get(at)));
            let held = stores.and_then(|stores| stores.items.iter().find(|item| item.helper == at));
            // One that was not asked: what it would have said, by what it holds or signs with.
            let would = match (helper.aws(), held) {
                (Some(_), _) => key.map(|key| format!("it would sign with {}", key.key_id)),
                (None, held) => held.map(|item| format!("it would give {}", item.shape.user)),
            };
            let detail = match (answer, detail, would) {
                (AnswerView::NotAsked, Some(detail), Some(would)) => Some(format!("{detail}; {would}")),
                (_, detail, _) => detail,
            };
            HelperView {
                order: at + 1,
                helper: self.text(helper.entry.text()),
                source: self.text(&helper.entry.source),
                line: helper.entry.line,
                answer,
                detail: detail.map(|detail| self.text(&detail)),
            }
        });
        Some(GitView {
            url: self.text(&chain.url),
            use_http_path: chain.uses_http_path(),
            proxy: proxy.map(|(url, _)| self.text(url)),
            helpers: helpers.collect(),
        })
    }
}

fn view(answer: Option<&Answer>) -> (AnswerView, Option<String>) {
    match answer {
        None => (AnswerView::NotAsked, None),
        Some(Answer::None) => (AnswerView::None, None),
        Some(Answer::NotAsked(why)) => (AnswerView::NotAsked, Some(why.clone())),
        Some(Answer::Failed(why)) => (AnswerView::Failed, Some(why.clone())),
        Some(Answer::Quit) => (AnswerView::Failed, Some("it tells Git to stop".to_owned())),
        Some(Answer::Credential(shape)) => {
            let answer = match shape.kind {
                Kind::GitCredential => AnswerView::GitCredential,
                Kind::SignedKey => AnswerView::SignedKey,
                Kind::SignedSession => AnswerView::SignedSession,
                Kind::SessionTokenMissing | Kind::AccessKey | Kind::EmptyPassword | Kind::Other => AnswerView::Other,
            };
            (answer, Some(shape.user.clone()))
        }
    }
}
