//! For handle types: the moves are written for `&T`, as std does with `Read for &File`, and `T` makes the same ones.

/// Implements `Teardown` for a type whose `&T` has it. `detach` moves out a clone.
macro_rules! teardown_by_ref {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $crate::teardown::Teardown for $type {
            fn request(&mut self, memo: &mut $crate::teardown::Memo) {
                $crate::teardown::Teardown::request(&mut &*self, memo);
            }

            fn wait<'a>(&'a mut self, memo: &'a mut $crate::teardown::Memo) -> $crate::teardown::Wait<'a> {
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::teardown::Teardown::wait(&mut handle, memo).await
                })
            }

            fn wait_in<'a>(&'a mut self, memo: &'a mut $crate::teardown::Memo, nest: &$crate::teardown::nest::Nest) -> $crate::teardown::Wait<'a> {
                let nest = nest.clone();
                Box::pin(async move {
                    let mut handle: &$type = self;
                    $crate::teardown::Teardown::wait_in(&mut handle, memo, &nest).await
                })
            }

            fn force(&mut self, memo: &mut $crate::teardown::Memo) {
                $crate::teardown::Teardown::force(&mut &*self, memo);
            }

            fn detach(&mut self) -> Option<Box<dyn $crate::teardown::Teardown + Send>> {
                Some(Box::new(self.clone()))
            }
        }
    };
}

pub(crate) use teardown_by_ref;
