//! For handle types: the moves are written for `&T`, as std does with `Read for &File`, and `T` makes the same ones.

/// Implements `Teardown` for a type whose `&T` has it. `detach` moves out a clone.
macro_rules! teardown_by_ref {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $crate::teardown::Teardown for $type {
            fn request(&mut self, progress: &mut $crate::teardown::Progress) {
                $crate::teardown::Teardown::request(&mut &*self, progress);
            }

            fn wait<'a>(&'a mut self, progress: &'a mut $crate::teardown::Progress) -> $crate::teardown::Wait<'a> {
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::teardown::Teardown::wait(&mut handle, progress).await
                })
            }

            fn wait_in<'a>(&'a mut self, progress: &'a mut $crate::teardown::Progress, nest: &$crate::teardown::nest::Nest) -> $crate::teardown::Wait<'a> {
                let nest = nest.clone();
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::teardown::Teardown::wait_in(&mut handle, progress, &nest).await
                })
            }

            fn force(&mut self, progress: &mut $crate::teardown::Progress) {
                $crate::teardown::Teardown::force(&mut &*self, progress);
            }

            fn detach(&mut self) -> Option<Box<dyn $crate::teardown::Teardown + Send>> {
                Some(Box::new(self.clone()))
            }
        }
    };
}

pub(crate) use teardown_by_ref;
