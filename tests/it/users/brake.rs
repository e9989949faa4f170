//! Guessing: nobody learns who exists, and nobody gets far.

use std::time::Instant;

use chrono::TimeDelta;
use lotse::access::users::Accounts;
use lotse::access::{Actor, Origin};
use lotse::clock::Clock;
use lotse::error::AppError;

use super::house::*;
use crate::support::app::{Kind, TestApp};
use crate::with_people;

async fn guess(accounts: &Accounts, login: &str, origin: &Origin) -> &'static str {
    kind_of(&accounts.log_in(login, &"Niemals richtig 7".into(), origin).await)
}

with_people! {
    async fn everybody_is_refused_alike(app: TestApp) {
        let accounts = &app.app.accounts;
        begun(accounts, a_person("da")).await;
        accounts.invite(&Actor::console(), a_person("neu")).await.unwrap();
        let (off, _) = begun(accounts, a_person("aus")).await;
        accounts.disable(&Actor::console(), off.id).await.unwrap();
        let (reset, _) = begun(accounts, a_person("leer")).await;
        accounts.reset(&Actor::console(), reset.id).await.unwrap();
        for (at, login) in ["da", "neu", "aus", "leer", "niemand", "", "x' OR 1=1 --"].into_iter().enumerate() {
            // The same number of tries, then the same wait, whoever it is; from places of their own.
            let place = from(&format!("198.51.100.{at}"));
            let mut answers = Vec::new();
            for _ in 0..8 {
                let password = if login == "da" { "Niemals richtig 7" } else { PASSWORD };
                answers.push(match accounts.log_in(login, &password.into(), &place).await {
                    Err(e) => e.to_string(),
                    Ok(_) => panic!("{login} came in"),
                });
            }
            let refused = AppError::Unauthorised.to_string();
            assert!(answers[..6].iter().all(|answer| *answer == refused), "{login}: {answers:?}");
            let wait = AppError::TooMany(1).to_string();
            assert!(answers[6..].iter().all(|answer| *answer == wait), "{login}: {answers:?}");
        }
        log_in(accounts, "da").await;
    }

    async fn a_guesser_waits_longer_and_longer(app: TestApp) {
        let accounts = &app.app.accounts;
        begun(accounts, a_person("erika")).await;
        let stranger = from("203.0.113.7");
        let mut answers = Vec::new();
        for _ in 0..20 {
            answers.push(guess(accounts, "erika", &stranger).await);
        }
        let first = answers.iter().position(|answer| *answer == "too many").unwrap();
        assert!((5..10).contains(&first), "{answers:?}");
        assert!(answers[first..].iter().all(|answer| *answer == "too many"), "{answers:?}");
        // The right one is not even looked at, and what waits is not counted.
        let blocked = accounts.log_in("erika", &PASSWORD.into(), &stranger).await;
        assert!(matches!(blocked, Err(AppError::TooMany(1))), "{blocked:?}");
        let mut waits = Vec::new();
        for _ in 0..14 {
            let wait = match accounts.log_in("erika", &PASSWORD.into(), &stranger).await {
                Err(AppError::TooMany(seconds)) => i64::try_from(seconds).unwrap(),
                other => panic!("{other:?}"),
            };
            waits.push(wait);
            app.clock.advance(TimeDelta::seconds(wait) - TimeDelta::microseconds(1));
            assert_eq!(guess(accounts, "erika", &stranger).await, "too many");
            app.clock.advance(TimeDelta::microseconds(1));
            assert_eq!(guess(accounts, "erika", &stranger).await, "unauthorised");
        }
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
        assert_eq!((waits[0], waits[1], waits[2], waits[3]), (1, 2, 4, 8));
        assert!(waits.iter().all(|wait| *wait <= 900) && waits.contains(&900), "{waits:?}");
        // Meanwhile their person comes in from elsewhere, and from here when the wait is over.
        log_in(accounts, "erika").await;
        app.clock.advance(TimeDelta::minutes(15));
        accounts.log_in("erika", &PASSWORD.into(), &stranger).await.unwrap();
        // A success makes the account's count good: five more slips cost nothing.
        app.clock.advance(TimeDelta::hours(1));
        for _ in 0..5 {
            assert_eq!(guess(accounts, "erika", &stranger).await, "unauthorised");
        }
        accounts.log_in("erika", &PASSWORD.into(), &stranger).await.unwrap();
    }

    async fn many_at_once_get_no_further(app: TestApp) {
        let accounts = &app.app.accounts;
        begun(accounts, a_person("erika")).await;
        let second = app.second_instance().await;
        let stranger = from("203.0.113.7");
        let tries = (0..40).map(|n| {
            let accounts = if n % 2 == 0 { accounts } else { &second.accounts };
            guess(accounts, "erika", &stranger)
        });
        let answers = futures_util::future::join_all(tries).await;
        let judged = answers.iter().filter(|answer| **answer == "unauthorised").count();
        assert_eq!(judged, 6, "{answers:?}");
        assert_eq!(guess(&second.accounts, "erika", &stranger).await, "too many");
        second.stop().await;
    }

    async fn one_place_guesses_at_many(app: TestApp) {
        let accounts = &app.app.accounts;
        // A /64 is one place, as an IPv4 address is.
        for places in [["203.0.113.7", "203.0.113.7"], ["2001:db8::1", "2001:db8::dead:beef"]] {
            let mut answers = Vec::new();
            for n in 0..12 {
                answers.push(guess(accounts, &format!("jemand{n}"), &from(places[n % 2])).await);
            }
            let first = answers.iter().position(|answer| *answer == "too many").unwrap();
            assert!((5..10).contains(&first), "{answers:?}");
        }
        assert_eq!(guess(accounts, "jemand", &from("2001:db8:0:1::1")).await, "unauthorised", "another /64");
        // A town hall behind one address is soon forgiven.
        app.clock.advance(TimeDelta::minutes(6));
        assert_eq!(guess(accounts, "jemand", &from("203.0.113.7")).await, "unauthorised");
    }

    async fn many_places_guess_at_one(app: TestApp) {
        let accounts = &app.app.accounts;
        begun(accounts, a_person("erika")).await;
        for login in ["erika", "niemand"] {
            let mut answers = Vec::new();
            for n in 0..60 {
                answers.push(guess(accounts, login, &from(&format!("198.51.100.{n}"))).await);
            }
            let first = answers.iter().position(|answer| *answer == "too many").unwrap();
            assert!((20..60).contains(&first), "{answers:?}");
            assert!(answers[first..].iter().all(|answer| *answer == "too many"), "{answers:?}");
            app.clock.advance(TimeDelta::milliseconds(1));
        }
        // Even the right one waits from a place nobody knows; from where the person is known it does not.
        let elsewhere = accounts.log_in("erika", &PASSWORD.into(), &from("203.0.113.99")).await;
        assert_eq!(kind_of(&elsewhere), "too many");
        log_in(accounts, "erika").await;
        app.clock.advance(TimeDelta::minutes(15));
        accounts.log_in("erika", &PASSWORD.into(), &from("203.0.113.99")).await.unwrap();
    }

    async fn asking_for_mails_is_braked(app: TestApp) {
        let accounts = &app.app.accounts;
        for login in ["erika", "niemand"] {
            if login == "erika" {
                let mut new = a_person(login);
                new.email = Some("erika@kiel.example.org".parse().unwrap());
                begun(accounts, new).await;
            }
            let place = from(if login == "erika" { "203.0.113.1" } else { "203.0.113.2" });
            let mut answers = Vec::new();
            for _ in 0..10 {
                answers.push(kind_of(&accounts.request_reset(login, &place).await));
            }
            assert!(answers[..6].iter().all(|answer| *answer == "ok"), "{answers:?}");
            assert!(answers[6..].iter().all(|answer| *answer == "too many"), "{answers:?}");
        }
        // From everywhere together not many more reach one mailbox.
        let mut sent = 6;
        for n in 0..12 {
            sent += usize::from(accounts.request_reset("erika", &from(&format!("198.51.100.{n}"))).await.is_ok());
        }
        assert!(sent <= 10, "{sent}");
    }

    async fn what_is_old_is_forgotten(app: TestApp) {
        use diesel::prelude::*;
        use lotse::db::schema::{sessions, throttles, user_links};
        let accounts = &app.app.accounts;
        let (_, entered) = begun(accounts, a_person("erika")).await;
        guess(accounts, "erika", &from("203.0.113.7")).await;
        let count = |app: &TestApp| {
            let db = app.app.db.clone();
            async move {
                let count = |conn: &mut lotse::db::Conn| {
                    let counters: Vec<String> = throttles::table.select(throttles::key).load(conn)?;
                    assert!(counters.iter().all(|key| !key.contains("erika") && !key.contains("203.0")), "{counters:?}");
                    let sessions: i64 = sessions::table.count().get_result(conn)?;
                    let links: i64 = user_links::table.count().get_result(conn)?;
                    Ok((counters.len(), sessions, links))
                };
                db.read(count).await.unwrap()
            }
        };
        let purge = |app: &TestApp| {
            let (db, now) = (app.app.db.clone(), app.clock.now());
            async move { db.write(move |tx| lotse::access::users::purge(tx, now)).await.unwrap() }
        };
        assert_eq!(count(&app).await, (3, 1, 1));
        assert_eq!(purge(&app).await, 0);
        app.clock.advance(TimeDelta::hours(25));
        assert_eq!(purge(&app).await, 3);
        assert_eq!(count(&app).await, (0, 1, 1));
        app.clock.advance(TimeDelta::days(30));
        assert_eq!(purge(&app).await, 2);
        assert_eq!(count(&app).await, (0, 0, 0));
        assert_eq!(kind_of(&accounts.session(&entered.secret).await), "unauthorised");
    }
}

