//! The rules, one function each. They only collect errors; what passes them expands.

use std::time::Duration;

use quote::ToTokens;
use syn::{Member, Meta};

use crate::attr::duration;
use crate::attr::errors::{Error, Errors};
use crate::attr::flavour::Flavour;
use crate::attr::values::{Call, Policy, Timeout};
use crate::attr::written::member_name;
use crate::model::structure::{After, Field, Guard, Model, Role, Step};

/// The timeout of a struct that names none.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Checks a struct against every rule.
pub(crate) fn all(model: &Model<'_>, errors: &mut Errors) {
    one_guard(model, errors);
    guard_of_self(model, errors);
    guard_is_no_resource(model, errors);
    some_resource(model, errors);
    not_packed(model, errors);
    manual_alone(model, errors);
    starting_by_name(model, errors);
    one_end(model, errors);
    skip_alone(model, errors);
    on_end_of_what_is_watched(model, errors);
    after_steps_only(model, errors);
    after_once(model, errors);
    no_cycle(model, errors);
    timeouts_within_the_structs(model, errors);
}

fn one_guard(model: &Model<'_>, errors: &mut Errors) {
    let guards: Vec<&Field<'_>> = model.guards().map(|(field, _)| field).collect();
    if model.flavour == Flavour::Teardown {
        if let Some(guard) = guards.first() {
            errors.push(
                Error::at(&guard.place(), "`#[derive(Teardown)]` takes no guard")
                    .help("use `#[must_shutdown]` instead of the derive, or remove the guard"),
            );
        }
    } else if let [first, second, ..] = &guards[..] {
        errors.push(
            Error::at(&second.place(), format!("`{}` has two guards", model.ident()))
                .note(format!("the other one is {}", first.described()))
                .help(format!("remove {}", second.described())),
        );
    } else if guards.is_empty() {
        errors.push(
            Error::at_span(
                model.macro_span,
                format!("`{}` needs a field of type `ShutdownGuard`", model.flavour.spelling()),
            )
            .help("add `guard: ShutdownGuard<Self>` and set it to `ShutdownGuard::new()`"),
        );
    }
}

fn guard_of_self(model: &Model<'_>, errors: &mut Errors) {
    for (field, _) in model.guards().filter(|(_, guard)| *guard == Guard::Misspelled) {
        errors.push(misspelled_guard(field.ty));
    }
}

pub(crate) fn misspelled_guard(at: &impl ToTokens) -> Error {
    Error::at(at, "the type of the guard must be `ShutdownGuard<Self>`")
        .help("write `ShutdownGuard<Self>`, or mark an alias of that type with `#[shutdown(guard)]`")
}

fn guard_is_no_resource(model: &Model<'_>, errors: &mut Errors) {
    for (field, guard) in model.guards() {
        match guard {
            Guard::Annotated => errors.push(
                Error::at(&field.place(), format!("{} is the guard, not a resource", field.described()))
                    .help(format!("remove `#[shutdown]` from {}", field.described())),
            ),
            Guard::Marked => {
                if let Some(other) = field.keys.iter().find(|key| *key != "guard") {
                    errors.push(
                        Error::at(other, format!("`{other}` has no effect on the guard"))
                            .help(format!("remove `{other}`, or remove `guard`")),
                    );
                }
            }
            Guard::Typed | Guard::Misspelled => {}
        }
    }
}

fn some_resource(model: &Model<'_>, errors: &mut Errors) {
    if model.steps().next().is_none() && !model.manual() {
        errors.push(
            Error::at_span(model.macro_span, format!("`{}` has no resource to shut down", model.ident()))
                .help("add `#[shutdown]` to the fields that must be stopped"),
        );
    }
}

/// Its fields cannot be borrowed.
fn not_packed(model: &Model<'_>, errors: &mut Errors) {
    for repr in model.input.attrs.iter().filter(|attr| attr.path().is_ident("repr")) {
        let Meta::List(list) = &repr.meta else { continue };
        let Some(packed) = list.tokens.clone().into_iter().find(|token| token.to_string() == "packed") else {
            continue;
        };
        errors.push(
            Error::at(&packed, format!("`{}` is packed, so its resources cannot be borrowed", model.ident()))
                .help("move what must be packed into a struct of its own"),
        );
    }
}

