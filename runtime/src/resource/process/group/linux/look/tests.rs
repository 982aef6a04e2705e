//! Looks at a world in which each question takes its time.

use super::*;

/// A process: the time at which it gets its id, from which `/proc` has it, and at which it ends.
#[derive(Clone)]
struct Life {
    id: i32,
    allocated: u64,
    visible: u64,
    ends: u64,
    member: bool,
}

struct World {
    now: u64,
    lives: Vec<Life>,
    end: i32,
    tells: bool,
}

impl World {
    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    /// Whether there is a member, also one that is not visible yet.
    fn has_member(&self) -> bool {
        self.lives.iter().any(|life| life.member && life.allocated <= self.now && self.now < life.ends)
    }
}

impl Source for World {
    type Process = bool;

    fn list(&mut self) -> io::Result<Vec<i32>> {
        let now = self.tick();
        let mut ids: Vec<i32> =
            self.lives.iter().filter(|life| life.visible <= now && now < life.ends).map(|life| life.id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    fn alive(&mut self, id: i32) -> io::Result<Option<bool>> {
        let now = self.tick();
        let life = self.lives.iter().find(|life| life.id == id && life.visible <= now && now < life.ends);
        Ok(life.map(|life| life.member))
    }

    fn last(&mut self) -> io::Result<Option<(i32, i32)>> {
        let now = self.tick();
        let last = self.lives.iter().filter(|life| life.allocated <= now).max_by_key(|life| life.allocated);
        Ok(last.filter(|_| self.tells).map(|last| (last.id, self.end)))
    }
}

/// What becomes of a look that begins at `start`, in a world with a chain of members: a link gets its id `pace` after the one
/// before it, is visible `hidden` later, and then the one before it ends. A stranger comes up every `strangers`. The first
/// id is `base`, and ids end at 200.
fn chain(start: u64, pace: u64, hidden: u64, strangers: u64, base: i32) -> World {
    let link = |nth: u64| nth * (pace + hidden + 1) + 1;
    let mut lives: Vec<_> = (0..60)
        .map(|nth| {
            let visible = link(nth) + hidden;
            Life { id: 0, allocated: link(nth), visible, ends: link(nth + 1) + hidden + 1, member: true }
        })
        .collect();
    // Some that are there all the time, for the look to pass.
    lives.extend((0..8).map(|_| Life { id: 0, allocated: 0, visible: 0, ends: u64::MAX, member: false }));
    let comes = (1..40).map(|nth| nth * strangers);
    lives.extend(comes.map(|at| Life { id: 0, allocated: at, visible: at, ends: at + 3, member: false }));
    lives.sort_by_key(|life| life.allocated);
    for (nth, life) in lives.iter_mut().enumerate() {
        life.id = (base - 1 + nth as i32) % 199 + 1;
    }
    World { now: start, lives, end: 200, tells: true }
}

/// Every beginning, pace and first id; also where the ids begin anew in between.
fn worlds() -> impl Iterator<Item = World> {
    let beginnings = (3..23).flat_map(|start| (1..12).map(move |pace| (start, pace)));
    let hidden = |(start, pace)| (0..6).flat_map(move |hidden| [5, 100].map(|others| (start, pace, hidden, others)));
    beginnings.flat_map(hidden).flat_map(|(start, pace, hidden, strangers)| {
        [1, 185, 192].map(|base| chain(start, pace, hidden, strangers, base))
    })
}

#[test]
fn none_is_missed() {
    let (mut found, mut missed) = (0, 0);
    for mut world in worlds() {
        let look = look(&mut world).unwrap();
        assert!(look.certain);
        if look.alive.values().any(|member| *member) {
            found += 1;
        } else {
            missed += usize::from(world.has_member());
        }
    }
    assert_eq!(missed, 0, "and {found} found");
    assert!(found > 1000, "{found}");
}

/// What this is for.
#[test]
fn without_the_last_id_some_are_missed() {
    let missed = worlds().filter(|world| {
        let mut world = World { tells: false, lives: world.lives.clone(), ..*world };
        let look = look(&mut world).unwrap();
        look.certain && !look.alive.values().any(|member| *member) && world.has_member()
    });
    assert!(missed.count() > 10);
}

#[test]
fn a_look_ends_where_ids_come_faster_than_it_takes_them() {
    struct Storm(i32);
    impl Source for Storm {
        type Process = ();

        fn list(&mut self) -> io::Result<Vec<i32>> {
            Ok(vec![1])
        }

        fn alive(&mut self, id: i32) -> io::Result<Option<()>> {
            self.0 += 2;
            Ok((id == 1).then_some(()))
        }

        fn last(&mut self) -> io::Result<Option<(i32, i32)>> {
            self.0 += 1;
            Ok(Some((self.0, i32::MAX)))
        }
    }
    let mut storm = Storm(1);
    let found = look(&mut storm).unwrap();
    assert!(!found.certain && found.alive.len() == 1);
    assert!(usize::try_from(storm.0).unwrap() < 4 * MOST, "{}", storm.0);
}

/// There is no descriptor left, at any of its questions: nobody is found then, and that says nothing.
#[test]
fn a_look_that_may_not_ask_has_not_seen_that_nobody_is_there() {
    struct Short(usize);
    impl Short {
        fn ask(&mut self) -> io::Result<()> {
            self.0 = self.0.wrapping_sub(1);
            if self.0 == 0 { Err(io::Error::from_raw_os_error(libc::EMFILE)) } else { Ok(()) }
        }
    }
    impl Source for Short {
        type Process = ();

        fn list(&mut self) -> io::Result<Vec<i32>> {
            self.ask().map(|()| vec![1, 2])
        }

        fn alive(&mut self, _: i32) -> io::Result<Option<()>> {
            self.ask().map(|()| None)
        }

        fn last(&mut self) -> io::Result<Option<(i32, i32)>> {
            self.ask().map(|()| Some((2, i32::MAX)))
        }
    }
    const QUESTIONS: usize = 6;
    for question in 1..=QUESTIONS {
        assert!(look(&mut Short(question)).is_err(), "question {question}");
    }
    assert!(look(&mut Short(QUESTIONS + 1)).unwrap().alive.is_empty());
}

#[test]
fn the_ids_begin_anew() {
    assert_eq!(since(5, 8, 10).collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!(since(8, 2, 10).collect::<Vec<_>>(), [9, 1, 2]);
    assert_eq!(since(9, 1, 10).collect::<Vec<_>>(), [1]);
    // The end was lowered meanwhile.
    assert_eq!(since(20, 2, 10).collect::<Vec<_>>(), [1, 2]);
}