/// The time tells nobody who exists: each refusal costs one hash. Measured with hashes so dear that a busy machine does
/// not blur what is looked for: without its hash a refusal would take a thirtieth of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_costs_the_same_for_everybody() {
    let dear = "[login]\npassword_memory = 131072\npassword_passes = 3\n";
    let app = TestApp::start_with(Kind::Sqlite, dear, Clock::system()).await;
    let accounts = &app.app.accounts;
    begun(accounts, a_person("da")).await;
    accounts.invite(&Actor::console(), a_person("neu")).await.unwrap();
    let (off, _) = begun(accounts, a_person("aus")).await;
    accounts.disable(&Actor::console(), off.id).await.unwrap();
    // In turns, so that what else this machine does falls on all of them.
    let mut least = [("da", f64::MAX), ("neu", f64::MAX), ("aus", f64::MAX), ("niemand", f64::MAX)];
    for n in 0..4 {
        for (login, least) in &mut least {
            let begun = Instant::now();
            assert_eq!(guess(accounts, login, &from(&format!("198.51.100.{n}"))).await, "unauthorised");
            *least = least.min(begun.elapsed().as_secs_f64());
        }
    }
    let shortest = least.iter().map(|(_, time)| *time).fold(f64::MAX, f64::min);
    let longest = least.iter().map(|(_, time)| *time).fold(0.0, f64::max);
    assert!(shortest * 8.0 > longest, "{least:?} s");
}

/// Hashes take their turns; who would wait too long is told so, and nobody gets in without a hash.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_ins_is_bounded() {
    let dear = "[login]\npassword_memory = 262144\npassword_passes = 6\npassword_hashes_at_once = 1\n";
    let app = TestApp::start_with(Kind::Sqlite, dear, Clock::system()).await;
    let accounts = &app.app.accounts;
    let places: Vec<Origin> = (0..40).map(|n| from(&format!("198.51.100.{n}"))).collect();
    let tries = places.iter().enumerate().map(|(n, place)| {
        let login = format!("jemand{n}");
        async move { guess(accounts, &login, place).await }
    });
    let answers = futures_util::future::join_all(tries).await;
    let refused = answers.iter().filter(|answer| **answer == "unauthorised").count();
    let later = answers.iter().filter(|answer| **answer == "unavailable").count();
    assert!(refused > 0 && later > 0 && refused + later == 40, "{answers:?}");
}
