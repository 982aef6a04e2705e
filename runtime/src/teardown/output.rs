//! What a task or a thread returns: an `Err` is a failure of its step.
//!
//! The impls of `Teardown` for handles are generic over the output, and stable Rust has no way to ask there whether it
//! is a `Result` and what its error can do. So the expansion asks, where it names the concrete type of a field, and
//! hands over a [`Judge`] for each output. An output that no judge knows, as that of a handle in a `Box<dyn Teardown>`,
//! is looked at by [`error_of`], which finds every `Err` but can seldom say more than its type.

use std::any::{Any, TypeId, type_name};
use std::error::Error;
use std::hash::{Hash as _, Hasher};
use std::io;
use std::mem::discriminant;

use crate::teardown::outcome::joined;
use crate::teardown::{Failure, Outcome};

/// What an output becomes in the report; none if it is of another type. The `dyn Any` is the `Option` that it is taken
/// from.
pub(crate) type Judge = fn(&mut dyn Any) -> Option<Outcome>;

/// The judge of a `Result<T, E>`.
pub(crate) fn judge<T: 'static, E: Into<Box<dyn Error + Send + Sync>> + 'static>(
    output: &mut dyn Any,
) -> Option<Outcome> {
    output.downcast_mut::<Option<Result<T, E>>>()?.take().map(Outcome::from_result)
}

/// What `output` becomes in the report.
pub(crate) fn judged<T: 'static>(output: T, judges: &[Option<Judge>]) -> Outcome {
    let mut output = Some(output);
    for judge in judges.iter().flatten() {
        if let Some(outcome) = judge(&mut output) {
            return outcome;
        }
    }
    output.as_ref().and_then(error_of).map_or(Outcome::Stopped, Outcome::Failed)
}

/// The error of an `output` that is an `Err`, where nothing is known of its type at compile time: two that are common
/// are told in full, any other as by [`err_of`].
pub(crate) fn error_of<T: 'static>(output: &T) -> Option<Failure> {
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return None; // most of all
    }
    let any = output as &dyn Any;
    if let Some(result) = any.downcast_ref::<Result<(), io::Error>>() {
        return result.as_ref().err().map(|error| Failure::new(joined(error)));
    }
    if let Some(result) = any.downcast_ref::<Result<(), Box<dyn Error + Send + Sync>>>() {
        return result.as_ref().err().map(|error| Failure::new(joined(&**error)));
    }
    err_of(output)
}

/// That an `output` is an `Err`, and of which type: no code of the error's is called, as its `Display`.
///
/// What [`type_name`] and [`discriminant`] say is no promise of std's. Should it change, a line in a report is missing,
/// which the tests below see.
pub(crate) fn err_of<T>(output: &T) -> Option<Failure> {
    let arguments = type_name::<T>().strip_prefix("core::result::Result<")?;
    let mut variant = Variant(false);
    discriminant(output).hash(&mut variant);
    variant.0.then(|| Failure::new(format!("ended with the `Err` of a `Result<{arguments}`")))
}

/// Whether a discriminant is that of any but the first variant, as `Err` is.
struct Variant(bool);

impl Hasher for Variant {
    fn write(&mut self, bytes: &[u8]) {
        self.0 |= bytes.iter().any(|byte| *byte != 0);
    }

    fn finish(&self) -> u64 {
        u64::from(self.0)
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::num::NonZeroU8;

    use super::*;

    fn said<T: 'static>(output: T) -> Option<String> {
        error_of(&output).map(|failure| failure.to_string())
    }

    /// With a tag, with a niche in the value, with a niche in the error, without any bytes of the value's.
    #[test]
    fn an_err_is_found_in_every_layout() {
        struct Own;
        assert_eq!(said(Ok::<u8, u8>(1)), None);
        assert_eq!(said(Err::<u8, u8>(0)).unwrap(), "ended with the `Err` of a `Result<u8, u8>`");
        assert_eq!(said(Ok::<NonZeroU8, ()>(NonZeroU8::MIN)), None);
        assert!(said(Err::<NonZeroU8, ()>(())).is_some());
        assert_eq!(said(Ok::<(), Box<u8>>(())), None);
        assert!(said(Err::<(), Box<u8>>(Box::new(0))).is_some());
        assert_eq!(said(Ok::<String, Own>(String::new())), None);
        let own = said(Err::<String, Own>(Own)).unwrap();
        assert!(own.contains("Result<alloc::string::String, ") && own.contains("Own>`"), "{own}");
        let only = said(Err::<std::convert::Infallible, ()>(())).expect("it has no bytes, and one variant");
        assert_eq!(only, "ended with the `Err` of a `Result<core::convert::Infallible, ()>`");
        assert!(said(Ok::<(), std::convert::Infallible>(())).is_none());
    }

    #[test]
    fn what_is_no_result_has_no_error() {
        #[allow(dead_code, reason = "only its second variant matters")]
        enum Other {
            Fine,
            Second(u8),
        }
        assert_eq!(said(()), None);
        assert_eq!(said(Some(1)), None);
        assert_eq!(said(Other::Second(1)), None);
        assert_eq!(said(7_u64), None);
    }

    #[test]
    fn common_errors_are_told_in_full() {
        assert_eq!(said(Err::<(), _>(io::Error::other("the disk is full"))).unwrap(), "the disk is full");
        let boxed: Box<dyn Error + Send + Sync> = "no luck".into();
        assert_eq!(said(Err::<(), _>(boxed)).unwrap(), "no luck");
        assert_eq!(said(Ok::<(), io::Error>(())), None);
    }

    #[test]
    fn a_judge_tells_the_error_itself() {
        let judges = [None, Some(judge::<u8, io::Error> as Judge), Some(judge::<(), String>)];
        let Outcome::Failed(failure) = judged(Err::<u8, _>(io::Error::from(io::ErrorKind::NotFound)), &judges) else {
            panic!("it failed")
        };
        let error = failure.error().downcast_ref::<io::Error>().expect("the error itself");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(judged(Err::<(), _>("as text".to_owned()), &judges).to_string(), "failed: as text");
        assert!(judged(Ok::<(), String>(()), &judges).is_stopped());
        assert!(judged(3_u8, &judges).is_stopped());
        assert!(!judged(Err::<u8, u8>(1), &judges).is_stopped(), "of a type that no judge knows");
    }
}
