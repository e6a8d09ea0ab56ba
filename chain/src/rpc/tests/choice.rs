//! Whom to ask, as a pure function of what happened, the time and the dice.

use super::super::{
    backoff::Backoff,
    breaker::BreakerRules,
    call::Method,
    dice::Dice,
    places::Places,
    question::rpc_error,
    roster::{Choice, Roster, Wish},
    standing::{Need, Rules, Ticket},
};
use crate::{
    error::ChainError,
    fault::{Fault, FaultKind},
};
use std::time::Duration;
use tidegauge_model::ChainId;
use tokio::time::Instant;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const OURS: ChainId = ChainId(1);
const RULES: Rules = Rules {
    backoff: Backoff::new(MS, SECOND),
    breaker: BreakerRules {
        failures: 5,
        pause: SECOND,
        pause_cap: Duration::from_secs(60),
    },
    identity_every: Duration::from_secs(180),
    max_in_flight: 4,
    units_per_second: 0,
};

/// A roster whose endpoints all showed their chain, and a clock.
struct World {
    roster: Roster,
    now: Instant,
}

fn wish(method: Method, blocks: u64) -> Wish {
    Wish {
        need: Need {
            method,
            units: 20,
            blocks,
        },
        never: Places::default(),
        tried: Places::default(),
        sound_only: false,
        willing_only: false,
        explores: true,
    }
}

fn header() -> Wish {
    wish(Method::GetBlock, 1)
}

fn fault(kind: FaultKind) -> ChainError {
    rpc_error("http://a", Method::GetBlock, 1, Fault::found(kind, "no"))
}

fn rate(retry_after: Option<Duration>) -> ChainError {
    let fault = Fault {
        retry_after,
        ..Fault::found(FaultKind::Rate, "too many")
    };
    rpc_error("http://a", Method::GetBlock, 1, fault)
}

fn lie() -> ChainError {
    ChainError::Lying {
        endpoint: "http://a".to_owned(),
        what: "nonsense".to_owned(),
    }
}

impl World {
    fn of(endpoints: usize) -> Self {
        Self::with(RULES, endpoints)
    }

    fn with(rules: Rules, endpoints: usize) -> Self {
        let now = Instant::now();
        let mut roster = Roster::new(rules, endpoints, Some(OURS), Dice::seeded(7));
        for place in 0..endpoints {
            roster.identified(place, OURS, now).unwrap();
        }
        Self { roster, now }
    }

    fn choose(&mut self, wish: &Wish) -> Choice {
        self.roster.choose(wish, self.now)
    }

    /// Chooses, where somebody can be asked.
    fn ticket(&mut self, wish: &Wish) -> Ticket {
        match self.choose(wish) {
            Choice::Ask(ticket) => ticket,
            _ => panic!("nobody can be asked"),
        }
    }

    fn settle(&mut self, ticket: Ticket, took: Duration, outcome: Result<(), &ChainError>) {
        self.roster.settle(ticket, took, outcome, self.now);
    }

    /// Asks one question after the other; how often each endpoint was asked.
    fn ask(
        &mut self,
        questions: usize,
        wish: &Wish,
        outcome: impl Fn(usize) -> Result<Duration, ChainError>,
    ) -> Vec<usize> {
        let mut asked = vec![0; 8];
        for _ in 0..questions {
            let ticket = self.ticket(wish);
            let place = ticket.place;
            asked[place] += 1;
            match outcome(place) {
                Ok(took) => self.settle(ticket, took, Ok(())),
                Err(error) => self.settle(ticket, MS, Err(&error)),
            }
        }
        asked
    }

    /// Has one endpoint fail or answer, however it stands.
    fn teach(&mut self, place: usize, times: usize, outcome: Result<Duration, ChainError>) {
        for _ in 0..times {
            let Choice::Ask(ticket) = self.roster.take(place, header().need, self.now) else {
                panic!("no endpoint {place}");
            };
            match &outcome {
                Ok(took) => self.settle(ticket, *took, Ok(())),
                Err(error) => self.settle(ticket, MS, Err(error)),
            }
        }
    }
}

#[test]
fn the_quickest_class_is_asked_and_the_others_now_and_then() {
    let latency = |place: usize| Ok(MS * [150, 20, 30][place]);
    let mut world = World::of(3);
    world.ask(300, &header(), latency);
    let asked = world.ask(3_200, &header(), latency);
    assert!(asked[1] > 3_000, "{asked:?}");
    // The other one of its class is asked no more than the slow one while there is no queue.
    for other in [0, 2] {
        assert!((20..100).contains(&asked[other]), "{asked:?}");
    }
    let mut again = World::of(3);
    again.ask(300, &header(), latency);
    assert_eq!(
        again.ask(3_200, &header(), latency),
        asked,
        "the dice decide"
    );
}

