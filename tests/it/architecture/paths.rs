//! The paths that a source file names, whether in a `use` or in the middle of code.

use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Every path in the file, with `crate`, `self` and `super` resolved against `module`: `["crate", "store", "Store"]`.
/// Comments, documentation and literals name nothing. Macro calls are looked into.
pub fn paths(source: &str, module: &[String]) -> Vec<Vec<String>> {
    let tokens = TokenStream::from_str(source).unwrap_or_else(|error| panic!("not Rust: {error}"));
    let mut found = Vec::new();
    walk(tokens, &[], &mut found);
    found.into_iter().map(|path| resolve(path, module)).collect()
}

/// The module that a file under `src/` is: `["grpc", "parse"]` for `grpc/parse.rs`, nothing for the crate's root.
pub fn module_of(file_in_src: &str) -> Vec<String> {
    let mut segments: Vec<_> = file_in_src
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    segments.pop_if(|last| matches!(last.as_str(), "mod" | "lib" | "main"));
    segments
}

/// Collects the paths in `tokens`, each with `prefix` before it: that of the braces in a `use`.
fn walk(tokens: TokenStream, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Ident(word) if KEYWORDS.contains(&word.to_string().as_str()) => {}
            TokenTree::Ident(first) => {
                let mut path = prefix.to_vec();
                path.push(first.to_string());
                at = follow(&tokens, at, path, found);
            }
            TokenTree::Group(group) => walk(group.stream(), prefix, found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Words before a path that begins with `::`.
const KEYWORDS: &[&str] = &[
    "as", "dyn", "else", "for", "impl", "in", "if", "match", "mut", "return", "use", "where", "while",
];

/// Takes in the `::name` after a path, and answers where it ends.
fn follow(tokens: &[TokenTree], mut at: usize, mut path: Vec<String>, found: &mut Vec<Vec<String>>) -> usize {
    while is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1)) {
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(segment)) => path.push(segment.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                walk(group.stream(), &path, found);
                return at + 3;
            }
            _ => break,
        }
        at += 3;
    }
    found.push(path);
    at
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

fn resolve(path: Vec<String>, module: &[String]) -> Vec<String> {
    let mut above = 0;
    let mut rest = path.as_slice();
    while let [first, after @ ..] = rest {
        match first.as_str() {
            "super" => above += 1,
            // `use super::{self, X}` ends in a self.
            "self" if after.is_empty() || above > 0 || path.first() == Some(first) => {}
            _ => break,
        }
        rest = after;
    }
    if rest.len() == path.len() {
        return path;
    }
    let home = &module[..module.len().saturating_sub(above)];
    std::iter::once("crate".to_owned())
        .chain(home.iter().cloned())
        .chain(rest.iter().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(source: &str) -> Vec<String> {
        let module = module_of("grpc/parse.rs");
        paths(source, &module)
            .into_iter()
            .map(|path| path.join("::"))
            .collect()
    }

    #[test]
    fn uses_are_spread_out() {
        let found =
            named("use crate::{store::{Store, open}, read::Read as Reading}; use ::mongodb::bson::*;");
        for path in [
            "crate::store::Store",
            "crate::store::open",
            "crate::read::Read",
            "mongodb::bson",
        ] {
            assert!(found.contains(&path.to_owned()), "{path} is not in {found:?}");
        }
    }

    #[test]
    fn paths_in_code_and_in_macro_calls_are_found() {
        let found =
            named("fn f() -> redb::Error { vec![bson::doc! { \"a\": tonic::Code::Ok }]; g::<prost::Any>() }");
        for path in ["redb::Error", "bson::doc", "tonic::Code::Ok", "prost::Any"] {
            assert!(found.contains(&path.to_owned()), "{path} is not in {found:?}");
        }
    }

    #[test]
    fn comments_documentation_and_literals_name_nothing() {
        let found = named(
            "//! mongodb::a\n// mongodb::b\n/// mongodb::c\n/* mongodb::d */ const A: &str = \"mongodb::e\";",
        );
        assert!(found.iter().all(|path| !path.contains("mongodb")), "{found:?}");
    }

    #[test]
    fn relative_paths_are_seen_from_the_crates_root() {
        assert!(named("use super::super::store::Store;").contains(&"crate::store::Store".to_owned()));
        assert!(named("use super::convert;").contains(&"crate::grpc::convert".to_owned()));
        assert!(named("use self::inner::Thing;").contains(&"crate::grpc::parse::inner::Thing".to_owned()));
    }
}