fn manual_alone(model: &Model<'_>, errors: &mut Errors) {
    if !model.manual() {
        return;
    }
    if let Some(shared) = &model.args.shared {
        errors.push(
            Error::at(shared, "`shared` has no effect with `manual`")
                .note("`manual` generates no method that could take `&self`")
                .help("remove `shared`"),
        );
    }
    if let Some(methods) = &model.args.methods {
        errors.push(
            Error::at(methods, "`methods` has no effect with `manual`")
                .note("`manual` generates no method")
                .help("remove `methods`"),
        );
    }
    if let Some(starting) = &model.args.starting {
        errors.push(
            Error::at(starting, "`starting` has no effect with `manual`")
                .note("a start that fails is shut down as generated")
                .help("remove `starting`"),
        );
    }
    if let Some((Policy::Wait, policy)) = &model.args.on_drop {
        errors.push(
            Error::at(policy, "a `manual` struct cannot be waited for on drop")
                .note("`manual` generates no `Drop`")
                .help("write `\"panic\"` or `\"log\"`"),
        );
    }
    for (_, step) in model.steps() {
        for (name, call) in
            [("with", &step.with), ("close", &step.close), ("request", &step.request), ("force", &step.force)]
        {
            if let Some(call) = call {
                let written = match call {
                    Call::Path(path) => path.to_token_stream(),
                    Call::Closure(closure) => closure.to_token_stream(),
                };
                errors.push(
                    Error::at(&written, format!("`{name}` has no effect with `manual`"))
                        .note("the shutdown of a `manual` struct is written by hand")
                        .help(format!("remove `{name}`")),
                );
            }
        }
    }
}

/// The builder has a method for each field.
fn starting_by_name(model: &Model<'_>, errors: &mut Errors) {
    let Some(starting) = &model.args.starting else { return };
    for field in &model.fields {
        match &field.member {
            Member::Unnamed(_) => {
                return errors.push(
                    Error::at(starting, "`starting` needs fields with names")
                        .note("each field is set by a method of its name")
                        .help("name the fields, or remove `starting`"),
                );
            }
            Member::Named(name) if name == "finish" && !matches!(field.role, Role::Guard(_)) => errors.push(
                Error::at(name, "the builder of `starting` has a method `finish` of its own")
                    .note("each field is set by a method of its name")
                    .help("rename the field, or remove `starting`"),
            ),
            Member::Named(_) => {}
        }
    }
}

fn one_end(model: &Model<'_>, errors: &mut Errors) {
    for (field, step) in model.steps() {
        if let (Some(_), Some(_)) = (&step.with, &step.close)
            && let Some(second) = field.keys.iter().rfind(|key| *key == "with" || *key == "close")
        {
            errors.push(
                Error::at(second, format!("{} has both `with` and `close`", field.described()))
                    .note("`with` names an async function, and `close` one that is not")
                    .help("remove one of the two; what asks it to stop beforehand is a `request`"),
            );
        }
    }
}

fn skip_alone(model: &Model<'_>, errors: &mut Errors) {
    for field in &model.fields {
        if let Role::Skipped = field.role
            && let Some(other) = field.keys.iter().find(|key| *key != "skip")
        {
            errors.push(
                Error::at(other, format!("`{other}` has no effect on a skipped field"))
                    .help(format!("remove `{other}`, or remove `skip`")),
            );
        }
    }
}

/// Its type knows how it ends; what its owner names for the shutdown does not say it.
fn on_end_of_what_is_watched(model: &Model<'_>, errors: &mut Errors) {
    for (field, step) in model.steps() {
        if step.is_custom()
            && let Some(key) = field.keys.iter().find(|key| *key == "on_end")
            && let Some(custom) =
                field.keys.iter().find(|key| ["with", "close", "request", "force"].iter().any(|name| *key == name))
        {
            errors.push(
                Error::at(key, format!("`on_end` has no effect on a field with `{custom}`"))
                    .note("only a field whose type does all of its shutdown is watched while it runs")
                    .help("remove `on_end`, or give the field a type with a `Teardown`"),
            );
        }
    }
}

fn after_steps_only(model: &Model<'_>, errors: &mut Errors) {
    for (field, After { name, field: target }) in afters(model) {
        let shown = member_name(name);
        let Some(target) = target else {
            errors
                .push(Error::at(name, format!("there is no field `{shown}`")).help(known_fields(model, field, &shown)));
            continue;
        };
        let target = &model.fields[*target];
        let error = Error::at(name, format!("{} is not part of the shutdown", target.described()));
        match target.role {
            Role::Step(_) => {}
            Role::Skipped => errors.push(
                error
                    .note("it is marked `#[shutdown(skip)]`")
                    .help(format!("remove `{shown}` from `after`, or remove `skip`")),
            ),
            Role::Guard(_) => errors.push(error.note("it is the guard").help(format!("remove `{shown}` from `after`"))),
            Role::Bystander => errors.push(error.help(format!("add `#[shutdown]` to {}", target.described()))),
        }
    }
}

