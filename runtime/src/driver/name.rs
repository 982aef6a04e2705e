//! What reports, events and errors call a value or a step.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The path of a step, `Service.replica.jobs`, or the name of a value. Cheap to clone: a step's is in the report of each
/// value around it.
#[derive(Clone)]
pub(crate) enum Name {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Name {
    /// What was below `from` is below `to`: `Replica.jobs` becomes `Service.replica.jobs`. The place that tells one
    /// outermost value from another, in `Service (src/main.rs:3:9)`, is not repeated below it.
    pub(crate) fn moved(&self, from: &str, to: &Name) -> Name {
        match self.strip_prefix(from) {
            Some("") => to.clone(),
            Some(below) if below.starts_with(['.', '[']) => Name::from(format!("{}{below}", to.without_place())),
            Some(_) | None => self.clone(),
        }
    }

    /// A text in which steps below `from` are named: they are below `to`.
    pub(crate) fn moved_in(text: &str, from: &str, to: &Name) -> String {
        let to = to.without_place();
        ['.', '[']
            .iter()
            .fold(text.to_owned(), |text, next| text.replace(&format!("`{from}{next}"), &format!("`{to}{next}")))
    }

    /// `jobs` of `Service.replica.jobs`, and `[0]` of `Service.replica[0]`, within `Service.replica`; none, if it is not of a
    /// part of that.
    #[cfg(any(feature = "svg", feature = "progress"))]
    pub(crate) fn below<'a>(name: &'a str, around: &str) -> Option<&'a str> {
        let part = name.strip_prefix(around)?;
        part.strip_prefix('.').or_else(|| part.starts_with('[').then_some(part)).filter(|part| !part.is_empty())
    }

    /// Whether it is that of a step, and not of an outermost value.
    pub(crate) fn is_path(&self) -> bool {
        self.without_place().contains(['.', '['])
    }

    /// `Service` of `Service (src/main.rs:3:9)`.
    pub(crate) fn without_place(&self) -> &str {
        let split = self.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
        let is_number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u32>().is_ok());
        match split {
            Some((name, place)) => {
                let mut parts = place.rsplitn(3, ':');
                if is_number(parts.next()) && is_number(parts.next()) && parts.next().is_some() { name } else { self }
            }
            None => self,
        }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Name::Static(name) => name,
            Name::Shared(name) => name,
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq::<str>(&**self, &**other) || **self == **other
    }
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Self {
        Name::Static(name)
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Name::Shared(name.into())
    }
}

impl From<Cow<'static, str>> for Name {
    fn from(name: Cow<'static, str>) -> Self {
        match name {
            Cow::Borrowed(name) => name.into(),
            Cow::Owned(name) => name.into(),
        }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Name {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_in_a_text_move() {
        let text = "`Replica.jobs`: late, `Replica[0]`: late, `Replicas.jobs`: late, Replica";
        let moved = Name::moved_in(text, "Replica", &Name::from("Service.replica"));
        assert_eq!(moved, "`Service.replica.jobs`: late, `Service.replica[0]`: late, `Replicas.jobs`: late, Replica");
    }

    #[cfg(any(feature = "svg", feature = "progress"))]
    #[test]
    fn a_part_is_called_by_what_is_below() {
        assert_eq!(Name::below("Service.replica.jobs", "Service.replica"), Some("jobs"));
        assert_eq!(Name::below("Service.replicas[0].jobs", "Service.replicas"), Some("[0].jobs"));
        assert_eq!(Name::below("Service.jobs2", "Service.jobs"), None, "another name that begins alike");
        assert_eq!(Name::below("Service.", "Service"), None);
    }

    #[test]
    fn what_is_below_moves_without_the_place() {
        let moved =
            |name: &'static str, from, to: &'static str| Name::from(name).moved(from, &Name::from(to)).to_string();
        assert_eq!(moved("Replica.jobs", "Replica", "Service.replica"), "Service.replica.jobs");
        assert_eq!(moved("Replica.jobs", "Replica", "Service (src/main.rs:3:9)"), "Service.jobs");
        assert_eq!(moved("Replica", "Replica", "Service (src/main.rs:3:9)"), "Service (src/main.rs:3:9)");
        assert_eq!(moved("Other.jobs", "Replica", "Service"), "Other.jobs");
        assert_eq!(moved("Replica.jobs", "Replica", "Service (eu)"), "Service (eu).jobs", "a name with brackets");
        assert_eq!(moved("Database.pool", "Data", "Service"), "Database.pool", "another name that begins alike");
    }
}