#[test]
fn a_class_shares_the_load() {
    let mut world = World::of(3);
    for (place, latency) in [150, 20, 30].into_iter().enumerate() {
        world.teach(place, 8, Ok(MS * latency));
    }
    let mut asked = [0; 3];
    let mut flight = Vec::new();
    for _ in 0..8 {
        let ticket = world.ticket(&header());
        asked[ticket.place] += 1;
        flight.push(ticket);
    }
    assert_eq!(asked, [0, 4, 4]);
    assert_eq!(
        world.ticket(&header()).place,
        0,
        "rather the slow one than a queue"
    );
}

#[test]
fn a_quicker_endpoint_and_a_recovered_one_are_noticed() {
    let mut world = World::of(2);
    world.teach(0, 8, Ok(MS * 100));
    world.teach(1, 8, Ok(MS * 500));
    let quick = |place: usize| Ok(MS * [100, 10][place]);
    world.ask(1_500, &header(), quick);
    let asked = world.ask(1_000, &header(), quick);
    assert!(asked[1] > 900, "{asked:?}");

    let mut world = World::of(2);
    world.teach(0, 8, Ok(MS * 100));
    world.teach(1, 4, Err(fault(FaultKind::Malformed)));
    let asked = world.ask(100, &header(), quick);
    assert!(asked[1] < 20, "on probation: {asked:?}");
    world.ask(2_000, &header(), quick);
    let asked = world.ask(1_000, &header(), quick);
    assert!(asked[1] > 900, "{asked:?}");
}

#[test]
fn an_endpoint_that_asks_for_patience_is_left_alone_while_another_can_be_asked() {
    let mut world = World::of(2);
    let minute = Some(SECOND * 60);
    world.teach(0, 1, Err(rate(minute)));
    world.now += SECOND * 59;
    let asked = world.ask(500, &header(), |_| Ok(MS));
    assert_eq!(asked[0], 0);
    world.now += SECOND;
    let asked = world.ask(500, &header(), |_| Ok(MS));
    assert!(asked[0] > 400, "the first named is back: {asked:?}");

    // Alone it is asked again after the cap of the back-off, and no sooner.
    let mut alone = World::of(1);
    alone.teach(0, 1, Err(rate(minute)));
    let Choice::Later(at) = alone.choose(&header()) else {
        panic!("it was asked");
    };
    assert_eq!(at, alone.now + SECOND);
    alone.now = at;
    let ticket = alone.ticket(&header());
    // Refused again, it is not asked at once, though the first wait is not over.
    alone.settle(ticket, MS, Err(&rate(Some(MS * 300))));
    let Choice::Later(again) = alone.choose(&header()) else {
        panic!("it was asked");
    };
    assert_eq!(again, at + MS * 300);
}

#[test]
fn rates_halve_the_concurrency_of_one_endpoint_once_a_round() {
    let mut world = World::of(1);
    let flight: Vec<Ticket> = (0..4).map(|_| world.ticket(&header())).collect();
    assert!(matches!(world.choose(&header()), Choice::Full));
    for ticket in flight {
        world.settle(ticket, MS, Err(&rate(None)));
    }
    world.now += SECOND;
    let _two = [world.ticket(&header()), world.ticket(&header())];
    assert!(matches!(world.choose(&header()), Choice::Full));
}

#[test]
fn a_liar_is_the_last_resort_and_no_way_around_a_queue() {
    let mut world = World::of(2);
    world.teach(0, 1, Err(lie()));
    world.roster.identified(0, OURS, world.now).unwrap();
    let asked = world.ask(500, &header(), |_| Ok(MS));
    assert_eq!(asked[0], 0);
    let _flight: Vec<Ticket> = (0..4).map(|_| world.ticket(&header())).collect();
    assert!(matches!(world.choose(&header()), Choice::Full));
    world.teach(1, 5, Err(fault(FaultKind::Transient)));
    assert_eq!(world.ticket(&header()).place, 0, "there is no other");
    let elsewhere = Wish {
        sound_only: true,
        never: Places::of(1),
        ..header()
    };
    assert!(matches!(world.choose(&elsewhere), Choice::Nobody));
}

#[test]
fn what_an_endpoint_refuses_is_asked_of_others() {
    let no_method = || {
        let fault = Fault {
            code: Some(-32601),
            ..Fault::found(FaultKind::Params, "method not found")
        };
        rpc_error("http://a", Method::GetBlock, 1, fault)
    };
    for error in [no_method(), fault(FaultKind::Auth), fault(FaultKind::Depth)] {
        let mut world = World::of(2);
        world.teach(0, 1, Err(error));
        assert_eq!(world.ask(500, &header(), |_| Ok(MS))[0], 0);
        let receipts = wish(Method::GetReceipts, 1);
        assert!(
            world.ask(10, &receipts, |_| Ok(MS))[0] >= 8,
            "others it may"
        );
    }
}

