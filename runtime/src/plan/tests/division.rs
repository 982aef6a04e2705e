//! What is reserved, worked out by hand: chain by chain. And the table of the docs.

use super::*;

/// What the macros say of one step: what it waits for, and its timeout.
type Described = (&'static [usize], Option<Duration>);

/// Every chain of steps, from one that waits for none to one that none waits for.
fn chains(steps: &[Described]) -> Vec<Vec<usize>> {
    let mut left: Vec<Vec<usize>> = (0..steps.len()).filter(|&i| steps[i].0.is_empty()).map(|i| vec![i]).collect();
    let mut chains = Vec::new();
    while let Some(chain) = left.pop() {
        let dependents: Vec<usize> = (0..steps.len()).filter(|&i| steps[i].0.contains(chain.last().unwrap())).collect();
        if dependents.is_empty() {
            chains.push(chain);
            continue;
        }
        left.extend(dependents.into_iter().map(|i| chain.iter().copied().chain([i]).collect::<Vec<_>>()));
    }
    chains
}

/// What is reserved for each step, in milliseconds: its timeout, or a part of the whole.
pub(super) fn reserves(steps: &[Described], whole: Duration) -> Vec<u64> {
    let whole = whole.as_millis() as u64;
    let chains = chains(steps);
    let reserve = |i: usize| {
        let (after, timeout) = steps[i];
        let through = || chains.iter().filter(|chain| chain.contains(&i));
        let length = through().map(Vec::len).max().unwrap() as u64;
        let shares = |i: usize| !steps[i].0.is_empty() && steps[i].1.is_none();
        let sharing = through().map(|chain| chain.iter().filter(|&&i| shares(i)).count()).max().unwrap() as u64;
        match timeout {
            Some(timeout) => timeout.as_millis() as u64,
            None if after.is_empty() => whole,
            None => (whole / 6 / sharing).max((whole / length).min(500)),
        }
    };
    (0..steps.len()).map(reserve).collect()
}

/// What is reserved behind a step, on the chain that has the most; rounded up.
pub(super) fn behind(steps: &[Described], reserves: &[u64], step: usize) -> u64 {
    let behind = |chain: &Vec<usize>| {
        let at = chain.iter().position(|&i| i == step)?;
        Some(chain[at + 1..].iter().map(|&i| reserves[i] + 1).sum())
    };
    chains(steps).iter().filter_map(behind).max().unwrap_or(0)
}

/// A service as most are: what drains, what works for it, and two that only close.
const FIELDS: [(&str, Described); 4] =
    [("http", (&[], None)), ("jobs", (&[0], None)), ("cache", (&[1], None)), ("db", (&[2], None))];

/// The same, with a timeout on the last one.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What each field has of `whole`: if none in front of it ends before its time is up, and if all of them end at once.
async fn shares(whole: Duration, last: Option<Duration>) -> Vec<(Duration, Duration)> {
    let mut fields = FIELDS.map(|(_, described)| described);
    fields[3].1 = last;
    let spec = spec(whole, &fields);
    let mut had = Vec::new();
    for i in 0..fields.len() {
        let mut both = [Duration::ZERO; 2];
        for (has, in_front) in both.iter_mut().zip([Fake::hopeless(), Fake::ends_after(0)]) {
            let mut fakes: Vec<Fake> = (0..fields.len()).map(|_| in_front.clone()).collect();
            fakes[i] = Fake::hopeless();
            // Each its own log.
            fakes.iter_mut().for_each(|fake| fake.log = Arc::default());
            let report = report(spec, &mut fakes).await;
            *has = report.steps()[i].took();
        }
        had.push((both[0], both[1]));
    }
    had
}

/// As the table says it.
fn seconds(had: Duration) -> String {
    format!("{:.1} s", had.as_secs_f64())
}

async fn table() -> String {
    let mut columns = Vec::new();
    for (whole, last) in [(ms(30_000), None), (ms(30_000), Some(TIMEOUT)), (ms(5_000), None), (ms(2_000), None)] {
        columns.push(shares(whole, last).await);
    }
    let mut table = String::from(
        "| field | of 30 s | of 30 s, with `timeout = \"3s\"` on `db` | of 5 s | of 2 s |\n| --- | --- | --- | --- | --- |\n",
    );
    for (i, (name, (after, _))) in FIELDS.iter().enumerate() {
        let after = after.iter().map(|&before| format!(", `after = {}`", FIELDS[before].0)).collect::<String>();
        let cells = columns.iter().map(|had| match had[i] {
            (least, most) if seconds(least) == seconds(most) => format!(" {} |", seconds(least)),
            (least, most) => format!(" {} to {} |", seconds(least), seconds(most)),
        });
        table.push_str(&format!("| `{name}`{after} |{}\n", cells.collect::<String>()));
    }
    table
}

/// The table in the docs is this one. `SUNDOWN_BLESS=1` writes it.
#[tokio::test(start_paused = true)]
async fn the_table_of_the_docs() {
    const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/macro_docs/must_shutdown.md");
    let docs = std::fs::read_to_string(DOCS).unwrap();
    let head = docs.find("| field | of 30 s").expect("the docs have the table");
    let end = head + docs[head..].find("\n\n").expect("it ends") + 1;
    let table = table().await;
    if std::env::var_os("SUNDOWN_BLESS").is_some() {
        std::fs::write(DOCS, format!("{}{table}{}", &docs[..head], &docs[end..])).unwrap();
        return;
    }
    assert_eq!(&docs[head..end], table, "`SUNDOWN_BLESS=1 cargo test -p sundown the_table` writes it");
}

/// 30 s of grace give a hanging request 25 s.
#[tokio::test(start_paused = true)]
async fn the_budget_serves_the_work() {
    let had = shares(ms(30_000), None).await;
    // tokio's timer rounds up to a millisecond, at each link.
    assert!((ms(25_000)..ms(25_005)).contains(&had[0].0), "{had:?}");
    let third = ms(5_000) / 3;
    assert!(had[1..].iter().all(|(least, _)| *least + ms(10) >= third), "{had:?}");
}

/// The short time of a forced shutdown, after a second signal: each step has what it needs to close.
#[tokio::test(start_paused = true)]
async fn a_forced_shutdown_leaves_half_a_second_to_what_closes() {
    let fields = FIELDS.map(|(_, described)| described);
    let spec = spec(ms(2_000), &fields);
    let mut fakes = [Fake::stuck(), Fake::ends_after(440), Fake::ends_after(440), Fake::ends_after(440)];
    let report = report(spec, &mut fakes).await;
    assert_eq!(words(&report), ["forced", "stopped", "stopped", "stopped"], "{report}");
}

/// A step in front that has ended before counts no more.
#[tokio::test(start_paused = true)]
async fn a_shutdown_that_goes_on_divides_what_is_left_anew() {
    let fields = FIELDS.map(|(_, described)| described);
    let spec = spec(ms(30_000), &fields);
    let mut fakes = [Fake::ends_after(10), Fake::hopeless(), Fake::ends_after(890), Fake::ends_after(890)];
    start(&mut fakes);
    let mut progress = Progress::new("V");
    tokio::time::timeout(ms(1_000), shut_down(spec, &mut fakes, &mut progress)).await.expect_err("dropped half-way");
    let driver = Driver::asynchronous();
    let steps = fakes.iter_mut().map(Step::new).collect();
    driver::run(&driver, run(spec, steps, &mut progress, ms(12_000), &driver)).await;
    let report = Report::of(&progress, None, None, driver.now());
    assert_eq!(words(&report), ["stopped", "abandoned", "stopped", "stopped"], "{report}");
    assert_eq!(fakes[1].at("force"), Some(ms(1_000 + 12_000 - 2_000 - 100)), "a sixth of the new whole is reserved");
}

proptest! {
    /// What is reserved for a step that starts when those in front had all of theirs is there.
    #[test]
    fn no_share_takes_from_a_reserve(
        edges in prop::collection::vec((0usize..8, 0usize..8), 0..12),
        timeouts in prop::collection::vec(prop::option::of(1u64..40_000), 1..8),
        used in prop::collection::vec(0u32..=100, 8),
        whole in 1u64..60_000,
    ) {
        let n = timeouts.len();
        let after: Vec<Vec<usize>> =
            (0..n).map(|i| edges.iter().filter(|&&(a, b)| b == i && a < i).map(|&(a, _)| a).collect()).collect();
        let steps: Vec<Described> =
            after.iter().zip(&timeouts).map(|(after, timeout)| (leaked(after.clone()).as_slice(), timeout.map(ms))).collect();
        let spec = spec(ms(whole), &steps);
        let chains = Chains::of(spec.steps, &vec![false; n], ms(whole));
        let reserves = reserves(&steps, ms(whole));
        let all_chains = self::chains(&steps);
        let longest = |i: usize| all_chains.iter().filter(|chain| chain.contains(&i)).map(Vec::len).max().unwrap() as u64;
        // Each step uses so much of its share; the next one starts when the last of those in front has ended.
        let mut ended = vec![Duration::ZERO; n];
        for i in 0..n {
            let starts = steps[i].0.iter().map(|&before| ended[before]).max().unwrap_or_default();
            prop_assert!(starts <= ms(whole));
            let left = ms(whole) - starts;
            let share = chains.share(i, left);
            prop_assert!(share <= left);
            let cap = timeouts[i].unwrap_or(u64::MAX);
            let fair = reserves[i].min(whole / longest(i));
            prop_assert!(share >= ms(fair.saturating_sub(1)), "step {i} has {share:?} of {fair} ms");
            let rest = (left.as_millis() as u64).saturating_sub(behind(&steps, &reserves, i)).min(cap);
            prop_assert!(share >= ms(rest.saturating_sub(1)), "step {i} has {share:?}, and {rest} ms are not reserved");
            ended[i] = starts + share * used[i] / 100;
        }
    }
}
