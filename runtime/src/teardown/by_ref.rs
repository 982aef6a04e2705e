//! For handle types: the operations are written for `&T`, as std does with `Read for &File`, and `T` makes the same ones.

/// Implements `Teardown` for a type whose `&T` has it. `detach` moves out a clone.
#[doc(hidden)]
#[macro_export]
macro_rules! __teardown_by_ref {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $crate::Teardown for $type {
            fn request(&mut self, progress: &mut $crate::Progress) {
                $crate::Teardown::request(&mut &*self, progress);
            }

            fn wait<'a>(&'a mut self, progress: &'a mut $crate::Progress) -> $crate::Wait<'a> {
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::Teardown::wait(&mut handle, progress).await
                })
            }

            fn wait_in<'a>(&'a mut self, progress: &'a mut $crate::Progress, nest: &$crate::__rt::Nest) -> $crate::Wait<'a> {
                let nest = nest.clone();
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::Teardown::wait_in(&mut handle, progress, &nest).await
                })
            }

            fn force(&mut self, progress: &mut $crate::Progress) {
                $crate::Teardown::force(&mut &*self, progress);
            }

            fn watch<'a>(&'a mut self, progress: &'a mut $crate::Progress) -> $crate::Watch<'a> {
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::Teardown::watch(&mut handle, progress).await
                })
            }

            fn is_idle(&self) -> bool {
                $crate::Teardown::is_idle(&&*self)
            }

            fn detach(&mut self) -> Option<Box<dyn $crate::Teardown + Send>> {
                Some(Box::new(self.clone()))
            }
        }
    };
}

pub use crate::__teardown_by_ref as teardown_by_ref;