#[test]
fn range_caps_are_remembered_by_endpoint() {
    let span = |limit| {
        let fault = Fault {
            limit,
            ..Fault::found(FaultKind::Span, "range too wide")
        };
        rpc_error("http://a", Method::GetLogs, 1, fault)
    };
    let mut world = World::of(3);
    for (place, width, limit) in [(0, 64, Some(10)), (1, 5_000, Some(2_000)), (2, 9_000, None)] {
        let Choice::Ask(ticket) =
            world
                .roster
                .take(place, wish(Method::GetLogs, width).need, world.now)
        else {
            panic!("no endpoint");
        };
        world.settle(ticket, MS, Err(&span(limit)));
    }
    for (width, willing) in [
        (10, vec![0, 1, 2]),
        (11, vec![1, 2]),
        (2_001, vec![2]),
        (8_999, vec![2]),
    ] {
        let asked = world.ask(1_000, &wish(Method::GetLogs, width), |_| Ok(MS));
        let found: Vec<usize> = (0..3).filter(|place| asked[*place] > 0).collect();
        assert_eq!(found, willing, "{width}");
    }
    let wide = wish(Method::GetLogs, 9_000);
    assert_eq!(world.ticket(&wide).place, 2, "who allows most is asked");
    let refused_once = Wish {
        willing_only: true,
        ..wide
    };
    assert!(matches!(world.choose(&refused_once), Choice::Nobody));
}

#[test]
fn a_dead_endpoint_is_probed_and_comes_back() {
    let mut world = World::of(1);
    world.teach(0, 5, Err(fault(FaultKind::Transient)));
    let Choice::Later(at) = world.choose(&header()) else {
        panic!("it was asked");
    };
    assert_eq!(at, world.now + SECOND);
    world.now = at;
    let probe = world.ticket(&header());
    assert!(probe.identify, "who was away shows its chain again");
    assert!(matches!(world.choose(&header()), Choice::Later(_)));
    world.settle(probe, MS, Err(&fault(FaultKind::Transient)));
    world.now += SECOND;
    assert!(
        matches!(world.choose(&header()), Choice::Later(_)),
        "doubled"
    );
    world.now += SECOND;
    let probe = world.ticket(&header());
    world.roster.identified(0, OURS, world.now).unwrap();
    world.settle(probe, MS, Ok(()));
    assert!(!world.ticket(&header()).identify);
}

#[test]
fn all_tried_is_told_from_nobody_there() {
    let mut world = World::of(2);
    let tried = |places: &[usize]| Wish {
        tried: places
            .iter()
            .fold(Places::default(), |set, place| set.and(Places::of(*place))),
        ..header()
    };
    assert_eq!(world.ticket(&tried(&[0])).place, 1);
    assert!(matches!(world.choose(&tried(&[0, 1])), Choice::Round));
    world.teach(1, 5, Err(fault(FaultKind::Transient)));
    assert!(matches!(world.choose(&tried(&[0])), Choice::Round));
    let never = Wish {
        never: Places::of(0).and(Places::of(1)),
        ..header()
    };
    assert!(matches!(world.choose(&never), Choice::Nobody));
}

#[test]
fn the_chain_is_shown_first_by_one_question_and_again_in_time() {
    let mut world = World::of(1);
    let mut roster = Roster::new(RULES, 1, None, Dice::seeded(1));
    std::mem::swap(&mut world.roster, &mut roster);
    let first = world.ticket(&header());
    assert!(first.identify);
    assert!(matches!(world.choose(&header()), Choice::Full));
    assert_eq!(world.roster.identified(0, OURS, world.now), Ok(()));
    assert_eq!(world.roster.chain(), Some(OURS), "the first defines it");
    world.settle(first, MS, Ok(()));
    assert!(!world.ticket(&header()).identify);
    world.now += RULES.identity_every;
    let second = world.ticket(&header());
    assert!(second.identify);
    assert!(!world.ticket(&header()).identify, "one at a time");
    let found = ChainId(5);
    assert_eq!(world.roster.identified(0, found, world.now), Err(OURS));
    let wrong = ChainError::WrongChain {
        endpoint: "http://a".to_owned(),
        expected: OURS,
        found,
    };
    world.settle(second, MS, Err(&wrong));
    assert_eq!(world.roster.all_elsewhere(), Some(found));
    let Choice::Later(at) = world.choose(&header()) else {
        panic!("it was asked");
    };
    assert_eq!(at, world.now + RULES.identity_every);
    world.now = at;
    assert!(world.ticket(&header()).identify, "before anything else");
}

#[test]
fn the_budget_of_each_endpoint_is_kept() {
    let rules = Rules {
        units_per_second: 1_000,
        max_in_flight: 100,
        ..RULES
    };
    let mut world = World::with(rules, 2);
    for place in 0..2 {
        world.teach(place, 8, Ok(MS * 20));
    }
    let mut latest = world.now;
    let mut asked = [0; 2];
    let mut flight = Vec::new();
    for _ in 0..200 {
        let ticket = world.ticket(&header());
        latest = latest.max(ticket.start);
        asked[ticket.place] += 1;
        flight.push(ticket);
    }
    // 200 questions and 16 before, of 20 units, at 2 × 1,000 a second, one second's worth free.
    let took = latest - world.now;
    assert!((SECOND..SECOND * 3 / 2).contains(&took), "{took:?}");
    assert!(
        asked.iter().all(|count| (80..=120).contains(count)),
        "{asked:?}"
    );
}
