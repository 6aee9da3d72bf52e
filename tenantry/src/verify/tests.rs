//! What is told of a walk, with pages that are made up.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use serde_json::Value;
use tenantry_proto::organization::v1::{FindingKind, FindingSeverity, ListFindingsResponse};

use super::*;
use crate::output::Format;

/// What was handed to the reader so far.
#[derive(Clone, Default)]
struct Reader(Rc<RefCell<Vec<u8>>>);

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Reader {
    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().clone()).unwrap()
    }

    fn entries(&self) -> usize {
        self.text().matches("COLLECTION_MISSING").count()
    }
}

const PER_PAGE: usize = 1_000;

/// So many pages of damage; from the page that fails on there is none.
struct Damage {
    pages: usize,
    fails_at: usize,
    asked: Cell<usize>,
    reader: Reader,
}

impl Pages for Damage {
    async fn page(&self, token: String) -> Result<ListFindingsResponse, CommandError> {
        let page = token.parse().unwrap_or(0);
        self.asked.set(self.asked.get() + 1);
        assert_eq!(self.asked.get(), page + 1, "each page once, in order");
        assert_eq!(self.reader.entries(), page * PER_PAGE, "nothing is held back");
        if page == self.fails_at {
            return Err(CommandError::Dev("away".to_owned()));
        }
        let finding = Finding {
            kind: FindingKind::CollectionMissing.into(),
            severity: FindingSeverity::Damage.into(),
            // A length that no buffer's end falls on the end of a page with.
            description: "lost".to_owned(),
            ..Finding::default()
        };
        let next = Some(page + 1).filter(|next| *next < self.pages);
        Ok(ListFindingsResponse {
            findings: vec![finding; PER_PAGE],
            next_page_token: next.map(|next| next.to_string()).unwrap_or_default(),
            checked_count: PER_PAGE as i64,
            total_count: 7,
        })
    }
}

/// What is told of so many pages.
async fn told(format: Format, pages: usize, fails_at: usize) -> (Result<Summary, CommandError>, String) {
    let reader = Reader::default();
    let damage = Damage {
        pages,
        fails_at,
        asked: Cell::default(),
        reader: reader.clone(),
    };
    let report = Report::new(format, reader.clone());
    let outcome = tell(&damage, report, &Progress::on_terminal(), |_| true).await;
    (outcome, reader.text())
}

#[tokio::test]
async fn each_page_is_with_the_reader_before_the_next_one_is_asked_for() {
    // `Damage` looks. Besides, a walk owns a page while it is printed and drops it then, so that memory holds one.
    let (outcome, text) = told(Format::Json, 20, 20).await;
    let summary = outcome.unwrap();
    assert_eq!(
        (summary.checked, summary.damage, verdict(&summary)),
        (20_000, 20_000, Verdict::Damaged)
    );
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["findings"].as_array().unwrap().len(), 20_000);
    assert_eq!(document["sound"], false);
}

#[tokio::test]
async fn a_walk_that_breaks_off_leaves_a_whole_document_that_calls_nothing_sound() {
    let (outcome, text) = told(Format::Json, 5, 2).await;
    assert!(matches!(outcome, Err(CommandError::Dev(_))));
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["findings"].as_array().unwrap().len(), 2_000);
    assert_eq!(
        (&document["checked"], &document["sound"]),
        (&2_000.into(), &Value::Null)
    );
    let (_, text) = told(Format::Table, 5, 2).await;
    assert!(
        text.lines().last().unwrap().starts_with("broken off: 2000 "),
        "{text}"
    );
}

#[tokio::test]
async fn a_walk_that_never_began_prints_nothing() {
    for format in [Format::Table, Format::Json] {
        let (outcome, text) = told(format, 5, 0).await;
        assert!(matches!(outcome, Err(CommandError::Dev(_))));
        assert_eq!(text, "");
    }
}
