//! What one source file names: its modules, its `use`s, and the paths in its code. Code for tests is left out.
//!
//! It is read from tokens and not from a syntax tree, because paths in the arguments of macros are imports too.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The names along a path. The last is `*` for a glob.
pub(super) type Names = Vec<String>;

/// A module: a file, or an inline one in it.
#[derive(Default)]
pub(super) struct Scope {
    /// The names from the crate's root.
    pub(super) module: Names,
    /// The child modules in files of their own.
    pub(super) files: Vec<String>,
    /// The names that it defines: items, macros, inline modules.
    pub(super) defined: Vec<String>,
    /// The names that it imports, with what they name.
    pub(super) uses: Vec<(String, Names)>,
    /// The paths that it names, those of its `use`s too.
    pub(super) paths: Vec<Names>,
}

/// The scopes of a file, its own first. None for a file that is for tests only.
///
/// # Errors
///
/// If it is not Rust.
pub(super) fn read(module: Names, text: &str) -> Result<Vec<Scope>> {
    let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{}: {error}", module.join("::")))?;
    let mut scopes = vec![Scope { module, ..Scope::default() }];
    if scan(tokens.into_iter().collect(), 0, true, &mut scopes) { Ok(scopes) } else { Ok(Vec::new()) }
}

/// Reads tokens into the scope at the index. `false` if they are for tests only.
fn scan(tokens: Vec<TokenTree>, scope: usize, are_items: bool, scopes: &mut Vec<Scope>) -> bool {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => match (next, tokens.get(at + 2)) {
                (Some(TokenTree::Group(attribute)), _) if attribute.delimiter() == Delimiter::Bracket => {
                    at = if is_for_tests(attribute.stream()) { end_of_item(&tokens, at + 2) } else { at + 2 };
                }
                (Some(TokenTree::Punct(_)), Some(TokenTree::Group(attribute))) if are_items => {
                    if is_for_tests(attribute.stream()) {
                        return false;
                    }
                    at += 3;
                }
                _ => at += 1,
            },
            TokenTree::Ident(ident) => at = word(&ident.to_string(), &tokens, at, scope, are_items, scopes),
            TokenTree::Group(group) => {
                scan(group.stream().into_iter().collect(), scope, false, scopes);
                at += 1;
            }
            _ => at += 1,
        }
    }
    true
}

/// Reads what begins with a word, and returns where it ends.
fn word(word: &str, tokens: &[TokenTree], at: usize, scope: usize, are_items: bool, scopes: &mut Vec<Scope>) -> usize {
    match (word, tokens.get(at + 1), tokens.get(at + 2)) {
        // Who may see an item is no import.
        ("pub", Some(TokenTree::Group(group)), _) if group.delimiter() == Delimiter::Parenthesis => at + 2,
        ("mod", Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) if body.delimiter() == Delimiter::Brace => {
            let mut module = scopes[scope].module.clone();
            module.push(plain(&name.to_string()));
            scopes.push(Scope { module, ..Scope::default() });
            let inner = scopes.len() - 1;
            if !scan(body.stream().into_iter().collect(), inner, true, scopes) {
                scopes.truncate(inner);
            }
            at + 3
        }
        ("mod", Some(TokenTree::Ident(name)), Some(TokenTree::Punct(_))) => {
            scopes[scope].files.push(plain(&name.to_string()));
            at + 3
        }
        ("macro_rules", Some(TokenTree::Punct(_)), Some(TokenTree::Ident(name))) => {
            scopes[scope].defined.push(name.to_string());
            at + 3
        }
        ("use", Some(next), _) if !is_punct(next, '<') => {
            let end = (at..tokens.len()).find(|at| is_punct(&tokens[*at], ';')).unwrap_or(tokens.len());
            use_tree(&tokens[at + 1..end], &[], &mut scopes[scope]);
            end
        }
        (
            "struct" | "enum" | "union" | "trait" | "fn" | "type" | "const" | "static",
            Some(TokenTree::Ident(name)),
            _,
        ) if are_items => {
            scopes[scope].defined.push(plain(&name.to_string()));
            // `const fn` and `unsafe trait` have another keyword first.
            at + 1
        }
        _ => {
            let (path, end) = path(tokens, at);
            if path.len() > 1 && !follows_colons(tokens, at) {
                scopes[scope].paths.push(path);
            }
            end
        }
    }
}