fn after_once(model: &Model<'_>, errors: &mut Errors) {
    for (_, step) in model.steps() {
        for (i, After { name, .. }) in step.after.iter().enumerate() {
            let shown = member_name(name);
            if step.after[..i].iter().any(|before| member_name(&before.name) == shown) {
                errors.push(Error::at(name, format!("`{shown}` is named twice")).help("remove one of the two"));
            }
        }
    }
}

/// One error per cycle, at the name that closes it in the last of its fields.
fn no_cycle(model: &Model<'_>, errors: &mut Errors) {
    let mut reported = vec![false; model.fields.len()];
    for start in (0..model.fields.len()).rev() {
        let Some(cycle) = shortest_cycle(model, start) else { continue };
        if cycle.iter().any(|field| reported[*field]) {
            continue;
        }
        cycle.iter().for_each(|field| reported[*field] = true);
        let field = &model.fields[start];
        let next = cycle.get(1).copied().unwrap_or(start);
        let Some(closing) = field.step().and_then(|step| step.after.iter().find(|after| after.field == Some(next)))
        else {
            continue;
        };
        let name = member_name(&closing.name);
        let help = match field.step().map(|step| step.after.len()) {
            Some(1) => format!("remove `after = {name}` from `{}`", field.name()),
            _ => format!("remove `{name}` from the `after` of `{}`", field.name()),
        };
        let mut error = Error::at(&closing.name, format!("{} waits for itself", field.described())).help(help);
        if cycle.len() > 1 {
            let edges: Vec<String> = (0..cycle.len())
                .map(|i| {
                    let (from, to) = (cycle[i], cycle[(i + 1) % cycle.len()]);
                    format!("`{}` waits for `{}`", model.fields[from].name(), model.fields[to].name())
                })
                .collect();
            let (last, rest) = edges.split_last().expect("a cycle has an edge");
            error = error.note(format!("{}, and {last}", rest.join(", ")));
        }
        errors.push(error);
    }
}

/// The fields on the shortest way from a field back to it.
fn shortest_cycle(model: &Model<'_>, start: usize) -> Option<Vec<usize>> {
    let mut came_from = vec![None; model.fields.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(field) = queue.pop_front() {
        let Some(step) = model.fields[field].step() else { continue };
        for next in step.after.iter().filter_map(|after| after.field) {
            if next == start {
                let mut cycle = vec![field];
                while let Some(before) = came_from[*cycle.last()?] {
                    cycle.push(before);
                }
                cycle.reverse();
                return Some(cycle);
            }
            if came_from[next].is_none() {
                came_from[next] = Some(field);
                queue.push_back(next);
            }
        }
    }
    None
}

fn timeouts_within_the_structs(model: &Model<'_>, errors: &mut Errors) {
    let (limit, origin) = match (&model.args.timeout, model.flavour) {
        (Some(Timeout::Literal(limit, _)), _) => (*limit, ""),
        (Some(Timeout::Const(_)), _) | (None, Flavour::Teardown) => return,
        (None, Flavour::MustShutdown | Flavour::PyClass) => (DEFAULT_TIMEOUT, " by default"),
    };
    for (field, step) in model.steps() {
        if let Some(Timeout::Literal(timeout, literal)) = &step.timeout
            && *timeout > limit
        {
            let (own, whole) = (duration::display(*timeout), duration::display(limit));
            errors.push(
                Error::at(literal, format!("{} has more time than the whole shutdown", field.described()))
                    .note(format!(
                        "the timeout of `{}` is {own}, that of `{}` is {whole}{origin}",
                        field.name(),
                        model.ident()
                    ))
                    .help(format!("write at most `\"{whole}\"`, or raise the timeout of `{}`", model.ident())),
            );
        }
    }
}

fn afters<'m, 'a>(model: &'m Model<'a>) -> impl Iterator<Item = (&'m Field<'a>, &'m After)> {
    model.steps().flat_map(|(field, step): (_, &Step)| step.after.iter().map(move |after| (field, after)))
}

/// The fields that may stand in `after`, up to six; of more, the one that looks like what was written.
fn known_fields(model: &Model<'_>, except: &Field<'_>, written: &str) -> String {
    let names: Vec<String> =
        model.steps().map(|(field, _)| field.name()).filter(|name| *name != except.name()).collect();
    let similar = names.iter().min_by_key(|name| distance(name, written)).filter(|name| distance(name, written) <= 2);
    match (similar, &names[..]) {
        (Some(similar), _) => format!("write `{similar}`"),
        (None, []) => "remove `after`: there is no other resource".to_owned(),
        (None, names) if names.len() <= 6 => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("the resources are {}", names.join(", "))
        }
        (None, _) => "name a field with `#[shutdown]`".to_owned(),
    }
}

/// The number of characters to insert, remove or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