/// The names from here on with `::` between them, and where they end.
fn path(tokens: &[TokenTree], mut at: usize) -> (Names, usize) {
    let mut names = Names::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        names.push(plain(&name.to_string()));
        at += 1;
        match (tokens.get(at), tokens.get(at + 1), tokens.get(at + 2)) {
            (Some(one), Some(two), Some(TokenTree::Ident(_))) if is_punct(one, ':') && is_punct(two, ':') => at += 2,
            _ => break,
        }
    }
    (names, at)
}

/// Whether the path has begun before, or begins with `::` and so with the name of another crate.
fn follows_colons(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_punct(&tokens[at - 1], ':') && is_punct(&tokens[at - 2], ':')
}

fn use_tree(tokens: &[TokenTree], prefix: &[String], scope: &mut Scope) {
    if prefix.is_empty() && tokens.first().is_some_and(|first| is_punct(first, ':')) {
        return;
    }
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut tokens = tokens.iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "as" => alias = tokens.next().map(ToString::to_string),
            TokenTree::Ident(word) if word == "self" && !path.is_empty() => {}
            TokenTree::Ident(word) => path.push(plain(&word.to_string())),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                inner.split(|token| is_punct(token, ',')).for_each(|tree| use_tree(tree, &path, scope));
                return;
            }
            TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".to_owned()),
            _ => {}
        }
    }
    // A single name is another crate, or a macro of this file that gets a path.
    if path.len() > 1 {
        let alias = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        scope.uses.push((alias, path.clone()));
        scope.paths.push(path);
    }
}

/// Whether an attribute leaves an item out of every build without tests: `cfg(test)`, or `test` in an `all`.
fn is_for_tests(attribute: TokenStream) -> bool {
    fn needs_test(tokens: TokenStream) -> bool {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        tokens.iter().enumerate().any(|(at, token)| match token {
            TokenTree::Ident(ident) => ident == "test",
            // What is in an `any` or a `not` may be missing.
            TokenTree::Group(group) => {
                let all = at.checked_sub(1).and_then(|before| tokens.get(before));
                matches!(all, Some(TokenTree::Ident(name)) if name == "all") && needs_test(group.stream())
            }
            _ => false,
        })
    }
    let mut tokens = attribute.into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Ident(name)), Some(TokenTree::Group(group))) => name == "cfg" && needs_test(group.stream()),
        _ => false,
    }
}

/// Behind the item, field or statement that begins here.
fn end_of_item(tokens: &[TokenTree], mut start: usize) -> usize {
    while tokens.get(start).is_some_and(|token| is_punct(token, '#')) {
        start += 2;
    }
    let head = || tokens.iter().skip(start).take_while(|token| !matches!(token, TokenTree::Punct(_)));
    let begins_with = |words: &[&str]| {
        head().any(|token| matches!(token, TokenTree::Ident(ident) if words.iter().any(|word| ident == word)))
    };
    let is_use = begins_with(&["use"]);
    // A comma in generics does not end an item, and one behind a field does.
    let is_field = !begins_with(&["fn", "impl", "struct", "enum", "union", "trait", "mod", "use", "type", "const"]);
    let ends = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == ';' || is_field && punct.as_char() == ',',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_use,
        _ => false,
    };
    (start..tokens.len()).find(|at| ends(&tokens[*at])).map_or(tokens.len(), |end| end + 1)
}

fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

/// A name without `r#`.
fn plain(name: &str) -> String {
    name.strip_prefix("r#").unwrap_or(name).to_owned()
}
